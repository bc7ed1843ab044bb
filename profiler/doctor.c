/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/doctor.h"
#include "engine/sendengine.h"
#include "profiler/capabilities.h"
#include "profiler/kernel_generation.h"
#include "profiler/tracer.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

/* Since Linux 5.8; older headers lack them. */
#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#define CAP_BPF	    39
#endif

__attribute__((format(printf, 3, 4))) static void
found(struct finding *finding, enum finding_state state, const char *format, ...)
{
	va_list arguments;

	finding->state = state;
	va_start(arguments, format);
	vsnprintf(finding->text, sizeof(finding->text), format, arguments);
	va_end(arguments);
}

__attribute__((format(printf, 2, 3))) static void advise(struct finding *finding,
							 const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(finding->advice, sizeof(finding->advice), format, arguments);
	va_end(arguments);
}

static bool exists(const char *path)
{
	return access(path, F_OK) == 0;
}

/* The first line of a file, without its newline; false when it cannot be read. */
static bool read_line(const char *path, char *line, size_t size)
{
	FILE *file = fopen(path, "re");
	bool good;

	if (!file)
		return false;
	good = fgets(line, size, file) != NULL;
	fclose(file);
	if (good)
		line[strcspn(line, "\n")] = '\0';
	return good;
}

static bool filesystem_known(const char *name)
{
	FILE *file = fopen("/proc/filesystems", "re");
	char line[128];
	bool known = false;

	if (!file)
		return false;
	while (!known && fgets(line, sizeof(line), file)) {
		const char *word = line + strcspn(line, "\t") + 1; /* after "nodev" or nothing */

		known = !strncmp(word, name, strlen(name)) && word[strlen(name)] == '\n';
	}
	fclose(file);
	return known;
}

static bool in_path(const char *program)
{
	const char *path = getenv("PATH");
	char candidate[4096];

	while (path && *path) {
		size_t length = strcspn(path, ":");

		snprintf(candidate, sizeof(candidate), "%.*s/%s", (int)length, path, program);
		if (access(candidate, X_OK) == 0)
			return true;
		path += length + (path[length] == ':');
	}
	return false;
}

static void look_at_kernel(struct machine *machine, struct finding *finding)
{
	struct utsname name;

	(void)machine;
	if (uname(&name))
		found(finding, FINDING_UNKNOWN, "%s", strerror(errno));
	else
		found(finding, FINDING_OK, "%s, %s", name.release, name.machine);
}

static void look_at_btrfs(struct machine *machine, struct finding *finding)
{
	machine->btrfs = filesystem_known("btrfs");
	if (machine->btrfs) {
		found(finding, FINDING_OK,
		      exists("/sys/module/btrfs/initstate") ? "loaded as a module" : "built in");
		return;
	}
	found(finding, FINDING_MISSING, "the kernel does not know btrfs now");
	advise(finding, "load it with: modprobe btrfs (not needed for --image)");
}

static void look_at_protocol(struct machine *machine, struct finding *finding)
{
	char version[16];

	(void)machine;
	if (read_line("/sys/fs/btrfs/features/send_stream_version", version, sizeof(version)))
		found(finding, FINDING_OK, "up to %s; sendprof compares up to %d", version,
		      SEND_PROTOCOL_MAX);
	else
		found(finding, FINDING_UNKNOWN, "the kernel does not say, so it is 1");
}

static void look_at_generation(struct machine *machine, struct finding *finding)
{
	struct kernel_generation running;
	char *text;

	(void)machine;
	kernel_generation_running(&running);
	text = kernel_generation_text(&running);
	found(finding, running.unexpected ? FINDING_LIMITED : FINDING_OK, "%s",
	      text ? text : "out of memory");
	free(text);
	if (running.unexpected)
		advise(finding, "row by row: sendprof generations --running");
}

static void look_at_lockdown(struct machine *machine, struct finding *finding)
{
	char line[80], *mode;

	if (!exists("/sys/kernel/security/lsm")) {
		found(finding, FINDING_UNKNOWN, "securityfs is not mounted");
		advise(finding, "mount -t securityfs securityfs /sys/kernel/security");
		return;
	}
	if (!read_line("/sys/kernel/security/lockdown", line, sizeof(line))) {
		found(finding, FINDING_OK, "not active");
		return;
	}
	mode = strchr(line, '['); /* "none [integrity] confidentiality" */
	mode = mode ? mode + 1 : line;
	mode[strcspn(mode, "]")] = '\0';
	machine->lockdown_confidentiality = !strcmp(mode, "confidentiality");
	found(finding, machine->lockdown_confidentiality ? FINDING_LIMITED : FINDING_OK, "%s%s",
	      mode, machine->lockdown_confidentiality ? ": forbids tracing with BPF" : "");
	if (machine->lockdown_confidentiality)
		advise(finding, "boot with lockdown=integrity, or without secure boot");
}

static bool look_at_capability(unsigned int capability, const char *needed_for,
			       struct finding *finding)
{
	bool effective = capability_effective(capability);

	if (effective) {
		found(finding, FINDING_OK, "yes");
	} else {
		found(finding, FINDING_LIMITED, "no; needed for %s", needed_for);
		advise(finding, "run as root (sudo)");
	}
	return effective;
}

static void look_at_sys_admin(struct machine *machine, struct finding *finding)
{
	machine->sys_admin = look_at_capability(
		CAP_SYS_ADMIN, "the kernel's send and for reading a mounted device", finding);
}

static void look_at_cap_bpf(struct machine *machine, struct finding *finding)
{
	machine->bpf = look_at_capability(CAP_BPF, "loading BPF programs", finding);
}

static void look_at_perfmon(struct machine *machine, struct finding *finding)
{
	machine->perfmon = look_at_capability(CAP_PERFMON, "tracing with BPF programs", finding);
}

static void look_at_btf(struct machine *machine, struct finding *finding)
{
	bool module = exists("/sys/module/btrfs/initstate");

	machine->btf = exists("/sys/kernel/btf/vmlinux") ? ANSWER_YES : ANSWER_NO;
	machine->btrfs_btf = machine->btf;
	if (module)
		machine->btrfs_btf = exists("/sys/kernel/btf/btrfs") ? ANSWER_YES : ANSWER_NO;
	if (machine->btf == ANSWER_NO) {
		found(finding, FINDING_LIMITED, "the kernel has no type information");
		advise(finding, "use a kernel built with CONFIG_DEBUG_INFO_BTF");
	} else if (!machine->btrfs) {
		found(finding, FINDING_OK, "of the kernel; of btrfs once it is loaded");
	} else if (machine->btrfs_btf == ANSWER_NO) {
		found(finding, FINDING_LIMITED, "of the kernel, but not of the btrfs module");
		advise(finding, "use a kernel built with CONFIG_DEBUG_INFO_BTF_MODULES");
	} else {
		found(finding, FINDING_OK, "of the kernel and of btrfs");
	}
}

static void look_at_bpf_syscall(struct machine *machine, struct finding *finding)
{
	machine->bpf_syscall = kernel_config("CONFIG_BPF_SYSCALL");
	if (machine->bpf_syscall == ANSWER_UNKNOWN && exists("/proc/sys/net/core/bpf_jit_enable"))
		machine->bpf_syscall = ANSWER_YES;
	if (machine->bpf_syscall == ANSWER_YES)
		found(finding, FINDING_OK, "the kernel has it");
	else if (machine->bpf_syscall == ANSWER_NO)
		found(finding, FINDING_LIMITED, "the kernel was built without CONFIG_BPF_SYSCALL");
	else
		found(finding, FINDING_UNKNOWN, "the kernel's configuration cannot be read");
}

/* A tier is what really loads and attaches; nothing of it stays. */
static void try_tier(const struct machine *machine, enum trace_tier tier, struct finding *finding)
{
	const struct tracer_options options = {
		.forced = true,
		.tier = tier,
		.process = getpid(),
		.groups = (1ULL << METRIC_COUNT) - 1,
	};
	struct failure failure = {0};
	struct tracer *tracer = NULL;
	unsigned int known = 0;

	if (tracer_open(&options, &tracer, &failure)) {
		const char *reason = strstr(failure.text, "tier: ");

		found(finding, FINDING_LIMITED, "%.150s", reason ? reason + 6 : failure.text);
		if (!machine->btrfs)
			advise(finding, "load the module first: modprobe btrfs");
		return;
	}
	for (unsigned int metric = 0; metric < METRIC_COUNT; metric++)
		known += !tracer_missing(tracer, metric);
	found(finding, FINDING_OK, "loaded and attached: %u of %u metrics", known, METRIC_COUNT);
	tracer_close(tracer);
}

static void look_at_fentry(struct machine *machine, struct finding *finding)
{
	machine->function_tracer = kernel_config("CONFIG_FUNCTION_TRACER");
	if (machine->function_tracer == ANSWER_NO) {
		found(finding, FINDING_LIMITED,
		      "the kernel was built without CONFIG_FUNCTION_TRACER");
		return;
	}
	try_tier(machine, TIER_FUNCTION, &machine->function_tier);
	if (machine->function_tier.state == FINDING_OK)
		found(finding, FINDING_OK, "programs attach to btrfs' functions");
	else
		found(finding, FINDING_LIMITED, "not usable, see the function tier");
}

static void look_at_kprobes(struct machine *machine, struct finding *finding)
{
	machine->kprobes = kernel_config("CONFIG_KPROBES");
	if (machine->kprobes == ANSWER_UNKNOWN && (exists("/sys/kernel/tracing/kprobe_events") ||
						   exists("/sys/bus/event_source/devices/kprobe")))
		machine->kprobes = ANSWER_YES;
	if (machine->kprobes == ANSWER_YES)
		found(finding, FINDING_OK, "the kernel has them");
	else if (machine->kprobes == ANSWER_NO)
		found(finding, FINDING_LIMITED, "the kernel was built without CONFIG_KPROBES");
	else
		found(finding, FINDING_UNKNOWN, "not probed: only attaching one can tell");
}

static void look_at_pipe_tier(struct machine *machine, struct finding *finding)
{
	machine->pipe_tier = machine->btrfs && machine->sys_admin;
	if (machine->pipe_tier) {
		found(finding, FINDING_OK, "commands, bytes and latencies, from the stream");
		return;
	}
	found(finding, FINDING_MISSING, "needs %s%s%s", machine->btrfs ? "" : "btrfs",
	      machine->btrfs || machine->sys_admin ? "" : " and ",
	      machine->sys_admin ? "" : "CAP_SYS_ADMIN");
	advise(finding, "see above; run --image with --kernel-stream works without");
}

static void look_at_tracepoint_tier(struct machine *machine, struct finding *finding)
{
	try_tier(machine, TIER_TRACEPOINT, finding);
}

static void look_at_function_tier(struct machine *machine, struct finding *finding)
{
	if (machine->function_tracer == ANSWER_NO)
		found(finding, FINDING_LIMITED, "needs fentry");
	else
		*finding = machine->function_tier;
}

static void look_at_gnuplot(struct machine *machine, struct finding *finding)
{
	(void)machine;
	if (in_path("gnuplot")) {
		found(finding, FINDING_OK, "found");
		return;
	}
	found(finding, FINDING_LIMITED, "not found: reports come without plots");
	advise(finding, "install gnuplot-nox (Debian, Ubuntu) or gnuplot");
}

static void look_at_progs(struct machine *machine, struct finding *finding)
{
	(void)machine;
	if (in_path("btrfs") && in_path("mkfs.btrfs")) {
		found(finding, FINDING_OK, "btrfs and mkfs.btrfs found");
		return;
	}
	found(finding, FINDING_LIMITED,
	      "not found: needed for the demo and for receiving a stream");
	advise(finding, "install btrfs-progs");
}

static void look_at_loop(struct machine *machine, struct finding *finding)
{
	struct stat status;

	(void)machine;
	if (stat("/dev/loop-control", &status)) {
		found(finding, FINDING_LIMITED, "none: the demo needs them");
		advise(finding, "load them with: modprobe loop");
	} else if (access("/dev/loop-control", R_OK | W_OK)) {
		found(finding, FINDING_LIMITED, "not allowed: the demo needs them");
		advise(finding, "run as root (sudo)");
	} else {
		found(finding, FINDING_OK, "available");
	}
}

/* Tiers come after what they look back at. */
const struct probe doctor_probes[] = {
	{"Kernel", "release", "kernel", look_at_kernel},
	{"Kernel", "btrfs", "btrfs", look_at_btrfs},
	{"Kernel", "send protocol", "send_protocol", look_at_protocol},
	{"Kernel", "generation", "generation", look_at_generation},
	{"Kernel", "lockdown", "lockdown", look_at_lockdown},
	{"Permissions", "CAP_SYS_ADMIN", "cap_sys_admin", look_at_sys_admin},
	{"Permissions", "CAP_BPF", "cap_bpf", look_at_cap_bpf},
	{"Permissions", "CAP_PERFMON", "cap_perfmon", look_at_perfmon},
	{"Tracing", "BTF", "btf", look_at_btf},
	{"Tracing", "BPF", "bpf", look_at_bpf_syscall},
	{"Tracing", "fentry", "fentry", look_at_fentry},
	{"Tracing", "kprobes", "kprobes", look_at_kprobes},
	{"Tiers", "pipe", "tier_pipe", look_at_pipe_tier},
	{"Tiers", "tracepoint", "tier_tracepoint", look_at_tracepoint_tier},
	{"Tiers", "function", "tier_function", look_at_function_tier},
	{"Tools", "gnuplot", "gnuplot", look_at_gnuplot},
	{"Tools", "btrfs-progs", "btrfs_progs", look_at_progs},
	{"Tools", "loop devices", "loop", look_at_loop},
};
const size_t doctor_probe_count = sizeof(doctor_probes) / sizeof(doctor_probes[0]);

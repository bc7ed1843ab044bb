/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/guest_machine.h"
#include "profiler/guest_kvm.h"
#include "profiler/guest_protocol.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { END_WAIT_MS = 5000 };

/*
 * A panic or an oops ends the machine (panic=-1 with -no-reboot). The check of the timer is for
 * broken hardware; a busy host fails it.
 */
static const char kernel_arguments[] = "console=ttyS0 quiet panic=-1 oops=panic no_timer_check "
				       "rdinit=" GUEST_INIT;

/* A path as the value of an option of QEMU, where a comma is doubled. */
static char *quote(const char *path)
{
	char *quoted = malloc(2 * strlen(path) + 1), *at = quoted;

	while (quoted && *path) {
		if (*path == ',')
			*at++ = ',';
		*at++ = *path++;
	}
	if (quoted)
		*at = '\0';
	return quoted;
}

static void add_accelerator(struct words *words, const struct guest_request *request, bool kvm)
{
	words_add(words, "-accel");
	if (kvm)
		words_add(words, "kvm");
	else
		words_format(words, "tcg,thread=%s",
			     request->count_instructions ? "single" : "multi");
	words_add(words, "-cpu");
	words_add(words, kvm ? "host" : "max");
	if (request->count_instructions) {
		words_add(words, "-icount");
		words_add(words, "shift=0");
	}
	words_add(words, "-smp");
	words_format(words, "%u", request->count_instructions ? 1 : (unsigned int)request->cpus);
	words_add(words, "-m");
	words_format(words, "%uM", (unsigned int)request->memory_mib);
}

static void add_kernel(struct words *words, const struct guest_request *request,
		       const struct guest_kernel *kernel, const char *folder)
{
	words_add(words, "-kernel");
	words_add(words, kernel->image);
	words_add(words, "-initrd");
	words_format(words, "%s/initrd", folder);
	words_add(words, "-append");
	words_format(words, "%s%s%s", kernel_arguments, request->append ? " " : "",
		     request->append ? request->append : "");
}

/* The socket is an open file that QEMU inherits; a console that is shown is its stdout. */
static void add_channels(struct words *words, const struct guest_request *request,
			 const char *folder, int link)
{
	char *quoted = quote(folder);

	words_add(words, "-device");
	words_add(words, "virtio-serial-pci");
	words_add(words, "-chardev");
	words_format(words, "socket,id=link,fd=%d", link);
	words_add(words, "-device");
	words_add(words, "virtserialport,chardev=link,name=" GUEST_PORT);
	words_add(words, "-chardev");
	words_format(words, "%s,id=console,logfile=%s/console",
		     request->show_console ? "stdio,signal=off" : "null", quoted ? quoted : "");
	words_add(words, "-serial");
	words_add(words, "chardev:console");
	words_add(words, "-device");
	words_add(words, "virtio-rng-pci");
	words->failed |= !quoted;
	free(quoted);
}

static void add_files(struct words *words, const struct guest_request *request,
		      const struct words *shares)
{
	for (size_t i = 0; i < shares->count; i++) {
		char *quoted = quote(shares->items[i]);

		words_add(words, "-fsdev");
		words_format(words, "local,id=share%zu,path=%s,security_model=none,multidevs=remap",
			     i, quoted ? quoted : "");
		words_add(words, "-device");
		words_format(words, "virtio-9p-pci,fsdev=share%zu,mount_tag=share%zu", i, i);
		words->failed |= !quoted;
		free(quoted);
	}
	for (size_t i = 0; i < request->disks.count; i++) {
		char *quoted = quote(request->disks.items[i]);

		words_add(words, "-drive");
		words_format(words, "if=virtio,format=raw,snapshot=on,file=%s",
			     quoted ? quoted : "");
		words->failed |= !quoted;
		free(quoted);
	}
}

/* KVM, and whether that is so because it was looked for; TCG interprets, but works everywhere. */
static int choose_accelerator(const struct guest_request *request, bool *kvm,
			      struct failure *failure)
{
	char why[128];

	*kvm = false;
	if (request->accelerator == GUEST_ACCELERATOR_TCG || request->count_instructions)
		return 0;
	if (!guest_try_kvm(why, sizeof(why)))
		*kvm = true;
	else if (request->accelerator == GUEST_ACCELERATOR_KVM)
		return failure_set(failure, -EOPNOTSUPP, "%s", why);
	else if (request->verbose)
		fprintf(stderr, "sendprof: guest: %s: emulated\n", why);
	return 0;
}

/* Does not return. What QEMU itself says goes to the file @errors. */
static void become_qemu(const struct words *words, int link, int console, int errors, pid_t parent)
{

	/* It dies with us, however we do. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	fcntl(link, F_SETFD, 0);
	dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
	dup2(console, STDOUT_FILENO);
	dup2(errors, STDERR_FILENO);
	execvp(words->items[0], words->items);
	dprintf(STDERR_FILENO, "%s: %s\n", words->items[0], strerror(errno));
	_exit(127);
}

static int start(const struct guest_request *request, const struct words *words, const char *folder,
		 int link, struct guest_machine *machine, struct failure *failure)
{
	pid_t parent = getpid();
	char path[PATH_MAX];
	int errors, ret = 0;

	if (words->failed)
		return failure_set(failure, -ENOMEM, "out of memory");
	snprintf(path, sizeof(path), "%s/qemu", folder);
	errors = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (errors < 0)
		return failure_set(failure, -errno, "%s: %s", path, strerror(errno));
	machine->pid = fork();
	if (!machine->pid)
		become_qemu(words, link, request->show_console ? STDERR_FILENO : errors, errors,
			    parent);
	if (machine->pid < 0) {
		ret = failure_set(failure, -errno, "fork: %s", strerror(errno));
		machine->pid = 0;
	}
	close(errors);
	return ret;
}

int guest_machine_start(const struct guest_request *request, const struct guest_kernel *kernel,
			const struct words *shares, const char *folder,
			struct guest_machine *machine, struct failure *failure)
{
	struct words words = {0};
	int links[2], ret;

	*machine = (struct guest_machine){.link = -1};
	ret = choose_accelerator(request, &machine->kvm, failure);
	if (ret)
		return ret;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, links))
		return failure_set(failure, -errno, "socket: %s", strerror(errno));
	words_add(&words, GUEST_MACHINE_PROGRAM);
	words_add(&words, "-nodefaults");
	words_add(&words, "-no-user-config");
	words_add(&words, "-no-reboot");
	words_add(&words, "-display");
	words_add(&words, "none");
	add_accelerator(&words, request, machine->kvm);
	add_kernel(&words, request, kernel, folder);
	add_channels(&words, request, folder, links[1]);
	add_files(&words, request, shares);
	ret = start(request, &words, folder, links[1], machine, failure);
	words_release(&words);
	close(links[1]);
	if (ret)
		close(links[0]);
	else
		machine->link = links[0];
	return ret;
}

static void wait_for_end(pid_t pid)
{
	struct pollfd end = {.fd = pidfd_open(pid, 0), .events = POLLIN};

	if (end.fd < 0)
		return;
	(void)poll(&end, 1, END_WAIT_MS);
	close(end.fd);
}

int guest_machine_stop(struct guest_machine *machine, bool lost)
{
	int status = 0;
	pid_t pid;

	if (machine->link >= 0)
		close(machine->link);
	machine->link = -1;
	if (!machine->pid)
		return 0;
	if (lost)
		wait_for_end(machine->pid);
	pid = waitpid(machine->pid, &status, WNOHANG);
	if (!pid) {
		kill(machine->pid, SIGKILL);
		while (waitpid(machine->pid, NULL, 0) < 0 && errno == EINTR)
			continue;
	}
	machine->pid = 0;
	return pid > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}

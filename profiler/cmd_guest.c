/* SPDX-License-Identifier: GPL-2.0 */
/* sendprof guest: a command under another kernel. */
#include "profiler/child.h"
#include "profiler/commands.h"
#include "profiler/guest.h"
#include "profiler/interrupt.h"
#include "profiler/outcome.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	MEMORY_MIN_MIB = 256, /* kernel and programs, twice while they are unpacked */
	MEMORY_DEFAULT_MIB = 2048,
};

static const char *const accelerators[] = {
	[GUEST_ACCELERATOR_AUTO] = "auto",
	[GUEST_ACCELERATOR_KVM] = "kvm",
	[GUEST_ACCELERATOR_TCG] = "tcg",
	NULL,
};

static const struct option_row rows[] = {
	OPTION_ROW_STRING('k', "kernel", "FILE", struct guest_request, kernel,
			  "the kernel to boot: a bzImage, or a vmlinux"),
	OPTION_ROW_STRING(0, "modules", "DIR", struct guest_request, modules,
			  "modules of --kernel: where make modules_install put them, or "
			  "lib/modules/RELEASE of that; without, all must be built in"),
	OPTION_ROW_STRING(0, "debian", "SERIES", struct guest_request, debian,
			  "boot a kernel of Debian instead, such as 6.1 or 6.12; its package is "
			  "fetched by apt the first time, and not installed"),
	OPTION_ROW_LIST('w', "with", "PROGRAM", struct guest_request, with,
			"another program that the command needs; may be repeated"),
	OPTION_ROW_LIST('s', "share", "DIR", struct guest_request, shares,
			"another folder that the guest may read and write; may be repeated"),
	OPTION_ROW_LIST('d', "disk", "FILE", struct guest_request, disks,
			"an image that is /dev/vda in the guest, the next one /dev/vdb; what is "
			"written to it is lost; may be repeated"),
	OPTION_ROW_LIST(0, "load", "MODULE", struct guest_request, load,
			"another kernel module to load; may be repeated"),
	OPTION_ROW_STRING('a', "append", "TEXT", struct guest_request, append,
			  "add to the kernel's command line"),
	OPTION_ROW_U64('m', "memory", "MIB", struct guest_request, memory_mib, MEMORY_MIN_MIB,
		       1 << 20, "memory of the guest, at least 256"),
	OPTION_ROW_U64(0, "cpus", "N", struct guest_request, cpus, 1, 64,
		       "processors of the guest"),
	OPTION_ROW_U64('t', "timeout", "S", struct guest_request, timeout_s, 1, 1000000,
		       "seconds after which the guest is ended"),
	OPTION_ROW_CHOICE(0, "accelerator", "NAME", struct guest_request, accelerator, accelerators,
			  "what runs the guest"),
	OPTION_ROW_FLAG(0, "count-instructions", struct guest_request, count_instructions,
			"let the guest's clock count instructions: durations that can be repeated, "
			"on one processor, emulated"),
	OPTION_ROW_FLAG(0, "console", struct guest_request, show_console,
			"show the kernel's messages on stderr"),
	OPTION_ROW_FLAG(0, "keep", struct guest_request, keep,
			"keep initramfs and console, and say where"),
	OPTION_ROW_FLAG('v', "verbose", struct guest_request, verbose,
			"say on stderr which kernel is run, by what, and how long it took"),
	OPTION_ROW_END,
};

static bool is_series(const char *text)
{
	size_t major = strspn(text, "0123456789"), minor;

	if (!major || text[major] != '.')
		return false;
	minor = strspn(text + major + 1, "0123456789");
	return minor && !text[major + 1 + minor];
}

static int check_options(const struct guest_request *request)
{
	if (!request->kernel == !request->debian)
		return usage_error(&command_guest, "expect one of --kernel and --debian");
	if (request->modules && !request->kernel)
		return usage_error(&command_guest, "--modules needs --kernel");
	if (request->load.count && request->kernel && !request->modules)
		return usage_error(&command_guest, "--load needs --modules or --debian");
	if (request->debian && !is_series(request->debian))
		return usage_error(&command_guest, "--debian: have '%s' expect a series like 6.1",
				   request->debian);
	return OPTIONS_PROCEED;
}

static int run(const struct guest_request *request)
{
	struct failure failure = {0};
	int ret = child_extend_path(&failure);

	if (!ret)
		ret = guest_run(request, &failure);
	if (ret >= 0)
		return ret;
	ret = outcome_fail(&failure);
	/* A guest that hung or died is no fault of where it runs. */
	if (failure.code == -ETIMEDOUT || failure.code == -ECONNRESET)
		return STATUS_INTERNAL;
	return ret;
}

static int guest_main(int argc, char **argv)
{
	struct guest_request request = {
		.memory_mib = MEMORY_DEFAULT_MIB, .cpus = 1, .timeout_s = 600};
	int first, status = options_parse(&command_guest, argc, argv, &request, &first);

	if (status != OPTIONS_PROCEED)
		return status;
	status = check_options(&request);
	if (status == OPTIONS_PROCEED) {
		request.command = argv + first;
		interrupt_install();
		status = run(&request);
	}
	option_list_release(&request.shares);
	option_list_release(&request.with);
	option_list_release(&request.load);
	option_list_release(&request.disks);
	return status;
}

const struct command command_guest = {
	.name = "guest",
	.summary = "run a command under another kernel, in a virtual machine",
	.operands = "{--debian SERIES | --kernel FILE} -- COMMAND [ARGUMENT]...",
	.operands_min = 1,
	.operands_max = SIZE_MAX,
	.description =
		"Boots the kernel in QEMU, by KVM where that works, and runs COMMAND as root in the "
		"working directory, which the guest can read and write. The guest has copies of "
		"the programs of this system that a test needs (a shell, file and text tools, "
		"btrfs, mkfs.btrfs, xfs_io, setfattr, sendprof itself and others), of COMMAND and "
		"of the libraries of all, and no disk and no network. What COMMAND prints is "
		"printed, its exit status is the exit status; it is given the environment, but no "
		"input."
		"\n\n"
		"A kernel needs btrfs, virtio_pci, virtio_console, 9p and 9pnet_virtio, as modules "
		"or built in; what it lacks is named. Of --modules those of its release are taken, "
		"compressed by xz, zstd, gzip or not at all; depmod need not have run. "
		"docs/changing-send.md has the commands to validate a change of the kernel with."
		"\n\n"
		"When the kernel panics or the time is over, the end of its console is shown and "
		"the exit status is 5. Kernels of Debian are kept in $XDG_CACHE_HOME/sendprof/guest "
		"(~/.cache/sendprof/guest); remove one there to have a newer one fetched.",
	.options = rows,
	.examples =
		"sendprof guest --debian 6.1 -- uname -r\n"
		"sendprof guest --kernel arch/x86/boot/bzImage --modules /tmp/mods -- ./test.sh\n"
		"sendprof guest --debian 6.12 --disk snaps.img -- sh -c 'mount /dev/vda /mnt && "
		"sendprof run --snap /mnt/2 --parent /mnt/1'",
	.run = guest_main,
};

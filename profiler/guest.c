/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/guest.h"
#include "profiler/folders.h"
#include "profiler/guest_files.h"
#include "profiler/guest_initramfs.h"
#include "profiler/guest_kernel.h"
#include "profiler/guest_link.h"
#include "profiler/guest_machine.h"
#include "profiler/guest_protocol.h"
#include "profiler/interrupt.h"
#include "profiler/words.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	LINES_SHOWN = 40, /* of the console, when a guest did not end well */
	TAIL_BYTES = 64 * 1024,
};

/* Add the absolute path of the folder @name, once. Folders of a guest's own cannot be covered. */
static int add_share(struct words *shares, const char *name, struct failure *failure)
{
	static const char *const taken[] = {"/", "/dev", "/proc", "/sys"};
	char *path = realpath(name, NULL);
	struct stat status;
	int ret = 0;

	if (!path || stat(path, &status))
		ret = failure_set(failure, -errno, "%s: %s", name, strerror(errno));
	else if (!S_ISDIR(status.st_mode))
		ret = failure_set(failure, -ENOTDIR, "%s: %s", name, strerror(ENOTDIR));
	for (size_t i = 0; !ret && i < sizeof(taken) / sizeof(taken[0]); i++) {
		if (!strcmp(path, taken[i]))
			ret = failure_set(failure, -EINVAL,
					  "%s cannot be shared with a guest: use another folder",
					  path);
	}
	if (!ret && !words_contain(shares, path))
		words_add(shares, path);
	free(path);
	if (!ret && shares->failed)
		ret = failure_set(failure, -ENOMEM, "out of memory");
	return ret;
}

static int find_shares(const struct guest_request *request, struct words *shares,
		       struct failure *failure)
{
	int ret = add_share(shares, ".", failure);

	for (size_t i = 0; i < request->shares.count && !ret; i++)
		ret = add_share(shares, request->shares.items[i], failure);
	return ret;
}

/* Told before anything is fetched or made. */
static int find_tools(struct failure *failure)
{
	static const char *const tools[][2] = {
		{GUEST_MACHINE_PROGRAM, "qemu-system-x86"},
		{"cpio", "cpio"},
		{"ldd", "libc-bin"},
	};

	int ret = 0;

	for (size_t i = 0; i < sizeof(tools) / sizeof(tools[0]) && !ret; i++)
		ret = guest_need_program(tools[i][0], tools[i][1], failure);
	return ret;
}

static int find_kernel(const struct guest_request *request, const char *folder,
		       struct guest_kernel *kernel, struct failure *failure)
{
	if (request->debian)
		return guest_kernel_debian(request->debian, kernel, failure);
	return guest_kernel_given(request->kernel, request->modules, folder, kernel, failure);
}

/* The end of the file @folder/@name, valid until the next call. */
static const char *read_tail(const char *folder, const char *name)
{
	static char tail[TAIL_BYTES + 1];
	char path[PATH_MAX];
	size_t length = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "re");
	if (file) {
		if (fseek(file, -TAIL_BYTES, SEEK_END))
			rewind(file);
		length = fread(tail, 1, TAIL_BYTES, file);
		fclose(file);
	}
	tail[length] = '\0';
	return tail;
}

/*
 * The last lines of @tail on stderr, as of the file @name, and those before them back to @text,
 * which a long backtrace may follow.
 */
static void show_tail(const char *tail, const char *name, const char *text)
{
	const char *from = tail + strlen(tail), *end = from, *found = strstr(tail, text);
	size_t lines = 0;

	for (; from > tail && lines <= LINES_SHOWN; from--)
		lines += from[-1] == '\n' && from < end;
	from += lines > LINES_SHOWN;
	if (found && *text && found < from) {
		for (from = found; from > tail && from[-1] != '\n';)
			from--;
	}
	for (const char *line = from; *line;) {
		size_t length = strcspn(line, "\r\n");

		if (length)
			fprintf(stderr, "  %s| %.*s\n", name, (int)length, line);
		line += length;
		line += strspn(line, "\r\n");
	}
}

/* The console, for its messages; unless it was shown all the time. */
static const char *show_console(const struct guest_request *request, const char *folder,
				const char *text)
{
	const char *tail = read_tail(folder, "console");

	if (!request->show_console)
		show_tail(tail, "console", text);
	return tail;
}

/* The machine ended before the command did: by a panic, or it never began. */
static int explain_loss(const struct guest_request *request, const char *folder, int qemu_status,
			bool ready, struct failure *failure)
{
	const char *console, *said;

	if (qemu_status) {
		show_tail(read_tail(folder, "qemu"), "qemu", "");
		return failure_set(failure, -EIO, "QEMU failed with status %d", qemu_status);
	}
	console = show_console(request, folder, "Kernel panic");
	said = strstr(console, GUEST_SAYS);
	/* It had no other way to say it. */
	if (said && !ready) {
		said += strlen(GUEST_SAYS);
		return failure_set(failure, -ENOTRECOVERABLE, "guest: %.*s",
				   (int)strcspn(said, "\r\n"), said);
	}
	if (strstr(console, "Kernel panic"))
		return failure_set(failure, -ECONNRESET, "the guest's kernel panicked");
	return failure_set(failure, -ECONNRESET, "the guest ended %s%s",
			   ready ? "before the command" : "before the command was started",
			   *console ? "" : ", and its console is empty (try --append loglevel=8)");
}

static int explain(const struct guest_request *request, const char *folder, int qemu_status,
		   const struct guest_outcome *outcome, struct failure *failure)
{
	switch (outcome->end) {
	case GUEST_END_STATUS:
		return outcome->status & 0xff;
	case GUEST_END_FAILURE:
		/* What the kernel said of modules that it did not load. */
		if (!outcome->ready)
			show_console(request, folder, "");
		return failure->code;
	case GUEST_END_LOST:
		/* A Ctrl-C ends QEMU as well. */
		if (interrupt_signal())
			break;
		return explain_loss(request, folder, qemu_status, outcome->ready, failure);
	case GUEST_END_TIMEOUT:
		/* In the end the first process has asked the kernel what it is doing. */
		show_console(request, folder, "sysrq: Show");
		return failure_set(failure, -ETIMEDOUT, "the %s did not end within %ju s",
				   outcome->ready ? "command" : "boot of the guest",
				   (uintmax_t)request->timeout_s);
	case GUEST_END_INTERRUPTED:
		break;
	}
	return failure_set(failure, -EINTR, "interrupted");
}

static int run_machine(const struct guest_request *request, const struct guest_kernel *kernel,
		       const struct words *shares, const char *folder, struct failure *failure)
{
	struct guest_machine machine;
	struct guest_outcome outcome;
	int qemu_status,
		ret = guest_machine_start(request, kernel, shares, folder, &machine, failure);

	if (ret)
		return ret;
	guest_link_attend(machine.link, request->timeout_s, &outcome, failure);
	qemu_status = guest_machine_stop(&machine, outcome.end == GUEST_END_LOST);
	if (request->verbose && outcome.ready)
		fprintf(stderr, "sendprof: guest: %s: ready after %.1f s, ended after %.1f s\n",
			machine.kvm ? "KVM" : "TCG", outcome.ready_s, outcome.ended_s);
	return explain(request, folder, qemu_status, &outcome, failure);
}

static int run_in_folder(const struct guest_request *request, const char *folder,
			 struct failure *failure)
{
	struct guest_kernel kernel = {0};
	struct words shares = {0};
	int ret = find_tools(failure);

	if (!ret)
		ret = find_shares(request, &shares, failure);
	if (!ret)
		ret = find_kernel(request, folder, &kernel, failure);
	if (!ret && request->verbose)
		fprintf(stderr, "sendprof: guest: kernel %s\n", kernel.image);
	if (!ret)
		ret = guest_initramfs_make(request, &kernel, &shares, folder, failure);
	if (!ret && interrupt_signal())
		ret = failure_set(failure, -EINTR, "interrupted");
	if (!ret)
		ret = run_machine(request, &kernel, &shares, folder, failure);
	guest_kernel_release(&kernel);
	words_release(&shares);
	return ret;
}

int guest_run(const struct guest_request *request, struct failure *failure)
{
	char *folder;
	int ret;

	if (asprintf(&folder, "%s/sendprof-guest.XXXXXX", folder_temporary()) < 0)
		return failure_set(failure, -ENOMEM, "out of memory");
	if (!mkdtemp(folder)) {
		ret = failure_set(failure, -errno, "%s: %s", folder, strerror(errno));
	} else {
		ret = run_in_folder(request, folder, failure);
		if (request->keep)
			fprintf(stderr, "sendprof: guest: kept %s\n", folder);
		else
			folder_remove(folder);
	}
	free(folder);
	return ret;
}

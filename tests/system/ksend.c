/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ksend: the running kernel's own send stream, by the ioctl itself. The oracle of the scenarios:
 * it shares no code with the engine or the profiler, and passes exactly the clone sources that it
 * is given (whoever wants the parent among them, as btrfs-progs does, lists it).
 *
 * Exit status: 0 sent, 1 the kernel refused or failed, 2 usage, 3 the send could not be tried, or
 * its stream could not be kept: that says nothing about the kernel.
 */
#include <btrfsutil.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <linux/btrfs.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { KERNEL_FAILED = 1, USAGE = 2, ENVIRONMENT = 3 };

#define PIPE_BYTES	  (1024 * 1024)
#define MAX_CLONE_SOURCES 256

struct request {
	const char *list; /* the case whose sends are done; then only the snapshot is used */
	const char *snapshot;
	const char *output;
	uint64_t parent;
	uint64_t clones[MAX_CLONE_SOURCES];
	size_t clone_count;
	uint64_t flags;
	uint32_t protocol;
};

/* What the draining thread works on; error is its errno when it stopped early. */
struct drain {
	int from;
	int to;
	int error;
};

static const char usage_text[] =
	"usage: ksend [-p ID|PATH] [-c ID|PATH]... [--no-data] [--compressed] [--omit-header]\n"
	"             [--omit-end] [--proto N] [-f FILE] SNAPSHOT\n"
	"       ksend --list CASE MOUNT\n";

static int write_fully(int fd, const char *data, size_t length)
{
	while (length > 0) {
		ssize_t written = write(fd, data, length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return errno;
		data += written;
		length -= (size_t)written;
	}
	return 0;
}

/*
 * Empty the pipe until its last writer closes it. After a failed write the pipe is still emptied:
 * the kernel would otherwise wait in its write for ever.
 */
static void *drain_pipe(void *context)
{
	struct drain *drain = context;
	char *buffer = malloc(PIPE_BYTES);

	if (!buffer)
		err(ENVIRONMENT, "pipe buffer");
	for (;;) {
		ssize_t length = read(drain->from, buffer, PIPE_BYTES);

		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0 && drain->error == 0)
			drain->error = errno;
		if (length <= 0)
			break;
		if (drain->error == 0)
			drain->error = write_fully(drain->to, buffer, (size_t)length);
	}
	free(buffer);
	return NULL;
}

/* A number is a subvolume id, anything else the path of a mounted subvolume. */
static uint64_t resolve(const char *name)
{
	enum btrfs_util_error result;
	uint64_t id;
	char *end;

	errno = 0;
	id = strtoull(name, &end, 10);
	if (errno == 0 && end != name && *end == '\0')
		return id;
	result = btrfs_util_subvolume_id(name, &id);
	if (result != BTRFS_UTIL_OK)
		err(ENVIRONMENT, "%s: %s", name, btrfs_util_strerror(result));
	return id;
}

static void add_clone_source(struct request *request, const char *name)
{
	if (request->clone_count == MAX_CLONE_SOURCES)
		errx(USAGE, "more than %d clone sources", MAX_CLONE_SOURCES);
	request->clones[request->clone_count++] = resolve(name);
}

static void set_protocol(struct request *request, const char *number)
{
	request->flags |= BTRFS_SEND_FLAG_VERSION;
	request->protocol = (uint32_t)strtoul(number, NULL, 10);
}

static void parse_options(int argc, char **argv, struct request *request)
{
	static const struct option options[] = {
		{"no-data", no_argument, NULL, 'n'},
		{"compressed", no_argument, NULL, 'z'},
		{"omit-header", no_argument, NULL, 'H'},
		{"omit-end", no_argument, NULL, 'E'},
		{"proto", required_argument, NULL, 'v'},
		{"list", required_argument, NULL, 'l'},
		{NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "p:c:f:", options, NULL)) != -1) {
		if (option == 'p')
			request->parent = resolve(optarg);
		else if (option == 'c')
			add_clone_source(request, optarg);
		else if (option == 'f')
			request->output = optarg;
		else if (option == 'n')
			request->flags |= BTRFS_SEND_FLAG_NO_FILE_DATA;
		else if (option == 'z')
			request->flags |= BTRFS_SEND_FLAG_COMPRESSED;
		else if (option == 'H')
			request->flags |= BTRFS_SEND_FLAG_OMIT_STREAM_HEADER;
		else if (option == 'E')
			request->flags |= BTRFS_SEND_FLAG_OMIT_END_CMD;
		else if (option == 'v')
			set_protocol(request, optarg);
		else if (option == 'l')
			request->list = optarg;
		else
			errx(USAGE, "%s", usage_text);
	}
	if (optind != argc - 1)
		errx(USAGE, "%s", usage_text);
	request->snapshot = argv[optind];
}

/* The errno of the ioctl, 0 if it succeeded. */
static int send_stream(const struct request *request, int snapshot, int output)
{
	struct btrfs_ioctl_send_args args = {0};
	struct drain drain = {.to = output};
	int fds[2], result = 0;
	pthread_t thread;

	if (pipe2(fds, O_CLOEXEC) < 0)
		err(ENVIRONMENT, "pipe");
	/* A larger pipe only saves wake-ups; the stream does not depend on it. */
	(void)fcntl(fds[1], F_SETPIPE_SZ, PIPE_BYTES);
	drain.from = fds[0];
	errno = pthread_create(&thread, NULL, drain_pipe, &drain);
	if (errno != 0)
		err(ENVIRONMENT, "thread");

	args.send_fd = fds[1];
	args.clone_sources = (void *)request->clones;
	args.clone_sources_count = request->clone_count;
	args.parent_root = request->parent;
	args.flags = request->flags;
	args.version = request->protocol;
	if (ioctl(snapshot, BTRFS_IOC_SEND, &args) < 0)
		result = errno;

	close(fds[1]);
	pthread_join(thread, NULL);
	close(fds[0]);
	errno = drain.error;
	if (errno != 0)
		err(ENVIRONMENT, "stream of %s", request->snapshot);
	return result;
}

/* Ends the process unless the stream was sent and kept. */
static void send_or_exit(const struct request *request)
{
	int snapshot, output = STDOUT_FILENO;

	snapshot = open(request->snapshot, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (snapshot < 0)
		err(ENVIRONMENT, "%s", request->snapshot);
	if (request->output)
		output = open(request->output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (output < 0)
		err(ENVIRONMENT, "%s", request->output);
	if (!request->output && isatty(output))
		errx(USAGE, "not writing a stream to a terminal: use -f FILE");
	errno = send_stream(request, snapshot, output);
	if (errno != 0)
		err(KERNEL_FAILED, "send of %s", request->snapshot);
	if (close(output) < 0)
		err(ENVIRONMENT, "closing the stream");
	close(snapshot);
}

/* ---- the sends of a case ---- */

static void path_of_send(const char *name, const char *number, const char *kind,
			 char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s.%s.%s", name, number, kind);
}

/* One line of a list, without its end: what is to be sent, and where to. */
static void parse_send(char *line, const char *name, const char *mount, struct request *request)
{
	static char snapshot[PATH_MAX], output[PATH_MAX];
	enum { NUMBER, ID, PARENT, PROTOCOL, FLAGS, SOURCES, FIELDS };
	char *fields[FIELDS], *save;

	for (int i = 0; i < FIELDS; i++)
		fields[i] = strsep(&line, " ");
	if (!line)
		errx(ENVIRONMENT, "not a send");
	if (strcmp(fields[PARENT], "0") != 0)
		request->parent = resolve(fields[PARENT]);
	if (strcmp(fields[PROTOCOL], "1") != 0)
		set_protocol(request, fields[PROTOCOL]);
	if (strchr(fields[FLAGS], 'n'))
		request->flags |= BTRFS_SEND_FLAG_NO_FILE_DATA;
	if (strchr(fields[FLAGS], 'z'))
		request->flags |= BTRFS_SEND_FLAG_COMPRESSED;
	if (strcmp(fields[SOURCES], "-") != 0)
		for (char *id = strtok_r(fields[SOURCES], ",", &save); id;
		     id = strtok_r(NULL, ",", &save))
			add_clone_source(request, id);
	snprintf(snapshot, sizeof(snapshot), "%s/%s", mount, line);
	request->snapshot = snapshot;
	path_of_send(name, fields[NUMBER], "kernel", output);
	request->output = output;
}

/* Does the send of @line in a process that complains to @errors; the exit status of that. */
static int send_apart(char *line, const char *name, const char *mount, int errors)
{
	struct request request = {0};
	pid_t process = fork();
	int status;

	if (process < 0)
		err(ENVIRONMENT, "fork");
	if (process == 0) {
		dup2(errors, STDERR_FILENO);
		parse_send(line, name, mount, &request);
		send_or_exit(&request);
		exit(0);
	}
	if (waitpid(process, &status, 0) < 0)
		err(ENVIRONMENT, "waiting for a send");
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	dprintf(errors, "the send was ended by signal %d\n", WTERMSIG(status));
	return ENVIRONMENT;
}

/* What a send that failed said; one that was not tried has no stream. */
static void keep_failure(const char *name, const char *number, int status, int errors)
{
	char path[PATH_MAX], text[4096];
	ssize_t length = pread(errors, text, sizeof(text), 0);
	int file;

	path_of_send(name, number, "kernel", path);
	if (status != KERNEL_FAILED)
		unlink(path);
	path_of_send(name, number, status == KERNEL_FAILED ? "failed" : "untried", path);
	file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (length < 0 || file < 0 || write_fully(file, text, (size_t)length) || close(file))
		err(ENVIRONMENT, "%s", path);
}

/* The whole list at once: a process that is forked moves the place in a file that is being read. */
static char *read_list(const char *name)
{
	char path[PATH_MAX], *text = NULL;
	size_t capacity = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s.sends", name);
	file = fopen(path, "re");
	if (!file || getdelim(&text, &capacity, '\0', file) <= 0)
		err(ENVIRONMENT, "%s", path);
	fclose(file);
	return text;
}

static void send_list(const char *name, const char *mount)
{
	char *list = read_list(name), *rest = list, *line, number[16];
	int errors = memfd_create("errors", MFD_CLOEXEC);

	if (errors < 0)
		err(ENVIRONMENT, "complaints");
	while ((line = strsep(&rest, "\n")) && *line) {
		int status;

		snprintf(number, sizeof(number), "%.*s", (int)strcspn(line, " "), line);
		if (ftruncate(errors, 0) || lseek(errors, 0, SEEK_SET))
			err(ENVIRONMENT, "complaints");
		status = send_apart(line, name, mount, errors);
		if (status != 0)
			keep_failure(name, number, status, errors);
	}
	close(errors);
	free(list);
}

int main(int argc, char **argv)
{
	struct request request = {0};

	parse_options(argc, argv, &request);
	if (request.list)
		send_list(request.list, request.snapshot);
	else
		send_or_exit(&request);
	return 0;
}

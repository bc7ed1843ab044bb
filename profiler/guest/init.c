/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The first process of a guest: makes the kernel usable, runs one command and tells the host what
 * it prints and how it ends. See profiler/guest_protocol.h.
 */
#include "profiler/guest_protocol.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PORTS_FOLDER "/sys/class/virtio-ports"

enum {
	WORDS_MAX = 4096,
	SHARES_MAX = 32,
	PORT_TRIES = 1000, /* a port shows up some time after its driver */
	PORT_WAIT_US = 10000,
};

struct job {
	char *text; /* that the strings are in */
	const char *modules[WORDS_MAX + 1];
	const char *shares[SHARES_MAX + 1];
	char *environment[WORDS_MAX + 1];
	char *arguments[WORDS_MAX + 1];
	const char *directory;
	size_t module_count, share_count, environment_count, argument_count;
};

static int port = -1;

static void write_fully(int fd, const void *data, size_t length)
{
	const char *at = data;

	while (length) {
		ssize_t written = write(fd, at, length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return; /* nobody is left who could be told */
		at += written;
		length -= written;
	}
}

/* One write where the port takes it: a frame costs an exit to the host. */
static void send_frame(enum guest_frame_kind kind, const void *data, uint32_t length)
{
	static uint8_t buffer[sizeof(struct guest_frame) + GUEST_FRAME_MAX];
	const struct guest_frame frame = {.kind = kind, .length = length};

	memcpy(buffer, &frame, sizeof(frame));
	memcpy(buffer + sizeof(frame), data, length);
	write_fully(port, buffer, sizeof(frame) + length);
}

/*
 * The host ends the guest when it has read the last frame; this is for when it does not, or when
 * there is no port. A machine that may not boot again ends by that, also where its kernel cannot
 * power it off.
 */
static void __attribute__((noreturn)) end_machine(void)
{
	if (port >= 0)
		sleep(10);
	sync();
	reboot(RB_AUTOBOOT);
	for (;;)
		pause();
}

static void __attribute__((noreturn, format(printf, 1, 2))) fail(const char *format, ...)
{
	char text[512];
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (length >= (int)sizeof(text))
		length = sizeof(text) - 1;
	dprintf(STDERR_FILENO, GUEST_SAYS "%s\n", text); /* the console */
	if (port >= 0)
		send_frame(GUEST_FRAME_FAILURE, text, length);
	end_machine();
}

static void add_word(const char **list, size_t *count, size_t limit, const char *word)
{
	if (*count == limit)
		fail("the job has more than %zu words of one kind", limit);
	list[(*count)++] = word;
}

static void parse_job(struct job *job, size_t length)
{
	for (char *word = job->text; word < job->text + length; word += strlen(word) + 1) {
		char *value = word + 1;

		switch ((enum guest_job_kind)word[0]) {
		case GUEST_JOB_MODULE:
			add_word(job->modules, &job->module_count, WORDS_MAX, value);
			break;
		case GUEST_JOB_SHARE:
			add_word(job->shares, &job->share_count, SHARES_MAX, value);
			break;
		case GUEST_JOB_DIRECTORY:
			job->directory = value;
			break;
		case GUEST_JOB_ENVIRONMENT:
			add_word((const char **)job->environment, &job->environment_count,
				 WORDS_MAX, value);
			break;
		case GUEST_JOB_ARGUMENT:
			add_word((const char **)job->arguments, &job->argument_count, WORDS_MAX,
				 value);
			break;
		}
	}
	if (!job->argument_count || !job->directory)
		fail("%s is not a job", GUEST_JOB);
}

static void read_job(struct job *job)
{
	int fd = open(GUEST_JOB, O_RDONLY | O_CLOEXEC);
	struct stat status;

	if (fd < 0 || fstat(fd, &status))
		fail("%s: %s", GUEST_JOB, strerror(errno));
	job->text = calloc(1, status.st_size + 1);
	if (!job->text || read(fd, job->text, status.st_size) != status.st_size)
		fail("%s: cannot be read", GUEST_JOB);
	close(fd);
	parse_job(job, status.st_size);
}

static void load_module(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	/* ENODEV: for a processor or a device that is not there. */
	if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) && errno != EEXIST && errno != ENODEV))
		dprintf(STDERR_FILENO, "%s: %s\n", path, strerror(errno));
	if (fd >= 0)
		close(fd);
}

static void make_folders(const char *path)
{
	char parent[4096];

	for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		snprintf(parent, sizeof(parent), "%.*s", (int)(slash - path), path);
		mkdir(parent, 0755);
	}
	mkdir(path, 0755);
}

/* What this kernel has not and cannot do without, "A (OPTION), B (OPTION)". */
static char lacking[512];

static void add_lacking(const char *what, const char *option)
{
	size_t used = strlen(lacking);

	snprintf(lacking + used, sizeof(lacking) - used, "%s%s (%s)", used ? ", " : "", what,
		 option);
}

/* What has no option is left out where it is missing: the command will say what it misses. */
static void mount_pseudo_filesystems(void)
{
	static const struct {
		const char *type, *where, *option;
	} mounts[] = {
		{"proc", "/proc", "CONFIG_PROC_FS"},
		{"sysfs", "/sys", "CONFIG_SYSFS"},
		{"devtmpfs", "/dev", "CONFIG_DEVTMPFS"},
		{"devpts", "/dev/pts", NULL},
		{"tmpfs", "/dev/shm", NULL},
		{"tmpfs", "/run", NULL},
		{"securityfs", "/sys/kernel/security", NULL},
		{"debugfs", "/sys/kernel/debug", NULL},
		{"tracefs", "/sys/kernel/tracing", NULL},
		{"bpf", "/sys/fs/bpf", NULL},
	};

	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		make_folders(mounts[i].where);
		if (mount(mounts[i].type, mounts[i].where, mounts[i].type, 0, NULL) &&
		    errno != EBUSY && mounts[i].option)
			add_lacking(mounts[i].type, mounts[i].option);
	}
	/* As in a shell's process substitution. */
	(void)symlink("/proc/self/fd", "/dev/fd");
	(void)symlink("fd/0", "/dev/stdin");
	(void)symlink("fd/1", "/dev/stdout");
	(void)symlink("fd/2", "/dev/stderr");
}

/* After the modules were loaded; without sysfs nobody could tell. */
static void find_needs(void)
{
	static const struct {
		const char *module, *option, *trace;
	} needs[] = {
#define NEED(module, option, trace) {module, option, trace},
#include "profiler/guest_needs.def"
#undef NEED
	};

	if (access("/sys/kernel", F_OK))
		return;
	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
		if (access(needs[i].trace, F_OK))
			add_lacking(needs[i].module, needs[i].option);
	}
}

/* The device of our port, by the name that the host gave it; -1 while there is none. */
static int look_for_port(void)
{
	DIR *folder = opendir(PORTS_FOLDER);
	struct dirent *entry;
	int found = -1;

	while (folder && found < 0 && (entry = readdir(folder))) {
		char path[512], name[64] = "";
		int fd;

		snprintf(path, sizeof(path), PORTS_FOLDER "/%s/name", entry->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (read(fd, name, sizeof(name) - 1) > 0 &&
		    !strncmp(name, GUEST_PORT "\n", strlen(GUEST_PORT "\n"))) {
			snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
			found = open(path, O_RDWR | O_CLOEXEC);
		}
		close(fd);
	}
	if (folder)
		closedir(folder);
	return found;
}

/* Whether it shows up; without its driver it never will. */
static bool open_port(void)
{
	for (int try = 0; try < PORT_TRIES && !access(PORTS_FOLDER, F_OK); try++) {
		port = look_for_port();
		if (port >= 0)
			return true;
		usleep(PORT_WAIT_US);
	}
	return false;
}

static void mount_shares(const struct job *job)
{
	for (size_t i = 0; i < job->share_count; i++) {
		char tag[16];

		snprintf(tag, sizeof(tag), "share%zu", i);
		make_folders(job->shares[i]);
		if (mount(tag, job->shares[i], "9p", 0,
			  "trans=virtio,version=9p2000.L,msize=524288,cache=mmap"))
			fail("cannot mount the host's %s: %s", job->shares[i], strerror(errno));
	}
}

static void end_all_processes(void)
{
	kill(-1, SIGKILL);
	while (wait(NULL) > 0 || errno == EINTR)
		continue;
}

/* Nothing of what the command wrote may still be in this kernel when the host ends it. */
static void unmount_shares(const struct job *job)
{
	if (chdir("/"))
		return;
	for (size_t i = job->share_count; i-- > 0;)
		umount2(job->shares[i], 0);
	sync();
}

static pid_t start_command(const struct job *job, int output[2], int errors[2])
{
	pid_t pid;

	if (chdir(job->directory))
		fail("%s: %s", job->directory, strerror(errno));
	if (pipe2(output, O_CLOEXEC) || pipe2(errors, O_CLOEXEC))
		fail("pipe: %s", strerror(errno));
	pid = fork();
	if (pid < 0)
		fail("fork: %s", strerror(errno));
	if (!pid) {
		sigset_t none;

		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		setsid();
		dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
		dup2(output[1], STDOUT_FILENO);
		dup2(errors[1], STDERR_FILENO);
		environ = (char **)job->environment;
		execvp(job->arguments[0], job->arguments);
		dprintf(STDERR_FILENO, "%s: %s\n", job->arguments[0], strerror(errno));
		_exit(errno == ENOENT ? 127 : 126);
	}
	close(output[1]);
	close(errors[1]);
	fcntl(output[0], F_SETFL, O_NONBLOCK);
	fcntl(errors[0], F_SETFL, O_NONBLOCK);
	return pid;
}

enum pipe_state { PIPE_HAD_DATA, PIPE_EMPTY, PIPE_ENDED };

/* Pass on a part of what there is; who writes without end may not keep us from the other pipe. */
static enum pipe_state pass_on(int fd, enum guest_frame_kind kind)
{
	static uint8_t data[GUEST_FRAME_MAX];
	ssize_t length = read(fd, data, sizeof(data));

	if (length > 0)
		send_frame(kind, data, length);
	else
		return length < 0 && (errno == EAGAIN || errno == EINTR) ? PIPE_EMPTY : PIPE_ENDED;
	return PIPE_HAD_DATA;
}

/* All that there is. */
static void drain(int fd, enum guest_frame_kind kind)
{
	while (pass_on(fd, kind) == PIPE_HAD_DATA)
		continue;
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	write_fully(fd, text, strlen(text));
	close(fd);
}

static void serve_request(void)
{
	char request;

	if (read(port, &request, 1) != 1 || request != GUEST_REQUEST_DUMP)
		return;
	write_file("/proc/sys/kernel/printk", "8");
	write_file("/proc/sysrq-trigger", "w"); /* who waits without being interruptible */
	write_file("/proc/sysrq-trigger", "l"); /* what the processors do */
}

/* Orphans of the command are ours to bury. True once the command itself has ended. */
static bool reap(pid_t command, uint32_t *result)
{
	int status;
	pid_t pid;
	bool ended = false;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != command)
			continue;
		*result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		ended = true;
	}
	return ended;
}

/* Until the command ends, which is not when the last writer of its pipes does. */
static uint32_t attend(pid_t command, int output, int errors, int signals)
{
	struct pollfd polled[] = {
		{.fd = output, .events = POLLIN},
		{.fd = errors, .events = POLLIN},
		{.fd = signals, .events = POLLIN},
		{.fd = port, .events = POLLIN},
	};
	struct signalfd_siginfo information;
	uint32_t result = 0;
	bool ended = false;

	while (!ended) {
		if (poll(polled, sizeof(polled) / sizeof(polled[0]), -1) < 0)
			continue;
		if (polled[2].revents && read(signals, &information, sizeof(information)) > 0)
			ended = reap(command, &result);
		if (polled[0].revents && pass_on(output, GUEST_FRAME_OUTPUT) == PIPE_ENDED)
			polled[0].fd = -1;
		if (polled[1].revents && pass_on(errors, GUEST_FRAME_ERRORS) == PIPE_ENDED)
			polled[1].fd = -1;
		if (polled[3].revents & POLLIN)
			serve_request();
		else if (polled[3].revents)
			polled[3].fd = -1;
	}
	/* Before what is left is read, or it would never have an end. */
	end_all_processes();
	drain(output, GUEST_FRAME_OUTPUT);
	drain(errors, GUEST_FRAME_ERRORS);
	return result;
}

int main(void)
{
	static struct job job;
	int output[2], errors[2], signals;
	uint32_t result;
	sigset_t set;
	pid_t command;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signals = signalfd(-1, &set, SFD_CLOEXEC);
	mount_pseudo_filesystems();
	read_job(&job);
	for (size_t i = 0; i < job.module_count; i++)
		load_module(job.modules[i]);
	find_needs();
	if (!open_port() && !*lacking)
		fail("its virtio serial port does not show up");
	if (*lacking)
		fail("this kernel lacks %s: build it in, or give its modules by --modules",
		     lacking);
	mount_shares(&job);
	send_frame(GUEST_FRAME_READY, "", 0);
	command = start_command(&job, output, errors);
	result = attend(command, output[0], errors[0], signals);
	unmount_shares(&job);
	send_frame(GUEST_FRAME_STATUS, &result, sizeof(result));
	end_machine();
}

/* SPDX-License-Identifier: GPL-2.0 */
/* Running gnuplot. No shell: a directory name is never part of a command. */
#include "reports/gnuplot.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

struct pipes {
	int input[2];  /* ours is the writing end */
	int errors[2]; /* ours is the reading end */
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void pipes_close(struct pipes *pipes)
{
	for (int i = 0; i < 2; i++) {
		close_fd(&pipes->input[i]);
		close_fd(&pipes->errors[i]);
	}
}

/*
 * In a process group of its own, where a Ctrl-C does not reach it: gnuplot jumps out of whatever
 * library it was in and may hang in it for ever. We end it then. A signal we ignore it does not.
 */
static int set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t defaults;

	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	posix_spawnattr_setsigdefault(attributes, &defaults);
	posix_spawnattr_setpgroup(attributes, 0);
	return posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
}

/* Returns what posix_spawnp() does: 0 or an errno. ENOENT can also mean the directory. */
static int spawn(const char *directory, const struct pipes *pipes, pid_t *pid)
{
	/* Without the user's own start-up file, which could change every plot. */
	static const char *const arguments[] = {"gnuplot", "--default-settings", NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int ret = posix_spawnattr_init(&attributes);

	if (ret)
		return ret;
	ret = posix_spawn_file_actions_init(&actions);
	if (ret) {
		posix_spawnattr_destroy(&attributes);
		return ret;
	}
	if (!(ret = set_attributes(&attributes)) &&
	    !(ret = posix_spawn_file_actions_adddup2(&actions, pipes->input[0], 0)) &&
	    !(ret = posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)) &&
	    !(ret = posix_spawn_file_actions_adddup2(&actions, pipes->errors[1], 2)) &&
	    !(ret = posix_spawn_file_actions_addchdir_np(&actions, directory)))
		ret = posix_spawnp(pid, "gnuplot", &actions, &attributes, (char *const *)arguments,
				   environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return ret;
}

/*
 * Read to the end, keep the beginning: gnuplot says first what went wrong. One line of it. What
 * interrupts us is a request to stop, which gnuplot does not hear.
 */
static void read_errors(int fd, pid_t pid, char *text, size_t size)
{
	char buffer[512];
	size_t used = 0;
	ssize_t got;

	while ((got = read(fd, buffer, sizeof(buffer))) > 0 || (got < 0 && errno == EINTR)) {
		if (got < 0)
			kill(pid, SIGKILL);
		for (ssize_t i = 0; i < got && used + 1 < size; i++) {
			char c = (unsigned char)buffer[i] < ' ' ? ' ' : buffer[i];

			if (c != ' ' || (used && text[used - 1] != ' '))
				text[used++] = c;
		}
	}
	while (used && text[used - 1] == ' ')
		used--;
	text[used] = '\0';
}

static int wait_for(pid_t pid, const char *said, struct failure *failure)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return failure_set(failure, -errno, "wait for gnuplot: %s",
					   strerror(errno));
	if (WIFSIGNALED(status))
		return failure_set(failure, -EIO, "gnuplot was killed by signal %d",
				   WTERMSIG(status));
	if (WEXITSTATUS(status))
		return failure_set(failure, -EIO, "gnuplot failed with status %d: %s",
				   WEXITSTATUS(status), said);
	return 0;
}

int gnuplot_run(const char *directory, const char *commands, struct failure *failure)
{
	struct pipes pipes = {{-1, -1}, {-1, -1}};
	size_t length = strlen(commands);
	char said[256];
	pid_t pid;
	int ret;

	/* What fits into an empty pipe is written before anyone reads: no signal, no waiting. */
	if (length > PIPE_BUF)
		return failure_set(failure, -E2BIG, "gnuplot commands: have %zu bytes, expect %d",
				   length, PIPE_BUF);
	if (access(directory, X_OK) < 0)
		return failure_set(failure, -errno, "%s: %s", directory, strerror(errno));
	if (pipe2(pipes.input, O_CLOEXEC) < 0 || pipe2(pipes.errors, O_CLOEXEC) < 0 ||
	    write(pipes.input[1], commands, length) != (ssize_t)length) {
		ret = failure_set(failure, -errno, "pipe to gnuplot: %s", strerror(errno));
		goto out;
	}
	ret = spawn(directory, &pipes, &pid);
	if (ret) {
		ret = ret == ENOENT ? failure_set(failure, -ENOENT,
						  "gnuplot is not installed (Debian, Ubuntu: apt "
						  "install gnuplot-nox)")
				    : failure_set(failure, -ret, "gnuplot: %s", strerror(ret));
		goto out;
	}
	close_fd(&pipes.input[0]);
	close_fd(&pipes.input[1]);
	close_fd(&pipes.errors[1]);
	read_errors(pipes.errors[0], pid, said, sizeof(said));
	ret = wait_for(pid, said, failure);
out:
	pipes_close(&pipes);
	return ret;
}

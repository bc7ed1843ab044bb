/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

int child_extend_path(struct failure *failure)
{
	const char *path = getenv("PATH");
	char *extended;
	int ret;

	if (asprintf(&extended, "%s%s/usr/local/sbin:/usr/sbin:/sbin", path ? path : "",
		     path && *path ? ":" : "") < 0)
		return failure_set(failure, -ENOMEM, "out of memory");
	ret = setenv("PATH", extended, 1);
	free(extended);
	return ret ? failure_set(failure, -ENOMEM, "out of memory") : 0;
}

/* What we ignore it does not: a reader that goes away ends it. */
static int set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t defaults;

	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	posix_spawnattr_setsigdefault(attributes, &defaults);
	return posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGDEF);
}

/* @output is an open file, or -1: that of @child is used. Returns 0 or an errno. */
static int spawn(const struct child *child, int output, int errors, pid_t *pid)
{
	const char *path = child->output ? child->output : "/dev/null";
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int ret = posix_spawn_file_actions_init(&actions);

	if (ret)
		return ret;
	ret = posix_spawnattr_init(&attributes);
	if (ret) {
		posix_spawn_file_actions_destroy(&actions);
		return ret;
	}
	ret = set_attributes(&attributes);
	if (!ret)
		ret = posix_spawn_file_actions_addopen(
			&actions, 0, child->input ? child->input : "/dev/null", O_RDONLY, 0);
	if (!ret && output >= 0)
		ret = posix_spawn_file_actions_adddup2(&actions, output, 1);
	else if (!ret)
		ret = posix_spawn_file_actions_addopen(&actions, 1, path,
						       O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (!ret)
		ret = posix_spawn_file_actions_adddup2(&actions, errors, 2);
	if (!ret && child->directory)
		ret = posix_spawn_file_actions_addchdir_np(&actions, child->directory);
	if (!ret)
		ret = posix_spawnp(pid, child->arguments[0], &actions, &attributes,
				   child->arguments, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return ret;
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* The whole of an open file, with a NUL behind it. */
static char *read_all(int fd)
{
	struct stat status;
	char *text;
	ssize_t length;

	if (fstat(fd, &status))
		return NULL;
	text = malloc(status.st_size + 1);
	if (!text)
		return NULL;
	length = pread(fd, text, status.st_size, 0);
	text[length < 0 ? 0 : length] = '\0';
	return text;
}

static void copy_last_line(int errors, char said[CHILD_SAID_SIZE])
{
	char *text = read_all(errors), *line = text;
	size_t length = text ? strlen(text) : 0;

	said[0] = '\0';
	while (length && text[length - 1] == '\n')
		text[--length] = '\0';
	if (length && strrchr(text, '\n'))
		line = strrchr(text, '\n') + 1;
	if (length)
		snprintf(said, CHILD_SAID_SIZE, "%s", line);
	free(text);
}

static int run(const struct child *child, int output, char said[CHILD_SAID_SIZE],
	       struct failure *failure)
{
	int errors = memfd_create("errors", MFD_CLOEXEC), ret;
	pid_t pid;

	if (errors < 0)
		return failure_set(failure, -errno, "%s: memory for its output: %s",
				   child->arguments[0], strerror(errno));
	ret = spawn(child, output, errors, &pid);
	if (ret) {
		close(errors);
		return failure_set(failure, -ret, "cannot run %s: %s", child->arguments[0],
				   strerror(ret));
	}
	ret = wait_for(pid);
	if (ret < 0)
		failure_set(failure, ret, "waiting for %s: %s", child->arguments[0],
			    strerror(-ret));
	copy_last_line(errors, said);
	close(errors);
	return ret;
}

int child_run(const struct child *child, char said[CHILD_SAID_SIZE], struct failure *failure)
{
	return run(child, -1, said, failure);
}

int child_must(const struct child *child, struct failure *failure)
{
	char said[CHILD_SAID_SIZE];
	int ret = run(child, -1, said, failure);

	if (ret <= 0)
		return ret;
	return failure_set(failure, -EIO, "%s failed with status %d%s%s", child->arguments[0], ret,
			   said[0] ? ": " : "", said);
}

char *child_output(char *const *arguments, struct failure *failure)
{
	const struct child child = {.arguments = arguments};
	int output = memfd_create("output", MFD_CLOEXEC);
	char said[CHILD_SAID_SIZE], *text = NULL;

	if (output < 0) {
		failure_set(failure, -errno, "%s: memory for its output: %s", arguments[0],
			    strerror(errno));
		return NULL;
	}
	if (run(&child, output, said, failure) >= 0) {
		text = read_all(output);
		if (!text)
			failure_set(failure, -ENOMEM, "out of memory");
	}
	close(output);
	return text;
}

/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/held_command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the child. A byte lets it go, the end of the pipe ends it; an errno goes back. */
static _Noreturn void hold_and_run(char *const *arguments, int hold, int error)
{
	char go;
	int code;

	/* Ignored signals stay ignored over exec(), and a command expects to die of this one. */
	signal(SIGPIPE, SIG_DFL);
	if (read(hold, &go, 1) != 1)
		_exit(126);
	execvp(arguments[0], arguments);
	code = errno;
	if (write(error, &code, sizeof(code)) < 0)
		_exit(126);
	_exit(127);
}

static void close_both(const int ends[2])
{
	close(ends[0]);
	close(ends[1]);
}

int held_command_start(struct held_command *command, char *const *arguments,
		       struct failure *failure)
{
	int hold[2], error[2];
	pid_t process;

	if (pipe2(hold, O_CLOEXEC))
		return failure_set(failure, -errno, "cannot make a pipe: %s", strerror(errno));
	if (pipe2(error, O_CLOEXEC)) {
		close_both(hold);
		return failure_set(failure, -errno, "cannot make a pipe: %s", strerror(errno));
	}
	process = fork();
	if (process < 0) {
		failure_set(failure, -errno, "cannot make a process: %s", strerror(errno));
		close_both(hold);
		close_both(error);
		return failure->code;
	}
	if (!process) {
		close(hold[1]);
		hold_and_run(arguments, hold[0], error[1]);
	}
	close(hold[0]);
	close(error[1]);
	*command = (struct held_command){arguments, process, hold[1], error[0]};
	return 0;
}

int held_command_release(struct held_command *command, struct failure *failure)
{
	int code = 0;
	ssize_t length;

	if (write(command->hold, "", 1) < 0)
		code = errno;
	close(command->hold);
	do {
		length = code ? 0 : read(command->error, &code, sizeof(code));
	} while (length < 0 && errno == EINTR);
	close(command->error);
	if (!code)
		return 0;
	held_command_wait(command);
	return failure_set(failure, -code, "cannot run %s: %s", command->arguments[0],
			   strerror(code));
}

int held_command_wait(struct held_command *command)
{
	int status;

	while (waitpid(command->process, &status, 0) < 0) {
		if (errno != EINTR)
			return 128;
	}
	command->process = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void held_command_drop(struct held_command *command)
{
	if (!command->process)
		return;
	close(command->hold);
	close(command->error);
	held_command_wait(command);
}

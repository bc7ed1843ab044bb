/* SPDX-License-Identifier: GPL-2.0 */
/* A command that has a process, but is held before its first instruction until it is let go. */
#ifndef PROFILER_HELD_COMMAND_H
#define PROFILER_HELD_COMMAND_H

#include "engine/core/failure.h"

#include <sys/types.h>

struct held_command {
	char *const *arguments; /* ended by NULL; the first is looked for in PATH */
	pid_t process;		/* 0: none */
	int hold, error;	/* private */
};

/* Make the process; it has our files and environment. 0 or a negative errno with @failure set. */
int held_command_start(struct held_command *command, char *const *arguments,
		       struct failure *failure);
/* Let it go. A negative errno when it cannot be run: its process has ended then. */
int held_command_release(struct held_command *command, struct failure *failure);
/* Wait for its end. Its exit status, 128 + N after signal N. */
int held_command_wait(struct held_command *command);
/* End one that was not let go; nothing otherwise. */
void held_command_drop(struct held_command *command);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/* Programs that are run to their end: tools of the system. */
#ifndef PROFILER_CHILD_H
#define PROFILER_CHILD_H

#include "engine/core/failure.h"

#include <stddef.h>

enum { CHILD_SAID_SIZE = 256 };

struct child {
	char *const *arguments; /* ended by NULL; the first is looked for in PATH */
	const char *directory;	/* it runs in; NULL: this one */
	const char *input;	/* file on its standard input; NULL: nothing */
	const char *output;	/* file that its standard output is added to; NULL: thrown away */
};

/*
 * Tools of the administrator are needed here and there, but their folders are not in everybody's
 * PATH: put them at its end. 0 or -ENOMEM.
 */
int child_extend_path(struct failure *failure);

/*
 * Run @child and wait. Its exit status (128 + N after signal N), or a negative errno with @failure
 * when it could not be run. The last line that it wrote on stderr is copied to @said.
 */
int child_run(const struct child *child, char said[CHILD_SAID_SIZE], struct failure *failure);

/* The same for a program whose every status but 0 is a failure: 0 or a negative errno. */
int child_must(const struct child *child, struct failure *failure);

/*
 * What @arguments wrote on standard output, whatever the status, as a string that the caller frees;
 * NULL with @failure when the program could not be run.
 */
char *child_output(char *const *arguments, struct failure *failure);

#endif

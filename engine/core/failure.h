/* SPDX-License-Identifier: GPL-2.0 */
/* One error message, built where its cause is known, carried beside the negative errno. */
#ifndef ENGINE_CORE_FAILURE_H
#define ENGINE_CORE_FAILURE_H

struct failure {
	int code;	/* negative errno of the first failure, 0 while there is none */
	char text[512]; /* what, where, have X expect Y; lower case, no newline */
};

/*
 * Record @code (a negative errno) with a message unless an earlier failure is already there: the
 * first one is the cause. Returns @code, so that callers write "return failure_set(...)".
 */
int failure_set(struct failure *failure, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Forget a failure that was dealt with (another mirror was good, a restart helped). */
void failure_clear(struct failure *failure);

#endif

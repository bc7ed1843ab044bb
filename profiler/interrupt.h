/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Ctrl-C as a request to stop: the first SIGINT, SIGTERM or SIGHUP only sets a flag, so that the
 * program can remove what it began to write; the second one kills. What nohup set aside stays so.
 */
#ifndef PROFILER_INTERRUPT_H
#define PROFILER_INTERRUPT_H

/* Also ignores SIGPIPE: a reader that went away is an error of write(). */
void interrupt_install(void);

/* The signal that asked to stop, 0 while there is none. System calls that it hits return EINTR. */
int interrupt_signal(void);

/* What a shell expects of a program that a signal ended. */
int interrupt_status(void);

#endif

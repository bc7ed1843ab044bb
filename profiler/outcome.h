/* SPDX-License-Identifier: GPL-2.0 */
/* How a command ends: a failure becomes one line on stderr and an exit status. */
#ifndef PROFILER_OUTCOME_H
#define PROFILER_OUTCOME_H

#include "engine/core/failure.h"

/* Corrupt input, a fault of this program, or (most errnos) the environment: enum exit_status. */
int outcome_status(int code);

/*
 * Print "sendprof: text" on stderr and return the exit status of the failure. After a Ctrl-C
 * nothing is printed and the status is that of the signal.
 */
int outcome_fail(const struct failure *failure);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/* Runs of which the kernel's half comes from a recording, or goes into one. */
#ifndef PROFILER_RUN_RECORDING_H
#define PROFILER_RUN_RECORDING_H

#include "profiler/run_pair.h"

/*
 * Load what the request names: the stream becomes the reference, what tracing told is kept in
 * @runner->recording. The snapshots and the form of the stream must be those that were recorded. 0
 * or a negative errno with @failure set.
 */
int run_recording_open(struct pair_runner *runner, struct failure *failure);
/* What was recorded becomes the kernel's side of @result. 0 or -ENOMEM. */
int run_recording_describe(const struct pair_runner *runner, struct result *result);

/*
 * What the events that @runner has of the kernel's send, of @figures, add up to becomes the
 * @kernel's details; nothing when there are none: they were lost, or not taken. 0 or -ENOMEM.
 */
int run_recording_details(const struct pair_runner *runner, const struct trace_figures *figures,
			  struct side_result *kernel);

/* Write the kernel's last stream, and what tracing told, to the file that the request names. */
int run_recording_save(const struct pair_runner *runner, const struct result *result,
		       struct failure *failure);

#endif

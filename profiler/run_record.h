/* SPDX-License-Identifier: GPL-2.0 */
/* From the measurements of a pair to the figures of the result. */
#ifndef PROFILER_RUN_RECORD_H
#define PROFILER_RUN_RECORD_H

#include "profiler/run_pair.h"

/*
 * Add the last pair of @runner to @result as repeat number @repeat. @discarded: a commit came in
 * between and the pair does not count; only its samples are kept. 0 or -ENOMEM.
 */
int run_record_pair(const struct pair_runner *runner, unsigned int repeat, bool discarded,
		    struct result *result);

/* The figures of a recorded kernel stream, once. 0 or -ENOMEM. */
int run_record_recorded(const struct pair_runner *runner, struct result *result);

/*
 * Find the whole paths of the inodes in @details. Where there is none, or it cannot be told, what a
 * command said stays.
 */
void run_record_paths(const struct pair_runner *runner, struct trace_details *details);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/* What tracing gives a run: one more pair of sends, before the measured ones, seen from inside. */
#ifndef PROFILER_RUN_TRACE_H
#define PROFILER_RUN_TRACE_H

#include "profiler/run_pair.h"

/*
 * Start tracing the kernel's sends of this process, by the request, and tell in @result in which
 * tier and what that leaves unknown. 0, or a negative errno with @failure set when a tier was asked
 * for that cannot be had. End with run_trace_stop() in any case.
 */
int run_trace_start(struct pair_runner *runner, struct result *result, struct failure *failure);
void run_trace_stop(struct pair_runner *runner);

/* Before and after a send of the kernel: what was seen of it goes into @runner->trace. */
int run_trace_begin_send(struct pair_runner *runner, struct failure *failure);
int run_trace_end_send(struct pair_runner *runner, struct failure *failure);

/*
 * The last pair was traced and counts: its figures go into @result, the engine's as well, and
 * whether both agree where they have to. 0 or -ENOMEM.
 */
int run_trace_record(const struct pair_runner *runner, struct result *result);

#endif

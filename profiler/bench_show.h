/* SPDX-License-Identifier: GPL-2.0 */
/* What a bench prints in the end: a table, and how times grow over a sweep. */
#ifndef PROFILER_BENCH_SHOW_H
#define PROFILER_BENCH_SHOW_H

#include "profiler/bench_plan.h"

#include <stdio.h>

/* The workloads of the table with their parameters: what --list prints. */
void bench_show_list(FILE *out);

/*
 * The results of the plan's jobs as a table, and below it those of a sweep. *@different tells
 * whether one of them was not identical. 0 or a negative errno with @failure set.
 */
int bench_show(const struct bench_plan *plan, const json_t *document, FILE *out, bool *different,
	       struct failure *failure);

#endif

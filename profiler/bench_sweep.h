/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sweeps of a bench document: the results of a workload that differ in one parameter, and how times
 * grow with it. They are found by what is in the document, so it does not matter which command or
 * which machine measured a point.
 */
#ifndef PROFILER_BENCH_SWEEP_H
#define PROFILER_BENCH_SWEEP_H

#include "profiler/bench_fit.h"
#include "profiler/bench_plan.h"

/*
 * Which results belong to a sweep, as an object: "workload", "parameter", and as "parameters" those
 * that do not differ. It is also what an element of "sweeps" of a document begins with.
 */
json_t *bench_sweep_of(const struct bench_job *job, const char *parameter);

struct bench_sweep_member {
	json_int_t value;     /* of the parameter */
	const json_t *result; /* the document's, never null */
};

/* The results of a sweep, by rising values. The caller frees *@members; 0 or -ENOMEM. */
int bench_sweep_members(const json_t *document, const json_t *sweep,
			struct bench_sweep_member **members, size_t *count);

/*
 * Fit the sweeps of @document anew that are in the arrays @wanted, which may be NULL, and in its
 * own "sweeps", and note them down there. What is not an object of a sweep is left out. 0 or
 * -ENOMEM.
 */
int bench_sweeps_note(json_t *document, const json_t *wanted);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * bench.json: the results of workloads, as a document in memory and as a file that is whole at any
 * time. docs/comparing.md has the form.
 */
#ifndef PROFILER_BENCH_RESULTS_H
#define PROFILER_BENCH_RESULTS_H

#include "engine/core/failure.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* An empty document; NULL when there is no memory. */
json_t *bench_results_new(void);

/*
 * The document in the file @path, checked as far as the functions below rely on it; a new one when
 * there is no file and @may_be_missing. NULL with @failure set.
 */
json_t *bench_results_load(const char *path, bool may_be_missing, struct failure *failure);

/* Whole or not at all. 0 or a negative errno with @failure set. */
int bench_results_save(const json_t *document, const char *path, struct failure *failure);

/* The workload with this name and these parameters, borrowed; NULL when there is none. */
json_t *bench_results_find(const json_t *document, const char *name, const json_t *parameters);

/*
 * Add a workload, in place of the same one if it is there; a @result of null is none. Takes over
 * @parameters and @result, also when it fails: -ENOMEM.
 */
int bench_results_put(json_t *document, const char *name, json_t *parameters, json_t *result);

/* What a result was measured with: it has to be the same for a result to stand for a run. */
struct bench_conditions {
	uint64_t repeat;
	const char *kernel; /* release */
};

/* Whether @workload, of a document, has a complete result that was measured like that. */
bool bench_results_finished(const json_t *workload, const struct bench_conditions *conditions);

/*
 * Add all workloads of @other. -EEXIST when both have a result of the same one, -ENOMEM. @path, of
 * the other, is for the message.
 */
int bench_results_merge(json_t *document, const json_t *other, const char *path,
			struct failure *failure);

#endif

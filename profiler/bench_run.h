/* SPDX-License-Identifier: GPL-2.0 */
/* One workload after the other: built, mounted, measured, noted down. */
#ifndef PROFILER_BENCH_RUN_H
#define PROFILER_BENCH_RUN_H

#include "profiler/bench_filesystem.h"
#include "profiler/bench_results.h"
#include "profiler/progress.h"
#include "profiler/stream_form.h"

struct bench_run {
	const struct bench_plan *plan;
	struct bench_place *place;
	const char *directory; /* for temporary files; exists */
	const char *path;      /* of the document as a file, written after each workload */
	json_t *document;
	struct bench_conditions conditions;
	struct stream_form form;
	unsigned int tier; /* how the kernel's send is traced: index of run_tier_words */
	struct progress *progress;
};

/* Take the results of the plan out of the document: all will be run. 0 or -ENOMEM. */
int bench_forget(const struct bench_run *bench, struct failure *failure);

/*
 * Run what @bench's document does not have yet. 0 also when streams differ, which the results tell;
 * else a negative errno with @failure set, the results up to then being in the file.
 */
int bench_run_all(const struct bench_run *bench, struct failure *failure);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/* What a bench is to run: workloads with their parameters, from the words of a command line. */
#ifndef PROFILER_BENCH_PLAN_H
#define PROFILER_BENCH_PLAN_H

#include "bench/workloads.h"
#include "engine/core/failure.h"
#include "profiler/options.h"
#include "profiler/result.h"

#include <jansson.h>

/* How sends are run. What is not as by default belongs to what a result is named by. */
struct bench_variant {
	bool cold; /* caches are dropped before each send */
	enum send_sink sink;
	enum send_finder finder; /* of the engine, as are the next two */
	uint64_t memory_bytes;	 /* 0: the default */
	bool batch;		 /* small commands are written together */
};

/* Whole sends are measured, so the engine works as 'sendprof send' does. */
#define BENCH_VARIANT_DEFAULT ((struct bench_variant){.finder = SEND_FINDER_INDEXED, .batch = true})

struct bench_job {
	const struct workload *workload;
	uint64_t values[WORKLOAD_PARAMETERS_MAX];
	struct bench_variant variant;
};

struct bench_plan {
	struct bench_job *jobs;
	size_t count;
	char *swept; /* the parameter of a sweep; owned, NULL: none */
	struct bench_variant variant;
};

struct bench_selection {
	char *const *names; /* of workloads; none: all */
	size_t name_count;
	enum workload_size size;
	const struct option_list *parameters; /* "name=value", for each workload that has it */
	const char *sweep;		      /* "name=value,value..."; NULL: none */
	const char *shard;		      /* "I/N": jobs I, I+N, I+2N...; NULL: all */
	struct bench_variant variant;	      /* of all jobs */
};

/* 0, or -EINVAL or -ENOMEM with @failure set. End with bench_plan_release() in any case. */
int bench_plan_make(struct bench_plan *plan, const struct bench_selection *selection,
		    struct failure *failure);
void bench_plan_release(struct bench_plan *plan);

/* "1/3": *@index is 0 then. Whether @text is such a thing. */
bool bench_shard_parse(const char *text, uint64_t *index, uint64_t *count);

/*
 * {"refs": 10, "spread": "files", "sink": "null"}: by it and the name a result is found. NULL when
 * there is no memory.
 */
json_t *bench_job_parameters(const struct bench_job *job);
/*
 * How long it takes beside others, roughly: by what it claims to consist of, at the rates at which
 * a kernel sends that. Above 0.
 */
double bench_job_weight(const struct bench_job *job);
/*
 * "many-refs extents=8 refs=10 sink=null", parameters in the order of the table. The caller frees
 * it.
 */
char *bench_job_label(const struct bench_job *job);
/* The same without the variant: what a filesystem is built by. */
char *bench_filesystem_label(const struct bench_job *job);

#endif

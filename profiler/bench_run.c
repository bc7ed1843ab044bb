/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/bench_run.h"
#include "profiler/bench_live.h"
#include "profiler/interrupt.h"
#include "profiler/run.h"
#include "profiler/sender.h"
#include "profiler/words.h"
#include "reports/format.h"

#include <errno.h>
#include <stdlib.h>

static int out_of_memory(struct failure *failure)
{
	return failure_set(failure, -ENOMEM, "out of memory");
}

static bool finished(const struct bench_run *bench, const struct bench_job *job)
{
	json_t *parameters = bench_job_parameters(job);
	bool is = parameters &&
		  bench_results_finished(
			  bench_results_find(bench->document, job->workload->name, parameters),
			  &bench->conditions);

	json_decref(parameters);
	return is;
}

int bench_forget(const struct bench_run *bench, struct failure *failure)
{
	for (size_t i = 0; i < bench->plan->count; i++) {
		const struct bench_job *job = &bench->plan->jobs[i];
		json_t *parameters = bench_job_parameters(job);

		if (!parameters || bench_results_put(bench->document, job->workload->name,
						     parameters, json_null()))
			return out_of_memory(failure);
	}
	return 0;
}

static int nothing_after_pair(void *context, const struct result *result, struct failure *failure)
{
	(void)context;
	(void)result;
	return interrupt_signal() ? failure_set(failure, -EINTR, "interrupted") : 0;
}

/* The paths of what is sent, by the names that builders give. */
static int name_snapshots(const struct bench_run *bench, const struct bench_job *job,
			  struct words *paths, struct send_names *names)
{
	const char *top = bench->place->mount_point;
	struct workload_claims claims = {0};
	int ret = 0;

	job->workload->claim(job->values, &claims);
	words_format(paths, "%s/child", top);
	words_format(paths, "%s/parent", top);
	for (uint64_t i = 0; i < claims.clone_sources; i++)
		words_format(paths, "%s/clone-%ju", top, (uintmax_t)i);
	if (paths->failed)
		return -ENOMEM;
	names->snapshot = paths->items[0];
	names->parent = claims.incremental ? paths->items[1] : NULL;
	for (uint64_t i = 0; !ret && i < claims.clone_sources; i++)
		ret = option_list_add(&names->clone_sources, paths->items[2 + i]);
	return ret;
}

/* Transactions that were committed from the first send to the last. */
static uint64_t transactions_of(const struct result *result)
{
	const struct side_result *side = &result->sides[SIDE_ENGINE];

	return side->sample_count ? side->samples[side->sample_count - 1].generation -
					    side->samples[0].generation
				  : 0;
}

/* Beside the result: null unless blocks were moved while it was measured. */
static json_t *moves_json(const struct bench_job *job, const struct result *result,
			  const struct bench_moves *moves)
{
	if (!job->workload->live)
		return json_null();
	return json_pack("{s:I, s:I, s:I, s:I}", "balances", (json_int_t)moves->rounds, "extents",
			 (json_int_t)moves->extents, "moved_extents",
			 (json_int_t)moves->moved_extents, "transactions",
			 (json_int_t)transactions_of(result));
}

static int note_result(const struct bench_run *bench, const struct bench_job *job,
		       const struct result *result, const struct bench_moves *moves,
		       struct failure *failure)
{
	json_t *parameters = bench_job_parameters(job), *json = result_to_json(result);
	json_t *name = json_incref(parameters);

	int ret = 0;

	if (!parameters || !json) {
		json_decref(parameters);
		json_decref(json);
		ret = -ENOMEM;
	} else if (bench_results_put(bench->document, job->workload->name, parameters, json) ||
		   json_object_set_new(
			   bench_results_find(bench->document, job->workload->name, name), "live",
			   moves_json(job, result, moves))) {
		ret = -ENOMEM;
	}
	json_decref(name);
	return ret ? out_of_memory(failure)
		   : bench_results_save(bench->document, bench->path, failure);
}

static int measure(const struct bench_run *bench, const struct bench_job *job,
		   struct result *result, struct failure *failure)
{
	struct words paths = {0};
	struct run_request request = {
		.directory = bench->directory,
		.repeat = (unsigned int)bench->conditions.repeat,
		.form = bench->form,
		.cold = job->variant.cold,
		.sink = job->variant.sink,
		.batch = job->variant.batch,
		.progress = bench->progress,
		.after_pair = nothing_after_pair,
	};
	int ret = name_snapshots(bench, job, &paths, &request.names)
			  ? out_of_memory(failure)
			  : run(&request, result, failure);

	option_list_release(&request.names.clone_sources);
	words_release(&paths);
	return ret;
}

/* Blocks move from before the first send until after the last. */
static int measure_live(const struct bench_run *bench, const struct bench_job *job,
			struct result *result, struct bench_moves *moves, struct failure *failure)
{
	struct bench_live live;
	struct failure stopping = {0};
	int ret = bench_live_start(&live, bench->place->mount_point, "child", failure);

	if (!ret)
		ret = measure(bench, job, result, failure);
	if (!ret)
		progress_begin_step(bench->progress, "waiting for the balance");
	/* When something failed already there is nothing to count. */
	if (bench_live_stop(&live, ret ? NULL : moves, &stopping))
		ret = failure_set(failure, stopping.code, "%s", stopping.text);
	return ret;
}

static int run_job(const struct bench_run *bench, const struct bench_job *job,
		   struct result *result, struct failure *failure)
{
	struct failure unmounting = {0};
	struct bench_moves moves = {0};
	char label[48];
	int ret;

	if (!bench_filesystem_cached(bench->place, job)) {
		snprintf(label, sizeof(label), "building %s", job->workload->name);
		progress_begin_step(bench->progress, label);
	}
	ret = bench_filesystem_mount(bench->place, job, failure);
	progress_clear(bench->progress);
	if (ret)
		return ret;
	ret = job->workload->live ? measure_live(bench, job, result, &moves, failure)
				  : measure(bench, job, result, failure);
	progress_clear(bench->progress);
	/* What a failure left incomplete is no result, but a difference is one. */
	if (!ret)
		ret = note_result(bench, job, result, &moves, failure);
	if (bench_filesystem_unmount(bench->place, &unmounting) && !ret)
		ret = failure_set(failure, unmounting.code, "%s", unmounting.text);
	return ret;
}

/* The time left is that of the jobs so far, each standing for one that is to come. */
static void tell(const struct bench_run *bench, size_t index, const struct result *result,
		 uint64_t elapsed_ns, size_t done, size_t left)
{
	char *label = bench_job_label(&bench->plan->jobs[index]);

	if (!bench->progress->quiet && label) {
		fprintf(stderr, "[%zu/%zu] %s: kernel %s, engine %s, %s", index + 1,
			bench->plan->count, label, DURATION(result_median_ns(result, SIDE_KERNEL)),
			DURATION(result_median_ns(result, SIDE_ENGINE)),
			result->verdict == VERDICT_EQUAL ? "identical" : "DIFFERENT");
		if (left)
			fprintf(stderr, "; about %s left", DURATION(elapsed_ns / done * left));
		fputc('\n', stderr);
	}
	free(label);
}

int bench_run_all(const struct bench_run *bench, struct failure *failure)
{
	uint64_t begin_ns = monotonic_ns();
	struct result *result = calloc(1, sizeof(*result));
	size_t left = 0, done = 0;
	int ret = result ? 0 : out_of_memory(failure);

	for (size_t i = 0; i < bench->plan->count; i++)
		left += !finished(bench, &bench->plan->jobs[i]);
	if (left < bench->plan->count)
		progress_note(bench->progress, "%zu of %zu workloads are in %s already",
			      bench->plan->count - left, bench->plan->count, bench->path);
	for (size_t i = 0; !ret && i < bench->plan->count; i++) {
		if (finished(bench, &bench->plan->jobs[i]))
			continue;
		if (interrupt_signal())
			ret = failure_set(failure, -EINTR, "interrupted");
		else
			ret = run_job(bench, &bench->plan->jobs[i], result, failure);
		if (!ret)
			tell(bench, i, result, monotonic_ns() - begin_ns, ++done, --left);
		result_release(result);
	}
	free(result);
	return ret;
}

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
	int ret;

	run_request_set_tier(&request, bench->tier);
	ret = name_snapshots(bench, job, &paths, &request.names) ? out_of_memory(failure)
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
	int ret;

	if (!bench_filesystem_cached(bench->place, job))
		progress_begin_step(bench->progress, "building");
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

/* Weights of the jobs that are to be run. */
struct bench_work {
	double all, done;
};

static void begin_task(const struct bench_run *bench, size_t index, const struct bench_work *work)
{
	const struct bench_job *job = &bench->plan->jobs[index];
	char task[64];

	snprintf(task, sizeof(task), "[%zu/%zu] %s", index + 1, bench->plan->count,
		 job->workload->name);
	progress_begin_task(bench->progress, task, work->done / work->all,
			    bench_job_weight(job) / work->all);
}

static void tell(const struct bench_run *bench, size_t index, const struct result *result,
		 const struct bench_work *work)
{
	char *label = bench_job_label(&bench->plan->jobs[index]);
	uint64_t left_ns;

	/* Nothing is left of this task, whichever comes next. */
	progress_begin_task(bench->progress, "", work->done / work->all, 0);
	left_ns = progress_left_ns(bench->progress, monotonic_ns());
	if (!bench->progress->quiet && label) {
		fprintf(stderr, "[%zu/%zu] %s: kernel %s, engine %s, %s", index + 1,
			bench->plan->count, label, DURATION(result_median_ns(result, SIDE_KERNEL)),
			DURATION(result_median_ns(result, SIDE_ENGINE)),
			result->verdict == VERDICT_EQUAL ? "identical" : "DIFFERENT");
		if (left_ns)
			fprintf(stderr, "; about %s left", DURATION(left_ns));
		fputc('\n', stderr);
	}
	free(label);
}

static void weigh(const struct bench_run *bench, struct bench_work *work)
{
	size_t left = 0;

	for (size_t i = 0; i < bench->plan->count; i++) {
		if (finished(bench, &bench->plan->jobs[i]))
			continue;
		work->all += bench_job_weight(&bench->plan->jobs[i]);
		left++;
	}
	if (left < bench->plan->count)
		progress_note(bench->progress, "%zu of %zu workloads are in %s already",
			      bench->plan->count - left, bench->plan->count, bench->path);
}

int bench_run_all(const struct bench_run *bench, struct failure *failure)
{
	struct result *result = calloc(1, sizeof(*result));
	struct bench_work work = {0};
	int ret = result ? 0 : out_of_memory(failure);

	weigh(bench, &work);
	for (size_t i = 0; !ret && i < bench->plan->count; i++) {
		const struct bench_job *job = &bench->plan->jobs[i];

		if (finished(bench, job))
			continue;
		begin_task(bench, i, &work);
		if (interrupt_signal())
			ret = failure_set(failure, -EINTR, "interrupted");
		else
			ret = run_job(bench, job, result, failure);
		work.done += bench_job_weight(job);
		if (!ret)
			tell(bench, i, result, &work);
		result_release(result);
	}
	if (ret == -EINTR)
		progress_note(bench->progress,
			      "stopped; the same command goes on with what is not in %s",
			      bench->path);
	free(result);
	return ret;
}

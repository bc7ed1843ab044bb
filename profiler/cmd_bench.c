/* SPDX-License-Identifier: GPL-2.0 */
/* sendprof bench: workloads built, sent by both senders, measured. */
#include "profiler/bench_prune.h"
#include "profiler/bench_run.h"
#include "profiler/bench_show.h"
#include "profiler/bench_sweep.h"
#include "profiler/commands.h"
#include "profiler/folders.h"
#include "profiler/interrupt.h"
#include "profiler/outcome.h"
#include "profiler/run.h"
#include "reports/format.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

struct bench_options {
	bool list;
	unsigned int size;
	struct option_list parameters;
	const char *sweep;
	const char *shard;
	uint64_t repeat;
	bool cold;
	unsigned int sink; /* enum send_sink */
	unsigned int tier; /* index into run_tier_words */
	struct stream_form_options form;
	bool no_batch;
	const char *cache;
	const char *device;
	const char *directory;
	bool again;
	bool prune;
	bool quiet;
	bool json;
};

static const struct option_row rows[] = {
	OPTION_ROW_FLAG('l', "list", struct bench_options, list,
			"print the workloads and their parameters"),
	OPTION_ROW_CHOICE('s', "size", "SIZE", struct bench_options, size, workload_size_names,
			  "values of the parameters; tiny is for tests"),
	OPTION_ROW_LIST(0, "param", "NAME=VALUE", struct bench_options, parameters,
			"set a parameter of the workloads that have it; may be repeated"),
	OPTION_ROW_STRING(0, "sweep", "NAME=VALUE,...", struct bench_options, sweep,
			  "run with each of the values and fit how the time grows with them"),
	OPTION_ROW_STRING(0, "shard", "I/N", struct bench_options, shard,
			  "run only every Nth workload, beginning with the Ith"),
	OPTION_ROW_U64('n', "repeat", "N", struct bench_options, repeat, 1, 10000,
		       "measured pairs of sends for each, after a warm-up"),
	OPTION_ROW_FLAG(0, "cold", struct bench_options, cold, "drop the caches before each send"),
	OPTION_ROW_CHOICE(0, "sink", "SINK", struct bench_options, sink, send_sink_names,
			  "what reads the streams: pipe, a reader that times each command and "
			  "compares; null, nothing: they are dropped, and compared only before "
			  "what is measured"),
	OPTION_ROW_CHOICE(0, "tier", "TIER", struct bench_options, tier, run_tier_words,
			  "how the kernel's send is traced, for its counters, in one more pair of "
			  "sends that is not timed; auto: as well as this machine allows; pipe: "
			  "not at all"),
	STREAM_ENGINE_ROWS(struct bench_options, form),
	OPTION_ROW_FLAG(0, "no-batch", struct bench_options, no_batch,
			"let the engine write each command by itself, as the kernel does, and have "
			"its time"),
	OPTION_ROW_STRING(0, "cache-dir", "DIR", struct bench_options, cache,
			  "where images of filesystems are kept; by default "
			  "~/.cache/sendprof/bench"),
	OPTION_ROW_FLAG(0, "prune", struct bench_options, prune,
			"remove images from there that this version of sendprof and of mkfs.btrfs "
			"would not use any more, and do nothing else"),
	OPTION_ROW_STRING(0, "device", "DEVICE", struct bench_options, device,
			  "build on this empty device, each time, instead of on images; what a "
			  "bench before this one left there is replaced"),
	OPTION_ROW_STRING('o', "out", "DIR", struct bench_options, directory,
			  "where bench.json is written; what is in it already is not run again"),
	OPTION_ROW_FLAG(0, "again", struct bench_options, again, "run that, too"),
	OPTION_ROW_FLAG('q', "quiet", struct bench_options, quiet, "print errors only"),
	OPTION_ROW_FLAG(0, "json", struct bench_options, json,
			"print bench.json instead of the table"),
	OPTION_ROW_END,
};

static int check_environment(const struct bench_options *options, struct failure *failure)
{
	int ret;

	if (geteuid())
		return failure_set(failure, -EPERM,
				   "mounting and the kernel's send need root: run it with sudo");
	ret = folders_make(options->directory);
	if (ret)
		return failure_set(failure, ret, "cannot create %s: %s", options->directory,
				   strerror(-ret));
	return 0;
}

static int print(const struct bench_options *options, const struct bench_run *bench,
		 bool *different, struct failure *failure)
{
	FILE *nowhere = options->json || options->quiet ? fopen("/dev/null", "we") : NULL;
	int ret = bench_show(bench->plan, bench->document, nowhere ? nowhere : stdout, different,
			     failure);

	if (nowhere)
		fclose(nowhere);
	if (options->json) {
		json_dumpf(bench->document, stdout, JSON_INDENT(1)); /* main() tells of errors */
		putchar('\n');
	} else if (!options->quiet) {
		printf("\nresults: %s\n", bench->path);
	}
	return ret;
}

static int note_sweeps(const struct bench_run *bench, struct failure *failure)
{
	const struct bench_plan *plan = bench->plan;
	json_t *wanted = json_array();
	int ret = wanted ? 0 : -ENOMEM;

	for (size_t i = 0; !ret && plan->swept && i < plan->count; i++) {
		if (json_array_append_new(wanted, bench_sweep_of(&plan->jobs[i], plan->swept)))
			ret = -ENOMEM;
	}
	/* Also without a new one: results may have come to those that are there. */
	if (!ret)
		ret = bench_sweeps_note(bench->document, wanted);
	json_decref(wanted);
	return ret ? failure_set(failure, ret, "out of memory")
		   : bench_results_save(bench->document, bench->path, failure);
}

static int run_plan(const struct bench_options *options, struct bench_run *bench, bool *different,
		    struct failure *failure)
{
	int ret = check_environment(options, failure);

	if (ret)
		return ret;
	bench->document = bench_results_load(bench->path, true, failure);
	if (!bench->document || (options->again && bench_forget(bench, failure)))
		return failure->code;
	ret = bench_place_open(bench->place, options->cache, options->device, failure);
	if (!ret)
		ret = bench_run_all(bench, failure);
	bench_place_close(bench->place);
	if (!ret)
		ret = note_sweeps(bench, failure);
	return ret ? ret : print(options, bench, different, failure);
}

static int run_bench(const struct bench_options *options, const struct bench_plan *plan,
		     const struct stream_form *form)
{
	struct failure failure = {0};
	struct progress progress;
	struct bench_place place = {0};
	struct utsname system;
	struct bench_run bench = {
		.plan = plan,
		.place = &place,
		.directory = options->directory,
		.conditions = {options->repeat, system.release},
		.form = *form,
		.tier = options->tier,
		.progress = &progress,
	};
	bool different = false;
	char *path;

	progress_init(&progress, options->quiet);
	interrupt_install();
	if (asprintf(&path, "%s/bench.json", options->directory) < 0)
		return outcome_fail(&(struct failure){-ENOMEM, "out of memory"});
	bench.path = path;
	if (uname(&system))
		failure_set(&failure, -errno, "uname: %s", strerror(errno));
	else
		run_plan(options, &bench, &different, &failure);
	json_decref(bench.document);
	free(path);
	if (failure.code)
		return outcome_fail(&failure);
	return different ? STATUS_DIFFERENT : STATUS_OK;
}

static int prune(const struct bench_options *options)
{
	struct failure failure = {0};
	struct bench_place place;
	struct bench_pruned pruned;
	int ret = bench_place_find(&place, options->cache, NULL, &failure);
	char *suffix = ret ? NULL : bench_image_suffix(&place);

	if (!ret && !suffix)
		ret = failure_set(&failure, -ENOMEM, "out of memory");
	if (!ret)
		ret = bench_prune(place.cache, suffix, &pruned, &failure);
	if (!ret && !options->quiet)
		printf("%s: %zu image%s removed (%s), %zu kept\n", place.cache, pruned.removed,
		       pruned.removed == 1 ? "" : "s", BYTES(pruned.bytes), pruned.kept);
	free(suffix);
	bench_place_close(&place);
	return ret ? outcome_fail(&failure) : STATUS_OK;
}

static struct bench_variant variant_of(const struct bench_options *options,
				       const struct stream_form *form)
{
	/* Said or not, the default is the same. */
	bool is_default = form->memory_bytes == SEND_MEMORY_DEFAULT;

	return (struct bench_variant){
		.cold = options->cold,
		.sink = options->sink,
		.finder = form->finder,
		.memory_bytes = is_default ? 0 : form->memory_bytes,
		.batch = !options->no_batch,
	};
}

static int plan_and_run(const struct bench_options *options, char *const *names, size_t name_count)
{
	struct failure failure = {0};
	struct stream_form form;
	struct bench_plan plan = {0};
	int ret = stream_form_resolve(&options->form, &form, &failure), status;

	if (!ret)
		ret = bench_plan_make(&plan,
				      &(struct bench_selection){
					      .names = names,
					      .name_count = name_count,
					      .size = options->size,
					      .parameters = &options->parameters,
					      .sweep = options->sweep,
					      .shard = options->shard,
					      .variant = variant_of(options, &form),
				      },
				      &failure);
	if (ret) {
		status = usage_error(&command_bench, "%s", failure.text);
	} else if (options->list) {
		bench_show_list(stdout);
		status = STATUS_OK;
	} else if (options->prune) {
		status = prune(options);
	} else {
		status = run_bench(options, &plan, &form);
	}
	bench_plan_release(&plan);
	return status;
}

static int bench_main(int argc, char **argv)
{
	struct bench_options options = {
		.size = WORKLOAD_SMALL,
		.repeat = 3,
		.tier = RUN_TIER_PIPE,
		.form = STREAM_FORM_DEFAULTS,
		.directory = "sendprof-bench",
	};
	int first, status;

	status = options_parse(&command_bench, argc, argv, &options, &first);
	if (status != OPTIONS_PROCEED)
		return status;
	status = plan_and_run(&options, argv + first, (size_t)(argc - first));
	option_list_release(&options.parameters);
	stream_form_release(&options.form);
	return status;
}

const struct command command_bench = {
	.name = "bench",
	.summary = "measure both sends over workloads that are made for it",
	.operands = "[WORKLOAD]...",
	.operands_max = 64,
	.description =
		"Makes a filesystem for each WORKLOAD (without one: for all), verifies that it is "
		"what it claims to be by counting files, extents and references, and runs the "
		"kernel's send and the engine over it by turns, as 'sendprof run' does. Needs "
		"root. The filesystems are kept as images for the next time."
		"\n\n"
		"Each result is added to DIR/bench.json as soon as it is there. After an "
		"interruption the same command goes on with what is missing. 'sendprof compare' "
		"reads the file, 'sendprof report merge' joins those of several machines.",
	.options = rows,
	.examples = "sendprof bench --list\n"
		    "sendprof bench many-refs bulk --repeat 10\n"
		    "sendprof bench many-refs --sweep refs=1,10,100,1000\n"
		    "sendprof bench --size medium --shard 2/4 --out shard-2",
	.run = bench_main,
};

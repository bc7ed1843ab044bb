/* SPDX-License-Identifier: GPL-2.0 */
/* sendprof report merge: one bench.json out of those of several machines. */
#include "profiler/bench_results.h"
#include "profiler/bench_sweep.h"
#include "profiler/commands.h"
#include "profiler/outcome.h"

#include <errno.h>

struct merge_options {
	const char *output;
};

static const struct option_row rows[] = {
	OPTION_ROW_STRING('o', "out", "FILE", struct merge_options, output,
			  "where the whole is written (required)"),
	OPTION_ROW_END,
};

/* Fits are made anew, of all points: a shard had only some of them. */
static int merge(char *const *paths, const char *output, struct failure *failure)
{
	json_t *all = bench_results_new(), *sweeps = json_array();
	int ret = all && sweeps ? 0 : failure_set(failure, -ENOMEM, "out of memory");

	for (; !ret && *paths; paths++) {
		json_t *one = bench_results_load(*paths, false, failure);
		json_t *its_sweeps = json_object_get(one, "sweeps");

		ret = one ? bench_results_merge(all, one, *paths, failure) : failure->code;
		if (!ret && json_is_array(its_sweeps) && json_array_extend(sweeps, its_sweeps))
			ret = failure_set(failure, -ENOMEM, "out of memory");
		json_decref(one);
	}
	if (!ret && bench_sweeps_note(all, sweeps))
		ret = failure_set(failure, -ENOMEM, "out of memory");
	if (!ret)
		ret = bench_results_save(all, output, failure);
	json_decref(sweeps);
	json_decref(all);
	return ret;
}

static int merge_main(int argc, char **argv)
{
	struct merge_options options = {0};
	struct failure failure = {0};
	int first, status;

	status = options_parse(&command_report_merge, argc, argv, &options, &first);
	if (status != OPTIONS_PROCEED)
		return status;
	if (!options.output)
		return usage_error(&command_report_merge, "--out is missing");
	return merge(argv + first, options.output, &failure) ? outcome_fail(&failure) : STATUS_OK;
}

const struct command command_report_merge = {
	.name = "report merge",
	.summary = "join results of bench into one file",
	.operands = "BENCH.json... --out FILE",
	.operands_min = 1,
	.operands_max = 10000,
	.description =
		"Joins what 'sendprof bench --shard' wrote, on one machine or several, into "
		"one file for 'sendprof compare'. A workload that two of the files have, with "
		"the same parameters, is an error. Sweeps are fitted anew, through the points of all "
		"files.",
	.options = rows,
	.examples = "sendprof report merge shard-*/bench.json --out bench.json",
	.run = merge_main,
};

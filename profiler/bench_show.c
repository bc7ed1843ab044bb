/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/bench_show.h"
#include "profiler/bench_results.h"
#include "profiler/bench_sweep.h"
#include "profiler/result.h"
#include "profiler/terminal.h"
#include "reports/bench.h"
#include "reports/text_parts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *const side_keys[SIDE_COUNT] = {"kernel", "engine"};

static void list_parameter(FILE *out, const struct workload_parameter *parameter)
{
	fprintf(out, "    %-11s", parameter->name);
	for (size_t size = 0; size < WORKLOAD_SIZES; size++) {
		if (parameter->words)
			fprintf(out, " %8s", parameter->words[parameter->values[size]]);
		else
			fprintf(out, " %8" PRIu64, parameter->values[size]);
	}
	fprintf(out, "  %s", parameter->meaning);
	for (size_t i = 0; parameter->words && parameter->words[i]; i++)
		fprintf(out, "%s%s", i ? ", " : ": ", parameter->words[i]);
	fputc('\n', out);
}

void bench_show_list(FILE *out)
{
	fprintf(out, "%-15s", "workload");
	for (size_t size = 0; size < WORKLOAD_SIZES; size++)
		fprintf(out, " %8s", workload_size_names[size]);
	fputc('\n', out);
	for (size_t i = 0; workloads[i]; i++) {
		const struct workload *workload = workloads[i];
		struct workload_claims claims = {0};
		uint64_t values[WORKLOAD_PARAMETERS_MAX] = {0};

		for (size_t j = 0; j < workload_parameter_count(workload); j++)
			values[j] = workload->parameters[j].values[WORKLOAD_SMALL];
		workload->claim(values, &claims);
		fprintf(out, "\n%s: %s (%s)\n", workload->name, workload->stresses,
			claims.incremental ? "incremental" : "full");
		for (size_t j = 0; j < workload_parameter_count(workload); j++)
			list_parameter(out, &workload->parameters[j]);
	}
}

/* The result of a job; -ENOENT when the document has none. End with result_release(). */
static int load(const struct bench_job *job, const json_t *document, struct result *result,
		struct failure *failure)
{
	json_t *parameters = bench_job_parameters(job);
	json_t *workload =
		parameters ? bench_results_find(document, job->workload->name, parameters) : NULL;

	json_decref(parameters);
	memset(result, 0, sizeof(*result));
	return workload ? result_from_json(json_object_get(workload, "result"), result, failure)
			: -ENOENT;
}

/* Whether a sweep is one that the plan has jobs of. */
static bool is_planned(const struct bench_plan *plan, const json_t *sweep)
{
	bool is = false;

	for (size_t i = 0; !is && i < plan->count; i++) {
		json_t *planned = bench_sweep_of(&plan->jobs[i], plan->swept);
		const char *key;
		json_t *value;

		is = planned != NULL;
		json_object_foreach(planned, key, value) is &=
			json_equal(value, json_object_get(sweep, key));
		json_decref(planned);
	}
	return is;
}

static void show_sweeps(const struct bench_plan *plan, const json_t *sweeps, FILE *out)
{
	json_t *sweep;
	size_t i;

	json_array_foreach(sweeps, i, sweep)
	{
		if (!is_planned(plan, sweep))
			continue;
		fprintf(out,
			"%s, time over %s:", json_string_value(json_object_get(sweep, "workload")),
			json_string_value(json_object_get(sweep, "parameter")));
		for (size_t side = 0; side < SIDE_COUNT; side++) {
			const json_t *fit = json_object_get(sweep, side_keys[side]);

			if (json_is_null(fit))
				fprintf(out, "  %s: too few points", side_keys[side]);
			else
				fprintf(out, "  %s ~ x^%.2f (R² %.2f)", side_keys[side],
					json_real_value(json_object_get(fit, "exponent")),
					json_real_value(json_object_get(fit, "r_squared")));
		}
		fputc('\n', out);
	}
}

struct shown_tables {
	struct table times, usage;
	bool different;
};

static int add_job(struct shown_tables *tables, const struct bench_job *job, const json_t *document,
		   struct failure *failure)
{
	struct result *result = calloc(1, sizeof(*result));
	char *label = bench_job_label(job);
	int ret = result && label ? load(job, document, result, failure)
				  : failure_set(failure, -ENOMEM, "out of memory");

	if (!ret) {
		struct bench_seen seen;

		bench_see(result, &seen);
		bench_times_row(&tables->times, label, &seen);
		bench_usage_rows(&tables->usage, label, &seen);
		tables->different |= result->verdict != VERDICT_EQUAL;
	}
	if (result)
		result_release(result);
	free(result);
	free(label);
	return ret == -ENOENT ? 0 : ret;
}

int bench_show(const struct bench_plan *plan, const json_t *document, FILE *out, bool *different,
	       struct failure *failure)
{
	struct text_terminal terminal =
		text_terminal_on(out, *colour(out, COLOUR_BOLD), terminal_width());
	struct shown_tables tables = {0};
	int ret = 0;

	bench_times_begin(&tables.times);
	bench_usage_begin(&tables.usage, BENCH_USAGE_TITLE);
	for (size_t i = 0; !ret && i < plan->count; i++)
		ret = add_job(&tables, &plan->jobs[i], document, failure);
	if (!ret && (tables.times.error || tables.usage.error))
		ret = failure_set(failure, -ENOMEM, "out of memory");
	if (!ret) {
		text_table(&terminal, &tables.times);
		fputc('\n', out);
		text_table(&terminal, &tables.usage);
	}
	if (!ret && plan->swept) {
		fputc('\n', out);
		show_sweeps(plan, json_object_get(document, "sweeps"), out);
	}
	*different = tables.different;
	table_release(&tables.times);
	table_release(&tables.usage);
	return ret;
}

/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/bench_sweep.h"
#include "profiler/result_fields.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The parameters of a result without the one that is swept; NULL when there is no memory. */
static json_t *other_parameters(const json_t *parameters, const char *swept)
{
	json_t *others =
		json_is_object(parameters) ? json_copy((json_t *)parameters) : json_object();

	if (others)
		(void)json_object_del(others, swept);
	return others;
}

json_t *bench_sweep_of(const struct bench_job *job, const char *parameter)
{
	json_t *parameters = bench_job_parameters(job);
	json_t *others = parameters ? other_parameters(parameters, parameter) : NULL;

	json_decref(parameters);
	/* json_pack() fails for the NULL, too. */
	return json_pack("{s:s, s:s, s:o}", "workload", job->workload->name, "parameter", parameter,
			 "parameters", others);
}

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

/* 1 with @member set, 0 when @element is no member of @sweep, -ENOMEM. */
static int read_member(const json_t *element, const json_t *sweep,
		       struct bench_sweep_member *member)
{
	const char *name = text_of(element, "name"), *workload = text_of(sweep, "workload");
	const char *parameter = text_of(sweep, "parameter");
	const json_t *parameters = json_object_get(element, "parameters");
	const json_t *value = parameter ? json_object_get(parameters, parameter) : NULL;
	const json_t *result = json_object_get(element, "result");
	json_t *others;
	bool belongs;

	if (!name || !workload || strcmp(name, workload) != 0 || !json_is_integer(value) ||
	    !json_is_object(result))
		return 0;
	others = other_parameters(parameters, parameter);
	if (!others)
		return -ENOMEM;
	belongs = json_equal(others, json_object_get(sweep, "parameters"));
	json_decref(others);
	*member = (struct bench_sweep_member){json_integer_value(value), result};
	return belongs;
}

static int by_value(const void *left, const void *right)
{
	const struct bench_sweep_member *a = left, *b = right;

	return (a->value > b->value) - (a->value < b->value);
}

int bench_sweep_members(const json_t *document, const json_t *sweep,
			struct bench_sweep_member **members, size_t *count)
{
	const json_t *array = json_object_get(document, "workloads");
	json_t *element;
	size_t i;
	int ret = 0;

	*count = 0;
	*members = calloc(json_array_size(array) + 1, sizeof(**members));
	if (!*members)
		return -ENOMEM;
	json_array_foreach(array, i, element)
	{
		ret = read_member(element, sweep, &(*members)[*count]);
		if (ret < 0)
			break;
		*count += (size_t)ret;
	}
	qsort(*members, *count, sizeof(**members), by_value);
	if (ret >= 0)
		return 0;
	free(*members);
	*members = NULL;
	return ret;
}

/* The medians of a side over the parameter; those that are not known are 0. NULL without memory. */
static struct bench_point *times_of(const struct bench_sweep_member *members, size_t count,
				    enum side side)
{
	struct bench_point *points = calloc(count + 1, sizeof(*points));

	for (size_t i = 0; points && i < count; i++) {
		const json_t *sides = json_object_get(members[i].result, "sides");
		const json_t *median = json_object_get(
			json_object_get(sides, result_side_keys[side]), "median_ns");

		points[i] = (struct bench_point){(double)members[i].value,
						 (double)json_integer_value(median)};
	}
	return points;
}

/* {"exponent", "factor_ns", "r_squared", "points"}, or null; NULL when there is no memory. */
static json_t *fit_json(const json_t *document, const json_t *sweep, enum side side)
{
	struct bench_sweep_member *members;
	struct bench_point *points;
	struct bench_fit fit = {0};
	size_t count;
	bool fitted;

	if (bench_sweep_members(document, sweep, &members, &count))
		return NULL;
	points = times_of(members, count, side);
	free(members);
	if (!points)
		return NULL;
	fitted = bench_fit(points, count, &fit);
	free(points);
	if (!fitted)
		return json_null();
	return json_pack("{s:f, s:f, s:f, s:I}", "exponent", fit.exponent, "factor_ns", fit.factor,
			 "r_squared", fit.certainty, "points", (json_int_t)fit.points);
}

static bool is_known(const json_t *sweeps, const json_t *sweep)
{
	json_t *known;
	size_t i;

	json_array_foreach(sweeps, i, known)
	{
		if (json_equal(json_object_get(known, "workload"),
			       json_object_get(sweep, "workload")) &&
		    json_equal(json_object_get(known, "parameter"),
			       json_object_get(sweep, "parameter")) &&
		    json_equal(json_object_get(known, "parameters"),
			       json_object_get(sweep, "parameters")))
			return true;
	}
	return false;
}

static int add_sweeps(const json_t *document, const json_t *wanted, json_t *sweeps)
{
	json_t *sweep;
	size_t i;

	json_array_foreach(wanted, i, sweep)
	{
		const char *workload = text_of(sweep, "workload");
		const char *parameter = text_of(sweep, "parameter");
		json_t *others = json_object_get(sweep, "parameters");

		if (!workload || !parameter || !json_is_object(others) || is_known(sweeps, sweep))
			continue;
		if (json_array_append_new(sweeps,
					  json_pack("{s:s, s:s, s:O, s:o, s:o}", "workload",
						    workload, "parameter", parameter, "parameters",
						    others, result_side_keys[SIDE_KERNEL],
						    fit_json(document, sweep, SIDE_KERNEL),
						    result_side_keys[SIDE_ENGINE],
						    fit_json(document, sweep, SIDE_ENGINE))))
			return -ENOMEM;
	}
	return 0;
}

int bench_sweeps_note(json_t *document, const json_t *wanted)
{
	json_t *sweeps = json_array();
	int ret = sweeps ? 0 : -ENOMEM;

	if (!ret)
		ret = add_sweeps(document, json_object_get(document, "sweeps"), sweeps);
	if (!ret)
		ret = add_sweeps(document, wanted, sweeps);
	if (!ret && json_array_size(sweeps))
		return json_object_set_new(document, "sweeps", sweeps) ? -ENOMEM : 0;
	json_decref(sweeps);
	return ret;
}

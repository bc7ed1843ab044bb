/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/compare_observe.h"
#include "profiler/compare_statistics.h"
#include "profiler/result_fields.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* More than any run can have, so that no file makes its reader draw from them for hours. */
enum { WAY_SIZE = 128, SAMPLES_MAX = 65536 };

/* The numbers of one member over the samples of a side that count. */
struct column {
	double *values;
	size_t count;
};

/*
 * False when it is not known: null, or in an object ("usage.user_ns") that is not there. Else a
 * sample has it.
 */
static bool number_in(const struct json_place *sample, const char *member, double *number)
{
	const struct json_place place = json_along(sample, member);
	const char *dot = strchr(member, '.');
	const json_t *group =
		dot ? json_object_getn(sample->json, member, (size_t)(dot - member)) : sample->json;

	if (json_is_null(place.json) || !group || json_is_null(group))
		return false;
	if (!place.json)
		json_refuse_type(&place, "a whole number, 0 or more");
	return json_figure_of(&place, number);
}

static void add_sample(const struct json_place *sample, const char *member, struct column *column)
{
	double repeat, value;

	if (!json_is_object(sample->json))
		json_refuse_type(sample, "an object");
	else if (number_in(sample, "repeat", &repeat) && number_in(sample, member, &value) &&
		 repeat > 0 && !json_is_true(json_object_get(sample->json, "repeated_for_commit")))
		column->values[column->count++] = value;
}

static int read_samples(const struct json_place *result, enum side side, const char *member,
			struct column *column)
{
	const struct json_place sides = json_object_at(result, "sides");
	const struct json_place place = json_object_at(&sides, result_side_keys[side]);
	const struct json_place samples = json_array_at(&place, "samples");
	struct failure *failure = result->failure;

	if (json_elements(&samples) > SAMPLES_MAX)
		return json_fail(&samples, "have %zu expect at most %d", json_elements(&samples),
				 SAMPLES_MAX);
	column->values = calloc(json_elements(&samples) + 1, sizeof(*column->values));
	if (!column->values)
		return failure_set(failure, -ENOMEM, "out of memory");
	for (size_t i = 0; !failure->code && i < json_elements(&samples); i++) {
		const struct json_place sample = json_element(&samples, i);

		add_sample(&sample, member, column);
	}
	return failure->code;
}

/* The median, with the values left in their order: pairs of a kernel's and an engine's belong
 * together. */
static int median_kept(const struct column *column, double *median, struct failure *failure)
{
	double *copy = calloc(column->count + 1, sizeof(*copy));

	if (!copy)
		return failure_set(failure, -ENOMEM, "out of memory");
	memcpy(copy, column->values, column->count * sizeof(*copy));
	*median = median_of(copy, column->count);
	free(copy);
	return 0;
}

static int observe_samples(const struct json_place *result, const struct compare_key *key,
			   enum side side, struct observation *observation)
{
	struct column column = {0};
	int ret = read_samples(result, side, key->path, &column);

	observation->samples = column.values;
	observation->sample_count = column.count;
	observation->present = column.count > 0;
	return ret ? ret : median_kept(&column, &observation->value, result->failure);
}

/* The same in every sample, or else the figure of the last. */
static int observe_last(const struct json_place *result, const struct compare_key *key,
			enum side side, struct observation *observation)
{
	struct column column = {0};
	int ret = read_samples(result, side, key->path, &column);

	observation->present = column.count > 0;
	if (ret == 0 && column.count)
		observation->value = column.values[column.count - 1];
	free(column.values);
	return ret;
}

static int observe_ratio(const struct json_place *result, const struct compare_key *key,
			 struct observation *observation)
{
	struct column kernel = {0}, engine = {0};
	double dividend = 0, divisor = 0;
	int ret = read_samples(result, SIDE_KERNEL, key->path, &kernel);

	if (ret == 0)
		ret = read_samples(result, SIDE_ENGINE, key->path, &engine);
	observation->samples = kernel.values;
	observation->sample_count = kernel.count;
	observation->divisors = engine.values;
	observation->divisor_count = engine.count;
	if (ret == 0)
		ret = median_kept(&kernel, &dividend, result->failure);
	if (ret == 0)
		ret = median_kept(&engine, &divisor, result->failure);
	observation->present = kernel.count > 0 && divisor > 0;
	if (observation->present)
		observation->value = dividend / divisor;
	return ret;
}

/* Where latencies of the bucket that ends at @limit begin. */
static double bucket_begin(uint64_t limit)
{
	uint64_t begin = 0;

	for (unsigned int i = 0; i < LATENCY_BUCKETS && latency_bucket_limit_ns(i) < limit; i++)
		begin = latency_bucket_limit_ns(i);
	return (double)begin;
}

static void read_bucket(const struct json_place *pair, struct value_bucket *bucket)
{
	const json_t *limit = json_array_get(pair->json, 0);
	const json_t *count = json_array_get(pair->json, 1);

	if (json_array_size(pair->json) != 2 || json_integer_value(limit) <= 0 ||
	    json_integer_value(count) <= 0) {
		json_refuse_type(pair, "a pair of a limit and a count, above 0");
		return;
	}
	*bucket = (struct value_bucket){
		.from = bucket_begin((uint64_t)json_integer_value(limit)),
		.limit = (double)json_integer_value(limit),
		.count = (uint64_t)json_integer_value(count),
	};
}

static void read_buckets(const struct json_place *array, double batched, double fraction,
			 struct observation *observation)
{
	struct failure *failure = array->failure;
	size_t count = json_elements(array);
	struct value_bucket *buckets = calloc(count + 1, sizeof(*buckets));

	if (!buckets) {
		failure_set(failure, -ENOMEM, "out of memory");
		return;
	}
	for (size_t i = 0; !failure->code && i < count; i++) {
		const struct json_place pair = json_element(array, i);

		read_bucket(&pair, &buckets[i]);
		if (i && buckets[i].limit <= buckets[i - 1].limit)
			json_fail(&pair, "have a limit of %.0f after %.0f expect them to rise",
				  buckets[i].limit, buckets[i - 1].limit);
	}
	observation->present = !failure->code && count > 0;
	if (observation->present)
		observation->bounded = quantile_interval(buckets, count, batched, fraction,
							 &observation->low, &observation->high);
	free(buckets);
}

static int observe_quantile(const struct json_place *base, const struct compare_key *key,
			    struct observation *observation)
{
	const struct json_place latency = json_object_at(base, "latency");
	const struct json_place buckets = json_array_at(&latency, "buckets");
	const struct json_place figure = json_along(base, key->path);
	/* Commands that came together with others have no time of their own. */
	const struct json_place batched = json_along(&latency, "batched");
	double value;

	json_figure_of(&batched, &value);
	if (json_figure_of(&figure, &observation->value) && buckets.json)
		read_buckets(&buckets, value, atof(key->more) / 1000, observation);
	return base->failure->code;
}

static int observe_figure(const struct json_place *base, const struct compare_key *key,
			  struct observation *observation)
{
	struct json_place place = json_along(base, key->path);
	bool present;
	double whole;

	observation->present = json_figure_of(&place, &observation->value);
	if (key->form != FORM_SHARE)
		return base->failure->code;
	place = json_along(base, key->more);
	present = json_figure_of(&place, &whole);
	if (present && observation->value > whole)
		return json_fail(&place, "have %.0f expect %.0f or more", whole,
				 observation->value);
	/* Of nothing there is no share. */
	observation->present &= present && whole > 0;
	observation->value = observation->present ? observation->value / whole : 0;
	return base->failure->code;
}

/* A recorded stream has no times: docs/result-json.md. */
static bool is_time_of_recorded_kernel(const struct json_place *result,
				       const struct compare_key *key, enum side side)
{
	if (key->unit != UNIT_TIME && key->form != FORM_RATIO)
		return false;
	return side != SIDE_ENGINE && json_get_bool(result, "kernel_recorded");
}

int observe(const struct json_place *result, const struct compare_key *key, enum side side,
	    unsigned int kind, struct observation *observation)
{
	struct json_place base = *result;
	char way[WAY_SIZE] = "";

	*observation = (struct observation){0};
	if (is_time_of_recorded_kernel(result, key, side))
		return 0;
	if (result->failure->code)
		return result->failure->code;
	if (kind)
		snprintf(way, sizeof(way), "sides.%s.kinds.%s", result_side_keys[side],
			 stream_commands[kind].name);
	else if (side != SIDE_COUNT)
		snprintf(way, sizeof(way), "sides.%s", result_side_keys[side]);
	if (*way)
		base = json_along(result, way);
	switch (key->form) {
	case FORM_SAMPLES:
		return observe_samples(result, key, side, observation);
	case FORM_LAST:
		return observe_last(result, key, side, observation);
	case FORM_RATIO:
		return observe_ratio(result, key, observation);
	case FORM_QUANTILE:
		return observe_quantile(&base, key, observation);
	case FORM_FIGURE:
	case FORM_SHARE:
		break;
	}
	return observe_figure(&base, key, observation);
}

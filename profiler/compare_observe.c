/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/compare_observe.h"
#include "profiler/compare_statistics.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* More than any run can have, so that no file makes its reader draw from them for hours. */
enum { PATH_SIZE = 128, SAMPLES_MAX = 65536 };

static const char *const side_keys[SIDE_COUNT] = {"kernel", "engine"};

/* The numbers of one member over the samples of a side that count. */
struct column {
	double *values;
	size_t count;
};

/*
 * 1 when it is not known: null, or in an object ("usage.user_ns") that is not there. Else a sample
 * has it.
 */
static int number_in(const struct input_place *place, const json_t *sample, const char *path,
		     const char *member, double *number)
{
	const char *dot = strchr(member, '.');
	const json_t *value =
		dot ? json_object_getn(sample, member, (size_t)(dot - member)) : sample;
	char full[2 * PATH_SIZE];

	if (dot && (!value || json_is_null(value)))
		return 1;
	value = json_object_get(value, dot ? dot + 1 : member);
	if (json_is_null(value))
		return 1;
	if (json_is_integer(value) && json_integer_value(value) >= 0) {
		*number = (double)json_integer_value(value);
		return 0;
	}
	snprintf(full, sizeof(full), "%s.%s", path, member);
	return input_refuse(place, full, value, "a whole number, 0 or more");
}

static int add_sample(const struct input_place *place, const json_t *sample, const char *path,
		      const char *member, struct column *column)
{
	const json_t *discarded = json_object_get(sample, "repeated_for_commit");
	double repeat, value;
	int ret;

	if (!json_is_object(sample))
		return input_refuse(place, path, sample, "an object");
	ret = number_in(place, sample, path, "repeat", &repeat);
	if (ret == 0)
		ret = number_in(place, sample, path, member, &value);
	if (ret == 0 && repeat > 0 && !json_is_true(discarded))
		column->values[column->count++] = value;
	return ret < 0 ? ret : 0;
}

static int read_samples(const struct input_place *place, enum side side, const char *member,
			struct column *column)
{
	char path[PATH_SIZE], element[PATH_SIZE + 32];
	const json_t *samples;
	int ret;

	snprintf(path, sizeof(path), "sides.%s.samples", side_keys[side]);
	ret = input_value(place, path, JSON_ARRAY, &samples);
	if (ret < 0)
		return ret;
	if (json_array_size(samples) > SAMPLES_MAX)
		return failure_set(place->failure, -EPROTO, "%s: %s%s: have %zu expect at most %d",
				   place->input->path, place->workload->where, path,
				   json_array_size(samples), SAMPLES_MAX);
	column->values = calloc(json_array_size(samples) + 1, sizeof(*column->values));
	if (!column->values)
		return failure_set(place->failure, -ENOMEM, "out of memory");
	for (size_t i = 0; ret == 0 && i < json_array_size(samples); i++) {
		snprintf(element, sizeof(element), "%s[%zu]", path, i);
		ret = add_sample(place, json_array_get(samples, i), element, member, column);
	}
	return ret;
}

/* The median, with @values left in their order: pairs of a kernel's and an engine's belong
 * together. */
static double median_kept(const double *values, size_t count)
{
	double *copy = calloc(count + 1, sizeof(*copy)), median;

	if (!copy)
		return 0;
	memcpy(copy, values, count * sizeof(*copy));
	median = median_of(copy, count);
	free(copy);
	return median;
}

static int observe_samples(const struct input_place *place, const struct compare_key *key,
			   enum side side, struct observation *observation)
{
	struct column column = {0};
	int ret = read_samples(place, side, key->path, &column);

	observation->samples = column.values;
	observation->sample_count = column.count;
	observation->present = column.count > 0;
	if (ret == 0)
		observation->value = median_kept(column.values, column.count);
	return ret;
}

/* The same in every sample, or else the figure of the last. */
static int observe_last(const struct input_place *place, const struct compare_key *key,
			enum side side, struct observation *observation)
{
	struct column column = {0};
	int ret = read_samples(place, side, key->path, &column);

	observation->present = column.count > 0;
	if (ret == 0 && column.count)
		observation->value = column.values[column.count - 1];
	free(column.values);
	return ret;
}

static int observe_ratio(const struct input_place *place, const struct compare_key *key,
			 struct observation *observation)
{
	struct column kernel = {0}, engine = {0};
	double divisor = 0;
	int ret = read_samples(place, SIDE_KERNEL, key->path, &kernel);

	if (ret == 0)
		ret = read_samples(place, SIDE_ENGINE, key->path, &engine);
	observation->samples = kernel.values;
	observation->sample_count = kernel.count;
	observation->divisors = engine.values;
	observation->divisor_count = engine.count;
	if (ret == 0 && engine.count)
		divisor = median_kept(engine.values, engine.count);
	observation->present = kernel.count > 0 && divisor > 0;
	if (observation->present)
		observation->value = median_kept(kernel.values, kernel.count) / divisor;
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

static int read_bucket(const struct input_place *place, const char *path, const json_t *pair,
		       struct value_bucket *bucket)
{
	const json_t *limit = json_array_get(pair, 0), *count = json_array_get(pair, 1);

	if (json_array_size(pair) != 2 || !json_is_integer(limit) || !json_is_integer(count) ||
	    json_integer_value(limit) <= 0 || json_integer_value(count) <= 0)
		return input_refuse(place, path, pair, "pairs of a limit and a count, above 0");
	*bucket = (struct value_bucket){
		.from = bucket_begin((uint64_t)json_integer_value(limit)),
		.limit = (double)json_integer_value(limit),
		.count = (uint64_t)json_integer_value(count),
	};
	return 0;
}

static int read_buckets(const struct input_place *place, const char *path, const json_t *array,
			double batched, double fraction, struct observation *observation)
{
	size_t count = json_array_size(array);
	struct value_bucket *buckets = calloc(count + 1, sizeof(*buckets));
	int ret = 0;

	if (!buckets)
		return failure_set(place->failure, -ENOMEM, "out of memory");
	for (size_t i = 0; ret == 0 && i < count; i++) {
		ret = read_bucket(place, path, json_array_get(array, i), &buckets[i]);
		if (ret == 0 && i && buckets[i].limit <= buckets[i - 1].limit)
			ret = failure_set(
				place->failure, -EPROTO,
				"%s: %s%s: have a limit of %.0f after %.0f expect them to "
				"rise",
				place->input->path, place->workload->where, path, buckets[i].limit,
				buckets[i - 1].limit);
	}
	observation->present = ret == 0 && count > 0;
	if (observation->present)
		observation->bounded = quantile_interval(buckets, count, batched, fraction,
							 &observation->low, &observation->high);
	free(buckets);
	return ret;
}

static int observe_quantile(const struct input_place *place, const struct compare_key *key,
			    const char *base, struct observation *observation)
{
	char path[PATH_SIZE];
	const json_t *buckets;
	double batched;
	bool present;
	int ret;

	/* Commands that came together with others have no time of their own. */
	snprintf(path, sizeof(path), "%s.latency.batched", base);
	ret = input_number(place, path, &batched, &present);
	if (ret < 0)
		return ret;
	snprintf(path, sizeof(path), "%s.%s", base, key->path);
	ret = input_number(place, path, &observation->value, &present);
	if (ret < 0)
		return ret;
	snprintf(path, sizeof(path), "%s.latency.buckets", base);
	ret = input_value(place, path, JSON_ARRAY, &buckets);
	if (ret == 0 && present && buckets)
		ret = read_buckets(place, path, buckets, batched, atof(key->more) / 1000,
				   observation);
	return ret;
}

static int observe_figure(const struct input_place *place, const struct compare_key *key,
			  const char *base, struct observation *observation)
{
	char path[PATH_SIZE];
	double whole;
	bool present;
	int ret;

	snprintf(path, sizeof(path), "%s%s%s", base, *base ? "." : "", key->path);
	ret = input_number(place, path, &observation->value, &observation->present);
	if (ret < 0 || key->form != FORM_SHARE)
		return ret;
	snprintf(path, sizeof(path), "%s%s%s", base, *base ? "." : "", key->more);
	ret = input_number(place, path, &whole, &present);
	if (ret == 0 && present && observation->value > whole)
		return failure_set(place->failure, -EPROTO,
				   "%s: %s%s: have %.0f expect %.0f or more", place->input->path,
				   place->workload->where, path, whole, observation->value);
	/* Of nothing there is no share. */
	observation->present &= present && whole > 0;
	observation->value = observation->present ? observation->value / whole : 0;
	return ret;
}

/* A recorded stream has no times: docs/result-json.md. */
static bool is_time_of_recorded_kernel(const struct input_place *place,
				       const struct compare_key *key, enum side side)
{
	const json_t *recorded;

	if (key->unit != UNIT_TIME && key->form != FORM_RATIO)
		return false;
	if (side == SIDE_ENGINE)
		return false;
	return input_value(place, "kernel_recorded", JSON_TRUE, &recorded) == 0 &&
	       json_is_true(recorded);
}

int observe(const struct input_place *place, const struct compare_key *key, enum side side,
	    unsigned int kind, struct observation *observation)
{
	char base[PATH_SIZE] = "";

	*observation = (struct observation){0};
	if (is_time_of_recorded_kernel(place, key, side))
		return 0;
	if (place->failure->code)
		return place->failure->code;
	if (kind)
		snprintf(base, sizeof(base), "sides.%s.kinds.%s", side_keys[side],
			 stream_commands[kind].name);
	else if (side != SIDE_COUNT)
		snprintf(base, sizeof(base), "sides.%s", side_keys[side]);
	switch (key->form) {
	case FORM_SAMPLES:
		return observe_samples(place, key, side, observation);
	case FORM_LAST:
		return observe_last(place, key, side, observation);
	case FORM_RATIO:
		return observe_ratio(place, key, observation);
	case FORM_QUANTILE:
		return observe_quantile(place, key, base, observation);
	case FORM_FIGURE:
	case FORM_SHARE:
		break;
	}
	return observe_figure(place, key, base, observation);
}

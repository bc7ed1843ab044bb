/* SPDX-License-Identifier: GPL-2.0 */
/* The figures of a result: latency buckets and percentiles, medians, and names of generations. */
#include "profiler/result.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SAMPLES = 20000 };

/* xorshift64: the same numbers in each run. */
static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static unsigned int only_bucket(uint64_t ns)
{
	struct latency latency = {0};
	unsigned int bucket = 0;

	latency_add(&latency, ns);
	while (!latency.buckets[bucket])
		bucket++;
	return bucket;
}

static void test_buckets_cover_all_values(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < LATENCY_BUCKETS; i++) {
		uint64_t limit = latency_bucket_limit_ns(i);
		uint64_t first = i ? latency_bucket_limit_ns(i - 1) : 0;

		assert_true(limit > first);
		assert_int_equal(only_bucket(first), i);
		assert_int_equal(only_bucket(limit - 1), i);
		/* An eighth wide at most, once there are more than 8 values to divide. */
		assert_true(limit - first == 1 || limit - first <= (first + 7) / 8);
	}
	assert_int_equal(only_bucket(UINT64_MAX), LATENCY_BUCKETS - 1);
	assert_true(latency_bucket_limit_ns(LATENCY_BUCKETS - 1) > 3600ull * 1000000000);
}

static int compare_u64(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

static void check_percentiles(const uint64_t *values, size_t count)
{
	uint64_t *sorted = malloc(count * sizeof(*sorted)), total = 0;
	struct latency latency = {0};

	assert_non_null(sorted);
	memcpy(sorted, values, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), compare_u64);
	for (size_t i = 0; i < count; i++) {
		latency_add(&latency, values[i]);
		total += values[i];
	}
	assert_int_equal(latency.count, count);
	assert_int_equal(latency.total_ns, total);
	assert_int_equal(latency.max_ns, sorted[count - 1]);
	for (unsigned int per_mille = 1; per_mille <= 1000; per_mille++) {
		uint64_t exact = sorted[(count * per_mille + 999) / 1000 - 1];
		uint64_t told = latency_percentile_ns(&latency, per_mille);

		assert_true(told >= exact);
		assert_true(told <= exact + exact / 8 + 1);
		assert_true(told <= latency.max_ns);
	}
	assert_int_equal(latency_percentile_ns(&latency, 1000), sorted[count - 1]);
	free(sorted);
}

static void test_percentiles_of_random_values(void **state)
{
	uint64_t *values = malloc(SAMPLES * sizeof(*values)), random = 1;

	(void)state;
	assert_non_null(values);
	/* All magnitudes from a nanosecond to minutes. */
	for (size_t i = 0; i < SAMPLES; i++)
		values[i] = next_random(&random) >> (28 + next_random(&random) % 36);
	check_percentiles(values, SAMPLES);
	check_percentiles(values, 3);
	free(values);
}

static void test_percentiles_of_few_values(void **state)
{
	static const uint64_t one[] = {1234567}, same[] = {50, 50, 50, 50}, zero[] = {0};
	const struct latency none = {0};

	(void)state;
	check_percentiles(one, 1);
	check_percentiles(same, 4);
	check_percentiles(zero, 1);
	assert_int_equal(latency_percentile_ns(&none, 500), 0);
}

static void test_percentile_beyond_the_last_bucket(void **state)
{
	struct latency latency = {0};

	(void)state;
	latency_add(&latency, UINT64_MAX / 2);
	assert_int_equal(latency_percentile_ns(&latency, 500), UINT64_MAX / 2);
}

/* Samples of one side; freed by result_release(). */
static void set_samples(struct side_result *side, const struct run_sample *samples, size_t count)
{
	free(side->samples);
	side->samples = malloc(count * sizeof(*samples));
	assert_non_null(side->samples);
	memcpy(side->samples, samples, count * sizeof(*samples));
	side->sample_count = count;
}

static void test_medians(void **state)
{
	static const struct run_sample kernel[] = {
		{.duration_ns = 1, .repeat = 0}, /* warm-up */
		{.duration_ns = 300, .repeat = 1},
		{.duration_ns = 2, .repeat = 2, .repeated_for_commit = true},
		{.duration_ns = 100, .repeat = 2},
		{.duration_ns = 900, .repeat = 3},
	};
	static const struct run_sample engine[] = {
		{.duration_ns = 9, .repeat = 0},
		{.duration_ns = 200, .repeat = 1},
		{.duration_ns = 100, .repeat = 2},
	};
	struct result *result = calloc(1, sizeof(*result));

	(void)state;
	assert_non_null(result);
	assert_int_equal(result_median_ns(result, SIDE_KERNEL), 0);
	set_samples(&result->sides[SIDE_KERNEL], kernel, 5);
	assert_int_equal(result_median_ns(result, SIDE_KERNEL), 300);
	assert_true(result_ratio(result) == 0);
	set_samples(&result->sides[SIDE_ENGINE], engine, 1);
	assert_int_equal(result_median_ns(result, SIDE_ENGINE), 0);
	set_samples(&result->sides[SIDE_ENGINE], engine, 3);
	assert_int_equal(result_median_ns(result, SIDE_ENGINE), 150);
	assert_true(result_ratio(result) == 2);
	result_release(result);
	free(result);
}

static void assert_generation_text(enum generation_id id, uint64_t turned, const char *expected)
{
	char *text = generation_text(&(struct generation){id, turned});

	assert_string_equal(text, expected);
	free(text);
}

static void test_generations_as_text(void **state)
{
	const struct generation old = {GENERATION_6_6, 0};
	const uint64_t clones = 1u << BEHAVIOUR_CLONE_UNALIGNED_EOF;

	(void)state;
	assert_generation_text(GENERATION_6_18, 0, "6.18");
	assert_generation_text(GENERATION_6_18, clones, "6.18 but without CLONE_UNALIGNED_EOF");
	assert_generation_text(GENERATION_6_6, clones | 1u << BEHAVIOUR_CLONE_LARGEST,
			       "6.6 but without CLONE_LARGEST, with CLONE_UNALIGNED_EOF");
	assert_int_equal(generation_difference(&old, &old), 0);
	assert_int_equal(generation_difference(&old, &(struct generation){old.id, clones}), clones);
	assert_int_equal(generation_difference(&(struct generation){GENERATION_6_12, 0},
					       &(struct generation){GENERATION_6_18, 0}),
			 1u << BEHAVIOUR_CHECK_DIRS_ONCE | 1u << BEHAVIOUR_LEAF_CACHE_BY_NODE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_buckets_cover_all_values),
		cmocka_unit_test(test_percentiles_of_random_values),
		cmocka_unit_test(test_percentiles_of_few_values),
		cmocka_unit_test(test_percentile_beyond_the_last_bucket),
		cmocka_unit_test(test_medians),
		cmocka_unit_test(test_generations_as_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

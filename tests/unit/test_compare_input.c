/* SPDX-License-Identifier: GPL-2.0 */
/* What is refused, and with which words: conditions, and results that are none. */
#include "profiler/compare_statistics.h"
#include "tests/unit/compare_files.h"

#include <errno.h>
#include <math.h>

static void test_conditions(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{"", "have no key"},
		{">10%", "have no key"},
		{":ratio<1", "have nothing expect a workload before ':'"},
		{"run:>1%", "have no key"},
		{"ratio", "have no '>', '<' or '!=' behind the key"},
		{"run:streams>1", "no key 'streams'"},
		{"kernel.duraton>10%", "no key 'kernel.duraton', did you mean 'kernel.duration'?"},
		{"kernel.latency.WRTE.p99>1%", "did you mean 'kernel.latency.WRITE.p99'?"},
		{"nothing.*>1%", "no key 'nothing.*'"},
		{"duration>10%", "no key 'duration'"},
		{"ratio>", "have '' expect a limit"},
		{"ratio>ten", "have 'ten' expect a limit"},
		{"ratio>inf", "have 'inf' expect a limit"},
		{"ratio>0x10", "have the unit 'x10' expect"},
		{"ratio>1e9", "have the unit 'e9' expect"},
		{"ratio>.", "have '.' expect a limit"},
		{"ratio>1.2.3", "have the unit '.3' expect"},
		{"ratio>-5", "have '-' expect '+' behind '>'"},
		{"ratio<+5", "have '+' expect '-' behind '<'"},
		{"ratio>10%%", "have the unit '%%' expect"},
		{"ratio>+5ms", "ratio is a factor, the limit is not"},
		{"kernel.duration>5", "kernel.duration is a time, the limit is not"},
		{"kernel.duration>5KiB", "kernel.duration is a time, the limit is not"},
		{"kernel.stream.bytes>5ms", "kernel.stream.bytes is a size, the limit is not"},
		{"*>+5ms", "is a"},
		{"ratio>>1", "have '>1' expect a limit"},
		{"ratio!=1", "have no '>', '<' or '!=' behind the key"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct failure failure = {0};
		struct gate gate;

		assert_int_equal(gate_parse(&gate, cases[i].text, &failure), -EINVAL);
		if (!strstr(failure.text, cases[i].message))
			fail_msg("'%s': have '%s' expect '%s'", cases[i].text, failure.text,
				 cases[i].message);
		gate_release(&gate);
	}
}

static void test_limits(void **state)
{
	static const struct {
		const char *text;
		enum gate_limit kind;
		double limit;
	} cases[] = {
		{"ratio<20", LIMIT_VALUE, 20},
		{"ratio>2.5%", LIMIT_PERCENT, 0.025},
		{"kernel.duration>+1.5ms", LIMIT_DIFFERENCE, 1.5e6},
		{"kernel.duration>2min", LIMIT_VALUE, 120e9},
		{"kernel.duration>3us", LIMIT_VALUE, 3000},
		{"kernel.duration>3µs", LIMIT_VALUE, 3000},
		{"kernel.duration>+0", LIMIT_DIFFERENCE, 0},
		{"kernel.stream.bytes>+2MiB", LIMIT_DIFFERENCE, 2097152},
		{"*>10%", LIMIT_PERCENT, 0.1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct failure failure = {0};
		struct gate gate;

		if (gate_parse(&gate, cases[i].text, &failure) < 0)
			fail_msg("%s", failure.text);
		assert_int_equal(gate.limit_kind, cases[i].kind);
		assert_true(fabs(gate.limit - cases[i].limit) < 1e-9 * cases[i].limit + 1e-12);
		gate_release(&gate);
	}
}

static int compare_text(const char *text, size_t length, struct failure *failure)
{
	char *path = compare_file(text, length);
	struct comparison comparison;
	int ret = compare_files(&comparison, (char *const[]){path, path}, 2,
				(const char *const[]){NULL}, true, failure);

	comparison_release(&comparison);
	compare_files_remove();
	return ret;
}

#define SIDES(kernel) \
	"\"schema_version\":1,\"verdict\":\"equal\",\"sides\":{\"kernel\":{" kernel "}}"
#define SAMPLE(rest) \
	"{\"duration_ns\":1,\"first_byte_ns\":1,\"cpu_ns\":1,\"bytes\":1,\"commands\":1" rest "}"

static void test_hostile_results(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{"", ": line 1 column 0: "},
		{"{", ": line 1 column 1: "},
		{"{\"schema_version\":1,\"schema_version\":1}", "duplicate object key"},
		{"[]", ": have an array expect an object"},
		{"7", "'[' or '{' expected near '7'"},
		{"{}", ": schema_version: have nothing expect that of a sendprof result"},
		{"{\"schema_version\":2}", ": schema_version: have 2 expect 1"},
		{"{\"schema_version\":\"1\"}",
		 ": schema_version: have a text expect a whole number, 0 or more"},
		{"{\"schema_version\":1.0}", ": schema_version: have a fraction expect"},
		{"{\"schema_version\":99999999999999999999}", "too big integer"},
		{"{\"schema_version\":1}",
		 ": verdict: have '' expect equal, different or incomplete"},
		{"{\"schema_version\":1,\"kind\":\"comparison\"}",
		 ": kind: have 'comparison' expect a run or a bench"},
		{"{\"schema_version\":1,\"kind\":\"bench\"}",
		 ": workloads: have nothing expect an array"},
		{"{\"schema_version\":1,\"kind\":\"bench\",\"workloads\":{}}",
		 ": workloads: have an object expect an array"},
		{"{\"schema_version\":1,\"kind\":\"bench\",\"workloads\":[]}",
		 ": workloads: have none with a result expect some"},
		{"{\"schema_version\":1,\"kind\":\"bench\",\"workloads\":[7]}",
		 ": workloads[0]: have a whole number expect an object"},
		{"{\"schema_version\":1,\"kind\":\"bench\",\"workloads\":[{\"result\":[]}]}",
		 ": workloads[0].name: have nothing expect the name of a workload"},
		{"{\"schema_version\":1,\"kind\":\"bench\",\"workloads\":[{\"name\":\"a\",\"result\":[]}]}",
		 ": workloads[0].result: have an array expect an object"},
		{"{\"schema_version\":1,\"kind\":\"bench\",\"workloads\":[{\"name\":\"a\","
		 "\"parameters\":{\"k\":[]},\"result\":{}}]}",
		 ": workloads[0].parameters.k: have an array expect a text or a whole number"},
		{"{\"schema_version\":1,\"kind\":\"bench\",\"workloads\":[{\"name\":\"a\",\"result\":"
		 "{\"schema_version\":1}},{\"name\":\"a\",\"result\":{\"schema_version\":1}}]}",
		 ": workloads[1]: 'a' a second time"},
		{"{\"schema_version\":1,\"kind\":\"bench\",\"workloads\":[{\"name\":\"a\",\"result\":{"
		 "\"schema_version\":3}}]}",
		 ": workloads[0].result.schema_version: have 3 expect 1"},
		{"{\"schema_version\":1,\"verdict\":\"equal\",\"sides\":7}",
		 ": sides: have a whole number expect an object"},
		{"{" SIDES("\"samples\":{}") "}",
		 ": sides.kernel.samples: have an object expect an array"},
		{"{" SIDES("\"samples\":[3]") "}",
		 ": sides.kernel.samples[0]: have a whole number expect an object"},
		{"{" SIDES("\"samples\":[{}]") "}",
		 ": sides.kernel.samples[0].repeat: have nothing expect a whole number"},
		{"{" SIDES("\"samples\":[" SAMPLE(",\"repeat\":-1") "]") "}",
		 ": sides.kernel.samples[0].repeat: have a negative number expect"},
		{"{" SIDES("\"samples\":[{\"repeat\":1,\"duration_ns\":\"9\"}]") "}",
		 ": sides.kernel.samples[0].duration_ns: have a text expect"},
		{"{" SIDES("\"samples\":[{\"repeat\":1,\"duration_ns\":1,\"first_byte_ns\":1,"
			   "\"cpu_ns\":1,\"usage\":7}]") "}",
		 ": sides.kernel.samples[0].usage: have a whole number expect an object"},
		{"{" SIDES("\"samples\":[{\"repeat\":1,\"duration_ns\":1,\"first_byte_ns\":null,"
			   "\"cpu_ns\":1,\"usage\":{\"user_ns\":-1}}]") "}",
		 ": sides.kernel.samples[0].usage.user_ns: have a negative number expect"},
		{"{" SIDES("\"caches\":{\"name\":{\"hits\":true}}") "}",
		 ": sides.kernel.caches.name.hits: have true or false expect"},
		{"{" SIDES(
			 "\"kinds\":{\"WRITE\":{\"latency\":{\"p50_ns\":1,\"buckets\":[[1]]}}}") "}",
		 ": sides.kernel.kinds.WRITE.latency.buckets[0]: have an array expect a pair"},
		{"{" SIDES(
			 "\"kinds\":{\"WRITE\":{\"latency\":{\"p50_ns\":1,\"buckets\":[[2,1],[2,1]]}}}") "}",
		 ".latency.buckets[1]: have a limit of 2 after 2 expect them to rise"},
		{"{" SIDES("\"caches\":{\"name\":{\"hits\":5,\"lookups\":3}}") "}",
		 ": sides.kernel.caches.name.lookups: have 3 expect 5 or more"},
		{"{\"schema_version\":1,\"verdict\":\"equal\",\"kernel_recorded\":1}",
		 ": kernel_recorded: have a whole number expect true or false"},
		{"{\"schema_version\":1,\"environment\":{\"kernel\":7}}",
		 ": environment.kernel: have a whole number expect a text"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct failure failure = {0};

		if (compare_text(cases[i].text, strlen(cases[i].text), &failure) != -EPROTO ||
		    !strstr(failure.text, cases[i].message) ||
		    strncmp(failure.text, "/tmp/sendprof-compare.", 22))
			fail_msg("%s: have '%s' expect '%s'", cases[i].text, failure.text,
				 cases[i].message);
	}
}

/* Deep nesting is refused by the reader, not by the stack. */
static void test_deep_result(void **state)
{
	enum { DEPTH = 200000 };
	char *text = malloc(DEPTH);
	struct failure failure = {0};

	(void)state;
	assert_non_null(text);
	memset(text, '[', DEPTH);
	assert_int_equal(compare_text(text, DEPTH, &failure), -EPROTO);
	free(text);
}

/* No file can make its reader draw samples for hours. */
static void test_many_samples(void **state)
{
	static const double ms[] = {1, 2, 3, 0};
	json_t *json = compare_result(ms, ms);
	json_t *samples = json_object_get(json_object_get(json_object_get(json, "sides"), "kernel"),
					  "samples");
	char *text;
	struct failure failure = {0};

	(void)state;
	for (unsigned int i = 0; i < 65536; i++)
		json_array_append(samples, json_array_get(samples, 1));
	text = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	assert_int_equal(compare_text(text, strlen(text), &failure), -EPROTO);
	assert_non_null(
		strstr(failure.text, ": sides.kernel.samples: have 65540 expect at most 65536"));
	free(text);
}

static void test_cut_result(void **state)
{
	static const double ms[] = {1, 2, 3, 0};
	json_t *json = compare_bench("a", compare_result(ms, ms), NULL);
	char *text = json_dumps(json, JSON_COMPACT);

	(void)state;
	json_decref(json);
	for (size_t length = 0; length < strlen(text); length++) {
		struct failure failure = {0};

		assert_int_equal(compare_text(text, length, &failure), -EPROTO);
	}
	free(text);
}

static void test_unreadable(void **state)
{
	struct failure failure = {0};
	struct comparison comparison;
	static char missing[] = "/nonexistent.json", folder[] = "/";

	(void)state;
	assert_int_equal(compare_files(&comparison, (char *const[]){missing, missing}, 2,
				       (const char *const[]){NULL}, true, &failure),
			 -ENOENT);
	assert_string_equal(failure.text, "/nonexistent.json: No such file or directory");
	comparison_release(&comparison);
	failure = (struct failure){0};
	assert_int_equal(compare_files(&comparison, (char *const[]){folder, folder}, 2,
				       (const char *const[]){NULL}, true, &failure),
			 -EISDIR);
	comparison_release(&comparison);
}

static void test_median(void **state)
{
	double odd[] = {5, 1, 3}, even[] = {4, 1, 3, 2}, equal[] = {2, 2, 2, 2}, one[] = {7};

	(void)state;
	assert_true(median_of(odd, 3) == 3);
	assert_true(median_of(even, 4) == 2.5);
	assert_true(median_of(equal, 4) == 2);
	assert_true(median_of(one, 1) == 7);
	assert_true(median_of(NULL, 0) == 0);
}

static int compare_doubles(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

/* Against sorting, for all sizes up to 40 and values that are often equal. */
static void test_median_of_many(void **state)
{
	unsigned short random[3] = {1, 2, 3};

	(void)state;
	for (size_t round = 0; round < 4000; round++) {
		size_t count = 1 + round % 40;
		double values[40], sorted[40];

		for (size_t i = 0; i < count; i++)
			values[i] = sorted[i] = (double)(nrand48(random) % 20);
		qsort(sorted, count, sizeof(*sorted), compare_doubles);
		assert_true(median_of(values, count) ==
			    (sorted[(count - 1) / 2] + sorted[count / 2]) / 2);
	}
}

static double noisy(unsigned short random[3], double middle)
{
	double sum = 0;

	for (unsigned int i = 0; i < 12; i++)
		sum += erand48(random);
	return middle * (1 + 0.05 * (sum - 6));
}

/* How many of @rounds pairs of @count samples each are told apart. */
static unsigned int told_apart(size_t count, unsigned int rounds, double factor)
{
	unsigned short random[3] = {7, 7, 7};
	unsigned int apart = 0;

	for (unsigned int round = 0; round < rounds; round++) {
		double base[16], changed[16], low, high;
		const struct sample_set sets[] = {{base, NULL, count, 0},
						  {changed, NULL, count, 0}};

		for (size_t i = 0; i < count; i++) {
			base[i] = noisy(random, 100);
			changed[i] = noisy(random, 100 * factor);
		}
		assert_int_equal(bootstrap_change(&sets[0], &sets[1], 95, &low, &high), 0);
		assert_true(low <= high);
		apart += low > 0 || high < 0;
	}
	return apart;
}

/* Samples scatter by 5%. What is no change is rarely taken for one, 30% is always seen. */
static void test_bootstrap(void **state)
{
	(void)state;
	assert_in_range(told_apart(10, 200, 1), 1, 16);
	assert_in_range(told_apart(5, 200, 1), 1, 20);
	assert_int_equal(told_apart(10, 50, 1.3), 50);
	assert_int_equal(told_apart(5, 50, 1.3), 50);
}

static void test_bootstrap_repeats(void **state)
{
	static const double values[] = {3, 1, 4, 1, 5}, others[] = {9, 2, 6, 5, 3};
	const struct sample_set base = {values, NULL, 5, 0}, changed = {others, NULL, 5, 0};
	double low[2], high[2];

	(void)state;
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(bootstrap_change(&base, &changed, 95, &low[i], &high[i]), 0);
	assert_true(low[0] == low[1] && high[0] == high[1]);
}

static void test_quantile_interval(void **state)
{
	struct value_bucket buckets[100];
	double low, high;

	(void)state;
	for (unsigned int i = 0; i < 100; i++)
		buckets[i] = (struct value_bucket){i * 10.0, i * 10.0 + 10, 10};
	/* Of 1000 values the rank of the median is within 500 +- 31. */
	assert_true(quantile_interval(buckets, 100, 0, 0.5, &low, &high));
	assert_true(low == 460 && high == 540);
	/* 200 more that may all be below: from rank (1200 / 2 - 200) - 31 on. */
	assert_true(quantile_interval(buckets, 100, 200, 0.5, &low, &high));
	assert_true(low == 360 && high == 540);
	assert_true(quantile_interval(buckets, 100, 5000, 0.5, &low, &high));
	assert_true(low == 0 && high == 540);
	assert_false(quantile_interval(buckets, 100, 0, 0.9999, &low, &high));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conditions),	  cmocka_unit_test(test_limits),
		cmocka_unit_test(test_hostile_results),	  cmocka_unit_test(test_deep_result),
		cmocka_unit_test(test_many_samples),	  cmocka_unit_test(test_cut_result),
		cmocka_unit_test(test_unreadable),	  cmocka_unit_test(test_median),
		cmocka_unit_test(test_median_of_many),	  cmocka_unit_test(test_bootstrap),
		cmocka_unit_test(test_bootstrap_repeats), cmocka_unit_test(test_quantile_interval),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

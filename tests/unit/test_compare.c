/* SPDX-License-Identifier: GPL-2.0 */
/* Gates on made-up results: regression, improvement, noise, what is missing, what differs. */
#include "tests/unit/compare_files.h"

#include <errno.h>

static const double steady[] = {100, 101, 99, 100.5, 99.5, 100, 0};
static const double slower[] = {130, 131, 129, 130.5, 129.5, 130, 0};
static const double faster[] = {70, 71, 69, 70.5, 69.5, 70, 0};
static const double wild[] = {60, 150, 95, 180, 103, 140, 0};
static const double two[] = {100, 101, 0};
static const double engine[] = {50, 51, 49, 50.5, 49.5, 50, 0};

static struct comparison comparison;

/* Base, new and a condition: what the gate behind that on the streams says. */
static const struct gate_outcome *judge(json_t *base, json_t *changed, const char *condition)
{
	char *const paths[] = {compare_json_file(base), compare_json_file(changed)};
	struct failure failure = {0};

	if (compare_files(&comparison, paths, 2, (const char *const[]){condition, NULL}, true,
			  &failure) < 0)
		fail_msg("%s", failure.text);
	return &comparison.outcomes[comparison.outcome_count - 1];
}

static int tear_down(void **state)
{
	(void)state;
	comparison_release(&comparison);
	compare_files_remove();
	return 0;
}

static const struct metric *metric(const char *name)
{
	for (size_t i = 0; i < comparison.workloads[0].metric_count; i++)
		if (!strcmp(comparison.workloads[0].metrics[i].name, name))
			return &comparison.workloads[0].metrics[i];
	fail_msg("no metric %s", name);
	return NULL;
}

static void expect_reason(const struct gate_outcome *outcome, const char *wanted)
{
	if (!strstr(outcome->reason, wanted))
		fail_msg("have '%s' expect '%s'", outcome->reason, wanted);
}

struct gate_case {
	const double *base, *changed; /* of the kernel */
	const char *condition;
	enum gate_result result;
	enum judgement judgement; /* of kernel.duration */
	size_t noise;
};

static void test_gates(void **state)
{
	static const struct gate_case cases[] = {
		{steady, slower, "kernel.duration>10%", GATE_FAILED, JUDGED_WORSE, 0},
		{steady, slower, "kernel.duration>29.5%", GATE_FAILED, JUDGED_WORSE, 0},
		{steady, slower, "kernel.duration>31%", GATE_PASSED, JUDGED_WORSE, 0},
		{steady, slower, "kernel.duration<10%", GATE_PASSED, JUDGED_WORSE, 0},
		{steady, slower, "kernel.duration>+29ms", GATE_FAILED, JUDGED_WORSE, 0},
		{steady, slower, "kernel.duration>+31ms", GATE_PASSED, JUDGED_WORSE, 0},
		{steady, slower, "kernel.duration>129ms", GATE_FAILED, JUDGED_WORSE, 0},
		{steady, slower, "kernel.duration>0.2s", GATE_PASSED, JUDGED_WORSE, 0},
		{steady, slower, "kernel.duration!=", GATE_FAILED, JUDGED_WORSE, 0},
		{steady, steady, "kernel.duration!=", GATE_PASSED, JUDGED_SAME, 0},
		{steady, steady, "kernel.duration>0%", GATE_PASSED, JUDGED_SAME, 0},
		{steady, faster, "kernel.duration>10%", GATE_PASSED, JUDGED_BETTER, 0},
		{steady, faster, "kernel.duration<10%", GATE_FAILED, JUDGED_BETTER, 0},
		{steady, faster, "kernel.duration<-29ms", GATE_FAILED, JUDGED_BETTER, 0},
		{steady, faster, "ratio<10%", GATE_FAILED, JUDGED_BETTER, 0},
		{steady, slower, "ratio<10%", GATE_PASSED, JUDGED_WORSE, 0},
		/* The median is 21.5% above; the samples are too far apart to mean anything. */
		{steady, wild, "kernel.duration>10%", GATE_PASSED, JUDGED_NOISE, 1},
		{steady, wild, "kernel.*>10%", GATE_PASSED, JUDGED_NOISE, 3},
		/* A limit that does not look at the base does not ask whether it changed. */
		{steady, wild, "kernel.duration>110ms", GATE_FAILED, JUDGED_NOISE, 0},
		{steady, two, "kernel.duration>10%", GATE_MISSING, JUDGED_UNSURE, 0},
		{two, slower, "kernel.*>10%", GATE_PASSED, JUDGED_UNSURE, 0},
		{steady, steady, "engine.caches.backref.hit_rate<0.95", GATE_FAILED, JUDGED_SAME,
		 0},
		{steady, steady, "kernel.stream.bytes>0", GATE_FAILED, JUDGED_SAME, 0},
		{steady, steady, "kernel.stream.bytes>4KiB", GATE_PASSED, JUDGED_SAME, 0},
		{steady, steady, "run:kernel.stream.commands>11", GATE_FAILED, JUDGED_SAME, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct gate_outcome *outcome =
			judge(compare_result(cases[i].base, engine),
			      compare_result(cases[i].changed, engine), cases[i].condition);
		enum judgement judgement = metric("kernel.duration")->judgement;

		if (outcome->result != cases[i].result || judgement != cases[i].judgement ||
		    outcome->noise != cases[i].noise)
			fail_msg("case %zu, %s: have %s, %s, %zu noise: %s", i, cases[i].condition,
				 gate_result_names[outcome->result], judgement_names[judgement],
				 outcome->noise, outcome->reason);
		tear_down(NULL);
	}
}

static void test_reason(void **state)
{
	const struct gate_outcome *outcome =
		judge(compare_result(steady, engine), compare_result(slower, engine),
		      "kernel.duration>10%");

	(void)state;
	expect_reason(outcome, "kernel.duration: 130 ms, was 100 ms (+30.0%, 95%: +");
	assert_string_equal(outcome->metric->name, "kernel.duration");
	assert_int_equal(comparison.failed, 1);
	assert_int_equal(comparison.passed, 1);
}

/* The warm-up and what was repeated for a commit count nowhere. */
static void test_uncounted_samples(void **state)
{
	json_t *changed = compare_result(steady, engine);
	json_t *samples = json_object_get(
		json_object_get(json_object_get(changed, "sides"), "kernel"), "samples");
	json_t *sample = json_deep_copy(json_array_get(samples, 1));

	(void)state;
	json_object_set_new(sample, "duration_ns", json_integer(999000000));
	json_object_set_new(sample, "repeated_for_commit", json_true());
	for (unsigned int i = 0; i < 20; i++)
		json_array_append(samples, sample);
	json_decref(sample);
	judge(compare_result(steady, engine), changed, "kernel.duration>1%");
	assert_int_equal(metric("kernel.duration")->judgement, JUDGED_SAME);
	assert_int_equal(metric("kernel.duration")->seen[1].sample_count, 6);
}

/* A machine that was slow for a while was so for both: their ratio is steadier than either. */
static void test_ratio_is_of_pairs(void **state)
{
	static const double kernel[] = {100, 200, 400, 800, 300, 150, 0};
	static const double half[] = {50, 100, 200, 400, 150, 75, 0};
	static const double third[] = {33.4, 66.7, 133.4, 266.7, 100, 50, 0};

	(void)state;
	judge(compare_result(kernel, half), compare_result(kernel, third), "ratio!=");
	assert_int_equal(metric("ratio")->judgement, JUDGED_CHANGED);
	assert_int_equal(metric("engine.duration")->judgement, JUDGED_NOISE);
}

static void test_missing_key(void **state)
{
	static const char *const kinds[] = {"kernel.caches.backref.hit_rate<-0.1",
					    "kernel.caches.*<-0.1"};
	const struct gate_outcome *outcome;
	json_t *changed = compare_result(steady, engine);

	(void)state;
	json_object_set_new(json_object_get(json_object_get(changed, "sides"), "engine"), "caches",
			    json_null());
	outcome = judge(compare_result(steady, engine), changed,
			"engine.caches.backref.hit_rate<-0.1");
	assert_int_equal(outcome->result, GATE_MISSING);
	expect_reason(outcome, "no value in ");
	expect_reason(outcome, comparison.files[1].path);
	assert_int_equal(comparison.failed, 1);
	tear_down(NULL);
	/* Nobody has it, as a plain key and as a pattern. */
	for (size_t i = 0; i < 2; i++) {
		outcome = judge(compare_result(steady, engine), compare_result(steady, engine),
				kinds[i]);
		assert_int_equal(outcome->result, GATE_MISSING);
		expect_reason(outcome, "can be compared");
		tear_down(NULL);
	}
	/* Of a pattern what is there counts. */
	outcome = judge(compare_result(steady, engine), compare_result(steady, engine),
			"*.caches.*<-0.1");
	assert_int_equal(outcome->result, GATE_PASSED);
	assert_int_equal(outcome->checked, 1);
}

static void test_missing_may_be_skipped(void **state)
{
	char *const paths[] = {compare_json_file(compare_result(steady, engine)),
			       compare_json_file(compare_result(steady, engine))};
	struct failure failure = {0};

	(void)state;
	assert_int_equal(compare_files(&comparison, paths, 2,
				       (const char *const[]){"engine.bytes_read>1%", NULL}, false,
				       &failure),
			 0);
	assert_int_equal(comparison.failed, 0);
	assert_int_equal(comparison.skipped, 1);
	assert_int_equal(comparison.outcomes[1].result, GATE_MISSING);
}

static void test_workloads(void **state)
{
	const struct gate_outcome *outcome =
		judge(compare_bench("stays", compare_result(steady, engine), "goes",
				    compare_result(steady, engine), NULL),
		      compare_bench("comes", compare_result(steady, engine), "stays",
				    compare_result(slower, engine), NULL),
		      "*:kernel.duration>10%");

	(void)state;
	(void)outcome;
	assert_int_equal(comparison.workload_count, 3);
	assert_int_equal(comparison.outcome_count, 6);
	/* By workload: the streams, then the duration. */
	assert_string_equal(comparison.outcomes[0].workload->label, "stays mode=x refs=10");
	assert_int_equal(comparison.outcomes[0].result, GATE_PASSED);
	assert_int_equal(comparison.outcomes[1].result, GATE_FAILED);
	assert_string_equal(comparison.outcomes[2].workload->name, "goes");
	assert_int_equal(comparison.outcomes[2].result, GATE_MISSING);
	assert_int_equal(comparison.outcomes[3].result, GATE_MISSING);
	expect_reason(&comparison.outcomes[3], "not in ");
	assert_string_equal(comparison.outcomes[4].workload->name, "comes");
	assert_int_equal(comparison.outcomes[4].result, GATE_PASSED);
	/* What is new passes without having been compared. */
	assert_int_equal(comparison.outcomes[5].result, GATE_PASSED);
	assert_int_equal(comparison.outcomes[5].checked, 0);
	assert_int_equal(comparison.failed, 3);
	assert_int_equal(comparison.passed, 2);
	assert_int_equal(comparison.skipped, 1);
}

static void test_workload_patterns(void **state)
{
	static const struct {
		const char *condition;
		size_t outcomes; /* beside those on the streams */
	} cases[] = {
		{"many-*:kernel.duration>1%", 1},
		{"many-refs:kernel.duration>1%", 1},
		{"many-refs mode=x refs=10:kernel.duration>1%", 1},
		{"*:kernel.duration>1%", 2},
		{"[!m]*:kernel.duration>1%", 1},
	};
	struct failure failure = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		judge(compare_bench("many-refs", compare_result(steady, engine), "bulk",
				    compare_result(steady, engine), NULL),
		      compare_bench("many-refs", compare_result(steady, engine), "bulk",
				    compare_result(steady, engine), NULL),
		      cases[i].condition);
		assert_int_equal(comparison.outcome_count, 2 + cases[i].outcomes);
		tear_down(NULL);
	}
	char *const paths[] = {compare_json_file(compare_result(steady, engine)),
			       compare_json_file(compare_result(steady, engine))};

	/* A name with a mistake must not pass for a gate that holds. */
	assert_int_equal(compare_files(&comparison, paths, 2,
				       (const char *const[]){"many:ratio<2", NULL}, true, &failure),
			 -EINVAL);
	assert_non_null(strstr(failure.text, "'many:ratio<2': no workload 'many'"));
}

static void test_streams(void **state)
{
	json_t *changed = compare_result(steady, engine);

	(void)state;
	json_object_set_new(changed, "verdict", json_string("different"));
	json_object_set_new(changed, "divergence",
			    json_pack("{s:i, s:i}", "command_index", 17, "byte_offset", 4711));
	judge(compare_result(steady, engine), changed, "ratio<1");
	assert_int_equal(comparison.outcomes[0].result, GATE_FAILED);
	expect_reason(&comparison.outcomes[0], "first at command 17 (offset 4711)");
	tear_down(NULL);
	changed = compare_result(steady, engine);
	json_object_set_new(changed, "verdict", json_string("incomplete"));
	json_object_set_new(json_object_get(json_object_get(changed, "sides"), "engine"), "error",
			    json_string("no space"));
	judge(compare_result(steady, engine), changed, "ratio<1");
	assert_int_equal(comparison.outcomes[0].result, GATE_FAILED);
	expect_reason(&comparison.outcomes[0], "incomplete: no space");
	tear_down(NULL);
	/* That the base was different is what the new one mended. */
	changed = compare_result(steady, engine);
	json_object_set_new(changed, "verdict", json_string("different"));
	judge(changed, compare_result(steady, engine), "ratio<1");
	assert_int_equal(comparison.failed, 0);
}

/* The kernel's stream came from a file: that it took no time is not worth comparing. */
static void test_recorded_kernel(void **state)
{
	json_t *changed = compare_result(steady, engine);

	(void)state;
	json_object_set_new(changed, "kernel_recorded", json_true());
	judge(compare_result(steady, engine), changed, "*.duration>10%");
	assert_int_equal(metric("kernel.duration")->judgement, JUDGED_NOTHING);
	assert_int_equal(metric("ratio")->judgement, JUDGED_NOTHING);
	assert_int_equal(metric("engine.duration")->judgement, JUDGED_SAME);
	assert_int_equal(metric("kernel.stream.bytes")->judgement, JUDGED_SAME);
}

/* Latencies are of commands in the order of their buckets; those without a time widen the interval.
 */
static json_t *with_latency(int limit, int count, int batched)
{
	json_t *result = compare_result(steady, engine);
	json_t *latency = json_pack("{s:i, s:i, s:i, s:[[i, i]]}", "batched", batched, "p50_ns",
				    limit, "p99_ns", limit, "buckets", limit, count);
	json_t *kernel = json_object_get(json_object_get(result, "sides"), "kernel");

	json_object_set_new(kernel, "kinds", json_pack("{s:{s:o}}", "WRITE", "latency", latency));
	return result;
}

static void test_latency(void **state)
{
	static const struct {
		int limit, count, batched;
		enum judgement p50, p99;
	} cases[] = {
		{4096, 1000, 0, JUDGED_SAME, JUDGED_SAME},
		/* The next bucket may hold nearly the same. */
		{4608, 1000, 0, JUDGED_NOISE, JUDGED_NOISE},
		{8192, 1000, 0, JUDGED_WORSE, JUDGED_WORSE},
		{8192, 1000, 900, JUDGED_WORSE, JUDGED_WORSE},
		{8192, 1000, 1200, JUDGED_NOISE, JUDGED_WORSE},
		{8192, 20, 0, JUDGED_WORSE, JUDGED_UNSURE},
		{8192, 4, 0, JUDGED_UNSURE, JUDGED_UNSURE},
		{2048, 1000, 0, JUDGED_BETTER, JUDGED_BETTER},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		judge(with_latency(4096, 1000, 0),
		      with_latency(cases[i].limit, cases[i].count, cases[i].batched),
		      "kernel.latency.WRITE.p50>10%");
		if (metric("kernel.latency.WRITE.p50")->judgement != cases[i].p50 ||
		    metric("kernel.latency.WRITE.p99")->judgement != cases[i].p99)
			fail_msg("case %zu: have %s and %s", i,
				 judgement_names[metric("kernel.latency.WRITE.p50")->judgement],
				 judgement_names[metric("kernel.latency.WRITE.p99")->judgement]);
		tear_down(NULL);
	}
}

static void test_history(void **state)
{
	char *const paths[] = {compare_json_file(compare_result(steady, engine)),
			       compare_json_file(compare_result(slower, engine)),
			       compare_json_file(compare_result(steady, engine))};
	struct failure failure = {0};

	(void)state;
	assert_int_equal(compare_files(&comparison, paths, 3,
				       (const char *const[]){"kernel.duration>10%", NULL}, true,
				       &failure),
			 0);
	assert_int_equal(comparison.failed, 0);
	assert_int_equal(metric("kernel.duration")->seen[1].value, 130000000);
}

static bool has_note(const char *wanted)
{
	for (size_t i = 0; i < comparison.note_count; i++)
		if (strstr(comparison.notes[i], wanted))
			return true;
	return false;
}

static void test_notes(void **state)
{
	json_t *changed = compare_result(two, engine);

	(void)state;
	json_object_set_new(json_object_get(changed, "environment"), "cpus", json_integer(64));
	judge(compare_result(steady, engine), changed, "ratio<1");
	assert_true(has_note("processors: 2 in the base, 64 in the new result"));
	assert_true(has_note("fewer than 3 samples"));
	tear_down(NULL);
	judge(compare_result(steady, engine), compare_result(steady, engine), "ratio<1");
	assert_int_equal(comparison.note_count, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_gates, tear_down),
		cmocka_unit_test_teardown(test_reason, tear_down),
		cmocka_unit_test_teardown(test_uncounted_samples, tear_down),
		cmocka_unit_test_teardown(test_ratio_is_of_pairs, tear_down),
		cmocka_unit_test_teardown(test_missing_key, tear_down),
		cmocka_unit_test_teardown(test_missing_may_be_skipped, tear_down),
		cmocka_unit_test_teardown(test_workloads, tear_down),
		cmocka_unit_test_teardown(test_workload_patterns, tear_down),
		cmocka_unit_test_teardown(test_streams, tear_down),
		cmocka_unit_test_teardown(test_recorded_kernel, tear_down),
		cmocka_unit_test_teardown(test_latency, tear_down),
		cmocka_unit_test_teardown(test_history, tear_down),
		cmocka_unit_test_teardown(test_notes, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

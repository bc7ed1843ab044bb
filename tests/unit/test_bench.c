/* SPDX-License-Identifier: GPL-2.0 */
/* What a bench is to run, what it has run already, and how times grow; nothing is built here. */
#include "profiler/bench_fit.h"
#include "profiler/bench_plan.h"
#include "profiler/bench_prune.h"
#include "profiler/bench_results.h"
#include "profiler/bench_sweep.h"
#include "profiler/compare_input.h"
#include "profiler/progress.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static int make_plan(struct bench_plan *plan, const char *name, const char *parameter,
		     const char *sweep, const char *shard, struct failure *failure)
{
	struct option_list parameters = {.items = &parameter, .count = parameter != NULL};

	return bench_plan_make(plan,
			       &(struct bench_selection){
				       .names = (char *const[]){(char *)name},
				       .name_count = name != NULL,
				       .size = WORKLOAD_TINY,
				       .parameters = &parameters,
				       .sweep = sweep,
				       .shard = shard,
				       .variant = BENCH_VARIANT_DEFAULT,
			       },
			       failure);
}

static void expect_labels(const struct bench_plan *plan, const char *const *labels)
{
	for (size_t i = 0; i < plan->count; i++) {
		char *label = bench_job_label(&plan->jobs[i]);

		assert_non_null(labels[i]);
		assert_string_equal(label, labels[i]);
		free(label);
	}
	assert_null(labels[plan->count]);
}

static void assert_larger(const struct workload *workload)
{
	uint64_t before = 0;

	for (size_t size = 0; size < WORKLOAD_SIZES; size++) {
		struct workload_claims claims = {0};
		uint64_t values[WORKLOAD_PARAMETERS_MAX], weight;

		for (size_t i = 0; i < workload_parameter_count(workload); i++)
			values[i] = workload->parameters[i].values[size];
		workload->claim(values, &claims);
		weight = claims.files + claims.references + claims.attributes;
		assert_true(weight > before);
		before = weight;
	}
}

/* Every value of the table is one that could be given, and a larger size has more in it. */
static void test_table(void **state)
{
	(void)state;
	for (size_t i = 0; workloads[i]; i++) {
		const struct workload *workload = workloads[i];

		assert_ptr_equal(workload_find(workload->name), workload);
		assert_in_range(workload_parameter_count(workload), 1, WORKLOAD_PARAMETERS_MAX);
		assert_larger(workload);
		for (size_t j = 0; j < workload_parameter_count(workload); j++) {
			const struct workload_parameter *parameter = &workload->parameters[j];

			for (size_t size = 0; size < WORKLOAD_SIZES; size++) {
				assert_true(parameter->values[size] >= parameter->minimum);
				assert_true(parameter->values[size] <= parameter->maximum);
			}
		}
	}
	assert_null(workload_find("many"));
}

static void test_parameters(void **state)
{
	static const struct {
		const char *name, *parameter, *label;
	} cases[] = {
		{"bulk", NULL, "bulk files=2 mib=1"},
		{"bulk", "mib=7", "bulk files=2 mib=7"},
		{"many-refs", "spread=within",
		 "many-refs extents=8 refs=8 kib=4 spread=within plain=1"},
		{"random", "seed=0", "random seed=0 files=60 changes=100"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct failure failure = {0};
		struct bench_plan plan;

		assert_int_equal(
			make_plan(&plan, cases[i].name, cases[i].parameter, NULL, NULL, &failure),
			0);
		expect_labels(&plan, (const char *const[]){cases[i].label, NULL});
		bench_plan_release(&plan);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *name, *parameter, *sweep, *shard, *message;
	} cases[] = {
		{"bulc", NULL, NULL, NULL, "no workload 'bulc', did you mean 'bulk'?"},
		{"bulk", "mib", NULL, NULL, "have 'mib' expect NAME=VALUE"},
		{"bulk", "=1", NULL, NULL, "have '=1' expect NAME=VALUE"},
		{"bulk", "refs=1", NULL, NULL, "no workload has a parameter 'refs'"},
		{"bulk", "mi=1", NULL, NULL, "no workload has a parameter 'mi'"},
		{"bulk", "mib=0", NULL, NULL, "have '0' expect a number from 1 to 65536"},
		{"bulk", "mib=65537", NULL, NULL, "have '65537' expect a number"},
		{"bulk", "mib=-1", NULL, NULL, "have '-1' expect a number"},
		{"bulk", "mib=1x", NULL, NULL, "have '1x' expect a number"},
		{"bulk", "mib=99999999999999999999", NULL, NULL, "expect a number"},
		{"many-refs", "spread=1", NULL, NULL, "have '1' expect one of its words"},
		{"many-refs", NULL, "spread=files", NULL, "spread of many-refs is no number"},
		{"bulk", NULL, "refs=1,2", NULL, "bulk has no parameter 'refs'"},
		{"bulk", NULL, "mib=", NULL, "expect NAME=VALUE,VALUE..."},
		{"bulk", NULL, "mib=,", NULL, "expect NAME=VALUE,VALUE..."},
		{"bulk", NULL, "mib=1,0", NULL, "have '0' expect a number"},
		{"bulk", NULL, NULL, "0/2", "have '0/2' expect I/N"},
		{"bulk", NULL, NULL, "3/2", "have '3/2' expect I/N"},
		{"bulk", NULL, NULL, "1", "have '1' expect I/N"},
		{"bulk", NULL, NULL, "1/", "have '1/' expect I/N"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct failure failure = {0};
		struct bench_plan plan;

		assert_int_equal(make_plan(&plan, cases[i].name, cases[i].parameter, cases[i].sweep,
					   cases[i].shard, &failure),
				 -EINVAL);
		if (!strstr(failure.text, cases[i].message))
			fail_msg("have '%s' expect '%s'", failure.text, cases[i].message);
		bench_plan_release(&plan);
	}
}

/* Every way that is not the default is a name of its own, but the same filesystem. */
static void test_variants(void **state)
{
	static const struct {
		struct bench_variant variant;
		const char *label;
	} cases[] = {
		{{.finder = SEND_FINDER_INDEXED, .batch = true}, "bulk files=2 mib=1"},
		{{.finder = SEND_FINDER_INDEXED, .batch = true, .cold = true},
		 "bulk files=2 mib=1 cache=cold"},
		{{.finder = SEND_FINDER_INDEXED, .batch = true, .sink = SINK_NULL},
		 "bulk files=2 mib=1 sink=null"},
		{{.finder = SEND_FINDER_FAITHFUL, .batch = true},
		 "bulk files=2 mib=1 finder=faithful"},
		{{.finder = SEND_FINDER_INDEXED, .batch = true, .memory_bytes = 1 << 25},
		 "bulk files=2 mib=1 memory=33554432"},
		{{.finder = SEND_FINDER_INDEXED}, "bulk files=2 mib=1 batch=no"},
		{{true, SINK_NULL, SEND_FINDER_FAITHFUL, 1 << 25, false},
		 "bulk files=2 mib=1 cache=cold sink=null finder=faithful memory=33554432 "
		 "batch=no"},
	};
	enum { COUNT = sizeof(cases) / sizeof(cases[0]) };
	json_t *names[COUNT];

	(void)state;
	for (size_t i = 0; i < COUNT; i++) {
		struct failure failure = {0};
		struct bench_plan plan;
		char *label;

		assert_int_equal(make_plan(&plan, "bulk", NULL, NULL, NULL, &failure), 0);
		plan.jobs[0].variant = cases[i].variant;
		expect_labels(&plan, (const char *const[]){cases[i].label, NULL});
		label = bench_filesystem_label(&plan.jobs[0]);
		assert_string_equal(label, cases[0].label);
		free(label);
		names[i] = bench_job_parameters(&plan.jobs[0]);
		for (size_t j = 0; j < i; j++)
			assert_false(json_equal(names[i], names[j]));
		bench_plan_release(&plan);
	}
	for (size_t i = 0; i < COUNT; i++)
		json_decref(names[i]);
}

static void test_images(void **state)
{
	static const char suffix[] = "_mkfs-v6.2_builder-2.img";
	static const struct {
		const char *name;
		enum bench_image kind;
		int pid;
	} cases[] = {
		{"bulk_files=2_mib=1_mkfs-v6.2_builder-2.img", BENCH_IMAGE_CURRENT, 0},
		{"bulk_files=2_mib=1_mkfs-v6.2_builder-1.img", BENCH_IMAGE_OLD, 0},
		{"bulk_files=2_mib=1_mkfs-v6.14_builder-2.img", BENCH_IMAGE_OLD, 0},
		{"many-refs_spread=files_mkfs-v6.2_builder-12.img", BENCH_IMAGE_OLD, 0},
		{"bulk_mib=1_mkfs-v6.2_builder-2.img.123", BENCH_IMAGE_UNFINISHED, 123},
		{"bulk_mib=1_mkfs-v6.2_builder-2.img.12345678901", BENCH_IMAGE_FOREIGN, 0},
		{"bulk_mib=1_mkfs-v6.2_builder-1.img.gz", BENCH_IMAGE_FOREIGN, 0},
		{"my bulk_mib=1_mkfs-v6.2_builder-1.img", BENCH_IMAGE_FOREIGN, 0},
		{"_mkfs-v6.2_builder-2.img", BENCH_IMAGE_FOREIGN, 0},
		{"debian.img", BENCH_IMAGE_FOREIGN, 0},
		{"", BENCH_IMAGE_FOREIGN, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int pid;

		if (bench_image_kind(cases[i].name, suffix, &pid) != cases[i].kind ||
		    pid != cases[i].pid)
			fail_msg("'%s' is taken for something else", cases[i].name);
	}
}

/* A workload with a parameter of that name would overwrite it. */
static void test_variant_names(void **state)
{
	static const char *const words[] = {"cache", "sink", "finder", "memory", "batch"};

	(void)state;
	for (size_t i = 0; workloads[i]; i++) {
		for (size_t j = 0; j < workload_parameter_count(workloads[i]); j++) {
			for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++)
				assert_string_not_equal(workloads[i]->parameters[j].name, words[k]);
		}
	}
}

static void test_sweep(void **state)
{
	struct failure failure = {0};
	struct bench_plan plan;

	(void)state;
	assert_int_equal(make_plan(&plan, "bulk", "files=3", "mib=1,10,100", NULL, &failure), 0);
	expect_labels(&plan, (const char *const[]){"bulk files=3 mib=1", "bulk files=3 mib=10",
						   "bulk files=3 mib=100", NULL});
	assert_string_equal(plan.swept, "mib");
	bench_plan_release(&plan);
}

/* Each job is in one shard. */
static void test_shards(void **state)
{
	struct failure failure = {0};
	struct bench_plan all, part;

	(void)state;
	assert_int_equal(make_plan(&all, NULL, NULL, NULL, NULL, &failure), 0);
	for (uint64_t count = 1; count <= all.count + 1; count++) {
		size_t seen = 0;

		for (uint64_t index = 0; index < count; index++) {
			char shard[32];

			snprintf(shard, sizeof(shard), "%d/%d", (int)index + 1, (int)count);
			assert_int_equal(make_plan(&part, NULL, NULL, NULL, shard, &failure), 0);
			for (size_t i = 0; i < part.count; i++)
				assert_ptr_equal(part.jobs[i].workload,
						 all.jobs[index + i * count].workload);
			seen += part.count;
			bench_plan_release(&part);
		}
		assert_int_equal(seen, all.count);
	}
	bench_plan_release(&all);
}

static void test_fit(void **state)
{
	const struct bench_point square[] = {{1, 3}, {10, 300}, {100, 30000}, {0, 5}, {7, 0}};
	const struct bench_point flat[] = {{1, 5}, {4, 5}, {9, 5}};
	const struct bench_point scattered[] = {{1, 1}, {2, 4}, {4, 2}, {8, 8}};
	const struct bench_point same[] = {{3, 1}, {3, 2}};
	const struct bench_point close[] = {{2097152, 3e9}, {2097153, 2e9}};
	const struct bench_point steep[] = {{1048576, 3e9}, {1050000, 2e9}};
	struct bench_fit fit;

	(void)state;
	assert_true(bench_fit(square, 5, &fit));
	assert_int_equal(fit.points, 3);
	assert_true(fabs(fit.exponent - 2) < 1e-9 && fabs(fit.factor - 3) < 1e-6);
	assert_true(fabs(fit.certainty - 1) < 1e-9);
	assert_true(bench_fit(flat, 3, &fit));
	assert_true(fabs(fit.exponent) < 1e-9 && fabs(fit.factor - 5) < 1e-9);
	/* By hand: logs to base 2 are (0,0) (1,2) (2,1) (3,3), slope 4/5, R squared 16/25. */
	assert_true(bench_fit(scattered, 4, &fit));
	assert_true(fabs(fit.exponent - 0.8) < 1e-9 && fabs(fit.certainty - 0.64) < 1e-9);
	assert_false(bench_fit(same, 2, &fit));
	/* The one hardly has two points, the factor of the other is above what a number can be. */
	assert_false(bench_fit(close, 2, &fit));
	assert_false(bench_fit(steep, 2, &fit));
	assert_false(bench_fit(square, 1, &fit));
	assert_false(bench_fit(square, 0, &fit));
}

static json_t *made_up_result(const char *verdict, int repeat)
{
	return json_pack("{s:i, s:s, s:{s:s}, s:{s:i}}", "schema_version", 1, "verdict", verdict,
			 "environment", "kernel", "6.18", "request", "repeat", repeat);
}

static json_t *refs(int count)
{
	return json_pack("{s:i}", "refs", count);
}

static void test_finished(void **state)
{
	static const struct {
		const char *verdict;
		int repeat;
		bool finished;
	} cases[] = {
		{"equal", 3, true},
		{"different", 3, true},
		{"incomplete", 3, false},
		{"equal", 4, false},
	};
	const struct bench_conditions here = {3, "6.18"}, there = {3, "6.19"};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *workload = json_pack("{s:o}", "result",
					     made_up_result(cases[i].verdict, cases[i].repeat));

		assert_int_equal(bench_results_finished(workload, &here), cases[i].finished);
		assert_false(bench_results_finished(workload, &there));
		json_decref(workload);
	}
	assert_false(bench_results_finished(NULL, &here));
}

/* A result takes the place of the one before it; another parameter makes it another workload. */
static void test_put(void **state)
{
	const struct bench_conditions conditions = {3, "6.18"};
	json_t *document = bench_results_new(), *ten = refs(10), *found;

	(void)state;
	assert_int_equal(bench_results_put(document, "many-refs", refs(10), json_null()), 0);
	assert_int_equal(bench_results_put(document, "many-refs", refs(20), json_null()), 0);
	assert_int_equal(bench_results_put(document, "other", refs(10), json_null()), 0);
	found = bench_results_find(document, "many-refs", ten);
	assert_false(bench_results_finished(found, &conditions));
	assert_int_equal(
		bench_results_put(document, "many-refs", refs(10), made_up_result("equal", 3)), 0);
	assert_ptr_equal(bench_results_find(document, "many-refs", ten), found);
	assert_true(bench_results_finished(found, &conditions));
	assert_int_equal(json_array_size(json_object_get(document, "workloads")), 3);
	json_decref(ten);
	json_decref(document);
}

static void test_merge(void **state)
{
	json_t *all = bench_results_new(), *one = bench_results_new(), *none = bench_results_new();
	struct failure failure = {0};

	(void)state;
	bench_results_put(one, "bulk", refs(1), made_up_result("equal", 3));
	bench_results_put(none, "bulk", refs(1), json_null());
	bench_results_put(all, "bulk", refs(2), made_up_result("equal", 3));
	/* Without a result there is nothing that could be there twice. */
	assert_int_equal(bench_results_merge(all, none, "none.json", &failure), 0);
	assert_int_equal(json_array_size(json_object_get(all, "workloads")), 1);
	assert_int_equal(bench_results_merge(all, one, "one.json", &failure), 0);
	assert_int_equal(json_array_size(json_object_get(all, "workloads")), 2);
	assert_int_equal(bench_results_merge(all, none, "none.json", &failure), 0);
	assert_int_equal(bench_results_merge(all, one, "one.json", &failure), -EEXIST);
	assert_non_null(strstr(failure.text, "one.json: workloads[0]: bulk"));
	json_decref(all);
	json_decref(one);
	json_decref(none);
}

static json_t *timed_result(json_int_t kernel, json_int_t engine)
{
	json_t *result = made_up_result("equal", 3);

	json_object_set_new(result, "sides",
			    json_pack("{s:{s:I}, s:{s:I}}", "kernel", "median_ns", kernel, "engine",
				      "median_ns", engine));
	return result;
}

/* Only what differs in nothing but the parameter is a point, and only whole numbers are. */
static void test_sweeps(void **state)
{
	json_t *document = bench_results_new();
	json_t *wanted = json_pack("[{s:s, s:s, s:{s:i}}, {s:s, s:s}, i]", "workload", "many-refs",
				   "parameter", "refs", "parameters", "kib", 4, "workload",
				   "many-refs", "parameter", "refs", 7);
	const json_t *sweep;
	struct bench_sweep_member *members;
	size_t count;

	(void)state;
#define REFS(refs, kib) json_pack("{s:i, s:i}", "refs", refs, "kib", kib)
	bench_results_put(document, "many-refs", REFS(100, 4), timed_result(10000, 300));
	bench_results_put(document, "many-refs", REFS(1, 4), timed_result(1, 3));
	bench_results_put(document, "many-refs", REFS(10, 8), timed_result(5, 5));
	bench_results_put(document, "other", REFS(10, 4), timed_result(5, 5));
	bench_results_put(document, "many-refs", refs(10), timed_result(5, 5));
	bench_results_put(document, "many-refs", REFS(10, 4), json_null());
	assert_int_equal(bench_sweeps_note(document, wanted), 0);
	/* A second time changes nothing: they are in the document now. */
	assert_int_equal(bench_sweeps_note(document, wanted), 0);
	assert_int_equal(json_array_size(json_object_get(document, "sweeps")), 1);
	sweep = json_array_get(json_object_get(document, "sweeps"), 0);
	assert_true(fabs(json_real_value(
				 json_object_get(json_object_get(sweep, "kernel"), "exponent")) -
			 2) < 1e-9);
	assert_true(fabs(json_real_value(
				 json_object_get(json_object_get(sweep, "engine"), "exponent")) -
			 1) < 1e-9);
	assert_int_equal(bench_sweep_members(document, sweep, &members, &count), 0);
	assert_int_equal(count, 2);
	assert_int_equal(members[0].value, 1);
	assert_int_equal(members[1].value, 100);
	assert_ptr_equal(members[1].result,
			 json_object_get(json_array_get(json_object_get(document, "workloads"), 0),
					 "result"));
	free(members);
	/* The missing one comes: the fit has it. */
	bench_results_put(document, "many-refs", REFS(10, 4), timed_result(100, 30));
	assert_int_equal(bench_sweeps_note(document, NULL), 0);
	sweep = json_array_get(json_object_get(document, "sweeps"), 0);
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(sweep, "kernel"), "points")), 3);
	json_decref(wanted);
	json_decref(document);
}

/* By the shares of the tasks, and within one by its repeats. */
static void test_time_left(void **state)
{
	struct progress progress = {.quiet = true};
	const uint64_t second = 1000000000;

	(void)state;
	assert_int_equal(progress_left_ns(&progress, second), 0);
	progress_begin_task(&progress, "[1/2] bulk", 0, 0.25);
	assert_int_equal(progress_left_ns(&progress, progress.tasks_ns + second), 0);
	progress_begin(&progress, "kernel", 1, 3);
	assert_int_equal(progress_left_ns(&progress, progress.tasks_ns + second), 15 * second);
	progress_begin_task(&progress, "[2/2] sparse", 0.25, 0.75);
	assert_int_equal(progress_left_ns(&progress, progress.tasks_ns + second), 3 * second);
	progress_begin_task(&progress, "", 1, 0);
	assert_int_equal(progress_left_ns(&progress, progress.tasks_ns + second), 0);
}

/* What is larger weighs more. */
static void test_weights(void **state)
{
	struct bench_job small = {.workload = workload_find("bulk"), .values = {1, 16}};
	struct bench_job large = {.workload = workload_find("bulk"), .values = {4, 64}};

	(void)state;
	assert_true(bench_job_weight(&small) > 0);
	assert_true(bench_job_weight(&large) > 10 * bench_job_weight(&small));
}

/* What is written is what compare takes, and comes back as it was. */
static void test_file(void **state)
{
	char path[] = "/tmp/sendprof-bench-test.XXXXXX";
	json_t *document = bench_results_new(), *again;
	struct failure failure = {0};
	struct input input;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	bench_results_put(document, "bulk", refs(1), made_up_result("equal", 3));
	bench_results_put(document, "bulk", refs(2), json_null());
	assert_int_equal(bench_results_save(document, path, &failure), 0);
	again = bench_results_load(path, false, &failure);
	assert_true(json_equal(document, again));
	assert_int_equal(input_load(&input, path, &failure), 0);
	assert_int_equal(input.count, 1);
	assert_string_equal(input.workloads[0].label, "bulk refs=1");
	input_release(&input);
	json_decref(again);
	unlink(path);
	again = bench_results_load(path, true, &failure);
	assert_int_equal(json_array_size(json_object_get(again, "workloads")), 0);
	assert_null(bench_results_load(path, false, &failure));
	assert_int_equal(failure.code, -ENOENT);
	json_decref(again);
	json_decref(document);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),	  cmocka_unit_test(test_parameters),
		cmocka_unit_test(test_refused),	  cmocka_unit_test(test_sweep),
		cmocka_unit_test(test_shards),	  cmocka_unit_test(test_fit),
		cmocka_unit_test(test_finished),  cmocka_unit_test(test_put),
		cmocka_unit_test(test_merge),	  cmocka_unit_test(test_file),
		cmocka_unit_test(test_images),	  cmocka_unit_test(test_sweeps),
		cmocka_unit_test(test_variants),  cmocka_unit_test(test_variant_names),
		cmocka_unit_test(test_time_left), cmocka_unit_test(test_weights),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

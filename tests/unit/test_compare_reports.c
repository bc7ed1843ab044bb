/* SPDX-License-Identifier: GPL-2.0 */
/* What the renderers say about a comparison, and that no name in it can break their formats. */
#include "reports/comparison.h"
#include "reports/format.h"
#include "tests/unit/compare_files.h"
#include "tests/unit/html_check.h"

static const double steady[] = {100, 101, 99, 100.5, 99.5, 100, 0};
static const double slower[] = {130, 131, 129, 130.5, 129.5, 130, 0};

static struct comparison comparison;

static int plain_text(const struct comparison *shown, FILE *out)
{
	return comparison_text(shown, out, false, 80, false);
}

static char *render(int (*write)(const struct comparison *shown, FILE *out))
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_int_equal(write(&comparison, out), 0);
	fclose(out);
	return text;
}

static void expect_in(const char *text, const char *wanted)
{
	if (!strstr(text, wanted))
		fail_msg("no '%s' in:\n%s", wanted, text);
}

static void compare(json_t *const *results, size_t count, const char *const *conditions)
{
	char *paths[COMPARE_FILES_MAX];
	struct failure failure = {0};

	for (size_t i = 0; i < count; i++)
		paths[i] = compare_json_file(results[i]);
	if (compare_files(&comparison, paths, count, conditions, true, &failure) < 0)
		fail_msg("%s", failure.text);
}

static int tear_down(void **state)
{
	(void)state;
	comparison_release(&comparison);
	compare_files_remove();
	return 0;
}

static void compare_two(const double *kernel)
{
	compare((json_t *const[]){compare_result(steady, steady), compare_result(kernel, steady)},
		2, (const char *const[]){"kernel.duration>10%", "*.first_byte<5%", NULL});
}

static void test_text(void **state)
{
	char *text;

	(void)state;
	setenv("LC_ALL", "C.UTF-8", 1);
	compare_two(slower);
	text = render(plain_text);
	assert_int_equal(strncmp(text, "FAILED  1 of 3 gates\n", 21), 0);
	expect_in(text, "\n  kernel.duration     100 ms   130 ms  +30.0%");
	expect_in(text, "  worse\n");
	expect_in(text, "\n  ratio                1.00×    1.30×  +30.0%");
	expect_in(text, "  changed\n");
	expect_in(text, "\n  passed  streams               equal   equal\n");
	expect_in(text, "\n  failed  kernel.duration>10%  100 ms  130 ms  +30.0%\n");
	expect_in(text, "kernel.duration: 130 ms, was 100 ms (+30.0%, 95%: +");
	/* Nothing is wider than the terminal. */
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		assert_in_range(format_width(line), 0, 80);
	free(text);
}

static void test_course(void **state)
{
	char *text;

	(void)state;
	setenv("LC_ALL", "C.UTF-8", 1);
	compare((json_t *const[]){compare_result(steady, steady), compare_result(slower, steady),
				  compare_result(steady, steady)},
		3, (const char *const[]){NULL});
	text = render(comparison_html);
	html_check(text);
	/* The middle is at the top, the others at the bottom; the mark is on the last. */
	expect_in(text, "<polyline points=\"3,21 50,3 97,21 \"/><circle cx=\"97\" cy=\"21\"");
	/* Both durations, 100 and 130 ms, are drawn, the engine's flat. */
	expect_in(text,
		  "stroke=\"var(--kernel)\" stroke-width=\"2\" d=\"M86 134L462 100L838 134\"");
	expect_in(text,
		  "stroke=\"var(--engine)\" stroke-width=\"2\" d=\"M86 134L462 134L838 134\"");
	free(text);
	comparison_release(&comparison);
	compare_files_remove();
	compare((json_t *const[]){compare_result(steady, steady), compare_result(steady, steady),
				  compare_result(slower, steady)},
		3, (const char *const[]){NULL});
	text = render(plain_text);
	expect_in(text, "▁▁█");
	free(text);
}

static void test_markdown(void **state)
{
	char *text;

	(void)state;
	compare_two(slower);
	text = render(comparison_markdown);
	expect_in(text, "# FAILED: 1 of 3 gates\n\n## Gates\n\n|  | Gate | Base | New | Change |\n"
			"|---|---|---:|---:|---:|\n| passed | streams | equal | equal |  |\n"
			"| failed | kernel.duration\\>10% | 100 ms | 130 ms | +30.0% |\n");
	expect_in(text, "\n## Why it failed\n");
	free(text);
}

static void test_junit(void **state)
{
	char *text;

	(void)state;
	compare_two(slower);
	text = render(comparison_junit);
	expect_in(text,
		  "<testsuites name=\"sendprof compare\" tests=\"3\" failures=\"1\" "
		  "errors=\"0\" skipped=\"0\">\n  <testsuite name=\"run\" tests=\"3\" "
		  "failures=\"1\" errors=\"0\" skipped=\"0\">\n    <testcase classname=\"run\" "
		  "name=\"streams\"/>\n    <testcase classname=\"run\" "
		  "name=\"kernel.duration&gt;10%\">\n      <failure type=\"regression\" "
		  "message=\"kernel.duration: 130 ms, was 100 ms");
	expect_in(text, "name=\"*.first_byte&lt;5%\"/>\n  </testsuite>\n</testsuites>\n");
	free(text);
}

static void test_junit_divergence(void **state)
{
	json_t *changed = compare_result(steady, steady);
	char *text;

	(void)state;
	json_object_set_new(changed, "verdict", json_string("different"));
	compare((json_t *const[]){compare_result(steady, steady), changed}, 2,
		(const char *const[]){NULL});
	text = render(comparison_junit);
	expect_in(text, "name=\"streams\">\n      <failure type=\"divergence\" "
			"message=\"the streams differ\"/>\n    </testcase>\n");
	free(text);
	text = render(plain_text);
	expect_in(text, "streams of 1 workload are not identical");
	free(text);
}

/* Workloads are named by whoever wrote the file. */
static void test_hostile_names(void **state)
{
	static const char name[] = "<script>\"&'|`\033[31m\xe2\x80\xae]]> \\ #";
	char *text;

	(void)state;
	compare((json_t *const[]){compare_bench(name, compare_result(steady, steady), "other",
						compare_result(steady, steady), NULL),
				  compare_bench(name, compare_result(slower, steady), NULL)},
		2, (const char *const[]){"*:kernel.duration>10%", NULL});
	text = render(comparison_html);
	html_check(text);
	assert_null(strstr(text, "<script>"));
	free(text);
	text = render(comparison_junit);
	assert_null(strchr(text, '\033'));
	assert_null(strstr(text, "<script>"));
	expect_in(text, "type=\"missing\" message=\"not in ");
	free(text);
	text = render(comparison_markdown);
	assert_null(strchr(text, '\033'));
	assert_null(strstr(text, "<script>"));
	expect_in(text, "\\<script\\>");
	free(text);
	text = render(plain_text);
	assert_null(strchr(text, '\033'));
	free(text);
}

static void test_json(void **state)
{
	json_t *json, *metric, *gate;

	(void)state;
	compare_two(slower);
	json = comparison_to_json(&comparison);
	assert_non_null(json);
	assert_true(json_is_false(json_object_get(json, "passed")));
	metric = json_array_get(
		json_object_get(json_array_get(json_object_get(json, "workloads"), 0), "metrics"),
		0);
	assert_string_equal(json_string_value(json_object_get(metric, "key")), "kernel.duration");
	assert_string_equal(json_string_value(json_object_get(metric, "judgement")), "worse");
	assert_true(json_real_value(json_array_get(json_object_get(metric, "values"), 1)) == 130e6);
	gate = json_array_get(json_object_get(json, "gates"), 1);
	assert_true(json_is_true(json_object_get(gate, "fails")));
	assert_string_equal(json_string_value(json_object_get(gate, "result")), "failed");
	json_decref(json);
}

/* A full disk is told. */
static void test_write_errors(void **state)
{
	FILE *full = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(full);
	compare_two(steady);
	assert_true(comparison_text(&comparison, full, false, 80, true) < 0);
	assert_true(comparison_junit(&comparison, full) < 0);
	assert_true(comparison_markdown(&comparison, full) < 0);
	assert_true(comparison_html(&comparison, full) < 0);
	fclose(full);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_text, tear_down),
		cmocka_unit_test_teardown(test_course, tear_down),
		cmocka_unit_test_teardown(test_markdown, tear_down),
		cmocka_unit_test_teardown(test_junit, tear_down),
		cmocka_unit_test_teardown(test_junit_divergence, tear_down),
		cmocka_unit_test_teardown(test_hostile_names, tear_down),
		cmocka_unit_test_teardown(test_json, tear_down),
		cmocka_unit_test_teardown(test_write_errors, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

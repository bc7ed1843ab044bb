/* SPDX-License-Identifier: GPL-2.0 */
/* What is shown of benches, one or several, and that no name in them can break a page. */
#include "profiler/bench_results.h"
#include "profiler/bench_sweep.h"
#include "profiler/folders.h"
#include "reports/bench.h"
#include "tests/unit/compare_files.h"
#include "tests/unit/html_check.h"
#include "tests/unit/sample_result.h"

#include <errno.h>

static struct result sample;
static struct bench_history history;

/* The sample, in which kernel and engine take 960 and 320 ms, @times as long. */
static json_t *slower(unsigned int times, enum verdict verdict)
{
	sample_equal(&sample);
	sample.verdict = verdict;
	sample.sides[SIDE_ENGINE].caches[CACHE_BACKREF] =
		(struct cache_counters){700, 650, 50, 0, 1, 0};
	for (enum side side = 0; side < SIDE_COUNT; side++)
		for (size_t i = 0; i < sample.sides[side].sample_count; i++)
			sample.sides[side].samples[i].duration_ns *= times;
	return result_to_json(&sample);
}

static json_t *refs(int count)
{
	return json_pack("{s:i, s:s}", "refs", count, "mode", "x");
}

/* A bench of one workload. */
static json_t *bench_of(const char *name, unsigned int times, enum verdict verdict)
{
	json_t *document = bench_results_new();

	assert_int_equal(bench_results_put(document, name, refs(10), slower(times, verdict)), 0);
	return document;
}

static void load(json_t *const *documents, size_t count)
{
	char *paths[COMPARE_FILES_MAX];
	struct failure failure = {0};

	for (size_t i = 0; i < count; i++)
		paths[i] = compare_json_file(documents[i]);
	if (bench_history_load(&history, paths, count, &failure))
		fail_msg("%s", failure.text);
}

static int plain_text(const struct bench_history *shown, FILE *out)
{
	return bench_text(shown, out, false, 110);
}

static int narrow_text(const struct bench_history *shown, FILE *out)
{
	return bench_text(shown, out, false, 60);
}

static int page(const struct bench_history *shown, FILE *out)
{
	return bench_html(shown, NULL, out);
}

static char *render(int (*write)(const struct bench_history *shown, FILE *out))
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_int_equal(write(&history, out), 0);
	fclose(out);
	return text;
}

static void expect_in(const char *text, const char *wanted)
{
	if (!strstr(text, wanted))
		fail_msg("no '%s' in:\n%s", wanted, text);
}

static void expect_not_in(const char *text, const char *unwanted)
{
	if (strstr(text, unwanted))
		fail_msg("'%s' in:\n%s", unwanted, text);
}

static int tear_down(void **state)
{
	(void)state;
	bench_history_release(&history);
	compare_files_remove();
	return 0;
}

static void test_text(void **state)
{
	char *text;

	(void)state;
	setenv("LC_ALL", "C.UTF-8", 1);
	load((json_t *const[]){bench_of("bulk", 1, VERDICT_EQUAL)}, 1);
	text = render(plain_text);
	expect_in(text, "  bulk mode=x refs=10  960 ms  320 ms   3.00×  5.09 MiB  identical\n");
	expect_in(text,
		  "  bulk mode=x refs=10  kernel   120 ms   240 ms     702      2     8.00 KiB "
		  "           –\n");
	expect_in(text, "engine  40.0 ms  80.0 ms     702      2     8.00 KiB     50.0 MiB\n");
	expect_not_in(text, "Sweep");
	free(text);
	/* A name goes on below itself, where the other side's row has room for it. */
	text = render(narrow_text);
	expect_in(text, "  Workload          Kernel  Engine  Faster    Stream  Verdict\n"
			"  bulk mode=x       960 ms  320 ms   3.00×  5.09 MiB  identical\n"
			"  refs=10\n\n");
	expect_in(text, "  Resources, medians  Sender  ");
	expect_in(text, "\n  bulk mode=x         kernel   120 ms  ");
	expect_in(text, "\n  refs=10             engine  40.0 ms  ");
	free(text);
}

static void test_page(void **state)
{
	char *text;

	(void)state;
	load((json_t *const[]){bench_of("bulk", 1, VERDICT_EQUAL)}, 1);
	text = render(page);
	assert_in_range(html_check(text), 60, 200);
	expect_in(text, "<h1>IDENTICAL</h1>");
	expect_in(text, "1 of 1 workloads sent alike, byte for byte; Linux 6.18.44");
	/* The longer bar is as wide as there is room, the other a third of it; and in the narrow
	 * one. */
	expect_in(text, "width=\"776\" height=\"12\"");
	expect_in(text, "width=\"259\" height=\"12\"");
	expect_in(text, "width=\"296\" height=\"12\"");
	expect_in(text, "width=\"99\" height=\"12\"");
	expect_not_in(text, "<section id=\"sweeps\">");
	expect_not_in(text, "<section id=\"course\">");
	expect_not_in(text, "http");
	free(text);
}

static void test_different(void **state)
{
	char *text;

	(void)state;
	load((json_t *const[]){bench_of("bulk", 1, VERDICT_DIFFERENT)}, 1);
	text = render(page);
	html_check(text);
	expect_in(text, "<h1>DIFFERENT</h1>");
	expect_in(text, "0 of 1 workloads sent alike");
	free(text);
}

/* Times that grow with the square of the parameter, and a fit that says so. */
static json_t *sweep_of_squares(const char *parameter)
{
	json_t *document = bench_results_new();
	json_t *wanted = json_pack("[{s:s, s:s, s:{s:s}}]", "workload", "many", "parameter",
				   parameter, "parameters", "mode", "x");

	for (int i = 1; i <= 100; i *= 10)
		bench_results_put(document, "many",
				  json_pack("{s:i, s:s}", parameter, i, "mode", "x"),
				  slower((unsigned int)(i * i), VERDICT_EQUAL));
	assert_int_equal(bench_sweeps_note(document, wanted), 0);
	json_decref(wanted);
	return document;
}

static void test_sweep(void **state)
{
	char *text;

	(void)state;
	setenv("LC_ALL", "C.UTF-8", 1);
	load((json_t *const[]){sweep_of_squares("refs")}, 1);
	assert_int_equal(history.curve_count, 1);
	assert_int_equal(history.curves[0].point_count, 3);
	/* Nobody watched the kernel; the engine tells of itself. */
	assert_false(bench_curve_has(&history.curves[0], BENCH_WALKS, SIDE_KERNEL));
	assert_true(bench_curve_has(&history.curves[0], BENCH_WALKS, SIDE_ENGINE));
	text = render(page);
	html_check(text);
	expect_in(text, "Plots are missing: none were drawn; that needs gnuplot");
	expect_in(text, "x^2.00 (R² 1.00)");
	expect_in(text, ">100</th>");
	free(text);
	text = render(plain_text);
	expect_in(text, "  many mode=x  refs       3  x^2.00 (R² 1.00)  x^2.00 (R² 1.00)\n");
	expect_in(text, "many mode=x over refs\n");
	/* Of 400 searches 300 walked, and found 888 references. */
	expect_in(text, "    100  kernel   2 h 40 min      –           –           –  5.09 MiB\n"
			"         engine  53 min 20 s    300         888       92.9%  5.09 MiB\n");
	free(text);
}

static char *read_text(const char *folder, const char *name)
{
	char *path, *text = calloc(1, 1 << 20);
	FILE *file;

	assert_true(asprintf(&path, "%s/%s", folder, name) > 0);
	file = fopen(path, "r");
	if (!file)
		fail_msg("no %s", path);
	assert_true(fread(text, 1, (1 << 20) - 1, file) > 0);
	fclose(file);
	free(path);
	return text;
}

/* All files; a parameter by a name that no script survives. */
static void test_folder(void **state)
{
	char folder[] = "/tmp/test_bench_reports.XXXXXX", *text;
	struct failure failure = {0};
	bool drawn;

	(void)state;
	assert_non_null(mkdtemp(folder));
	load((json_t *const[]){sweep_of_squares("re'fs`\"; exit")}, 1);
	assert_int_equal(bench_write_all(&history, folder, &failure), 0);
	drawn = failure.code == 0;
	if (!drawn)
		assert_int_equal(failure.code, -ENOENT);
	text = read_text(folder, "plots/sweep-1.gp");
	expect_in(text, "parameter = \"re?fs????exit\"\n");
	expect_in(text, "kernel_name = 'kernel ~ x^2.00'.(narrow ? '' : ' (R² 1.00)')\n");
	expect_in(text, "x_tics = '(\"1\" 1, \"10\" 10, \"100\" 100)'\n");
	expect_in(text, "\"hits of the leaf-to-roots cache\"");
	free(text);
	/* Times, a gap where the kernel's walks would be, and the engine's; rates are of 10,000. */
	text = read_text(folder, "plots/sweep-1.dat");
	expect_in(text, "1 960000000\n10 96000000000\n100 9600000000000\n\n\n1 320000000\n");
	expect_in(text, "\n\n\n1 NaN\n10 NaN\n100 NaN\n\n\n1 300\n10 300\n100 300\n\n\n");
	expect_in(text, "\n1 9286\n10 9286\n100 9286\n");
	/* The line that fits runs through both ends. */
	expect_in(text, "1 960000000\n100 9600000000000\n\n\n1 320000000\n100 3200000000000\n");
	free(text);
	text = read_text(folder, "report.html");
	html_check(text);
	if (drawn)
		expect_in(text, "<figure><svg class=\"plot wide\" role=\"img\" "
				"aria-label=\"sweep-1\"");
	free(text);
	text = read_text(folder, "report.md");
	expect_in(text, "| many mode=x | re'fs\\`\"; exit | 3 | x^2.00 (R² 1.00) |");
	if (drawn)
		expect_in(text, "![sweep-1](plots/sweep-1.png)");
	else
		expect_in(text, "Plots are missing: ");
	free(text);
	assert_int_equal(folder_remove(folder), 0);
}

static void test_markdown(void **state)
{
	char *text;

	(void)state;
	load((json_t *const[]){bench_of("bulk", 1, VERDICT_EQUAL),
			       bench_of("bulk", 2, VERDICT_EQUAL)},
	     2);
	text = render(bench_markdown);
	expect_in(text, "# IDENTICAL: 1 of 1 workloads sent alike, byte for byte; Linux 6.18.44");
	expect_in(text,
		  "\n## Times\n\n| Workload | Kernel | Engine | Faster | Stream | Verdict |\n"
		  "|---|---:|---:|---:|---:|---|\n"
		  "| bulk mode=x refs=10 | 1.92 s | 640 ms | 3.00× | 5.09 MiB | identical |\n");
	expect_in(text, "\n|  | engine | 40.0 ms | 80.0 ms | 702 | 2 | 8.00 KiB | 50.0 MiB |\n");
	expect_in(text, "\n| bulk mode=x refs=10 | kernel | 960 ms, 1.92 s |\n"
			"|  | engine | 320 ms, 640 ms |\n");
	expect_not_in(text, "How times grow");
	free(text);
}

/* A gap where a file does not have the workload; what only an older one has is counted. */
static void test_course(void **state)
{
	char *text;

	(void)state;
	load((json_t *const[]){bench_of("bulk", 1, VERDICT_EQUAL),
			       bench_of("gone", 1, VERDICT_EQUAL),
			       bench_of("bulk", 2, VERDICT_EQUAL),
			       bench_of("bulk", 4, VERDICT_EQUAL)},
	     4);
	assert_int_equal(history.workload_count, 1);
	assert_int_equal(history.gone, 1);
	assert_false(history.workloads[0].seen[1].present);
	text = render(page);
	html_check(text);
	expect_in(text, "<section id=\"course\">");
	/* Logarithmic from 320 ms to 3.84 s: the kernel's last is at the top, the engine's first at
	 * the bottom. */
	expect_in(text, "d=\"M86 126M587 82L838 38\"");
	expect_in(text, "d=\"M86 196M587 152L838 108\"");
	expect_in(text, "1 workload of earlier files is not in the newest.");
	free(text);
}

/* The course of a run is that of a bench of one. */
static void test_runs(void **state)
{
	(void)state;
	load((json_t *const[]){slower(1, VERDICT_EQUAL), slower(2, VERDICT_EQUAL)}, 2);
	assert_int_equal(history.workload_count, 1);
	assert_string_equal(history.workloads[0].label, "run");
	assert_int_equal(history.workloads[0].seen[0].median[SIDE_KERNEL], 960000000);
	assert_int_equal(bench_newest(&history, 0)->median[SIDE_ENGINE], 640000000);
	assert_int_equal(bench_newest(&history, 0)->samples, SAMPLE_REPEATS);
}

static void test_hostile(void **state)
{
	static const char name[] = "<script>\"&'|`\033[31m\xe2\x80\xae]]> \\ #";
	json_t *document = bench_of(name, 1, VERDICT_EQUAL);
	json_t *wanted = json_pack("[{s:s, s:s, s:{s:s}}, {s:s, s:s, s:{}}]", "workload", name,
				   "parameter", "refs", "parameters", "mode", "x", "workload",
				   "<b>", "parameter", name, "parameters");
	char *text;

	(void)state;
	assert_int_equal(bench_sweeps_note(document, wanted), 0);
	json_decref(wanted);
	load((json_t *const[]){bench_of("other", 1, VERDICT_EQUAL), document}, 2);
	text = render(page);
	html_check(text);
	expect_not_in(text, "<script>");
	expect_not_in(text, "<b>");
	free(text);
	text = render(plain_text);
	assert_null(strchr(text, '\033'));
	free(text);
	text = render(bench_markdown);
	expect_not_in(text, "<script>");
	expect_not_in(text, "<b>");
	assert_null(strchr(text, '\033'));
	free(text);
}

static void test_refused(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{"[]", "expect an object"},
		{"{\"schema_version\":1,\"kind\":\"bench\"}", "workloads: have nothing"},
		{"{\"schema_version\":1,\"kind\":\"bench\",\"workloads\":[{\"name\":\"a\",\"result\":"
		 "{\"schema_version\":1,\"verdict\":7}}]}",
		 "workloads[0].result.verdict: have a whole number expect a text"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *path = compare_file(cases[i].text, strlen(cases[i].text));
		struct failure failure = {0};

		assert_int_equal(bench_history_load(&history, &path, 1, &failure), -EPROTO);
		if (!strstr(failure.text, cases[i].message))
			fail_msg("have '%s' expect '%s'", failure.text, cases[i].message);
		bench_history_release(&history);
	}
}

/* A full disk is told. */
static void test_write_errors(void **state)
{
	FILE *full = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(full);
	load((json_t *const[]){bench_of("bulk", 1, VERDICT_EQUAL)}, 1);
	assert_true(page(&history, full) < 0);
	assert_true(plain_text(&history, full) < 0);
	assert_true(bench_markdown(&history, full) < 0);
	fclose(full);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_text, tear_down),
		cmocka_unit_test_teardown(test_page, tear_down),
		cmocka_unit_test_teardown(test_different, tear_down),
		cmocka_unit_test_teardown(test_sweep, tear_down),
		cmocka_unit_test_teardown(test_folder, tear_down),
		cmocka_unit_test_teardown(test_markdown, tear_down),
		cmocka_unit_test_teardown(test_course, tear_down),
		cmocka_unit_test_teardown(test_runs, tear_down),
		cmocka_unit_test_teardown(test_hostile, tear_down),
		cmocka_unit_test_teardown(test_refused, tear_down),
		cmocka_unit_test_teardown(test_write_errors, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

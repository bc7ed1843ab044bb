/* SPDX-License-Identifier: GPL-2.0 */
/* Plots drawn by gnuplot, and reports without it. Skips what needs gnuplot where there is none. */
#include "reports/gnuplot.h"
#include "reports/palette.h"
#include "reports/report.h"
#include "tests/unit/html_check.h"
#include "tests/unit/sample_result.h"

#include <errno.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

static struct result sample; /* too large for a stack */

static const char *const plot_names[] = {"progress", "latency", "mix"};
enum { PLOTS = sizeof(plot_names) / sizeof(plot_names[0]) };

struct fixture {
	char directory[64];
	char search_path[4096]; /* PATH as it was */
};

static int set_up(void **state)
{
	static struct fixture fixture;

	/* A name that no shell and no script of gnuplot would survive. */
	strcpy(fixture.directory, "/tmp/test_report_plots.XXXXXX");
	if (!mkdtemp(fixture.directory))
		return -1;
	strcat(fixture.directory, "/a \"b'$`;\n");
	if (mkdir(fixture.directory, 0700) < 0)
		return -1;
	snprintf(fixture.search_path, sizeof(fixture.search_path), "%s", getenv("PATH"));
	*state = &fixture;
	return 0;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *place)
{
	(void)status;
	(void)type;
	(void)place;
	return remove(path);
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	setenv("PATH", fixture->search_path, 1);
	*strrchr(fixture->directory, '/') = '\0';
	return nftw(fixture->directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static char *path_of(const struct fixture *fixture, const char *name, const char *suffix)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s%s", fixture->directory, name, suffix);
	return path;
}

static char *read_all(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = calloc(1, 4 << 20);

	if (!file)
		fail_msg("%s: %s", path, strerror(errno));
	assert_non_null(text);
	assert_true(fread(text, 1, (4 << 20) - 1, file) > 0);
	fclose(file);
	return text;
}

static bool have_gnuplot(void)
{
	if (!system("command -v gnuplot >/dev/null"))
		return true;
	print_message("gnuplot is not installed\n");
	return false;
}

static void make_all_plots(const struct fixture *fixture)
{
	struct failure failure = {0};
	int ret = report_plots(&sample, fixture->directory, &failure);

	if (ret)
		fail_msg("%d: %s", ret, failure.text);
	assert_int_equal(failure.code, 0);
}

/* Every SVG takes its colours from the page, and has nothing that clashes with another. */
static void check_svg(const char *path)
{
	char *svg = read_all(path);

	assert_int_equal(strncmp(svg, "<svg", 4), 0);
	assert_non_null(strstr(svg, "var(--ink)"));
	assert_null(strstr(svg, " id="));
	assert_null(strstr(svg, "<title>"));
	assert_null(strstr(svg, "href"));
	for (size_t i = 0; i < COLOUR_ROLES; i++) {
		char colour[32];
		uint32_t light = palette[i].light;

		snprintf(colour, sizeof(colour), "rgb(%3u, %3u, %3u)", light >> 16,
			 light >> 8 & 0xff, light & 0xff);
		assert_null(strstr(strstr(svg, "</style>"), colour));
	}
	free(svg);
}

static void test_plots(void **state)
{
	const struct fixture *fixture = *state;

	if (!have_gnuplot())
		skip();
	sample_equal(&sample);
	make_all_plots(fixture);
	for (size_t i = 0; i < PLOTS; i++) {
		char *png;

		check_svg(path_of(fixture, plot_names[i], ".svg"));
		check_svg(path_of(fixture, plot_names[i], "-narrow.svg"));
		png = read_all(path_of(fixture, plot_names[i], ".png"));
		assert_memory_equal(png, "\x89PNG", 4);
		free(png);
		assert_int_equal(access(path_of(fixture, plot_names[i], ".gp"), R_OK), 0);
	}
}

/* What a result has no data for is not drawn, and an older plot of that name goes. */
static void test_nothing_to_draw(void **state)
{
	const struct fixture *fixture = *state;

	if (!have_gnuplot())
		skip();
	sample_equal(&sample);
	make_all_plots(fixture);
	sample_empty(&sample);
	make_all_plots(fixture);
	for (size_t i = 0; i < PLOTS; i++) {
		assert_int_equal(access(path_of(fixture, plot_names[i], ".svg"), F_OK), -1);
		assert_int_equal(access(path_of(fixture, plot_names[i], ".dat"), F_OK), -1);
	}
	for (int i = 0; i < SAMPLE_MAKERS; i++) {
		sample_makers[i](&sample);
		make_all_plots(fixture);
	}
}

static void test_whole_report(void **state)
{
	const struct fixture *fixture = *state;
	struct failure failure = {0};
	char *html, *markdown;

	if (!have_gnuplot())
		skip();
	for (int i = 0; i < SAMPLE_MAKERS; i++) {
		sample_makers[i](&sample);
		assert_int_equal(report_write_all(&sample, fixture->directory, &failure), 0);
		assert_int_equal(failure.code, 0);
		html = read_all(path_of(fixture, "report", ".html"));
		html_check(html);
		assert_null(strstr(html, "Plots are missing"));
		free(html);
	}
	sample_equal(&sample);
	assert_int_equal(report_write_all(&sample, fixture->directory, &failure), 0);
	html = read_all(path_of(fixture, "report", ".html"));
	assert_non_null(
		strstr(html, "<svg class=\"plot wide\" role=\"img\" aria-label=\"Progress\""));
	assert_non_null(strstr(html, "<svg class=\"plot narrow\" role=\"img\" aria-label=\"Command "
				     "mix\""));
	free(html);
	markdown = read_all(path_of(fixture, "report", ".md"));
	assert_non_null(strstr(markdown, "\n![Latency by command](plots/latency.png)\n"));
	free(markdown);
}

/* The report is written all the same; it and the caller learn why there are no plots. */
static void test_without_gnuplot(void **state)
{
	const struct fixture *fixture = *state;
	static const char note[] = "Plots are missing: gnuplot is not installed (Debian, Ubuntu: "
				   "apt install gnuplot-nox).";
	struct failure failure = {0};
	char *text;

	setenv("PATH", fixture->directory, 1);
	sample_equal(&sample);
	assert_int_equal(report_plots(&sample, fixture->directory, &failure), -ENOENT);
	failure_clear(&failure);
	assert_int_equal(report_write_all(&sample, fixture->directory, &failure), 0);
	assert_int_equal(failure.code, -ENOENT);
	assert_non_null(strstr(failure.text, "plots: gnuplot is not installed"));
	text = read_all(path_of(fixture, "report", ".html"));
	html_check(text);
	assert_non_null(strstr(text, note));
	free(text);
	text = read_all(path_of(fixture, "report", ".md"));
	assert_non_null(strstr(text, note));
	assert_null(strstr(text, "!["));
	free(text);
}

/* Samples of the stack get files of their own, and an older run's do not stay without them. */
static void test_stack_files(void **state)
{
	const struct fixture *fixture = *state;
	struct failure failure = {0};
	char *text;

	setenv("PATH", fixture->directory, 1);
	sample_traced(&sample);
	assert_int_equal(report_write_all(&sample, fixture->directory, &failure), 0);
	text = read_all(path_of(fixture, "stacks", ".folded"));
	assert_string_equal(text, sample.sides[SIDE_KERNEL].folded_stacks);
	free(text);
	text = read_all(path_of(fixture, "flame", ".svg"));
	assert_non_null(strstr(text, "<title>walk: 50 samples, 50.0%</title>"));
	free(text);
	text = read_all(path_of(fixture, "report", ".md"));
	assert_non_null(strstr(text, "\n[![Kernel's stack](flame.svg)](flame.svg)\n"));
	free(text);

	sample_equal(&sample);
	assert_int_equal(report_write_all(&sample, fixture->directory, &failure), 0);
	assert_int_equal(access(path_of(fixture, "stacks", ".folded"), F_OK), -1);
	assert_int_equal(access(path_of(fixture, "flame", ".svg"), F_OK), -1);
	text = read_all(path_of(fixture, "report", ".md"));
	assert_null(strstr(text, "flame"));
	free(text);
}

/* A gnuplot that does @what: a script named so, the only one to be found. */
static void fake_gnuplot(const struct fixture *fixture, const char *what)
{
	FILE *script;

	setenv("PATH", fixture->directory, 1);
	script = fopen(path_of(fixture, "gnuplot", ""), "w");
	assert_non_null(script);
	fprintf(script, "#!/bin/sh\n%s\n", what);
	fclose(script);
	assert_int_equal(chmod(path_of(fixture, "gnuplot", ""), 0700), 0);
}

static void test_failing_gnuplot(void **state)
{
	static const struct {
		const char *does, *says;
		int code;
	} cases[] = {
		/* Much more than fits into a pipe, from one that does not read. */
		{"i=0; while [ $i -lt 3000 ]; do echo 'line 7: bad   thing, one of many' >&2; "
		 "i=$((i + 1)); done; exit 3",
		 "gnuplot failed with status 3: line 7: bad thing, one of many line 7", -EIO},
		{"kill -9 $$", "gnuplot was killed by signal 9", -EIO},
		{"exit 0", "progress.svg: No such file or directory", -ENOENT},
		{"echo hello >progress.svg", "no svg element from gnuplot", -EPROTO},
	};
	const struct fixture *fixture = *state;

	sample_equal(&sample);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct failure failure = {0};

		fake_gnuplot(fixture, cases[i].does);
		assert_int_equal(report_plots(&sample, fixture->directory, &failure),
				 cases[i].code);
		if (!strstr(failure.text, cases[i].says))
			fail_msg("have '%s' expect '%s'", failure.text, cases[i].says);
		/* The pages are written without what could not be drawn. */
		failure_clear(&failure);
		assert_int_equal(report_write_all(&sample, fixture->directory, &failure), 0);
		assert_int_equal(failure.code, cases[i].code);
	}
}

static void test_no_directory(void **state)
{
	const struct fixture *fixture = *state;
	struct failure failure = {0};

	sample_equal(&sample);
	assert_int_equal(report_plots(&sample, path_of(fixture, "not/there", ""), &failure),
			 -ENOENT);
	failure_clear(&failure);
	assert_int_equal(report_write_all(&sample, path_of(fixture, "absent", ""), &failure),
			 -ENOENT);
	assert_non_null(strstr(failure.text, "/absent/report.md: No such file or directory"));
	failure_clear(&failure);
	assert_int_equal(gnuplot_run(path_of(fixture, "absent", ""), "", &failure), -ENOENT);
	failure_clear(&failure);
}

/* An SVG that is none, is cut short, or is crooked, does no harm. */
static void test_bad_svg(void **state)
{
	static const char *const bad[] = {"<html>", "<svg", "<svg><style>", "<svg width='1'"};
	const struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		FILE *file = fopen(path_of(fixture, "bad", ".svg"), "w");
		FILE *out = fopen("/dev/null", "w");

		fputs(bad[i], file);
		fclose(file);
		assert_int_equal(svg_inline(path_of(fixture, "bad", ".svg"), "wide", "x", out),
				 -EPROTO);
		fclose(out);
	}
}

static void test_where_the_report_is(void **state)
{
	const struct fixture *fixture = *state;
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_int_equal(report_text_files(fixture->directory, out, false), 0);
	assert_int_equal(fclose(fopen(path_of(fixture, "report", ".html"), "w")), 0);
	assert_int_equal(report_text_files(fixture->directory, out, true), 0);
	fclose(out);
	assert_int_equal(strncmp(text, "\n\033[1mReport\033[0m\n  /tmp/test_report_plots.", 40), 0);
	/* The line break of the directory's name is shown, not made. */
	assert_non_null(strstr(text, "/a \"b'$`;\\x0a/report.html\n"));
	assert_null(strstr(text, "report.md"));
	free(text);
}

#define WITH_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DIRECTORY(test_plots),	      WITH_DIRECTORY(test_nothing_to_draw),
		WITH_DIRECTORY(test_whole_report),    WITH_DIRECTORY(test_without_gnuplot),
		WITH_DIRECTORY(test_failing_gnuplot), WITH_DIRECTORY(test_no_directory),
		WITH_DIRECTORY(test_bad_svg),	      WITH_DIRECTORY(test_where_the_report_is),
		WITH_DIRECTORY(test_stack_files),
	};

	setenv("LC_ALL", "C.UTF-8", 1);
	return cmocka_run_group_tests_name("report plots", tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0 */
/* Flame graphs from folded stacks: widths, order, what is left out, and that no name breaks out. */
#include "reports/flame.h"
#include "tests/unit/html_check.h"

#include <stdint.h>
#include <stdio.h>

static char *draw(const char *folded)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_int_equal(flame_draw(folded, out), 0);
	fclose(out);
	return text;
}

/* The whole as a page, so that the checker of pages can look at it. */
static void check_form(const char *svg)
{
	char *page;

	assert_true(asprintf(&page, "<!doctype html>%s", svg) > 0);
	html_check(page);
	free(page);
}

static void expect_frame(const char *svg, const char *x, const char *width, unsigned int row,
			 const char *title)
{
	char *wanted;

	assert_true(asprintf(&wanted, "<svg x=\"%s\" width=\"%s\" y=\"%u\" height=\"18\"", x, width,
			     row * 18) > 0);
	for (const char *at = svg; (at = strstr(at, wanted)); at++) {
		const char *told = strstr(at, "<title>") + strlen("<title>");

		if (!strncmp(told, title, strlen(title)) && told[strlen(title)] == '<') {
			free(wanted);
			return;
		}
	}
	fail_msg("no frame '%s' with '%s' in %s", title, wanted, svg);
}

static void test_samples(void **state)
{
	(void)state;
	assert_int_equal(flame_samples(NULL), 0);
	assert_int_equal(flame_samples(""), 0);
	assert_int_equal(flame_samples("a;b 3\na 4\n"), 7);
	assert_int_equal(flame_samples("a;b 3"), 3);
	/* Names may hold blanks; lines that are no stacks do not count. */
	assert_int_equal(flame_samples("a b;c d 5\n\na\n7\n 7\na -1x\na 0\n"), 5);
	assert_int_equal(flame_samples("a 99999999999999999999\n"), 0);
}

static void test_frames(void **state)
{
	char *svg = draw("send;compare 25\nsend;walk;resolve 50\nsend;walk 25\n");

	(void)state;
	/* Four rows, the root lowest; the costlier callee first, at the start of its caller. */
	assert_non_null(strstr(svg, " width=\"100%\" height=\"72\">"));
	expect_frame(svg, "0.00%", "100.00%", 3, "all: 100 samples, 100%");
	expect_frame(svg, "0.00%", "100.00%", 2, "send: 100 samples, 100%");
	expect_frame(svg, "0.00%", "75.00%", 1, "walk: 75 samples, 75.0%");
	expect_frame(svg, "75.00%", "25.00%", 1, "compare: 25 samples, 25.0%");
	expect_frame(svg, "0.00%", "50.00%", 0, "resolve: 50 samples, 50.0%");
	check_form(svg);
	free(svg);
}

/* The same function below another caller is another frame; of equal width the first stays first. */
static void test_same_names(void **state)
{
	char *svg = draw("a;x 10\nb;x 10\n");

	(void)state;
	expect_frame(svg, "0.00%", "50.00%", 1, "a: 10 samples, 50.0%");
	expect_frame(svg, "50.00%", "50.00%", 1, "b: 10 samples, 50.0%");
	expect_frame(svg, "0.00%", "50.00%", 0, "x: 10 samples, 50.0%");
	expect_frame(svg, "50.00%", "50.00%", 0, "x: 10 samples, 50.0%");
	free(svg);
}

static unsigned int count_of(const char *text, const char *wanted)
{
	unsigned int count = 0;

	for (; (text = strstr(text, wanted)); text++)
		count++;
	return count;
}

static void test_narrow_frames(void **state)
{
	char *svg = draw("wide 9000\nslim 700\nnameless 290\nnarrow 11\nnothing 9\n");

	(void)state;
	assert_non_null(strstr(svg, "<title>narrow: 11 samples"));
	assert_null(strstr(svg, "nothing"));
	/* Names in boxes with room for them, also on a narrow screen or not. */
	assert_int_equal(count_of(svg, "<text "), 3);
	assert_non_null(strstr(svg, "class=\"slim\"><title>slim: 700"));
	assert_null(strstr(svg, "class=\"slim\"><title>wide"));
	free(svg);
}

static void test_hostile_names(void **state)
{
	char *svg = draw("</title><script>x</script>;\"'&\033[31m\xff 5\n;;; 3\n");

	(void)state;
	assert_null(strstr(svg, "<script"));
	assert_null(strchr(svg, '\033'));
	assert_non_null(strstr(svg, "&lt;/title&gt;&lt;script&gt;"));
	check_form(svg);
	free(svg);
}

/* What is deeper than is shown still counts. */
static void test_deep_stack(void **state)
{
	enum { DEPTH = 500 };
	char folded[DEPTH * 2 + 16] = "", *svg;

	(void)state;
	for (unsigned int i = 0; i < DEPTH; i++)
		strcat(folded, i ? ";f" : "f");
	strcat(folded, " 8\n");
	svg = draw(folded);
	assert_in_range(count_of(svg, "<title>f: 8 samples, 100%"), 50, 100);
	free(svg);
}

static void test_nothing(void **state)
{
	char *svg = draw(NULL);

	(void)state;
	assert_string_equal(svg, "");
	free(svg);
}

static void test_file(void **state)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	assert_int_equal(flame_file("a;b 3\n", out), 0);
	fclose(out);
	/* Alone it brings namespace and colours of its own. */
	assert_int_equal(strncmp(text, "<svg ", 5), 0);
	assert_non_null(strstr(text, "xmlns=\"http://www.w3.org/2000/svg\""));
	assert_non_null(strstr(text, "prefers-color-scheme:dark"));
	assert_non_null(strstr(text, "--kernel:#"));
	check_form(text);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_samples),	      cmocka_unit_test(test_frames),
		cmocka_unit_test(test_same_names),    cmocka_unit_test(test_narrow_frames),
		cmocka_unit_test(test_hostile_names), cmocka_unit_test(test_deep_stack),
		cmocka_unit_test(test_nothing),	      cmocka_unit_test(test_file),
	};

	return cmocka_run_group_tests_name("flame", tests, NULL, NULL);
}

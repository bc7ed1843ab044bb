/* SPDX-License-Identifier: GPL-2.0 */
/* For tests of the renderers: a result that is filled, as text, and what is looked for in it. */
#ifndef TESTS_UNIT_REPORT_CHECK_H
#define TESTS_UNIT_REPORT_CHECK_H

#include "reports/report.h"
#include "tests/unit/sample_result.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct result sample; /* too large for a stack */

static inline char *render_text(bool colour, unsigned int width)
{
	static char *text; /* the compiler takes one that is not for dangling */
	static size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_int_equal(report_text(&sample, out, colour, width), 0);
	fclose(out);
	return text;
}

static inline char *render_markdown(void)
{
	static char *text;
	static size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_int_equal(report_markdown(&sample, out), 0);
	fclose(out);
	return text;
}

static inline char *render_html(void)
{
	static char *text;
	static size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_int_equal(report_html(&sample, NULL, out), 0);
	fclose(out);
	return text;
}

static inline void expect_in(const char *text, const char *wanted)
{
	if (!strstr(text, wanted))
		fail_msg("no '%s' in:\n%s", wanted, text);
}

static inline void expect_not_in(const char *text, const char *unwanted)
{
	if (strstr(text, unwanted))
		fail_msg("'%s' in:\n%s", unwanted, text);
}

static inline void expect_all_in(const char *text, const char *const *wanted)
{
	for (; *wanted; wanted++)
		expect_in(text, *wanted);
}

static inline void expect_first_line(const char *text, const char *line)
{
	size_t length = strlen(line);

	if (strncmp(text, line, length) || text[length] != '\n')
		fail_msg("have '%.120s' expect '%s'", text, line);
}

#endif

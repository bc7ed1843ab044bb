/* SPDX-License-Identifier: GPL-2.0 */
/* Nothing in a result can break the form of a text, a Markdown or an HTML page. */
#include "reports/format.h"
#include "tests/unit/html_check.h"
#include "tests/unit/report_check.h"

#include <errno.h>

/* Lines fit the width; no control character but our own colours; ASCII for an ASCII locale. */
static void test_text_form(void **state)
{
	(void)state;
	for (int i = 0; i < SAMPLE_MAKERS; i++) {
		char *text;

		sample_makers[i](&sample);
		setenv("LC_ALL", "C.UTF-8", 1);
		text = render_text(false, 80);
		for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
			assert_in_range(format_width(line), 0, 80);
			assert_true(line[strlen(line) - 1] != ' ');
			for (const char *c = line; *c; c++)
				assert_true((unsigned char)*c >= ' ' && *c != 0x7f);
		}
		free(text);

		setenv("LC_ALL", "C", 1);
		text = render_text(true, 80);
		assert_non_null(strstr(text, "\033[1m"));
		for (const char *c = text; *c; c++)
			assert_true((unsigned char)*c < 0x7f);
		free(text);
		setenv("LC_ALL", "C.UTF-8", 1);
	}
}

static void test_markdown(void **state)
{
	static const char *const wanted[] = {
		"\n**engine 3.00× faster**\n",
		"\n| Snapshot | /mnt/child (id 261, transid 38) |\n",
		"\n| Command | Sender | Count | Timed | p50 | p90 | p99 | Max | Total |\n"
		"|---|---|---:|---:|---:|---:|---:|---:|---:|\n| WRITE | kernel | 120 |",
		"\n| SET_XATTR | 512 | 41.5% | 11.6 KiB | 0.2% |\n",
		"\n| 3 | kernel | 2.00 s | 2.00 ms | 1.00 s | 1,234 | 5,342,011 | 42 | a commit came "
		"in between: run again |\n",
		"\n| Snapshot UUID | 01020000-0000-0000-0000-000000000000 |\n",
		"\n## Data written although shared\n\n260 MiB of the 300 MiB that were written",
		"\n| lost: over the reference limit | 190 MiB | 63.3% | dedupe less, ",
		"\n| 24.0 MiB | vm/disk-6 (over the reference limit) |\n",
		NULL,
	};
	char *text;

	(void)state;
	sample_equal(&sample);
	text = render_markdown();
	expect_first_line(text, "# IDENTICAL: 1,234 commands, 5.09 MiB, byte for byte");
	expect_all_in(text, wanted);
	free(text);

	sample_different(&sample);
	text = render_markdown();
	expect_in(text, "\n      MKFILE path=a ino=257\n    - WRITE path=a file_offset=0\n"
			"    + WRITE path=a file_offset=4096\n    - CHMOD path=a mode=0644\n");
	expect_in(text, "\n| WRITE | 120 | 119 | 5,300,000 | 5,300,000 |\n");
	free(text);

	sample_hostile(&sample);
	text = render_markdown();
	expect_in(text,
		  "\n| Snapshot | \\</td\\>\\<script\\>alert(1)\\</script\\>\"'\\&\\|\\`\\*\\_"
		  "\\\\x1b\\[31m\\\\u{202e}\\\\xff\\\\x0a\\# x (id 261, transid 38) |\n");
	expect_not_in(text, "\n# x");
	free(text);
}

static void test_html(void **state)
{
	static const char *const wanted[] = {
		"<title>sendprof: IDENTICAL</title>",
		"<h1>IDENTICAL</h1>\n<p class=\"detail\">1,234 commands, 5.09 MiB, byte for byte</p>",
		"<dd>3.00× faster <small>the spreads do not overlap</small></dd>",
		"Plots are missing: none were drawn; that needs gnuplot (Debian, Ubuntu: apt "
		"install gnuplot-nox).",
		"@media (prefers-color-scheme:dark)",
		"<section id=\"missing\">",
		"<h2>Data written although shared</h2>\n<p class=\"lead\">260 MiB of the 300 MiB",
		"class=\" warn\">lost: over the reference limit</th>",
		"vm/disk-6 (over the reference limit)</td>",
		NULL,
	};
	static const char *const different[] = {
		"<h1>DIFFERENT</h1>",
		"<code class=\"kernel\"><b>WRITE</b> <span>path=a</span> <mark>file_offset=0</mark>",
		"<code class=\"engine\"><b>WRITE</b> <span>path=a</span> <mark>file_offset=4096</mark>",
		"<td class=\"num bad\">119</td>",
		NULL,
	};
	char *text;

	(void)state;
	sample_equal(&sample);
	text = render_html();
	expect_all_in(text, wanted);
	expect_not_in(text, "id=\"divergence\"");
	free(text);

	sample_different(&sample);
	text = render_html();
	expect_all_in(text, different);
	free(text);

	/* A word that begins like another is another. */
	sample.divergence.kernel_context[1] = "TRUNCATE path=a size=1";
	sample.divergence.engine_context[1] = "TRUNCATE path=a size=10";
	text = render_html();
	expect_in(text, "<mark>size=1</mark></code>");
	free(text);
}

/* Whatever the result, the page is whole, asks for nothing and runs nothing. */
static void test_html_form(void **state)
{
	static const char *const forbidden[] = {
		"<script", "<img", "<link", "javascript:", "@import", "url(", "http:", "https:"};

	(void)state;
	for (int i = 0; i < SAMPLE_MAKERS; i++) {
		char *text;

		sample_makers[i](&sample);
		text = render_html();
		assert_in_range(html_check(text), 20, 5000);
		for (size_t j = 0; j < sizeof(forbidden) / sizeof(forbidden[0]); j++)
			expect_not_in(text, forbidden[j]);
		free(text);
	}
}

/* Random bytes as names. Deterministic: a failure is found again. */
static void test_random_names(void **state)
{
	static const char alphabet[] = "<>&\"'`|\\/\n\033\x7f\x80\xbf\xc2\xe2\xf0\xff -=#a";
	uint32_t random = 1;
	char name[40];

	(void)state;
	for (int round = 0; round < 300; round++) {
		char *text;

		for (size_t i = 0; i < sizeof(name) - 1; i++) {
			random = random * 1664525 + 1013904223;
			name[i] = alphabet[(random >> 16) % (sizeof(alphabet) - 1)];
		}
		name[sizeof(name) - 1] = '\0';
		sample_different(&sample);
		sample.snapshot.path = name;
		sample.divergence.engine_context[1] = name;
		text = render_html();
		html_check(text);
		free(text);
		text = render_text(false, 60);
		assert_null(strpbrk(text, "\033\x7f\r\b"));
		free(text);
	}
}

static void test_full_disk(void **state)
{
	FILE *full = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(full);
	sample_equal(&sample);
	assert_int_equal(report_text(&sample, full, false, 80), -ENOSPC);
	clearerr(full);
	assert_int_equal(report_markdown(&sample, full), -ENOSPC);
	clearerr(full);
	assert_int_equal(report_html(&sample, NULL, full), -ENOSPC);
	fclose(full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_form),    cmocka_unit_test(test_markdown),
		cmocka_unit_test(test_html),	     cmocka_unit_test(test_html_form),
		cmocka_unit_test(test_random_names), cmocka_unit_test(test_full_disk),
	};

	return cmocka_run_group_tests_name("report_forms", tests, NULL, NULL);
}

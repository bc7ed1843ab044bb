/* SPDX-License-Identifier: GPL-2.0 */
/* How reports write figures, and what they do to strings that others chose. */
#include "reports/format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ENTRIES(array) (sizeof(array) / sizeof((array)[0]))

struct figure_case {
	uint64_t value;
	const char *expect;
};

static void expect_figures(const char *(*format)(char out[FORMAT_SIZE], uint64_t value),
			   const struct figure_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char out[FORMAT_SIZE];

		assert_string_equal(format(out, cases[i].value), cases[i].expect);
	}
}

static void test_counts(void **state)
{
	static const struct figure_case cases[] = {
		{0, "0"},
		{7, "7"},
		{999, "999"},
		{1000, "1,000"},
		{12345, "12,345"},
		{999999, "999,999"},
		{1000000, "1,000,000"},
		{UINT64_MAX, "18,446,744,073,709,551,615"},
	};

	(void)state;
	expect_figures(format_count, cases, ENTRIES(cases));
}

static void test_bytes(void **state)
{
	static const struct figure_case cases[] = {
		{0, "0 B"},
		{999, "999 B"},
		{1023, "1023 B"},
		{1024, "1.00 KiB"},
		{1536, "1.50 KiB"},
		/* Rounding must not make a fourth digit. */
		{10235, "10.0 KiB"},
		{102348, "99.9 KiB"},
		{102400, "100 KiB"},
		{1023487, "999 KiB"},
		{1023488, "0.976 MiB"},
		{1048575, "1.00 MiB"},
		{298404045, "285 MiB"},
		{3221225472, "3.00 GiB"},
		{UINT64_MAX, "16.0 EiB"},
	};
	static const struct figure_case sizes[] = {
		{0, "0 B"},
		{512, "512 B"},
		{4096, "4 KiB"},
		{16384, "16 KiB"},
		{5000, "5000 B"},
		{1 << 20, "1 MiB"},
		{(1 << 20) + 1024, "1025 KiB"},
		{1ull << 63, "8 EiB"},
	};

	(void)state;
	expect_figures(format_bytes, cases, ENTRIES(cases));
	expect_figures(format_block_size, sizes, ENTRIES(sizes));
}

static void test_durations(void **state)
{
	static const struct figure_case cases[] = {
		{0, "0 ns"},
		{1, "1 ns"},
		{999, "999 ns"},
		{1000, "1.00 µs"},
		{1234, "1.23 µs"},
		{9994, "9.99 µs"},
		{9995, "10.0 µs"},
		{99949, "99.9 µs"},
		{99950, "100 µs"},
		{999499, "999 µs"},
		{999500, "1.00 ms"},
		{1257000000, "1.26 s"},
		{599999999999, "600 s"},
		{600000000000, "10 min 00 s"},
		{1234000000000, "20 min 34 s"},
		{3600000000000, "1 h 00 min"},
		{93784000000000, "26 h 03 min"},
	};

	(void)state;
	expect_figures(format_duration, cases, ENTRIES(cases));
}

static void test_rates_and_shares(void **state)
{
	static const struct {
		uint64_t part, whole;
		const char *expect;
	} cases[] = {
		{0, 0, FORMAT_NONE},
		{0, 5, "0%"},
		{5, 5, "100%"},
		{1, 3, "33.3%"},
		{2, 3, "66.7%"},
		{1, 100000, "<0.1%"},
		{1, 1000, "0.1%"},
		{99999, 100000, ">99.9%"},
		{UINT64_MAX / 2, UINT64_MAX, "50.0%"},
		/* A share of more than all must look wrong, not crash. */
		{3, 2, "150.0%"},
	};
	const uint8_t uuid[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 0xa, 0xb, 0xc, 0xd, 0xe, 0xf, 0xff};

	(void)state;
	for (size_t i = 0; i < ENTRIES(cases); i++)
		assert_string_equal(PERCENT(cases[i].part, cases[i].whole), cases[i].expect);
	assert_string_equal(RATE(1000, 0), FORMAT_NONE);
	assert_string_equal(RATE(298404045, 397000000), "717 MiB/s");
	assert_string_equal(RATE(0, 1), "0 B/s");
	assert_string_equal(RATE(UINT64_MAX, 1), "16000000000 EiB/s");
	assert_string_equal(FACTOR(3.166), "3.17×");
	assert_string_equal(FACTOR(12.04), "12.0×");
	assert_string_equal(FACTOR(1234.5), "1235×");
	assert_string_equal(OFFSET(0), "0x0");
	assert_string_equal(OFFSET(UINT64_MAX), "0xffffffffffffffff");
	assert_string_equal(UUID(uuid), "01020304-0506-0708-090a-0b0c0d0e0fff");
}

static void test_printable(void **state)
{
	static const struct {
		const char *raw, *expect;
	} cases[] = {
		{"", ""},
		{"/mnt/snap 1", "/mnt/snap 1"},
		{"größer → 中", "größer → 中"},
		{"a\nb\tc\x7f", "a\\x0ab\\x09c\\x7f"},
		{"\033[31mred", "\\x1b[31mred"},
		/* Written from right to left, of no width, C1 control. */
		{"a\xe2\x80\xae"
		 "b",
		 "a\\u{202e}b"},
		{"a\xe2\x80\x8b"
		 "b",
		 "a\\u{200b}b"},
		{"\xc2\x9b"
		 "31m",
		 "\\u{9b}31m"},
		/* Not UTF-8: alone, cut short, overlong, a surrogate, beyond the last, F8. */
		{"\xff", "\\xff"},
		{"\xe4\xb8", "\\xe4\\xb8"},
		{"\xc0\xaf", "\\xc0\\xaf"},
		{"\xe0\x80\xaf", "\\xe0\\x80\\xaf"},
		{"\xed\xa0\x80", "\\xed\\xa0\\x80"},
		{"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},
		{"\xf8\x88\x80\x80\x80", "\\xf8\\x88\\x80\\x80\\x80"},
		{"\xf3\xa0\x80\x81", "\\u{e0001}"},
	};

	(void)state;
	for (size_t i = 0; i < ENTRIES(cases); i++) {
		char *text = format_printable(cases[i].raw);

		assert_string_equal(text, cases[i].expect);
		free(text);
	}
}

static void test_measuring(void **state)
{
	(void)state;
	assert_int_equal(format_width(""), 0);
	assert_int_equal(format_width("12.3 µs"), 7);
	assert_int_equal(format_width("中文"), 4);
	assert_int_equal(format_width("e\xcc\x81"), 1);
	assert_int_equal(format_fit("abc", 2), 2);
	assert_int_equal(format_fit("abc", 9), 3);
	assert_int_equal(format_fit("µµµ", 2), 4);
	/* A wide character does not fit by half. */
	assert_int_equal(format_fit("a中", 2), 1);
}

static void expect_escaped(void (*escape)(FILE *out, const char *string), const char *raw,
			   const char *expect)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	escape(out, raw);
	fclose(out);
	assert_string_equal(text, expect);
	free(text);
}

static void test_ascii(void **state)
{
	static const char text[] = "3.17× – 12 µs größer … and more";
	char *ascii;
	size_t size;
	FILE *out = open_memstream(&ascii, &size);

	(void)state;
	assert_non_null(out);
	format_ascii(out, text, strlen(text) - strlen(" and more"));
	fclose(out);
	assert_string_equal(ascii, "3.17x - 12 us gr??er ~");
	free(ascii);
}

static void test_escaping(void **state)
{
	(void)state;
	expect_escaped(format_html, "", "");
	expect_escaped(format_html, "<b a=\"1\" c='2'>&amp;",
		       "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;amp;");
	expect_escaped(format_markdown, "SET_XATTR 1.5 /a-b", "SET_XATTR 1.5 /a-b");
	expect_escaped(format_markdown, "_a_ a__b a|b", "\\_a\\_ a\\_\\_b a\\|b");
	expect_escaped(format_markdown, "`*[x](y)<i>&#!~$\\",
		       "\\`\\*\\[x\\](y)\\<i\\>\\&\\#\\!\\~\\$\\\\");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),	  cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_durations), cmocka_unit_test(test_rates_and_shares),
		cmocka_unit_test(test_printable), cmocka_unit_test(test_measuring),
		cmocka_unit_test(test_ascii),	  cmocka_unit_test(test_escaping),
	};

	return cmocka_run_group_tests_name("report format", tests, NULL, NULL);
}

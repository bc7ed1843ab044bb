/* SPDX-License-Identifier: GPL-2.0 */
/* Bytes as texts of JSON, and back. */
#include "profiler/json_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* @text stands for @bytes, and for nothing else. */
static void assert_coded(const char *bytes, const char *text)
{
	json_t *json = json_text_or_null(bytes);
	char *decoded;

	assert_non_null(json);
	assert_string_equal(json_string_value(json), text);
	decoded = strdup(text);
	assert_non_null(decoded);
	json_text_decode(decoded);
	assert_string_equal(decoded, bytes);
	free(decoded);
	json_decref(json);
}

static void test_text_of_any_bytes(void **state)
{
	static const char *const cases[][2] = {
		{"", ""},
		{"/mnt/a", "/mnt/a"},
		{"\xc3\xa4\xe2\x82\xac", "\xc3\xa4\xe2\x82\xac"},
		{"a\xff", "a\\xff"},
		{"\xc3\xa4\xff", "\\xc3\\xa4\\xff"},
		{"\\x41\\n\\", "\\x41\\n\\"},
		{"\\xff", "\\x5cxff"},
		{"\\x80", "\\x5cx80"},
		{"\\x7f\\xFF\\xf", "\\x7f\\xFF\\xf"},
		{"\\x5c\\x5b", "\\x5cx5c\\x5b"},
		{"\\x5cxff", "\\x5cx5cxff"},
		{"\\\\xff", "\\\\x5cxff"},
		{"\\x\xff\\", "\\x\\xff\\"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_coded(cases[i][0], cases[i][1]);
}

/* All that can be made of what the escapes are made of, UTF-8 or not, comes back. */
static void test_text_comes_back(void **state)
{
	static const char pieces[] = "\\x5c8fF0\xff\xc3\xa4";
	enum { PIECES = sizeof(pieces) - 1, LENGTH = 5 };

	(void)state;
	for (unsigned int number = 0; number < PIECES * PIECES * PIECES * PIECES * PIECES;
	     number++) {
		char bytes[LENGTH + 1] = "", *text;
		unsigned int rest = number;
		json_t *json;

		for (size_t i = 0; i < LENGTH; i++, rest /= PIECES)
			bytes[i] = pieces[rest % PIECES];
		json = json_text_or_null(bytes);
		assert_non_null(json);
		text = strdup(json_string_value(json));
		assert_non_null(text);
		json_text_decode(text);
		assert_string_equal(text, bytes);
		free(text);
		json_decref(json);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_of_any_bytes),
		cmocka_unit_test(test_text_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

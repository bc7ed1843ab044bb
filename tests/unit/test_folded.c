/* SPDX-License-Identifier: GPL-2.0 */
/* Stacks of many sends, added up. */
#include "profiler/folded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void expect_written(struct folded *folded, const char *expected)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_int_equal(folded_write(folded, out), 0);
	fclose(out);
	assert_string_equal(text, expected);
	free(text);
}

static void equal_stacks_are_one(void **state)
{
	struct folded *folded = folded_new();

	(void)state;
	expect_written(folded, "");
	assert_int_equal(folded_add(folded, "b;c 3\na;b 1\nb;c 4\n"), 0);
	expect_written(folded, "a;b 1\nb;c 7\n");
	/* A part of a stack is another one; the last line may lack its end. */
	assert_int_equal(folded_add(folded, "b 1\na;b with blanks 2\na;b 5"), 0);
	expect_written(folded, "a;b 6\na;b with blanks 2\nb 1\nb;c 7\n");
	folded_free(folded);
}

static void what_is_no_stack_is_left_out(void **state)
{
	struct folded *folded = folded_new();

	(void)state;
	assert_int_equal(folded_add(folded, "\n\na;b\na;b x\na 1x\n 4\n;\na 0\n"), 0);
	expect_written(folded, "");
	folded_free(folded);
	folded_free(NULL);
}

static void a_full_disk_is_told(void **state)
{
	struct folded *folded = folded_new();
	FILE *full = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(full);
	assert_int_equal(folded_add(folded, "a 1\n"), 0);
	assert_int_not_equal(folded_write(folded, full), 0);
	fclose(full);
	folded_free(folded);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_stacks_are_one),
		cmocka_unit_test(what_is_no_stack_is_left_out),
		cmocka_unit_test(a_full_disk_is_told),
	};

	return cmocka_run_group_tests_name("folded", tests, NULL, NULL);
}

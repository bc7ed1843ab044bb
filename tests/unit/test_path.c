/* SPDX-License-Identifier: GPL-2.0 */
/* Paths put together from components, to the last byte of PATH_MAX. */
#include "engine/core/path_buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

static void test_append_and_prepend(void **state)
{
	static const struct {
		const char *first, *behind, *before, *expect;
	} cases[] = {
		{"a", "b", "c", "c/a/b"},
		{"", "b", "c", "c/b"},
		{"name", "", "", "/name/"},
		{"o257-9-0", "x y", "\xff", "\xff/o257-9-0/x y"},
	};
	struct path_buf path;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		path_reset(&path);
		assert_int_equal(path_append(&path, cases[i].first, strlen(cases[i].first)), 0);
		assert_int_equal(path_append(&path, cases[i].behind, strlen(cases[i].behind)), 0);
		assert_int_equal(path_prepend(&path, cases[i].before, strlen(cases[i].before)), 0);
		assert_true(path_equals(&path, cases[i].expect, strlen(cases[i].expect)));
	}
}

static void test_limit(void **state)
{
	static char name[PATH_MAX];
	struct path_buf path, copy;

	(void)state;
	memset(name, 'n', sizeof(name));
	path_reset(&path);
	assert_int_equal(path_append(&path, name, PATH_MAX), -ENAMETOOLONG);
	assert_int_equal(path.length, 0);
	assert_int_equal(path_append(&path, name, PATH_MAX - 1), 0);
	assert_int_equal(path_append(&path, "", 0), -ENAMETOOLONG);
	assert_int_equal(path_prepend(&path, "", 0), -ENAMETOOLONG);

	path_reset(&path);
	assert_int_equal(path_append(&path, name, PATH_MAX - 3), 0);
	assert_int_equal(path_prepend(&path, "ab", 2), -ENAMETOOLONG);
	assert_int_equal(path_prepend(&path, "a", 1), 0);
	assert_int_equal(path.length, PATH_MAX - 1);
	assert_memory_equal(path.text, "a/nnn", 5);
	path_copy(&copy, &path);
	assert_true(path_equals(&copy, path.text, path.length));
	assert_false(path_equals(&copy, path.text, path.length - 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_append_and_prepend),
		cmocka_unit_test(test_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0 */
#include "engine/send/recorded_refs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <utlist.h>

static void set_path(struct path_buf *path, const char *text)
{
	path_reset(path);
	assert_int_equal(path_append(path, text, strlen(text)), 0);
}

static void test_equal_names_only(void **state)
{
	struct ref_list list = {0};
	struct path_buf path;
	struct recorded_ref *ref;

	(void)state;
	set_path(&path, "d/name");
	assert_int_equal(ref_list_add(&list, 257, 7, "name", 4, &path), 0);
	assert_null(ref_list_find(&list, 258, 7, "name", 4));
	assert_null(ref_list_find(&list, 257, 8, "name", 4));
	assert_null(ref_list_find(&list, 257, 7, "nam", 3));
	assert_null(ref_list_find(&list, 257, 7, "names", 5));
	ref = ref_list_find(&list, 257, 7, "name", 4);
	assert_non_null(ref);
	assert_int_equal(ref->path_length, 6);
	assert_memory_equal(ref->path, "d/name", 6);
	set_path(&path, "o257-7-0/name");
	assert_int_equal(recorded_ref_set_path(ref, &path), 0);
	assert_memory_equal(ref->path, "o257-7-0/name", ref->path_length);
	ref_list_remove(&list, ref);
	assert_null(list.first);
	assert_null(ref_list_find(&list, 257, 7, "name", 4));
}

static void test_order_and_dirs(void **state)
{
	static const uint64_t dirs[] = {300, 260, 300, 270, 260};
	static const uint64_t once[] = {300, 260, 270};
	struct ref_list names = {0}, all = {0}, unique = {0};
	const struct recorded_ref *ref;
	struct path_buf path;
	size_t i;

	(void)state;
	set_path(&path, "x");
	for (i = 0; i < 5; i++) {
		const char name[] = {(char)('a' + i)};

		assert_int_equal(ref_list_add(&names, dirs[i], 1, name, 1, &path), 0);
	}
	DL_FOREACH(names.first, ref)
	{
		assert_int_equal(ref_list_add_dir(&all, ref), 0);
		assert_int_equal(ref_list_add_dir_once(&unique, ref), 0);
	}
	i = 0;
	DL_FOREACH(all.first, ref)
	assert_int_equal(ref->key.dir, dirs[i++]);
	assert_int_equal(i, 5);
	i = 0;
	DL_FOREACH(unique.first, ref)
	assert_int_equal(ref->key.dir, once[i++]);
	assert_int_equal(i, 3);
	ref_list_clear(&names);
	ref_list_clear(&all);
	ref_list_clear(&unique);
	assert_null(names.first);
	assert_null(names.by_name);
}

/* Each of the names "000", "001" ... is found if, and only if, its bit is set. */
static void assert_names(const struct ref_list *list, const bool *present, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		char name[] = {'0', (char)('0' + i / 10), (char)('0' + i % 10)};
		const struct recorded_ref *ref = ref_list_find(list, 257, 7, name, sizeof(name));

		assert_int_equal(ref != NULL, present[i]);
		assert_true(!ref || memcmp(ref->key.name, name, sizeof(name)) == 0);
		assert_null(ref_list_find(list, 257, 8, name, sizeof(name)));
	}
}

/* Few names are searched one by one, many through an index: going over in both directions. */
static void test_few_and_many(void **state)
{
	enum { NAMES = 30 };
	struct ref_list list = {0};
	bool present[NAMES] = {false};
	struct path_buf path;
	size_t i;

	(void)state;
	set_path(&path, "d/x");
	for (i = 0; i < NAMES; i++) {
		char name[] = {'0', (char)('0' + i / 10), (char)('0' + i % 10)};

		assert_int_equal(ref_list_add(&list, 257, 7, name, sizeof(name), &path), 0);
		present[i] = true;
		assert_names(&list, present, NAMES);
	}
	assert_non_null(list.by_name);
	/* Every seventh: 7 and 30 have no common divisor, so all go. */
	for (i = 0; i < NAMES; i++) {
		size_t gone = i * 7 % NAMES;
		char name[] = {'0', (char)('0' + gone / 10), (char)('0' + gone % 10)};

		ref_list_remove(&list, ref_list_find(&list, 257, 7, name, sizeof(name)));
		present[gone] = false;
		assert_names(&list, present, NAMES);
	}
	assert_null(list.first);
	assert_int_equal(list.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal_names_only),
		cmocka_unit_test(test_order_and_dirs),
		cmocka_unit_test(test_few_and_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0 */
/* The visiting order of references, and what is merged on the way. */
#include "engine/backref/extent_refs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static struct extent_ref data_ref(uint64_t root, uint64_t ino, uint64_t offset, uint64_t count)
{
	return (struct extent_ref){
		.root_id = root,
		.key = {.objectid = ino, .type = BTRFS_EXTENT_DATA_KEY, .offset = offset},
		.count = count,
		.has_key = true};
}

static void test_descending_and_merged(void **state)
{
	/* Given in any order; equal ones add up. */
	const struct extent_ref given[] = {
		data_ref(257, 300, 0, 1),      data_ref(260, 258, 4096, 2),
		data_ref(257, 301, 0, 1),      data_ref(260, 258, 0, 1),
		data_ref(257, 300, 0, 4),      {.parent = 8192, .count = 3},
		{.parent = 16384, .count = 1}, data_ref(260, 258, UINT64_MAX - 4095, 1),
	};
	static const struct {
		uint64_t root, ino, offset, parent, count;
	} expect[] = {
		{260, 258, UINT64_MAX - 4095, 0, 1},
		{260, 258, 4096, 0, 2},
		{260, 258, 0, 0, 1},
		{257, 301, 0, 0, 1},
		{257, 300, 0, 0, 5},
		{0, 0, 0, 16384, 1},
		{0, 0, 0, 8192, 3},
	};
	struct extent_ref_list list = {0};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(given) / sizeof(given[0]); i++)
		assert_int_equal(extent_ref_list_add(&list, &given[i]), 0);
	extent_ref_list_order(&list);
	assert_int_equal(list.count, sizeof(expect) / sizeof(expect[0]));
	for (i = 0; i < list.count; i++) {
		assert_int_equal(list.refs[i].root_id, expect[i].root);
		assert_int_equal(list.refs[i].key.objectid, expect[i].ino);
		assert_int_equal(list.refs[i].key.offset, expect[i].offset);
		assert_int_equal(list.refs[i].parent, expect[i].parent);
		assert_int_equal(list.refs[i].count, expect[i].count);
	}
	free(list.refs);
}

static void test_levels_first(void **state)
{
	const struct extent_ref given[] = {{.root_id = 300, .level = 1, .count = 1},
					   {.root_id = 256, .level = 2, .count = 1},
					   {.parent = 4096, .level = 3, .count = 1}};
	struct extent_ref_list list = {0};
	size_t i;

	(void)state;
	extent_ref_list_order(&list);
	for (i = 0; i < 3; i++)
		assert_int_equal(extent_ref_list_add(&list, &given[i]), 0);
	extent_ref_list_order(&list);
	assert_int_equal(list.count, 3);
	assert_int_equal(list.refs[0].level, 3);
	assert_int_equal(list.refs[1].level, 2);
	assert_int_equal(list.refs[2].level, 1);
	free(list.refs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_descending_and_merged),
		cmocka_unit_test(test_levels_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0 */
/* The visiting order of references, what is merged on the way; the extent at an address. */
#include "engine/backref/extent_refs.h"
#include "tests/unit/image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <errno.h>

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

/* What is found at @address in an extent tree of @items. */
static int look(const struct image *image, const struct image_item *items, size_t count,
		uint64_t address, uint64_t *bytenr)
{
	struct failure failure = {0};
	struct volume *volume;
	struct root *root;
	int ret;

	assert_int_equal(volume_open(image->path, NULL, &volume, &failure), 0);
	assert_int_equal(root_get(volume, BTRFS_EXTENT_TREE_OBJECTID, &root), 0);
	assert_int_equal(root->level, 0);
	image_write_leaf(image, root->bytenr, items, count);
	tree_block_cache_clear(volume->blocks);
	ret = extent_at_address(volume, address, bytenr);
	volume_close(volume);
	return ret;
}

static void test_extent_at_address(void **state)
{
	enum { EXTENT = 13631488, SIZE = 8192, BEHIND = EXTENT + SIZE };
	static struct btrfs_extent_item extent;
	static const uint8_t zeros[sizeof(struct btrfs_inode_item)];
	const struct image_item items[] = {
		{0, BTRFS_INODE_ITEM_KEY, 0, zeros, sizeof(zeros)},
		{EXTENT, BTRFS_EXTENT_ITEM_KEY, SIZE, &extent, sizeof(extent)},
		{EXTENT, BTRFS_SHARED_DATA_REF_KEY, 30408704, zeros, 4},
		{EXTENT, BTRFS_BLOCK_GROUP_ITEM_KEY, 8388608, zeros, 24},
	};
	struct image image;
	uint64_t bytenr;

	(void)state;
	put_le64(&extent.flags, BTRFS_EXTENT_FLAG_DATA);
	image_init(&image);
	image_make(&image, "-m single");
	assert_int_equal(look(&image, items + 1, 3, EXTENT + SIZE - 1, &bytenr), 0);
	assert_int_equal(bytenr, EXTENT);
	assert_int_equal(look(&image, items + 1, 3, BEHIND, &bytenr), -ENOENT);
	assert_int_equal(look(&image, items + 1, 3, EXTENT - 1, &bytenr), -ENOENT);
	/* Nothing has a number below 0, where a damaged tree has an item that is no extent. */
	assert_int_equal(look(&image, items, 1, BEHIND, &bytenr), -ENOENT);
	image_release(&image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_descending_and_merged),
		cmocka_unit_test(test_levels_first),
		cmocka_unit_test(test_extent_at_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

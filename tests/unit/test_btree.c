/* SPDX-License-Identifier: GPL-2.0 */
/* Searching and stepping, against the keys as a walk over bare blocks finds them. */
#include "engine/tree/compare.h"
#include "tests/unit/image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

enum { NODESIZE = 4096, FILES = 700 };

struct key_list {
	struct key *keys;
	size_t count, allocated;
};

struct fixture {
	struct image image;
	struct volume *volume;
	struct root *root; /* of the top-level subvolume */
	struct key_list list;
};

static int set_up(void **state)
{
	static struct fixture fixture;

	memset(&fixture, 0, sizeof(fixture));
	image_init(&fixture.image);
	*state = &fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	free(fixture->list.keys);
	volume_close(fixture->volume);
	image_release(&fixture->image);
	return 0;
}

static void open_fixture(struct fixture *fixture, size_t cache_bytes)
{
	const struct volume_options options = {.cache_bytes = cache_bytes};

	image_open(&fixture->image, &options, &fixture->volume);
	assert_int_equal(root_get(fixture->volume, BTRFS_FS_TREE_OBJECTID, &fixture->root), 0);
}

static void list_block(struct fixture *fixture, const struct tree_block_id *id)
{
	struct key_list *list = &fixture->list;
	struct tree_block *block;
	uint32_t slot;

	assert_int_equal(tree_block_get(fixture->volume, id, &block), 0);
	for (slot = 0; slot < block->nritems; slot++) {
		struct tree_block_id child;

		if (block->level) {
			child = tree_block_child(block, slot);
			list_block(fixture, &child);
			continue;
		}
		if (list->count == list->allocated) {
			list->allocated = list->allocated * 2 + 64;
			list->keys = realloc(list->keys, list->allocated * sizeof(*list->keys));
			assert_non_null(list->keys);
		}
		list->keys[list->count++] = tree_block_key(block, slot);
	}
	tree_block_put(block);
}

static struct fixture *prepare(void **state)
{
	struct fixture *fixture = *state;
	struct tree_block_id id;

	image_add_many_files(&fixture->image, FILES);
	image_make(&fixture->image, "-m single -n 4096");
	open_fixture(fixture, 0);
	assert_int_equal(fixture->root->level, 2);
	id = (struct tree_block_id){.bytenr = fixture->root->bytenr, .level = -1};
	list_block(fixture, &id);
	assert_true(fixture->list.count > FILES * 4);
	return fixture;
}

static void expect_at(const struct btree_path *path, const struct key *key)
{
	struct key have = btree_path_key(path);

	assert_int_equal(key_compare(&have, key), 0);
}

static void test_walk(void **state)
{
	struct fixture *fixture = prepare(state);
	const struct key first = {0};
	struct btree_path path = {0};
	size_t i;

	assert_int_equal(btree_search_from(fixture->root, &first, &path), 0);
	for (i = 0; i < fixture->list.count; i++) {
		expect_at(&path, &fixture->list.keys[i]);
		assert_int_equal(btree_next(&path), i + 1 < fixture->list.count ? 0 : 1);
	}
	/* The end stays the end. */
	assert_int_equal(path.slots[0], path.nodes[0]->nritems);
	assert_int_equal(btree_next(&path), 1);
	assert_int_equal(btree_next_leaf(&path), 1);
	btree_path_release(&path);
	assert_null(path.nodes[0]);
}

static void test_next_leaf(void **state)
{
	struct fixture *fixture = prepare(state);
	const struct key first = {0};
	struct btree_path path = {0};
	size_t at = 0;
	int ret;

	ret = btree_search_from(fixture->root, &first, &path);
	while (!ret) {
		assert_int_equal(path.slots[0], 0);
		expect_at(&path, &fixture->list.keys[at]);
		at += path.nodes[0]->nritems;
		ret = btree_next_leaf(&path);
	}
	assert_int_equal(ret, 1);
	assert_int_equal(at, fixture->list.count);
	btree_path_release(&path);
}

/* A key between @key and the next one, unless there is none. */
static struct key just_after(struct key key)
{
	key.offset++;
	return key;
}

static void test_search(void **state)
{
	struct fixture *fixture = prepare(state);
	const struct key *keys = fixture->list.keys;
	struct btree_path path = {0};
	size_t count = fixture->list.count, i;

	for (i = 0; i < count; i++) {
		/* All over the tree rather than in order. */
		size_t at = i * 7919 % count;
		struct key after = just_after(keys[at]);
		bool is_last = at + 1 == count;

		assert_int_equal(btree_search(fixture->root, &keys[at], &path), 0);
		expect_at(&path, &keys[at]);
		assert_int_equal(btree_search_before(fixture->root, &keys[at], &path), 0);
		expect_at(&path, &keys[at]);
		if (!is_last && key_compare(&after, &keys[at + 1]) == 0)
			continue;
		assert_int_equal(btree_search(fixture->root, &after, &path), 1);
		assert_true(path.slots[0] > 0);
		path.slots[0]--;
		expect_at(&path, &keys[at]);
		assert_int_equal(btree_search_before(fixture->root, &after, &path), 0);
		expect_at(&path, &keys[at]);
		assert_int_equal(btree_search_from(fixture->root, &after, &path), is_last);
		if (!is_last)
			expect_at(&path, &keys[at + 1]);
	}
	btree_path_release(&path);
}

static void test_ends(void **state)
{
	struct fixture *fixture = prepare(state);
	const struct key lowest = {0};
	const struct key highest = {.objectid = UINT64_MAX, .type = 255, .offset = UINT64_MAX};
	const struct key_list *list = &fixture->list;
	struct btree_path path = {0};

	assert_int_equal(btree_search(fixture->root, &lowest, &path), 1);
	assert_int_equal(path.slots[0], 0);
	assert_int_equal(btree_search_before(fixture->root, &lowest, &path), 1);
	assert_int_equal(btree_search_from(fixture->root, &lowest, &path), 0);
	expect_at(&path, &list->keys[0]);
	assert_int_equal(btree_search(fixture->root, &highest, &path), 1);
	assert_int_equal(path.slots[0], path.nodes[0]->nritems);
	assert_int_equal(btree_search_before(fixture->root, &highest, &path), 0);
	expect_at(&path, &list->keys[list->count - 1]);
	assert_int_equal(btree_search_from(fixture->root, &highest, &path), 1);
	btree_path_release(&path);
}

/* The same path through trees of different height, without a release between. */
static void test_reused_path(void **state)
{
	struct fixture *fixture = prepare(state);
	const struct key first = {0};
	struct btree_path path = {0};
	struct root *small;
	int items = 1, round;

	assert_int_equal(root_get(fixture->volume, BTRFS_ROOT_TREE_OBJECTID, &small), 0);
	assert_int_equal(small->level, 0);
	for (round = 0; round < 2; round++) {
		assert_int_equal(btree_search_from(fixture->root, &first, &path), 0);
		expect_at(&path, &fixture->list.keys[0]);
		assert_non_null(path.nodes[2]);
		assert_int_equal(btree_search_from(small, &first, &path), 0);
		assert_null(path.nodes[1]);
		assert_null(path.nodes[2]);
		for (items = 1; !btree_next(&path); items++)
			;
		assert_int_equal(items, path.nodes[0]->nritems);
	}
	btree_path_release(&path);
}

static void test_empty_tree(void **state)
{
	struct fixture *fixture = *state;
	const struct key first = {0};
	struct btree_path path = {0};
	struct root *csums;

	image_make(&fixture->image, "-m single -n 4096");
	open_fixture(fixture, 0);
	assert_int_equal(root_get(fixture->volume, BTRFS_CSUM_TREE_OBJECTID, &csums), 0);
	assert_int_equal(btree_search(csums, &first, &path), 1);
	assert_int_equal(path.nodes[0]->nritems, 0);
	assert_int_equal(btree_search_from(csums, &first, &path), 1);
	assert_int_equal(btree_search_before(csums, &first, &path), 1);
	assert_int_equal(btree_next(&path), 1);
	assert_int_equal(btree_next_leaf(&path), 1);
	btree_path_release(&path);
}

static uint64_t walk_blocks_read(struct fixture *fixture)
{
	const struct key first = {0};
	uint64_t before = fixture->volume->counters.blocks_read;
	struct btree_path path = {0};
	int ret = btree_search_from(fixture->root, &first, &path);

	while (!ret)
		ret = btree_next(&path);
	assert_int_equal(ret, 1);
	btree_path_release(&path);
	return fixture->volume->counters.blocks_read - before;
}

/* What is not held goes when the cache is full; what is held stays, however small the cache. */
static void test_bounded_cache(void **state)
{
	struct fixture *fixture = prepare(state);
	const struct key_list *list = &fixture->list;
	struct btree_path first = {0}, last = {0};
	uint64_t all;

	open_fixture(fixture, 0);
	all = walk_blocks_read(fixture);
	assert_true(all > 100);
	assert_int_equal(walk_blocks_read(fixture), 0);

	open_fixture(fixture, 8 * NODESIZE);
	assert_int_equal(btree_search(fixture->root, &list->keys[0], &first), 0);
	assert_int_equal(btree_search(fixture->root, &list->keys[list->count - 1], &last), 0);
	assert_in_range(walk_blocks_read(fixture), all - 10, all);
	assert_in_range(walk_blocks_read(fixture), all - 10, all);
	expect_at(&first, &list->keys[0]);
	expect_at(&last, &list->keys[list->count - 1]);

	/* Held blocks that the cache forgets stay readable, and are read again for the next one. */
	tree_block_cache_clear(fixture->volume->blocks);
	expect_at(&first, &list->keys[0]);
	assert_int_equal(btree_next(&first), 0);
	expect_at(&first, &list->keys[1]);
	assert_in_range(walk_blocks_read(fixture), all - 10, all);
	btree_path_release(&first);
	btree_path_release(&last);

	open_fixture(fixture, 1);
	assert_true(walk_blocks_read(fixture) >= all);
}

/* Rewrite the block at @bytenr by @change, with a right checksum. */
static void change_block(struct fixture *fixture, uint64_t bytenr, void (*change)(uint8_t *block))
{
	uint8_t block[NODESIZE];
	uint64_t offset;

	assert_int_equal(image_find_block(&fixture->image, bytenr, &offset, 1), 1);
	image_read(&fixture->image, offset, block, sizeof(block));
	change(block);
	image_write_block(&fixture->image, offset, block, sizeof(block));
	open_fixture(fixture, 0);
}

static void expect_corrupt(struct fixture *fixture, const char *text)
{
	const struct key first = {0};
	struct btree_path path = {0};
	int ret = btree_search_from(fixture->root, &first, &path);

	while (!ret)
		ret = btree_next(&path);
	assert_int_equal(ret, -EUCLEAN);
	assert_null(path.nodes[0]);
	if (!strstr(volume_failure(fixture->volume)->text, text))
		fail_msg("have '%s' expect '%s' in it", volume_failure(fixture->volume)->text,
			 text);
}

/* Still in order, but the child does not begin there. */
static void shift_second_pointer(uint8_t *block)
{
	struct btrfs_key_ptr *pointer =
		(struct btrfs_key_ptr *)(block + sizeof(struct btrfs_header));

	put_le64(&pointer[1].key.offset, from_le64(pointer[1].key.offset) + 1);
}

static void test_first_key(void **state)
{
	struct fixture *fixture = prepare(state);

	change_block(fixture, fixture->root->bytenr, shift_second_pointer);
	expect_corrupt(fixture, "has another");
}

static void raise_last_key(uint8_t *block)
{
	struct btrfs_header *header = (struct btrfs_header *)block;
	struct btrfs_item *items = (struct btrfs_item *)(header + 1);

	put_le64(&items[from_le32(header->nritems) - 1].key.objectid, 1ULL << 40);
}

static uint64_t first_leaf(const struct fixture *fixture)
{
	struct btree_path path = {0};
	uint64_t bytenr;

	assert_int_equal(btree_search(fixture->root, &fixture->list.keys[0], &path), 0);
	bytenr = path.nodes[0]->bytenr;
	btree_path_release(&path);
	return bytenr;
}

/* Leaves that overlap: every leaf is sound by itself, and so is its parent. */
static void test_leaf_order(void **state)
{
	struct fixture *fixture = prepare(state);
	uint64_t leaf = first_leaf(fixture);

	change_block(fixture, leaf, raise_last_key);
	expect_corrupt(fixture, "is not behind the leaf before");
}

static void clear_items(uint8_t *block)
{
	put_le32(&((struct btrfs_header *)block)->nritems, 0);
}

static void test_empty_child(void **state)
{
	struct fixture *fixture = prepare(state);
	uint64_t leaf = first_leaf(fixture);

	change_block(fixture, leaf, clear_items);
	expect_corrupt(fixture, "no items, expect some below node");
}

static void give_to_csum_tree(uint8_t *block)
{
	put_le64(&((struct btrfs_header *)block)->owner, BTRFS_CSUM_TREE_OBJECTID);
}

static void give_to_subvolume(uint8_t *block)
{
	put_le64(&((struct btrfs_header *)block)->owner, 300);
}

static void test_owner(void **state)
{
	struct fixture *fixture = prepare(state);
	uint64_t leaf = first_leaf(fixture);

	/* Shared with a snapshot that wrote it last: that is how snapshots are. */
	change_block(fixture, leaf, give_to_subvolume);
	walk_blocks_read(fixture);
	change_block(fixture, leaf, give_to_csum_tree);
	expect_corrupt(fixture, "belongs to root 7, found in root 5");
}

/* Items as a comparison tells them: so many are those of the fixture, in its order. */
struct told {
	const struct key_list *list;
	size_t count, right;
};

static int count_new(void *context, struct btree_path *left, struct btree_path *right,
		     const struct key *key, enum change change)
{
	struct told *told = context;

	(void)right;
	if (change == CHANGE_DELETED)
		return 0;
	expect_at(left, key);
	told->right += told->count < told->list->count &&
		       !key_compare(&told->list->keys[told->count], key);
	told->count++;
	return 0;
}

/* With an empty subvolume, so that nothing is shared and each item is told. */
static int compare_with_empty(struct fixture *fixture)
{
	struct told told = {.list = &fixture->list};
	struct root *empty;
	int ret;

	assert_int_equal(root_get(fixture->volume, BTRFS_DATA_RELOC_TREE_OBJECTID, &empty), 0);
	ret = tree_compare(fixture->root, empty, count_new, &told);
	if (ret == 0) {
		assert_int_equal(told.count, fixture->list.count);
		assert_int_equal(told.right, fixture->list.count);
	}
	return ret;
}

static void expect_refused(struct fixture *fixture, const char *text)
{
	assert_int_equal(compare_with_empty(fixture), -EUCLEAN);
	if (!strstr(volume_failure(fixture->volume)->text, text))
		fail_msg("have '%s' expect '%s' in it", volume_failure(fixture->volume)->text,
			 text);
}

static uint64_t second_leaf(struct fixture *fixture)
{
	struct btree_path path = {0};
	uint64_t bytenr;

	assert_int_equal(btree_search(fixture->root, &fixture->list.keys[0], &path), 0);
	assert_int_equal(btree_next_leaf(&path), 0);
	bytenr = path.nodes[0]->bytenr;
	btree_path_release(&path);
	return bytenr;
}

/* All pointers lead to the first child: as many items again with each of them, at each level. */
static void repeat_first_child(uint8_t *block)
{
	struct btrfs_header *header = (struct btrfs_header *)block;
	struct btrfs_key_ptr *pointers = (struct btrfs_key_ptr *)(header + 1);

	for (uint32_t i = 1; i < from_le32(header->nritems); i++)
		pointers[i].blockptr = pointers[0].blockptr;
}

static void test_compare(void **state)
{
	struct fixture *fixture = prepare(state);
	const uint64_t root = fixture->root->bytenr, leaf = second_leaf(fixture);
	uint8_t good[NODESIZE];
	uint64_t offset;

	assert_int_equal(compare_with_empty(fixture), 0);
	assert_int_equal(image_find_block(&fixture->image, leaf, &offset, 1), 1);
	image_read(&fixture->image, offset, good, sizeof(good));
	change_block(fixture, leaf, clear_items);
	expect_refused(fixture, "no items, expect some below node");
	image_write_block(&fixture->image, offset, good, sizeof(good));
	change_block(fixture, leaf, raise_last_key);
	expect_refused(fixture, "expect more than");
	image_write_block(&fixture->image, offset, good, sizeof(good));
	change_block(fixture, root, repeat_first_child);
	expect_refused(fixture, "has another");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_walk, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_next_leaf, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_search, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_ends, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_reused_path, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_empty_tree, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bounded_cache, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_first_key, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_leaf_order, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_empty_child, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_owner, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_compare, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("btree", tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A mounted filesystem: transactions are committed under the reader. Here the test itself commits:
 * it moves a leaf of the top-level subvolume as a balance does, and reuses the leaf's old place.
 */
#include "engine/tree/compare.h"
#include "engine/volume/chunk.h"
#include "tests/unit/image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

enum { NODESIZE = 4096, FILES = 100 };

struct fixture {
	struct image image;
	struct volume *volume; /* live */
	struct root *root;     /* of the top-level subvolume, two levels */
	uint64_t free_bytenr;  /* where the next new block goes */
	uint64_t to_physical;  /* add to an address in the metadata chunk */
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

	volume_close(fixture->volume);
	image_release(&fixture->image);
	return 0;
}

static uint64_t metadata_end(struct volume *volume)
{
	const struct key first = {0};
	struct btree_path path = {0};
	struct root *chunks;
	uint64_t end = 0;
	int ret;

	assert_int_equal(root_get(volume, BTRFS_CHUNK_TREE_OBJECTID, &chunks), 0);
	for (ret = btree_search_from(chunks, &first, &path); !ret; ret = btree_next(&path)) {
		const struct btrfs_chunk *chunk = btree_path_data(&path);

		if (btree_path_key(&path).type == BTRFS_CHUNK_ITEM_KEY &&
		    (from_le64(chunk->type) & BTRFS_BLOCK_GROUP_METADATA))
			end = btree_path_key(&path).offset + from_le64(chunk->length);
	}
	assert_int_equal(ret, 1);
	btree_path_release(&path);
	assert_true(end > 0);
	return end;
}

static struct fixture *prepare(void **state)
{
	const struct volume_options options = {.live = true};
	struct fixture *fixture = *state;
	uint64_t offset;

	image_add_many_files(&fixture->image, FILES);
	image_make(&fixture->image, "-m single -n 4096");
	image_open(&fixture->image, &options, &fixture->volume);
	assert_int_equal(root_get(fixture->volume, BTRFS_FS_TREE_OBJECTID, &fixture->root), 0);
	assert_int_equal(fixture->root->level, 1);
	assert_int_equal(image_find_block(&fixture->image, fixture->root->bytenr, &offset, 1), 1);
	fixture->to_physical = offset - fixture->root->bytenr;
	fixture->free_bytenr = metadata_end(fixture->volume) - NODESIZE;
	return fixture;
}

static void read_block(struct fixture *fixture, uint64_t bytenr, uint8_t *block)
{
	image_read(&fixture->image, bytenr + fixture->to_physical, block, NODESIZE);
}

/* Write @block to a new place as one of transaction @transid. Returns its address. */
static uint64_t write_new_block(struct fixture *fixture, uint8_t *block, uint64_t transid)
{
	struct btrfs_header *header = (struct btrfs_header *)block;
	uint64_t bytenr = fixture->free_bytenr;

	fixture->free_bytenr -= NODESIZE;
	put_le64(&header->bytenr, bytenr);
	put_le64(&header->generation, transid);
	image_write_block(&fixture->image, bytenr + fixture->to_physical, block, NODESIZE);
	return bytenr;
}

static void overwrite(struct fixture *fixture, uint64_t bytenr)
{
	uint8_t junk[NODESIZE];

	memset(junk, 0x5a, sizeof(junk));
	image_write(&fixture->image, bytenr + fixture->to_physical, junk, sizeof(junk));
}

/* The item of the top-level subvolume in @block, a leaf of the root tree. */
static struct btrfs_root_item *find_root_item(uint8_t *block)
{
	struct btrfs_header *header = (struct btrfs_header *)block;
	struct btrfs_item *items = (struct btrfs_item *)(header + 1);
	uint32_t slot;

	assert_int_equal(header->level, 0);
	for (slot = 0; slot < from_le32(header->nritems); slot++) {
		struct btrfs_root_item *root =
			(struct btrfs_root_item *)((uint8_t *)(header + 1) +
						   from_le32(items[slot].offset));

		if (from_le64(items[slot].key.objectid) == BTRFS_FS_TREE_OBJECTID &&
		    items[slot].key.type == BTRFS_ROOT_ITEM_KEY)
			return root;
	}
	fail_msg("no root item");
	return NULL;
}

/* A transaction under way: what is on disk, of which the volume learns nothing. */
struct commit {
	struct btrfs_super_block super;
	uint64_t transid;
	uint8_t root_tree[NODESIZE];
	struct btrfs_root_item *item; /* in it, of the subvolume */
	uint8_t node[NODESIZE];	      /* the subvolume's root */
};

static void begin_commit(struct fixture *fixture, struct commit *commit)
{
	image_read(&fixture->image, BTRFS_SUPER_INFO_OFFSET, &commit->super, sizeof(commit->super));
	commit->transid = from_le64(commit->super.generation) + 1;
	read_block(fixture, from_le64(commit->super.root), commit->root_tree);
	commit->item = find_root_item(commit->root_tree);
	read_block(fixture, from_le64(commit->item->bytenr), commit->node);
}

static struct btrfs_key_ptr *pointer_at(struct commit *commit, uint32_t slot)
{
	return (struct btrfs_key_ptr *)(commit->node + sizeof(struct btrfs_header)) + slot;
}

/* @root takes the place of the subvolume's root node. */
static void end_commit(struct fixture *fixture, struct commit *commit, uint8_t *root)
{
	overwrite(fixture, from_le64(commit->item->bytenr));
	put_le64(&commit->item->bytenr, write_new_block(fixture, root, commit->transid));
	put_le64(&commit->item->generation, commit->transid);
	put_le64(&commit->item->generation_v2, commit->transid);
	overwrite(fixture, from_le64(commit->super.root));
	put_le64(&commit->super.root, write_new_block(fixture, commit->root_tree, commit->transid));
	put_le64(&commit->super.generation, commit->transid);
	image_write_super(&fixture->image, BTRFS_SUPER_INFO_OFFSET, &commit->super);
}

/* Move the leaf at @slot of the subvolume's root node, and what is above. */
static void commit_move(struct fixture *fixture, uint32_t slot)
{
	struct btrfs_key_ptr *pointer;
	struct commit commit;
	uint8_t leaf[NODESIZE];

	begin_commit(fixture, &commit);
	pointer = pointer_at(&commit, slot);
	read_block(fixture, from_le64(pointer->blockptr), leaf);
	overwrite(fixture, from_le64(pointer->blockptr));
	put_le64(&pointer->blockptr, write_new_block(fixture, leaf, commit.transid));
	put_le64(&pointer->generation, commit.transid);
	end_commit(fixture, &commit, commit.node);
}

/* All leaves but the first go: it becomes the root. */
static void commit_lower(struct fixture *fixture)
{
	struct commit commit;
	uint8_t leaf[NODESIZE];

	begin_commit(fixture, &commit);
	read_block(fixture, from_le64(pointer_at(&commit, 0)->blockptr), leaf);
	overwrite(fixture, from_le64(pointer_at(&commit, 1)->blockptr));
	commit.item->level = 0;
	end_commit(fixture, &commit, leaf);
}

/* Step on from @path to the end of the tree; returns how many items were there. */
static size_t walk_on(struct btree_path *path)
{
	struct key before = btree_path_key(path), key;
	size_t count = 0;
	int ret;

	while (!(ret = btree_next(path))) {
		key = btree_path_key(path);
		assert_true(key_compare(&before, &key) < 0);
		before = key;
		count++;
	}
	assert_int_equal(ret, 1);
	return count;
}

static size_t count_all(struct fixture *fixture)
{
	const struct key first = {0};
	struct btree_path path = {0};
	size_t count;

	assert_int_equal(btree_search_from(fixture->root, &first, &path), 0);
	count = walk_on(&path) + 1;
	btree_path_release(&path);
	return count;
}

/* A walk meets the leaf's old place, and goes on in the new state behind the last item it had. */
static void test_moved_under_walk(void **state)
{
	struct fixture *fixture = prepare(state);
	const struct key first = {0};
	struct btree_path path = {0};
	size_t all = count_all(fixture);
	uint64_t generation = fixture->volume->generation;

	tree_block_cache_clear(fixture->volume->blocks);
	assert_int_equal(btree_search_from(fixture->root, &first, &path), 0);
	commit_move(fixture, 1);
	assert_int_equal(fixture->volume->generation, generation);

	assert_int_equal(walk_on(&path) + 1, all);
	btree_path_release(&path);
	assert_int_equal(fixture->volume->counters.refreshes, 1);
	assert_int_equal(fixture->volume->generation, generation + 1);
	assert_int_equal(volume_failure(fixture->volume)->code, 0);
	assert_int_equal(fixture->volume->counters.bad_copies, 0);
}

/* Another walk has taken up the new state: this one is told by its own, older position. */
static void test_moved_under_two_walks(void **state)
{
	struct fixture *fixture = prepare(state);
	const struct key first = {0};
	struct btree_path path = {0}, other = {0};
	size_t all = count_all(fixture);

	tree_block_cache_clear(fixture->volume->blocks);
	assert_int_equal(btree_search_from(fixture->root, &first, &path), 0);
	assert_int_equal(btree_search_from(fixture->root, &first, &other), 0);
	commit_move(fixture, 1);
	assert_int_equal(walk_on(&path) + 1, all);
	assert_int_equal(fixture->volume->counters.refreshes, 1);
	assert_int_equal(walk_on(&other) + 1, all);
	assert_int_equal(fixture->volume->counters.refreshes, 1);
	assert_int_equal(volume_failure(fixture->volume)->code, 0);
	btree_path_release(&path);
	btree_path_release(&other);
}

/* The root node itself moved, and the root tree with it. */
static void test_moved_under_search(void **state)
{
	struct fixture *fixture = prepare(state);
	const struct key key = {.objectid = BTRFS_FIRST_FREE_OBJECTID,
				.type = BTRFS_INODE_ITEM_KEY};
	struct btree_path path = {0};
	size_t all = count_all(fixture);

	commit_move(fixture, 0);
	commit_move(fixture, 2);
	commit_move(fixture, 0);
	tree_block_cache_clear(fixture->volume->blocks);
	assert_int_equal(btree_search(fixture->root, &key, &path), 0);
	btree_path_release(&path);
	assert_int_equal(fixture->volume->counters.refreshes, 1);
	assert_int_equal(count_all(fixture), all);
}

static int lower_once(void *context, struct btree_path *left, struct btree_path *right,
		      const struct key *key, enum change change)
{
	struct fixture *fixture = context;
	struct btrfs_super_block super;

	(void)left;
	(void)right;
	(void)key;
	(void)change;
	image_read(&fixture->image, BTRFS_SUPER_INFO_OFFSET, &super, sizeof(super));
	if (from_le64(super.generation) == fixture->volume->generation)
		commit_lower(fixture);
	return 0;
}

/* Somebody wrote into what is compared: its keys are not looked for where they were. */
static void test_changed_under_comparison(void **state)
{
	struct fixture *fixture = prepare(state);
	struct root *empty;

	assert_int_equal(root_get(fixture->volume, BTRFS_DATA_RELOC_TREE_OBJECTID, &empty), 0);
	assert_int_equal(tree_compare(fixture->root, empty, lower_once, fixture), -EUCLEAN);
	assert_int_equal(fixture->volume->counters.refreshes, 1);
	assert_non_null(strstr(volume_failure(fixture->volume)->text, "root 5: level 0, expect 1"));
}

/* Without a newer superblock a bad block is what it is. */
static void test_damaged(void **state)
{
	struct fixture *fixture = prepare(state);
	const struct key first = {0};
	struct btree_path path = {0};
	uint64_t leaf;
	int ret;

	assert_int_equal(btree_search_from(fixture->root, &first, &path), 0);
	leaf = tree_block_child(path.nodes[1], 1).bytenr;
	overwrite(fixture, leaf);
	while (!(ret = btree_next(&path)))
		;
	assert_int_equal(ret, -EUCLEAN);
	assert_null(path.nodes[0]);
	assert_int_equal(volume_failure(fixture->volume)->code, -EUCLEAN);
	assert_non_null(strstr(volume_failure(fixture->volume)->text, "wrong crc32c checksum"));
	assert_int_equal(fixture->volume->counters.refreshes, 0);
}

static void set_root_tree(struct fixture *fixture, struct btrfs_super_block *super, uint64_t bytenr,
			  uint8_t level)
{
	put_le64(&super->root, bytenr);
	super->root_level = level;
	put_le64(&super->generation, from_le64(super->generation) + 1);
	image_write_super(&fixture->image, BTRFS_SUPER_INFO_OFFSET, super);
}

/* A new leaf like the one in @commit, with other items. */
static uint64_t write_root_leaf(struct fixture *fixture, struct commit *commit,
				const struct image_item *items, size_t count)
{
	uint64_t bytenr = write_new_block(fixture, commit->root_tree, commit->transid);

	image_write_leaf(&fixture->image, bytenr, items, count);
	return bytenr;
}

static void put_pointer(struct btrfs_key_ptr *pointer, const struct image_item *first,
			uint64_t bytenr, uint64_t transid)
{
	put_le64(&pointer->key.objectid, first->objectid);
	pointer->key.type = first->type;
	put_le64(&pointer->key.offset, first->offset);
	put_le64(&pointer->blockptr, bytenr);
	put_le64(&pointer->generation, transid);
}

/*
 * Of the items of subvolume 257 the last counts. It is in the second leaf, and when it is looked
 * for there a commit has deleted the subvolume.
 */
static void test_deleted_under_search_by_uuid(void **state)
{
	const struct volume_options options = {.live = true};
	struct fixture *fixture = prepare(state);
	struct btrfs_root_item top, other, wanted;
	struct subvolume_info info;
	struct btrfs_header *header;
	struct commit commit;
	uint64_t left, right;

	begin_commit(fixture, &commit);
	top = other = wanted = *commit.item;
	memset(other.uuid, 1, sizeof(other.uuid));
	memset(wanted.uuid, 2, sizeof(wanted.uuid));
	const struct image_item items[] = {
		{BTRFS_FS_TREE_OBJECTID, BTRFS_ROOT_ITEM_KEY, 0, &top, sizeof(top)},
		{257, BTRFS_ROOT_ITEM_KEY, 1, &other, sizeof(other)},
		{257, BTRFS_ROOT_ITEM_KEY, 2, &other, sizeof(other)},
		{258, BTRFS_ROOT_ITEM_KEY, 0, &wanted, sizeof(wanted)},
	};
	const struct image_item left_over[] = {items[0], items[3]};

	header = (struct btrfs_header *)commit.node;
	left = write_root_leaf(fixture, &commit, items, 2);
	right = write_root_leaf(fixture, &commit, items + 2, 2);
	put_pointer(pointer_at(&commit, 0), &items[0], left, commit.transid);
	put_pointer(pointer_at(&commit, 1), &items[2], right, commit.transid);
	put_le32(&header->nritems, 2);
	put_le64(&header->owner, BTRFS_ROOT_TREE_OBJECTID);
	set_root_tree(fixture, &commit.super, write_new_block(fixture, commit.node, commit.transid),
		      1);
	image_open(&fixture->image, &options, &fixture->volume);
	assert_int_equal(volume_find_subvolume_by_uuid(fixture->volume, other.uuid, &info), 0);
	assert_int_equal(info.id, 257);

	image_open(&fixture->image, &options, &fixture->volume);
	overwrite(fixture, right);
	commit.transid++;
	set_root_tree(fixture, &commit.super, write_root_leaf(fixture, &commit, left_over, 2), 0);
	assert_int_equal(volume_find_subvolume_by_uuid(fixture->volume, wanted.uuid, &info), 0);
	assert_int_equal(info.id, 258);
	assert_int_equal(fixture->volume->counters.refreshes, 1);
	assert_int_equal(volume_find_subvolume_by_uuid(fixture->volume, other.uuid, &info),
			 -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_moved_under_walk, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_moved_under_two_walks, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_moved_under_search, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_changed_under_comparison, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_deleted_under_search_by_uuid, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_damaged, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("live", tests, NULL, NULL);
}

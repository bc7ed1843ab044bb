/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Hostile images: random changes under right checksums, in every tree block and the superblock.
 * What reads them must end, and either succeed or say why not.
 */
#include "engine/tree/btree.h"
#include "tests/unit/image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

enum {
	NODESIZE = 4096,
	MAX_BLOCKS = 256,
	FILES = 150,
	ROUNDS = 3000,
	MAX_ITEMS = 100000, /* far more than the image has: a walk that passes it does not end */
};

struct fixture {
	struct image image;
	uint64_t blocks[MAX_BLOCKS]; /* offsets in the image */
	size_t count;
	uint64_t random;
};

static int set_up(void **state)
{
	static struct fixture fixture;

	memset(&fixture, 0, sizeof(fixture));
	fixture.random = 0x853c49e6748fea9bULL;
	image_init(&fixture.image);
	*state = &fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	image_release(&fixture->image);
	return 0;
}

static uint32_t next_random(struct fixture *fixture, uint32_t limit)
{
	fixture->random = fixture->random * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(fixture->random >> 33) % limit;
}

static void list_tree(struct fixture *fixture, struct volume *volume,
		      const struct tree_block_id *id)
{
	struct tree_block *block;
	uint32_t slot;

	assert_int_equal(tree_block_get(volume, id, &block), 0);
	assert_true(fixture->count < MAX_BLOCKS);
	assert_int_equal(image_find_block(&fixture->image, id->bytenr,
					  &fixture->blocks[fixture->count++], 1),
			 1);
	for (slot = 0; block->level && slot < block->nritems; slot++) {
		struct tree_block_id child = tree_block_child(block, slot);

		list_tree(fixture, volume, &child);
	}
	tree_block_put(block);
}

static const uint64_t trees[] = {
	BTRFS_CHUNK_TREE_OBJECTID,
	BTRFS_ROOT_TREE_OBJECTID,
	BTRFS_FS_TREE_OBJECTID,
	BTRFS_EXTENT_TREE_OBJECTID,
};
enum { TREES = sizeof(trees) / sizeof(trees[0]) };

static void list_blocks(struct fixture *fixture)
{
	struct failure failure = {0};
	struct volume *volume;
	size_t i;

	assert_int_equal(volume_open(fixture->image.path, NULL, &volume, &failure), 0);
	for (i = 0; i < TREES; i++) {
		struct tree_block_id id;
		struct root *root;

		assert_int_equal(root_get(volume, trees[i], &root), 0);
		id = (struct tree_block_id){.bytenr = root->bytenr, .level = root->level};
		list_tree(fixture, volume, &id);
	}
	volume_close(volume);
}

static int walk_tree(struct volume *volume, uint64_t id)
{
	const struct key first = {0};
	struct btree_path path = {0};
	struct root *root;
	int ret = root_get(volume, id, &root), items = 0;

	if (!ret)
		ret = btree_search_from(root, &first, &path);
	while (!ret) {
		assert_true(items++ < MAX_ITEMS);
		ret = btree_next(&path);
	}
	btree_path_release(&path);
	return ret == 1 ? 0 : ret;
}

/* A failure that is not explained would end as a message without words. */
static void expect_explained(int ret, const struct failure *failure)
{
	if (!ret)
		return;
	assert_int_equal(failure->code, ret);
	assert_true(failure->text[0] != '\0');
}

/* Returns how many of the things tried failed. */
static int read_everything(const struct fixture *fixture)
{
	static const char *const names[] = {"many/3", "many/3/file-3", "257", "nothing"};
	struct failure failure = {0};
	struct subvolume_info info;
	struct volume *volume;
	int ret = volume_open(fixture->image.path, NULL, &volume, &failure), failures = 0;
	size_t i;

	expect_explained(ret, &failure);
	if (ret)
		return 1;
	for (i = 0; i < TREES; i++) {
		failure_clear(&volume->failure);
		ret = walk_tree(volume, trees[i]);
		failures += ret != 0;
		/* That a root is not there is told without a message. */
		if (ret != -ENOENT)
			expect_explained(ret, volume_failure(volume));
	}
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		expect_explained(volume_find_subvolume(volume, names[i], &info),
				 volume_failure(volume));
	volume_close(volume);
	return failures;
}

/* Change up to three bytes, mostly where the structure is: in the header or the items' headers. */
static void change(struct fixture *fixture, uint8_t *bytes, size_t length)
{
	uint32_t changes = 1 + next_random(fixture, 3);

	while (changes--) {
		uint32_t within = next_random(fixture, 3) ? 512 : (uint32_t)length;
		uint32_t at = BTRFS_CSUM_SIZE + next_random(fixture, within - BTRFS_CSUM_SIZE);

		bytes[at] = next_random(fixture, 2) ? (uint8_t)next_random(fixture, 256)
						    : (uint8_t)(bytes[at] + 1);
	}
}

static void test_tree_blocks(void **state)
{
	struct fixture *fixture = *state;
	int round, failures = 0;

	image_add_many_files(&fixture->image, FILES);
	image_make(&fixture->image, "-m single -n 4096");
	list_blocks(fixture);
	assert_true(fixture->count > 30);
	assert_int_equal(read_everything(fixture), 0);
	for (round = 0; round < ROUNDS; round++) {
		uint64_t offset = fixture->blocks[next_random(fixture, (uint32_t)fixture->count)];
		uint8_t block[NODESIZE], changed[NODESIZE];

		image_read(&fixture->image, offset, block, sizeof(block));
		memcpy(changed, block, sizeof(block));
		change(fixture, changed, sizeof(changed));
		image_write_block(&fixture->image, offset, changed, sizeof(changed));
		failures += read_everything(fixture) > 0;
		image_write(&fixture->image, offset, block, sizeof(block));
	}
	/* Most changes are noticed; some, such as of a time, cannot be. */
	assert_in_range(failures, ROUNDS / 4, ROUNDS);
	assert_int_equal(read_everything(fixture), 0);
}

static void test_superblock(void **state)
{
	struct fixture *fixture = *state;
	struct btrfs_super_block super, changed;
	int round;

	image_make(&fixture->image, "-m single -n 4096");
	image_truncate(&fixture->image, 64 << 20);
	image_read(&fixture->image, BTRFS_SUPER_INFO_OFFSET, &super, sizeof(super));
	for (round = 0; round < ROUNDS; round++) {
		changed = super;
		change(fixture, (uint8_t *)&changed, sizeof(changed));
		/* The array of system chunks lies behind the label. */
		if (next_random(fixture, 2))
			changed.sys_chunk_array[next_random(fixture, 97)] =
				(uint8_t)next_random(fixture, 256);
		image_write_super(&fixture->image, BTRFS_SUPER_INFO_OFFSET, &changed);
		read_everything(fixture);
	}
	image_write(&fixture->image, BTRFS_SUPER_INFO_OFFSET, &super, sizeof(super));
	assert_int_equal(read_everything(fixture), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_tree_blocks, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_superblock, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("volume_fuzz", tests, NULL, NULL);
}

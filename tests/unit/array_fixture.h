/* SPDX-License-Identifier: GPL-2.0 */
/* For tests of filesystems on several devices: one made by mkfs.btrfs, opened with what is left. */
#ifndef TESTS_UNIT_ARRAY_FIXTURE_H
#define TESTS_UNIT_ARRAY_FIXTURE_H

#include "engine/tree/btree.h"
#include "engine/volume/chunk.h"
#include "tests/unit/image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum {
	DEVICES_MAX = 5,
	PIECE = 65536,
	ROWS = 7,
	PIECES_MAX = ROWS * DEVICES_MAX,
};

#define DEVICE_SIZE (256ULL << 20)

struct array {
	const char *profile; /* as mkfs.btrfs calls it */
	const char *name;    /* as messages do */
	unsigned int devices;
	unsigned int copies;
	unsigned int parities;
	bool is_striped;
	unsigned int mirrors;
	unsigned int spare; /* so many devices may be missing, whichever they are */
};

struct fixture {
	struct image image;
	const struct array *array;
	struct volume *volume;
	uint64_t data;			  /* logical address of the data chunk */
	unsigned int device[DEVICES_MAX]; /* of each of its stripes */
	uint64_t physical[DEVICES_MAX];
	unsigned int pieces; /* written */
	uint8_t expected[PIECES_MAX * PIECE];
	uint8_t have[PIECES_MAX * PIECE];
};

static inline int set_up(void **state)
{
	static struct fixture fixture;

	memset(&fixture, 0, sizeof(fixture));
	image_init(&fixture.image);
	*state = &fixture;
	return 0;
}

static inline int tear_down(void **state)
{
	struct fixture *fixture = *state;

	volume_close(fixture->volume);
	image_release(&fixture->image);
	return 0;
}

/* Open the devices that @missing, a bit for each, leaves; the last one first. */
static inline int try_open(struct fixture *fixture, unsigned int missing, struct failure *failure)
{
	struct image devices[DEVICES_MAX];
	const char *paths[DEVICES_MAX];
	struct volume_options options = {.devices = paths + 1};
	unsigned int count = 0, number;

	for (number = fixture->array->devices; number >= 1; number--) {
		if (missing & 1u << number)
			continue;
		devices[count] = image_device(&fixture->image, number);
		paths[count] = devices[count].path;
		count++;
	}
	options.device_count = count - 1;
	volume_close(fixture->volume);
	fixture->volume = NULL;
	failure_clear(failure);
	return volume_open(paths[0], &options, &fixture->volume, failure);
}

static inline void open_without(struct fixture *fixture, unsigned int missing)
{
	struct failure failure = {0};

	if (try_open(fixture, missing, &failure))
		fail_msg("%s without 0x%x: %s", fixture->array->profile, missing, failure.text);
}

static inline void find_data_chunk(struct fixture *fixture)
{
	const struct key first = {.objectid = BTRFS_FIRST_CHUNK_TREE_OBJECTID};
	struct btree_path path = {0};
	struct root *chunks;
	unsigned int i;
	int ret;

	assert_int_equal(root_get(fixture->volume, BTRFS_CHUNK_TREE_OBJECTID, &chunks), 0);
	for (ret = btree_search_from(chunks, &first, &path); !ret; ret = btree_next(&path)) {
		const struct btrfs_chunk *chunk = btree_path_data(&path);
		const struct btrfs_stripe *stripes = (const struct btrfs_stripe *)(chunk + 1);

		if (!(from_le64(chunk->type) & BTRFS_BLOCK_GROUP_DATA))
			continue;
		assert_int_equal(from_le16(chunk->num_stripes), fixture->array->devices);
		fixture->data = btree_path_key(&path).offset;
		for (i = 0; i < fixture->array->devices; i++) {
			fixture->device[i] = (unsigned int)from_le64(stripes[i].devid);
			fixture->physical[i] = from_le64(stripes[i].offset);
		}
	}
	btree_path_release(&path);
	assert_int_equal(ret, 1);
	assert_true(fixture->data > 0);
}

/* 0 if all trees but that of the checksums, which is empty, can be walked. */
static inline int walk_trees(struct volume *volume)
{
	static const uint64_t trees[] = {BTRFS_CHUNK_TREE_OBJECTID, BTRFS_ROOT_TREE_OBJECTID,
					 BTRFS_EXTENT_TREE_OBJECTID, BTRFS_DEV_TREE_OBJECTID,
					 BTRFS_FS_TREE_OBJECTID};
	const struct key first = {0};
	struct root *root;
	size_t i;
	int ret;

	for (i = 0; i < sizeof(trees) / sizeof(trees[0]); i++) {
		struct btree_path path = {0};

		ret = root_get(volume, trees[i], &root);
		if (!ret)
			ret = btree_search_from(root, &first, &path);
		while (!ret)
			ret = btree_next(&path);
		btree_path_release(&path);
		if (ret < 0)
			return ret;
	}
	return 0;
}

#endif

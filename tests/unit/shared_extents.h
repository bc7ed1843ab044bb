/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A filesystem with shared extents. mkfs shares none, so the image's files are made to share a few:
 * their extent items are rewritten, and the extent tree with them.
 */
#ifndef TESTS_UNIT_SHARED_EXTENTS_H
#define TESTS_UNIT_SHARED_EXTENTS_H

#include "engine/fs/root.h"
#include "engine/tree/btree.h"
#include "tests/unit/image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
	FILES = 120,
	EXTENTS = 4,
	/* The references to the last extent from the first leaf with any are one, by that leaf. */
	SHARED = EXTENTS - 1,
	SECTOR = 4096,
	FILE_BYTES = 4 * SECTOR,
	MAX_LEAVES = 32,
	MAX_ITEMS = EXTENTS + MAX_LEAVES + 1,
	NODESIZE = 16384,
};

struct file {
	uint64_t ino, leaf;
	uint64_t data_offset, num_bytes; /* what it shows of its extent */
};

struct fixture {
	struct image image;
	struct volume *volume;
	struct root *root;
	uint64_t leaves[MAX_LEAVES]; /* with extent items */
	size_t leaf_count;
	struct file files[FILES];
	size_t file_count;
	uint64_t extents[EXTENTS]; /* bytenr */
	bool is_counted_twice;	   /* a file in the shared leaf has a reference of its own, too */
	uint64_t accepted_up_to;   /* references */
	size_t made, dropped;	   /* leaves of an index */
};

static inline void open_volume(struct fixture *fixture)
{
	image_open(&fixture->image, NULL, &fixture->volume);
	assert_int_equal(root_get(fixture->volume, BTRFS_FS_TREE_OBJECTID, &fixture->root), 0);
}

/* Note files, their leaves, and the extents of the first files. */
static inline void look_around(struct fixture *fixture)
{
	const struct key first = {0};
	struct btree_path path = {0};
	int ret;

	for (ret = btree_search_from(fixture->root, &first, &path); ret == 0;
	     ret = btree_next(&path)) {
		const struct btrfs_file_extent_item *item = btree_path_data(&path);
		uint64_t leaf = path.nodes[0]->bytenr;
		struct key key = btree_path_key(&path);

		if (key.type != BTRFS_EXTENT_DATA_KEY)
			continue;
		if (!fixture->leaf_count || fixture->leaves[fixture->leaf_count - 1] != leaf) {
			assert_in_range(fixture->leaf_count, 0, MAX_LEAVES - 1);
			fixture->leaves[fixture->leaf_count++] = leaf;
		}
		assert_in_range(fixture->file_count, 0, FILES - 1);
		if (fixture->file_count < EXTENTS)
			fixture->extents[fixture->file_count] = from_le64(item->disk_bytenr);
		fixture->files[fixture->file_count++] =
			(struct file){.ino = key.objectid, .leaf = leaf, .num_bytes = FILE_BYTES};
	}
	btree_path_release(&path);
	assert_int_equal(fixture->file_count, FILES);
	assert_in_range(fixture->leaf_count, 3, MAX_LEAVES);
}

/* File number N shows extent N modulo EXTENTS, or a part of it. */
static inline void share_extents(struct fixture *fixture)
{
	static uint8_t block[NODESIZE];
	size_t file = 0, i;

	for (i = 0; i < fixture->leaf_count; i++) {
		struct btrfs_header *header = (struct btrfs_header *)block;
		struct btrfs_item *items = (struct btrfs_item *)(header + 1);
		uint64_t offsets[2];
		size_t copies = image_find_block(&fixture->image, fixture->leaves[i], offsets, 2);
		uint32_t slot;

		assert_int_equal(copies, 1);
		image_read(&fixture->image, offsets[0], block, NODESIZE);
		for (slot = 0; slot < from_le32(header->nritems); slot++) {
			struct btrfs_file_extent_item *item =
				(void *)(block + sizeof(*header) + from_le32(items[slot].offset));

			if (items[slot].key.type != BTRFS_EXTENT_DATA_KEY)
				continue;
			assert_in_range(file, 0, FILES - 1);
			put_le64(&item->disk_bytenr, fixture->extents[file % EXTENTS]);
			put_le64(&item->offset, fixture->files[file].data_offset);
			put_le64(&item->num_bytes, fixture->files[file].num_bytes);
			file++;
		}
		image_write_block(&fixture->image, offsets[0], block, NODESIZE);
	}
	assert_int_equal(file, FILES);
}

static inline uint64_t shared_leaf(const struct fixture *fixture)
{
	return fixture->files[SHARED].leaf;
}

static inline bool is_shared(const struct fixture *fixture, size_t file)
{
	return file % EXTENTS == SHARED && fixture->files[file].leaf == shared_leaf(fixture);
}

static inline size_t put_data_ref(uint8_t *at, const struct file *file)
{
	struct btrfs_extent_data_ref *ref = (void *)(at + 1);

	*at = BTRFS_EXTENT_DATA_REF_KEY;
	put_le64(&ref->root, BTRFS_FS_TREE_OBJECTID);
	put_le64(&ref->objectid, file->ino);
	put_le64(&ref->offset, -file->data_offset);
	put_le32(&ref->count, 1);
	return 1 + sizeof(*ref);
}

static inline size_t put_shared_ref(uint8_t *at, uint64_t parent, uint32_t count)
{
	struct btrfs_extent_inline_ref *ref = (void *)at;

	ref->type = BTRFS_SHARED_DATA_REF_KEY;
	put_le64(&ref->offset, parent);
	put_le32(ref + 1, count);
	return sizeof(*ref) + sizeof(struct btrfs_shared_data_ref);
}

static inline void begin_extent_item(uint8_t *data, uint64_t refs, uint64_t flags)
{
	struct btrfs_extent_item *item = (void *)data;

	put_le64(&item->refs, refs);
	put_le64(&item->generation, 1);
	put_le64(&item->flags, flags);
}

static inline struct image_item data_extent(const struct fixture *fixture, size_t number,
					    uint8_t *data)
{
	size_t size = sizeof(struct btrfs_extent_item), file;
	uint32_t shared = 0;

	begin_extent_item(data, FILES / EXTENTS, BTRFS_EXTENT_FLAG_DATA);
	for (file = number; file < FILES; file += EXTENTS) {
		shared += is_shared(fixture, file);
		if (!is_shared(fixture, file) || (shared == 1 && fixture->is_counted_twice))
			size += put_data_ref(data + size, &fixture->files[file]);
	}
	if (shared)
		size += put_shared_ref(data + size, shared_leaf(fixture), shared);
	return (struct image_item){.objectid = fixture->extents[number],
				   .type = BTRFS_EXTENT_ITEM_KEY,
				   .offset = FILE_BYTES,
				   .data = data,
				   .size = (uint32_t)size};
}

static inline struct image_item tree_block(uint64_t bytenr, unsigned int level, uint8_t *data)
{
	struct btrfs_extent_inline_ref *ref = (void *)(data + sizeof(struct btrfs_extent_item));

	begin_extent_item(data, 1, BTRFS_EXTENT_FLAG_TREE_BLOCK);
	ref->type = BTRFS_TREE_BLOCK_REF_KEY;
	put_le64(&ref->offset, BTRFS_FS_TREE_OBJECTID);
	return (struct image_item){.objectid = bytenr,
				   .type = BTRFS_METADATA_ITEM_KEY,
				   .offset = level,
				   .data = data,
				   .size = sizeof(struct btrfs_extent_item) + sizeof(*ref)};
}

static inline int compare_items(const void *a, const void *b)
{
	const struct image_item *left = a, *right = b;

	return (left->objectid > right->objectid) - (left->objectid < right->objectid);
}

static inline void write_extent_tree(struct fixture *fixture)
{
	static uint8_t data[MAX_ITEMS][2048];
	struct image_item items[MAX_ITEMS];
	struct root *extent_root;
	size_t count = 0, i;

	for (i = 0; i < EXTENTS; i++, count++)
		items[count] = data_extent(fixture, i, data[count]);
	for (i = 0; i < fixture->leaf_count; i++, count++)
		items[count] = tree_block(fixture->leaves[i], 0, data[count]);
	items[count] = tree_block(fixture->root->bytenr, fixture->root->level, data[count]);
	count++;
	qsort(items, count, sizeof(items[0]), compare_items);
	assert_int_equal(root_get(fixture->volume, BTRFS_EXTENT_TREE_OBJECTID, &extent_root), 0);
	assert_int_equal(extent_root->level, 0);
	image_write_leaf(&fixture->image, extent_root->bytenr, items, count);
}

static inline int set_up(void **state)
{
	static const uint8_t content[FILE_BYTES] = {1};
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	char name[16];
	int i;

	assert_non_null(fixture);
	image_init(&fixture->image);
	for (i = 0; i < FILES; i++) {
		snprintf(name, sizeof(name), "file-%03d", i);
		image_add_file(&fixture->image, name, content, sizeof(content));
	}
	image_make(&fixture->image, "-m single -n 16384");
	open_volume(fixture);
	look_around(fixture);
	share_extents(fixture);
	write_extent_tree(fixture);
	open_volume(fixture);
	fixture->accepted_up_to = UINT64_MAX;
	*state = fixture;
	return 0;
}

static inline int tear_down(void **state)
{
	struct fixture *fixture = *state;

	volume_close(fixture->volume);
	image_release(&fixture->image);
	free(fixture);
	return 0;
}

#endif

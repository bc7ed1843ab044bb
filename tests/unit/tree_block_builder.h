/* SPDX-License-Identifier: GPL-2.0 */
/* For tests of the tree checker: tree blocks built in memory, and one good item of each kind. */
#ifndef TESTS_UNIT_TREE_BLOCK_BUILDER_H
#define TESTS_UNIT_TREE_BLOCK_BUILDER_H

#include "engine/tree/tree_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { NODESIZE = 4096, BYTENR = 30408704, ITEM_MAX = 600 };

static const struct tree_check_limits limits = {.nodesize = NODESIZE, .sectorsize = 4096};

/* A block being built; items are added from the end of the data area downwards. */
struct builder {
	struct tree_block block;
	uint8_t *data; /* NODESIZE bytes of their own allocation */
	uint32_t data_end;
};

static inline void builder_init(struct builder *builder, uint8_t level)
{
	builder->data = calloc(1, NODESIZE);
	assert_non_null(builder->data);
	builder->block = (struct tree_block){.bytenr = BYTENR, .level = level};
	builder->block.data = builder->data;
	builder->data_end = NODESIZE - sizeof(struct btrfs_header);
}

static inline void builder_release(struct builder *builder)
{
	free(builder->data);
}

static inline void put_key(uint8_t *to, const struct key *key)
{
	put_le64(to, key->objectid);
	to[8] = key->type;
	put_le64(to + 9, key->offset);
}

static inline uint8_t *item_header(const struct builder *builder, uint32_t slot)
{
	return builder->data + sizeof(struct btrfs_header) + slot * sizeof(struct btrfs_item);
}

static inline void add_item(struct builder *builder, const struct key *key, const void *data,
			    uint32_t size)
{
	uint8_t *header = item_header(builder, builder->block.nritems++);

	builder->data_end -= size;
	put_key(header, key);
	put_le32(header + offsetof(struct btrfs_item, offset), builder->data_end);
	put_le32(header + offsetof(struct btrfs_item, size), size);
	if (size)
		memcpy(builder->data + sizeof(struct btrfs_header) + builder->data_end, data, size);
}

static inline void add_pointer(struct builder *builder, const struct key *key, uint64_t blockptr)
{
	uint8_t *to = builder->data + sizeof(struct btrfs_header) +
		      builder->block.nritems++ * sizeof(struct btrfs_key_ptr);

	put_key(to, key);
	put_le64(to + offsetof(struct btrfs_key_ptr, blockptr), blockptr);
	put_le64(to + offsetof(struct btrfs_key_ptr, generation), 7);
}

/* The good items that damage starts from. */
enum base {
	INODE,
	REF,
	EXTREF,
	XATTR,
	DIR,
	INDEX,
	INLINE_EXTENT,
	INLINE_COMPRESSED,
	REGULAR,
	HOLE,
	PREALLOC,
	CSUM,
	ROOT,
	ROOT_LEGACY,
	ROOT_LONGER,
	ROOTREF,
	ROOTBACKREF,
	DATA_EXTENT,
	BLOCK_EXTENT,
	SKINNY,
	BLOCK_REF_KEYED,
	DATA_REF_KEYED,
	SHARED_BLOCK_KEYED,
	SHARED_DATA_KEYED,
	CHUNK,
	DEVICE,
	VERITY,
	ORPHAN,
	BLOCK_GROUP,
	UUID,
	QGROUP,
	FREE_SPACE_HEADER,
	BASE_COUNT,
};

struct base_item {
	struct key key;
	uint32_t size;
	uint8_t data[ITEM_MAX];
};

static inline uint32_t put_name(uint8_t *to, unsigned int length)
{
	memset(to, 'n', length);
	return length;
}

/* Two entries with names of 5 and 255 bytes behind a header whose name_len is its last member. */
static inline void make_refs(struct base_item *item, uint32_t header_size)
{
	item->size = header_size;
	put_le16(item->data + header_size - 2, 5);
	item->size += put_name(item->data + item->size, 5);
	put_le16(item->data + item->size + header_size - 2, BTRFS_NAME_LEN);
	item->size += header_size;
	item->size += put_name(item->data + item->size, BTRFS_NAME_LEN);
}

/* An entry with a name of 3 and data of @data_len bytes; then, for two, one with name only. */
static inline void make_dir(struct base_item *item, uint16_t data_len, bool two)
{
	const uint32_t header = sizeof(struct btrfs_dir_item);
	uint8_t *second;

	put_le16(item->data + offsetof(struct btrfs_dir_item, data_len), data_len);
	put_le16(item->data + offsetof(struct btrfs_dir_item, name_len), 3);
	item->size = header + put_name(item->data + header, 3) + data_len;
	if (!two)
		return;
	second = item->data + item->size;
	put_le16(second + offsetof(struct btrfs_dir_item, name_len), 9);
	item->size += header + put_name(second + header, 9);
}

static inline void make_extent(struct base_item *item, uint8_t type, uint8_t compression,
			       uint64_t ram_bytes)
{
	put_le64(item->data + offsetof(struct btrfs_file_extent_item, ram_bytes), ram_bytes);
	item->data[offsetof(struct btrfs_file_extent_item, compression)] = compression;
	item->data[offsetof(struct btrfs_file_extent_item, type)] = type;
	item->size = type == BTRFS_FILE_EXTENT_INLINE ? BTRFS_FILE_EXTENT_INLINE_DATA_START + 100
						      : sizeof(struct btrfs_file_extent_item);
}

static inline void make_disk_extent(struct base_item *item, uint8_t type, uint64_t disk_bytenr)
{
	make_extent(item, type, BTRFS_COMPRESS_NONE, 65536);
	put_le64(item->data + offsetof(struct btrfs_file_extent_item, disk_bytenr), disk_bytenr);
	put_le64(item->data + offsetof(struct btrfs_file_extent_item, disk_num_bytes),
		 disk_bytenr ? 65536 : 0);
	put_le64(item->data + offsetof(struct btrfs_file_extent_item, offset), 4096);
	put_le64(item->data + offsetof(struct btrfs_file_extent_item, num_bytes), 8192);
}

static inline void make_extent_item(struct base_item *item, uint64_t flags, uint32_t refs_at,
				    const uint8_t *types, size_t count)
{
	item->size = refs_at;
	put_le64(item->data + offsetof(struct btrfs_extent_item, refs), count);
	put_le64(item->data + offsetof(struct btrfs_extent_item, flags), flags);
	for (size_t i = 0; i < count; i++) {
		item->data[item->size] = types[i];
		item->size += types[i] == BTRFS_EXTENT_DATA_REF_KEY   ? 29
			      : types[i] == BTRFS_SHARED_DATA_REF_KEY ? 13
								      : 9;
	}
}

static inline void make_extents(struct base_item *item, enum base base)
{
	static const uint8_t data_types[] = {BTRFS_EXTENT_OWNER_REF_KEY, BTRFS_EXTENT_DATA_REF_KEY,
					     BTRFS_SHARED_DATA_REF_KEY};
	static const uint8_t block_types[] = {BTRFS_TREE_BLOCK_REF_KEY, BTRFS_SHARED_BLOCK_REF_KEY};
	const uint64_t full_backref = 1ULL << 8;

	if (base == DATA_EXTENT)
		make_extent_item(item, BTRFS_EXTENT_FLAG_DATA, 24, data_types, 3);
	else if (base == BLOCK_EXTENT)
		make_extent_item(item, BTRFS_EXTENT_FLAG_TREE_BLOCK | full_backref, 24 + 18,
				 block_types, 2);
	else
		make_extent_item(item, BTRFS_EXTENT_FLAG_TREE_BLOCK, 24, block_types, 2);
}

static const struct {
	struct key key;
	uint32_t size; /* of the kinds that are only a size, or start from one */
} base_keys[BASE_COUNT] = {
	[INODE] = {{257, 0, BTRFS_INODE_ITEM_KEY}, 160},
	[REF] = {{257, 256, BTRFS_INODE_REF_KEY}, 0},
	[EXTREF] = {{257, 77, BTRFS_INODE_EXTREF_KEY}, 0},
	[XATTR] = {{257, 78, BTRFS_XATTR_ITEM_KEY}, 0},
	[DIR] = {{257, 79, BTRFS_DIR_ITEM_KEY}, 0},
	[INDEX] = {{257, 2, BTRFS_DIR_INDEX_KEY}, 0},
	[INLINE_EXTENT] = {{258, 0, BTRFS_EXTENT_DATA_KEY}, 0},
	[INLINE_COMPRESSED] = {{259, 0, BTRFS_EXTENT_DATA_KEY}, 0},
	[REGULAR] = {{260, 4096, BTRFS_EXTENT_DATA_KEY}, 0},
	[HOLE] = {{260, 12288, BTRFS_EXTENT_DATA_KEY}, 0},
	[PREALLOC] = {{260, 20480, BTRFS_EXTENT_DATA_KEY}, 0},
	[CSUM] = {{BTRFS_EXTENT_CSUM_OBJECTID, 13631488, BTRFS_EXTENT_CSUM_KEY}, 20},
	[ROOT] = {{261, 0, BTRFS_ROOT_ITEM_KEY}, 439},
	[ROOT_LEGACY] = {{262, 0, BTRFS_ROOT_ITEM_KEY}, 239},
	[ROOT_LONGER] = {{263, 9, BTRFS_ROOT_ITEM_KEY}, 480},
	[ROOTREF] = {{5, 261, BTRFS_ROOT_REF_KEY}, 0},
	[ROOTBACKREF] = {{261, 5, BTRFS_ROOT_BACKREF_KEY}, 0},
	[DATA_EXTENT] = {{13631488, 65536, BTRFS_EXTENT_ITEM_KEY}, 0},
	[BLOCK_EXTENT] = {{30408704, 4096, BTRFS_EXTENT_ITEM_KEY}, 0},
	[SKINNY] = {{30412800, 0, BTRFS_METADATA_ITEM_KEY}, 0},
	[BLOCK_REF_KEYED] = {{30412800, 257, BTRFS_TREE_BLOCK_REF_KEY}, 0},
	[DATA_REF_KEYED] = {{30412800, 99, BTRFS_EXTENT_DATA_REF_KEY}, 28},
	[SHARED_BLOCK_KEYED] = {{30412800, 4096, BTRFS_SHARED_BLOCK_REF_KEY}, 0},
	[SHARED_DATA_KEYED] = {{30412800, 8192, BTRFS_SHARED_DATA_REF_KEY}, 4},
	[CHUNK] = {{256, 22020096, BTRFS_CHUNK_ITEM_KEY}, 48 + 2 * 32},
	[DEVICE] = {{1, 1, BTRFS_DEV_ITEM_KEY}, 98},
	[VERITY] = {{257, 0, BTRFS_VERITY_MERKLE_ITEM_KEY}, 33},
	[ORPHAN] = {{(uint64_t)-5, 257, BTRFS_ORPHAN_ITEM_KEY}, 0},
	[BLOCK_GROUP] = {{22020096, 8388608, BTRFS_BLOCK_GROUP_ITEM_KEY}, 24},
	[UUID] = {{0x1234, 0x5678, BTRFS_UUID_KEY_SUBVOL}, 8},
	[QGROUP] = {{0, 261, 242}, 40},
	[FREE_SPACE_HEADER] = {{BTRFS_FREE_SPACE_OBJECTID, 22020096, 0}, 41},
};

static inline struct base_item make_base(enum base base)
{
	struct base_item item = {.key = base_keys[base].key, .size = base_keys[base].size};

	switch (base) {
	case REF:
		make_refs(&item, sizeof(struct btrfs_inode_ref));
		break;
	case EXTREF:
		make_refs(&item, sizeof(struct btrfs_inode_extref));
		break;
	case XATTR:
		make_dir(&item, 20, true);
		break;
	case DIR:
		make_dir(&item, 0, true);
		break;
	case INDEX:
		make_dir(&item, 0, false);
		break;
	case INLINE_EXTENT:
		make_extent(&item, BTRFS_FILE_EXTENT_INLINE, BTRFS_COMPRESS_NONE, 100);
		break;
	case INLINE_COMPRESSED:
		make_extent(&item, BTRFS_FILE_EXTENT_INLINE, BTRFS_COMPRESS_ZSTD, 4096);
		break;
	case REGULAR:
		make_disk_extent(&item, BTRFS_FILE_EXTENT_REG, 13631488);
		break;
	case HOLE:
		make_disk_extent(&item, BTRFS_FILE_EXTENT_REG, 0);
		break;
	case PREALLOC:
		make_disk_extent(&item, BTRFS_FILE_EXTENT_PREALLOC, 13631488);
		break;
	case ROOTREF:
	case ROOTBACKREF:
		item.size = sizeof(struct btrfs_root_ref) + put_name(item.data + 18, 4);
		put_le16(item.data + offsetof(struct btrfs_root_ref, name_len), 4);
		break;
	case DATA_EXTENT:
	case BLOCK_EXTENT:
	case SKINNY:
		make_extents(&item, base);
		break;
	case CHUNK:
		put_le64(item.data + offsetof(struct btrfs_chunk, length), 8388608);
		put_le16(item.data + offsetof(struct btrfs_chunk, num_stripes), 2);
		break;
	default:
		break;
	}
	return item;
}

static inline void assert_good(const struct builder *builder)
{
	struct failure failure = {0};

	if (tree_check(&builder->block, &limits, &failure))
		fail_msg("refused: %s", failure.text);
	assert_int_equal(failure.code, 0);
}

#endif

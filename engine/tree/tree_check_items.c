/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The content of leaf items, one checker for each key type. A checker proves that everything a
 * reader follows lies inside the item; it does not judge values that a reader takes as they are,
 * since old kernels wrote odd ones.
 */
#include "engine/tree/tree_check_items.h"

#include "engine/volume/decompress.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

/* A root item as kernels before 3.6 wrote it. */
enum { LEGACY_ROOT_ITEM_SIZE = offsetof(struct btrfs_root_item, generation_v2) };
static_assert(LEGACY_ROOT_ITEM_SIZE == 239, "legacy root item");

static int expect_size(const struct checked_item *item, size_t expected)
{
	if (item->size == expected)
		return 0;
	return checked_item_fail(item, "item of %u bytes, expect %zu", item->size, expected);
}

static int expect_at_least(const struct checked_item *item, size_t least)
{
	if (item->size >= least)
		return 0;
	return checked_item_fail(item, "item of %u bytes, expect at least %zu", item->size, least);
}

/* The sectorsize is a power of two. */
static int expect_aligned(const struct checked_item *item, const char *what, uint64_t value)
{
	if ((value & (item->limits->sectorsize - 1)) == 0)
		return 0;
	return checked_item_fail(item, "%s %" PRIu64 ", expect a multiple of %u", what, value,
				 item->limits->sectorsize);
}

static int expect_no_overflow(const struct checked_item *item, const char *what, uint64_t begin,
			      uint64_t length)
{
	if (begin <= UINT64_MAX - length)
		return 0;
	return checked_item_fail(item, "%s %" PRIu64 " with %" PRIu64 " bytes behind it overflows",
				 what, begin, length);
}

static int check_inode_item(const struct checked_item *item)
{
	return expect_size(item, sizeof(struct btrfs_inode_item));
}

/* How the entries of an item of names are laid out: a fixed header, the name, other bytes. */
struct name_entry {
	size_t header_size;
	size_t name_len_at; /* le16 inside the header */
	size_t data_len_at; /* le16 inside the header, or 0: no other bytes */
};

/* Walk the entries of an item of names: at least one, each whole, with a name of 1 to 255 bytes. */
static int check_names(const struct checked_item *item, const struct name_entry *layout)
{
	uint32_t at = 0, name_len, data_len, left;
	const uint8_t *entry;

	do {
		left = item->size - at;
		if (left < layout->header_size)
			return checked_item_fail(
				item, "%u bytes left at %u, expect an entry of at least %zu", left,
				at, layout->header_size);
		left -= layout->header_size;
		entry = item->data + at;
		name_len = get_le16(entry + layout->name_len_at);
		data_len = layout->data_len_at ? get_le16(entry + layout->data_len_at) : 0;
		if (name_len > BTRFS_NAME_LEN)
			return checked_item_fail(item, "name of %u bytes, expect at most %d",
						 name_len, BTRFS_NAME_LEN);
		if (name_len == 0)
			return checked_item_fail(item, "name of 0 bytes, expect at least 1");
		if (name_len + data_len > left)
			return checked_item_fail(
				item, "entry of name %u and data %u bytes at %u, expect at most %u",
				name_len, data_len, at, left);
		at += layout->header_size + name_len + data_len;
	} while (at < item->size);
	return 0;
}

static int check_inode_ref(const struct checked_item *item)
{
	static const struct name_entry layout = {
		.header_size = sizeof(struct btrfs_inode_ref),
		.name_len_at = offsetof(struct btrfs_inode_ref, name_len),
	};

	return check_names(item, &layout);
}

static int check_inode_extref(const struct checked_item *item)
{
	static const struct name_entry layout = {
		.header_size = sizeof(struct btrfs_inode_extref),
		.name_len_at = offsetof(struct btrfs_inode_extref, name_len),
	};

	return check_names(item, &layout);
}

/* DIR_ITEM, DIR_INDEX and XATTR_ITEM. */
static int check_dir_item(const struct checked_item *item)
{
	static const struct name_entry layout = {
		.header_size = sizeof(struct btrfs_dir_item),
		.name_len_at = offsetof(struct btrfs_dir_item, name_len),
		.data_len_at = offsetof(struct btrfs_dir_item, data_len),
	};

	return check_names(item, &layout);
}

static int check_root_ref(const struct checked_item *item)
{
	uint32_t name_len;
	int ret;

	ret = expect_at_least(item, sizeof(struct btrfs_root_ref));
	if (ret)
		return ret;
	name_len = get_le16(item->data + offsetof(struct btrfs_root_ref, name_len));
	if (name_len == 0 || name_len > BTRFS_NAME_LEN)
		return checked_item_fail(item, "name of %u bytes, expect 1 to %d", name_len,
					 BTRFS_NAME_LEN);
	return expect_size(item, sizeof(struct btrfs_root_ref) + name_len);
}

static int check_inline_extent(const struct checked_item *item,
			       const struct btrfs_file_extent_item *extent)
{
	uint64_t ram_bytes = from_le64(extent->ram_bytes);
	uint32_t stored = item->size - BTRFS_FILE_EXTENT_INLINE_DATA_START;

	if (extent->compression == BTRFS_COMPRESS_NONE && ram_bytes != stored)
		return checked_item_fail(
			item, "inline extent of %u bytes, expect %" PRIu64 " as its ram_bytes",
			stored, ram_bytes);
	if (ram_bytes > DECOMPRESS_MAX)
		return checked_item_fail(item,
					 "inline extent ram_bytes %" PRIu64 ", expect at most %d",
					 ram_bytes, DECOMPRESS_MAX);
	/* Whoever rounds its end up to a sector must not overflow either. */
	return expect_no_overflow(item, "file offset", item->key.offset,
				  ram_bytes + item->limits->sectorsize);
}

static int check_disk_extent(const struct checked_item *item,
			     const struct btrfs_file_extent_item *extent)
{
	uint64_t disk_bytenr = from_le64(extent->disk_bytenr);
	uint64_t disk_num_bytes = from_le64(extent->disk_num_bytes);
	uint64_t offset = from_le64(extent->offset);
	uint64_t num_bytes = from_le64(extent->num_bytes);
	int ret;

	ret = expect_aligned(item, "disk_bytenr", disk_bytenr);
	if (ret)
		return ret;
	ret = expect_aligned(item, "disk_num_bytes", disk_num_bytes);
	if (ret)
		return ret;
	ret = expect_aligned(item, "extent offset", offset);
	if (ret)
		return ret;
	ret = expect_aligned(item, "num_bytes", num_bytes);
	if (ret)
		return ret;
	ret = expect_no_overflow(item, "file offset", item->key.offset, num_bytes);
	if (ret)
		return ret;
	ret = expect_no_overflow(item, "disk_bytenr", disk_bytenr, disk_num_bytes);
	if (ret)
		return ret;
	ret = expect_no_overflow(item, "extent offset", offset, num_bytes);
	if (ret)
		return ret;
	return expect_no_overflow(item, "disk_bytenr", disk_bytenr, offset + num_bytes);
}

static int check_extent_data(const struct checked_item *item)
{
	const struct btrfs_file_extent_item *extent = (const void *)item->data;
	int ret;

	ret = expect_at_least(item, BTRFS_FILE_EXTENT_INLINE_DATA_START);
	if (ret)
		return ret;
	ret = expect_aligned(item, "file offset", item->key.offset);
	if (ret)
		return ret;
	if (extent->compression > BTRFS_COMPRESS_ZSTD)
		return checked_item_fail(item, "compression %u, expect at most %d",
					 extent->compression, BTRFS_COMPRESS_ZSTD);
	if (extent->encryption)
		return checked_item_fail(item, "encryption %u, expect 0", extent->encryption);
	switch (extent->type) {
	case BTRFS_FILE_EXTENT_INLINE:
		return check_inline_extent(item, extent);
	case BTRFS_FILE_EXTENT_REG:
	case BTRFS_FILE_EXTENT_PREALLOC:
		ret = expect_size(item, sizeof(*extent));
		return ret ? ret : check_disk_extent(item, extent);
	default:
		return checked_item_fail(item, "file extent type %u, expect at most %d",
					 extent->type, BTRFS_FILE_EXTENT_PREALLOC);
	}
}

/* The size of one checksum is not known here: the csum tree's reader rounds the item's count down.
 */
static int check_extent_csum(const struct checked_item *item)
{
	int ret;

	ret = expect_at_least(item, 1);
	if (ret)
		return ret;
	return expect_aligned(item, "bytenr", item->key.offset);
}

/* A level is an index, too. */
static int expect_level(const struct checked_item *item, uint64_t level)
{
	if (level < BTRFS_MAX_LEVEL)
		return 0;
	return checked_item_fail(item, "level %" PRIu64 ", expect at most %d", level,
				 BTRFS_MAX_LEVEL - 1);
}

static int check_root_item(const struct checked_item *item)
{
	const struct btrfs_root_item *root = (const void *)item->data;
	int ret;

	if (item->size != LEGACY_ROOT_ITEM_SIZE && item->size < sizeof(*root))
		return checked_item_fail(item, "item of %u bytes, expect %d or at least %zu",
					 item->size, LEGACY_ROOT_ITEM_SIZE, sizeof(*root));
	ret = expect_level(item, root->level);
	return ret ? ret : expect_aligned(item, "bytenr", from_le64(root->bytenr));
}

/* The bytes an inline reference takes, its type byte included; 0 for a type that does not exist. */
static size_t inline_ref_size(uint8_t type)
{
	switch (type) {
	case BTRFS_TREE_BLOCK_REF_KEY:
	case BTRFS_SHARED_BLOCK_REF_KEY:
	case BTRFS_EXTENT_OWNER_REF_KEY:
		return sizeof(struct btrfs_extent_inline_ref);
	case BTRFS_EXTENT_DATA_REF_KEY:
		return 1 + sizeof(struct btrfs_extent_data_ref);
	case BTRFS_SHARED_DATA_REF_KEY:
		return sizeof(struct btrfs_extent_inline_ref) +
		       sizeof(struct btrfs_shared_data_ref);
	default:
		return 0;
	}
}

static int check_inline_refs(const struct checked_item *item, uint32_t at)
{
	size_t size;

	while (at < item->size) {
		size = inline_ref_size(item->data[at]);
		if (size == 0)
			return checked_item_fail(
				item, "inline reference type %u at %u, expect a known one",
				item->data[at], at);
		if (size > item->size - at)
			return checked_item_fail(
				item, "inline reference of %zu bytes at %u, expect at most %u",
				size, at, item->size - at);
		at += size;
	}
	return 0;
}

/* EXTENT_ITEM and METADATA_ITEM. */
static int check_extent_item(const struct checked_item *item)
{
	const struct btrfs_extent_item *extent = (const void *)item->data;
	const struct btrfs_tree_block_info *block = (const void *)(extent + 1);
	uint32_t refs_at = sizeof(*extent);
	uint64_t kind;
	int ret;

	ret = expect_at_least(item, sizeof(*extent));
	if (ret)
		return ret;
	ret = expect_aligned(item, "bytenr", item->key.objectid);
	if (ret)
		return ret;
	kind = from_le64(extent->flags) & (BTRFS_EXTENT_FLAG_DATA | BTRFS_EXTENT_FLAG_TREE_BLOCK);
	if (item->key.type == BTRFS_METADATA_ITEM_KEY) {
		if (kind != BTRFS_EXTENT_FLAG_TREE_BLOCK)
			return checked_item_fail(item, "flags %#" PRIx64 ", expect a tree block's",
						 from_le64(extent->flags));
		ret = expect_level(item, item->key.offset);
		return ret ? ret : check_inline_refs(item, refs_at);
	}
	if (kind != BTRFS_EXTENT_FLAG_TREE_BLOCK && kind != BTRFS_EXTENT_FLAG_DATA)
		return checked_item_fail(item,
					 "flags %#" PRIx64 ", expect either data or tree block",
					 from_le64(extent->flags));
	ret = expect_no_overflow(item, "bytenr", item->key.objectid, item->key.offset);
	if (ret)
		return ret;
	if (kind == BTRFS_EXTENT_FLAG_TREE_BLOCK) {
		refs_at += sizeof(*block);
		ret = expect_at_least(item, refs_at);
		if (!ret)
			ret = expect_level(item, block->level);
		if (ret)
			return ret;
	}
	return check_inline_refs(item, refs_at);
}

static int check_extent_data_ref(const struct checked_item *item)
{
	return expect_size(item, sizeof(struct btrfs_extent_data_ref));
}

static int check_shared_data_ref(const struct checked_item *item)
{
	return expect_size(item, sizeof(struct btrfs_shared_data_ref));
}

/* TREE_BLOCK_REF and SHARED_BLOCK_REF: the key says it all. */
static int check_block_ref(const struct checked_item *item)
{
	return expect_size(item, 0);
}

static int check_chunk_item(const struct checked_item *item)
{
	const struct btrfs_chunk *chunk = (const void *)item->data;
	uint32_t num_stripes;
	int ret;

	ret = expect_at_least(item, sizeof(*chunk));
	if (ret)
		return ret;
	num_stripes = from_le16(chunk->num_stripes);
	if (num_stripes == 0)
		return checked_item_fail(item, "0 stripes, expect at least 1");
	ret = expect_size(item, sizeof(*chunk) + num_stripes * sizeof(struct btrfs_stripe));
	if (ret)
		return ret;
	return expect_no_overflow(item, "bytenr", item->key.offset, from_le64(chunk->length));
}

static int check_dev_item(const struct checked_item *item)
{
	return expect_size(item, sizeof(struct btrfs_dev_item));
}

/* Everything said about key types, by number. Types without a check pass at any size. */
static const struct {
	const char *name;
	int (*check)(const struct checked_item *item);
} key_types[256] = {
	[BTRFS_INODE_ITEM_KEY] = {"INODE_ITEM", check_inode_item},
	[BTRFS_INODE_REF_KEY] = {"INODE_REF", check_inode_ref},
	[BTRFS_INODE_EXTREF_KEY] = {"INODE_EXTREF", check_inode_extref},
	[BTRFS_XATTR_ITEM_KEY] = {"XATTR_ITEM", check_dir_item},
	[BTRFS_VERITY_DESC_ITEM_KEY] = {"VERITY_DESC_ITEM", NULL},
	[BTRFS_VERITY_MERKLE_ITEM_KEY] = {"VERITY_MERKLE_ITEM", NULL},
	[BTRFS_ORPHAN_ITEM_KEY] = {"ORPHAN_ITEM", NULL},
	[BTRFS_DIR_ITEM_KEY] = {"DIR_ITEM", check_dir_item},
	[BTRFS_DIR_INDEX_KEY] = {"DIR_INDEX", check_dir_item},
	[BTRFS_EXTENT_DATA_KEY] = {"EXTENT_DATA", check_extent_data},
	[BTRFS_EXTENT_CSUM_KEY] = {"EXTENT_CSUM", check_extent_csum},
	[BTRFS_ROOT_ITEM_KEY] = {"ROOT_ITEM", check_root_item},
	[BTRFS_ROOT_BACKREF_KEY] = {"ROOT_BACKREF", check_root_ref},
	[BTRFS_ROOT_REF_KEY] = {"ROOT_REF", check_root_ref},
	[BTRFS_EXTENT_ITEM_KEY] = {"EXTENT_ITEM", check_extent_item},
	[BTRFS_METADATA_ITEM_KEY] = {"METADATA_ITEM", check_extent_item},
	[BTRFS_TREE_BLOCK_REF_KEY] = {"TREE_BLOCK_REF", check_block_ref},
	[BTRFS_EXTENT_DATA_REF_KEY] = {"EXTENT_DATA_REF", check_extent_data_ref},
	[BTRFS_SHARED_BLOCK_REF_KEY] = {"SHARED_BLOCK_REF", check_block_ref},
	[BTRFS_SHARED_DATA_REF_KEY] = {"SHARED_DATA_REF", check_shared_data_ref},
	[BTRFS_BLOCK_GROUP_ITEM_KEY] = {"BLOCK_GROUP_ITEM", NULL},
	[BTRFS_DEV_EXTENT_KEY] = {"DEV_EXTENT", NULL},
	[BTRFS_DEV_ITEM_KEY] = {"DEV_ITEM", check_dev_item},
	[BTRFS_CHUNK_ITEM_KEY] = {"CHUNK_ITEM", check_chunk_item},
	[BTRFS_UUID_KEY_SUBVOL] = {"UUID_KEY_SUBVOL", NULL},
	[BTRFS_UUID_KEY_RECEIVED_SUBVOL] = {"UUID_KEY_RECEIVED_SUBVOL", NULL},
};

int checked_item_check(const struct checked_item *item)
{
	int (*check)(const struct checked_item *item) = key_types[item->key.type].check;

	return check ? check(item) : 0;
}

int checked_item_fail(const struct checked_item *item, const char *format, ...)
{
	const char *type = key_types[item->key.type].name;
	char number[4], reason[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(reason, sizeof(reason), format, arguments);
	va_end(arguments);
	snprintf(number, sizeof(number), "%u", item->key.type);
	return failure_set(item->failure, -EUCLEAN,
			   "%s %" PRIu64 " slot %u key (%" PRIu64 " %s %" PRIu64 "): %s",
			   item->block->level ? "node" : "leaf", item->block->bytenr, item->slot,
			   item->key.objectid, type ? type : number, item->key.offset, reason);
}

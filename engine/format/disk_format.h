/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The btrfs on-disk format as far as a sender reads it: constants and structures, no code. Every
 * structure is made of byte arrays, so it has no padding and may lie at any address.
 * Source: the kernel's documentation of the on-disk format and include/uapi/linux/btrfs_tree.h.
 */
#ifndef ENGINE_FORMAT_DISK_FORMAT_H
#define ENGINE_FORMAT_DISK_FORMAT_H

#include "engine/core/le.h"

#include <assert.h>

enum {
	BTRFS_SUPER_INFO_SIZE = 4096,
	BTRFS_CSUM_SIZE = 32,
	BTRFS_FSID_SIZE = 16,
	BTRFS_UUID_SIZE = 16,
	BTRFS_LABEL_SIZE = 256,
	BTRFS_SYSTEM_CHUNK_ARRAY_SIZE = 2048,
	BTRFS_MAX_LEVEL = 8,
	BTRFS_NAME_LEN = 255,
	BTRFS_SUPER_MIRROR_MAX = 3,
};
#define BTRFS_SUPER_INFO_OFFSET 65536ULL
#define BTRFS_MAGIC		"_BHRfS_M"

/* Tree (root) numbers and other well-known objectids. */
#define BTRFS_ROOT_TREE_OBJECTID	1ULL
#define BTRFS_EXTENT_TREE_OBJECTID	2ULL
#define BTRFS_CHUNK_TREE_OBJECTID	3ULL
#define BTRFS_DEV_TREE_OBJECTID		4ULL
#define BTRFS_FS_TREE_OBJECTID		5ULL
#define BTRFS_ROOT_TREE_DIR_OBJECTID	6ULL
#define BTRFS_CSUM_TREE_OBJECTID	7ULL
#define BTRFS_UUID_TREE_OBJECTID	9ULL
#define BTRFS_FREE_SPACE_TREE_OBJECTID	10ULL
#define BTRFS_BLOCK_GROUP_TREE_OBJECTID 11ULL
#define BTRFS_RAID_STRIPE_TREE_OBJECTID 12ULL
#define BTRFS_REMAP_TREE_OBJECTID	13ULL
#define BTRFS_TREE_RELOC_OBJECTID	(-8ULL)
#define BTRFS_DATA_RELOC_TREE_OBJECTID	(-9ULL)
#define BTRFS_EXTENT_CSUM_OBJECTID	(-10ULL)
#define BTRFS_FREE_SPACE_OBJECTID	(-11ULL)
#define BTRFS_FREE_INO_OBJECTID		(-12ULL)
#define BTRFS_FIRST_FREE_OBJECTID	256ULL
#define BTRFS_LAST_FREE_OBJECTID	(-256ULL)
#define BTRFS_FIRST_CHUNK_TREE_OBJECTID 256ULL
#define BTRFS_DEV_ITEMS_OBJECTID	1ULL

enum btrfs_key_type {
	BTRFS_INODE_ITEM_KEY = 1,
	BTRFS_INODE_REF_KEY = 12,
	BTRFS_INODE_EXTREF_KEY = 13,
	BTRFS_XATTR_ITEM_KEY = 24,
	BTRFS_VERITY_DESC_ITEM_KEY = 36,
	BTRFS_VERITY_MERKLE_ITEM_KEY = 37,
	BTRFS_ORPHAN_ITEM_KEY = 48,
	BTRFS_DIR_ITEM_KEY = 84,
	BTRFS_DIR_INDEX_KEY = 96,
	BTRFS_EXTENT_DATA_KEY = 108,
	BTRFS_EXTENT_CSUM_KEY = 128,
	BTRFS_ROOT_ITEM_KEY = 132,
	BTRFS_ROOT_BACKREF_KEY = 144,
	BTRFS_ROOT_REF_KEY = 156,
	BTRFS_EXTENT_ITEM_KEY = 168,
	BTRFS_METADATA_ITEM_KEY = 169,
	BTRFS_EXTENT_OWNER_REF_KEY = 172,
	BTRFS_TREE_BLOCK_REF_KEY = 176,
	BTRFS_EXTENT_DATA_REF_KEY = 178,
	BTRFS_SHARED_BLOCK_REF_KEY = 182,
	BTRFS_SHARED_DATA_REF_KEY = 184,
	BTRFS_BLOCK_GROUP_ITEM_KEY = 192,
	BTRFS_DEV_EXTENT_KEY = 204,
	BTRFS_DEV_ITEM_KEY = 216,
	BTRFS_CHUNK_ITEM_KEY = 228,
	BTRFS_UUID_KEY_SUBVOL = 251,
	BTRFS_UUID_KEY_RECEIVED_SUBVOL = 252,
};

enum btrfs_csum_type {
	BTRFS_CSUM_TYPE_CRC32 = 0,
	BTRFS_CSUM_TYPE_XXHASH = 1,
	BTRFS_CSUM_TYPE_SHA256 = 2,
	BTRFS_CSUM_TYPE_BLAKE2 = 3,
};

/* Incompatible features that a reader has to know by name. */
#define BTRFS_FEATURE_INCOMPAT_MIXED_BACKREF	(1ULL << 0)
#define BTRFS_FEATURE_INCOMPAT_DEFAULT_SUBVOL	(1ULL << 1)
#define BTRFS_FEATURE_INCOMPAT_MIXED_GROUPS	(1ULL << 2)
#define BTRFS_FEATURE_INCOMPAT_COMPRESS_LZO	(1ULL << 3)
#define BTRFS_FEATURE_INCOMPAT_COMPRESS_ZSTD	(1ULL << 4)
#define BTRFS_FEATURE_INCOMPAT_BIG_METADATA	(1ULL << 5)
#define BTRFS_FEATURE_INCOMPAT_EXTENDED_IREF	(1ULL << 6)
#define BTRFS_FEATURE_INCOMPAT_RAID56		(1ULL << 7)
#define BTRFS_FEATURE_INCOMPAT_SKINNY_METADATA	(1ULL << 8)
#define BTRFS_FEATURE_INCOMPAT_NO_HOLES		(1ULL << 9)
#define BTRFS_FEATURE_INCOMPAT_METADATA_UUID	(1ULL << 10)
#define BTRFS_FEATURE_INCOMPAT_RAID1C34		(1ULL << 11)
#define BTRFS_FEATURE_INCOMPAT_ZONED		(1ULL << 12)
#define BTRFS_FEATURE_INCOMPAT_EXTENT_TREE_V2	(1ULL << 13)
#define BTRFS_FEATURE_INCOMPAT_RAID_STRIPE_TREE (1ULL << 14)
#define BTRFS_FEATURE_INCOMPAT_SIMPLE_QUOTA	(1ULL << 16)

struct btrfs_disk_key {
	le64 objectid;
	uint8_t type;
	le64 offset;
};

struct btrfs_header {
	uint8_t csum[BTRFS_CSUM_SIZE]; /* of everything behind it */
	uint8_t fsid[BTRFS_FSID_SIZE];
	le64 bytenr;
	le64 flags;
	uint8_t chunk_tree_uuid[BTRFS_UUID_SIZE];
	le64 generation;
	le64 owner;
	le32 nritems;
	uint8_t level;
};

struct btrfs_item {
	struct btrfs_disk_key key;
	le32 offset; /* from the end of the header */
	le32 size;
};

struct btrfs_key_ptr {
	struct btrfs_disk_key key;
	le64 blockptr;
	le64 generation;
};

struct btrfs_dev_item {
	le64 devid;
	le64 total_bytes;
	le64 bytes_used;
	le32 io_align;
	le32 io_width;
	le32 sector_size;
	le64 type;
	le64 generation;
	le64 start_offset;
	le32 dev_group;
	uint8_t seek_speed;
	uint8_t bandwidth;
	uint8_t uuid[BTRFS_UUID_SIZE];
	uint8_t fsid[BTRFS_UUID_SIZE];
};

struct btrfs_root_backup {
	uint8_t bytes[168]; /* older roots; a sender never follows them */
};

struct btrfs_super_block {
	uint8_t csum[BTRFS_CSUM_SIZE];
	uint8_t fsid[BTRFS_FSID_SIZE];
	le64 bytenr;
	le64 flags;
	uint8_t magic[8];
	le64 generation;
	le64 root;
	le64 chunk_root;
	le64 log_root;
	le64 log_root_transid;
	le64 total_bytes;
	le64 bytes_used;
	le64 root_dir_objectid;
	le64 num_devices;
	le32 sectorsize;
	le32 nodesize;
	le32 leafsize;
	le32 stripesize;
	le32 sys_chunk_array_size;
	le64 chunk_root_generation;
	le64 compat_flags;
	le64 compat_ro_flags;
	le64 incompat_flags;
	le16 csum_type;
	uint8_t root_level;
	uint8_t chunk_root_level;
	uint8_t log_root_level;
	struct btrfs_dev_item dev_item;
	char label[BTRFS_LABEL_SIZE];
	le64 cache_generation;
	le64 uuid_tree_generation;
	uint8_t metadata_uuid[BTRFS_FSID_SIZE];
	le64 nr_global_roots;
	uint8_t reserved[27 * 8];
	uint8_t sys_chunk_array[BTRFS_SYSTEM_CHUNK_ARRAY_SIZE];
	struct btrfs_root_backup super_roots[4];
	uint8_t padding[565];
};

#define BTRFS_SUPER_FLAG_SEEDING (1ULL << 32)

/* Block group and chunk types: what it holds, and in which profile. */
#define BTRFS_BLOCK_GROUP_DATA	       (1ULL << 0)
#define BTRFS_BLOCK_GROUP_SYSTEM       (1ULL << 1)
#define BTRFS_BLOCK_GROUP_METADATA     (1ULL << 2)
#define BTRFS_BLOCK_GROUP_RAID0	       (1ULL << 3)
#define BTRFS_BLOCK_GROUP_RAID1	       (1ULL << 4)
#define BTRFS_BLOCK_GROUP_DUP	       (1ULL << 5)
#define BTRFS_BLOCK_GROUP_RAID10       (1ULL << 6)
#define BTRFS_BLOCK_GROUP_RAID5	       (1ULL << 7)
#define BTRFS_BLOCK_GROUP_RAID6	       (1ULL << 8)
#define BTRFS_BLOCK_GROUP_RAID1C3      (1ULL << 9)
#define BTRFS_BLOCK_GROUP_RAID1C4      (1ULL << 10)
#define BTRFS_BLOCK_GROUP_TYPE_MASK    0x7ULL
#define BTRFS_BLOCK_GROUP_PROFILE_MASK 0x7f8ULL

struct btrfs_stripe {
	le64 devid;
	le64 offset;
	uint8_t dev_uuid[BTRFS_UUID_SIZE];
};

struct btrfs_chunk {
	le64 length;
	le64 owner;
	le64 stripe_len;
	le64 type;
	le32 io_align;
	le32 io_width;
	le32 sector_size;
	le16 num_stripes;
	le16 sub_stripes;
	/* num_stripes stripes follow */
};

struct btrfs_timespec {
	le64 sec;
	le32 nsec;
};

struct btrfs_inode_item {
	le64 generation;
	le64 transid;
	le64 size;
	le64 nbytes;
	le64 block_group;
	le32 nlink;
	le32 uid;
	le32 gid;
	le32 mode;
	le64 rdev;
	le64 flags;
	le64 sequence;
	le64 reserved[4];
	struct btrfs_timespec atime;
	struct btrfs_timespec ctime;
	struct btrfs_timespec mtime;
	struct btrfs_timespec otime;
};
#define BTRFS_INODE_NODATASUM (1ULL << 0)

struct btrfs_inode_ref {
	le64 index;
	le16 name_len;
	/* the name follows, then the next reference */
};

struct btrfs_inode_extref {
	le64 parent_objectid;
	le64 index;
	le16 name_len;
	/* the name follows, then the next reference */
};

struct btrfs_dir_item {
	struct btrfs_disk_key location;
	le64 transid;
	le16 data_len;
	le16 name_len;
	uint8_t type;
	/* name and data follow, then the next entry */
};

enum {
	BTRFS_FT_REG_FILE = 1,
	BTRFS_FT_DIR = 2,
	BTRFS_FT_XATTR = 8,
};

/* The VERITY_DESC_ITEM with offset 0; the descriptor itself lies in items from offset 1 on. */
struct btrfs_verity_descriptor_item {
	le64 size; /* of the descriptor */
	le64 reserved[2];
	uint8_t encryption;
};

/* include/uapi/linux/fsverity.h, which keeps the size of the signature to the kernel */
struct fsverity_descriptor {
	uint8_t version;
	uint8_t hash_algorithm;
	uint8_t log_blocksize;
	uint8_t salt_size;
	le32 sig_size;
	le64 data_size;
	uint8_t root_hash[64];
	uint8_t salt[32];
	uint8_t reserved[144];
	/* sig_size bytes of signature follow */
};
enum { FS_VERITY_MAX_DESCRIPTOR_SIZE = 16384 };

enum {
	BTRFS_FILE_EXTENT_INLINE = 0,
	BTRFS_FILE_EXTENT_REG = 1,
	BTRFS_FILE_EXTENT_PREALLOC = 2,
};

enum btrfs_compression {
	BTRFS_COMPRESS_NONE = 0,
	BTRFS_COMPRESS_ZLIB = 1,
	BTRFS_COMPRESS_LZO = 2,
	BTRFS_COMPRESS_ZSTD = 3,
};

struct btrfs_file_extent_item {
	le64 generation;
	le64 ram_bytes;
	uint8_t compression;
	uint8_t encryption;
	le16 other_encoding;
	uint8_t type;
	/* inline data starts here for BTRFS_FILE_EXTENT_INLINE */
	le64 disk_bytenr;
	le64 disk_num_bytes;
	le64 offset;
	le64 num_bytes;
};
enum { BTRFS_FILE_EXTENT_INLINE_DATA_START = 21 };

struct btrfs_root_item {
	struct btrfs_inode_item inode;
	le64 generation;
	le64 root_dirid;
	le64 bytenr;
	le64 byte_limit;
	le64 bytes_used;
	le64 last_snapshot;
	le64 flags;
	le32 refs;
	struct btrfs_disk_key drop_progress;
	uint8_t drop_level;
	uint8_t level;
	/* Kernels before 3.6 end the item here. */
	le64 generation_v2;
	uint8_t uuid[BTRFS_UUID_SIZE];
	uint8_t parent_uuid[BTRFS_UUID_SIZE];
	uint8_t received_uuid[BTRFS_UUID_SIZE];
	le64 ctransid;
	le64 otransid;
	le64 stransid;
	le64 rtransid;
	struct btrfs_timespec ctime;
	struct btrfs_timespec otime;
	struct btrfs_timespec stime;
	struct btrfs_timespec rtime;
	le64 reserved[8];
};
#define BTRFS_ROOT_SUBVOL_RDONLY (1ULL << 0)
#define BTRFS_ROOT_SUBVOL_DEAD	 (1ULL << 48)

/* ROOT_REF and ROOT_BACKREF */
struct btrfs_root_ref {
	le64 dirid;
	le64 sequence;
	le16 name_len;
	/* the name follows */
};

struct btrfs_extent_item {
	le64 refs;
	le64 generation;
	le64 flags;
	/* tree_block_info for non-skinny tree blocks, then inline references */
};
#define BTRFS_EXTENT_FLAG_DATA	     (1ULL << 0)
#define BTRFS_EXTENT_FLAG_TREE_BLOCK (1ULL << 1)

struct btrfs_tree_block_info {
	struct btrfs_disk_key key;
	uint8_t level;
};

struct btrfs_extent_data_ref {
	le64 root;
	le64 objectid;
	le64 offset;
	le32 count;
};

struct btrfs_shared_data_ref {
	le32 count;
};

struct btrfs_extent_owner_ref {
	le64 root_id;
};

/* A type byte, then an 8 byte root or parent; EXTENT_DATA_REF instead lies right behind the type.
 */
struct btrfs_extent_inline_ref {
	uint8_t type;
	le64 offset;
};

static_assert(sizeof(struct btrfs_disk_key) == 17, "disk key");
static_assert(sizeof(struct btrfs_header) == 101, "tree block header");
static_assert(sizeof(struct btrfs_item) == 25, "item");
static_assert(sizeof(struct btrfs_key_ptr) == 33, "key pointer");
static_assert(sizeof(struct btrfs_dev_item) == 98, "device item");
static_assert(sizeof(struct btrfs_super_block) == BTRFS_SUPER_INFO_SIZE, "superblock");
static_assert(sizeof(struct btrfs_stripe) == 32, "stripe");
static_assert(sizeof(struct btrfs_chunk) == 48, "chunk");
static_assert(sizeof(struct btrfs_inode_item) == 160, "inode item");
static_assert(sizeof(struct btrfs_inode_ref) == 10, "inode ref");
static_assert(sizeof(struct btrfs_inode_extref) == 18, "inode extref");
static_assert(sizeof(struct btrfs_dir_item) == 30, "dir item");
static_assert(sizeof(struct btrfs_verity_descriptor_item) == 25, "verity descriptor item");
static_assert(sizeof(struct fsverity_descriptor) == 256, "fs-verity descriptor");
static_assert(sizeof(struct btrfs_file_extent_item) == 53, "file extent item");
static_assert(sizeof(struct btrfs_root_item) == 439, "root item");
static_assert(sizeof(struct btrfs_root_ref) == 18, "root ref");
static_assert(sizeof(struct btrfs_extent_item) == 24, "extent item");
static_assert(sizeof(struct btrfs_tree_block_info) == 18, "tree block info");
static_assert(sizeof(struct btrfs_extent_data_ref) == 28, "extent data ref");
static_assert(sizeof(struct btrfs_extent_inline_ref) == 9, "inline ref");

#endif

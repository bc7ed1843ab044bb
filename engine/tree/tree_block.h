/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tree blocks (nodes and leaves): read, verified whole (checksum, header, every item by
 * tree_check.h) and cached. Nobody above sees an unverified one.
 */
#ifndef ENGINE_TREE_TREE_BLOCK_H
#define ENGINE_TREE_TREE_BLOCK_H

#include "engine/volume/volume.h"

struct key {
	uint64_t objectid;
	uint64_t offset;
	uint8_t type;
};

struct tree_block {
	uint64_t bytenr;
	uint64_t generation;
	uint64_t owner; /* root number in the header: who wrote the block last */
	uint32_t nritems;
	uint8_t level;	     /* 0 is a leaf */
	const uint8_t *data; /* nodesize bytes, the header first */

	unsigned int references;	  /* the cache never drops a block that is held */
	struct tree_block *newer, *older; /* cache order by last use */
};

/* What the parent pointer promises; the block read has to agree. */
struct tree_block_id {
	uint64_t bytenr;
	uint64_t generation; /* 0: not known */
	int level;	     /* -1: not known */
};

struct tree_block_cache;
int tree_block_cache_new(struct volume *volume, size_t max_bytes, struct tree_block_cache **out);
/* Accepts NULL. Every block must have been put. */
void tree_block_cache_free(struct tree_block_cache *cache);
/* Hold at most @max_bytes, as far as blocks are not held by others. */
void tree_block_cache_limit(struct tree_block_cache *cache, size_t max_bytes);
/* The most bytes there ever were. */
size_t tree_block_cache_peak(const struct tree_block_cache *cache);
/* Drop all blocks nobody holds; held ones leave the index and go when put. */
void tree_block_cache_clear(struct tree_block_cache *cache);

/*
 * Get a verified tree block; release it with tree_block_put(). All mirrors are tried, bad copies
 * counted. -EUCLEAN for corruption (-ESTALE on a live volume if the block is sound but is not the
 * one @id names), -EIO, -ENOMEM; the message is recorded in the volume.
 */
int tree_block_get(struct volume *volume, const struct tree_block_id *id, struct tree_block **out);
/* Accepts NULL. */
void tree_block_put(struct tree_block *block);
/* One more reference to a block already held. */
static inline struct tree_block *tree_block_hold(struct tree_block *block)
{
	block->references++;
	return block;
}

static inline struct key key_from_disk(const struct btrfs_disk_key *disk)
{
	return (struct key){.objectid = from_le64(disk->objectid),
			    .type = disk->type,
			    .offset = from_le64(disk->offset)};
}

static inline int key_compare(const struct key *a, const struct key *b)
{
	if (a->objectid != b->objectid)
		return a->objectid < b->objectid ? -1 : 1;
	if (a->type != b->type)
		return a->type < b->type ? -1 : 1;
	if (a->offset != b->offset)
		return a->offset < b->offset ? -1 : 1;
	return 0;
}

static inline const struct btrfs_item *tree_block_item(const struct tree_block *leaf, uint32_t slot)
{
	return (const struct btrfs_item *)(leaf->data + sizeof(struct btrfs_header)) + slot;
}

static inline const struct btrfs_key_ptr *tree_block_pointer(const struct tree_block *node,
							     uint32_t slot)
{
	return (const struct btrfs_key_ptr *)(node->data + sizeof(struct btrfs_header)) + slot;
}

/* The key at @slot of a leaf or an inner node. */
static inline struct key tree_block_key(const struct tree_block *block, uint32_t slot)
{
	if (block->level == 0)
		return key_from_disk(&tree_block_item(block, slot)->key);
	return key_from_disk(&tree_block_pointer(block, slot)->key);
}

/* The child that @slot of an inner node points to. */
static inline struct tree_block_id tree_block_child(const struct tree_block *node, uint32_t slot)
{
	const struct btrfs_key_ptr *pointer = tree_block_pointer(node, slot);

	return (struct tree_block_id){.bytenr = from_le64(pointer->blockptr),
				      .generation = from_le64(pointer->generation),
				      .level = node->level - 1};
}

/* The failure of tree_block_check_child(). */
int tree_block_fail_child(struct volume *volume, const struct tree_block *parent, uint32_t slot,
			  const struct tree_block *child);

/*
 * A child begins with the key that its parent has for it. So it is not empty, and is never below
 * two pointers: of a damaged tree whose pointers all lead to one block there would be no end in
 * sight.
 */
static inline int tree_block_check_child(struct volume *volume, const struct tree_block *parent,
					 uint32_t slot, const struct tree_block *child)
{
	const struct btrfs_disk_key *expect = &tree_block_pointer(parent, slot)->key;
	const uint8_t *have = child->data + sizeof(struct btrfs_header);

	if (child->nritems && !memcmp(have, expect, sizeof(*expect)))
		return 0;
	return tree_block_fail_child(volume, parent, slot, child);
}

/* The data of an item; its bounds were checked when the block was read. */
static inline const void *tree_block_item_data(const struct tree_block *leaf, uint32_t slot)
{
	return leaf->data + sizeof(struct btrfs_header) +
	       from_le32(tree_block_item(leaf, slot)->offset);
}

static inline uint32_t tree_block_item_size(const struct tree_block *leaf, uint32_t slot)
{
	return from_le32(tree_block_item(leaf, slot)->size);
}

#endif

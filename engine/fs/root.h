/* SPDX-License-Identifier: GPL-2.0 */
/* Roots: the trees of a filesystem by number, and subvolumes by path. */
#ifndef ENGINE_FS_ROOT_H
#define ENGINE_FS_ROOT_H

#include "engine/volume/volume.h"

struct btree_path;
struct inode_memo;
struct entry_memo;

/* The facts of a ROOT_ITEM. Owned by the volume; members are re-read in each of its epochs. */
struct root {
	struct volume *volume;
	uint64_t id;
	uint64_t bytenr;
	uint64_t generation; /* of the root node */
	uint8_t level;
	unsigned int epoch; /* the volume's epoch when this was read */

	bool is_subvolume; /* FS_TREE or 256 <= id <= -256: the members below are meaningful */
	bool is_dead;	   /* deleted, its blocks not all freed yet: backrefs still lead here */
	bool read_only;
	uint8_t uuid[BTRFS_UUID_SIZE];
	uint8_t parent_uuid[BTRFS_UUID_SIZE];
	uint8_t received_uuid[BTRFS_UUID_SIZE];
	uint64_t ctransid;
	uint64_t otransid;

	struct btree_path *kept;    /* of btree_kept(); NULL before its first use */
	struct inode_memo *inodes;  /* of inode_get_info(); NULL before its first use */
	struct entry_memo *entries; /* of dir_lookup(); NULL before its first use */
};

/* The top level or a subvolume or snapshot below it. */
static inline bool root_id_is_subvolume(uint64_t id)
{
	return id == BTRFS_FS_TREE_OBJECTID ||
	       (id >= BTRFS_FIRST_FREE_OBJECTID && id <= BTRFS_LAST_FREE_OBJECTID);
}

/*
 * Get the root numbered @id, current in the volume's epoch. The pointer stays valid until
 * volume_close(). -ENOENT (no such root) records no failure message.
 */
int root_get(struct volume *volume, uint64_t id, struct root **out);

/* What is known of a root without reading anything; NULL when it was not needed so far. */
const struct root *root_peek(const struct volume *volume, uint64_t id);

/* Re-read @root if the volume was refreshed since. */
int root_update(struct root *root);

/* Free every root; part of closing the volume. Accepts NULL. */
void root_cache_free(struct root_cache *cache);

#endif

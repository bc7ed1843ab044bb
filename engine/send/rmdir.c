/* SPDX-License-Identifier: GPL-2.0 */
/* Deleted directories that still have entries: they wait under their orphan name. */
#include "engine/send/context.h"

#include <errno.h>

struct orphan_dir {
	struct orphan_dir_id {
		uint64_t ino;
		uint64_t generation;
	} id;
	uint64_t last_index;  /* entries before it are known to have gone */
	uint64_t highest_ino; /* seen among the entries: nothing to look for before its turn */
	UT_hash_handle hh;
};

static struct orphan_dir *find_orphan_dir(struct send_context *send, uint64_t dir,
					  uint64_t generation)
{
	struct orphan_dir_id id = {.ino = dir, .generation = generation};
	struct orphan_dir *found;

	HASH_FIND(hh, send->orphan_dirs, &id, sizeof(id), found);
	return found;
}

bool send_is_orphan_dir(struct send_context *send, uint64_t dir, uint64_t generation)
{
	return find_orphan_dir(send, dir, generation) != NULL;
}

/*
 * The inode of the directory's last entry, most often its highest one: before its turn the
 * directory cannot be empty. 0 with *@ino, 1 when there is no entry at all, negative errno.
 */
static int last_entry_inode(struct root *root, uint64_t dir, uint64_t *ino)
{
	const struct key last = {
		.objectid = dir, .type = BTRFS_DIR_INDEX_KEY, .offset = UINT64_MAX};
	struct btree_path path = {0};
	int ret = btree_search_before(root, &last, &path);

	if (ret == 0) {
		struct key key = btree_path_key(&path);
		const struct btrfs_dir_item *item = btree_path_data(&path);

		if (key.objectid == dir && key.type == BTRFS_DIR_INDEX_KEY)
			*ino = key_from_disk(&item->location).objectid;
		else
			ret = 1;
	}
	btree_path_release(&path);
	return ret;
}

/* What is known of a directory's entries so far. */
struct entries {
	uint64_t last_index;
	uint64_t highest_ino;
};

/* Look for an entry that is still there: 0 there is one, 1 there is none, negative errno. */
static int all_entries_gone(struct send_context *send, uint64_t dir, uint64_t generation,
			    struct entries *entries)
{
	const struct key first = {
		.objectid = dir, .type = BTRFS_DIR_INDEX_KEY, .offset = entries->last_index};
	struct btree_path path = {0};
	int ret;

	entries->last_index = 0;
	for (ret = btree_search_from(send->parent_root, &first, &path); ret == 0;
	     ret = btree_next(&path)) {
		struct key key = btree_path_key(&path);
		const struct btrfs_dir_item *item = btree_path_data(&path);
		struct waiting_move *waiting;
		uint64_t ino;

		if (key.objectid != dir || key.type != BTRFS_DIR_INDEX_KEY) {
			ret = 1;
			break;
		}
		ino = key_from_disk(&item->location).objectid;
		if (ino > entries->highest_ino)
			entries->highest_ino = ino;
		entries->last_index = key.offset;
		waiting = send_find_waiting_move(send, ino);
		if (waiting) {
			waiting->rmdir_ino = dir;
			waiting->rmdir_generation = generation;
			break;
		}
		if (ino > send->cur.ino)
			break;
	}
	btree_path_release(&path);
	return ret;
}

static int out_of_memory(struct send_context *send, uint64_t dir)
{
	return send_fail(send, -ENOMEM, "out of memory for directory %llu",
			 (unsigned long long)dir);
}

/* Remember where to go on looking. */
static int remember(struct send_context *send, struct orphan_dir *orphan, uint64_t dir,
		    uint64_t generation, const struct entries *entries)
{
	if (!orphan) {
		orphan = calloc(1, sizeof(*orphan));
		if (!orphan)
			return out_of_memory(send, dir);
		orphan->id = (struct orphan_dir_id){.ino = dir, .generation = generation};
		HASH_ADD(hh, send->orphan_dirs, id, sizeof(orphan->id), orphan);
		if (!hash_has_added(orphan)) {
			free(orphan);
			return out_of_memory(send, dir);
		}
	}
	orphan->last_index = entries->last_index;
	if (entries->highest_ino > orphan->highest_ino)
		orphan->highest_ino = entries->highest_ino;
	return 0;
}

/* MIRRORS: can_rmdir() v6.18 */
int send_can_rmdir(struct send_context *send, uint64_t dir, uint64_t generation)
{
	struct orphan_dir *orphan = find_orphan_dir(send, dir, generation);
	struct entries entries = {0};
	int ret;

	if (dir == BTRFS_FIRST_FREE_OBJECTID && send_behaves(send, BEHAVIOUR_TOP_DIR_STAYS))
		return 0;
	if (orphan) {
		if (send->cur.ino < orphan->highest_ino)
			return 0;
		entries.last_index = orphan->last_index;
	} else {
		ret = last_entry_inode(send->parent_root, dir, &entries.highest_ino);
		if (ret)
			return ret;
		if (send->cur.ino < entries.highest_ino)
			return remember(send, NULL, dir, generation, &entries);
	}
	ret = all_entries_gone(send, dir, generation, &entries);
	if (ret < 0)
		return ret;
	if (ret == 0)
		return remember(send, orphan, dir, generation, &entries);
	if (orphan) {
		HASH_DEL(send->orphan_dirs, orphan);
		free(orphan);
	}
	return 1;
}

void send_release_orphan_dirs(struct send_context *send)
{
	struct orphan_dir *orphan, *next;

	HASH_ITER(hh, send->orphan_dirs, orphan, next)
	{
		HASH_DEL(send->orphan_dirs, orphan);
		free(orphan);
	}
}

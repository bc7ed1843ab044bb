/* SPDX-License-Identifier: GPL-2.0 */
#include "engine/send/context.h"

#include <errno.h>

static bool state_exists(enum inode_state state)
{
	return state == INODE_NO_CHANGE || state == INODE_DID_CREATE || state == INODE_WILL_DELETE;
}

/*
 * Is the directory at the receiver now, and of the generation that it has in the send root
 * (@in_send) or the parent root? One that was deleted and made anew holds no old names. 0, 1,
 * errno.
 */
static int dir_is_there(struct send_context *send, uint64_t dir, uint64_t generation, bool in_send)
{
	uint64_t send_generation = 0, parent_generation = 0;
	enum inode_state state;
	int ret;

	if (dir == BTRFS_FIRST_FREE_OBJECTID && send_behaves(send, BEHAVIOUR_TOP_DIR_STAYS))
		return 1;
	ret = send_inode_state(send, dir, generation, &state, &send_generation, &parent_generation);
	if (ret)
		return ret;
	if (!send_behaves(send, BEHAVIOUR_OVERWRITE_SAME_DIR))
		return state_exists(state);
	return state_exists(state) && generation == (in_send ? send_generation : parent_generation);
}

/* The inode behind a name; -ENOENT also for a subvolume. MIRRORS: lookup_dir_item_inode() v6.18 */
static int lookup_inode(const struct send_context *send, struct root *root, uint64_t dir,
			const char *name, size_t length, uint64_t *ino)
{
	struct key location;
	int ret = dir_lookup(root, dir, name, length, &location);

	if (ret)
		return ret;
	if (location.type == BTRFS_ROOT_ITEM_KEY &&
	    send_behaves(send, BEHAVIOUR_SUBVOLUMES_IGNORED))
		return -ENOENT;
	*ino = location.objectid;
	return 0;
}

/* MIRRORS: will_overwrite_ref() v6.18 */
int send_will_overwrite(struct send_context *send, const struct recorded_ref *ref,
			struct overwritten *victim)
{
	struct inode_info info;
	uint64_t ino;
	int ret;

	if (!send->parent_root)
		return 0;
	ret = dir_is_there(send, ref->key.dir, ref->key.dir_generation, false);
	if (ret <= 0)
		return ret == -ENOENT ? 0 : ret;
	ret = lookup_inode(send, send->parent_root, ref->key.dir, ref->key.name, ref->name_length,
			   &ino);
	if (ret)
		return ret == -ENOENT ? 0 : ret;
	/* Processed already: it has left this name. */
	if (ino <= send->progress && !send_find_waiting_move(send, ino))
		return 0;
	ret = inode_get_info(send->parent_root, ino, &info);
	if (ret)
		return ret;
	*victim =
		(struct overwritten){.ino = ino, .generation = info.generation, .mode = info.mode};
	return 1;
}

/* MIRRORS: did_overwrite_ref() v6.18 */
int send_did_overwrite(struct send_context *send, uint64_t dir, uint64_t dir_generation,
		       uint64_t ino, uint64_t generation, const char *name, size_t length)
{
	uint64_t taker, taker_generation;
	bool by_current;
	int ret;

	if (!send->parent_root)
		return 0;
	ret = dir_is_there(send, dir, dir_generation, true);
	if (ret <= 0)
		return ret;
	ret = lookup_inode(send, send->send_root, dir, name, length, &taker);
	if (ret)
		return ret == -ENOENT ? 0 : ret;
	by_current = ino != send->cur.ino && taker == send->cur.ino &&
		     send_behaves(send, BEHAVIOUR_OVERWRITE_BY_CURRENT);
	/* A subvolume taken for an inode has no generation: that ends the send. */
	if (taker == ino || by_current || !send_behaves(send, BEHAVIOUR_SUBVOLUMES_IGNORED)) {
		ret = inode_get_generation(send->send_root, taker, &taker_generation);
		if (ret)
			return ret;
		if (taker == ino && taker_generation == generation)
			return 0;
		/* The inode being sent may be the one that has just taken the name. */
		if (by_current && taker_generation == send->cur.generation)
			return 1;
	}
	return taker < send->progress;
}

int send_did_overwrite_first(struct send_context *send, uint64_t ino, uint64_t generation)
{
	uint64_t dir, dir_generation;
	struct path_buf name;
	int ret;

	if (!send->parent_root)
		return 0;
	path_reset(&name);
	ret = inode_first_ref(send->parent_root, ino, &dir, &dir_generation, &name);
	if (ret)
		return ret;
	return send_did_overwrite(send, dir, dir_generation, ino, generation, name.text,
				  name.length);
}

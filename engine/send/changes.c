/* SPDX-License-Identifier: GPL-2.0 */
/* From items that pass by to what they mean for the current inode. */
#include "engine/send/context.h"

#include <errno.h>

/* Was the directory deleted and made anew between the roots? 0, 1, errno. */
static int dir_changed(struct send_context *send, uint64_t dir)
{
	uint64_t new, old;
	int ret = inode_get_generation(send->send_root, dir, &new);

	if (ret == 0)
		ret = inode_get_generation(send->parent_root, dir, &old);
	return ret ? ret : new != old;
}

/* Equal names in a directory that is another one now. 0, 1, errno. MIRRORS: compare_refs() v6.18 */
static int any_dir_changed(struct send_context *send, const struct btree_path *position)
{
	struct inode_ref_iterator iterator;
	struct inode_ref ref;
	uint64_t last = 0;
	int ret = 0;

	inode_ref_iterate(&iterator, position);
	while (ret == 0 && inode_ref_next(&iterator, &ref)) {
		if (ref.dir != last)
			ret = dir_changed(send, ref.dir);
		last = ref.dir;
	}
	return ret;
}

/* An item other than an inode item, of an inode that passed before. */
static int check_belongs(struct send_context *send, const char *what)
{
	if (send->cur.ino == send->key.objectid)
		return 0;
	return send_fail(
		send, -EIO,
		"inode %llu: %s differs between root %llu and root %llu, its inode item does not",
		(unsigned long long)send->key.objectid, what,
		(unsigned long long)send->send_root->id,
		(unsigned long long)(send->parent_root ? send->parent_root->id : 0));
}

static int changed_ref(struct send_context *send, enum change change)
{
	int ret = check_belongs(send, "a name");

	if (ret || send->cur.new_generation || send->cur.ino == BTRFS_FIRST_FREE_OBJECTID)
		return ret;
	return send_record_refs(send, change);
}

static int changed_xattr(struct send_context *send, enum change change)
{
	int ret = check_belongs(send, "an extended attribute");

	send->cur.has_xattrs = true;
	if (ret || send->cur.new_generation || send->cur.is_deleted)
		return ret;
	return send_changed_xattrs(send, change);
}

static int changed_extent(struct send_context *send, enum change change)
{
	/* Relocation and deduplication change extent items alone: the data is the same. */
	if (!send_behaves(send, BEHAVIOUR_EXTENT_ITEM_ALONE_PASSED)) {
		int ret = check_belongs(send, "an extent");

		if (ret)
			return ret;
	}
	if (send->cur.ino != send->key.objectid && change != CHANGE_DELETED)
		send_tell_passed_over(send, send->left);
	if (send->cur.ino != send->key.objectid || send->cur.new_generation ||
	    send->cur.is_deleted || change == CHANGE_DELETED)
		return 0;
	return send_extent(send, send->left, &send->key);
}

static int dispatch(struct send_context *send, enum change change)
{
	switch (send->key.type) {
	case BTRFS_INODE_ITEM_KEY:
		return send_begin_inode(send, change);
	case BTRFS_INODE_EXTREF_KEY:
		if (!send_behaves(send, BEHAVIOUR_EXTREFS)) {
			send_notify(send, &(struct send_notice){.id = NOTICE_NAMES_UNSEEN});
			return 0;
		}
		/* fall through */
	case BTRFS_INODE_REF_KEY:
		return send->cur.is_ignored ? 0 : changed_ref(send, change);
	case BTRFS_XATTR_ITEM_KEY:
		return send->cur.is_ignored ? 0 : changed_xattr(send, change);
	case BTRFS_EXTENT_DATA_KEY:
		return send->cur.is_ignored ? 0 : changed_extent(send, change);
	case BTRFS_VERITY_DESC_ITEM_KEY:
		if (!send->cur.is_ignored && send->key.offset == 0)
			send_changed_verity(send, change);
		return 0;
	default:
		return 0;
	}
}

/*
 * Items that did not change matter for two things only: names in a directory that is another one
 * now, and the end of an extent, behind which a new hole may begin. 1 when @change is to be treated
 * as CHANGE_CHANGED, else 0 or errno.
 */
static int passed_unchanged(struct send_context *send, const struct btree_path *left,
			    const struct key *key)
{
	if (key->type == BTRFS_INODE_REF_KEY || key->type == BTRFS_INODE_EXTREF_KEY)
		return send_behaves(send, BEHAVIOUR_REFS_OF_NEW_DIR) ? any_dir_changed(send, left)
								     : 0;
	if (key->type == BTRFS_EXTENT_DATA_KEY)
		return send_hole_before(send, left, key);
	return 0;
}

int send_changed(void *context, struct btree_path *left, struct btree_path *right,
		 const struct key *key, enum change change)
{
	struct send_context *send = context;
	int ret;

	if (change == CHANGE_SAME) {
		ret = passed_unchanged(send, left, key);
		if (ret <= 0)
			return ret;
		change = CHANGE_CHANGED;
	}
	send->left = left;
	send->right = right;
	send->key = *key;
	ret = send_finish_inode(send, false);
	if (ret)
		return ret;
	if (key->objectid == BTRFS_FREE_INO_OBJECTID || key->objectid == BTRFS_FREE_SPACE_OBJECTID)
		return 0;
	return dispatch(send, change);
}

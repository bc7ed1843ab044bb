/* SPDX-License-Identifier: GPL-2.0 */
/* The beginning and the end of an inode. */
#include "engine/send/context.h"

#include <errno.h>
#include <sys/stat.h>

static void set_current(struct send_context *send, const struct inode_info *info, bool is_new,
			bool is_deleted)
{
	send->cur.generation = info->generation;
	send->cur.size = info->size;
	send->cur.mode = info->mode;
	send->cur.rdev = info->rdev;
	send->cur.is_new = is_new;
	send->cur.is_deleted = is_deleted;
}

/* Is the inode without a name to be treated as absent? */
static bool is_absent(const struct send_context *send, const struct inode_info *info)
{
	return info->nlink == 0 && send_behaves(send, BEHAVIOUR_LINKLESS_IGNORED);
}

static int begin_new(struct send_context *send, const struct inode_info *info)
{
	bool ignored = is_absent(send, info);

	send_tell_fate(send, ignored ? FATE_IGNORED : FATE_NEW, info);
	if (ignored) {
		send->cur.is_ignored = true;
		return 0;
	}
	set_current(send, info, true, false);
	/* The top directory is there with the subvolume. */
	if (send->cur.ino == BTRFS_FIRST_FREE_OBJECTID)
		return 0;
	return send_create_current(send);
}

/* Another inode got the number: the old one goes with all its names, then the new one comes. */
static int replace_inode(struct send_context *send, const struct inode_info *old,
			 const struct inode_info *new)
{
	int ret = 0;

	send->cur.new_generation = true;
	if (!is_absent(send, old)) {
		set_current(send, old, false, true);
		ret = send_all_refs(send, CHANGE_DELETED);
		if (!send_behaves(send, BEHAVIOUR_PROGRESS_AFTER_NEW_REFS))
			send->progress = send->cur.ino + 1;
	}
	if (ret || is_absent(send, new))
		return ret;
	set_current(send, new, true, false);
	ret = send_create_current(send);
	if (ret == 0)
		ret = send_all_refs(send, CHANGE_NEW);
	if (ret)
		return ret;
	send->progress = send->cur.ino + 1;
	ret = send_all_extents(send);
	return ret ? ret : send_all_xattrs(send);
}

static enum inode_fate fate_of_changed(bool was_absent, bool is_absent_now, bool is_other)
{
	if (was_absent)
		return is_absent_now ? FATE_IGNORED : FATE_APPEARED;
	if (is_absent_now)
		return FATE_VANISHED;
	return is_other ? FATE_REPLACED : FATE_CHANGED;
}

static int begin_changed(struct send_context *send, const struct inode_info *old,
			 const struct inode_info *new)
{
	bool was_absent = is_absent(send, old), is_absent_now = is_absent(send, new);
	/* The top directory stays whatever its generation says. */
	bool is_other = old->generation != new->generation &&
			(send->cur.ino != BTRFS_FIRST_FREE_OBJECTID ||
			 !send_behaves(send, BEHAVIOUR_TOP_DIR_STAYS));

	send_tell_fate(send, fate_of_changed(was_absent, is_absent_now, is_other), new);
	if (was_absent && is_absent_now) {
		send->cur.is_ignored = true;
		send->cur.new_generation = is_other;
		return 0;
	}
	if (is_other || was_absent || is_absent_now)
		return replace_inode(send, old, new);
	set_current(send, new, false, false);
	return 0;
}

/* MIRRORS: changed_inode() v6.18 */
int send_begin_inode(struct send_context *send, enum change change)
{
	struct event event = {.type = EVENT_INODE_BEGIN, .ino = send->key.objectid};
	struct inode_info old, new;
	int ret = 0;

	send->cur.ino = send->key.objectid;
	send->cur.new_generation = false;
	send->cur.is_ignored = false;
	send->cur.has_xattrs = false;
	send->cur.last_extent = UINT64_MAX;
	send->cur.next_write_offset = 0;
	path_reset(&send->cur.path);
	/* Until its names are done, the receiver has the inode where the parent root has it. */
	send->progress = send->cur.ino;
	send_observe(send, &event);

	if (change != CHANGE_DELETED)
		ret = inode_info_at(send->left, &new);
	if (ret == 0 && change != CHANGE_NEW)
		ret = inode_info_at(send->right, &old);
	if (ret)
		return ret;
	if (change == CHANGE_NEW)
		return begin_new(send, &new);
	if (change == CHANGE_CHANGED)
		return begin_changed(send, &old, &new);
	send_tell_fate(send, FATE_DELETED, &old);
	set_current(send, &old, false, true);
	return 0;
}

/* What the receiver's inode still lacks when all its items have passed. */
struct finish {
	struct inode_info info;
	bool chown;
	bool chmod;
	bool fileattr;
	bool truncate;
};

static int compare_with_parent(struct send_context *send, struct finish *finish)
{
	const struct current_inode *cur = &send->cur;
	const struct inode_info *old;
	int ret;

	finish->truncate = cur->next_write_offset != cur->size;
	finish->chown = !S_ISLNK(cur->mode) || send_behaves(send, BEHAVIOUR_SYMLINK_OWNER);
	finish->chmod = !S_ISLNK(cur->mode);
	finish->fileattr = false;
	if (!send->parent_root || cur->is_new)
		return 0;
	ret = inode_find(send->parent_root, cur->ino, &old);
	if (ret)
		return ret;
	finish->chown =
		finish->chown && (finish->info.uid != old->uid || finish->info.gid != old->gid);
	finish->chmod = finish->chmod && finish->info.mode != old->mode;
	finish->fileattr = send->writer.protocol >= 2 && !S_ISLNK(cur->mode) &&
			   finish->info.flags != old->flags;
	if (old->size == cur->size)
		finish->truncate = false;
	else if (old->size > cur->size)
		finish->truncate = true;
	return 0;
}

static int finish_attributes(struct send_context *send)
{
	struct finish finish;
	int ret = inode_get_info(send->send_root, send->cur.ino, &finish.info);

	if (ret == 0)
		ret = compare_with_parent(send, &finish);
	if (ret == 0 && S_ISREG(send->cur.mode)) {
		/* Whether to truncate was decided before: zeros of a hole do not count. */
		ret = send_hole_at_end(send);
		if (ret == 0 && (finish.truncate || !send_behaves(send, BEHAVIOUR_TRUNCATE_ELIDED)))
			ret = send_truncate(send, send->cur.size);
	}
	if (ret == 0 && finish.chown)
		ret = send_chown(send, finish.info.uid, finish.info.gid);
	if (ret == 0 && finish.chmod)
		ret = send_chmod(send, finish.info.mode);
	if (ret == 0 && finish.fileattr)
		ret = send_fileattr(send, finish.info.flags);
	if (ret == 0)
		ret = send_verity(send);
	return ret ? ret : send_capabilities(send);
}

/* Nothing changes the inode any more: its times, after those who waited for it have moved. */
static int finish_times(struct send_context *send)
{
	int ret;

	if (send_find_waiting_move(send, send->cur.ino))
		return 0;
	ret = send_apply_moves(send);
	if (ret)
		return ret;
	if (send_behaves(send, BEHAVIOUR_DIR_MOVES_WAIT))
		send->progress = send->cur.ino + 1;
	/* Entries are still to come into a directory that has some. */
	if (S_ISDIR(send->cur.mode) && send->cur.size > 0)
		return send_dir_utimes(send, send->cur.ino, send->cur.generation);
	return send_utimes(send, send->cur.ino, send->cur.generation);
}

static int finish_refs(struct send_context *send, bool at_end)
{
	uint8_t last_names = send_behaves(send, BEHAVIOUR_EXTREFS) ? BTRFS_INODE_EXTREF_KEY
								   : BTRFS_INODE_REF_KEY;
	bool pending_move = false;
	int ret;

	if (send->cur.ino == 0)
		return 0;
	/* More names may follow. */
	if (!at_end && send->key.objectid == send->cur.ino && send->key.type <= last_names)
		return 0;
	if (!send->new_refs.first && !send->deleted_refs.first)
		return 0;
	ret = send_process_refs(send, &pending_move);
	/* A directory that waits is still at its old place. */
	if (ret == 0 && !pending_move)
		send->progress = send->cur.ino + 1;
	return ret;
}

int send_finish_inode(struct send_context *send, bool at_end)
{
	bool has_ended = at_end || send->key.objectid != send->cur.ino;
	int ret;

	if (send->cur.is_ignored)
		return 0;
	ret = finish_refs(send, at_end);
	if (ret == 0 && send->cur.ino != 0 && !send->cur.is_deleted && has_ended) {
		struct event event = {.type = EVENT_INODE_END, .ino = send->cur.ino};

		ret = finish_attributes(send);
		if (ret == 0)
			ret = finish_times(send);
		send_observe(send, &event);
	}
	return ret ? ret : send_trim_dir_utimes(send);
}

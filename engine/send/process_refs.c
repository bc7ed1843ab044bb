/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Bringing the receiver's names of the current inode up to date. The order is forced:
 *
 *  1. whoever stands at one of the new names has to leave, all of them before anything else moves,
 *     since a path used later may lead through a directory that just got its orphan name;
 *  2. new names are given: the first to an orphan as a rename, further ones as links;
 *  3. old names go;
 *  4. directories that gained or lost a name get their times, or are removed when now empty.
 *
 * MIRRORS: process_recorded_refs() v6.18
 */
#include "engine/send/context.h"

#include <errno.h>
#include <sys/stat.h>
#include <utlist.h>

struct ref_work {
	struct send_context *send;
	struct path_buf path; /* of the current inode at the receiver, through one of its names */
	struct ref_list dirs; /* to be looked at in the end */
	bool is_orphan;	      /* that path is its orphan name */
	bool can_rename;
	bool orphanized_dir;
	bool orphanized_ancestor;
	bool pending_move;
	uint64_t last_removed_dir;
};

/* Compute the path of a recorded name again: a directory above it was renamed since. */
static int refresh_path(struct send_context *send, struct recorded_ref *ref)
{
	struct path_buf path;
	int ret = send_current_path(send, ref->key.dir, ref->key.dir_generation, &path);

	if (ret == 0)
		ret = path_append(&path, ref->key.name, ref->name_length);
	if (ret)
		return ret;
	return recorded_ref_set_path(ref, &path) ? send_no_memory(send, "the names") : 0;
}

/* Where the current inode is: new ones and those whose first name was taken have an orphan name. */
static int begin_path(struct ref_work *work)
{
	struct send_context *send = work->send;
	int ret = 0;

	if (!send->cur.is_new)
		ret = send_did_overwrite_first(send, send->cur.ino, send->cur.generation);
	if (ret < 0)
		return ret;
	work->is_orphan = send->cur.is_new || ret > 0;
	path_reset(&work->path);
	if (work->is_orphan) {
		send_tell_name(send,
			       send->cur.is_new ? NAME_BEGINS_AS_ORPHAN : NAME_FIRST_NAME_TAKEN,
			       send->cur.ino, 0, 0);
		return send_orphan_name(send, send->cur.ino, send->cur.generation, &work->path);
	}
	return send_current_path(send, send->cur.ino, send->cur.generation, &work->path);
}

/* Rename an inode to its orphan name. MIRRORS: orphanize_inode() v6.18 */
static int orphanize(struct send_context *send, uint64_t ino, uint64_t generation, const char *path,
		     size_t length)
{
	struct path_buf from, orphan;
	int ret;

	path_reset(&from);
	path_reset(&orphan);
	ret = path_append(&from, path, length);
	if (ret == 0)
		ret = send_orphan_name(send, ino, generation, &orphan);
	if (ret == 0)
		ret = send_rename(send, &from, orphan.text, orphan.length);
	if (ret == 0 && is_current_inode(send, ino, generation))
		path_copy(&send->cur.path, &orphan);
	return ret;
}

/* Is directory @ino1 above inode @ino2, or that inode itself? 0, 1, errno. */
static int is_in_path(struct root *root, uint64_t ino1, uint64_t generation1, uint64_t ino2,
		      uint64_t generation2)
{
	struct path_buf name;
	unsigned int depth = 0;

	if (ino1 == ino2)
		return generation1 == generation2;
	while (ino2 > BTRFS_FIRST_FREE_OBJECTID) {
		uint64_t parent, parent_generation;
		int ret = inode_check_depth(root, ino2, &depth);

		path_reset(&name);
		if (ret == 0)
			ret = inode_first_ref(root, ino2, &parent, &parent_generation, &name);
		if (ret)
			return ret;
		if (parent == ino1)
			return parent_generation == generation1;
		ino2 = parent;
	}
	return 0;
}

int send_is_ancestor(struct root *root, uint64_t ino1, uint64_t generation1, uint64_t ino2)
{
	const struct key first = {.objectid = ino2, .type = BTRFS_INODE_REF_KEY};
	struct btree_path path = {0};
	int ret, found = 0;

	for (ret = btree_search_from(root, &first, &path); ret == 0 && !found;
	     ret = btree_next(&path)) {
		struct key key = btree_path_key(&path);
		struct inode_ref_iterator iterator;
		struct inode_ref ref;

		if (!key_is_inode_ref(&key, ino2))
			break;
		inode_ref_iterate(&iterator, &path);
		while (!found && inode_ref_next(&iterator, &ref)) {
			uint64_t generation;

			found = inode_get_generation(root, ref.dir, &generation);
			if (!found)
				found = is_in_path(root, ino1, generation1, ref.dir, generation);
		}
		if (found)
			break;
	}
	btree_path_release(&path);
	return found ? found : ret < 0 ? ret : 0;
}

/* The victim's first name is taken: it waits under its orphan name until its turn comes. */
static int orphanize_victim(struct ref_work *work, struct recorded_ref *ref,
			    const struct overwritten *victim)
{
	struct send_context *send = work->send;
	struct waiting_move *waiting;
	int ret = orphanize(send, victim->ino, victim->generation, ref->path, ref->path_length);

	if (ret)
		return ret;
	if (S_ISDIR(victim->mode) && send_behaves(send, BEHAVIOUR_REFS_REFRESHED))
		work->orphanized_dir = true;
	waiting = send_find_waiting_move(send, victim->ino);
	if (waiting)
		waiting->is_orphanized = true;
	if (!send_behaves(send, BEHAVIOUR_ORPHANS_FORGOTTEN))
		return 0;
	/* Names of inodes below it would go on being built with its old name. */
	send_forget_name(send, victim->ino, victim->generation);
	/* Nothing is below what is no directory. */
	ret = S_ISDIR(victim->mode) ? send_is_ancestor(send->parent_root, victim->ino,
						       victim->generation, send->cur.ino)
				    : 0;
	if (ret <= 0)
		return ret;
	work->orphanized_ancestor = send_behaves(send, BEHAVIOUR_REFS_REFRESHED);
	path_reset(&send->cur.path);
	return send_current_path(send, send->cur.ino, send->cur.generation, &work->path);
}

static bool is_first_ref(const struct recorded_ref *ref, uint64_t first_dir,
			 const struct path_buf *first_name)
{
	return ref->key.dir == first_dir &&
	       path_equals(first_name, ref->key.name, ref->name_length);
}

/* Whoever stands at @ref's name has to leave: under an orphan name if it was its first one. */
static int clear_place(struct ref_work *work, struct recorded_ref *ref)
{
	struct send_context *send = work->send;
	struct overwritten victim;
	struct path_buf first_name;
	enum inode_state state;
	uint64_t first_dir;
	int ret = send_inode_state(send, ref->key.dir, ref->key.dir_generation, &state, NULL, NULL);

	if (ret || state == INODE_WILL_CREATE)
		return ret;
	ret = send_will_overwrite(send, ref, &victim);
	if (ret <= 0)
		return ret;
	path_reset(&first_name);
	ret = inode_first_ref(send->parent_root, victim.ino, &first_dir, NULL, &first_name);
	if (ret == 0 && work->orphanized_dir)
		ret = refresh_path(send, ref);
	if (ret)
		return ret;
	if (is_first_ref(ref, first_dir, &first_name)) {
		send_tell_name(send, NAME_ORPHANIZED, victim.ino, ref->key.dir, send->cur.ino);
		return orphanize_victim(work, ref, &victim);
	}
	send_tell_name(send, NAME_PLACE_CLEARED, victim.ino, ref->key.dir, send->cur.ino);
	return send_unlink(send, ref->path, ref->path_length);
}

/* A directory with a higher number than its entry is made before its turn, once. */
static int create_missing_parent(struct ref_work *work, const struct recorded_ref *ref)
{
	struct send_context *send = work->send;
	const struct recorded_ref *earlier;
	enum inode_state state;
	int ret = send_inode_state(send, ref->key.dir, ref->key.dir_generation, &state, NULL, NULL);

	if (ret || state != INODE_WILL_CREATE)
		return ret;
	for (earlier = send->new_refs.first; earlier != ref; earlier = earlier->next) {
		if (earlier->key.dir == ref->key.dir)
			return 0;
	}
	send_tell_name(send, NAME_PARENT_FIRST, send->cur.ino, ref->key.dir, 0);
	return send_create_dir_early(send, ref->key.dir);
}

/* May the current directory go to its new place now? */
static int check_waits(struct ref_work *work, const struct recorded_ref *ref)
{
	struct send_context *send = work->send;
	int ret;

	if (!S_ISDIR(send->cur.mode) || !send->parent_root ||
	    !send_behaves(send, BEHAVIOUR_DIR_MOVES_WAIT))
		return 0;
	ret = send_wait_for_destination(send, ref, work->is_orphan);
	if (ret == 0 && work->can_rename)
		ret = send_wait_for_ancestor(send, ref, work->is_orphan);
	if (ret > 0) {
		work->can_rename = false;
		work->pending_move = true;
		ret = 0;
	}
	return ret;
}

static int move_current(struct ref_work *work, const struct recorded_ref *ref)
{
	struct send_context *send = work->send;
	int ret;

	send_tell_name(send, NAME_RENAMED, send->cur.ino, ref->key.dir, 0);
	ret = send_rename(send, &work->path, ref->path, ref->path_length);
	if (ret)
		return ret;
	path_reset(&work->path);
	ret = path_append(&work->path, ref->path, ref->path_length);
	path_copy(&send->cur.path, &work->path);
	return ret;
}

/* Give the current inode one of its new names. */
static int give_name(struct ref_work *work, struct recorded_ref *ref)
{
	struct send_context *send = work->send;
	int ret;

	if (!work->can_rename)
		return 0;
	if (work->is_orphan || S_ISDIR(send->cur.mode)) {
		ret = move_current(work, ref);
		work->is_orphan = false;
		return ret;
	}
	/* The path was recorded before a directory above it got its orphan name. */
	if (work->orphanized_dir) {
		ret = refresh_path(send, ref);
		if (ret)
			return ret;
	}
	send_tell_name(send, NAME_LINKED, send->cur.ino, ref->key.dir, 0);
	return send_link(send, ref->path, ref->path_length, &work->path);
}

/* Is the directory with this number in the list, as it is in @root? 0, 1, errno. */
static int has_dir_of(const struct ref_work *work, struct root *root, uint64_t dir)
{
	uint64_t generation;
	int ret = root ? inode_get_generation(root, dir, &generation) : -ENOENT;

	if (ret)
		return ret == -ENOENT ? 0 : ret;
	return ref_list_find(&work->dirs, dir, generation, NULL, 0) != NULL;
}

/* Is a directory with the number of @ref's in the list, whatever its generation? 0, 1, errno. */
static int has_dir_number(const struct ref_work *work, const struct recorded_ref *ref)
{
	int ret = has_dir_of(work, work->send->send_root, ref->key.dir);

	return ret ? ret : has_dir_of(work, work->send->parent_root, ref->key.dir);
}

static int add_dir(struct ref_work *work, const struct recorded_ref *ref)
{
	const struct send_context *send = work->send;
	int ret;

	if (!send_behaves(send, BEHAVIOUR_CHECK_DIRS_ONCE)) {
		ret = ref_list_add_dir(&work->dirs, ref);
	} else {
		if (!send_behaves(send, BEHAVIOUR_CHECK_DIRS_BY_GENERATION)) {
			ret = has_dir_number(work, ref);
			if (ret)
				return ret < 0 ? ret : 0;
		}
		ret = ref_list_add_dir_once(&work->dirs, ref);
	}
	return ret ? send_no_memory(work->send, "the names") : 0;
}

static int do_new_refs(struct ref_work *work)
{
	bool all_first = send_behaves(work->send, BEHAVIOUR_ORPHANIZE_FIRST);
	struct recorded_ref *ref;
	int ret;

	DL_FOREACH(work->send->new_refs.first, ref)
	{
		ret = all_first ? clear_place(work, ref) : 0;
		if (ret)
			return ret;
	}
	DL_FOREACH(work->send->new_refs.first, ref)
	{
		ret = create_missing_parent(work, ref);
		if (ret == 0 && !all_first)
			ret = clear_place(work, ref);
		if (ret == 0)
			ret = check_waits(work, ref);
		if (ret == 0)
			ret = give_name(work, ref);
		if (ret == 0)
			ret = add_dir(work, ref);
		if (ret)
			return ret;
	}
	return 0;
}

/* A deleted directory goes now, or waits under its orphan name until its entries have gone. */
static int remove_dir(struct ref_work *work)
{
	struct send_context *send = work->send;
	struct recorded_ref *ref;
	int ret = send_can_rmdir(send, send->cur.ino, send->cur.generation);

	if (ret < 0)
		return ret;
	send_tell_name(send, ret ? NAME_DIR_REMOVED : NAME_DIR_WAITS, send->cur.ino, 0, 0);
	if (ret > 0) {
		ret = send_rmdir(send, &work->path);
	} else if (!work->is_orphan) {
		ret = orphanize(send, send->cur.ino, send->cur.generation, work->path.text,
				work->path.length);
		work->is_orphan = true;
	}
	DL_FOREACH(send->deleted_refs.first, ref)
	{
		if (ret == 0)
			ret = add_dir(work, ref);
	}
	return ret;
}

/* Any unlinked path that begins with the cached one, byte for byte, ends the cached one's life. */
static void forget_unlinked_path(struct send_context *send, const struct recorded_ref *ref)
{
	const struct path_buf *path = &send->cur.path;

	if (ref->path_length >= path->length && memcmp(ref->path, path->text, path->length) == 0)
		path_reset(&send->cur.path);
}

static int unlink_deleted_ref(struct ref_work *work, struct recorded_ref *ref)
{
	struct send_context *send = work->send;
	int ret = send_did_overwrite(send, ref->key.dir, ref->key.dir_generation, send->cur.ino,
				     send->cur.generation, ref->key.name, ref->name_length);

	if (ret < 0)
		return ret;
	send_tell_name(send, ret ? NAME_LOST_BEFORE : NAME_UNLINKED, send->cur.ino, ref->key.dir,
		       0);
	if (ret == 0) {
		if (work->orphanized_ancestor)
			ret = refresh_path(send, ref);
		if (ret == 0)
			ret = send_unlink(send, ref->path, ref->path_length);
		if (ret)
			return ret;
		forget_unlinked_path(send, ref);
	}
	return add_dir(work, ref);
}

static int do_deleted_refs(struct ref_work *work)
{
	struct send_context *send = work->send;
	struct recorded_ref *ref;
	int ret;

	if (S_ISDIR(send->cur.mode)) {
		if (send->cur.is_deleted)
			return remove_dir(work);
		/* A moved directory: its old parent is looked at. */
		return send->deleted_refs.first ? add_dir(work, send->deleted_refs.first) : 0;
	}
	DL_FOREACH(send->deleted_refs.first, ref)
	{
		ret = unlink_deleted_ref(work, ref);
		if (ret)
			return ret;
	}
	if (!work->is_orphan)
		return 0;
	/* Its first name was taken before its turn, and it got no new one. */
	send_tell_name(send, NAME_ORPHAN_UNLINKED, send->cur.ino, 0, 0);
	return send_unlink(send, work->path.text, work->path.length);
}

static int look_at_dir(struct ref_work *work, const struct ref_key *dir)
{
	struct send_context *send = work->send;
	enum inode_state state;
	int ret;

	/* Its own turn comes later. */
	if (dir->dir > send->cur.ino)
		return 0;
	ret = send_inode_state(send, dir->dir, dir->dir_generation, &state, NULL, NULL);
	if (ret)
		return ret;
	if (state == INODE_DID_CREATE || state == INODE_NO_CHANGE)
		return send_dir_utimes(send, dir->dir, dir->dir_generation);
	if (state != INODE_DID_DELETE || dir->dir == work->last_removed_dir)
		return 0;
	ret = send_can_rmdir(send, dir->dir, dir->dir_generation);
	if (ret <= 0)
		return ret;
	send_tell_name(send, NAME_DIR_REMOVED, dir->dir, 0, 0);
	ret = send_current_path(send, dir->dir, dir->dir_generation, &work->path);
	if (ret == 0)
		ret = send_rmdir(send, &work->path);
	work->last_removed_dir = dir->dir;
	return ret;
}

/* Member by member: an initializer would write zeros over the whole path. */
static void begin_work(struct ref_work *work, struct send_context *send)
{
	work->send = send;
	path_reset(&work->path);
	work->dirs = (struct ref_list){0};
	work->is_orphan = false;
	work->can_rename = true;
	work->orphanized_dir = false;
	work->orphanized_ancestor = false;
	work->pending_move = false;
	work->last_removed_dir = 0;
}

int send_process_refs(struct send_context *send, bool *pending_move)
{
	struct ref_work work;
	struct recorded_ref *dir;
	int ret;

	if (send->cur.ino < BTRFS_FIRST_FREE_OBJECTID ||
	    (send->cur.ino == BTRFS_FIRST_FREE_OBJECTID &&
	     send_behaves(send, BEHAVIOUR_TOP_DIR_STAYS)))
		return send_fail(send, -EUCLEAN, "inode %llu has names that change",
				 (unsigned long long)send->cur.ino);
	begin_work(&work, send);
	ret = begin_path(&work);
	if (ret == 0)
		ret = do_new_refs(&work);
	if (ret == 0)
		ret = do_deleted_refs(&work);
	DL_FOREACH(work.dirs.first, dir)
	{
		if (ret == 0)
			ret = look_at_dir(&work, &dir->key);
	}
	if (work.pending_move)
		*pending_move = true;
	ref_list_clear(&work.dirs);
	ref_list_clear(&send->new_refs);
	ref_list_clear(&send->deleted_refs);
	return ret;
}

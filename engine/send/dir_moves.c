/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Directories whose move has to wait. Inodes are sent in ascending order, but a directory cannot
 * move below one that has not moved itself yet:
 *
 *   parent: a(257)/b(258)    send: y(258)/x(257)
 *
 * 257 comes first and would have to go below 258, which is still below 257. So 257 waits for 258:
 * it is pending under 258's number, and moves when 258 has been sent.
 */
#include "engine/send/context.h"

#include <errno.h>
#include <utlist.h>

/* A directory that waits, and the directories whose times change when it has moved. */
struct pending_move {
	struct pending_move *prev, *next;
	uint64_t ino;
	uint64_t generation;
	struct ref_list dirs;
};

/* All that wait for one directory, in order of arrival. */
struct move_list {
	uint64_t parent;
	struct pending_move *moves;
	UT_hash_handle hh;
};

static void free_move(struct pending_move *move)
{
	ref_list_clear(&move->dirs);
	free(move);
}

static void free_moves(struct pending_move *moves)
{
	struct pending_move *move, *next;

	DL_FOREACH_SAFE(moves, move, next)
	free_move(move);
}

struct waiting_move *send_find_waiting_move(struct send_context *send, uint64_t ino)
{
	struct waiting_move *waiting;

	HASH_FIND(hh, send->waiting_moves, &ino, sizeof(ino), waiting);
	return waiting;
}

static int add_waiting(struct send_context *send, uint64_t ino, bool is_orphanized)
{
	struct waiting_move *waiting;

	if (send_find_waiting_move(send, ino))
		return send_fail(send, -EEXIST, "directory %llu waits for two moves",
				 (unsigned long long)ino);
	waiting = calloc(1, sizeof(*waiting));
	if (!waiting)
		return send_no_memory(send, "the move");
	waiting->ino = ino;
	waiting->is_orphanized = is_orphanized;
	HASH_ADD(hh, send->waiting_moves, ino, sizeof(waiting->ino), waiting);
	if (hash_has_added(waiting))
		return 0;
	free(waiting);
	return send_no_memory(send, "the move");
}

static struct move_list *find_moves(struct send_context *send, uint64_t parent)
{
	struct move_list *list;

	HASH_FIND(hh, send->pending_moves, &parent, sizeof(parent), list);
	return list;
}

static int append_move(struct send_context *send, uint64_t parent, struct pending_move *move)
{
	struct move_list *list = find_moves(send, parent);

	if (!list) {
		list = calloc(1, sizeof(*list));
		if (!list)
			return send_no_memory(send, "the move");
		list->parent = parent;
		HASH_ADD(hh, send->pending_moves, parent, sizeof(list->parent), list);
		if (!hash_has_added(list)) {
			free(list);
			return send_no_memory(send, "the move");
		}
	}
	DL_APPEND(list->moves, move);
	return 0;
}

static int add_dirs(struct ref_list *to, const struct ref_list *from)
{
	const struct recorded_ref *ref;

	DL_FOREACH(from->first, ref)
	{
		if (ref_list_add_dir(to, ref))
			return -ENOMEM;
	}
	return 0;
}

/*
 * Let directory @ino wait for @parent. @old_dirs come before @new_dirs. MIRRORS:
 * add_pending_dir_move() v6.18
 */
static int add_pending(struct send_context *send, uint64_t ino, uint64_t generation,
		       uint64_t parent, const struct ref_list *old_dirs,
		       const struct ref_list *new_dirs, bool is_orphan)
{
	struct pending_move *move = calloc(1, sizeof(*move));
	int ret;

	if (!move)
		return send_no_memory(send, "the move");
	move->ino = ino;
	move->generation = generation;
	if (add_dirs(&move->dirs, old_dirs) || add_dirs(&move->dirs, new_dirs))
		ret = send_no_memory(send, "the move");
	else
		ret = add_waiting(send, ino, is_orphan);
	if (ret == 0)
		ret = append_move(send, parent, move);
	if (ret)
		free_move(move);
	return ret;
}

static int add_current_pending(struct send_context *send, uint64_t dir, uint64_t parent,
			       bool is_orphan)
{
	int ret = add_pending(send, send->cur.ino, send->cur.generation, parent,
			      &send->deleted_refs, &send->new_refs, is_orphan);

	send_tell_name(send, NAME_WAITS, send->cur.ino, dir, parent);
	return ret ? ret : 1;
}

/*
 * The new name is the old one of another directory that itself waits to move away: wait for that
 * one. MIRRORS: wait_for_dest_dir_move() v6.18
 */
int send_wait_for_destination(struct send_context *send, const struct recorded_ref *ref,
			      bool is_orphan)
{
	uint64_t send_generation, parent_generation;
	struct waiting_move *waiting;
	struct key there;
	int ret;

	if (!send->waiting_moves)
		return 0;
	ret = dir_lookup(send->parent_root, ref->key.dir, ref->key.name, ref->name_length, &there);
	if (ret)
		return ret == -ENOENT ? 0 : ret;
	if (there.type != BTRFS_INODE_ITEM_KEY)
		return 0;
	ret = inode_get_generation(send->parent_root, there.objectid, &parent_generation);
	if (ret)
		return ret;
	ret = inode_get_generation(send->send_root, there.objectid, &send_generation);
	if (ret)
		return ret == -ENOENT ? 0 : ret;
	if (send_generation != parent_generation)
		return 0;
	waiting = send_find_waiting_move(send, there.objectid);
	if (!waiting || waiting->is_orphanized)
		return 0;
	return add_current_pending(send, ref->key.dir, there.objectid, is_orphan);
}

/* Did the name of directory @ino change between the roots? 0, 1; -ENOENT: not in the parent. */
static int first_name_changed(struct send_context *send, uint64_t ino, uint64_t *parent_after,
			      uint64_t *parent_generation_after)
{
	struct path_buf before, after;
	uint64_t parent_before;
	int ret;

	path_reset(&before);
	path_reset(&after);
	ret = inode_first_ref(send->send_root, ino, parent_after, parent_generation_after, &after);
	if (ret)
		/* Not the answer "new": the send root has to have a name for it. */
		return ret == -ENOENT ? -EUCLEAN : ret;
	ret = inode_first_ref(send->parent_root, ino, &parent_before, NULL, &before);
	if (ret)
		return ret;
	return parent_before != *parent_after || !path_equals(&before, after.text, after.length);
}

/*
 * Going up from the new parent: is there a directory that has yet to move, so that the path to it
 * would lead through the current one? MIRRORS: wait_for_parent_move() v6.18
 */
int send_wait_for_ancestor(struct send_context *send, const struct recorded_ref *ref,
			   bool is_orphan)
{
	uint64_t ino = ref->key.dir, generation = ref->key.dir_generation;
	unsigned int depth = 0;
	int ret;

	while (ino > BTRFS_FIRST_FREE_OBJECTID) {
		uint64_t parent, parent_generation, old_generation;

		ret = inode_check_depth(send->send_root, ino, &depth);
		if (ret)
			return ret;
		if (send_find_waiting_move(send, ino)) {
			/* Waiting for it without need could let two wait for each other. */
			ret = send_is_ancestor(send->parent_root, send->cur.ino,
					       send->cur.generation, ino);
			if (ret < 0)
				return ret;
			if (ret > 0)
				return add_current_pending(send, ref->key.dir, ino, is_orphan);
		}
		ret = first_name_changed(send, ino, &parent, &parent_generation);
		if (ret < 0)
			return ret == -ENOENT ? 0 : ret;
		if (ret > 0 && ino > send->cur.ino) {
			ret = inode_get_generation(send->parent_root, ino, &old_generation);
			if (ret)
				return ret;
			if (generation == old_generation)
				return add_current_pending(send, ref->key.dir, ino, is_orphan);
		}
		ino = parent;
		generation = parent_generation;
	}
	return 0;
}

/*
 * Would the path of @ino lead through itself? Then *@ancestor is the directory to wait for.
 * MIRRORS: path_loop() v6.18
 */
static int path_loops(struct send_context *send, uint64_t ino, uint64_t generation,
		      uint64_t *ancestor)
{
	uint64_t start = ino, parent = 0, parent_generation = 0;
	unsigned int depth = 0;
	struct path_buf name;
	int ret;

	*ancestor = 0;
	while (ino != BTRFS_FIRST_FREE_OBJECTID) {
		ret = inode_check_depth(send->send_root, ino, &depth);
		if (ret)
			return ret;
		path_reset(&name);
		if (send_is_orphan_dir(send, ino, generation))
			return 0;
		if (send_find_waiting_move(send, ino)) {
			if (*ancestor == 0)
				*ancestor = ino;
			ret = inode_first_ref(send->parent_root, ino, &parent, &parent_generation,
					      &name);
		} else {
			ret = send_current_name(send, ino, generation, &parent, &parent_generation,
						&name);
			if (ret > 0)
				return 0;
		}
		if (ret < 0)
			return ret;
		if (parent == start) {
			if (*ancestor == 0)
				*ancestor = ino;
			return 1;
		}
		ino = parent;
		generation = parent_generation;
	}
	return 0;
}

/* The path from which a waiting directory starts. */
static int move_source(struct send_context *send, const struct pending_move *move, bool is_orphan,
		       struct path_buf *path)
{
	uint64_t parent, parent_generation;
	struct path_buf name;
	int ret;

	path_reset(path);
	if (is_orphan)
		return send_orphan_name(send, move->ino, move->generation, path);
	path_reset(&name);
	ret = inode_first_ref(send->parent_root, move->ino, &parent, &parent_generation, &name);
	if (ret == 0)
		ret = send_current_path(send, parent, parent_generation, path);
	return ret ? ret : path_append(path, name.text, name.length);
}

/* Another directory waited for this move to become empty. */
static int rmdir_after_move(struct send_context *send, uint64_t dir, uint64_t generation)
{
	struct path_buf path;
	int ret;

	if (dir == 0 || !send_is_orphan_dir(send, dir, generation))
		return 0;
	ret = send_can_rmdir(send, dir, generation);
	if (ret <= 0)
		return ret;
	send_tell_name(send, NAME_DIR_REMOVED, dir, 0, 0);
	ret = send_current_path(send, dir, generation, &path);
	return ret ? ret : send_rmdir(send, &path);
}

/* Times of the moved directory, of its old and of its new parent as far as they still exist. */
static int times_after_move(struct send_context *send, const struct pending_move *move)
{
	const struct recorded_ref *dir;
	int ret = send_dir_utimes(send, move->ino, move->generation);

	DL_FOREACH(move->dirs.first, dir)
	{
		struct inode_info info;

		if (ret)
			return ret;
		ret = inode_get_info(send->send_root, dir->key.dir, &info);
		if (ret == 0)
			ret = send_dir_utimes(send, dir->key.dir, dir->key.dir_generation);
		else if (ret == -ENOENT)
			ret = 0;
	}
	return ret;
}

/* What was waiting is taken out: the move is done, or made to wait for another one. */
static struct waiting_move take_waiting(struct send_context *send, uint64_t ino)
{
	struct waiting_move *waiting = send_find_waiting_move(send, ino);
	struct waiting_move taken = *waiting;

	HASH_DEL(send->waiting_moves, waiting);
	free(waiting);
	return taken;
}

static int wait_again(struct send_context *send, const struct pending_move *move,
		      const struct waiting_move *waited, uint64_t ancestor)
{
	const struct ref_list none = {0};
	struct waiting_move *waiting;
	int ret = add_pending(send, move->ino, move->generation, ancestor, &none, &move->dirs,
			      waited->is_orphanized);

	if (ret)
		return ret;
	waiting = send_find_waiting_move(send, move->ino);
	waiting->rmdir_ino = waited->rmdir_ino;
	waiting->rmdir_generation = waited->rmdir_generation;
	return 0;
}

static int do_move(struct send_context *send, const struct pending_move *move,
		   const struct waiting_move *waited)
{
	struct path_buf from, to;
	uint64_t ancestor;
	int ret = move_source(send, move, waited->is_orphanized, &from);

	if (ret)
		return ret;
	send->progress = send->cur.ino + 1;
	ret = path_loops(send, move->ino, move->generation, &ancestor);
	if (ret < 0)
		return ret;
	if (ret > 0) {
		send_tell_name(send, NAME_WAITS_AGAIN, move->ino, 0, ancestor);
		return wait_again(send, move, waited, ancestor);
	}
	send_tell_name(send, NAME_MOVES_NOW, move->ino, 0, send->cur.ino);
	ret = send_current_path(send, move->ino, move->generation, &to);
	if (ret == 0)
		ret = send_rename(send, &from, to.text, to.length);
	if (ret == 0)
		ret = rmdir_after_move(send, waited->rmdir_ino, waited->rmdir_generation);
	return ret ? ret : times_after_move(send, move);
}

/* MIRRORS: apply_dir_move() v6.18 */
static int apply_move(struct send_context *send, const struct pending_move *move)
{
	uint64_t progress = send->progress;
	struct waiting_move waited = take_waiting(send, move->ino);
	int ret = do_move(send, move, &waited);

	send->progress = progress;
	return ret;
}

/* Move those that wait for @parent to the end of @queue. */
static void queue_moves(struct send_context *send, uint64_t parent, struct pending_move **queue)
{
	struct move_list *list = find_moves(send, parent);

	if (!list)
		return;
	HASH_DEL(send->pending_moves, list);
	DL_CONCAT(*queue, list->moves);
	free(list);
}

/* MIRRORS: apply_children_dir_moves() v6.18 */
int send_apply_moves(struct send_context *send)
{
	struct pending_move *queue = NULL;
	int ret = 0;

	queue_moves(send, send->cur.ino, &queue);
	while (queue && ret == 0) {
		struct pending_move *move = queue;
		uint64_t ino = move->ino;

		DL_DELETE(queue, move);
		ret = apply_move(send, move);
		free_move(move);
		if (ret == 0)
			queue_moves(send, ino, &queue);
	}
	free_moves(queue);
	return ret;
}

void send_release_moves(struct send_context *send)
{
	struct waiting_move *waiting, *next_waiting;
	struct move_list *list, *next_list;

	HASH_ITER(hh, send->waiting_moves, waiting, next_waiting)
	{
		HASH_DEL(send->waiting_moves, waiting);
		free(waiting);
	}
	HASH_ITER(hh, send->pending_moves, list, next_list)
	{
		HASH_DEL(send->pending_moves, list);
		free_moves(list->moves);
		free(list);
	}
}

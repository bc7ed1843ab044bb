/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where an inode is at the receiver at this point of the stream. Inodes below send->progress are
 * where the send root has them, the others still where the parent root has them; one that is not
 * there yet, or lost its place to another, has an orphan name in the top directory.
 */
#include "engine/send/context.h"

#include <errno.h>
#include <inttypes.h>

/* An answer of send_current_name(). */
struct cached_name {
	struct lru_entry entry;
	uint64_t parent;
	uint64_t parent_generation;
	bool is_orphan;
	bool from_parent_root; /* stale once the inode was processed */
	size_t length;
	char name[];
};

/* -ENOENT in both directions: no such inode, or one without links. */
static int linked_generation(const struct send_context *send, struct root *root, uint64_t ino,
			     bool *exists, uint64_t *generation)
{
	const struct inode_info *info;
	int ret = inode_find(root, ino, &info);

	*exists = ret == 0 && (info->nlink > 0 || !send_behaves(send, BEHAVIOUR_LINKLESS_IGNORED));
	*generation = *exists ? info->generation : 0;
	return ret == -ENOENT ? 0 : ret;
}

static enum inode_state state_of(bool created, bool processed)
{
	if (created)
		return processed ? INODE_DID_CREATE : INODE_WILL_CREATE;
	return processed ? INODE_DID_DELETE : INODE_WILL_DELETE;
}

/* MIRRORS: get_cur_inode_state() v6.18 */
int send_inode_state(struct send_context *send, uint64_t ino, uint64_t generation,
		     enum inode_state *state, uint64_t *send_generation,
		     uint64_t *parent_generation)
{
	uint64_t left_generation, right_generation = 0;
	bool in_left, in_right = false;
	int ret = linked_generation(send, send->send_root, ino, &in_left, &left_generation);

	if (ret == 0 && send->parent_root)
		ret = linked_generation(send, send->parent_root, ino, &in_right, &right_generation);
	if (ret)
		return ret;
	if (send_generation)
		*send_generation = left_generation;
	if (parent_generation)
		*parent_generation = right_generation;
	in_left = in_left && left_generation == generation;
	in_right = in_right && right_generation == generation;
	if (in_left && in_right)
		*state = INODE_NO_CHANGE;
	else if (in_left || in_right)
		*state = state_of(in_left, ino < send->progress);
	else
		return -ENOENT;
	return 0;
}

void send_forget_name(struct send_context *send, uint64_t ino, uint64_t generation)
{
	struct lru_entry *entry = send->names.keep
					  ? lru_cache_peek(&send->names, ino, generation)
					  : lru_cache_lookup(&send->names, ino, generation);

	if (entry)
		lru_cache_remove(&send->names, entry);
}

/*
 * The cached answer, unless it was true only as long as the inode was not processed. To an LRU
 * cache one that is outdated is a hit; the cache of older kernels counts nothing itself, and it
 * shows only that the name was looked for elsewhere.
 */
static struct cached_name *find_cached_name(struct send_context *send, uint64_t ino,
					    uint64_t generation)
{
	struct lru_cache *names = &send->names;
	struct lru_entry *entry = names->keep ? lru_cache_peek(names, ino, generation)
					      : lru_cache_lookup(names, ino, generation);
	struct cached_name *cached = (struct cached_name *)entry;

	if (cached && cached->from_parent_root && ino < send->progress) {
		lru_cache_remove(names, entry);
		cached = NULL;
	}
	if (names->keep && cached)
		lru_cache_touch(names, entry);
	else if (names->keep)
		lru_cache_miss(names);
	return cached;
}

static int cache_name(struct send_context *send, uint64_t ino, uint64_t generation, uint64_t parent,
		      uint64_t parent_generation, bool is_orphan, const struct path_buf *name)
{
	struct cached_name *cached = malloc(sizeof(*cached) + name->length);

	if (!cached)
		return send_fail(send, -ENOMEM, "out of memory for the name cache");
	cached->entry.key = (struct lru_key){.key = ino, .generation = generation};
	cached->parent = parent;
	cached->parent_generation = parent_generation;
	cached->is_orphan = is_orphan;
	cached->from_parent_root = ino >= send->progress;
	cached->length = name->length;
	memcpy(cached->name, name->text, name->length);
	if (!lru_cache_store(&send->names, &cached->entry))
		free(cached);
	return 0;
}

/* The first name in the root that is true now; its orphan name (and 1) if it is not there. */
static int find_name(struct send_context *send, uint64_t ino, uint64_t generation, uint64_t *parent,
		     uint64_t *parent_generation, struct path_buf *name)
{
	struct root *root = ino < send->progress ? send->send_root : send->parent_root;
	enum inode_state state;
	int ret = send_inode_state(send, ino, generation, &state, NULL, NULL);

	if (ret)
		return ret;
	if (state == INODE_WILL_CREATE || state == INODE_DID_DELETE) {
		ret = send_orphan_name(send, ino, generation, name);
		return ret ? ret : 1;
	}
	if (!root)
		return send_fail(send, -ENOENT, "inode %" PRIu64 " has no name yet", ino);
	ret = inode_first_ref(root, ino, parent, parent_generation, name);
	if (ret)
		return ret;
	ret = send_did_overwrite(send, *parent, *parent_generation, ino, generation, name->text,
				 name->length);
	if (ret > 0) {
		path_reset(name);
		ret = send_orphan_name(send, ino, generation, name);
		return ret ? ret : 1;
	}
	return ret;
}

/* MIRRORS: __get_cur_name_and_parent() v6.18 */
int send_current_name(struct send_context *send, uint64_t ino, uint64_t generation,
		      uint64_t *parent, uint64_t *parent_generation, struct path_buf *name)
{
	const struct cached_name *cached = find_cached_name(send, ino, generation);
	int ret, cache_ret;

	if (cached) {
		*parent = cached->parent;
		*parent_generation = cached->parent_generation;
		ret = path_append(name, cached->name, cached->length);
		return ret ? ret : cached->is_orphan;
	}
	ret = find_name(send, ino, generation, parent, parent_generation, name);
	if (ret < 0)
		return ret;
	cache_ret = cache_name(send, ino, generation, *parent, *parent_generation, ret, name);
	return cache_ret ? cache_ret : ret;
}

/* One component: 0 with its parent to go on with, 1 if the path begins with it, negative errno. */
static int current_component(struct send_context *send, uint64_t ino, uint64_t generation,
			     uint64_t *parent, uint64_t *parent_generation, struct path_buf *name)
{
	const struct waiting_move *waiting = send_find_waiting_move(send, ino);
	int ret;

	if (send_is_orphan_dir(send, ino, generation) || (waiting && waiting->is_orphanized)) {
		ret = send_orphan_name(send, ino, generation, name);
		return ret ? ret : 1;
	}
	if (waiting)
		return inode_first_ref(send->parent_root, ino, parent, parent_generation, name);
	return send_current_name(send, ino, generation, parent, parent_generation, name);
}

static int build_path(struct send_context *send, uint64_t ino, uint64_t generation,
		      struct path_buf *path)
{
	uint64_t parent = 0, parent_generation = 0;
	struct path_buf name;

	path_reset(path);
	while (ino != BTRFS_FIRST_FREE_OBJECTID) {
		int ret, add;

		path_reset(&name);
		ret = current_component(send, ino, generation, &parent, &parent_generation, &name);
		if (ret < 0)
			return ret;
		add = path_prepend(path, name.text, name.length);
		if (add || ret > 0)
			return add;
		ino = parent;
		generation = parent_generation;
	}
	return 0;
}

int send_current_path(struct send_context *send, uint64_t ino, uint64_t generation,
		      struct path_buf *path)
{
	bool keep = is_current_inode(send, ino, generation) &&
		    send_behaves(send, BEHAVIOUR_CURRENT_PATH_CACHED);
	struct event event = {.type = EVENT_PATH_RESOLVED, .ino = ino};
	int ret;

	if (keep && send->cur.path.length > 0) {
		if (path != &send->cur.path)
			path_copy(path, &send->cur.path);
		return 0;
	}
	ret = build_path(send, ino, generation, path);
	/* A directory was moved below itself: the kernel built that path until memory was full. */
	if (ret == -ENAMETOOLONG && !send_behaves(send, BEHAVIOUR_DIR_MOVES_WAIT))
		return send_fail(send, -ELOOP,
				 "inode %" PRIu64 ": its path leads through itself, and a send of "
				 "generation %s never ends there",
				 ino, generation_name(send->request->generation.id));
	if (ret)
		return ret;
	send_observe(send, &event);
	if (keep && path != &send->cur.path)
		path_copy(&send->cur.path, path);
	return 0;
}

int send_inode_path(struct send_context *send, const struct path_buf **path)
{
	*path = &send->cur.path;
	return send_current_path(send, send->cur.ino, send->cur.generation, &send->cur.path);
}

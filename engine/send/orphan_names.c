/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Temporary names, "oINODE-GENERATION-0", of inodes that have none at the receiver yet or lost it.
 * Each has to be looked for in both top directories, where hardly ever anybody has such a name: so
 * once enough was looked up to make it worth while, a directory is looked through for all of them.
 */
#include "engine/send/context.h"

#include <errno.h>

/* A directory's size is twice the length of its names: so many bytes cost less than a look-up. */
enum { BYTES_PER_LOOK_UP = 64 };

/* Write @number in decimal at @at; where it ends. */
static size_t put_number(char *text, size_t at, uint64_t number)
{
	size_t end = at + 1;
	uint64_t rest;

	for (rest = number / 10; rest; rest /= 10)
		end++;
	for (at = end; at == end || number; number /= 10)
		text[--at] = (char)('0' + number % 10);
	return end;
}

static bool is_orphan_like(const struct dir_entry *entry)
{
	return entry->name_length > 1 && entry->name[0] == 'o' && entry->name[1] >= '0' &&
	       entry->name[1] <= '9';
}

/* 0, 1, errno. */
static int has_orphan_like(struct root *root)
{
	const struct key first = {.objectid = BTRFS_FIRST_FREE_OBJECTID,
				  .type = BTRFS_DIR_ITEM_KEY};
	struct btree_path path = {0};
	bool found = false;
	int ret;

	for (ret = btree_search_from(root, &first, &path); ret == 0; ret = btree_next(&path)) {
		struct key key = btree_path_key(&path);
		struct dir_entry_iterator iterator;
		struct dir_entry entry;

		if (key.objectid != first.objectid || key.type != first.type)
			break;
		dir_entry_iterate(&iterator, &path);
		while (!found && dir_entry_next(&iterator, &entry))
			found = is_orphan_like(&entry);
		if (found)
			break;
	}
	btree_path_release(&path);
	return ret < 0 ? ret : found;
}

/* Find out, if it is worth while. A directory that cannot be read whole is left to the look-ups. */
static void learn(struct root *root, struct orphan_like *like)
{
	struct volume *volume = root->volume;
	bool had_failure = volume->failure.code != 0;
	const struct inode_info *top;
	int ret = inode_find(root, BTRFS_FIRST_FREE_OBJECTID, &top);

	if (ret == 0 && like->look_ups < top->size / BYTES_PER_LOOK_UP)
		return;
	if (ret == 0)
		ret = has_orphan_like(root);
	if (ret < 0 && !had_failure)
		failure_clear(&volume->failure);
	like->exist = ret != 0;
	like->is_known = like->epoch == volume->epoch;
}

/* Has the top directory of @root an entry @name? 0 it has, -ENOENT, or a read error. */
static int look_up(struct root *root, struct orphan_like *like, const char *name, size_t length)
{
	struct key location;

	if (like->epoch != root->volume->epoch)
		*like = (struct orphan_like){.epoch = root->volume->epoch};
	if (!like->is_known)
		learn(root, like);
	if (like->is_known && !like->exist)
		return -ENOENT;
	like->look_ups++;
	return dir_lookup(root, BTRFS_FIRST_FREE_OBJECTID, name, length, &location);
}

/* MIRRORS: gen_unique_name() v6.18 */
int send_orphan_name(struct send_context *send, uint64_t ino, uint64_t generation,
		     struct path_buf *path)
{
	struct root *roots[] = {send->send_root, send->parent_root};
	const uint64_t begin[] = {ino, generation};
	uint64_t index = 0;
	char name[64] = "o";
	size_t stem = 1, i;

	for (i = 0; i < 2; i++) {
		stem = put_number(name, stem, begin[i]);
		name[stem++] = '-';
	}
	for (;;) {
		size_t length = put_number(name, stem, index++);
		int ret = -ENOENT;

		for (i = 0; ret == -ENOENT && i < 2 && roots[i]; i++)
			ret = look_up(roots[i], &send->orphan_like[i], name, length);
		if (ret == -ENOENT)
			return path_append(path, name, length);
		if (ret)
			return ret;
	}
}

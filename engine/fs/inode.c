/* SPDX-License-Identifier: GPL-2.0 */
#include "engine/fs/inode.h"

#include "engine/volume/csum.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

static void info_from_item(const struct btrfs_inode_item *item, struct inode_info *info)
{
	info->generation = from_le64(item->generation);
	info->size = from_le64(item->size);
	info->rdev = from_le64(item->rdev);
	info->flags = from_le64(item->flags);
	info->nlink = from_le32(item->nlink);
	info->uid = from_le32(item->uid);
	info->gid = from_le32(item->gid);
	info->mode = from_le32(item->mode);
	info->atime = item->atime;
	info->ctime = item->ctime;
	info->mtime = item->mtime;
	info->otime = item->otime;
}

/*
 * The inodes looked up last, by their numbers: a send asks for the current one, its directory and
 * those of their parents over and over, and in a parent root also for inodes that are not there.
 */
enum { MEMO_INODES = 256 };

struct known_inode {
	uint64_t ino; /* 0: none */
	bool is_absent;
	struct inode_info info;
};

struct inode_memo {
	unsigned int epoch; /* of the volume that all this is true in */
	struct known_inode inodes[MEMO_INODES];
};

/* The place of @ino in the memo of @root, whatever is in it; NULL without memory. */
static struct known_inode *inode_place(struct root *root, uint64_t ino)
{
	struct inode_memo *memo = root->inodes;

	if (!memo)
		memo = root->inodes = calloc(1, sizeof(*memo));
	if (!memo) {
		volume_fail(root->volume, -ENOMEM, "out of memory for inodes");
		return NULL;
	}
	if (memo->epoch != root->volume->epoch)
		*memo = (struct inode_memo){.epoch = root->volume->epoch};
	return &memo->inodes[ino % MEMO_INODES];
}

int inode_info_at(const struct btree_path *path, struct inode_info *info)
{
	struct root *root = path->root;
	struct known_inode *known;

	info_from_item(btree_path_data(path), info);
	/* The leaf may be of before a commit. */
	if (path->epoch != root->volume->epoch)
		return 0;
	known = inode_place(root, btree_path_key(path).objectid);
	if (!known)
		return -ENOMEM;
	known->ino = btree_path_key(path).objectid;
	known->is_absent = false;
	known->info = *info;
	return 0;
}

static int look_up_inode(struct root *root, uint64_t ino, struct known_inode *known)
{
	const struct key key = {.objectid = ino, .type = BTRFS_INODE_ITEM_KEY};
	struct btree_path *path = btree_kept(root, PLACE_INODE_ITEM);
	unsigned int epoch = root->volume->epoch;
	int ret;

	if (!path)
		return -ENOMEM;
	known->ino = 0;
	ret = btree_search(root, &key, path);
	if (ret < 0)
		return ret;
	known->is_absent = ret > 0;
	if (ret == 0)
		info_from_item(btree_path_data(path), &known->info);
	/* What is known besides is of before a commit. */
	if (root->volume->epoch != epoch) {
		struct known_inode found = *known;

		known = inode_place(root, ino);
		*known = found;
	}
	known->ino = ino;
	return 0;
}

int inode_find(struct root *root, uint64_t ino, const struct inode_info **info)
{
	struct known_inode *known = inode_place(root, ino);
	int ret = 0;

	if (!known)
		return -ENOMEM;
	if (known->ino != ino || !ino)
		ret = look_up_inode(root, ino, known);
	if (ret)
		return ret;
	*info = &known->info;
	return known->is_absent ? -ENOENT : 0;
}

int inode_get_info(struct root *root, uint64_t ino, struct inode_info *info)
{
	const struct inode_info *found;
	int ret = inode_find(root, ino, &found);

	if (ret == 0)
		*info = *found;
	return ret;
}

int inode_get_generation(struct root *root, uint64_t ino, uint64_t *generation)
{
	const struct inode_info *info;
	int ret = inode_find(root, ino, &info);

	if (ret == 0)
		*generation = info->generation;
	return ret;
}

int inode_check_depth(struct root *root, uint64_t ino, unsigned int *depth)
{
	enum { DEPTH_MAX = 65536 };

	if (++*depth < DEPTH_MAX)
		return 0;
	return volume_fail(root->volume, -EUCLEAN,
			   "root %llu inode %llu: the directories above it form a loop",
			   (unsigned long long)root->id, (unsigned long long)ino);
}

void inode_ref_iterate(struct inode_ref_iterator *iterator, const struct btree_path *path)
{
	struct key key = btree_path_key(path);

	iterator->next = btree_path_data(path);
	iterator->end = iterator->next + btree_path_size(path);
	iterator->dir = key.offset;
	iterator->extended = key.type == BTRFS_INODE_EXTREF_KEY;
}

bool inode_ref_next(struct inode_ref_iterator *iterator, struct inode_ref *ref)
{
	if (iterator->next >= iterator->end)
		return false;
	if (iterator->extended) {
		const struct btrfs_inode_extref *item = (const void *)iterator->next;

		ref->dir = from_le64(item->parent_objectid);
		ref->name_length = from_le16(item->name_len);
		ref->name = (const char *)(item + 1);
	} else {
		const struct btrfs_inode_ref *item = (const void *)iterator->next;

		ref->dir = iterator->dir;
		ref->name_length = from_le16(item->name_len);
		ref->name = (const char *)(item + 1);
	}
	iterator->next = (const uint8_t *)ref->name + ref->name_length;
	return true;
}

/* Position @path at the first INODE_REF or EXTREF of @ino and read its first name. */
static int find_first_ref(struct root *root, uint64_t ino, struct btree_path *path,
			  struct inode_ref *ref)
{
	const struct key key = {.objectid = ino, .type = BTRFS_INODE_REF_KEY};
	struct inode_ref_iterator iterator;
	struct key found;
	int ret = btree_search_from(root, &key, path);

	if (ret)
		return ret > 0 ? -ENOENT : ret;
	found = btree_path_key(path);
	if (!key_is_inode_ref(&found, ino))
		return -ENOENT;
	inode_ref_iterate(&iterator, path);
	return inode_ref_next(&iterator, ref) ? 0 : -ENOENT;
}

int inode_first_ref(struct root *root, uint64_t ino, uint64_t *dir, uint64_t *dir_generation,
		    struct path_buf *name)
{
	struct btree_path *path = btree_kept(root, PLACE_INODE_REF);
	struct inode_ref ref;
	int ret;

	if (!path)
		return -ENOMEM;
	ret = find_first_ref(root, ino, path, &ref);
	if (ret == 0)
		ret = path_append(name, ref.name, ref.name_length);
	if (ret)
		return ret;
	if (dir_generation) {
		ret = inode_get_generation(root, ref.dir, dir_generation);
		if (ret)
			return ret;
	}
	*dir = ref.dir;
	return 0;
}

int inode_path(struct root *root, uint64_t ino, struct path_buf *path)
{
	path_reset(path);
	while (ino != BTRFS_FIRST_FREE_OBJECTID) {
		struct btree_path *position = btree_kept(root, PLACE_INODE_REF);
		struct inode_ref ref;
		int ret;

		if (!position)
			return -ENOMEM;
		ret = find_first_ref(root, ino, position, &ref);
		if (ret == 0)
			ret = path_prepend(path, ref.name, ref.name_length);
		if (ret)
			return ret;
		ino = ref.dir;
	}
	return 0;
}

void dir_entry_iterate(struct dir_entry_iterator *iterator, const struct btree_path *path)
{
	iterator->next = btree_path_data(path);
	iterator->end = iterator->next + btree_path_size(path);
}

bool dir_entry_next(struct dir_entry_iterator *iterator, struct dir_entry *entry)
{
	const struct btrfs_dir_item *item = (const void *)iterator->next;

	if (iterator->next >= iterator->end)
		return false;
	entry->location = key_from_disk(&item->location);
	entry->name_length = from_le16(item->name_len);
	entry->data_length = from_le16(item->data_len);
	entry->type = item->type;
	entry->name = (const char *)(item + 1);
	entry->data = (const uint8_t *)entry->name + entry->name_length;
	iterator->next = entry->data + entry->data_length;
	return true;
}

/* The kernel's name hash: CRC-32C seeded with ~1, not inverted. */
static uint32_t hash_name(const char *name, size_t length)
{
	return crc32c(~1u, name, length);
}

int dir_entry_lookup(struct root *root, uint64_t ino, uint8_t type, const char *name,
		     size_t name_length, struct btree_path *path, struct dir_entry *entry)
{
	const struct key key = {
		.objectid = ino, .type = type, .offset = hash_name(name, name_length)};
	struct dir_entry_iterator iterator;
	int ret = btree_search(root, &key, path);

	if (ret)
		return ret > 0 ? -ENOENT : ret;
	dir_entry_iterate(&iterator, path);
	while (dir_entry_next(&iterator, entry)) {
		if (entry->name_length == name_length &&
		    memcmp(entry->name, name, name_length) == 0)
			return 0;
	}
	return -ENOENT;
}

int inode_get_xattr(struct root *root, uint64_t ino, const char *name, size_t name_length,
		    struct dir_entry *entry)
{
	struct btree_path *path = btree_kept(root, PLACE_XATTR);

	if (!path)
		return -ENOMEM;
	return dir_entry_lookup(root, ino, BTRFS_XATTR_ITEM_KEY, name, name_length, path, entry);
}

/*
 * The directory entries looked up last, by the hash of their names: a send asks for the old and the
 * new name of an inode, and for its orphan name, several times each.
 */
enum { MEMO_ENTRIES = 16 };

struct known_entry {
	uint64_t dir; /* 0: none */
	bool is_absent;
	uint8_t name_length;
	char name[NAME_MAX];
	struct key location;
};

struct entry_memo {
	unsigned int epoch; /* of the volume that all this is true in */
	struct known_entry entries[MEMO_ENTRIES];
};

/* The place of a name in the memo of @root, whatever is in it; NULL without memory. */
static struct known_entry *entry_place(struct root *root, uint64_t hash)
{
	struct entry_memo *memo = root->entries;

	if (!memo)
		memo = root->entries = calloc(1, sizeof(*memo));
	if (!memo) {
		volume_fail(root->volume, -ENOMEM, "out of memory for names");
		return NULL;
	}
	if (memo->epoch != root->volume->epoch)
		*memo = (struct entry_memo){.epoch = root->volume->epoch};
	return &memo->entries[hash % MEMO_ENTRIES];
}

static bool is_known(const struct known_entry *known, uint64_t dir, const char *name, size_t length)
{
	return known->dir == dir && known->name_length == length &&
	       memcmp(known->name, name, length) == 0;
}

static int look_up_entry(struct root *root, uint64_t dir, const char *name, size_t length,
			 struct known_entry *known)
{
	enum btree_place place =
		dir == BTRFS_FIRST_FREE_OBJECTID ? PLACE_TOP_ENTRY : PLACE_DIR_ENTRY;
	struct btree_path *path = btree_kept(root, place);
	unsigned int epoch = root->volume->epoch;
	struct dir_entry entry;
	int ret = path ? dir_entry_lookup(root, dir, BTRFS_DIR_ITEM_KEY, name, length, path, &entry)
		       : -ENOMEM;

	if (ret && ret != -ENOENT)
		return ret;
	/* What is known besides is of before a commit. */
	if (root->volume->epoch != epoch)
		*root->entries = (struct entry_memo){.epoch = root->volume->epoch};
	known->dir = dir;
	known->is_absent = ret == -ENOENT;
	known->name_length = (uint8_t)length;
	memcpy(known->name, name, length);
	if (!ret)
		known->location = entry.location;
	return 0;
}

int dir_lookup(struct root *root, uint64_t dir, const char *name, size_t name_length,
	       struct key *location)
{
	struct known_entry *known = entry_place(root, hash_name(name, name_length));
	int ret = 0;

	if (!known)
		return -ENOMEM;
	if (name_length > NAME_MAX)
		return -ENOENT;
	if (!is_known(known, dir, name, name_length))
		ret = look_up_entry(root, dir, name, name_length, known);
	if (ret)
		return ret;
	if (known->is_absent)
		return -ENOENT;
	*location = known->location;
	return 0;
}

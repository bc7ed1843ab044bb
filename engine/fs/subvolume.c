/* SPDX-License-Identifier: GPL-2.0 */
/* Subvolumes by id or by path from the top-level subvolume. */
#include "engine/fs/inode.h"
#include "engine/fs/root.h"
#include "engine/tree/btree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Where a path has led so far. */
struct place {
	struct root *root;
	uint64_t ino;
	bool is_directory;
};

/* A path being resolved, for the messages. */
struct walk {
	struct volume *volume;
	const char *path;
	const char *name; /* component looked up next */
	size_t name_len;
};

static int walk_fail(const struct walk *walk, int code, const char *reason)
{
	int before = (int)(walk->name - walk->path);

	return volume_fail(walk->volume, code, "subvolume '%s': '%.*s' in '%.*s' %s", walk->path,
			   (int)walk->name_len, walk->name, before ? before : 1,
			   before ? walk->path : "/", reason);
}

/*
 * Is @child_id's place the entry called @walk->name in @place? A snapshot keeps the entries of the
 * subvolumes that lie in its source, but these are elsewhere. 0 yes, 1 no.
 */
static int check_reference(const struct walk *walk, const struct place *place, uint64_t child_id)
{
	const struct key key = {
		.objectid = place->root->id, .type = BTRFS_ROOT_REF_KEY, .offset = child_id};
	const struct btrfs_root_ref *reference;
	struct btree_path path = {0};
	struct root *root_tree;
	int ret = root_get(walk->volume, BTRFS_ROOT_TREE_OBJECTID, &root_tree);

	if (!ret)
		ret = btree_search(root_tree, &key, &path);
	if (!ret) {
		reference = btree_path_data(&path);
		if (from_le64(reference->dirid) != place->ino ||
		    from_le16(reference->name_len) != walk->name_len ||
		    memcmp(reference + 1, walk->name, walk->name_len))
			ret = 1;
	}
	btree_path_release(&path);
	return ret;
}

static int enter_subvolume(const struct walk *walk, struct place *place, uint64_t id)
{
	int ret = check_reference(walk, place, id);

	if (!ret)
		ret = root_get(walk->volume, id, &place->root);
	if (ret == 1 || ret == -ENOENT)
		return walk_fail(walk, -ENOENT,
				 "is the empty place of a subvolume that is not here");
	if (ret)
		return ret;
	place->ino = BTRFS_FIRST_FREE_OBJECTID;
	place->is_directory = true;
	return 0;
}

static int step(const struct walk *walk, struct place *place)
{
	struct btree_path path = {0};
	struct dir_entry entry;
	int ret;

	if (!place->is_directory)
		return walk_fail(walk, -ENOTDIR, "cannot be: that is not a directory");
	ret = dir_entry_lookup(place->root, place->ino, BTRFS_DIR_ITEM_KEY, walk->name,
			       walk->name_len, &path, &entry);
	/* Only the name is borrowed from the leaf. */
	btree_path_release(&path);
	if (ret == -ENOENT)
		return walk_fail(walk, ret, "does not exist");
	if (ret)
		return ret;
	if (entry.location.type == BTRFS_ROOT_ITEM_KEY)
		return enter_subvolume(walk, place, entry.location.objectid);
	place->ino = entry.location.objectid;
	place->is_directory = entry.type == BTRFS_FT_DIR;
	return 0;
}

static int find_by_path(struct volume *volume, const char *path, struct root **out)
{
	struct walk walk = {.volume = volume, .path = path, .name = path};
	struct place place = {.ino = BTRFS_FIRST_FREE_OBJECTID, .is_directory = true};
	int ret = root_get(volume, BTRFS_FS_TREE_OBJECTID, &place.root);

	if (ret == -ENOENT)
		return volume_fail(volume, -EUCLEAN, "the top-level subvolume is missing");
	while (!ret) {
		walk.name += walk.name_len;
		walk.name += strspn(walk.name, "/");
		walk.name_len = strcspn(walk.name, "/");
		if (!walk.name_len)
			break;
		if (walk.name_len == 1 && walk.name[0] == '.')
			continue;
		ret = step(&walk, &place);
	}
	if (ret)
		return ret;
	if (place.ino != BTRFS_FIRST_FREE_OBJECTID)
		return volume_fail(volume, -EINVAL, "'%s' is %s of subvolume %llu, not a subvolume",
				   path, place.is_directory ? "a directory" : "a file",
				   (unsigned long long)place.root->id);
	*out = place.root;
	return 0;
}

static int find_by_id(struct volume *volume, uint64_t id, struct root **out)
{
	struct root *root;
	int ret = root_get(volume, id, &root);

	if (!ret && (!root->is_subvolume || root->is_dead))
		ret = -ENOENT;
	if (ret == -ENOENT)
		return volume_fail(volume, ret, "no subvolume has the id %llu",
				   (unsigned long long)id);
	if (!ret)
		*out = root;
	return ret;
}

/* A number from 1 to 2^64 - 1 without sign or space. */
static bool parse_id(const char *name, uint64_t *id)
{
	char *end;

	if (!*name || name[strspn(name, "0123456789")])
		return false;
	errno = 0;
	*id = strtoull(name, &end, 10);
	return errno == 0;
}

static void fill_info(const struct root *root, struct subvolume_info *info)
{
	*info = (struct subvolume_info){
		.id = root->id,
		.ctransid = root->ctransid,
		.otransid = root->otransid,
		.read_only = root->read_only,
	};
	memcpy(info->uuid, root->uuid, sizeof(info->uuid));
	memcpy(info->parent_uuid, root->parent_uuid, sizeof(info->parent_uuid));
	memcpy(info->received_uuid, root->received_uuid, sizeof(info->received_uuid));
}

/* Looks at every root: not all filesystems have a uuid tree. */
int volume_find_subvolume_by_uuid(struct volume *volume, const uint8_t uuid[16],
				  struct subvolume_info *info)
{
	const struct key first = {.objectid = BTRFS_FS_TREE_OBJECTID, .type = BTRFS_ROOT_ITEM_KEY};
	struct btree_path path = {0};
	struct root *root_tree;
	bool is_found = false;
	int ret;

	failure_clear(&volume->failure);
	ret = root_get(volume, BTRFS_ROOT_TREE_OBJECTID, &root_tree);
	if (!ret)
		ret = btree_search_from(root_tree, &first, &path);
	for (; !ret && !is_found; ret = is_found ? 0 : btree_next(&path)) {
		struct key key = btree_path_key(&path);
		struct root *root;

		if (key.type != BTRFS_ROOT_ITEM_KEY || !root_id_is_subvolume(key.objectid))
			continue;
		ret = root_get(volume, key.objectid, &root);
		/* Deleted by a commit since this leaf was read. */
		if (ret == -ENOENT)
			continue;
		if (ret)
			break;
		is_found = !root->is_dead && !memcmp(root->uuid, uuid, sizeof(root->uuid));
		if (is_found)
			fill_info(root, info);
	}
	btree_path_release(&path);
	return ret < 0 ? ret : is_found ? 0 : -ENOENT;
}

int volume_inode_path(struct volume *volume, uint64_t root_id, uint64_t ino, char **path)
{
	struct path_buf text;
	struct root *root;
	int ret;

	failure_clear(&volume->failure);
	ret = root_get(volume, root_id, &root);
	if (!ret)
		ret = inode_path(root, ino, &text);
	if (ret)
		return ret;
	*path = strndup(text.text, text.length);
	return *path ? 0 : volume_fail(volume, -ENOMEM, "out of memory for a path");
}

int volume_find_subvolume(struct volume *volume, const char *name, struct subvolume_info *info)
{
	struct root *root;
	uint64_t id;
	int ret;

	failure_clear(&volume->failure);
	if (parse_id(name, &id))
		ret = find_by_id(volume, id, &root);
	else
		ret = find_by_path(volume, name, &root);
	if (ret)
		return ret;
	fill_info(root, info);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0 */
#include "engine/fs/root.h"

#include "engine/core/u64_map.h"
#include "engine/tree/btree.h"

#include <errno.h>
#include <stdlib.h>

/* Up to where a ROOT_ITEM of a kernel before 3.6 reaches. */
enum { LEGACY_ROOT_ITEM_SIZE = offsetof(struct btrfs_root_item, generation_v2) };
static_assert(LEGACY_ROOT_ITEM_SIZE == 239, "legacy root item");

struct root_cache {
	struct u64_map by_id;
};

/* The members behind the legacy part: valid if the kernel that wrote the item last knew them. */
static void read_identity(const struct btrfs_root_item *item, size_t size, struct root *root)
{
	bool valid = size >= sizeof(*item) &&
		     from_le64(item->generation_v2) == from_le64(item->generation);

	if (!valid) {
		memset(root->uuid, 0, sizeof(root->uuid));
		memset(root->parent_uuid, 0, sizeof(root->parent_uuid));
		memset(root->received_uuid, 0, sizeof(root->received_uuid));
		root->ctransid = 0;
		root->otransid = 0;
		return;
	}
	memcpy(root->uuid, item->uuid, sizeof(root->uuid));
	memcpy(root->parent_uuid, item->parent_uuid, sizeof(root->parent_uuid));
	memcpy(root->received_uuid, item->received_uuid, sizeof(root->received_uuid));
	root->ctransid = from_le64(item->ctransid);
	root->otransid = from_le64(item->otransid);
}

static int read_root_item(struct root *root, const struct btrfs_root_item *item, size_t size)
{
	uint64_t flags;

	if (size < LEGACY_ROOT_ITEM_SIZE || item->level >= BTRFS_MAX_LEVEL)
		return volume_fail(root->volume, -EUCLEAN,
				   "root %llu: root item of %zu bytes, level %u",
				   (unsigned long long)root->id, size,
				   size < LEGACY_ROOT_ITEM_SIZE ? 0 : item->level);
	flags = from_le64(item->flags);
	root->is_dead = root->is_subvolume &&
			(from_le32(item->refs) == 0 || (flags & BTRFS_ROOT_SUBVOL_DEAD));
	root->bytenr = from_le64(item->bytenr);
	root->generation = from_le64(item->generation);
	root->level = item->level;
	root->read_only = flags & BTRFS_ROOT_SUBVOL_RDONLY;
	read_identity(item, size, root);
	return 0;
}

/*
 * The offset of a ROOT_ITEM key is 0, or for a snapshot the transaction that made it. Never are two
 * of one id alive; the last is the current one.
 */
static int read_from_root_tree(struct root *root)
{
	const struct key key = {
		.objectid = root->id, .type = BTRFS_ROOT_ITEM_KEY, .offset = UINT64_MAX};
	struct btree_path path = {0};
	struct root *root_tree;
	struct key found;
	int ret = root_get(root->volume, BTRFS_ROOT_TREE_OBJECTID, &root_tree);

	if (!ret)
		ret = btree_search_before(root_tree, &key, &path);
	if (ret)
		goto out;
	found = btree_path_key(&path);
	if (found.objectid == key.objectid && found.type == key.type)
		ret = read_root_item(root, btree_path_data(&path), btree_path_size(&path));
	else
		ret = 1;
out:
	btree_path_release(&path);
	return ret == 1 ? -ENOENT : ret;
}

/* What is found is current: a search that met a moved block went on in the volume's new epoch. */
int root_update(struct root *root)
{
	const struct volume *volume = root->volume;
	int ret = 0;

	if (root->epoch == volume->epoch)
		return 0;
	if (root->id == BTRFS_ROOT_TREE_OBJECTID) {
		root->bytenr = volume->root_tree_bytenr;
		root->generation = volume->generation;
		root->level = volume->root_tree_level;
	} else if (root->id == BTRFS_CHUNK_TREE_OBJECTID) {
		root->bytenr = volume->chunk_tree_bytenr;
		root->generation = volume->chunk_root_generation;
		root->level = volume->chunk_tree_level;
	} else {
		ret = read_from_root_tree(root);
	}
	if (!ret)
		root->epoch = volume->epoch;
	return ret;
}

static int add_root(struct volume *volume, struct root *root)
{
	if (!volume->roots)
		volume->roots = calloc(1, sizeof(*volume->roots));
	if (!volume->roots)
		return -ENOMEM;
	return u64_map_add(&volume->roots->by_id, root->id, root);
}

static struct root *find_root(const struct volume *volume, uint64_t id)
{
	return volume->roots ? u64_map_find(&volume->roots->by_id, id) : NULL;
}

const struct root *root_peek(const struct volume *volume, uint64_t id)
{
	return find_root(volume, id);
}

int root_get(struct volume *volume, uint64_t id, struct root **out)
{
	struct root *root = find_root(volume, id);
	int ret;

	if (root) {
		ret = root_update(root);
		if (!ret)
			*out = root;
		return ret;
	}
	root = calloc(1, sizeof(*root));
	if (!root)
		return volume_fail(volume, -ENOMEM, "out of memory for a root");
	root->volume = volume;
	root->id = id;
	root->is_subvolume = root_id_is_subvolume(id);
	ret = root_update(root);
	if (!ret) {
		ret = add_root(volume, root);
		if (ret)
			volume_fail(volume, ret, "out of memory for a root");
	}
	if (ret) {
		free(root);
		return ret;
	}
	*out = root;
	return 0;
}

void root_cache_free(struct root_cache *cache)
{
	size_t i;

	if (!cache)
		return;
	for (i = 0; i < cache->by_id.capacity; i++) {
		struct root *root = cache->by_id.slots[i].value;

		if (!root)
			continue;
		btree_drop_kept(root);
		free(root->inodes);
		free(root->entries);
		free(root);
	}
	u64_map_release(&cache->by_id);
	free(cache);
}

/* SPDX-License-Identifier: GPL-2.0 */
#include "engine/volume/volume.h"

#include "engine/fs/root.h"
#include "engine/tree/btree.h"
#include "engine/volume/chunk.h"
#include "engine/volume/csum.h"
#include "engine/volume/device_set.h"
#include "engine/volume/super.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	DEFAULT_CACHE_BYTES = 128 << 20,
	/* Commits that may pass while the chunk tree is read. */
	LOAD_TRIES = 8,
};

/* What never changes while a filesystem lives. */
static int set_identity(struct volume *volume, const struct btrfs_super_block *super,
			size_t cache_bytes)
{
	volume->csum = csum_algorithm_find(from_le16(super->csum_type));
	volume->sectorsize = from_le32(super->sectorsize);
	volume->nodesize = from_le32(super->nodesize);
	memcpy(volume->fsid, super->fsid, sizeof(volume->fsid));
	memcpy(volume->metadata_uuid, super_metadata_uuid(super), sizeof(volume->metadata_uuid));
	return tree_block_cache_new(volume, cache_bytes ? cache_bytes : DEFAULT_CACHE_BYTES,
				    &volume->blocks);
}

static int check_identity(struct volume *volume, const struct btrfs_super_block *super)
{
	if (memcmp(volume->fsid, super->fsid, sizeof(volume->fsid)) ||
	    memcmp(volume->metadata_uuid, super_metadata_uuid(super),
		   sizeof(volume->metadata_uuid)) ||
	    volume->csum != csum_algorithm_find(from_le16(super->csum_type)) ||
	    volume->sectorsize != from_le32(super->sectorsize) ||
	    volume->nodesize != from_le32(super->nodesize))
		return volume_fail(volume, -EUCLEAN,
				   "superblock: not of the filesystem that was opened");
	return 0;
}

/* Begin a new epoch with the committed state that @super describes. */
static int load_state(struct volume *volume, const struct btrfs_super_block *super)
{
	memcpy(volume->label, super->label, BTRFS_LABEL_SIZE);
	volume->generation = from_le64(super->generation);
	volume->incompat_flags = from_le64(super->incompat_flags);
	volume->total_bytes = from_le64(super->total_bytes);
	volume->root_tree_bytenr = from_le64(super->root);
	volume->root_tree_level = super->root_level;
	volume->chunk_tree_bytenr = from_le64(super->chunk_root);
	volume->chunk_tree_level = super->chunk_root_level;
	volume->chunk_root_generation = from_le64(super->chunk_root_generation);
	volume->epoch++;
	tree_block_cache_clear(volume->blocks);
	return chunk_map_load(volume, super);
}

/*
 * Load @super's state; if commits pass meanwhile, that of the newest superblock instead. What does
 * not fit the superblock that is still the newest has not moved: it is damaged.
 */
static int load_newest_state(struct volume *volume, struct btrfs_super_block *super)
{
	int tries = 0, ret;

	while ((ret = load_state(volume, super)) == -ESTALE && ++tries < LOAD_TRIES) {
		uint64_t generation = from_le64(super->generation);
		struct failure cause = volume->failure;

		failure_clear(&volume->failure);
		ret = device_set_read_super(volume->devices, super, &volume->failure);
		if (!ret)
			ret = check_identity(volume, super);
		if (ret)
			return ret;
		if (from_le64(super->generation) == generation)
			return volume_fail(volume, -EUCLEAN, "%s", cause.text);
	}
	return ret;
}

/* 1 if the superblock is still the one in use. */
static int reload(struct volume *volume)
{
	struct btrfs_super_block super;
	int ret = device_set_read_super(volume->devices, &super, &volume->failure);

	if (!ret)
		ret = check_identity(volume, &super);
	if (ret)
		return ret;
	if (from_le64(super.generation) == volume->generation)
		return 1;
	return load_newest_state(volume, &super);
}

int volume_refresh(struct volume *volume)
{
	int ret = reload(volume);

	if (ret == 1)
		return volume_fail(volume, -ESTALE, "superblock: still generation %llu",
				   (unsigned long long)volume->generation);
	if (!ret)
		volume->counters.refreshes++;
	return ret;
}

int volume_take_up_commit(struct volume *volume, unsigned int epoch, int code)
{
	struct failure cause = volume->failure;
	int ret;

	failure_clear(&volume->failure);
	/* Another reader of the volume met a moved block before. */
	if (volume->epoch != epoch)
		return 0;
	ret = volume_refresh(volume);
	if (ret != -ESTALE)
		return ret;
	failure_clear(&volume->failure);
	return volume_fail(volume, code, "%s", cause.text);
}

int volume_reread(struct volume *volume)
{
	int ret;

	failure_clear(&volume->failure);
	ret = reload(volume);
	return ret < 0 ? ret : 0;
}

static int load_filesystem(struct volume *volume, struct btrfs_super_block *super,
			   size_t cache_bytes)
{
	struct root *root_tree;
	struct btree_path position = {0};
	const struct key first = {0};
	int ret = set_identity(volume, super, cache_bytes);

	if (!ret)
		ret = load_newest_state(volume, super);
	/* A root tree that cannot be read is better known now than at the first question. */
	if (!ret)
		ret = root_get(volume, BTRFS_ROOT_TREE_OBJECTID, &root_tree);
	if (!ret)
		ret = btree_search(root_tree, &first, &position);
	btree_path_release(&position);
	return ret < 0 ? ret : 0;
}

static int open_filesystem(struct volume *volume, const char *path,
			   const struct volume_options *options, struct failure *failure)
{
	struct btrfs_super_block super;
	int ret = device_set_open(path, options, &super, &volume->devices, failure);

	if (ret)
		return ret;
	ret = load_filesystem(volume, &super, options ? options->cache_bytes : 0);
	if (ret)
		return failure_set(failure, ret, "%s: %s", path, volume->failure.text);
	return device_set_check_members(volume->devices, failure);
}

int volume_open(const char *path, const struct volume_options *options, struct volume **out,
		struct failure *failure)
{
	struct volume *volume = calloc(1, sizeof(*volume));
	int ret;

	if (!volume)
		return failure_set(failure, -ENOMEM, "%s: out of memory", path);
	volume->live = options && options->live;
	volume->still = options && options->still;
	ret = open_filesystem(volume, path, options, failure);
	if (ret) {
		volume_close(volume);
		return ret;
	}
	*out = volume;
	return 0;
}

void volume_close(struct volume *volume)
{
	if (!volume)
		return;
	root_cache_free(volume->roots);
	tree_block_cache_free(volume->blocks);
	chunk_map_free(volume->chunks);
	device_set_close(volume->devices);
	free(volume);
}

void volume_get_info(const struct volume *volume, struct volume_info *info)
{
	*info = (struct volume_info){
		.generation = volume->generation,
		.total_bytes = volume->total_bytes,
		.sectorsize = volume->sectorsize,
		.nodesize = volume->nodesize,
		.csum_name = volume->csum->name,
		.devices = volume->device_count,
		.devices_missing = volume->missing_devices,
	};
	memcpy(info->fsid, volume->fsid, sizeof(info->fsid));
	memcpy(info->label, volume->label, sizeof(info->label));
}

void volume_get_counters(const struct volume *volume, struct volume_counters *counters)
{
	*counters = volume->counters;
}

const struct failure *volume_failure(const struct volume *volume)
{
	return &volume->failure;
}

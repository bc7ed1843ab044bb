/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Building the chunk map. The superblock carries the chunks that hold the chunk tree; the tree
 * carries all, and which devices there are.
 */
#include "engine/volume/chunk.h"

#include "engine/fs/root.h"
#include "engine/tree/btree.h"
#include "engine/volume/chunk_map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Index of the first chunk that begins behind @logical. */
static size_t upper_bound(const struct chunk_map *map, uint64_t logical)
{
	size_t low = 0, high = map->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (map->chunks[middle].logical <= logical)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool chunk_holds(const struct chunk *chunk, uint64_t logical)
{
	return logical >= chunk->logical && logical - chunk->logical < chunk->length;
}

const struct chunk *chunk_map_find(struct chunk_map *map, uint64_t logical)
{
	size_t i;

	if (map->last < map->count && chunk_holds(&map->chunks[map->last], logical))
		return &map->chunks[map->last];
	i = upper_bound(map, logical);
	if (i == 0 || !chunk_holds(&map->chunks[i - 1], logical))
		return NULL;
	map->last = i - 1;
	return &map->chunks[i - 1];
}

#define chunk_fail(volume, logical, format, ...)                                            \
	volume_fail(volume, -EUCLEAN, "chunk %llu: " format, (unsigned long long)(logical), \
		    __VA_ARGS__)

/* Which profile, and whether the stripes make it up. */
static int check_profile(struct volume *volume, const struct btrfs_chunk *item, struct chunk *chunk)
{
	uint64_t type = from_le64(item->type);
	const struct profile *profile = profile_find(type);
	unsigned int stripes = from_le16(item->num_stripes);

	if (!(type & BTRFS_BLOCK_GROUP_TYPE_MASK))
		return chunk_fail(volume, chunk->logical, "type 0x%llx holds nothing",
				  (unsigned long long)type);
	if (!profile)
		return chunk_fail(volume, chunk->logical, "type 0x%llx has several profiles",
				  (unsigned long long)type);
	chunk->profile = profile;
	chunk->stripe_count = stripes;
	chunk->columns = profile_columns(profile, stripes);
	if (!chunk->columns)
		return chunk_fail(volume, chunk->logical, "%u stripes in profile %s, expect %s",
				  stripes, profile->name, profile->stripes_wanted);
	if (profile->is_striped && profile->copies > 1 &&
	    from_le16(item->sub_stripes) != profile->copies)
		return chunk_fail(volume, chunk->logical, "%u sub-stripes in profile %s, expect %u",
				  from_le16(item->sub_stripes), profile->name, profile->copies);
	return 0;
}

/* Prove a chunk item, of @size bytes or with so many left, and take over what it says. */
static int check_chunk(struct volume *volume, uint64_t logical, const struct btrfs_chunk *item,
		       size_t size, struct chunk *chunk)
{
	uint64_t length;
	uint16_t stripes;

	if (size < sizeof(*item))
		return chunk_fail(volume, logical, "item of %zu bytes", size);
	length = from_le64(item->length);
	stripes = from_le16(item->num_stripes);
	if (size != sizeof(*item) + stripes * sizeof(struct btrfs_stripe) || !stripes)
		return chunk_fail(volume, logical, "item of %zu bytes with %u stripes", size,
				  stripes);
	if (logical % volume->sectorsize)
		return chunk_fail(volume, logical, "expect a multiple of %u", volume->sectorsize);
	if (!length || length % volume->sectorsize)
		return chunk_fail(volume, logical, "length %llu, expect a multiple of %u",
				  (unsigned long long)length, volume->sectorsize);
	if (logical + length < logical)
		return chunk_fail(volume, logical, "length %llu overflows",
				  (unsigned long long)length);
	if (from_le64(item->stripe_len) != STRIPE_LENGTH)
		return chunk_fail(volume, logical, "stripe length %llu, expect %d",
				  (unsigned long long)from_le64(item->stripe_len), STRIPE_LENGTH);
	chunk->length = length;
	return check_profile(volume, item, chunk);
}

/* The chunk's last byte on each of its devices, from where it begins there. */
static uint64_t last_in_stripe(const struct chunk *chunk)
{
	uint64_t last = chunk->length - 1;

	if (!chunk->profile->is_striped)
		return last;
	return last / STRIPE_LENGTH / chunk->columns * STRIPE_LENGTH + STRIPE_LENGTH - 1;
}

/* Fill chunk->stripes, which is large enough. */
static int read_stripes(struct volume *volume, const struct btrfs_stripe *items,
			struct chunk *chunk)
{
	uint64_t last = last_in_stripe(chunk);
	unsigned int i;

	chunk->is_whole = true;
	for (i = 0; i < chunk->stripe_count; i++) {
		struct stripe *stripe = &chunk->stripes[i];

		stripe->devid = from_le64(items[i].devid);
		stripe->physical = from_le64(items[i].offset);
		stripe->device = device_set_find(volume->devices, stripe->devid, items[i].dev_uuid);
		if (!stripe->device || stripe->device->is_stale)
			chunk->is_whole = false;
		if (stripe->physical + last < stripe->physical)
			return chunk_fail(volume, chunk->logical, "device offset %llu overflows",
					  (unsigned long long)stripe->physical);
	}
	return 0;
}

/* System chunks come twice, from the superblock and from the tree: the same range replaces. */
static int insert_chunk(struct volume *volume, struct chunk_map *map, const struct chunk *chunk)
{
	size_t i = upper_bound(map, chunk->logical);
	const struct chunk *before = i > 0 ? &map->chunks[i - 1] : NULL;

	if (before && before->logical == chunk->logical && before->length == chunk->length) {
		free(before->stripes);
		map->chunks[i - 1] = *chunk;
		return 0;
	}
	if (before && chunk_holds(before, chunk->logical))
		return chunk_fail(volume, chunk->logical, "overlaps chunk %llu",
				  (unsigned long long)before->logical);
	if (i < map->count && chunk_holds(chunk, map->chunks[i].logical))
		return chunk_fail(volume, chunk->logical, "overlaps chunk %llu",
				  (unsigned long long)map->chunks[i].logical);

	if (map->count == map->allocated) {
		size_t allocated = map->allocated ? map->allocated * 2 : 64;
		struct chunk *chunks = realloc(map->chunks, allocated * sizeof(*chunks));

		if (!chunks)
			return volume_fail(volume, -ENOMEM, "out of memory for the chunk map");
		map->chunks = chunks;
		map->allocated = allocated;
	}
	memmove(&map->chunks[i + 1], &map->chunks[i], (map->count - i) * sizeof(*chunk));
	map->chunks[i] = *chunk;
	map->count++;
	return 0;
}

static int add_chunk(struct volume *volume, struct chunk_map *map, uint64_t logical,
		     const struct btrfs_chunk *item, size_t size)
{
	struct chunk chunk = {.logical = logical};
	int ret = check_chunk(volume, logical, item, size, &chunk);

	if (ret)
		return ret;
	chunk.stripes = calloc(chunk.stripe_count, sizeof(*chunk.stripes));
	if (!chunk.stripes)
		return volume_fail(volume, -ENOMEM, "out of memory for the chunk map");
	ret = read_stripes(volume, (const struct btrfs_stripe *)(item + 1), &chunk);
	if (!ret)
		ret = insert_chunk(volume, map, &chunk);
	if (ret)
		free(chunk.stripes);
	return ret;
}

/* The array is a row of (disk key, chunk item) of @length bytes, without padding. */
static int load_system_array(struct volume *volume, struct chunk_map *map, const uint8_t *array,
			     size_t length)
{
	size_t at = 0;

	while (at < length) {
		const struct btrfs_disk_key *key = (const struct btrfs_disk_key *)(array + at);
		const struct btrfs_chunk *item = (const struct btrfs_chunk *)(key + 1);
		size_t left = length - at, size;
		int ret;

		if (left < sizeof(*key) + sizeof(*item))
			return volume_fail(volume, -EUCLEAN,
					   "superblock: system chunk array ends inside an entry");
		size = sizeof(*item) + from_le16(item->num_stripes) * sizeof(struct btrfs_stripe);
		if (key->type != BTRFS_CHUNK_ITEM_KEY || left - sizeof(*key) < size)
			return volume_fail(volume, -EUCLEAN,
					   "superblock: system chunk array entry at %zu: key type "
					   "%u, %u stripes, %zu bytes left",
					   at, key->type, from_le16(item->num_stripes), left);
		ret = add_chunk(volume, map, from_le64(key->offset), item, size);
		if (ret)
			return ret;
		at += sizeof(*key) + size;
	}
	return 0;
}

static int count_device(struct volume *volume, const struct key *key,
			const struct btrfs_dev_item *item)
{
	struct volume_device *device;

	if (from_le64(item->devid) != key->offset)
		return volume_fail(volume, -EUCLEAN, "device item %llu: says it is of device %llu",
				   (unsigned long long)key->offset,
				   (unsigned long long)from_le64(item->devid));
	volume->device_count++;
	device = device_set_find(volume->devices, key->offset, item->uuid);
	if (!device || memcmp(device->metadata_uuid, item->fsid, sizeof(item->fsid)))
		volume->missing_devices++;
	else
		device->is_member = true;
	return 0;
}

static int add_item(struct volume *volume, struct chunk_map *map, const struct btree_path *path)
{
	struct key key = btree_path_key(path);

	if (key.objectid == BTRFS_DEV_ITEMS_OBJECTID && key.type == BTRFS_DEV_ITEM_KEY)
		return count_device(volume, &key, btree_path_data(path));
	if (key.objectid == BTRFS_FIRST_CHUNK_TREE_OBJECTID && key.type == BTRFS_CHUNK_ITEM_KEY)
		return add_chunk(volume, map, key.offset, btree_path_data(path),
				 btree_path_size(path));
	return 0;
}

static int load_chunk_tree(struct volume *volume, struct chunk_map *map)
{
	const struct key first = {0};
	struct btree_path path = {0};
	struct root *root;
	int ret = root_get(volume, BTRFS_CHUNK_TREE_OBJECTID, &root);

	volume->device_count = 0;
	volume->missing_devices = 0;
	if (!ret)
		ret = btree_search_from(root, &first, &path);
	while (!ret) {
		ret = add_item(volume, map, &path);
		if (!ret)
			ret = btree_next(&path);
	}
	btree_path_release(&path);
	return ret < 0 ? ret : 0;
}

int chunk_map_load(struct volume *volume, const struct btrfs_super_block *super)
{
	struct chunk_map *map = calloc(1, sizeof(*map));
	int ret;

	if (!map)
		return volume_fail(volume, -ENOMEM, "out of memory for the chunk map");
	ret = load_system_array(volume, map, super->sys_chunk_array,
				from_le32(super->sys_chunk_array_size));
	/* The chunk tree is read through what is known so far. */
	chunk_map_free(volume->chunks);
	volume->chunks = map;
	return ret ? ret : load_chunk_tree(volume, map);
}

void chunk_map_free(struct chunk_map *map)
{
	size_t i;

	if (!map)
		return;
	for (i = 0; i < map->count; i++)
		free(map->chunks[i].stripes);
	free(map->chunks);
	free(map->scratch);
	free(map);
}

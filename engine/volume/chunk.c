/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The chunk map. The superblock carries the chunks that hold the chunk tree; the tree carries all.
 * Only SINGLE and DUP are read; chunks of other profiles are known, so that reading from one can
 * say what it is.
 */
#include "engine/volume/chunk.h"

#include "engine/fs/root.h"
#include "engine/tree/btree.h"
#include "engine/volume/device.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	STRIPE_LENGTH = 65536,
	MAX_COPIES = 2,
};

struct chunk {
	uint64_t logical;
	uint64_t length;
	const struct profile *profile;
	uint64_t
		physical[MAX_COPIES]; /* one for each copy; unset if the profile is not supported */
};

struct chunk_map {
	struct chunk *chunks; /* by logical address, without overlap */
	size_t count;
	size_t allocated;
	size_t last; /* index of the last hit: neighbours are read together */
	uint64_t devid;
};

struct profile {
	uint64_t bit;
	const char *name;
	unsigned int copies; /* 0: not supported */
};

static const struct profile profiles[] = {
	{0, "SINGLE", 1},
	{BTRFS_BLOCK_GROUP_DUP, "DUP", 2},
	{BTRFS_BLOCK_GROUP_RAID0, "RAID0", 0},
	{BTRFS_BLOCK_GROUP_RAID1, "RAID1", 0},
	{BTRFS_BLOCK_GROUP_RAID10, "RAID10", 0},
	{BTRFS_BLOCK_GROUP_RAID5, "RAID5", 0},
	{BTRFS_BLOCK_GROUP_RAID6, "RAID6", 0},
	{BTRFS_BLOCK_GROUP_RAID1C3, "RAID1C3", 0},
	{BTRFS_BLOCK_GROUP_RAID1C4, "RAID1C4", 0},
};

static const struct profile *find_profile(uint64_t type)
{
	size_t i;

	for (i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
		if ((type & BTRFS_BLOCK_GROUP_PROFILE_MASK) == profiles[i].bit)
			return &profiles[i];
	}
	return NULL;
}

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

static const struct chunk *find_chunk(struct chunk_map *map, uint64_t logical)
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

/* The members of a chunk item that do not depend on the profile. @size: of the item or what is
 * left. */
static int check_chunk(struct volume *volume, uint64_t logical, const struct btrfs_chunk *item,
		       size_t size)
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
	if (!length || length % volume->sectorsize || logical % volume->sectorsize)
		return chunk_fail(volume, logical, "length %llu, expect a multiple of %u",
				  (unsigned long long)length, volume->sectorsize);
	if (logical + length < logical)
		return chunk_fail(volume, logical, "length %llu overflows",
				  (unsigned long long)length);
	if (from_le64(item->stripe_len) != STRIPE_LENGTH)
		return chunk_fail(volume, logical, "stripe length %llu, expect %d",
				  (unsigned long long)from_le64(item->stripe_len), STRIPE_LENGTH);
	if (!(from_le64(item->type) & BTRFS_BLOCK_GROUP_TYPE_MASK))
		return chunk_fail(volume, logical, "type 0x%llx holds nothing",
				  (unsigned long long)from_le64(item->type));
	return 0;
}

static int read_stripes(struct volume *volume, const struct chunk_map *map,
			const struct btrfs_chunk *item, struct chunk *chunk)
{
	const struct btrfs_stripe *stripes = (const struct btrfs_stripe *)(item + 1);
	unsigned int i;

	if (from_le16(item->num_stripes) != chunk->profile->copies)
		return chunk_fail(volume, chunk->logical, "%u stripes in profile %s, expect %u",
				  from_le16(item->num_stripes), chunk->profile->name,
				  chunk->profile->copies);
	for (i = 0; i < chunk->profile->copies; i++) {
		uint64_t physical = from_le64(stripes[i].offset);

		if (from_le64(stripes[i].devid) != map->devid)
			return chunk_fail(volume, chunk->logical, "on device %llu, expect %llu",
					  (unsigned long long)from_le64(stripes[i].devid),
					  (unsigned long long)map->devid);
		if (physical + chunk->length < physical)
			return chunk_fail(volume, chunk->logical, "device offset %llu overflows",
					  (unsigned long long)physical);
		chunk->physical[i] = physical;
	}
	return 0;
}

/* System chunks come twice, from the superblock and from the tree: the same range replaces. */
static int insert_chunk(struct volume *volume, struct chunk_map *map, const struct chunk *chunk)
{
	size_t i = upper_bound(map, chunk->logical);
	const struct chunk *before = i > 0 ? &map->chunks[i - 1] : NULL;

	if (before && before->logical == chunk->logical && before->length == chunk->length) {
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
	int ret = check_chunk(volume, logical, item, size);

	if (ret)
		return ret;
	chunk.length = from_le64(item->length);
	chunk.profile = find_profile(from_le64(item->type));
	if (!chunk.profile)
		return chunk_fail(volume, logical, "type 0x%llx has several profiles",
				  (unsigned long long)from_le64(item->type));
	if (chunk.profile->copies) {
		ret = read_stripes(volume, map, item, &chunk);
		if (ret)
			return ret;
	}
	return insert_chunk(volume, map, &chunk);
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

static int load_chunk_tree(struct volume *volume, struct chunk_map *map)
{
	struct key first = {.objectid = BTRFS_FIRST_CHUNK_TREE_OBJECTID,
			    .type = BTRFS_CHUNK_ITEM_KEY};
	struct btree_path path = {0};
	struct root *root;
	int ret = root_get(volume, BTRFS_CHUNK_TREE_OBJECTID, &root);

	if (!ret)
		ret = btree_search_from(root, &first, &path);
	while (!ret) {
		struct key key = btree_path_key(&path);

		if (key.objectid != first.objectid || key.type != first.type)
			break;
		ret = add_chunk(volume, map, key.offset, btree_path_data(&path),
				btree_path_size(&path));
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
	map->devid = from_le64(super->dev_item.devid);
	ret = load_system_array(volume, map, super->sys_chunk_array,
				from_le32(super->sys_chunk_array_size));
	/* The chunk tree is read through what is known so far. */
	chunk_map_free(volume->chunks);
	volume->chunks = map;
	return ret ? ret : load_chunk_tree(volume, map);
}

void chunk_map_free(struct chunk_map *map)
{
	if (!map)
		return;
	free(map->chunks);
	free(map);
}

unsigned int chunk_map_mirrors(const struct volume *volume, uint64_t logical)
{
	const struct chunk *chunk = find_chunk(volume->chunks, logical);

	if (!chunk)
		return 0;
	/* One attempt is made at an unsupported profile: it says why it fails. */
	return chunk->profile->copies ? chunk->profile->copies : 1;
}

int chunk_map_read(struct volume *volume, uint64_t logical, unsigned int mirror, void *buffer,
		   size_t length)
{
	uint8_t *to = buffer;

	while (length) {
		const struct chunk *chunk = find_chunk(volume->chunks, logical);
		uint64_t within, left;
		size_t part;
		int ret;

		if (!chunk)
			return volume_fail(volume, -EUCLEAN, "address %llu is in no chunk",
					   (unsigned long long)logical);
		if (!chunk->profile->copies)
			return volume_fail(
				volume, -EOPNOTSUPP, "chunk %llu: profile %s is not supported",
				(unsigned long long)chunk->logical, chunk->profile->name);
		if (mirror >= chunk->profile->copies)
			return volume_fail(volume, -EUCLEAN, "chunk %llu: no copy %u in profile %s",
					   (unsigned long long)chunk->logical, mirror,
					   chunk->profile->name);
		within = logical - chunk->logical;
		left = chunk->length - within;
		part = length < left ? length : (size_t)left;
		ret = device_read(volume->device, chunk->physical[mirror] + within, to, part,
				  &volume->failure);
		if (ret)
			return ret;
		volume->counters.bytes_read += part;
		to += part;
		logical += part;
		length -= part;
	}
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0 */
#include "engine/volume/super.h"

#include "engine/volume/csum.h"
#include "engine/volume/device.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

enum {
	MIN_SECTORSIZE = 4096,
	MAX_NODESIZE = 65536,
	/* A copy may be in the middle of being written when a mounted device is read. */
	READ_TRIES = 3,
};

static const uint64_t copy_offsets[BTRFS_SUPER_MIRROR_MAX] = {
	BTRFS_SUPER_INFO_OFFSET,
	64ULL << 20,
	256ULL << 30,
};

struct feature {
	uint64_t bit;
	const char *name;
	bool supported;
};

#define FEATURE(id, supported)                              \
	{                                                   \
		BTRFS_FEATURE_INCOMPAT_##id, #id, supported \
	}

static const struct feature features[] = {
	FEATURE(MIXED_BACKREF, true),
	FEATURE(DEFAULT_SUBVOL, true),
	FEATURE(MIXED_GROUPS, true),
	FEATURE(COMPRESS_LZO, true),
	FEATURE(COMPRESS_ZSTD, true),
	FEATURE(BIG_METADATA, true),
	FEATURE(EXTENDED_IREF, true),
	FEATURE(RAID56, true),
	FEATURE(SKINNY_METADATA, true),
	FEATURE(NO_HOLES, true),
	FEATURE(METADATA_UUID, true),
	FEATURE(RAID1C34, true),
	FEATURE(ZONED, false),
	FEATURE(EXTENT_TREE_V2, false),
	FEATURE(RAID_STRIPE_TREE, false),
	FEATURE(SIMPLE_QUOTA, true),
};

static int check_features(uint64_t flags, struct failure *failure)
{
	size_t i;

	for (i = 0; i < sizeof(features) / sizeof(features[0]); i++) {
		if (!(flags & features[i].bit))
			continue;
		if (!features[i].supported)
			return failure_set(failure, -EOPNOTSUPP,
					   "superblock: incompatible feature %s is not supported",
					   features[i].name);
		flags &= ~features[i].bit;
	}
	if (flags)
		return failure_set(failure, -EOPNOTSUPP,
				   "superblock: unknown incompatible features 0x%llx",
				   (unsigned long long)flags);
	return 0;
}

static bool is_size(uint32_t size)
{
	return size >= MIN_SECTORSIZE && size <= MAX_NODESIZE && (size & (size - 1)) == 0;
}

static int check_geometry(const struct btrfs_super_block *super, struct failure *failure)
{
	uint32_t sectorsize = from_le32(super->sectorsize);
	uint32_t nodesize = from_le32(super->nodesize);
	uint32_t array_size = from_le32(super->sys_chunk_array_size);

	if (!is_size(sectorsize))
		return failure_set(
			failure, -EUCLEAN,
			"superblock: sector size %u, expect a power of two from %d to %d",
			sectorsize, MIN_SECTORSIZE, MAX_NODESIZE);
	if (!is_size(nodesize) || nodesize < sectorsize)
		return failure_set(failure, -EUCLEAN,
				   "superblock: node size %u, expect a power of two from %u to %d",
				   nodesize, sectorsize, MAX_NODESIZE);
	if (from_le32(super->leafsize) != nodesize)
		return failure_set(failure, -EUCLEAN,
				   "superblock: leaf size %u, expect the node size %u",
				   from_le32(super->leafsize), nodesize);
	if (super->root_level >= BTRFS_MAX_LEVEL || super->chunk_root_level >= BTRFS_MAX_LEVEL)
		return failure_set(failure, -EUCLEAN,
				   "superblock: tree levels %u and %u, expect less than %d",
				   super->root_level, super->chunk_root_level, BTRFS_MAX_LEVEL);
	if (array_size > BTRFS_SYSTEM_CHUNK_ARRAY_SIZE)
		return failure_set(failure, -EUCLEAN,
				   "superblock: system chunk array of %u bytes, expect at most %d",
				   array_size, BTRFS_SYSTEM_CHUNK_ARRAY_SIZE);
	return 0;
}

/* What the checksum vouches for may still be something this reader cannot serve, or hostile. */
static int check_members(const struct btrfs_super_block *super, struct failure *failure)
{
	int ret = check_features(from_le64(super->incompat_flags), failure);

	if (!ret)
		ret = check_geometry(super, failure);
	if (ret)
		return ret;
	if (memcmp(super->dev_item.fsid, super_metadata_uuid(super), BTRFS_FSID_SIZE))
		return failure_set(failure, -EUCLEAN,
				   "superblock: its device %llu is of another filesystem",
				   (unsigned long long)from_le64(super->dev_item.devid));
	return 0;
}

/* The copy at @offset, proven whole. -EMEDIUMTYPE without the magic, -EUCLEAN if damaged. */
static int check_copy(const struct btrfs_super_block *super, uint64_t offset,
		      struct failure *failure)
{
	const struct csum_algorithm *csum = csum_algorithm_find(from_le16(super->csum_type));
	uint8_t sum[BTRFS_CSUM_SIZE];

	if (memcmp(super->magic, BTRFS_MAGIC, sizeof(super->magic)))
		return failure_set(failure, -EMEDIUMTYPE, "no btrfs superblock at %llu",
				   (unsigned long long)offset);
	if (!csum)
		return failure_set(failure, -EUCLEAN, "superblock at %llu: checksum type %u",
				   (unsigned long long)offset, from_le16(super->csum_type));
	csum->compute((const uint8_t *)super + BTRFS_CSUM_SIZE, sizeof(*super) - BTRFS_CSUM_SIZE,
		      sum);
	if (memcmp(sum, super->csum, csum->size))
		return failure_set(failure, -EUCLEAN, "superblock at %llu: wrong %s checksum",
				   (unsigned long long)offset, csum->name);
	if (from_le64(super->bytenr) != offset)
		return failure_set(failure, -EUCLEAN, "superblock at %llu: says it is at %llu",
				   (unsigned long long)offset,
				   (unsigned long long)from_le64(super->bytenr));
	return 0;
}

static int read_copy(struct device *device, uint64_t offset, struct btrfs_super_block *super,
		     struct failure *failure)
{
	int tries, ret = 0;

	for (tries = 0; tries < READ_TRIES; tries++) {
		failure_clear(failure);
		device_forget(device);
		ret = device_read(device, offset, super, sizeof(*super), failure);
		if (!ret)
			ret = check_copy(super, offset, failure);
		if (ret != -EUCLEAN)
			break;
	}
	return ret;
}

/*
 * A later copy of another filesystem is what was left behind when the device was formatted anew, so
 * the first sound copy says which filesystem this is. @reason is why the first copy that has the
 * magic is not used, or why no copy has it.
 */
int super_read(struct device *device, struct btrfs_super_block *super, struct failure *failure)
{
	struct btrfs_super_block copy;
	struct failure reason = {0};
	bool found = false;
	int i, ret;

	for (i = 0; i < BTRFS_SUPER_MIRROR_MAX; i++) {
		struct failure attempt = {0};

		if (copy_offsets[i] + sizeof(copy) > device_size(device) && i > 0)
			break;
		ret = read_copy(device, copy_offsets[i], &copy, &attempt);
		if (ret) {
			if (!reason.code || (reason.code == -EMEDIUMTYPE && ret != -EMEDIUMTYPE))
				reason = attempt;
			continue;
		}
		if (found && (memcmp(copy.fsid, super->fsid, sizeof(copy.fsid)) ||
			      from_le64(copy.generation) <= from_le64(super->generation)))
			continue;
		*super = copy;
		found = true;
	}
	if (!found)
		return failure_set(failure, reason.code == -ENODATA ? -EMEDIUMTYPE : reason.code,
				   "%s", reason.text);
	return check_members(super, failure);
}

const uint8_t *super_metadata_uuid(const struct btrfs_super_block *super)
{
	if (from_le64(super->incompat_flags) & BTRFS_FEATURE_INCOMPAT_METADATA_UUID)
		return super->metadata_uuid;
	return super->fsid;
}

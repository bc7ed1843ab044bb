/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The devices of one filesystem, in the order they were given. Which one is which is read from
 * their superblocks. Chunks name devices by devid and uuid; those that were not given are missing.
 *
 * A filesystem that was grown onto a seed has the seed's devices too. They stay as they were: with
 * the superblock and in the tree blocks of the seed's own filesystem.
 */
#ifndef ENGINE_VOLUME_DEVICE_SET_H
#define ENGINE_VOLUME_DEVICE_SET_H

#include "engine/core/failure.h"
#include "engine/format/disk_format.h"

#include <stdbool.h>
#include <stddef.h>

struct device;
struct device_set;
struct volume_options;

struct volume_device {
	struct device *device;
	uint64_t devid;
	uint64_t generation; /* of its superblock when it was opened */
	uint8_t uuid[BTRFS_UUID_SIZE];
	uint8_t fsid[BTRFS_FSID_SIZE];
	uint8_t metadata_uuid[BTRFS_FSID_SIZE];
	bool is_seeding; /* says its superblock */
	bool is_seed;	 /* of another filesystem than the one that is read */
	bool is_stale;	 /* it missed commits: another copy is the better one */
	bool is_member;	 /* the chunk tree has an item of it */
};

/*
 * Open the device at @path and those of @options (NULL: none). The filesystem that is read is the
 * one that is no seed; its newest superblock goes to @super. -EINVAL for a device that is given
 * twice or is of another filesystem; errors name the device.
 */
int device_set_open(const char *path, const struct volume_options *options,
		    struct btrfs_super_block *super, struct device_set **out,
		    struct failure *failure);
/* Accepts NULL. */
void device_set_close(struct device_set *set);

/* Read the superblock again, from another device if the one that was used has none any more. */
int device_set_read_super(struct device_set *set, struct btrfs_super_block *super,
			  struct failure *failure);

/* Drop what was read ahead, of all devices. */
void device_set_forget(struct device_set *set);

/* NULL if it is missing. @uuid: of the device. */
struct volume_device *device_set_find(struct device_set *set, uint64_t devid, const uint8_t *uuid);

/* Whether @fsid, in the header of a tree block, is that of a seed. */
bool device_set_has_seed(const struct device_set *set, const uint8_t *fsid);

/* -EINVAL, with the device's path, if one is not a member. */
int device_set_check_members(const struct device_set *set, struct failure *failure);

#endif

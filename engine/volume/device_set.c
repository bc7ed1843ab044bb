/* SPDX-License-Identifier: GPL-2.0 */
#include "engine/volume/device_set.h"

#include "engine/sendengine.h"
#include "engine/volume/device.h"
#include "engine/volume/super.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct device_set {
	struct volume_device *devices;
	size_t count;
	size_t primary; /* whose superblock is used */
};

static const char *path_of(const struct volume_device *device)
{
	return device_path(device->device);
}

static bool is_same_filesystem(const struct volume_device *a, const struct volume_device *b)
{
	return !memcmp(a->fsid, b->fsid, sizeof(a->fsid)) &&
	       !memcmp(a->metadata_uuid, b->metadata_uuid, sizeof(a->metadata_uuid));
}

static void describe(struct volume_device *device, const struct btrfs_super_block *super)
{
	device->devid = from_le64(super->dev_item.devid);
	device->generation = from_le64(super->generation);
	device->is_seeding = from_le64(super->flags) & BTRFS_SUPER_FLAG_SEEDING;
	memcpy(device->uuid, super->dev_item.uuid, sizeof(device->uuid));
	memcpy(device->fsid, super->fsid, sizeof(device->fsid));
	memcpy(device->metadata_uuid, super_metadata_uuid(super), sizeof(device->metadata_uuid));
}

/* What was grown onto a seed is no seed itself, or if it was made one, it is newer. */
static bool is_better_primary(const struct volume_device *device, const struct volume_device *than)
{
	if (device->is_seeding != than->is_seeding)
		return than->is_seeding;
	return device->generation > than->generation;
}

/* Open the device at @path as the next of @set. @super: of the primary one so far. */
static int add_device(struct device_set *set, const char *path, bool live,
		      struct btrfs_super_block *super, struct failure *failure)
{
	struct volume_device *device = &set->devices[set->count];
	struct btrfs_super_block own;
	struct failure cause = {0};
	int ret = device_open(path, live, &device->device, &cause);

	if (!ret) {
		set->count++;
		ret = super_read(device->device, &own, &cause);
	}
	if (ret)
		return failure_set(failure, ret, "%s: %s", path, cause.text);
	describe(device, &own);
	if (set->count == 1 || is_better_primary(device, &set->devices[set->primary])) {
		set->primary = set->count - 1;
		*super = own;
	}
	return 0;
}

static int check_device(const struct device_set *set, struct volume_device *device,
			struct failure *failure)
{
	const struct volume_device *primary = &set->devices[set->primary], *other;

	device->is_seed = !is_same_filesystem(device, primary);
	if (device->is_seed && !device->is_seeding)
		return failure_set(failure, -EINVAL, "%s: not of the filesystem of %s",
				   path_of(device), path_of(primary));
	for (other = set->devices; other < device; other++) {
		if (other->devid == device->devid && is_same_filesystem(other, device))
			return failure_set(failure, -EINVAL, "%s: device %llu is already given: %s",
					   path_of(device), (unsigned long long)device->devid,
					   path_of(other));
	}
	return 0;
}

/*
 * A device that was away while others were written to is read only where there is no other copy. On
 * a mounted filesystem a commit may be on its way from device to device.
 */
static void mark_stale(struct device_set *set, bool live)
{
	uint64_t newest = set->devices[set->primary].generation;
	size_t i;

	for (i = 0; i < set->count; i++) {
		struct volume_device *device = &set->devices[i];

		device->is_stale =
			!device->is_seed && device->generation < newest - (live && newest > 0);
	}
}

static int open_devices(struct device_set *set, const char *path,
			const struct volume_options *options, struct btrfs_super_block *super,
			struct failure *failure)
{
	bool live = options && options->live;
	size_t more = options ? options->device_count : 0, i;
	int ret;

	set->devices = calloc(more + 1, sizeof(*set->devices));
	if (!set->devices)
		return failure_set(failure, -ENOMEM, "%s: out of memory", path);
	ret = add_device(set, path, live, super, failure);
	for (i = 0; !ret && i < more; i++)
		ret = add_device(set, options->devices[i], live, super, failure);
	for (i = 0; !ret && i < set->count; i++)
		ret = check_device(set, &set->devices[i], failure);
	if (!ret)
		mark_stale(set, live);
	return ret;
}

int device_set_open(const char *path, const struct volume_options *options,
		    struct btrfs_super_block *super, struct device_set **out,
		    struct failure *failure)
{
	struct device_set *set = calloc(1, sizeof(*set));
	int ret;

	if (!set)
		return failure_set(failure, -ENOMEM, "%s: out of memory", path);
	ret = open_devices(set, path, options, super, failure);
	if (ret) {
		device_set_close(set);
		return ret;
	}
	*out = set;
	return 0;
}

void device_set_close(struct device_set *set)
{
	size_t i;

	if (!set)
		return;
	for (i = 0; i < set->count; i++)
		device_close(set->devices[i].device);
	free(set->devices);
	free(set);
}

void device_set_forget(struct device_set *set)
{
	size_t i;

	for (i = 0; i < set->count; i++)
		device_forget(set->devices[i].device);
}

int device_set_read_super(struct device_set *set, struct btrfs_super_block *super,
			  struct failure *failure)
{
	struct failure ignored;
	size_t i;
	int ret;

	device_set_forget(set);
	ret = super_read(set->devices[set->primary].device, super, failure);
	for (i = 0; ret && i < set->count; i++) {
		if (i == set->primary || set->devices[i].is_seed)
			continue;
		ignored.code = 0;
		if (super_read(set->devices[i].device, super, &ignored))
			continue;
		set->primary = i;
		failure_clear(failure);
		ret = 0;
	}
	return ret;
}

struct volume_device *device_set_find(struct device_set *set, uint64_t devid, const uint8_t *uuid)
{
	size_t i;

	for (i = 0; i < set->count; i++) {
		struct volume_device *device = &set->devices[i];

		if (device->devid == devid && !memcmp(device->uuid, uuid, sizeof(device->uuid)))
			return device;
	}
	return NULL;
}

bool device_set_has_seed(const struct device_set *set, const uint8_t *fsid)
{
	size_t i;

	for (i = 0; i < set->count; i++) {
		const struct volume_device *device = &set->devices[i];

		if (device->is_seed &&
		    !memcmp(device->metadata_uuid, fsid, sizeof(device->metadata_uuid)))
			return true;
	}
	return false;
}

int device_set_check_members(const struct device_set *set, struct failure *failure)
{
	size_t i;

	for (i = 0; i < set->count; i++) {
		const struct volume_device *device = &set->devices[i];

		if (!device->is_member)
			return failure_set(failure, -EINVAL,
					   "%s: device %llu is not one of the filesystem of %s",
					   path_of(device), (unsigned long long)device->devid,
					   path_of(&set->devices[set->primary]));
	}
	return 0;
}

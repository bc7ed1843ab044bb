/* SPDX-License-Identifier: GPL-2.0 */
/* What the kernel tells about snapshots and filesystems that are named by a mounted path. */
#ifndef PROFILER_MOUNTED_H
#define PROFILER_MOUNTED_H

#include "engine/core/failure.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mounted_subvolume {
	int fd;
	uint64_t id;
	uint64_t ctransid;
	uint8_t uuid[16];
	uint8_t fsid[16];
	bool read_only;
};

struct mounted_filesystem {
	char *mount_point;
	char *mount_options; /* of this mount and of the filesystem, comma separated */
	bool is_read_only;   /* the filesystem, and with it every mount of it */
	char **devices;	     /* paths of the block devices, those that are missing left out */
	size_t device_count;
	uint8_t fsid[16];
};

/*
 * Open the top directory of the subvolume at @path. 0, -EMEDIUMTYPE when it is not on btrfs,
 * -EINVAL when it is not a subvolume, or the errno of the open. End with mounted_subvolume_close().
 */
int mounted_subvolume_open(const char *path, struct mounted_subvolume *subvolume,
			   struct failure *failure);
void mounted_subvolume_close(struct mounted_subvolume *subvolume);

/*
 * Find mount point and devices of the filesystem of @subvolume, which was opened as @path; those of
 * its seed are among them. End with mounted_filesystem_release().
 */
int mounted_filesystem_find(const struct mounted_subvolume *subvolume, const char *path,
			    struct mounted_filesystem *filesystem, struct failure *failure);
void mounted_filesystem_release(struct mounted_filesystem *filesystem);

/* Whether @path is on the filesystem of @subvolume; false when that cannot be told. */
bool mounted_on_same_filesystem(const struct mounted_subvolume *subvolume, const char *path);

/* Write out everything and commit: the device then holds what the kernel's send sees. */
int mounted_filesystem_sync(const struct mounted_subvolume *subvolume, struct failure *failure);

/*
 * Wait for a commit that is under way, without starting one. The kernel's send sees a commit before
 * the superblock on the device tells of it.
 */
int mounted_filesystem_wait(const struct mounted_subvolume *subvolume, struct failure *failure);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A filesystem image without a name: a sparse file in memory (or in TMPDIR when memory is short),
 * put under a loop device and mounted without a mount point: nobody can come across the mount, hold
 * it or take it away, and it does not copy the mounts of others, as a mount namespace does. Nothing
 * outlives the process: the loop device clears itself, mount and file go with the last reference.
 */
#ifndef TESTS_RANDOM_IMAGE_H
#define TESTS_RANDOM_IMAGE_H

#include "tests/system/random/plan.h"

#include <stdbool.h>

struct image {
	int fd;
	int mount;	 /* O_PATH, -1 while it is not mounted */
	char path[32];	 /* opens the image, while this process lives */
	char error[256]; /* of the last call that failed */
};

/* All that return a number: 0 or a negative errno, with a message in image->error. */
int image_create(struct image *image, const struct plan *plan);
int image_mount(struct image *image, const char *options, bool read_only);
/* An open file of the mounted top directory, or a negative errno without a message. */
int image_open_root(const struct image *image);
/* While a file is open the filesystem stays, and cannot be mounted again. */
void image_unmount(struct image *image);
/*
 * Replace the image by a copy of what is committed now, although the filesystem is mounted and
 * files are open, and unmount the original: a state that exists only while somebody holds a file
 * open.
 * @mount_fd is on the filesystem and closed, and @held files are closed before the unmount.
 */
int image_fork_committed(struct image *image, int mount_fd, const int *held,
			 unsigned int held_count);
/* Write a sparse copy to @path. */
int image_save(struct image *image, const char *path);
void image_release(struct image *image);

#endif

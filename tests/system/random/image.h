/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A filesystem image without a name: a sparse file in memory (or in TMPDIR when memory is short),
 * put under a loop device and mounted in the mount namespace of this process. Nothing outlives the
 * process: the loop device clears itself, the mount and the file go with the last reference.
 */
#ifndef TESTS_RANDOM_IMAGE_H
#define TESTS_RANDOM_IMAGE_H

#include "tests/system/random/plan.h"

#include <stdbool.h>

struct image {
	int fd;
	const char *mount_point; /* borrowed */
	bool mounted;
	char path[32];	 /* opens the image, while this process lives */
	char error[256]; /* of the last call that failed */
};

/* Make the process's mount namespace its own. 0 or a negative errno. */
int image_private_mounts(void);

/* All: 0 or a negative errno, with a message in image->error. */
int image_create(struct image *image, const struct plan *plan, const char *mount_point);
int image_mount(struct image *image, const char *options, bool read_only);
int image_unmount(struct image *image);
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

/* SPDX-License-Identifier: GPL-2.0 */
/* The fs-verity descriptor of an inode, as its items hold it. */
#ifndef ENGINE_FS_VERITY_H
#define ENGINE_FS_VERITY_H

#include "engine/fs/root.h"

/* A descriptor and its signature, whose sizes were checked against the room there is. */
struct verity_descriptor {
	struct fsverity_descriptor fixed;
	uint8_t signature[FS_VERITY_MAX_DESCRIPTOR_SIZE - sizeof(struct fsverity_descriptor)];
};
static_assert(sizeof(struct verity_descriptor) == FS_VERITY_MAX_DESCRIPTOR_SIZE,
	      "descriptor with its signature");

/*
 * Read the descriptor of inode @ino. 0, or 1 when it has none: then *@descriptor stays as it was.
 * -EUCLEAN for items that cannot be what the kernel wrote, or a read error.
 */
int verity_read(struct root *root, uint64_t ino, struct verity_descriptor *descriptor);

#endif

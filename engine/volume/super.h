/* SPDX-License-Identifier: GPL-2.0 */
/* The superblock: which of its copies to believe, and whether this reader can serve it. */
#ifndef ENGINE_VOLUME_SUPER_H
#define ENGINE_VOLUME_SUPER_H

#include "engine/core/failure.h"
#include "engine/format/disk_format.h"

struct device;

/*
 * Read the newest valid copy. Its members are checked: checksum type, sizes, levels, features,
 * length of the system chunk array. -EMEDIUMTYPE if no copy has the magic, -EUCLEAN if none is
 * sound, -EOPNOTSUPP for an incompatible feature (named), or a read error.
 */
int super_read(struct device *device, struct btrfs_super_block *super, struct failure *failure);

/* The id in the headers of tree blocks. */
const uint8_t *super_metadata_uuid(const struct btrfs_super_block *super);

#endif

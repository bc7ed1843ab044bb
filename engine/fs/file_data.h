/* SPDX-License-Identifier: GPL-2.0 */
/* Bytes of a regular file or symlink as read(2) would return them: decompressed, holes as zeros. */
#ifndef ENGINE_FS_FILE_DATA_H
#define ENGINE_FS_FILE_DATA_H

#include "engine/fs/root.h"

struct file_data;

/* A reader that remembers the last extent (and its decompressed bytes) between calls. */
int file_data_new(struct volume *volume, struct file_data **out);
/* Accepts NULL. */
void file_data_free(struct file_data *reader);

/*
 * Read @length bytes at @offset of inode @ino of subvolume @root into @buffer. Holes, prealloc
 * extents and everything without an extent read as zeros. Data is verified against the csum tree
 * unless the inode item has NODATASUM; a bad copy falls back to the other mirror and is counted.
 * A sector without a checksum in the csum tree although the inode wants one is read unverified and
 * counted (the kernel warns and fails: -EIO there), so: -EIO with a message. Negative errno else.
 */
int file_data_read(struct file_data *reader, struct root *root, uint64_t ino, uint64_t offset,
		   size_t length, uint8_t *buffer);

#endif

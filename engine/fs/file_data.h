/* SPDX-License-Identifier: GPL-2.0 */
/* Bytes of a regular file or symlink as read(2) would return them: decompressed, holes as zeros. */
#ifndef ENGINE_FS_FILE_DATA_H
#define ENGINE_FS_FILE_DATA_H

#include "engine/fs/data_read.h"
#include "engine/fs/root.h"

struct file_data;

/* A reader that remembers the last extent (and its decompressed bytes) between calls. */
int file_data_new(struct volume *volume, struct file_data **out);
/* Accepts NULL. */
void file_data_free(struct file_data *reader);

/*
 * Read @length bytes at @offset of inode @ino of subvolume @root into @buffer. Holes, prealloc
 * extents and everything without an extent read as zeros; the inode's size is not looked at. Data
 * is verified against the csum tree unless the inode item has NODATASUM; a bad copy falls back to
 * the other mirror and is counted. On a live volume extents that move meanwhile are looked up
 * again. -EUCLEAN for data that no copy has right, or metadata that cannot be; -EIO for data that
 * cannot be read (-ENODATA behind the device's end), or a sector without a checksum although the
 * inode wants one; -ENOENT without such an inode; -EAGAIN if the data moved each time it was read.
 * The message of a data error names subvolume, inode and offset.
 */
int file_data_read(struct file_data *reader, struct root *root, uint64_t ino, uint64_t offset,
		   size_t length, uint8_t *buffer);

/*
 * The same without a copy: *@view is valid until the reader is used again. Its bytes are NULL (and
 * 0 is returned) for what does not lie on disk as it is wanted: then file_data_read() is the way.
 */
int file_data_view(struct file_data *reader, struct root *root, uint64_t ino, uint64_t offset,
		   size_t length, struct data_view *view);

/*
 * The @length bytes on disk of the compressed extent that @offset of the file lies in, as they are,
 * checked like data: *@view is valid until the reader is used again. Errors as above; -EUCLEAN too
 * when there is no such extent.
 */
int file_data_view_encoded(struct file_data *reader, struct root *root, uint64_t ino,
			   uint64_t offset, size_t length, struct data_view *view);

#endif

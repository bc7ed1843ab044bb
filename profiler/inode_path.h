/* SPDX-License-Identifier: GPL-2.0 */
/* What an inode is called, asked of the kernel by a directory that another process has open. */
#ifndef PROFILER_INODE_PATH_H
#define PROFILER_INODE_PATH_H

#include <stddef.h>
#include <stdint.h>

/*
 * A path of inode @ino, from the top of subvolume @root_id, as a directory of that subvolume's top
 * that @process has open shows it: the sender of a snapshot has one. Of several names it is any.
 * The end of what is longer than @size - 1 bytes. 0 or a negative errno, @path is "" then: -ENOENT
 * when no such directory is open or the inode is not there (any more), -EPERM without
 * CAP_SYS_ADMIN.
 */
int inode_path_of(uint32_t process, uint64_t root_id, uint64_t ino, char *path, size_t size);

#endif

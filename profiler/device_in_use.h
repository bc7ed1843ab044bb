/* SPDX-License-Identifier: GPL-2.0 */
/* Whether somebody may write to a filesystem while we read it. */
#ifndef PROFILER_DEVICE_IN_USE_H
#define PROFILER_DEVICE_IN_USE_H

#include <stdbool.h>

/*
 * Whether the block device at @path is mounted, or the file at @path is behind a loop device: then
 * blocks may move under the reader. False also when that cannot be told.
 */
bool device_in_use(const char *path);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/* Emptying the caches that a send would find its data in. */
#ifndef PROFILER_COLD_CACHE_H
#define PROFILER_COLD_CACHE_H

#include "engine/core/failure.h"

#include <stdbool.h>

/*
 * Drop the kernel's page, dentry and inode caches, and what is cached of @device, an image file, a
 * block device, or a loop device with its backing file. @privileged: not being allowed to drop the
 * kernel's caches is an error; else only the pages of the file itself are dropped then.
 */
int cold_cache_drop(const char *device, bool privileged, struct failure *failure);

#endif

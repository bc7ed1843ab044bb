/* SPDX-License-Identifier: GPL-2.0 */
/* Emptying the caches that a send would find its data in. */
#ifndef PROFILER_COLD_CACHE_H
#define PROFILER_COLD_CACHE_H

#include "engine/core/failure.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Drop the kernel's page, dentry and inode caches, and what is cached of @devices: image files,
 * block devices, or loop devices with their backing files. @privileged: not being allowed to drop
 * the kernel's caches is an error; else only the pages of the files themselves are dropped then.
 */
int cold_cache_drop(const char *const *devices, size_t count, bool privileged,
		    struct failure *failure);

#endif

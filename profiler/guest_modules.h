/* SPDX-License-Identifier: GPL-2.0 */
/* Which files of a kernel's modules make up what a guest needs. */
#ifndef PROFILER_GUEST_MODULES_H
#define PROFILER_GUEST_MODULES_H

#include "engine/core/failure.h"
#include "profiler/guest_kernel.h"
#include "profiler/options.h"
#include "profiler/words.h"

/*
 * Add to @paths the module files of @kernel, which has modules, that must be loaded,
 * in that order: for what every guest needs, and for the @wanted names. What is built into the
 * kernel has no file. 0 or a negative errno with @failure, which names what modules are missing.
 */
int guest_modules_find(const struct guest_kernel *kernel, const struct option_list *wanted,
		       struct words *paths, struct failure *failure);

/*
 * Whether the file @path is a module for the kernel @release, by what it says itself: 0 or a
 * negative errno with @failure, which calls it @from.
 */
int guest_module_check(const char *path, const char *from, const char *release,
		       struct failure *failure);

#endif

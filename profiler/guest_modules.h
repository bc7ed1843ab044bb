/* SPDX-License-Identifier: GPL-2.0 */
/* Which files of a kernel's modules make up what a guest needs, from the tables that depmod wrote.
 */
#ifndef PROFILER_GUEST_MODULES_H
#define PROFILER_GUEST_MODULES_H

#include "engine/core/failure.h"
#include "profiler/options.h"
#include "profiler/words.h"

/*
 * Add to @paths the module files below @folder, which has modules.dep in it, that must be loaded,
 * in that order: for what every guest needs, and for the @wanted names. What is built into the
 * kernel has no file. 0 or a negative errno with @failure, which names a module that is missing.
 */
int guest_modules_find(const char *folder, const struct option_list *wanted, struct words *paths,
		       struct failure *failure);

#endif

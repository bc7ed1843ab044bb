/* SPDX-License-Identifier: GPL-2.0 */
/* What a kernel tells of the inside of its btrfs: type information (BTF), symbols without it. */
#ifndef PROFILER_KERNEL_TYPES_H
#define PROFILER_KERNEL_TYPES_H

#include "profiler/kernel_config.h"

#include <stddef.h>

struct kernel_types;

/*
 * Look below @root ("" is the running kernel) at sys/kernel/btf and, where that does not have the
 * types of btrfs, at proc/kallsyms. 0 with *@out to be closed, -ENOMEM, or -ENOENT when neither
 * knows btrfs, which then is not loaded, or hidden.
 */
int kernel_types_open(const char *root, struct kernel_types **out);
/* Accepts NULL. */
void kernel_types_close(struct kernel_types *types);

/* Unknown when there are symbols only. A structure that is missing has no members. */
enum answer kernel_types_member(const struct kernel_types *types, const char *structure,
				const char *member);
/*
 * Is there a function of this name, whatever the compiler put behind it? In type information not
 * all functions are, so what is missing there is unknown.
 */
enum answer kernel_types_function(const struct kernel_types *types, const char *name);

/* "type information" or "symbols". */
const char *kernel_types_kind(const struct kernel_types *types);

#endif

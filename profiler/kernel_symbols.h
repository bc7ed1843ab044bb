/* SPDX-License-Identifier: GPL-2.0 */
/* The symbols of the running kernel and its modules, read once. */
#ifndef PROFILER_KERNEL_SYMBOLS_H
#define PROFILER_KERNEL_SYMBOLS_H

#include <stdbool.h>
#include <stdint.h>

struct kernel_symbols;

struct kernel_symbol {
	uint64_t address; /* 0 where the kernel hides it */
	const char *name; /* valid as long as the symbols are */
};

/* From /proc/kallsyms. NULL with errno set when they cannot be read. Free with
 * kernel_symbols_free(), accepts NULL. */
struct kernel_symbols *kernel_symbols_read(const char *path);
void kernel_symbols_free(struct kernel_symbols *symbols);

/*
 * The function @name, or the one clone of it that the compiler made (NAME.constprop.0, NAME.isra.0)
 * if there is none of that very name. 0, -ENOENT, or -ENOTUNIQ when several functions have that
 * name, for then nobody can tell which one is meant.
 */
int kernel_symbols_find(const struct kernel_symbols *symbols, const char *name,
			const struct kernel_symbol **symbol);

/* Whether addresses can be had: a kernel may hide them (kernel.kptr_restrict). Accepts NULL. */
bool kernel_symbols_have_addresses(const struct kernel_symbols *symbols);

/* The address of a variable; 0 when there is none of this name, or addresses are hidden. */
uint64_t kernel_symbols_variable(const struct kernel_symbols *symbols, const char *name);

/*
 * The symbol that @address is in; NULL below the first one, far beyond the last one before it,
 * when addresses are hidden, or without memory for putting them in order, which the first call
 * does.
 */
const struct kernel_symbol *kernel_symbols_at(struct kernel_symbols *symbols, uint64_t address);
/* Where the one after it begins; UINT64_MAX after the last one. */
uint64_t kernel_symbols_end(struct kernel_symbols *symbols, uint64_t address);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Folded stacks of many sends, added up: each stack once, so that what is kept is bounded by how
 * many different ones the kernel has.
 */
#ifndef PROFILER_FOLDED_H
#define PROFILER_FOLDED_H

#include <stdio.h>

struct folded;

/* NULL when there is no memory. */
struct folded *folded_new(void);
/* Accepts NULL. */
void folded_free(struct folded *folded);
/* Add lines of "a;b;c COUNT"; what is none is left out. 0 or -ENOMEM. */
int folded_add(struct folded *folded, const char *lines);
/* All of them, in order of their text. 0 or a negative errno. */
int folded_write(struct folded *folded, FILE *out);

#endif

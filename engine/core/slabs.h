/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory for many pieces of one size, in huge pages where there are many: such memory costs few
 * page faults, and few look-ups of addresses later. It is given back only as a whole.
 */
#ifndef ENGINE_CORE_SLABS_H
#define ENGINE_CORE_SLABS_H

#include <stddef.h>
#include <stdint.h>

struct slabs {
	size_t piece; /* bytes of one, set by the user; enough for a pointer */
	/* The rest is private; zero-initialise. */
	void **all;
	size_t count, capacity;
	uint8_t *next; /* of the newest slab, what was never taken */
	size_t left;   /* bytes there */
	struct free_piece *free;
};

/* A piece, aligned as malloc() does if their size is; NULL without memory. */
void *slabs_take(struct slabs *slabs);
void slabs_put(struct slabs *slabs, void *piece);

/* All pieces are gone with it. */
void slabs_release(struct slabs *slabs);

#endif

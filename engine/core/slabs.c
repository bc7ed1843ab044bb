/* SPDX-License-Identifier: GPL-2.0 */
#include "engine/core/slabs.h"

#include "engine/core/array.h"

#include <sys/mman.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, size)   ((void)(address), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#endif

/* Slabs double from the one to the other, so that who needs little takes little. */
enum { FIRST_SLAB = 64 << 10, HUGE_PAGE = 2 << 20 };

struct free_piece {
	struct free_piece *next;
};

static int grow(struct slabs *slabs)
{
	size_t size = slabs->count < 5 ? (size_t)FIRST_SLAB << slabs->count : HUGE_PAGE;
	void *slab;

	while (size < slabs->piece)
		size *= 2;
	if (array_reserve((void **)&slabs->all, &slabs->capacity, slabs->count,
			  sizeof(*slabs->all)))
		return -ENOMEM;
	slab = aligned_alloc(size, size);
	if (!slab)
		return -ENOMEM;
	/* Without huge pages it is memory all the same. */
	if (size >= HUGE_PAGE)
		(void)madvise(slab, size, MADV_HUGEPAGE);
	ASAN_POISON_MEMORY_REGION(slab, size);
	slabs->all[slabs->count++] = slab;
	slabs->next = slab;
	slabs->left = size;
	return 0;
}

void *slabs_take(struct slabs *slabs)
{
	struct free_piece *piece = slabs->free;

	if (piece) {
		ASAN_UNPOISON_MEMORY_REGION(piece, slabs->piece);
		slabs->free = piece->next;
		return piece;
	}
	if (slabs->left < slabs->piece && grow(slabs))
		return NULL;
	piece = (struct free_piece *)slabs->next;
	slabs->next += slabs->piece;
	slabs->left -= slabs->piece;
	ASAN_UNPOISON_MEMORY_REGION(piece, slabs->piece);
	return piece;
}

void slabs_put(struct slabs *slabs, void *memory)
{
	struct free_piece *piece = memory;

	piece->next = slabs->free;
	slabs->free = piece;
	ASAN_POISON_MEMORY_REGION(piece, slabs->piece);
}

void slabs_release(struct slabs *slabs)
{
	while (slabs->count)
		free(slabs->all[--slabs->count]);
	free(slabs->all);
	*slabs = (struct slabs){.piece = slabs->piece};
}

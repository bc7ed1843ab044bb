/* SPDX-License-Identifier: GPL-2.0 */
/* The page size of the kernel whose stream is reproduced: it shows in a few decisions. */
#ifndef ENGINE_SEND_PAGE_SIZE_H
#define ENGINE_SEND_PAGE_SIZE_H

#include <stdint.h>

enum { SEND_PAGE_SIZE = 4096 };

static inline uint64_t page_align(uint64_t length)
{
	return (length + SEND_PAGE_SIZE - 1) / SEND_PAGE_SIZE * SEND_PAGE_SIZE;
}

#endif

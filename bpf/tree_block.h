/* SPDX-License-Identifier: GPL-2.0 */
/* For programs: bytes of a tree block that the kernel holds. */
#ifndef BPF_TREE_BLOCK_H
#define BPF_TREE_BLOCK_H

#include "bpf/send_maps.h"

enum {
	TREE_BLOCK_PAGES = 16,
	TREE_BLOCK_PAGE_SHIFT = 12,
	TREE_BLOCK_READ_MAX = 8,
	TREE_BLOCK_HEADER_SIZE = 101,
	LEAF_ITEM_SIZE = 25,
	LEAF_ITEM_OFFSET = 17, /* of the le32 that says where the item's data is */
};

/* Where page structs and memory begin; read once, they stay where they are. 0: not yet. */
static uint64_t pages_begin, memory_begins;

static __always_inline uint64_t page_address(uint64_t page)
{
	if (!settings.pages_variable || !settings.memory_variable)
		return 0;
	if (!pages_begin || !memory_begins) {
		bpf_probe_read_kernel(&pages_begin, sizeof(pages_begin),
				      (void *)settings.pages_variable);
		bpf_probe_read_kernel(&memory_begins, sizeof(memory_begins),
				      (void *)settings.memory_variable);
	}
	return memory_begins +
	       ((page - pages_begin) / bpf_core_type_size(struct page) << TREE_BLOCK_PAGE_SHIFT);
}

/* Pages became folios in 6.8; those of a block that has several are of one page each. */
static __always_inline uint32_t tree_block_pages_offset(struct extent_buffer *block)
{
	if (bpf_core_field_exists(block->folios))
		return bpf_core_field_offset(block->folios);
	return bpf_core_field_offset(block->pages);
}

static __always_inline uint64_t tree_block_page(struct extent_buffer *block, uint64_t offset)
{
	uint32_t index = offset >> TREE_BLOCK_PAGE_SHIFT & (TREE_BLOCK_PAGES - 1);
	uint64_t page = 0;

	bpf_probe_read_kernel(&page, sizeof(page),
			      (void *)block + tree_block_pages_offset(block) + index * 8);
	return page ? page_address(page) : 0;
}

/* They need not be neighbours: what lies across two is read in two steps, byte by byte. */
static __always_inline bool tree_block_read_paged(struct extent_buffer *block, uint64_t offset,
						  void *to, uint32_t size)
{
	uint64_t page_size = 1 << TREE_BLOCK_PAGE_SHIFT;
	uint64_t in_page = offset & (page_size - 1);
	uint64_t first = tree_block_page(block, offset), second;

	if (!first)
		return false;
	if (in_page + size <= page_size)
		return !bpf_probe_read_kernel(to, size, (void *)(first + in_page));
	second = tree_block_page(block, offset + size);
	if (!second)
		return false;
	for (uint32_t i = 0; i < TREE_BLOCK_READ_MAX && i < size; i++) {
		uint64_t at = in_page + i;

		at = at < page_size ? first + at : second + at - page_size;
		if (bpf_probe_read_kernel((uint8_t *)to + i, 1, (void *)at))
			return false;
	}
	return true;
}

/* Read @size bytes, TREE_BLOCK_READ_MAX at most, at @offset in @block; false when they cannot be
 * had. */
static __always_inline bool tree_block_read(struct extent_buffer *block, uint64_t offset, void *to,
					    uint32_t size)
{
	void *address = NULL;

	/* Since 6.8, and only when its pages are neighbours. */
	if (bpf_core_field_exists(block->addr))
		address = block->addr;
	if (address)
		return !bpf_probe_read_kernel(to, size, address + offset);
	return tree_block_read_paged(block, offset, to, size);
}

#endif

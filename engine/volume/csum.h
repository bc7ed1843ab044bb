/* SPDX-License-Identifier: GPL-2.0 */
/* The four checksum kinds of btrfs (one table), and CRC-32C as streams and extref keys use it. */
#ifndef ENGINE_VOLUME_CSUM_H
#define ENGINE_VOLUME_CSUM_H

#include "engine/format/disk_format.h"

#include <stddef.h>

struct csum_algorithm {
	const char *name;
	size_t size; /* bytes stored for each sector in the csum tree and at the start of a block */
	void (*compute)(const void *data, size_t length, uint8_t out[BTRFS_CSUM_SIZE]);
};

/* NULL for an unknown @type. */
const struct csum_algorithm *csum_algorithm_find(uint16_t type);

/* CRC-32C (Castagnoli, reflected) without initial or final inversion; @seed continues a sum. */
uint32_t crc32c(uint32_t seed, const void *data, size_t length);

/* The sum of data from the sums of its blocks, without another look at the data. */
struct crc32c_blocks {
	size_t length;		/* of a block */
	uint32_t shift[4][256]; /* by byte of a sum: what it is after a block of zeros */
};

void crc32c_blocks_init(struct crc32c_blocks *blocks, size_t length);

/* crc32c() of @count blocks; @sums are theirs as btrfs stores them (inverted, little endian). */
uint32_t crc32c_of_blocks(const struct crc32c_blocks *blocks, uint32_t seed, const uint8_t *sums,
			  size_t count);

#endif

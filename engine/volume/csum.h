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

#endif

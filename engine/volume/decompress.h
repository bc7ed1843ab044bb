/* SPDX-License-Identifier: GPL-2.0 */
/* Decompression of btrfs extents: zlib, LZO in btrfs's segment framing, zstd. */
#ifndef ENGINE_VOLUME_DECOMPRESS_H
#define ENGINE_VOLUME_DECOMPRESS_H

#include "engine/core/failure.h"
#include "engine/format/disk_format.h"

#include <stddef.h>

/* The most bytes btrfs puts into one compressed extent, and the most that come out of one. */
enum { DECOMPRESS_MAX = 128 * 1024 };

/*
 * Decompress @in into @out_length bytes of @out; a stream that ends early leaves zeros behind it,
 * as the kernel does. @sectorsize frames LZO segments (none crosses a sector's end with its
 * header). A stream with more is cut. What @out holds after an error is not defined. -EUCLEAN for a
 * malformed or cut stream or a length over DECOMPRESS_MAX, -EOPNOTSUPP for an unknown @compression.
 */
int decompress(enum btrfs_compression compression, const uint8_t *in, size_t in_length,
	       uint8_t *out, size_t out_length, uint32_t sectorsize, struct failure *failure);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/* Reading data extents by logical address: read ahead, every byte checked against the csum tree. */
#ifndef ENGINE_FS_DATA_READ_H
#define ENGINE_FS_DATA_READ_H

#include "engine/volume/volume.h"

struct data_reader;

/* The most bytes one data_reader_get() can ask for. */
enum { DATA_READ_MAX = 512 * 1024 };

/* A piece of a data extent, and the place in a file that wants it. */
struct data_range {
	uint64_t bytenr; /* a multiple of the sectorsize, as is @length */
	size_t length;
	uint64_t extent_left; /* what the file has of the extent from @bytenr on: bytes */
	bool has_csums;	      /* the inode wants its data checked */
	/* For messages. */
	uint64_t root_id;
	uint64_t ino;
	uint64_t offset;    /* in the file, of @bytenr */
	bool is_compressed; /* only the whole extent has an offset in the file */
};

/* Bytes of the volume, until the next read. */
struct data_view {
	const uint8_t *bytes;
	const uint8_t *crcs; /* CRC-32C of each sector, as the csum tree has them; or NULL */
	/* The file that has the same bytes at @offset, of a volume that is still; else -1. */
	int fd;
	uint64_t offset;
};

int data_reader_new(struct volume *volume, struct data_reader **out);
/* Accepts NULL. */
void data_reader_free(struct data_reader *reader);

/*
 * Make the bytes of @range available in *@view, until the next call. Each sector that has a
 * checksum is checked against it; a copy that is bad is counted and the other one used. 0, -EUCLEAN
 * (no copy fits the checksum), -EIO (no copy can be read, or a sector has no checksum although it
 * should), -ENODATA (it lies behind the device's end), or -ESTALE without a message: on a live
 * volume a commit passed, and @range has to be looked up again.
 */
int data_reader_get(struct data_reader *reader, const struct data_range *range,
		    struct data_view *view);

/*
 * After -ESTALE for a range without checksums: in the volume's new state the @length bytes at
 * @bytenr are what they were in the one before, and were so all the time between. What was read of
 * them then is good.
 */
void data_reader_confirm(struct data_reader *reader, uint64_t bytenr, uint64_t length);

#endif

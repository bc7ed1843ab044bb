/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Btrfs images for tests that read them, made by mkfs.btrfs from a folder of files: no mount, no
 * root. Failures to make one fail the running test; without mkfs.btrfs the test is skipped.
 */
#ifndef TESTS_UNIT_IMAGE_H
#define TESTS_UNIT_IMAGE_H

#include "engine/format/disk_format.h"
#include "engine/sendengine.h"

#include <stddef.h>
#include <stdint.h>

struct image {
	char folder[64]; /* temporary, holds the two below */
	char source[80]; /* what is copied into the top-level subvolume */
	char path[80];	 /* the image file */
};

/* Make the temporary folder with an empty source. Everything goes with image_release(). */
void image_init(struct image *image);
void image_release(struct image *image);

/* Add to the source; @name may have folders in it, which are made. */
void image_add_file(const struct image *image, const char *name, const void *data, size_t length);
void image_add_folder(const struct image *image, const char *name);
/* @count small files of different sizes under "many/": trees of several levels at small node sizes.
 */
void image_add_many_files(const struct image *image, unsigned int count);

/*
 * Run mkfs.btrfs with @options, separated by single spaces, such as "--csum sha256 -m single". Not
 * in a setup function: there a test cannot be skipped.
 */
void image_make(const struct image *image, const char *options);

/*
 * An empty filesystem on the image and @count - 1 other files beside it, of @size bytes each:
 * device 1 is the image, for the others there is image_device(). mkfs.btrfs has no source for
 * several.
 */
void image_make_several(const struct image *image, const char *options, unsigned int count,
			uint64_t size);
/* Device @number, to be used like the image. It goes with the image. */
struct image image_device(const struct image *image, unsigned int number);

/* Open the filesystem, in place of what is open in *@volume; the caller's to close. */
void image_open(const struct image *image, const struct volume_options *options,
		struct volume **volume);

/* Bytes of the image file as it is. */
void image_read(const struct image *image, uint64_t offset, void *buffer, size_t length);
void image_write(const struct image *image, uint64_t offset, const void *buffer, size_t length);
void image_flip_byte(const struct image *image, uint64_t offset);
void image_truncate(const struct image *image, uint64_t length);
uint64_t image_size(const struct image *image);

/*
 * Where the copies of the tree block at logical address @bytenr lie; up to @max offsets, in the
 * image's order. Returns how many there are. Finds them by their headers, not by the chunk map.
 */
size_t image_find_block(const struct image *image, uint64_t bytenr, uint64_t *offsets, size_t max);

/* Write a superblock or tree block with a right CRC-32C over its changed content. */
void image_write_super(const struct image *image, uint64_t offset, struct btrfs_super_block *super);
void image_write_block(const struct image *image, uint64_t offset, uint8_t *block, size_t nodesize);

/* One item for image_write_leaf(). */
struct image_item {
	uint64_t objectid;
	uint8_t type;
	uint64_t offset;
	const void *data;
	uint32_t size;
};

/* Replace all items of every copy of the leaf at logical address @bytenr. */
void image_write_leaf(const struct image *image, uint64_t bytenr, const struct image_item *items,
		      size_t count);

#endif

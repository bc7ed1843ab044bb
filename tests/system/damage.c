/* SPDX-License-Identifier: GPL-2.0 */
/*
 * damage: change bytes of an image under a btrfs, everywhere but in the superblocks.
 *
 *	damage metadata IMAGE	one byte of every tree block
 *	damage data IMAGE	one byte of every other 4 KiB that are not zero
 *	damage copies IMAGE	one byte in the first of 4 KiB that are there twice
 *
 * The first two done again undo it. Prints how many bytes were changed.
 */
#include "engine/format/disk_format.h"
#include "engine/volume/csum.h"

#include <err.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK = 4096, FLIPPED_AT = 2100 };

struct image {
	int fd;
	uint32_t nodesize;
	uint8_t fsid[BTRFS_FSID_SIZE]; /* of tree blocks */
	size_t flipped;
};

struct fingerprint {
	off_t at;
	uint32_t sum;
};

static void open_image(const char *path, struct image *image)
{
	struct btrfs_super_block super;

	image->fd = open(path, O_RDWR | O_CLOEXEC);
	if (image->fd < 0)
		err(1, "%s", path);
	if (pread(image->fd, &super, sizeof(super), BTRFS_SUPER_INFO_OFFSET) != sizeof(super))
		err(1, "%s: superblock", path);
	image->nodesize = from_le32(super.nodesize);
	memcpy(image->fsid, super.dev_item.fsid, sizeof(image->fsid));
}

static bool is_super(off_t at)
{
	return at == (off_t)BTRFS_SUPER_INFO_OFFSET || at == 64 << 20;
}

static bool is_zero(const uint8_t *block)
{
	return !block[0] && !memcmp(block, block + 1, BLOCK - 1);
}

static bool is_tree_block(const struct image *image, const uint8_t *block)
{
	const struct btrfs_header *header = (const struct btrfs_header *)block;

	return !memcmp(header->fsid, image->fsid, sizeof(image->fsid));
}

/* The next block with something in it, from @at on; false at the end. */
static bool next_block(const struct image *image, off_t *at, uint8_t *block)
{
	for (;; *at += BLOCK) {
		*at = lseek(image->fd, *at, SEEK_DATA);
		if (*at < 0)
			return false;
		*at = *at / BLOCK * BLOCK;
		if (pread(image->fd, block, BLOCK, *at) != BLOCK)
			return false;
		if (!is_super(*at) && !is_zero(block))
			return true;
	}
}

static void flip(struct image *image, off_t at)
{
	uint8_t byte;

	if (pread(image->fd, &byte, 1, at) != 1)
		err(1, "read");
	byte ^= 0x10;
	if (pwrite(image->fd, &byte, 1, at) != 1)
		err(1, "write");
	image->flipped++;
}

static void flip_all(struct image *image, bool metadata)
{
	uint8_t block[BLOCK];
	off_t at = 0;

	while (next_block(image, &at, block)) {
		bool is_tree = is_tree_block(image, block);

		if (is_tree == metadata)
			flip(image, at + FLIPPED_AT);
		at += is_tree ? (off_t)image->nodesize : BLOCK;
	}
}

static int compare_fingerprints(const void *left, const void *right)
{
	const struct fingerprint *a = left, *b = right;

	if (a->sum != b->sum)
		return a->sum < b->sum ? -1 : 1;
	return a->at < b->at ? -1 : a->at > b->at;
}

static void flip_copies(struct image *image)
{
	struct fingerprint *prints = NULL;
	size_t count = 0, allocated = 0, i;
	uint8_t block[BLOCK];
	off_t at;

	for (at = 0; next_block(image, &at, block); at += BLOCK) {
		if (count == allocated) {
			allocated = allocated * 2 + 1024;
			prints = reallocarray(prints, allocated, sizeof(*prints));
			if (!prints)
				err(1, "fingerprints");
		}
		prints[count++] = (struct fingerprint){at, crc32c(~0u, block, BLOCK)};
	}
	if (count)
		qsort(prints, count, sizeof(*prints), compare_fingerprints);
	for (i = 0; i + 1 < count; i++) {
		if (prints[i].sum == prints[i + 1].sum &&
		    (i == 0 || prints[i - 1].sum != prints[i].sum))
			flip(image, prints[i].at + FLIPPED_AT);
	}
	free(prints);
}

int main(int argc, char **argv)
{
	struct image image = {0};

	if (argc != 3)
		errx(2, "usage: damage metadata|data|copies IMAGE");
	open_image(argv[2], &image);
	if (!strcmp(argv[1], "copies"))
		flip_copies(&image);
	else
		flip_all(&image, !strcmp(argv[1], "metadata"));
	printf("%zu\n", image.flipped);
	return close(image.fd) ? 1 : 0;
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * craft: alter the leaves of an unmounted image into what no kernel of today writes.
 *
 *	craft IMAGE size INODE BYTES	the inode's size, in all subvolumes
 *	craft IMAGE inline INODE BYTES	the length of its inline data
 *	craft IMAGE overlap ROOT ROOT	move the only leaves of two subvolumes behind all
 *					tree blocks, the second a sector behind the first
 *
 * For images of one device with crc32c checksums. A leaf that was freed is altered, too, which does
 * no harm; free space and quotas are left as they were.
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

enum { STEP = 4096, MAX_NODESIZE = 65536, MAX_ITEMS = MAX_NODESIZE / sizeof(struct btrfs_item) };

struct image {
	int fd;
	uint32_t nodesize;
	struct btrfs_super_block super;
};

struct item {
	uint64_t objectid, offset;
	uint8_t type;
	uint32_t size;
	uint8_t *data; /* in the leaf's data */
};

/* A leaf taken apart: items may be changed, as long as they stay in order. */
struct leaf {
	off_t at;
	struct btrfs_header header;
	uint32_t count;
	struct item items[MAX_ITEMS];
	uint8_t data[2 * MAX_NODESIZE]; /* the block, behind it room for what gets longer */
};

static struct leaf leaf;

static uint64_t number(const char *text)
{
	char *end;
	unsigned long long value = strtoull(text, &end, 10);

	if (end == text || *end)
		errx(2, "'%s' is no number", text);
	return value;
}

static void open_image(const char *path, struct image *image)
{
	image->fd = open(path, O_RDWR | O_CLOEXEC);
	if (image->fd < 0)
		err(1, "%s", path);
	if (pread(image->fd, &image->super, sizeof(image->super), BTRFS_SUPER_INFO_OFFSET) !=
	    sizeof(image->super))
		err(1, "%s: superblock", path);
	image->nodesize = from_le32(image->super.nodesize);
	if (image->nodesize < STEP || image->nodesize > MAX_NODESIZE ||
	    from_le16(image->super.csum_type) != BTRFS_CSUM_TYPE_CRC32)
		errx(1, "%s: expect crc32c checksums and nodes of up to %d bytes", path,
		     MAX_NODESIZE);
}

/* Take the leaf at leaf.at apart. */
static void take_apart(const struct image *image)
{
	memcpy(&leaf.header, leaf.data, sizeof(leaf.header));
	leaf.count = from_le32(leaf.header.nritems);
	for (uint32_t i = 0; i < leaf.count; i++) {
		const struct btrfs_item *item =
			(const void *)(leaf.data + sizeof(leaf.header) + i * sizeof(*item));
		uint64_t at = sizeof(leaf.header) + (uint64_t)from_le32(item->offset);

		if (i >= MAX_ITEMS || at + from_le32(item->size) > image->nodesize)
			errx(1, "leaf %llu: item %u lies outside",
			     (unsigned long long)from_le64(leaf.header.bytenr), i);
		leaf.items[i] = (struct item){.objectid = from_le64(item->key.objectid),
					      .type = item->key.type,
					      .offset = from_le64(item->key.offset),
					      .size = from_le32(item->size),
					      .data = leaf.data + at};
	}
}

/* Read the next leaf from leaf.at on; false at the end. */
static bool next_leaf(const struct image *image)
{
	for (;; leaf.at += STEP) {
		const struct btrfs_header *header = (const void *)leaf.data;
		off_t at = lseek(image->fd, leaf.at, SEEK_DATA);

		if (at < 0)
			return false;
		leaf.at = at / STEP * STEP;
		if (pread(image->fd, leaf.data, image->nodesize, leaf.at) !=
		    (ssize_t)image->nodesize)
			return false;
		if (leaf.at == BTRFS_SUPER_INFO_OFFSET || leaf.at == 64 << 20 || header->level ||
		    memcmp(header->fsid, image->super.fsid, sizeof(header->fsid)) != 0)
			continue;
		take_apart(image);
		return true;
	}
}

static struct item *find_item(uint64_t objectid, uint8_t type)
{
	for (uint32_t i = 0; i < leaf.count; i++) {
		if (leaf.items[i].objectid == objectid && leaf.items[i].type == type)
			return &leaf.items[i];
	}
	return NULL;
}

static void sum(const struct image *image, uint8_t *block)
{
	memset(block, 0, BTRFS_CSUM_SIZE);
	put_le32(block, ~crc32c(~0u, block + BTRFS_CSUM_SIZE, image->nodesize - BTRFS_CSUM_SIZE));
}

static void write_at(const struct image *image, const void *data, size_t length, off_t at)
{
	if (pwrite(image->fd, data, length, at) != (ssize_t)length)
		err(1, "write");
}

/* Put the leaf together into @block: its items fill the end, the first one's data last. */
static void put_together(const struct image *image, uint8_t *block)
{
	uint32_t end = image->nodesize, headers_end = sizeof(leaf.header);

	memset(block, 0, image->nodesize);
	memcpy(block, &leaf.header, sizeof(leaf.header));
	for (uint32_t i = 0; i < leaf.count; i++) {
		const struct item *from = &leaf.items[i];
		struct btrfs_item *to = (void *)(block + headers_end);

		headers_end += sizeof(*to);
		if (end < headers_end || from->size > end - headers_end)
			errx(1, "leaf %llu: no room",
			     (unsigned long long)from_le64(leaf.header.bytenr));
		end -= from->size;
		put_le64(&to->key.objectid, from->objectid);
		to->key.type = from->type;
		put_le64(&to->key.offset, from->offset);
		put_le32(&to->offset, end - (uint32_t)sizeof(leaf.header));
		put_le32(&to->size, from->size);
		memcpy(block + end, from->data, from->size);
	}
	sum(image, block);
}

static void write_leaf(const struct image *image)
{
	static uint8_t block[MAX_NODESIZE];

	put_together(image, block);
	write_at(image, block, image->nodesize, leaf.at);
}

static bool is_subvolume(void)
{
	uint64_t owner = from_le64(leaf.header.owner);

	return owner == BTRFS_FS_TREE_OBJECTID ||
	       (owner >= BTRFS_FIRST_FREE_OBJECTID && owner < BTRFS_LAST_FREE_OBJECTID);
}

static bool set_size(uint64_t ino, uint64_t bytes)
{
	struct item *item = find_item(ino, BTRFS_INODE_ITEM_KEY);

	if (item)
		put_le64(&((struct btrfs_inode_item *)item->data)->size, bytes);
	return item;
}

/* What is added is the data there was again, from its first byte on. */
static bool set_inline(const struct image *image, uint64_t ino, uint64_t bytes)
{
	struct item *item = find_item(ino, BTRFS_EXTENT_DATA_KEY);
	struct btrfs_file_extent_item *extent = item ? (void *)item->data : NULL;
	uint32_t size = (uint32_t)bytes + BTRFS_FILE_EXTENT_INLINE_DATA_START;
	uint8_t *longer = leaf.data + image->nodesize;

	if (!extent)
		return false;
	if (extent->type != BTRFS_FILE_EXTENT_INLINE || extent->compression ||
	    item->size <= BTRFS_FILE_EXTENT_INLINE_DATA_START || bytes >= image->nodesize)
		errx(1, "inode %llu: expect inline data that is not compressed",
		     (unsigned long long)ino);
	put_le64(&extent->ram_bytes, bytes);
	for (uint32_t i = 0; i < size; i++)
		longer[i] = i < item->size
				    ? item->data[i]
				    : longer[i - item->size + BTRFS_FILE_EXTENT_INLINE_DATA_START];
	item->data = longer;
	item->size = size;
	return true;
}

static unsigned int alter_all(const struct image *image, const char *what, uint64_t ino,
			      uint64_t bytes)
{
	unsigned int altered = 0;

	for (leaf.at = 0; next_leaf(image); leaf.at += STEP) {
		if (!is_subvolume() || !(strcmp(what, "size") == 0 ? set_size(ino, bytes)
								   : set_inline(image, ino, bytes)))
			continue;
		write_leaf(image);
		altered++;
	}
	return altered;
}

/* A leaf that is moved. */
struct moved {
	uint64_t root;
	uint64_t from, to; /* bytenr */
	uint8_t block[MAX_NODESIZE];
};

/* Take apart the leaf with this address. */
static void find_leaf(const struct image *image, uint64_t bytenr)
{
	for (leaf.at = 0; next_leaf(image); leaf.at += STEP) {
		if (from_le64(leaf.header.bytenr) == bytenr)
			return;
	}
	errx(1, "tree block %llu is no leaf", (unsigned long long)bytenr);
}

static struct btrfs_root_item *root_item(uint64_t root)
{
	struct item *item = find_item(root, BTRFS_ROOT_ITEM_KEY);
	struct btrfs_root_item *found = item ? (void *)item->data : NULL;

	if (!found || found->level)
		errx(1, "root %llu: expect one of a single leaf", (unsigned long long)root);
	return found;
}

/* Where a block may begin that nothing lies behind, and how far its place is from its address. */
static uint64_t free_bytenr(const struct image *image, off_t *distance)
{
	uint64_t last = 0;

	for (leaf.at = 0; next_leaf(image); leaf.at += STEP) {
		if (from_le64(leaf.header.bytenr) <= last)
			continue;
		last = from_le64(leaf.header.bytenr);
		*distance = leaf.at - (off_t)last;
	}
	return (last / image->nodesize + 2) * image->nodesize;
}

/* The number of bytes at the begin, and at the end, that a block uses. */
static uint32_t head_of(const struct btrfs_header *header)
{
	return (uint32_t)(sizeof(*header) + from_le32(header->nritems) * sizeof(struct btrfs_item));
}

static uint32_t tail_of(void)
{
	uint32_t size = 0;

	for (uint32_t i = 0; i < leaf.count; i++)
		size += leaf.items[i].size;
	return size;
}

/*
 * Each lies in the free space of the other:
 *
 *	first	|items|..................|data|
 *	second	      |items|...............|  data|
 *	        0    sector           nodesize
 */
static void write_moved(const struct image *image, struct moved moved[2], off_t distance)
{
	static uint8_t both[MAX_NODESIZE + STEP];
	uint8_t *second = both + STEP;

	memcpy(both, moved[0].block, image->nodesize);
	memcpy(second, moved[1].block, head_of((const void *)moved[1].block));
	memcpy(second + image->nodesize - STEP, moved[1].block + image->nodesize - STEP, STEP);
	sum(image, second);
	sum(image, both);
	write_at(image, both, image->nodesize + STEP, (off_t)moved[0].to + distance);
}

static int compare_items(const void *a, const void *b)
{
	const struct item *left = a, *right = b;

	if (left->objectid != right->objectid)
		return left->objectid < right->objectid ? -1 : 1;
	if (left->type != right->type)
		return left->type < right->type ? -1 : 1;
	return (left->offset > right->offset) - (left->offset < right->offset);
}

static void move_extent_items(const struct image *image, uint64_t bytenr,
			      const struct moved moved[2])
{
	find_leaf(image, bytenr);
	for (int i = 0; i < 2; i++) {
		struct item *item = find_item(moved[i].from, BTRFS_METADATA_ITEM_KEY);

		if (!item)
			errx(1, "no extent item for tree block %llu",
			     (unsigned long long)moved[i].from);
		item->objectid = moved[i].to;
	}
	qsort(leaf.items, leaf.count, sizeof(leaf.items[0]), compare_items);
	write_leaf(image);
}

static void overlap(const struct image *image, uint64_t first, uint64_t second)
{
	static struct moved moved[2];
	uint64_t extent_tree, root_tree = from_le64(image->super.root);
	off_t distance = 0;

	moved[0].root = first;
	moved[1].root = second;
	moved[0].to = free_bytenr(image, &distance);
	moved[1].to = moved[0].to + STEP;
	find_leaf(image, root_tree);
	extent_tree = from_le64(root_item(BTRFS_EXTENT_TREE_OBJECTID)->bytenr);
	for (int i = 0; i < 2; i++) {
		struct btrfs_root_item *root = root_item(moved[i].root);

		moved[i].from = from_le64(root->bytenr);
		put_le64(&root->bytenr, moved[i].to);
	}
	write_leaf(image);
	for (int i = 0; i < 2; i++) {
		find_leaf(image, moved[i].from);
		if (head_of(&leaf.header) > STEP || tail_of() > STEP ||
		    3 * STEP >= image->nodesize + STEP)
			errx(1, "root %llu: its leaf is too full",
			     (unsigned long long)moved[i].root);
		put_le64(&leaf.header.bytenr, moved[i].to);
		put_together(image, moved[i].block);
	}
	write_moved(image, moved, distance);
	move_extent_items(image, extent_tree, moved);
}

int main(int argc, char **argv)
{
	struct image image;

	if (argc != 5)
		errx(2, "usage: craft IMAGE size|inline|overlap NUMBER NUMBER");
	open_image(argv[1], &image);
	if (strcmp(argv[2], "overlap") == 0)
		overlap(&image, number(argv[3]), number(argv[4]));
	else if (alter_all(&image, argv[2], number(argv[3]), number(argv[4])) == 0)
		errx(1, "%s: no leaf has that of inode %s", argv[1], argv[3]);
	if (fsync(image.fd) < 0 || close(image.fd) < 0)
		err(1, "%s", argv[1]);
	return 0;
}

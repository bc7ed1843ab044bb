/* SPDX-License-Identifier: GPL-2.0 */
/*
 * patchxattr IMAGE OLD NEW: give an extended attribute another name of the same length, in the
 * leaves of an unmounted image (crc32c checksums, little-endian machine). Makes what no system call
 * can: an ACL of zero bytes, which old kernels stored for an ACL without entries. The attribute
 * must be the only one of its inode, because the key's offset changes with the name's hash.
 */
#include <endian.h>
#include <err.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <isa-l/crc.h>

/* Offsets of the on-disk format, in bytes. */
#define SUPER_OFFSET	65536
#define SUPER_FSID	32
#define SUPER_NODESIZE	148
#define HEADER_CSUM	32 /* what precedes is the checksum's field */
#define HEADER_FSID	32
#define HEADER_NRITEMS	96
#define HEADER_LEVEL	100
#define HEADER_SIZE	101
#define ITEM_SIZE	25 /* key: objectid 8, type 1, offset 8; data offset 4, data size 4 */
#define KEY_TYPE	8
#define KEY_OFFSET	9
#define ITEM_DATA	17
#define DIR_ITEM_NAME	30 /* of a DIR_ITEM or XATTR_ITEM: the name follows the fixed part */
#define TYPE_XATTR_ITEM 24
#define SCAN_STEP	4096
#define MAX_NODESIZE	65536

static uint32_t get_u32(const unsigned char *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return le32toh(value);
}

static uint32_t name_hash(const char *name)
{
	return crc32_iscsi((unsigned char *)name, (int)strlen(name), ~1u);
}

/* Rename the attribute in one leaf; true if it was there. */
static bool patch_leaf(unsigned char *leaf, uint32_t nodesize, const char *old, const char *new)
{
	uint32_t nritems = get_u32(leaf + HEADER_NRITEMS), csum;
	bool found = false;

	for (uint32_t i = 0; i < nritems && HEADER_SIZE + (i + 1) * ITEM_SIZE <= nodesize; i++) {
		unsigned char *item = leaf + HEADER_SIZE + i * ITEM_SIZE;
		uint64_t data = (uint64_t)HEADER_SIZE + get_u32(item + ITEM_DATA) + DIR_ITEM_NAME;
		uint64_t hash = htole64(name_hash(new));

		if (item[KEY_TYPE] != TYPE_XATTR_ITEM || data + strlen(old) > nodesize ||
		    memcmp(leaf + data, old, strlen(old)) != 0)
			continue;
		memcpy(leaf + data, new, strlen(new));
		memcpy(item + KEY_OFFSET, &hash, sizeof(hash));
		found = true;
	}
	if (found) {
		csum = ~crc32_iscsi(leaf + HEADER_CSUM, (int)(nodesize - HEADER_CSUM), ~0u);
		csum = htole32(csum);
		memcpy(leaf, &csum, sizeof(csum));
	}
	return found;
}

static unsigned int patch_image(int fd, const char *old, const char *new)
{
	static unsigned char leaf[MAX_NODESIZE];
	unsigned char fsid[16], size[4];
	unsigned int patched = 0;
	uint32_t nodesize;
	off_t offset = 0;

	if (pread(fd, fsid, sizeof(fsid), SUPER_OFFSET + SUPER_FSID) != sizeof(fsid) ||
	    pread(fd, size, sizeof(size), SUPER_OFFSET + SUPER_NODESIZE) != sizeof(size))
		err(1, "superblock");
	nodesize = get_u32(size);
	if (nodesize < SCAN_STEP || nodesize > MAX_NODESIZE)
		errx(1, "node size %u", nodesize);
	for (; (offset = lseek(fd, offset, SEEK_DATA)) >= 0; offset += SCAN_STEP) {
		offset -= offset % SCAN_STEP;
		if (pread(fd, leaf, nodesize, offset) != (ssize_t)nodesize ||
		    memcmp(leaf + HEADER_FSID, fsid, sizeof(fsid)) != 0 || offset == SUPER_OFFSET ||
		    leaf[HEADER_LEVEL] != 0 || !patch_leaf(leaf, nodesize, old, new))
			continue;
		if (pwrite(fd, leaf, nodesize, offset) != (ssize_t)nodesize)
			err(1, "write");
		patched++;
	}
	return patched;
}

int main(int argc, char **argv)
{
	unsigned int patched;
	int fd;

	if (argc != 4 || strlen(argv[2]) != strlen(argv[3]))
		errx(2, "usage: patchxattr IMAGE OLD NEW (names of one length)");
	fd = open(argv[1], O_RDWR | O_CLOEXEC);
	if (fd < 0)
		err(1, "%s", argv[1]);
	patched = patch_image(fd, argv[2], argv[3]);
	if (patched == 0)
		errx(1, "%s: no leaf holds %s", argv[1], argv[2]);
	if (fsync(fd) < 0 || close(fd) < 0)
		err(1, "%s", argv[1]);
	return 0;
}

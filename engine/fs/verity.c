/* SPDX-License-Identifier: GPL-2.0 */
#include "engine/fs/verity.h"
#include "engine/tree/btree.h"

#include <errno.h>
#include <string.h>

enum {
	DESCRIPTOR_OFFSET = 1,	/* of the first item with bytes of the descriptor */
	MAX_LOG_BLOCKSIZE = 31, /* what a block size of 32 bits can say */
};

static int verity_fail(const struct root *root, uint64_t ino, const char *what, uint64_t have,
		       uint64_t most)
{
	return volume_fail(root->volume, -EUCLEAN,
			   "root %llu inode %llu: fs-verity %s: have %llu expect at most %llu",
			   (unsigned long long)root->id, (unsigned long long)ino, what,
			   (unsigned long long)have, (unsigned long long)most);
}

/*
 * Copy up to @length bytes from byte @offset on. The offset in an item's key says which byte its
 * first one is; what is not continued by the next item ends. Stores in *@copied how many there are.
 * MIRRORS: read_key_bytes() v6.12
 */
static int read_bytes(struct root *root, uint64_t ino, uint64_t offset, uint8_t *to, size_t length,
		      size_t *copied)
{
	const struct key first = {
		.objectid = ino, .type = BTRFS_VERITY_DESC_ITEM_KEY, .offset = offset};
	struct btree_path path = {0};
	int ret = btree_search_before(root, &first, &path);

	*copied = 0;
	while (ret == 0 && *copied < length) {
		const struct key key = btree_path_key(&path);
		uint64_t skip = offset + *copied - key.offset;
		size_t part = btree_path_size(&path);

		if (key.objectid != ino || key.type != BTRFS_VERITY_DESC_ITEM_KEY || skip >= part ||
		    (*copied && skip))
			break;
		part -= skip;
		if (part > length - *copied)
			part = length - *copied;
		memcpy(to + *copied, (const uint8_t *)btree_path_data(&path) + skip, part);
		*copied += part;
		ret = btree_next(&path);
	}
	btree_path_release(&path);
	return ret < 0 ? ret : 0;
}

/* The size that the item before the descriptor gives; 0 without one. */
static int read_size(struct root *root, uint64_t ino, uint64_t *size)
{
	struct btrfs_verity_descriptor_item item = {0};
	size_t copied;
	int ret = read_bytes(root, ino, 0, (uint8_t *)&item, sizeof(item), &copied);

	if (ret)
		return ret;
	if (from_le64(item.reserved[0]) || from_le64(item.reserved[1]))
		return verity_fail(root, ino, "reserved bytes",
				   from_le64(item.reserved[0]) | from_le64(item.reserved[1]), 0);
	*size = from_le64(item.size);
	return 0;
}

/* DIFFERS: the kernel's send trusts these sizes, and sends memory behind the descriptor. */
static int check_sizes(const struct root *root, uint64_t ino,
		       const struct fsverity_descriptor *fixed, uint64_t size)
{
	if (fixed->salt_size > sizeof(fixed->salt))
		return verity_fail(root, ino, "salt size", fixed->salt_size, sizeof(fixed->salt));
	if (from_le32(fixed->sig_size) > size - sizeof(*fixed))
		return verity_fail(root, ino, "signature size", from_le32(fixed->sig_size),
				   size - sizeof(*fixed));
	if (fixed->log_blocksize > MAX_LOG_BLOCKSIZE)
		return verity_fail(root, ino, "logarithm of the block size", fixed->log_blocksize,
				   MAX_LOG_BLOCKSIZE);
	return 0;
}

/* MIRRORS: btrfs_get_verity_descriptor() v6.12 */
int verity_read(struct root *root, uint64_t ino, struct verity_descriptor *descriptor)
{
	uint64_t size = 0;
	size_t copied;
	int ret = read_size(root, ino, &size);

	if (ret || size == 0)
		return ret ? ret : 1;
	if (size > sizeof(*descriptor))
		return verity_fail(root, ino, "descriptor size", size, sizeof(*descriptor));
	if (size < sizeof(descriptor->fixed))
		return volume_fail(root->volume, -EUCLEAN,
				   "root %llu inode %llu: fs-verity descriptor size: have %llu "
				   "expect at least %zu",
				   (unsigned long long)root->id, (unsigned long long)ino,
				   (unsigned long long)size, sizeof(descriptor->fixed));
	ret = read_bytes(root, ino, DESCRIPTOR_OFFSET, (uint8_t *)descriptor, size, &copied);
	if (ret)
		return ret;
	if (copied != size)
		return volume_fail(root->volume, -EUCLEAN,
				   "root %llu inode %llu: fs-verity descriptor: have %zu bytes "
				   "expect %llu",
				   (unsigned long long)root->id, (unsigned long long)ino, copied,
				   (unsigned long long)size);
	return check_sizes(root, ino, &descriptor->fixed, size);
}

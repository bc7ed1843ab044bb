/* SPDX-License-Identifier: GPL-2.0 */
/* Operations that share extents: reflinks between files, inside files, across subvolumes; dedupe.
 */
#include "tests/system/random/operations.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	REPETITION_MAX = FILE_SIZE_MAX / BLOCK_BYTES,
};

/* A file to clone from: of the current subvolume, or of any other, snapshots included. */
static int open_source(struct world *world, struct open_file *file)
{
	const struct subvolume *source = world->current;
	char path[PATH_MAX];
	struct stat status;
	int node;

	if (prng_percent(&world->prng, 25))
		source = &world->subvolumes[prng_below(&world->prng, world->subvolume_count)];
	if (source->deleted)
		return -ENOENT;
	/* Of an empty file there is nothing to clone: another one then. */
	for (unsigned int try = 0; try < 4; try++) {
		node = tree_pick(&source->tree, &world->prng, NODE_FILE);
		if (node == TREE_NONE || !tree_path(&source->tree, node, path))
			return -ENOENT;
		file->fd = openat(source->fd, path, O_RDONLY | O_CLOEXEC);
		if (file->fd < 0)
			return -errno;
		if (!fstat(file->fd, &status) && status.st_size >= BLOCK_BYTES) {
			file->size = status.st_size;
			return 0;
		}
		close(file->fd);
	}
	return -ENODATA;
}

static int open_pair(struct world *world, struct open_file *source, struct open_file *target)
{
	int ret = open_source(world, source);

	if (ret)
		return ret;
	ret = open_random(world, target);
	if (ret)
		close(source->fd);
	return ret;
}

static void release_pair(struct world *world, const struct open_file *source,
			 const struct open_file *target)
{
	close(source->fd);
	release_file(world, target);
}

static int clone_bytes(const struct open_file *source, off_t source_offset, uint64_t length,
		       const struct open_file *target, off_t target_offset)
{
	struct file_clone_range range = {
		.src_fd = source->fd,
		.src_offset = source_offset,
		.src_length = length,
		.dest_offset = target_offset,
	};

	if (target_offset + (off_t)length > FILE_SIZE_MAX)
		return -EFBIG;
	return ioctl(target->fd, FICLONERANGE, &range) ? -errno : 0;
}

static off_t pick_block(struct world *world, off_t size)
{
	return BLOCK_BYTES * prng_below(&world->prng, size / BLOCK_BYTES + 1);
}

/* Whole blocks, at most @most of them, none if the source is too small. */
static uint64_t pick_blocks(struct world *world, off_t left, unsigned int most)
{
	uint64_t blocks = left / BLOCK_BYTES;

	if (!blocks)
		return 0;
	return BLOCK_BYTES * prng_between(&world->prng, 1, blocks < most ? blocks : most);
}

int operation_clone_range(struct world *world)
{
	struct open_file source, target;
	int ret = open_pair(world, &source, &target);
	uint64_t length;
	off_t from;

	if (ret)
		return ret;
	from = pick_block(world, source.size);
	length = pick_blocks(world, source.size - from, 40);
	ret = length ? clone_bytes(&source, from, length, &target, pick_block(world, target.size))
		     : -ENODATA;
	release_pair(world, &source, &target);
	return ret;
}

int operation_clone_file(struct world *world)
{
	struct open_file source, target;
	int ret = open_pair(world, &source, &target);

	if (ret)
		return ret;
	if (prng_percent(&world->prng, 30) && ftruncate(target.fd, 0))
		ret = -errno;
	else if (ioctl(target.fd, FICLONE, source.fd))
		ret = -errno;
	release_pair(world, &source, &target);
	return ret;
}

/* Up to an end of the source inside a block: the target must end there too. */
int operation_clone_tail(struct world *world)
{
	struct open_file source, target;
	int ret = open_pair(world, &source, &target);
	off_t from, to;

	if (ret)
		return ret;
	from = pick_block(world, source.size);
	to = target.size + BLOCK_BYTES - 1 - (target.size + BLOCK_BYTES - 1) % BLOCK_BYTES;
	if (prng_percent(&world->prng, 40)) {
		to = pick_block(world, target.size);
		if (ftruncate(target.fd, to))
			ret = -errno;
	}
	if (!ret)
		ret = from < source.size
			      ? clone_bytes(&source, from, source.size - from, &target, to)
			      : -ENODATA;
	release_pair(world, &source, &target);
	return ret;
}

int operation_clone_inside(struct world *world)
{
	struct open_file file;
	int ret = open_random(world, &file);
	uint64_t length;
	off_t from, to;

	if (ret)
		return ret;
	from = pick_block(world, file.size);
	to = pick_block(world, file.size + 20 * BLOCK_BYTES);
	length = pick_blocks(world, file.size - from, 20);
	ret = length ? clone_bytes(&file, from, length, &file, to) : -ENODATA;
	release_file(world, &file);
	return ret;
}

/* One piece of a file @count times in another, or in the same. */
static int spread(struct world *world, unsigned int count, unsigned int most_blocks)
{
	struct open_file source, target;
	int ret = open_pair(world, &source, &target);
	uint64_t length;
	off_t from;

	if (ret)
		return ret;
	from = pick_block(world, source.size);
	length = pick_blocks(world, source.size - from, most_blocks);
	if (!length || count * length > 4 * FILE_SIZE_MAX)
		ret = -ENODATA;
	for (unsigned int i = 0; i < count && !ret; i++)
		ret = clone_bytes(
			&source, from, length, &target,
			BLOCK_BYTES * prng_below(&world->prng, FILE_SIZE_MAX / BLOCK_BYTES - 16));
	release_pair(world, &source, &target);
	return ret;
}

int operation_clone_spread(struct world *world)
{
	return spread(world, prng_between(&world->prng, 8, 40), 4);
}

/* A new file of @count times the first block of @source. */
static int make_repetition(struct world *world, const struct open_file *source, unsigned int count)
{
	struct open_file target;
	struct place place;
	int ret;

	if (!place_fresh(world, tree_pick_directory(&world->current->tree, &world->prng), &place))
		return -ENAMETOOLONG;
	ret = make_node(world, &place, NODE_FILE);
	if (ret < 0)
		return ret;
	target.fd = open(place.path, O_RDWR | O_CLOEXEC);
	if (target.fd < 0)
		return -errno;
	ret = 0;
	for (unsigned int i = 0; i < count && !ret; i++)
		ret = clone_bytes(source, 0, BLOCK_BYTES, &target, (off_t)i * BLOCK_BYTES);
	release_file(world, &target);
	return ret;
}

/* As many references to one extent as the sender looks through, or a few more or less. */
int operation_clone_thousand(struct world *world)
{
	unsigned int left = prng_between(&world->prng, 1015, 1030);
	struct open_file source;
	int ret = open_source(world, &source);

	if (ret)
		return ret;
	while (left && !ret) {
		unsigned int count = left < REPETITION_MAX ? left : REPETITION_MAX;

		ret = make_repetition(world, &source, count);
		left -= count;
	}
	close(source.fd);
	return ret;
}

/* The same data written a second time, then made one with the first. */
int operation_deduplicate(struct world *world)
{
	union {
		struct file_dedupe_range range;
		uint8_t space[sizeof(struct file_dedupe_range) +
			      sizeof(struct file_dedupe_range_info)];
	} request = {.range.dest_count = 1};
	struct open_file source, target;
	int ret = open_pair(world, &source, &target);
	off_t from, to;
	ssize_t length;

	if (ret)
		return ret;
	from = pick_block(world, source.size);
	to = pick_block(world, target.size + 8 * BLOCK_BYTES);
	length = pread(source.fd, world->buffer, BLOCK_BYTES * prng_between(&world->prng, 1, 24),
		       from);
	length -= length % BLOCK_BYTES;
	if (length <= 0 || to + length > FILE_SIZE_MAX ||
	    pwrite(target.fd, world->buffer, length, to) != length) {
		ret = -ENODATA;
	} else {
		request.range.src_offset = from;
		request.range.src_length = length;
		request.range.info[0].dest_fd = target.fd;
		request.range.info[0].dest_offset = to;
		if (ioctl(source.fd, FIDEDUPERANGE, &request.range))
			ret = -errno;
		else if (request.range.info[0].status)
			ret = -EIO;
	}
	release_pair(world, &source, &target);
	return ret;
}

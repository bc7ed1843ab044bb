/* SPDX-License-Identifier: GPL-2.0 */
/* Operations on the data of files: writes, sizes, holes, preallocation. */
#include "tests/system/random/operations.h"
#include "tests/system/random/settle.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/falloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	CONTENTS = 6,
	CONTENT_ZEROS = 0,
};

int open_random(struct world *world, struct open_file *file)
{
	int node = tree_pick(&world->current->tree, &world->prng, NODE_FILE);
	char path[PATH_MAX];
	struct stat status;

	if (node == TREE_NONE || !tree_path(&world->current->tree, node, path))
		return -ENOENT;
	file->fd = open(path, O_RDWR | O_CLOEXEC);
	if (file->fd < 0)
		return -errno;
	if (fstat(file->fd, &status)) {
		close(file->fd);
		return -errno;
	}
	file->size = status.st_size;
	return 0;
}

/* Even contents compress well, odd ones do not. */
void fill_content(struct world *world, uint8_t *data, size_t length, unsigned int content,
		  off_t offset)
{
	struct prng prng;

	if (content == CONTENT_ZEROS) {
		memset(data, 0, length);
		return;
	}
	while (length) {
		size_t inside = offset % BLOCK_BYTES;
		size_t step = BLOCK_BYTES - inside < length ? BLOCK_BYTES - inside : length;
		uint8_t block[BLOCK_BYTES];

		prng_seed(&prng, world->plan->seed * CONTENTS + content, offset / BLOCK_BYTES);
		if (content % 2) {
			prng_fill(&prng, block, sizeof(block));
		} else {
			memset(block, 'a' + content, sizeof(block));
			prng_fill(&prng, block + 100, 64);
		}
		memcpy(data, block + inside, step);
		data += step;
		offset += step;
		length -= step;
	}
}

void release_file(struct world *world, const struct open_file *file)
{
	if (prng_percent(&world->prng, 60)) {
		settle_later(world, file->fd);
	} else {
		settle_file(file->fd);
		close(file->fd);
	}
}

static size_t pick_length(struct world *world)
{
	unsigned int kind = prng_below(&world->prng, 100);

	if (kind < 15)
		return prng_between(&world->prng, 1, 100);
	if (kind < 40)
		return prng_between(&world->prng, 1, BLOCK_BYTES);
	if (kind < 75)
		return BLOCK_BYTES * prng_between(&world->prng, 1, 8);
	if (kind < 93)
		return prng_between(&world->prng, 1, 40000);
	return prng_between(&world->prng, 1, 300000);
}

/* Where to write in a file of @size: at its end, inside it, or beyond, which leaves a hole. */
static off_t pick_offset(struct world *world, off_t size)
{
	unsigned int kind = prng_below(&world->prng, 100);
	off_t offset = size;

	if (kind >= 35 && kind < 85)
		offset = prng_below(&world->prng, size + 1);
	else if (kind >= 85)
		offset = size + prng_below(&world->prng, 100000);
	if (prng_percent(&world->prng, 65))
		offset -= offset % BLOCK_BYTES;
	return offset;
}

static int write_content(struct world *world, int fd, off_t offset, size_t length,
			 unsigned int content)
{
	ssize_t written;

	if (offset + (off_t)length > FILE_SIZE_MAX)
		return -EFBIG;
	/* Sometimes what was written elsewhere, so that equal blocks have unequal offsets. */
	fill_content(world, world->buffer, length, content,
		     prng_percent(&world->prng, 70) ? offset : 0);
	written = pwrite(fd, world->buffer, length, offset);
	return written < 0 ? -errno : 0;
}

int write_random(struct world *world, const struct open_file *file)
{
	off_t offset = pick_offset(world, file->size);
	size_t length = pick_length(world);
	int ret = write_content(world, file->fd, offset, length,
				prng_between(&world->prng, CONTENT_ZEROS + 1, CONTENTS - 1));

	if (prng_percent(&world->prng, 15))
		settle_file(file->fd);
	return ret;
}

int operation_write(struct world *world)
{
	struct open_file file;
	int ret = open_random(world, &file);

	if (ret)
		return ret;
	ret = write_random(world, &file);
	release_file(world, &file);
	return ret;
}

/* A file small enough to be inline, sometimes one whose data begins like a hole's item would. */
int operation_write_small(struct world *world)
{
	size_t length = prng_between(&world->prng, 1, 2200);
	struct open_file file;
	int ret = open_random(world, &file);

	if (ret)
		return ret;
	fill_content(world, world->buffer, length, prng_between(&world->prng, 1, CONTENTS - 1), 0);
	if (prng_percent(&world->prng, 40))
		memset(world->buffer, 0, length < 8 ? length : 8);
	if (ftruncate(file.fd, 0) || pwrite(file.fd, world->buffer, length, 0) < 0)
		ret = -errno;
	settle_file(file.fd);
	release_file(world, &file);
	return ret;
}

/* A small file gets data far behind its beginning, and a hole where its inline data was. */
int operation_outgrow_small(struct world *world)
{
	struct open_file file;
	int ret = open_random(world, &file);

	for (unsigned int try = 0; !ret && file.size > 2200 && try < 8; try++) {
		close(file.fd);
		ret = open_random(world, &file);
	}
	if (ret)
		return ret;
	if (file.size > 2200)
		ret = -ENODATA;
	else
		ret = write_content(world, file.fd, BLOCK_BYTES * prng_between(&world->prng, 1, 16),
				    BLOCK_BYTES, 1);
	if (!ret && fallocate(file.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, BLOCK_BYTES))
		ret = -errno;
	release_file(world, &file);
	return ret;
}

/* Single blocks all over a file, each an extent of its own in front of parts of older ones. */
int operation_write_scattered(struct world *world)
{
	unsigned int count = prng_between(&world->prng, 3, 16);
	struct open_file file;
	int ret = open_random(world, &file);

	if (ret)
		return ret;
	for (unsigned int i = 0; i < count && !ret; i++) {
		uint64_t blocks = file.size / BLOCK_BYTES + 2;
		off_t offset = BLOCK_BYTES * prng_below(&world->prng, blocks);

		ret = write_content(world, file.fd, offset, BLOCK_BYTES,
				    prng_below(&world->prng, CONTENTS));
		if (prng_percent(&world->prng, 30))
			settle_file(file.fd);
	}
	release_file(world, &file);
	return ret;
}

int operation_write_zeros(struct world *world)
{
	struct open_file file;
	int ret = open_random(world, &file);

	if (ret)
		return ret;
	ret = write_content(world, file.fd, pick_offset(world, file.size), pick_length(world),
			    CONTENT_ZEROS);
	release_file(world, &file);
	return ret;
}

int operation_truncate(struct world *world)
{
	struct open_file file;
	unsigned int kind = prng_below(&world->prng, 100);
	int ret = open_random(world, &file);
	off_t size;

	if (ret)
		return ret;
	if (kind < 10)
		size = 0;
	else if (kind < 65)
		size = prng_below(&world->prng, file.size + 1);
	else
		size = file.size + prng_below(&world->prng, 150000);
	if (prng_percent(&world->prng, 40))
		size -= size % BLOCK_BYTES;
	if (size > FILE_SIZE_MAX || ftruncate(file.fd, size))
		ret = -EFBIG;
	release_file(world, &file);
	return ret;
}

/* fallocate(2) on a random range, whole blocks more often than not. */
static int allocate(struct world *world, int mode, off_t beyond)
{
	struct open_file file;
	int ret = open_random(world, &file);
	off_t offset;
	size_t length;

	if (ret)
		return ret;
	offset = prng_below(&world->prng, file.size + beyond + 1);
	length = pick_length(world);
	if (prng_percent(&world->prng, 60)) {
		offset -= offset % BLOCK_BYTES;
		length += BLOCK_BYTES - length % BLOCK_BYTES;
	}
	if (offset + (off_t)length > FILE_SIZE_MAX)
		ret = -EFBIG;
	else if (fallocate(file.fd, mode, offset, length))
		ret = -errno;
	release_file(world, &file);
	return ret;
}

int operation_punch_hole(struct world *world)
{
	return allocate(world, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0);
}

int operation_allocate(struct world *world)
{
	return allocate(world, prng_percent(&world->prng, 50) ? FALLOC_FL_KEEP_SIZE : 0, 60000);
}

int operation_zero_range(struct world *world)
{
	int mode = FALLOC_FL_ZERO_RANGE;

	return allocate(world, mode | (prng_percent(&world->prng, 50) ? FALLOC_FL_KEEP_SIZE : 0),
			20000);
}

int operation_flush(struct world *world)
{
	struct open_file file;
	int ret = open_random(world, &file);

	if (ret)
		return ret;
	if (prng_percent(&world->prng, 70))
		settle_file(file.fd);
	else if (fsync(file.fd))
		ret = -errno;
	release_file(world, &file);
	return ret;
}

int operation_defragment(struct world *world)
{
	struct btrfs_ioctl_defrag_range_args range = {
		.len = UINT64_MAX,
		.flags = BTRFS_DEFRAG_RANGE_START_IO,
	};
	struct open_file file;
	int ret = open_random(world, &file);

	if (ret)
		return ret;
	if (ioctl(file.fd, BTRFS_IOC_DEFRAG_RANGE, &range))
		ret = -errno;
	release_file(world, &file);
	return ret;
}

int operation_sync(struct world *world)
{
	return settle_and_commit(world);
}

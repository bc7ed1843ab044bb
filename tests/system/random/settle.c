/* SPDX-License-Identifier: GPL-2.0 */
#include "tests/system/random/settle.h"

#include <errno.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

void settle_file(int fd)
{
	/*
	 * Of the calls that flush, this one also waits for what follows the writeback, which
	 * fsync(2) and sync_file_range(2) do not.
	 */
	struct fiemap map = {
		.fm_length = FIEMAP_MAX_OFFSET,
		.fm_flags = FIEMAP_FLAG_SYNC,
	};

	ioctl(fd, FS_IOC_FIEMAP, &map);
}

void settle_later(struct world *world, int fd)
{
	if (world->dirty_count == WORLD_DIRTY_MAX)
		settle_all(world);
	world->dirty[world->dirty_count++] = fd;
}

void settle_all(struct world *world)
{
	for (unsigned int i = 0; i < world->dirty_count; i++)
		settle_file(world->dirty[i]);
	/* Those unlinked meanwhile are deleted by their last close: not by a worker still at them.
	 */
	for (unsigned int i = 0; i < world->dirty_count; i++)
		close(world->dirty[i]);
	world->dirty_count = 0;
}

int settle_and_commit(struct world *world)
{
	settle_all(world);
	/*
	 * Always exactly one transaction: without a change it would depend on whether a worker of
	 * the filesystem happens to have one open.
	 */
	if (futimens(world->mount_fd, NULL) || syncfs(world->mount_fd))
		return -errno;
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0 */
#include "tests/system/random/subvolume.h"
#include "tests/system/random/settle.h"

#include <btrfsutil.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
	CLEANER_TRIES = 2000,
	CLEANER_WAIT_US = 1000,
};

static int open_subvolume(struct world *world, struct subvolume *subvolume)
{
	subvolume->fd =
		openat(world->mount_fd, subvolume->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (subvolume->fd < 0)
		return world_fail(world, -errno, "%s: %s", subvolume->name, strerror(errno));
	return 0;
}

int world_mount(struct world *world)
{
	int ret = image_mount(world->image, world->plan->mount_options, false);

	if (ret)
		return world_fail(world, ret, "%s", world->image->error);
	world->mount_fd = image_open_root(world->image);
	if (world->mount_fd < 0)
		return world_fail(world, world->mount_fd, "top directory: %s",
				  strerror(-world->mount_fd));
	for (unsigned int i = 0; i < world->subvolume_count && !ret; i++)
		if (!world->subvolumes[i].deleted)
			ret = open_subvolume(world, &world->subvolumes[i]);
	return ret;
}

void subvolume_close_all(struct world *world)
{
	settle_all(world);
	/* The working directory holds the mount too. */
	if (chdir("/"))
		abort();
	world->current = NULL;
	for (unsigned int i = 0; i < world->subvolume_count; i++) {
		if (world->subvolumes[i].fd >= 0)
			close(world->subvolumes[i].fd);
		world->subvolumes[i].fd = -1;
	}
}

void world_unmount(struct world *world)
{
	subvolume_close_all(world);
	close(world->mount_fd);
	world->mount_fd = -1;
	image_unmount(world->image);
}

static int wait_for_cleaner(struct world *world)
{
	/* The second call wakes the cleaner, and is no commit after the first. */
	if (settle_and_commit(world) || ioctl(world->mount_fd, BTRFS_IOC_SYNC))
		return world_fail(world, -errno, "sync: %s", strerror(errno));
	for (unsigned int try = 0; try < CLEANER_TRIES; try++) {
		uint64_t *ids;
		size_t count;

		if (btrfs_util_deleted_subvolumes_fd(world->mount_fd, &ids, &count))
			return world_fail(world, -EIO, "cannot list the deleted subvolumes");
		free(ids);
		if (!count)
			return 0;
		usleep(CLEANER_WAIT_US);
	}
	return world_fail(world, -ETIMEDOUT, "the cleaner did not drop a deleted subvolume");
}

int world_remount(struct world *world)
{
	int ret;

	world_unmount(world);
	ret = world_mount(world);
	/* A mount starts to drop what was deleted before, beside the operations that follow. */
	return ret ? ret : wait_for_cleaner(world);
}

int world_balance(struct world *world, bool metadata)
{
	struct btrfs_ioctl_balance_args balance = {
		.flags = metadata ? BTRFS_BALANCE_METADATA : BTRFS_BALANCE_DATA,
	};

	settle_all(world);
	if (ioctl(world->mount_fd, BTRFS_IOC_BALANCE_V2, &balance) && errno != ENOSPC)
		return world_fail(world, -errno, "balance: %s", strerror(errno));
	return 0;
}

static int new_subvolume(struct world *world, const struct subvolume *source,
			 struct subvolume **out)
{
	struct subvolume *subvolume = &world->subvolumes[world->subvolume_count];

	if (world->subvolume_count == WORLD_SUBVOLUMES_MAX)
		return world_fail(world, -ENOSPC, "more than %d subvolumes", WORLD_SUBVOLUMES_MAX);
	memset(subvolume, 0, sizeof(*subvolume));
	subvolume->fd = -1;
	subvolume->line = source ? source->line : world->subvolume_count;
	snprintf(subvolume->name, sizeof(subvolume->name), "v%u", world->subvolume_count);
	*out = subvolume;
	return 0;
}

/* Count the new subvolume, which the filesystem has now. */
static int add_subvolume(struct world *world, struct subvolume *subvolume)
{
	int ret;

	world->subvolume_count++;
	ret = open_subvolume(world, subvolume);
	if (!ret && btrfs_util_subvolume_id_fd(subvolume->fd, &subvolume->id))
		ret = world_fail(world, -EIO, "%s: no subvolume id", subvolume->name);
	return ret;
}

int subvolume_create(struct world *world, struct subvolume **out)
{
	int ret = new_subvolume(world, NULL, out);

	if (ret)
		return ret;
	if (btrfs_util_create_subvolume_fd(world->mount_fd, (*out)->name, 0, NULL, NULL))
		return world_fail(world, -EIO, "cannot create subvolume %s", (*out)->name);
	tree_init(&(*out)->tree);
	return add_subvolume(world, *out);
}

int subvolume_snapshot(struct world *world, struct subvolume *source, bool read_only,
		       struct subvolume **out)
{
	int flags = read_only ? BTRFS_UTIL_CREATE_SNAPSHOT_READ_ONLY : 0;
	int ret = new_subvolume(world, source, out);

	if (ret)
		return ret;
	settle_all(world);
	if (btrfs_util_create_snapshot_fd2(source->fd, world->mount_fd, (*out)->name, flags, NULL,
					   NULL))
		return world_fail(world, -EIO, "cannot snapshot %s as %s: %s", source->name,
				  (*out)->name, strerror(errno));
	tree_copy_snapshot(&(*out)->tree, &source->tree);
	(*out)->read_only = read_only;
	return add_subvolume(world, *out);
}

int subvolume_enter(struct world *world, struct subvolume *subvolume)
{
	if (world->current == subvolume)
		return 0;
	if (settle_and_commit(world) || fchdir(subvolume->fd))
		return world_fail(world, -errno, "enter %s: %s", subvolume->name, strerror(errno));
	world->current = subvolume;
	return 0;
}

int subvolume_set_read_only(struct world *world, struct subvolume *subvolume)
{
	settle_all(world);
	if (btrfs_util_set_subvolume_read_only_fd(subvolume->fd, true))
		return world_fail(world, -EIO, "cannot make %s read-only: %s", subvolume->name,
				  strerror(errno));
	subvolume->read_only = true;
	return 0;
}

int subvolume_set_received(struct world *world, struct subvolume *subvolume)
{
	struct btrfs_ioctl_received_subvol_args received = {
		.stransid = prng_between(&world->prng, 1, 1000),
	};

	prng_fill(&world->prng, received.uuid, sizeof(received.uuid));
	if (ioctl(subvolume->fd, BTRFS_IOC_SET_RECEIVED_SUBVOL, &received))
		return world_fail(world, -errno, "cannot set the received uuid of %s: %s",
				  subvolume->name, strerror(errno));
	return 0;
}

int subvolume_delete(struct world *world, struct subvolume *subvolume, bool wait)
{
	if (btrfs_util_delete_subvolume_fd(world->mount_fd, subvolume->name, 0)) {
		if (errno == ENOTEMPTY)
			return 0;
		return world_fail(world, -EIO, "cannot delete %s: %s", subvolume->name,
				  strerror(errno));
	}
	close(subvolume->fd);
	subvolume->fd = -1;
	subvolume->deleted = true;
	if (world->current == subvolume)
		world->current = NULL;
	return wait ? wait_for_cleaner(world) : 0;
}

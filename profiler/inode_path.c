/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/inode_path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* The kernel ends the path with a slash. */
static void take_end(const char *name, char *path, size_t size)
{
	size_t length = strlen(name);

	if (length && name[length - 1] == '/')
		length--;
	if (length > size - 1) {
		name += length - (size - 1);
		length = size - 1;
	}
	memcpy(path, name, length);
	path[length] = '\0';
}

/* As the subvolume of the open directory @fd has it, if that is @root_id. */
static int look_up(int fd, uint64_t root_id, uint64_t ino, char *path, size_t size)
{
	struct btrfs_ioctl_ino_lookup_args lookup = {.objectid = BTRFS_FIRST_FREE_OBJECTID};

	/* Which subvolume it is everybody may ask. */
	if (ioctl(fd, BTRFS_IOC_INO_LOOKUP, &lookup))
		return -errno;
	if (lookup.treeid != root_id)
		return -ENOENT;
	lookup = (struct btrfs_ioctl_ino_lookup_args){.treeid = root_id, .objectid = ino};
	if (ioctl(fd, BTRFS_IOC_INO_LOOKUP, &lookup))
		return -errno;
	lookup.name[sizeof(lookup.name) - 1] = '\0';
	take_end(lookup.name, path, size);
	return 0;
}

/* Nothing but what may be the top of a subvolume is opened: opening may have effects elsewhere. */
static int open_top(int directory, const char *number)
{
	struct stat status;

	if (fstatat(directory, number, &status, 0))
		return -errno;
	if (!S_ISDIR(status.st_mode) || status.st_ino != BTRFS_FIRST_FREE_OBJECTID)
		return -ENOENT;
	return openat(directory, number, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int inode_path_of(uint32_t process, uint64_t root_id, uint64_t ino, char *path, size_t size)
{
	const struct dirent *entry;
	char directory[32];
	int ret = -ENOENT;
	DIR *descriptors;

	*path = '\0';
	snprintf(directory, sizeof(directory), "/proc/%" PRIu32 "/fd", process);
	descriptors = opendir(directory);
	if (!descriptors)
		return -errno;
	while (ret == -ENOENT && (entry = readdir(descriptors))) {
		int fd = open_top(dirfd(descriptors), entry->d_name);

		if (fd < 0)
			continue;
		ret = look_up(fd, root_id, ino, path, size);
		/* Another filesystem, of another kind. */
		if (ret == -ENOTTY)
			ret = -ENOENT;
		close(fd);
	}
	closedir(descriptors);
	return ret;
}

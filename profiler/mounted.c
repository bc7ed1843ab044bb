/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/mounted.h"

#include <btrfsutil.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail_open(const char *path, enum btrfs_util_error error, struct failure *failure)
{
	int code = errno ? -errno : -EIO;

	switch (error) {
	case BTRFS_UTIL_ERROR_NOT_BTRFS:
		return failure_set(failure, -EMEDIUMTYPE, "%s is not on a btrfs filesystem", path);
	case BTRFS_UTIL_ERROR_NOT_SUBVOLUME:
		return failure_set(failure, -EINVAL,
				   "%s is not a subvolume: have a directory inside one, expect the "
				   "path of a snapshot",
				   path);
	default:
		return failure_set(failure, code, "cannot examine %s: %s: %s", path,
				   btrfs_util_strerror(error), strerror(-code));
	}
}

static int read_fsid(int fd, const char *path, struct btrfs_ioctl_fs_info_args *info,
		     struct failure *failure)
{
	*info = (struct btrfs_ioctl_fs_info_args){0};
	if (ioctl(fd, BTRFS_IOC_FS_INFO, info))
		return failure_set(failure, -errno, "cannot ask for the filesystem of %s: %s", path,
				   strerror(errno));
	return 0;
}

static int examine(int fd, const char *path, struct mounted_subvolume *subvolume,
		   struct failure *failure)
{
	struct btrfs_util_subvolume_info info;
	struct btrfs_ioctl_fs_info_args filesystem;
	enum btrfs_util_error error;
	bool read_only;
	int ret;

	error = btrfs_util_is_subvolume_fd(fd);
	if (!error)
		error = btrfs_util_subvolume_info_fd(fd, 0, &info);
	if (!error)
		error = btrfs_util_get_subvolume_read_only_fd(fd, &read_only);
	if (error)
		return fail_open(path, error, failure);
	ret = read_fsid(fd, path, &filesystem, failure);
	if (ret)
		return ret;

	*subvolume = (struct mounted_subvolume){
		.fd = fd,
		.id = info.id,
		.ctransid = info.ctransid,
		.read_only = read_only,
	};
	memcpy(subvolume->uuid, info.uuid, sizeof(subvolume->uuid));
	memcpy(subvolume->fsid, filesystem.fsid, sizeof(subvolume->fsid));
	return 0;
}

int mounted_subvolume_open(const char *path, struct mounted_subvolume *subvolume,
			   struct failure *failure)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return failure_set(failure, -errno, "cannot open snapshot %s: %s", path,
				   strerror(errno));
	ret = examine(fd, path, subvolume, failure);
	if (ret)
		close(fd);
	return ret;
}

void mounted_subvolume_close(struct mounted_subvolume *subvolume)
{
	if (subvolume->fd >= 0)
		close(subvolume->fd);
	subvolume->fd = -1;
}

/* mountinfo writes blanks and backslashes as three octal digits. */
static void unescape_octal(char *text)
{
	char *to = text;

	while (*text) {
		if (text[0] == '\\' && strspn(text + 1, "01234567") >= 3) {
			*to++ = (text[1] - '0') << 6 | (text[2] - '0') << 3 | (text[3] - '0');
			text += 4;
		} else {
			*to++ = *text++;
		}
	}
	*to = '\0';
}

/*
 * A line of mountinfo (proc_pid_mountinfo(5)):
 *	36 35 98:0 /root /mount/point rw,noatime shared:1 - btrfs /dev/sda rw,subvol=/x
 * with any number of optional fields before the "-".
 */
static int parse_mountinfo(char *line, unsigned long long mount_id,
			   struct mounted_filesystem *filesystem)
{
	char *fields[6], *at = line, *word, *super_options;

	for (size_t i = 0; i < 6; i++) {
		fields[i] = strsep(&at, " \n");
		if (!fields[i])
			return 0;
	}
	if (strtoull(fields[0], NULL, 10) != mount_id)
		return 0;
	do
		word = strsep(&at, " \n");
	while (word && strcmp(word, "-"));
	strsep(&at, " \n"); /* type */
	strsep(&at, " \n"); /* source */
	super_options = strsep(&at, " \n");

	unescape_octal(fields[4]);
	filesystem->mount_point = strdup(fields[4]);
	if (asprintf(&filesystem->mount_options, "%s%s%s", fields[5], super_options ? "," : "",
		     super_options ? super_options : "") < 0)
		filesystem->mount_options = NULL;
	word = strsep(&super_options, ",");
	filesystem->is_read_only = word && !strcmp(word, "ro");
	return filesystem->mount_point && filesystem->mount_options ? 1 : -ENOMEM;
}

/* A mount point that cannot be found out (an old kernel, no /proc) is not an error: it is not used.
 */
static int find_mount(int fd, struct mounted_filesystem *filesystem)
{
	struct statx status;
	char *line = NULL;
	size_t size = 0;
	FILE *file;
	int ret = 0;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &status) ||
	    !(status.stx_mask & STATX_MNT_ID))
		return 0;
	file = fopen("/proc/self/mountinfo", "re");
	if (!file)
		return 0;
	while (!ret && getline(&line, &size, file) > 0)
		ret = parse_mountinfo(line, status.stx_mnt_id, filesystem);
	free(line);
	fclose(file);
	return ret < 0 ? ret : 0;
}

static int add_device(const char *device, size_t size, struct mounted_filesystem *filesystem,
		      struct failure *failure)
{
	char **devices =
		reallocarray(filesystem->devices, filesystem->device_count + 1, sizeof(*devices));

	if (devices) {
		filesystem->devices = devices;
		devices[filesystem->device_count] = strndup(device, size);
	}
	if (!devices || !devices[filesystem->device_count])
		return failure_set(failure, -ENOMEM, "out of memory");
	filesystem->device_count++;
	return 0;
}

static int find_devices(int fd, const char *path, struct mounted_filesystem *filesystem,
			struct failure *failure)
{
	struct btrfs_ioctl_fs_info_args info;
	int ret = read_fsid(fd, path, &info, failure);

	if (ret)
		return ret;
	memcpy(filesystem->fsid, info.fsid, sizeof(filesystem->fsid));
	/* Ids have holes where devices were removed. */
	for (__u64 id = 1; !ret && id <= info.max_id; id++) {
		struct btrfs_ioctl_dev_info_args device = {.devid = id};

		if (ioctl(fd, BTRFS_IOC_DEV_INFO, &device)) {
			if (errno == ENODEV)
				continue;
			return failure_set(failure, -errno, "cannot ask for the devices of %s: %s",
					   path, strerror(errno));
		}
		/* One that is missing has no path. */
		if (device.path[0])
			ret = add_device((const char *)device.path, sizeof(device.path), filesystem,
					 failure);
	}
	if (!ret && !filesystem->device_count)
		return failure_set(failure, -ENODEV, "the filesystem of %s names no device", path);
	return ret;
}

int mounted_filesystem_find(const struct mounted_subvolume *subvolume, const char *path,
			    struct mounted_filesystem *filesystem, struct failure *failure)
{
	int ret;

	*filesystem = (struct mounted_filesystem){0};
	ret = find_devices(subvolume->fd, path, filesystem, failure);
	if (!ret && find_mount(subvolume->fd, filesystem))
		ret = failure_set(failure, -ENOMEM, "out of memory");
	if (ret)
		mounted_filesystem_release(filesystem);
	return ret;
}

void mounted_filesystem_release(struct mounted_filesystem *filesystem)
{
	free(filesystem->mount_point);
	free(filesystem->mount_options);
	for (size_t i = 0; i < filesystem->device_count; i++)
		free(filesystem->devices[i]);
	free(filesystem->devices);
	*filesystem = (struct mounted_filesystem){0};
}

bool mounted_on_same_filesystem(const struct mounted_subvolume *subvolume, const char *path)
{
	struct btrfs_ioctl_fs_info_args info = {0};
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool same;

	if (fd < 0)
		return false;
	same = !ioctl(fd, BTRFS_IOC_FS_INFO, &info) &&
	       !memcmp(info.fsid, subvolume->fsid, sizeof(subvolume->fsid));
	close(fd);
	return same;
}

int mounted_filesystem_sync(const struct mounted_subvolume *subvolume, struct failure *failure)
{
	enum btrfs_util_error error;

	if (syncfs(subvolume->fd))
		return failure_set(failure, -errno, "cannot sync the filesystem: %s",
				   strerror(errno));
	error = btrfs_util_sync_fd(subvolume->fd);
	if (error)
		return failure_set(failure, -errno, "cannot commit the filesystem: %s: %s",
				   btrfs_util_strerror(error), strerror(errno));
	return 0;
}

int mounted_filesystem_wait(const struct mounted_subvolume *subvolume, struct failure *failure)
{
	enum btrfs_util_error error = btrfs_util_wait_sync_fd(subvolume->fd, 0);

	if (error)
		return failure_set(failure, -errno, "cannot wait for a commit: %s: %s",
				   btrfs_util_strerror(error), strerror(errno));
	return 0;
}

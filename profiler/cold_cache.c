/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/cold_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define DROP_CACHES "/proc/sys/vm/drop_caches"

static int drop_kernel_caches(bool privileged, struct failure *failure)
{
	int fd = open(DROP_CACHES, O_WRONLY | O_CLOEXEC);
	int code = 0;

	if (fd < 0 || write(fd, "3\n", 2) != 2)
		code = -errno;
	if (fd >= 0)
		close(fd);
	if (!code || !privileged)
		return 0;
	return failure_set(failure, code, "cannot write %s: %s", DROP_CACHES, strerror(-code));
}

/* Only clean pages can be dropped, hence the sync. Best effort: what stays makes a send faster. */
static void drop_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)fdatasync(fd);
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	(void)ioctl(fd, BLKFLSBUF, 0); /* of a block device */
	close(fd);
}

/* The file behind a loop device has pages of its own. */
static void drop_backing_file(const char *device)
{
	char attribute[64], path[4096];
	struct stat status;
	FILE *file;

	if (stat(device, &status) || !S_ISBLK(status.st_mode))
		return;
	snprintf(attribute, sizeof(attribute), "/sys/dev/block/%u:%u/loop/backing_file",
		 major(status.st_rdev), minor(status.st_rdev));
	file = fopen(attribute, "re");
	if (!file)
		return;
	if (fgets(path, sizeof(path), file)) {
		path[strcspn(path, "\n")] = '\0';
		drop_file(path);
	}
	fclose(file);
}

int cold_cache_drop(const char *const *devices, size_t count, bool privileged,
		    struct failure *failure)
{
	for (size_t i = 0; i < count; i++) {
		drop_file(devices[i]);
		drop_backing_file(devices[i]);
	}
	return drop_kernel_caches(privileged, failure);
}

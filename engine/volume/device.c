/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reads of one image or block device. Buffered reads leave caching and read-ahead to the kernel.
 * Direct reads go through an aligned window; a read that continues where the window ends fills more
 * of it than was asked for, so that trees and files laid out in order cost few requests.
 */
#include "engine/volume/device.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	WINDOW_BYTES = 1 << 20,
	READ_AHEAD_BYTES = 256 << 10,
	WINDOW_ALIGNMENT = 4096,
};

struct device {
	int fd;
	char *path;
	uint64_t size;

	uint8_t *window; /* NULL for buffered reads */
	uint32_t alignment;
	uint64_t window_start;
	size_t window_length;
};

static int find_size(struct device *device, const struct stat *stat)
{
	if (S_ISREG(stat->st_mode)) {
		device->size = (uint64_t)stat->st_size;
		return 0;
	}
	if (!S_ISBLK(stat->st_mode))
		return -ENOTBLK;
	return ioctl(device->fd, BLKGETSIZE64, &device->size) ? -errno : 0;
}

/*
 * Direct reads are for block devices: the page cache of a device under a mounted filesystem is not
 * kept up to date, that of a regular file (the backing file of a loop device) is.
 */
static int prepare_direct(struct device *device, const struct stat *stat)
{
	int sector;

	if (!S_ISBLK(stat->st_mode))
		return 0;
	if (ioctl(device->fd, BLKSSZGET, &sector))
		return -errno;
	if (sector < 512 || sector > WINDOW_ALIGNMENT)
		return -EINVAL;
	device->alignment = (uint32_t)sector;
	if (fcntl(device->fd, F_SETFL, O_DIRECT))
		return -errno;
	return posix_memalign((void **)&device->window, WINDOW_ALIGNMENT, WINDOW_BYTES) ? -ENOMEM
											: 0;
}

int device_open(const char *path, bool live, struct device **out, struct failure *failure)
{
	struct device *device = calloc(1, sizeof(*device));
	struct stat stat;
	int ret;

	if (!device)
		return failure_set(failure, -ENOMEM, "out of memory opening a device");
	device->path = strdup(path);
	device->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (device->fd < 0 || !device->path) {
		ret = device->path ? -errno : -ENOMEM;
		goto fail;
	}
	if (fstat(device->fd, &stat)) {
		ret = -errno;
		goto fail;
	}
	ret = find_size(device, &stat);
	if (!ret && live)
		ret = prepare_direct(device, &stat);
	if (ret)
		goto fail;
	*out = device;
	return 0;
fail:
	device_close(device);
	return failure_set(failure, ret, "cannot open: %s",
			   ret == -ENOTBLK ? "neither an image file nor a block device"
					   : strerror(-ret));
}

void device_close(struct device *device)
{
	if (!device)
		return;
	if (device->fd >= 0)
		close(device->fd);
	free(device->window);
	free(device->path);
	free(device);
}

uint64_t device_size(const struct device *device)
{
	return device->size;
}

const char *device_path(const struct device *device)
{
	return device->path;
}

void device_forget(struct device *device)
{
	device->window_length = 0;
}

/* pread(2) until @length bytes are there. -ENODATA if the file ends before. */
static int read_fully(const struct device *device, uint64_t offset, uint8_t *buffer, size_t length)
{
	while (length) {
		ssize_t got = pread(device->fd, buffer, length, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			return -ENODATA;
		buffer += got;
		offset += (uint64_t)got;
		length -= (size_t)got;
	}
	return 0;
}

/* Make the window begin at or before @offset and, unless it is too small, reach @length behind it.
 */
static int fill_window(struct device *device, uint64_t offset, size_t length)
{
	uint64_t mask = device->alignment - 1;
	uint64_t start = offset & ~mask;
	uint64_t window_end = device->window_start + device->window_length;
	bool sequential = device->window_length && offset == window_end;
	uint64_t want = offset - start + length;
	int ret;

	if (sequential && want < READ_AHEAD_BYTES)
		want = READ_AHEAD_BYTES;
	want = (want + mask) & ~mask;
	if (want > WINDOW_BYTES)
		want = WINDOW_BYTES;
	/* The size of a device is a multiple of its sector. */
	if (want > device->size - start)
		want = device->size - start;

	device->window_length = 0;
	ret = read_fully(device, start, device->window, want);
	if (ret)
		return ret;
	device->window_start = start;
	device->window_length = want;
	return 0;
}

static int read_direct(struct device *device, uint64_t offset, uint8_t *buffer, size_t length)
{
	while (length) {
		uint64_t window_end = device->window_start + device->window_length;
		size_t chunk;
		int ret;

		if (offset < device->window_start || offset >= window_end) {
			ret = fill_window(device, offset, length);
			if (ret)
				return ret;
			window_end = device->window_start + device->window_length;
		}
		chunk = window_end - offset;
		if (chunk > length)
			chunk = length;
		memcpy(buffer, device->window + (offset - device->window_start), chunk);
		buffer += chunk;
		offset += chunk;
		length -= chunk;
	}
	return 0;
}

int device_read(struct device *device, uint64_t offset, void *buffer, size_t length,
		struct failure *failure)
{
	int ret;

	if (offset > device->size || length > device->size - offset)
		return failure_set(failure, -ENODATA,
				   "read of %zu bytes at %llu: the device ends at %llu", length,
				   (unsigned long long)offset, (unsigned long long)device->size);
	if (device->window)
		ret = read_direct(device, offset, buffer, length);
	else
		ret = read_fully(device, offset, buffer, length);
	if (!ret)
		return 0;
	if (ret != -ENODATA)
		ret = -EIO;
	return failure_set(failure, ret, "read of %zu bytes at %llu: %s", length,
			   (unsigned long long)offset,
			   ret == -EIO ? "input/output error" : "the device ends before");
}

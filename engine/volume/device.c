/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reads of one image or block device. Buffered reads leave caching and read-ahead to the kernel.
 * Direct reads go through aligned windows; a read that goes on about where a window ends fills it
 * with more than was asked for, so that trees and files laid out in order cost few requests. There
 * are several windows because a sender reads leaves, checksums, backrefs and data by turns.
 */
#include "engine/volume/device.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum {
	WINDOWS = 6,
	WINDOW_BYTES = 1 << 20,
	READ_AHEAD_BYTES = 256 << 10,
	MAX_GAP_BYTES = 64 << 10, /* between two reads that still count as sequential */
	WINDOW_ALIGNMENT = 4096,
	DIRECT_MIN_BYTES = 64 << 10, /* from here on the caller's buffer is read into */
};

struct window {
	uint8_t *bytes;
	uint64_t start; /* on the device */
	size_t length;	/* 0: empty */
	uint64_t last_use;
};

struct device {
	int fd;
	char *path;
	uint64_t size;
	uint64_t base; /* where it begins in the file that is read */

	uint8_t *window_bytes; /* of all windows; NULL for buffered reads */
	struct window windows[WINDOWS];
	uint64_t uses;
	uint32_t alignment;
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

/* The file behind the loop device; -1 if it cannot be opened, or is not where its name says. */
static int open_backing_file(const struct loop_info64 *info, dev_t loop)
{
	char name[64], path[PATH_MAX];
	struct stat stat;
	ssize_t length = -1;
	int fd;

	snprintf(name, sizeof(name), "/sys/dev/block/%u:%u/loop/backing_file", major(loop),
		 minor(loop));
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		length = read(fd, path, sizeof(path) - 1);
		close(fd);
	}
	if (length <= 0)
		return -1;
	path[length] = '\0';
	path[strcspn(path, "\n")] = '\0';
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -1;
	if (!fstat(fd, &stat) && S_ISREG(stat.st_mode) && stat.st_dev == info->lo_device &&
	    stat.st_ino == info->lo_inode)
		return fd;
	close(fd);
	return -1;
}

/* True if the device is a loop device and its file is now read in its place. */
static bool take_backing_file(struct device *device, const struct stat *stat)
{
	struct loop_info64 info;
	int fd;

	if (!S_ISBLK(stat->st_mode) || ioctl(device->fd, LOOP_GET_STATUS64, &info) ||
	    (info.lo_flags & LO_FLAGS_DIRECT_IO))
		return false;
	fd = open_backing_file(&info, stat->st_rdev);
	if (fd < 0)
		return false;
	close(device->fd);
	device->fd = fd;
	device->base = info.lo_offset;
	return true;
}

/*
 * Direct reads are for block devices: the page cache of a device under a mounted filesystem is not
 * kept up to date, that of a regular file (the backing file of a loop device) is.
 */
static int prepare_direct(struct device *device, const struct stat *stat)
{
	int sector, i;

	if (!S_ISBLK(stat->st_mode))
		return 0;
	if (ioctl(device->fd, BLKSSZGET, &sector))
		return -errno;
	if (sector < 512 || sector > WINDOW_ALIGNMENT)
		return -EINVAL;
	device->alignment = (uint32_t)sector;
	if (fcntl(device->fd, F_SETFL, O_DIRECT))
		return -errno;
	if (posix_memalign((void **)&device->window_bytes, WINDOW_ALIGNMENT,
			   WINDOWS * WINDOW_BYTES))
		return -ENOMEM;
	for (i = 0; i < WINDOWS; i++)
		device->windows[i].bytes = device->window_bytes + (size_t)i * WINDOW_BYTES;
	return 0;
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
	if (!ret && live && !take_backing_file(device, &stat))
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
	free(device->window_bytes);
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
	int i;

	for (i = 0; i < WINDOWS; i++)
		device->windows[i].length = 0;
}

/* pread(2) until @length bytes are there. -ENODATA if the file ends before. */
static int read_fully(const struct device *device, uint64_t offset, uint8_t *buffer, size_t length)
{
	while (length) {
		ssize_t got = pread(device->fd, buffer, length, (off_t)(device->base + offset));

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

static uint64_t window_end(const struct window *window)
{
	return window->start + window->length;
}

static bool window_holds(const struct window *window, uint64_t offset)
{
	return offset >= window->start && offset < window_end(window);
}

static bool is_sequential(const struct window *window, uint64_t offset)
{
	return window->length && offset >= window_end(window) &&
	       offset - window_end(window) <= MAX_GAP_BYTES;
}

/* The window that holds @offset, else the one to fill: that which ends there, or the longest
 * unused. */
static struct window *choose_window(struct device *device, uint64_t offset)
{
	struct window *sequential = NULL, *oldest = &device->windows[0];
	int i;

	for (i = 0; i < WINDOWS; i++) {
		struct window *window = &device->windows[i];

		if (window_holds(window, offset))
			return window;
		if (is_sequential(window, offset))
			sequential = window;
		if (window->last_use < oldest->last_use)
			oldest = window;
	}
	return sequential ? sequential : oldest;
}

/* Read @want bytes at the aligned @start, as far as window and device reach. */
static int read_window(const struct device *device, struct window *window, uint64_t start,
		       uint64_t want)
{
	uint64_t mask = device->alignment - 1;
	int ret;

	want = (want + mask) & ~mask;
	if (want > WINDOW_BYTES)
		want = WINDOW_BYTES;
	/* The size of a device is a multiple of its sector. */
	if (want > device->size - start)
		want = device->size - start;

	window->length = 0;
	ret = read_fully(device, start, window->bytes, want);
	if (ret)
		return ret;
	window->start = start;
	window->length = want;
	return 0;
}

/* Make @window begin at or before @offset and, unless it is too small, reach @length behind it. */
static int fill_window(const struct device *device, struct window *window, uint64_t offset,
		       size_t length)
{
	uint64_t start = offset & ~(uint64_t)(device->alignment - 1);
	uint64_t want = offset - start + length;

	/* A bad sector further on is no error yet. */
	if (is_sequential(window, offset) && want < READ_AHEAD_BYTES &&
	    !read_window(device, window, start, READ_AHEAD_BYTES))
		return 0;
	return read_window(device, window, start, want);
}

static int read_direct(struct device *device, uint64_t offset, uint8_t *buffer, size_t length)
{
	uint64_t unaligned = offset | length | (uintptr_t)buffer;

	if (length >= DIRECT_MIN_BYTES && !(unaligned & (WINDOW_ALIGNMENT - 1)))
		return read_fully(device, offset, buffer, length);
	while (length) {
		struct window *window = choose_window(device, offset);
		size_t part;
		int ret;

		if (!window_holds(window, offset)) {
			ret = fill_window(device, window, offset, length);
			if (ret)
				return ret;
		}
		window->last_use = ++device->uses;
		part = window_end(window) - offset;
		if (part > length)
			part = length;
		memcpy(buffer, window->bytes + (offset - window->start), part);
		buffer += part;
		offset += part;
		length -= part;
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
	if (device->window_bytes)
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

int device_read_at(const struct device *device, uint64_t offset, void *buffer, size_t length)
{
	if (offset > device->size || length > device->size - offset)
		return -ENODATA;
	return read_fully(device, offset, buffer, length);
}

int device_file(const struct device *device, uint64_t offset, uint64_t *place)
{
	*place = device->base + offset;
	return device->window_bytes ? -1 : device->fd;
}

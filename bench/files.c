/* SPDX-License-Identifier: GPL-2.0 */
#include "bench/files.h"

#include <err.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

static uint64_t random_state;

void random_seed(uint64_t seed)
{
	random_state = seed;
}

/* splitmix64: any state is a good one, so a part's seed can be its number. */
static uint64_t random_next(void)
{
	uint64_t z = random_state += 0x9e3779b97f4a7c15ull;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

uint64_t random_below(uint64_t limit)
{
	return random_next() % limit;
}

const char *name_of(char name[NAME_SIZE], const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(name, NAME_SIZE, format, arguments);
	va_end(arguments);
	if (length < 0 || length >= NAME_SIZE)
		errx(1, "name too long: %s...", name);
	return name;
}

void make_directory(const char *path)
{
	if (mkdir(path, 0755))
		err(1, "mkdir %s", path);
}

void move(const char *from, const char *to)
{
	if (rename(from, to))
		err(1, "rename %s to %s", from, to);
}

void delete_file(const char *path)
{
	if (unlink(path))
		err(1, "unlink %s", path);
}

void delete_folder(const char *path)
{
	if (rmdir(path))
		err(1, "rmdir %s", path);
}

void set_attribute(const char *path, const char *name, const void *value, size_t length)
{
	if (setxattr(path, name, value, length, 0))
		err(1, "setxattr %s of %s", name, path);
}

int open_file(const char *path, int flags)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | flags, 0644);

	if (fd < 0)
		err(1, "open %s", path);
	return fd;
}

static void write_at(int fd, const void *data, size_t length, uint64_t offset)
{
	const char *next = data;

	while (length) {
		ssize_t written = pwrite(fd, next, length, (off_t)offset);

		if (written <= 0)
			err(1, "write of %zu bytes at %llu", length, (unsigned long long)offset);
		next += written;
		offset += (uint64_t)written;
		length -= (size_t)written;
	}
}

void write_extent(int fd, uint64_t length, uint64_t offset)
{
	static _Alignas(4096) uint64_t buffer[MIB / sizeof(uint64_t)];
	ssize_t written;

	if (length > sizeof(buffer))
		errx(1, "an extent of %llu bytes", (unsigned long long)length);
	for (size_t i = 0; i < length / sizeof(buffer[0]); i++)
		buffer[i] = random_next();
	/* In two writes it would be two extents. */
	written = pwrite(fd, buffer, length, (off_t)offset);
	if (written < 0)
		err(1, "write of %llu bytes", (unsigned long long)length);
	if ((uint64_t)written != length)
		errx(1, "write: have %zd expect %llu bytes", written, (unsigned long long)length);
}

void write_noise(int fd, uint64_t length, uint64_t offset)
{
	static uint64_t buffer[64 * KIB / sizeof(uint64_t)];

	while (length) {
		size_t part = length < sizeof(buffer) ? length : sizeof(buffer);

		for (size_t i = 0; i < (part + 7) / 8; i++)
			buffer[i] = random_next();
		write_at(fd, buffer, part, offset);
		offset += part;
		length -= part;
	}
}

void write_lines(int fd, uint64_t length, uint64_t offset)
{
	static const char *const words[] = {"accepted", "connection", "from", "storage", "flushed",
					    "worker",	"retry",      "took", "session", "closed"};
	char buffer[8 * KIB];
	size_t filled = 0;

	while (length) {
		while (filled < sizeof(buffer) - 64) {
			const char *word = words[random_below(10)];
			int size =
				snprintf(buffer + filled, 64, "%08llx %s %s %u\n",
					 (unsigned long long)(random_next() >> 36), word,
					 words[random_below(10)], (unsigned int)random_below(5000));

			filled += (size_t)size;
		}
		if (filled > length)
			filled = length;
		write_at(fd, buffer, filled, offset);
		offset += filled;
		length -= filled;
		filled = 0;
	}
}

void make_noise_file(const char *path, uint64_t length)
{
	int fd = open_file(path, O_CREAT | O_TRUNC);

	write_noise(fd, length, 0);
	close(fd);
}

void make_text_file(const char *path, uint64_t length)
{
	int fd = open_file(path, O_CREAT | O_TRUNC);

	write_lines(fd, length, 0);
	close(fd);
}

void reflink(const char *from, uint64_t from_offset, uint64_t length, const char *to,
	     uint64_t to_offset)
{
	int source = open_file(from, 0);
	int target = open_file(to, O_CREAT);
	struct file_clone_range range = {
		.src_fd = source,
		.src_offset = from_offset,
		.src_length = length,
		.dest_offset = to_offset,
	};

	if (ioctl(target, FICLONERANGE, &range))
		err(1, "reflink %s to %s", from, to);
	close(target);
	close(source);
}

void allocate(const char *path, int mode, uint64_t offset, uint64_t length)
{
	int fd = open_file(path, O_CREAT);

	if (fallocate(fd, mode, (off_t)offset, (off_t)length))
		err(1, "fallocate %s", path);
	close(fd);
}

void punch(const char *path, uint64_t offset, uint64_t length)
{
	allocate(path, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length);
}

void overwrite_blocks(const char *path, uint64_t length, unsigned int count)
{
	int fd = open_file(path, 0);

	for (unsigned int i = 0; i < count; i++)
		write_noise(fd, 16 * KIB, random_below(length / (16 * KIB)) * 16 * KIB);
	close(fd);
}

/* Open the folder that @path is in, or would be; *@name is its last part. */
static int open_parent(const char *path, const char **name)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash ? strndup(path, (size_t)(slash - path)) : strdup(".");
	int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (fd < 0)
		err(1, "open the folder of %s", path);
	free(folder);
	*name = slash ? slash + 1 : path;
	return fd;
}

static int open_folder(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		err(1, "open %s", path);
	return fd;
}

void make_subvolume(const char *path)
{
	struct btrfs_ioctl_vol_args arguments = {0};
	const char *name;
	int fd = open_parent(path, &name);

	snprintf(arguments.name, sizeof(arguments.name), "%s", name);
	if (ioctl(fd, BTRFS_IOC_SUBVOL_CREATE, &arguments))
		err(1, "create subvolume %s", path);
	close(fd);
}

void make_snapshot(const char *subvolume, const char *path)
{
	struct btrfs_ioctl_vol_args_v2 arguments = {.flags = BTRFS_SUBVOL_RDONLY};
	const char *name;
	int fd = open_parent(path, &name);
	int source = open_folder(subvolume);

	arguments.fd = source;
	snprintf(arguments.name, sizeof(arguments.name), "%s", name);
	if (ioctl(fd, BTRFS_IOC_SNAP_CREATE_V2, &arguments))
		err(1, "snapshot %s of %s", path, subvolume);
	close(source);
	close(fd);
}

void make_read_only(const char *subvolume)
{
	int fd = open_folder(subvolume);
	uint64_t flags = BTRFS_SUBVOL_RDONLY;

	/* What is dirty could not be told from what was written after. */
	if (syncfs(fd) || ioctl(fd, BTRFS_IOC_SUBVOL_SETFLAGS, &flags))
		err(1, "make %s read-only", subvolume);
	close(fd);
}

void balance(const char *path)
{
	struct btrfs_ioctl_balance_args arguments = {
		.flags = BTRFS_BALANCE_DATA | BTRFS_BALANCE_METADATA | BTRFS_BALANCE_SYSTEM |
			 BTRFS_BALANCE_FORCE,
	};
	int fd = open_folder(path);

	if (ioctl(fd, BTRFS_IOC_BALANCE_V2, &arguments))
		err(1, "balance");
	close(fd);
}

void commit(const char *path)
{
	int fd = open_folder(path);

	if (syncfs(fd) || ioctl(fd, BTRFS_IOC_SYNC))
		err(1, "sync %s", path);
	close(fd);
}

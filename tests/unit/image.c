/* SPDX-License-Identifier: GPL-2.0 */
#include "tests/unit/image.h"

#include "engine/volume/csum.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_ARGUMENTS = 32, MAX_COPIES = 4, MAX_DEVICES = 8 };

void image_init(struct image *image)
{
	const char *parent = getenv("TMPDIR");

	if (!parent || strlen(parent) > 32)
		parent = "/tmp";
	snprintf(image->folder, sizeof(image->folder), "%s/sendprof-image-XXXXXX", parent);
	assert_non_null(mkdtemp(image->folder));
	snprintf(image->source, sizeof(image->source), "%s/source", image->folder);
	snprintf(image->path, sizeof(image->path), "%s/image", image->folder);
	assert_int_equal(mkdir(image->source, 0755), 0);
}

static int remove_entry(const char *path, const struct stat *stat, int type, struct FTW *where)
{
	(void)stat;
	(void)type;
	(void)where;
	return remove(path);
}

void image_release(struct image *image)
{
	assert_int_equal(nftw(image->folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS), 0);
}

/* Make the folders of @path below the source, all but the last component. */
static void make_parents(const struct image *image, char *path)
{
	char *slash = path + strlen(image->source) + 1;

	while ((slash = strchr(slash, '/'))) {
		*slash = '\0';
		if (mkdir(path, 0755))
			assert_int_equal(errno, EEXIST);
		*slash++ = '/';
	}
}

void image_add_file(const struct image *image, const char *name, const void *data, size_t length)
{
	char path[4096];
	int fd;

	assert_in_range(snprintf(path, sizeof(path), "%s/%s", image->source, name), 1,
			sizeof(path) - 1);
	make_parents(image, path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_return_code(fd, errno);
	assert_int_equal(write(fd, data, length), length);
	close(fd);
}

void image_add_folder(const struct image *image, const char *name)
{
	char path[4096];

	assert_in_range(snprintf(path, sizeof(path), "%s/%s/", image->source, name), 1,
			sizeof(path) - 1);
	make_parents(image, path);
}

void image_add_many_files(const struct image *image, unsigned int count)
{
	static const uint8_t data[2000];
	unsigned int i;
	char name[64];

	for (i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "many/%u/file-%u", i % 16, i);
		image_add_file(image, name, data, i * 37 % sizeof(data));
	}
}

struct image image_device(const struct image *image, unsigned int number)
{
	struct image device = *image;

	assert_in_range(number, 1, MAX_DEVICES);
	if (number > 1)
		snprintf(device.path, sizeof(device.path), "%s/device-%c", image->folder,
			 '0' + (int)number);
	return device;
}

/* In the child: never returns. 127 says that there is no mkfs.btrfs. */
static void exec_mkfs(const struct image *image, char *options, unsigned int devices)
{
	char *arguments[MAX_ARGUMENTS] = {"mkfs.btrfs", "-q"};
	struct image others[MAX_DEVICES];
	unsigned int number;
	int count = 2, log;
	char path[4096], log_path[96];
	char *word;

	if (!devices) {
		arguments[count++] = "--rootdir";
		arguments[count++] = (char *)image->source;
	}
	for (word = strtok(options, " "); word && count < MAX_ARGUMENTS - MAX_DEVICES - 1;
	     word = strtok(NULL, " "))
		arguments[count++] = word;
	arguments[count++] = (char *)image->path;
	for (number = 2; number <= devices; number++) {
		others[number - 1] = image_device(image, number);
		arguments[count++] = others[number - 1].path;
	}
	/* It is no secret to root only, but not on every user's PATH. */
	snprintf(path, sizeof(path), "%s:/usr/sbin:/sbin", getenv("PATH") ?: "/usr/bin:/bin");
	setenv("PATH", path, 1);
	snprintf(log_path, sizeof(log_path), "%s/log", image->folder);
	log = open(log_path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (log < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0)
		_exit(126);
	execvp(arguments[0], arguments);
	_exit(errno == ENOENT ? 127 : 126);
}

static void show_log(const struct image *image)
{
	char line[512], path[96];
	FILE *log;

	snprintf(path, sizeof(path), "%s/log", image->folder);
	log = fopen(path, "r");
	while (log && fgets(line, sizeof(line), log))
		print_error("mkfs.btrfs: %s", line);
	if (log)
		fclose(log);
}

/* @devices: 0 for one that is filled from the source. */
static void run_mkfs(const struct image *image, const char *options, unsigned int devices)
{
	char *words = strdup(options);
	int status;
	pid_t child;

	assert_non_null(words);
	child = fork();
	assert_return_code(child, errno);
	if (child == 0)
		exec_mkfs(image, words, devices);
	free(words);
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127) {
		print_message("mkfs.btrfs is not installed\n");
		skip();
	}
	if (status)
		show_log(image);
	assert_int_equal(status, 0);
}

void image_make(const struct image *image, const char *options)
{
	run_mkfs(image, options, 0);
}

void image_make_several(const struct image *image, const char *options, unsigned int count,
			uint64_t size)
{
	unsigned int number;

	assert_in_range(count, 1, MAX_DEVICES);
	for (number = 1; number <= count; number++) {
		const struct image device = image_device(image, number);
		int fd = open(device.path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

		assert_return_code(fd, errno);
		assert_int_equal(ftruncate(fd, (off_t)size), 0);
		close(fd);
	}
	run_mkfs(image, options, count);
}

void image_open(const struct image *image, const struct volume_options *options,
		struct volume **volume)
{
	struct failure failure = {0};

	volume_close(*volume);
	*volume = NULL;
	if (volume_open(image->path, options, volume, &failure))
		fail_msg("cannot open: %s", failure.text);
}

static int open_image(const struct image *image, int flags)
{
	int fd = open(image->path, flags | O_CLOEXEC);

	assert_return_code(fd, errno);
	return fd;
}

void image_read(const struct image *image, uint64_t offset, void *buffer, size_t length)
{
	int fd = open_image(image, O_RDONLY);

	assert_int_equal(pread(fd, buffer, length, (off_t)offset), length);
	close(fd);
}

void image_write(const struct image *image, uint64_t offset, const void *buffer, size_t length)
{
	int fd = open_image(image, O_WRONLY);

	assert_int_equal(pwrite(fd, buffer, length, (off_t)offset), length);
	close(fd);
}

void image_flip_byte(const struct image *image, uint64_t offset)
{
	uint8_t byte;

	image_read(image, offset, &byte, 1);
	byte ^= 0x40;
	image_write(image, offset, &byte, 1);
}

void image_truncate(const struct image *image, uint64_t length)
{
	assert_int_equal(truncate(image->path, (off_t)length), 0);
}

uint64_t image_size(const struct image *image)
{
	struct stat stat_buffer;

	assert_int_equal(stat(image->path, &stat_buffer), 0);
	return (uint64_t)stat_buffer.st_size;
}

size_t image_find_block(const struct image *image, uint64_t bytenr, uint64_t *offsets, size_t max)
{
	struct btrfs_super_block super;
	struct btrfs_header header;
	int fd = open_image(image, O_RDONLY);
	size_t found = 0;
	off_t at = 0;

	image_read(image, BTRFS_SUPER_INFO_OFFSET, &super, sizeof(super));
	while ((at = lseek(fd, at, SEEK_DATA)) >= 0) {
		at = at / 4096 * 4096;
		if (pread(fd, &header, sizeof(header), at) == sizeof(header) &&
		    from_le64(header.bytenr) == bytenr && at != BTRFS_SUPER_INFO_OFFSET &&
		    !memcmp(header.fsid, super.fsid, sizeof(header.fsid))) {
			if (found < max)
				offsets[found] = (uint64_t)at;
			found++;
		}
		at += 4096;
	}
	close(fd);
	return found;
}

static void seal(uint8_t *block, size_t length)
{
	put_le32(block, ~crc32c(~0u, block + BTRFS_CSUM_SIZE, length - BTRFS_CSUM_SIZE));
}

void image_write_super(const struct image *image, uint64_t offset, struct btrfs_super_block *super)
{
	seal((uint8_t *)super, sizeof(*super));
	image_write(image, offset, super, sizeof(*super));
}

void image_write_block(const struct image *image, uint64_t offset, uint8_t *block, size_t nodesize)
{
	seal(block, nodesize);
	image_write(image, offset, block, nodesize);
}

static void fill_leaf(uint8_t *block, size_t nodesize, const struct image_item *items, size_t count)
{
	struct btrfs_header *header = (struct btrfs_header *)block;
	struct btrfs_item *item = (struct btrfs_item *)(header + 1);
	size_t data = nodesize - sizeof(*header);
	size_t i;

	memset(header + 1, 0, data);
	put_le32(&header->nritems, (uint32_t)count);
	header->level = 0;
	for (i = 0; i < count; i++, item++) {
		assert_true((i + 1) * sizeof(*item) + items[i].size <= data);
		data -= items[i].size;
		put_le64(&item->key.objectid, items[i].objectid);
		item->key.type = items[i].type;
		put_le64(&item->key.offset, items[i].offset);
		put_le32(&item->offset, (uint32_t)data);
		put_le32(&item->size, items[i].size);
		memcpy(block + sizeof(*header) + data, items[i].data, items[i].size);
	}
}

void image_write_leaf(const struct image *image, uint64_t bytenr, const struct image_item *items,
		      size_t count)
{
	uint64_t offsets[MAX_COPIES];
	struct btrfs_super_block super;
	size_t copies = image_find_block(image, bytenr, offsets, MAX_COPIES), i, nodesize;
	uint8_t *block;

	assert_in_range(copies, 1, MAX_COPIES);
	image_read(image, BTRFS_SUPER_INFO_OFFSET, &super, sizeof(super));
	nodesize = from_le32(super.nodesize);
	block = malloc(nodesize);
	assert_non_null(block);
	for (i = 0; i < copies; i++) {
		image_read(image, offsets[i], block, nodesize);
		fill_leaf(block, nodesize, items, count);
		image_write_block(image, offsets[i], block, nodesize);
	}
	free(block);
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * fsop: filesystem operations that shell tools lack or do slowly. "fsop OPERATION ARGUMENT..." does
 * one, "fsop batch" reads one a line from standard input. In every argument \xHH stands for a byte,
 * so names and values may hold anything; sizes may end in K, M or G. Data that is written depends
 * on the seed only.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define MAX_ARGUMENTS 6
#define DATA_CHUNK    (1024 * 1024)

/* A decoded argument: NUL-terminated, but may hold NULs itself. */
struct argument {
	char *text;
	size_t length;
};

static int64_t number(const struct argument *argument)
{
	char *end;
	int64_t value = strtoll(argument->text, &end, 0);
	const char *suffix = *end ? strchr("KMG", *end) : NULL;

	if (end == argument->text || (*end && (!suffix || end[1])))
		errx(2, "%s: not a number", argument->text);
	return suffix ? value << (10 * (int)(strchr("KMG", *end) - "KMG" + 1)) : value;
}

/* ---- data ---- */

/* What a byte of written data is made from: uncompressible, words, or one byte repeated. */
enum pattern { PATTERN_RANDOM, PATTERN_TEXT, PATTERN_BYTE };

static void fill_random(char *data, size_t length, uint64_t *state)
{
	for (size_t i = 0; i < length; i++) {
		*state ^= *state << 13;
		*state ^= *state >> 7;
		*state ^= *state << 17;
		data[i] = (char)(*state >> 32);
	}
}

/* Lines of few words with a running number: every compressor shortens it, none to nothing. */
static void fill_text(char *data, size_t length, uint64_t *state)
{
	static const char *const words[] = {"extent ", "leaf ", "node ", "subvolume ", "snapshot "};
	size_t used = 0;

	while (used < length) {
		char line[64];
		int written = snprintf(line, sizeof(line), "%s%s%llu\n", words[*state % 5],
				       words[*state / 5 % 5], (unsigned long long)*state % 9973);
		size_t room = length - used;

		memcpy(data + used, line, (size_t)written < room ? (size_t)written : room);
		used += (size_t)written;
		*state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
	}
}

static int write_pattern(const struct argument *arg, enum pattern pattern)
{
	int64_t offset = number(&arg[1]), left = number(&arg[2]);
	uint64_t state = (uint64_t)number(&arg[3]) * 2654435761u + 88172645463325252ULL;
	int fd = open(arg[0].text, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	static char data[DATA_CHUNK];
	int result = 0;

	if (fd < 0)
		return -1;
	while (left > 0 && result == 0) {
		size_t length = left < DATA_CHUNK ? (size_t)left : DATA_CHUNK;

		if (pattern == PATTERN_RANDOM)
			fill_random(data, length, &state);
		else if (pattern == PATTERN_TEXT)
			fill_text(data, length, &state);
		else
			memset(data, (int)number(&arg[3]), length);
		if (pwrite(fd, data, length, offset) != (ssize_t)length)
			result = -1;
		offset += (int64_t)length;
		left -= (int64_t)length;
	}
	if (close(fd) < 0)
		result = -1;
	return result;
}

static int op_write(const struct argument *arg)
{
	return write_pattern(arg, PATTERN_RANDOM);
}

static int op_text(const struct argument *arg)
{
	return write_pattern(arg, PATTERN_TEXT);
}

static int op_fill(const struct argument *arg)
{
	return write_pattern(arg, PATTERN_BYTE);
}

static int op_truncate(const struct argument *arg)
{
	int fd = open(arg[0].text, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	int result = fd < 0 ? -1 : ftruncate(fd, number(&arg[1]));

	if (fd >= 0)
		close(fd);
	return result;
}

static int op_fsync(const struct argument *arg)
{
	int fd = open(arg[0].text, O_RDONLY | O_CLOEXEC);
	int result = fd < 0 ? -1 : fsync(fd);

	if (fd >= 0)
		close(fd);
	return result;
}

static int allocate(const struct argument *arg, int mode)
{
	int fd = open(arg[0].text, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	int result = fd < 0 ? -1 : fallocate(fd, mode, number(&arg[1]), number(&arg[2]));

	if (fd >= 0)
		close(fd);
	return result;
}

static int op_prealloc(const struct argument *arg)
{
	return allocate(arg, 0);
}

static int op_prealloc_keep(const struct argument *arg)
{
	return allocate(arg, FALLOC_FL_KEEP_SIZE);
}

static int op_punch(const struct argument *arg)
{
	return allocate(arg, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE);
}

static int op_zero(const struct argument *arg)
{
	return allocate(arg, FALLOC_FL_ZERO_RANGE);
}

/* ---- shared extents ---- */

static int op_clone(const struct argument *arg)
{
	struct file_clone_range range = {
		.src_offset = (uint64_t)number(&arg[1]),
		.src_length = (uint64_t)number(&arg[2]),
		.dest_offset = (uint64_t)number(&arg[4]),
	};
	int from = open(arg[0].text, O_RDONLY | O_CLOEXEC);
	int to = open(arg[3].text, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	int result = -1;

	range.src_fd = from;
	if (from >= 0 && to >= 0)
		result = ioctl(to, FICLONERANGE, &range);
	if (from >= 0)
		close(from);
	if (to >= 0)
		close(to);
	return result;
}

static int dedupe(int from, int to, const struct argument *arg)
{
	struct {
		struct file_dedupe_range range;
		struct file_dedupe_range_info info;
	} request = {
		.range = {.src_offset = (uint64_t)number(&arg[1]),
			  .src_length = (uint64_t)number(&arg[2]),
			  .dest_count = 1},
		.info = {.dest_fd = to, .dest_offset = (uint64_t)number(&arg[4])},
	};

	if (ioctl(from, FIDEDUPERANGE, &request) < 0)
		return -1;
	if (request.info.status == FILE_DEDUPE_RANGE_SAME &&
	    request.info.bytes_deduped == request.range.src_length)
		return 0;
	errno = request.info.status < 0 ? -request.info.status : EUCLEAN;
	return -1;
}

static int op_dedupe(const struct argument *arg)
{
	int from = open(arg[0].text, O_RDONLY | O_CLOEXEC);
	int to = open(arg[3].text, O_RDWR | O_CLOEXEC);
	int result = from < 0 || to < 0 ? -1 : dedupe(from, to, arg);

	if (from >= 0)
		close(from);
	if (to >= 0)
		close(to);
	return result;
}

/* ---- names ---- */

static int op_mkdir(const struct argument *arg)
{
	return mkdir(arg[0].text, 0755);
}

static int op_rmdir(const struct argument *arg)
{
	return rmdir(arg[0].text);
}

static int op_create(const struct argument *arg)
{
	int fd = open(arg[0].text, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	return fd < 0 ? -1 : close(fd);
}

static int op_socket(const struct argument *arg)
{
	return mknod(arg[0].text, S_IFSOCK | 0755, 0);
}

static int op_rename(const struct argument *arg)
{
	return rename(arg[0].text, arg[1].text);
}

static int op_exchange(const struct argument *arg)
{
	return renameat2(AT_FDCWD, arg[0].text, AT_FDCWD, arg[1].text, RENAME_EXCHANGE);
}

static int op_link(const struct argument *arg)
{
	return link(arg[0].text, arg[1].text);
}

static int op_unlink(const struct argument *arg)
{
	return unlink(arg[0].text);
}

static int op_symlink(const struct argument *arg)
{
	return symlink(arg[0].text, arg[1].text);
}

/* ---- attributes ---- */

static int op_setxattr(const struct argument *arg)
{
	return lsetxattr(arg[0].text, arg[1].text, arg[2].text, arg[2].length, 0);
}

static int op_removexattr(const struct argument *arg)
{
	return lremovexattr(arg[0].text, arg[1].text);
}

/* atime and mtime, each seconds (may be negative) and nanoseconds */
static int op_utimes(const struct argument *arg)
{
	const struct timespec times[2] = {
		{.tv_sec = number(&arg[1]), .tv_nsec = number(&arg[2])},
		{.tv_sec = number(&arg[3]), .tv_nsec = number(&arg[4])},
	};

	return utimensat(AT_FDCWD, arg[0].text, times, AT_SYMLINK_NOFOLLOW);
}

/* Prints inode number and generation, as a temporary name of a stream carries them. */
static int op_generation(const struct argument *arg)
{
	int fd = open(arg[0].text, O_RDONLY | O_CLOEXEC);
	struct stat status;
	long generation = 0;

	if (fd < 0)
		return -1;
	if (fstat(fd, &status) < 0 || ioctl(fd, FS_IOC_GETVERSION, &generation) < 0) {
		close(fd);
		return -1;
	}
	printf("%ju-%u\n", (uintmax_t)status.st_ino, (unsigned int)generation);
	return close(fd);
}

#define QUOTA_ENABLE_SIMPLE 4 /* since Linux 6.7; older headers lack the name */

static int op_simple_quota(const struct argument *arg)
{
	struct btrfs_ioctl_quota_ctl_args args = {.cmd = QUOTA_ENABLE_SIMPLE};
	int fd = open(arg[0].text, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int result = fd < 0 ? -1 : ioctl(fd, BTRFS_IOC_QUOTA_CTL, &args);

	if (fd >= 0)
		close(fd);
	return result;
}

/* ---- operations by name ---- */

static const struct operation {
	const char *name;
	int count;
	int (*run)(const struct argument *arg); /* 0, or -1 with errno set */
	const char *arguments;
} operations[] = {
	{"write", 4, op_write, "FILE OFFSET LENGTH SEED"},
	{"text", 4, op_text, "FILE OFFSET LENGTH SEED"},
	{"fill", 4, op_fill, "FILE OFFSET LENGTH BYTE"},
	{"truncate", 2, op_truncate, "FILE SIZE"},
	{"fsync", 1, op_fsync, "FILE"},
	{"prealloc", 3, op_prealloc, "FILE OFFSET LENGTH"},
	{"prealloc-keep", 3, op_prealloc_keep, "FILE OFFSET LENGTH"},
	{"punch", 3, op_punch, "FILE OFFSET LENGTH"},
	{"zero", 3, op_zero, "FILE OFFSET LENGTH"},
	{"clone", 5, op_clone, "SOURCE OFFSET LENGTH FILE OFFSET"},
	{"dedupe", 5, op_dedupe, "SOURCE OFFSET LENGTH FILE OFFSET"},
	{"mkdir", 1, op_mkdir, "DIRECTORY"},
	{"rmdir", 1, op_rmdir, "DIRECTORY"},
	{"create", 1, op_create, "FILE"},
	{"socket", 1, op_socket, "FILE"},
	{"rename", 2, op_rename, "OLD NEW"},
	{"exchange", 2, op_exchange, "ONE OTHER"},
	{"link", 2, op_link, "OLD NEW"},
	{"unlink", 1, op_unlink, "FILE"},
	{"symlink", 2, op_symlink, "TARGET LINK"},
	{"setxattr", 3, op_setxattr, "FILE NAME VALUE"},
	{"removexattr", 2, op_removexattr, "FILE NAME"},
	{"utimes", 5, op_utimes, "FILE ATIME NSEC MTIME NSEC"},
	{"generation", 1, op_generation, "FILE"},
	{"simple-quota", 1, op_simple_quota, "MOUNTPOINT"},
};

static void decode(const char *text, struct argument *argument)
{
	char *out = argument->text = malloc(strlen(text) + 1);

	if (!out)
		err(1, "argument");
	while (*text) {
		unsigned int byte;

		if (text[0] == '\\' && text[1] == 'x' && sscanf(text + 2, "%2x", &byte) == 1) {
			*out++ = (char)byte;
			text += 4;
		} else {
			*out++ = *text++;
		}
	}
	*out = '\0';
	argument->length = (size_t)(out - argument->text);
}

static void run_operation(int count, char **words)
{
	struct argument arguments[MAX_ARGUMENTS] = {0};
	const size_t total = sizeof(operations) / sizeof(operations[0]);
	size_t i;

	for (i = 0; i < total && strcmp(operations[i].name, words[0]) != 0; i++)
		;
	if (i == total)
		errx(2, "%s: no such operation", words[0]);
	if (count - 1 != operations[i].count)
		errx(2, "usage: fsop %s %s", operations[i].name, operations[i].arguments);
	for (int n = 1; n < count; n++)
		decode(words[n], &arguments[n - 1]);
	if (operations[i].run(arguments) < 0)
		err(1, "%s %s %s", words[0], words[1], count > 2 ? words[2] : "");
	for (int n = 1; n < count; n++)
		free(arguments[n - 1].text);
}

static void run_batch(void)
{
	char *line = NULL, *words[MAX_ARGUMENTS + 1];
	size_t room = 0;

	while (getline(&line, &room, stdin) >= 0) {
		int count = 0;

		for (char *word = strtok(line, " \t\n"); word; word = strtok(NULL, " \t\n")) {
			if (count > MAX_ARGUMENTS)
				errx(2, "%s: too many arguments", words[0]);
			words[count++] = word;
		}
		if (count > 0 && words[0][0] != '#')
			run_operation(count, words);
	}
	free(line);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: fsop OPERATION ARGUMENT... | fsop batch <FILE\n");
		for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
			fprintf(stderr, "  %s %s\n", operations[i].name, operations[i].arguments);
		return 2;
	}
	if (strcmp(argv[1], "batch") == 0)
		run_batch();
	else if (argc - 1 > MAX_ARGUMENTS + 1)
		errx(2, "%s: too many arguments", argv[1]);
	else
		run_operation(argc - 1, argv + 1);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Read files through the engine:
 *
 *	readfile [-l] [-v] IMAGE SUBVOLUME INO > bytes
 *	readfile [-l] [-v] [-n RANGES] [-s SEED] -c IMAGE SUBVOLUME < list
 *
 * The second form compares with the same files on a mount: each line of the list is an inode number
 * and a path. Each file is compared whole, in requests as a sender makes them, and then at RANGES
 * random places, and named on stdout before the next line is read. -l: the device is mounted and
 *being written. -v: counters on stderr.
 *
 * Exit status: 0; 1 a file differs; 2 usage, or the machine's fault; 3 the engine failed, and its
 * message is on stderr.
 */
#include "engine/fs/file_data.h"
#include "engine/fs/inode.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SEND_BYTES = 48 * 1024, RANGE_MAX = 300 * 1024 };

enum status { SAME, DIFFERENT, USAGE, ENGINE_FAILED };

struct options {
	bool live, verbose, compare;
	unsigned int ranges;
	uint64_t seed;
};

struct session {
	struct options options;
	struct volume *volume;
	struct root *root;
	struct file_data *reader;
	uint64_t random;
};

static uint64_t next_random(struct session *session)
{
	session->random ^= session->random << 13;
	session->random ^= session->random >> 7;
	session->random ^= session->random << 17;
	return session->random;
}

static enum status engine_failed(const struct session *session)
{
	fprintf(stderr, "readfile: %s\n", volume_failure(session->volume)->text);
	return ENGINE_FAILED;
}

static enum status open_session(struct session *session, const char *image, const char *subvolume)
{
	const struct volume_options options = {.live = session->options.live};
	struct failure failure = {0};
	struct subvolume_info info;

	if (volume_open(image, &options, &session->volume, &failure)) {
		fprintf(stderr, "readfile: %s\n", failure.text);
		return ENGINE_FAILED;
	}
	if (volume_find_subvolume(session->volume, subvolume, &info) ||
	    root_get(session->volume, info.id, &session->root) ||
	    file_data_new(session->volume, &session->reader))
		return engine_failed(session);
	session->random = session->options.seed * 2 + 1;
	return SAME;
}

static void close_session(struct session *session)
{
	struct volume_counters counters;

	if (session->volume && session->options.verbose) {
		volume_get_counters(session->volume, &counters);
		/* A commit taken up while reading begins an epoch. */
		fprintf(stderr,
			"read %" PRIu64 " verified %" PRIu64 " bad %" PRIu64 " commits %u\n",
			counters.bytes_read, counters.data_bytes_verified, counters.bad_copies,
			session->volume->epoch - 1);
	}
	file_data_free(session->reader);
	volume_close(session->volume);
}

static enum status print_file(struct session *session, uint64_t ino)
{
	struct inode_info info;
	uint8_t buffer[SEND_BYTES];

	if (inode_get_info(session->root, ino, &info))
		return engine_failed(session);
	for (uint64_t pos = 0; pos < info.size;) {
		size_t length = info.size - pos < SEND_BYTES ? info.size - pos : SEND_BYTES;

		if (file_data_read(session->reader, session->root, ino, pos, length, buffer))
			return engine_failed(session);
		if (fwrite(buffer, 1, length, stdout) != length)
			return USAGE;
		pos += length;
	}
	return fflush(stdout) ? USAGE : SAME;
}

/* @length bytes at @offset of the file: of a symlink its target. */
static bool read_mounted(int fd, const char *path, uint64_t offset, size_t length, uint8_t *buffer)
{
	char target[4096];
	ssize_t got;

	if (fd >= 0)
		return pread(fd, buffer, length, (off_t)offset) == (ssize_t)length;
	got = readlink(path, target, sizeof(target));
	if (got < 0 || offset + length > (size_t)got)
		return false;
	memcpy(buffer, target + offset, length);
	return true;
}

static enum status compare_range(struct session *session, int fd, const char *path, uint64_t ino,
				 uint64_t offset, size_t length)
{
	static uint8_t expected[RANGE_MAX], have[RANGE_MAX];

	if (!read_mounted(fd, path, offset, length, expected)) {
		fprintf(stderr, "readfile: %s: cannot read %zu bytes at %" PRIu64 "\n", path,
			length, offset);
		return USAGE;
	}
	if (file_data_read(session->reader, session->root, ino, offset, length, have))
		return engine_failed(session);
	if (memcmp(expected, have, length) == 0)
		return SAME;
	for (size_t i = 0; i < length; i++) {
		if (expected[i] == have[i])
			continue;
		fprintf(stderr, "readfile: %s offset %" PRIu64 ": have %02x expect %02x\n", path,
			offset + i, have[i], expected[i]);
		break;
	}
	return DIFFERENT;
}

static enum status compare_open_file(struct session *session, int fd, const char *path,
				     uint64_t size, uint64_t ino)
{
	enum status status = SAME;

	for (uint64_t pos = 0; !status && pos < size; pos += SEND_BYTES)
		status = compare_range(session, fd, path, ino, pos,
				       size - pos < SEND_BYTES ? size - pos : SEND_BYTES);
	for (unsigned int i = 0; !status && size && i < session->options.ranges; i++) {
		uint64_t offset = next_random(session) % size;
		uint64_t most = size - offset < RANGE_MAX ? size - offset : RANGE_MAX;

		/* Small ones as often as large ones. */
		if (next_random(session) % 2 && most > 5000)
			most = 5000;
		status = compare_range(session, fd, path, ino, offset,
				       1 + next_random(session) % most);
	}
	return status;
}

static enum status compare_file(struct session *session, const char *path, uint64_t ino)
{
	enum status status;
	struct stat stat;
	int fd = -1;

	if (lstat(path, &stat) || (S_ISREG(stat.st_mode) && (fd = open(path, O_RDONLY)) < 0)) {
		perror(path);
		return USAGE;
	}
	status = compare_open_file(session, fd, path, stat.st_size, ino);
	if (fd >= 0)
		close(fd);
	return status;
}

static enum status compare_list(struct session *session)
{
	enum status status = SAME;
	char *line = NULL, *path;
	unsigned int count = 0;
	size_t room = 0;
	uint64_t ino;

	while (!status && getline(&line, &room, stdin) > 0) {
		ino = strtoull(line, &path, 10);
		path[strcspn(path, "\n")] = '\0';
		status = compare_file(session, path + 1, ino);
		if (!status)
			printf("same %s\n", path + 1);
		if (fflush(stdout))
			status = USAGE;
		count++;
	}
	free(line);
	if (!status && !count) {
		fprintf(stderr, "readfile: no files in the list\n");
		return USAGE;
	}
	return status;
}

int main(int argc, char **argv)
{
	struct session session = {0};
	struct options *options = &session.options;
	enum status status;
	int option;

	while ((option = getopt(argc, argv, "lvcn:s:")) != -1) {
		switch (option) {
		case 'l':
			options->live = true;
			break;
		case 'v':
			options->verbose = true;
			break;
		case 'c':
			options->compare = true;
			break;
		case 'n':
			options->ranges = strtoul(optarg, NULL, 10);
			break;
		case 's':
			options->seed = strtoull(optarg, NULL, 10);
			break;
		default:
			return USAGE;
		}
	}
	argv += optind;
	if (argc - optind != (options->compare ? 2 : 3)) {
		fprintf(stderr, "usage: readfile [-l] [-v] [-n RANGES] [-s SEED] "
				"{IMAGE SUBVOLUME INO | -c IMAGE SUBVOLUME}\n");
		return USAGE;
	}
	status = open_session(&session, argv[0], argv[1]);
	if (!status)
		status = options->compare ? compare_list(&session)
					  : print_file(&session, strtoull(argv[2], NULL, 10));
	close_session(&session);
	return status;
}

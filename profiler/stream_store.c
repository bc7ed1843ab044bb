/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/stream_store.h"
#include "profiler/write_all.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK_SIZE = 1 << 20 };

int stream_store_open(const char *path, struct stream_store *store, struct failure *failure)
{
	struct stat status;
	int code;

	*store = STREAM_STORE_EMPTY;
	store->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (store->fd < 0)
		return failure_set(failure, -errno, "cannot open %s: %s", path, strerror(errno));
	code = fstat(store->fd, &status) ? -errno : S_ISREG(status.st_mode) ? 0 : -EINVAL;
	if (code) {
		stream_store_close(store);
		return failure_set(failure, code, "cannot use %s: have %s expect a regular file",
				   path, code == -EINVAL ? "something else" : strerror(-code));
	}
	store->size = status.st_size;
	return 0;
}

void stream_store_close(struct stream_store *store)
{
	if (store->fd >= 0)
		close(store->fd);
	*store = STREAM_STORE_EMPTY;
}

int stream_store_read(const struct stream_store *store, const char *name, struct stream_file *file)
{
	char path[32];
	int ret;

	/* Opened anew, so that it has a position of its own. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", store->fd);
	ret = stream_file_open(file, path);
	file->name = name;
	return ret;
}

/* An unlinked file: whatever happens to this program, nothing is left behind. */
static int create_unlinked(const char *directory, struct failure *failure)
{
	char *path;
	int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0)
		return fd;
	if (asprintf(&path, "%s/.stream-XXXXXX", directory) < 0)
		return failure_set(failure, -ENOMEM, "out of memory");
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		fd = failure_set(failure, -errno, "cannot create %s: %s", path, strerror(errno));
	else
		unlink(path);
	free(path);
	return fd;
}

static int read_chunk(const struct stream_store *store, uint64_t offset, void *buffer,
		      size_t length, struct failure *failure)
{
	size_t done = 0;

	while (done < length) {
		ssize_t got = pread(store->fd, (char *)buffer + done, length - done, offset + done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			int code = got ? -errno : -EIO;

			return failure_set(failure, code, "cannot read a stored stream: %s",
					   got ? strerror(-code) : "it became shorter");
		}
		done += got;
	}
	return 0;
}

/* Visit the first @length bytes of @store; @to is a descriptor to copy them to, or -1. */
static int copy_prefix(const struct stream_store *store, uint64_t length, int to, uint8_t *buffer,
		       struct failure *failure)
{
	for (uint64_t offset = 0; offset < length;) {
		size_t chunk = length - offset < CHUNK_SIZE ? length - offset : CHUNK_SIZE;
		int ret = read_chunk(store, offset, buffer, chunk, failure);

		if (ret)
			return ret;
		ret = to < 0 ? 0 : write_all(to, buffer, chunk);
		if (ret)
			return failure_set(failure, ret, "cannot store a stream: %s",
					   strerror(-ret));
		offset += chunk;
	}
	return 0;
}

static int copy_whole(const struct stream_store *store, int to, struct failure *failure)
{
	uint8_t *buffer = malloc(CHUNK_SIZE);
	int ret;

	if (!buffer)
		return failure_set(failure, -ENOMEM, "out of memory");
	ret = copy_prefix(store, store->size, to, buffer, failure);
	free(buffer);
	return ret;
}

int stream_store_save(const struct stream_store *store, const char *path, struct failure *failure)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	int ret;

	if (fd < 0)
		return failure_set(failure, -errno, "cannot create %s: %s", path, strerror(errno));
	ret = copy_whole(store, fd, failure);
	if (close(fd) && !ret)
		ret = failure_set(failure, -errno, "cannot write %s: %s", path, strerror(errno));
	if (ret)
		unlink(path);
	return ret;
}

int stream_store_prefetch(const struct stream_store *store, struct failure *failure)
{
	return copy_whole(store, -1, failure);
}

void stream_store_settle(const struct stream_store *store)
{
	if (store->fd >= 0)
		(void)fdatasync(store->fd); /* only timing depends on it */
}

int stream_comparison_begin(struct stream_comparison *comparison,
			    const struct stream_store *reference, const char *directory,
			    struct failure *failure)
{
	*comparison = (struct stream_comparison){
		.reference = reference,
		.directory = directory,
		.own = STREAM_STORE_EMPTY,
		.buffer = malloc(CHUNK_SIZE),
	};
	return comparison->buffer ? 0 : failure_set(failure, -ENOMEM, "out of memory");
}

/* From the first difference on the stream is stored, after what it has in common. */
static int part_ways(struct stream_comparison *comparison, uint64_t offset, struct failure *failure)
{
	int fd = create_unlinked(comparison->directory, failure);

	if (fd < 0)
		return fd;
	comparison->own = (struct stream_store){.fd = fd, .size = offset};
	comparison->differs = true;
	comparison->first_difference = offset;
	return copy_prefix(comparison->reference, offset, fd, comparison->buffer, failure);
}

static int append(struct stream_comparison *comparison, const void *data, size_t length,
		  struct failure *failure)
{
	int ret = write_all(comparison->own.fd, data, length);

	if (ret)
		return failure_set(failure, ret, "cannot store a stream in %s: %s",
				   comparison->directory, strerror(-ret));
	comparison->own.size += length;
	return 0;
}

/* Length of what @data has in common with the reference, at most one chunk. */
static int match(struct stream_comparison *comparison, const uint8_t *data, size_t length,
		 size_t *matched, struct failure *failure)
{
	uint64_t left = comparison->reference->size - comparison->position;
	size_t chunk = length < CHUNK_SIZE ? length : CHUNK_SIZE;
	int ret;

	if (chunk > left)
		chunk = left;
	ret = read_chunk(comparison->reference, comparison->position, comparison->buffer, chunk,
			 failure);
	if (ret)
		return ret;
	*matched = chunk;
	if (memcmp(data, comparison->buffer, chunk)) {
		*matched = 0;
		while (data[*matched] == comparison->buffer[*matched])
			(*matched)++;
	}
	return 0;
}

int stream_comparison_feed(struct stream_comparison *comparison, const void *data, size_t length,
			   struct failure *failure)
{
	const uint8_t *at = data;

	while (length && !comparison->differs) {
		size_t matched, expected = length < CHUNK_SIZE ? length : CHUNK_SIZE;
		int ret = match(comparison, at, length, &matched, failure);

		if (ret)
			return ret;
		comparison->position += matched;
		at += matched;
		length -= matched;
		if (matched < expected)
			ret = part_ways(comparison, comparison->position, failure);
		if (ret)
			return ret;
	}
	return length ? append(comparison, at, length, failure) : 0;
}

int stream_comparison_finish(struct stream_comparison *comparison, struct failure *failure)
{
	if (comparison->differs || comparison->position == comparison->reference->size)
		return 0;
	return part_ways(comparison, comparison->position, failure);
}

void stream_comparison_release(struct stream_comparison *comparison)
{
	stream_store_close(&comparison->own);
	free(comparison->buffer);
	comparison->buffer = NULL;
}

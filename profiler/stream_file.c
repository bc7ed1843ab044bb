/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sequential reading goes through a window that holds at least the current item. The file is not
 * mapped: someone cutting it short meanwhile would be a SIGBUS instead of a message.
 */
#include "profiler/stream_file.h"
#include "profiler/folders.h"
#include "profiler/outcome.h"
#include "profiler/write_all.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WINDOW_SIZE = 1 << 20 };

int stream_file_open(struct stream_file *file, const char *path)
{
	off_t at;

	*file = (struct stream_file){.name = path, .fd = STDIN_FILENO};
	if (!strcmp(path, "-"))
		file->name = "standard input";
	else
		file->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (file->fd < 0)
		return failure_set(&file->failure, -errno, "cannot open: %s", strerror(errno));
	at = lseek(file->fd, 0, SEEK_CUR);
	file->base = at > 0 ? at : 0;
	return 0;
}

void stream_file_open_memory(struct stream_file *file, const char *name, const void *data,
			     uint64_t length)
{
	*file = (struct stream_file){
		.name = name,
		.fd = -1,
		.memory = data,
		.memory_length = length,
	};
}

void stream_file_close(struct stream_file *file)
{
	if (file->fd > STDERR_FILENO)
		close(file->fd);
	free(file->window);
	free(file->again);
	*file = (struct stream_file){.name = file->name, .fd = -1};
}

static int fail_read(struct stream_file *file, int error)
{
	return failure_set(&file->failure, -error, "offset %" PRIu64 ": cannot read: %s",
			   file->offset + (file->end - file->start), strerror(error));
}

static int grow(struct stream_file *file, uint8_t **buffer, size_t *capacity, size_t wanted)
{
	uint8_t *larger;

	if (wanted <= *capacity)
		return 0;
	wanted = wanted > WINDOW_SIZE ? wanted : WINDOW_SIZE;
	larger = realloc(*buffer, wanted);
	if (!larger)
		return failure_set(&file->failure, -ENOMEM, "out of memory for a command");
	*buffer = larger;
	*capacity = wanted;
	return 0;
}

/*
 * Have @wanted bytes from the current offset on in one piece, fewer only where the file ends.
 * @wanted is bounded by the largest command of the protocol.
 */
static int look_ahead(struct stream_file *file, size_t wanted, const uint8_t **bytes,
		      size_t *available)
{
	int ret;

	if (file->fd < 0) {
		uint64_t left = file->memory_length - file->offset;

		*bytes = file->memory + file->offset;
		*available = left < wanted ? left : wanted;
		return 0;
	}
	if (file->end - file->start < wanted && file->start) {
		memmove(file->window, file->window + file->start, file->end - file->start);
		file->end -= file->start;
		file->start = 0;
	}
	ret = grow(file, &file->window, &file->capacity, wanted);
	if (ret)
		return ret;
	while (file->end - file->start < wanted) {
		ssize_t got = read(file->fd, file->window + file->end, file->capacity - file->end);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fail_read(file, errno);
		if (!got)
			break;
		file->end += got;
	}
	*bytes = file->window + file->start;
	*available = file->end - file->start < wanted ? file->end - file->start : wanted;
	return 0;
}

static void consume(struct stream_file *file, size_t length)
{
	if (file->fd >= 0)
		file->start += length;
	file->offset += length;
}

static int next_header(struct stream_file *file, struct stream_item *item)
{
	struct failure failure = {0};
	const uint8_t *bytes;
	size_t available;
	int ret;

	ret = look_ahead(file, STREAM_HEADER_SIZE, &bytes, &available);
	if (ret)
		return ret;
	if (!available && file->offset)
		return 1;
	ret = stream_parse_header(bytes, available, &file->protocol, &failure);
	if (ret)
		return failure_set(&file->failure, ret, "offset %" PRIu64 ": %s%s", file->offset,
				   file->offset ? "after END: " : "", failure.text);
	item->at = (struct stream_position){
		.offset = file->offset,
		.length = STREAM_HEADER_SIZE,
		.type = STREAM_ITEM_HEADER,
		.protocol = file->protocol,
	};
	item->bytes = bytes;
	file->in_stream = true;
	consume(file, STREAM_HEADER_SIZE);
	return 0;
}

static int next_command(struct stream_file *file, struct stream_item *item)
{
	const uint8_t *bytes;
	uint32_t length;
	size_t available;
	int ret;

	ret = look_ahead(file, STREAM_COMMAND_HEADER_SIZE, &bytes, &available);
	if (ret)
		return ret;
	if (!available)
		return failure_set(&file->failure, -ENODATA,
				   "offset %" PRIu64 ": the stream ends without END", file->offset);
	ret = stream_parse_command_length(bytes, available, file->offset, file->protocol, &length,
					  &file->failure);
	if (ret)
		return ret;
	ret = look_ahead(file, length, &bytes, &available);
	if (ret)
		return ret;
	ret = stream_parse_command(bytes, available, file->offset, file->protocol, &item->command,
				   &file->failure);
	if (ret)
		return ret;
	item->at = (struct stream_position){
		.offset = file->offset,
		.length = length,
		.type = STREAM_ITEM_COMMAND,
		.protocol = file->protocol,
		.kind = item->command.kind,
	};
	item->bytes = bytes;
	file->in_stream = item->command.kind != STREAM_C_END;
	consume(file, length);
	return 0;
}

int stream_file_next(struct stream_file *file, struct stream_item *item)
{
	if (file->failure.code && file->failure.code != -EBADMSG)
		return file->failure.code;
	return file->in_stream ? next_command(file, item) : next_header(file, item);
}

int stream_file_judge(struct stream_file *file, const struct stream_item *item)
{
	const struct stream_command *command = &item->command;

	if (item->at.type != STREAM_ITEM_COMMAND || command->crc_stored == command->crc_computed)
		return 0;
	return failure_set(&file->failure, -EBADMSG,
			   "offset %" PRIu64 ": %s: checksum have 0x%08" PRIx32
			   " expect 0x%08" PRIx32,
			   command->offset, stream_commands[command->kind].name,
			   command->crc_stored, command->crc_computed);
}

static int open_spool(struct stream_file *file)
{
	const char *folder = folder_temporary();
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/sendprof-XXXXXX", folder);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return failure_set(&file->failure, -errno, "cannot make a temporary file in %s: %s",
				   folder, strerror(errno));
	unlink(path);
	return fd;
}

/* Copy the rest of @from to @to through the window, which is empty before and after. */
static int copy(struct stream_file *file, int from, int to)
{
	int ret = grow(file, &file->window, &file->capacity, WINDOW_SIZE);

	if (ret)
		return ret;
	for (;;) {
		ssize_t got = read(from, file->window, file->capacity);

		if (!got)
			break;
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fail_read(file, errno);
		ret = write_all(to, file->window, got);
		if (ret)
			return failure_set(&file->failure, ret, "cannot write a temporary file: %s",
					   strerror(-ret));
	}
	if (lseek(to, 0, SEEK_SET) < 0)
		return failure_set(&file->failure, -errno, "cannot rewind a temporary file: %s",
				   strerror(errno));
	return 0;
}

int stream_file_make_seekable(struct stream_file *file)
{
	struct stat stat;
	int spool, ret;

	if (file->fd < 0 || (!fstat(file->fd, &stat) && S_ISREG(stat.st_mode)))
		return 0;
	spool = open_spool(file);
	if (spool < 0)
		return spool;
	ret = copy(file, file->fd, spool);
	if (ret) {
		close(spool);
		return ret;
	}
	if (file->fd > STDERR_FILENO)
		close(file->fd);
	file->fd = spool;
	file->base = 0;
	return 0;
}

static int read_again(struct stream_file *file, const struct stream_position *at)
{
	size_t done = 0;
	int ret = grow(file, &file->again, &file->again_capacity, at->length);

	while (!ret && done < at->length) {
		ssize_t got = pread(file->fd, file->again + done, at->length - done,
				    file->base + at->offset + done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fail_read(file, errno);
		if (!got)
			return failure_set(&file->failure, -ENODATA,
					   "offset %" PRIu64 ": the file became shorter",
					   at->offset + done);
		done += got;
	}
	return ret;
}

int stream_file_read_at(struct stream_file *file, const struct stream_position *at,
			struct stream_item *item)
{
	int ret;

	item->at = *at;
	if (file->fd < 0) {
		item->bytes = file->memory + at->offset;
	} else {
		ret = read_again(file, at);
		if (ret)
			return ret;
		item->bytes = file->again;
	}
	if (at->type == STREAM_ITEM_HEADER)
		return 0;
	return stream_parse_command(item->bytes, at->length, at->offset, at->protocol,
				    &item->command, &file->failure);
}

int stream_file_complain(const struct stream_file *file)
{
	fflush(stdout);
	fprintf(stderr, "sendprof: %s: %s\n", file->name, file->failure.text);
	return outcome_status(file->failure.code);
}

/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/stream_output.h"
#include "profiler/interrupt.h"
#include "profiler/write_all.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	BUFFER_SIZE = 256 << 10, /* stays in the processor's cache, and takes few page faults */
	DIRECT_MIN = 32 << 10,	 /* from here on a system call is cheaper than a copy */
	PIPE_SIZE = 1 << 20,
};

static bool is_pipe(int fd)
{
	struct stat status;

	return !fstat(fd, &status) && S_ISFIFO(status.st_mode);
}

int stream_output_open(const char *path, struct stream_output *output, struct failure *failure)
{
	*output = (struct stream_output){.fd = STDOUT_FILENO, .name = "standard output"};
	output->buffer = malloc(BUFFER_SIZE);
	if (!output->buffer)
		return failure_set(failure, -ENOMEM, "out of memory");
	if (path) {
		output->name = path;
		output->is_file = true;
		output->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	}
	if (output->fd < 0) {
		int code = -errno;

		free(output->buffer);
		return failure_set(failure, code, "cannot create %s: %s", path, strerror(-code));
	}
	output->is_pipe = is_pipe(output->fd);
	/* A smaller pipe works, too. */
	if (output->is_pipe)
		(void)fcntl(output->fd, F_SETPIPE_SZ, PIPE_SIZE);
	return 0;
}

int stream_output_attach(int fd, const char *name, struct stream_output *output,
			 struct failure *failure)
{
	*output = (struct stream_output){.fd = fd, .name = name, .is_pipe = is_pipe(fd)};
	output->buffer = malloc(BUFFER_SIZE);
	return output->buffer ? 0 : failure_set(failure, -ENOMEM, "out of memory");
}

static int fail_write(struct stream_output *output, int code)
{
	return failure_set(&output->failure, code, "cannot write %s: %s", output->name,
			   strerror(-code));
}

/* Write the buffer, and @head and @data behind it. */
static int flush_with(struct stream_output *output, const void *head, size_t head_length,
		      const void *data, size_t length)
{
	struct iovec vector[] = {
		{.iov_base = output->buffer, .iov_len = output->used},
		{.iov_base = (void *)head, .iov_len = head_length},
		{.iov_base = (void *)data, .iov_len = length},
	};

	int ret;

	output->used = 0;
	ret = write_all_parts(output->fd, vector, 3);
	return ret ? fail_write(output, ret) : 0;
}

/*
 * Hand the pages of @data's file to the pipe. *@done says how much of it arrived: what cannot be
 * had in this way is written from memory.
 */
static int splice_data(struct stream_output *output, const struct stream_data *data, size_t *done)
{
	off_t offset = (off_t)data->offset;

	*done = 0;
	while (*done < data->length) {
		ssize_t moved;

		if (interrupt_signal())
			return fail_write(output, -EINTR);
		moved = splice(data->fd, &offset, output->fd, NULL, data->length - *done, 0);
		if (moved < 0 && errno == EINTR)
			continue;
		if (moved < 0 && errno == EPIPE)
			return fail_write(output, -errno);
		if (moved <= 0)
			return 0;
		*done += (size_t)moved;
	}
	return 0;
}

int stream_output_write_parts(void *context, const void *head, size_t head_length,
			      const struct stream_data *data)
{
	struct stream_output *output = context;
	size_t done = 0;
	int ret;

	if (data->length < DIRECT_MIN) {
		ret = stream_output_write(output, head, head_length);
		return ret ? ret : stream_output_write(output, data->bytes, data->length);
	}
	if (data->fd < 0 || !output->is_pipe)
		return flush_with(output, head, head_length, data->bytes, data->length);
	ret = flush_with(output, head, head_length, NULL, 0);
	if (!ret)
		ret = splice_data(output, data, &done);
	if (!ret && done < data->length)
		ret = flush_with(output, NULL, 0, data->bytes + done, data->length - done);
	return ret;
}

int stream_output_write(void *context, const void *data, size_t length)
{
	struct stream_output *output = context;

	if (length >= DIRECT_MIN || output->used + length > BUFFER_SIZE)
		return flush_with(output, NULL, 0, data, length);
	memcpy(output->buffer + output->used, data, length);
	output->used += length;
	return 0;
}

int stream_output_finish(struct stream_output *output)
{
	return flush_with(output, NULL, 0, NULL, 0);
}

/* Only a regular file is a partial result; a device or a pipe that was named is not ours. */
static bool is_ours(const struct stream_output *output)
{
	struct stat status;

	return output->is_file && !fstat(output->fd, &status) && S_ISREG(status.st_mode);
}

int stream_output_close(struct stream_output *output, bool complete)
{
	bool removable = is_ours(output);
	int ret = 0;

	/* What came before a failure is what the kernel would have written before it, too. */
	if (!output->is_file && !complete && !output->failure.code)
		(void)flush_with(output, NULL, 0, NULL, 0);
	/* Some filesystems tell only now that there was no room. */
	if (output->is_file && close(output->fd) && complete)
		ret = fail_write(output, -errno);
	if (removable && (!complete || ret))
		unlink(output->name);
	free(output->buffer);
	output->buffer = NULL;
	output->fd = -1;
	return ret;
}

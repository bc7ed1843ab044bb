/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/stream_follow.h"
#include "profiler/interrupt.h"
#include "profiler/sender.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WINDOW_SIZE = 1 << 20 };

int stream_follow_init(struct stream_follow *follow, const struct stream_store *reference)
{
	*follow = (struct stream_follow){.reference = reference, .window = malloc(WINDOW_SIZE)};
	return follow->window ? 0 : -ENOMEM;
}

void stream_follow_release(struct stream_follow *follow)
{
	free(follow->window);
	free(follow->last);
	follow->window = NULL;
	follow->last = NULL;
}

void stream_follow_rewind(struct stream_follow *follow)
{
	follow->position = 0;
	follow->differs = false;
}

/* Have the reference's bytes from @offset on in the window, at least one. */
static int fill_window(struct stream_follow *follow, uint64_t offset)
{
	ssize_t got;

	if (offset >= follow->window_offset &&
	    offset - follow->window_offset < follow->window_length)
		return 0;
	do
		got = pread(follow->reference->fd, follow->window, WINDOW_SIZE, (off_t)offset);
	while (got < 0 && errno == EINTR);
	if (got <= 0)
		return failure_set(&follow->failure, got ? -errno : -EIO,
				   "cannot read a stored stream: %s",
				   got ? strerror(errno) : "it became shorter");
	follow->window_offset = offset;
	follow->window_length = (size_t)got;
	return 0;
}

/* Is @data what the reference holds at the position? 0, 1, errno. */
static int matches(struct stream_follow *follow, const uint8_t *data, size_t length)
{
	uint64_t offset = follow->position;

	if (length > follow->reference->size - offset)
		return 0;
	while (length > 0) {
		size_t begin, part;
		int ret = fill_window(follow, offset);

		if (ret)
			return ret;
		begin = (size_t)(offset - follow->window_offset);
		part = follow->window_length - begin;
		if (part > length)
			part = length;
		if (memcmp(data, follow->window + begin, part) != 0)
			return 0;
		data += part;
		offset += part;
		length -= part;
	}
	return 1;
}

static int keep(struct stream_follow *follow, const void *data, size_t length)
{
	free(follow->last);
	follow->last = malloc(length);
	if (!follow->last)
		return -ENOMEM;
	memcpy(follow->last, data, length);
	follow->last_length = length;
	return 0;
}

int stream_follow_sink(void *context, const void *data, size_t length)
{
	struct stream_follow *follow = context;
	int ret;

	if (interrupt_signal())
		return -EINTR;
	if (follow->deadline_ns && monotonic_ns() > follow->deadline_ns)
		return -ETIMEDOUT;
	ret = matches(follow, data, length);
	if (ret < 0)
		return ret;
	if (ret > 0) {
		follow->position += length;
		return 0;
	}
	follow->differs = true;
	if (follow->keep_last && keep(follow, data, length))
		return -ENOMEM;
	return -ECANCELED;
}

bool stream_follow_is_whole(const struct stream_follow *follow)
{
	return !follow->differs && follow->position == follow->reference->size;
}

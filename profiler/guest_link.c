/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/guest_link.h"
#include "profiler/guest_protocol.h"
#include "profiler/interrupt.h"
#include "profiler/sender.h"
#include "profiler/write_all.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	DUMP_MS = 4000, /* for the guest to fill its console, when the time is over */
};

struct link {
	int fd;
	uint64_t deadline_ms;
	uint64_t began_ns;
	bool dumping;
	struct guest_outcome *outcome;
	struct failure *failure;
	uint8_t buffer[sizeof(struct guest_frame) + GUEST_FRAME_MAX];
	size_t used;
};

static double seconds(const struct link *link)
{
	return (double)(monotonic_ns() - link->began_ns) / 1e9;
}

static void end(struct link *link, enum guest_end how)
{
	link->outcome->end = how;
	link->outcome->ended_s = seconds(link);
}

/* Pass @data on. Whoever reads our output may be gone: then there is nothing to go on for. */
static int pass_on(struct link *link, int fd, const uint8_t *data, size_t length)
{
	int ret = write_all(fd, data, length);

	if (!ret)
		return 0;
	if (ret == -EINTR) {
		end(link, GUEST_END_INTERRUPTED);
		return ret;
	}
	failure_set(link->failure, ret, "cannot write %s: %s",
		    fd == STDOUT_FILENO ? "standard output" : "standard error", strerror(-ret));
	end(link, GUEST_END_FAILURE);
	return -EPIPE;
}

/* Returns 0 to go on, another value at the end. */
static int take_frame(struct link *link, uint32_t kind, const uint8_t *data, uint32_t length)
{
	switch (kind) {
	case GUEST_FRAME_READY:
		/* In the time it gets to say what it is doing a guest may come to its command yet.
		 */
		if (link->dumping)
			return 0;
		link->outcome->ready = true;
		link->outcome->ready_s = seconds(link);
		return 0;
	case GUEST_FRAME_OUTPUT:
		return pass_on(link, STDOUT_FILENO, data, length);
	case GUEST_FRAME_ERRORS:
		return pass_on(link, STDERR_FILENO, data, length);
	case GUEST_FRAME_STATUS:
		if (length == sizeof(link->outcome->status))
			memcpy(&link->outcome->status, data, length);
		end(link, link->dumping ? GUEST_END_TIMEOUT : GUEST_END_STATUS);
		return 1;
	default:
		failure_set(link->failure, -ENOTRECOVERABLE, "guest: %.*s", (int)length, data);
		end(link, GUEST_END_FAILURE);
		return 1;
	}
}

/* All whole frames that are in the buffer. */
static int take_frames(struct link *link)
{
	struct guest_frame frame;
	size_t at = 0;
	int ret = 0;

	while (!ret && link->used - at >= sizeof(frame)) {
		memcpy(&frame, link->buffer + at, sizeof(frame));
		if (frame.length > GUEST_FRAME_MAX) {
			failure_set(link->failure, -EIO, "guest: a frame of %u bytes",
				    frame.length);
			end(link, GUEST_END_FAILURE);
			return -EIO;
		}
		if (link->used - at - sizeof(frame) < frame.length)
			break;
		at += sizeof(frame);
		ret = take_frame(link, frame.kind, link->buffer + at, frame.length);
		at += frame.length;
	}
	memmove(link->buffer, link->buffer + at, link->used - at);
	link->used -= at;
	return ret;
}

static int take_bytes(struct link *link)
{
	ssize_t length =
		read(link->fd, link->buffer + link->used, sizeof(link->buffer) - link->used);

	if (length < 0 && errno == EINTR)
		return 0;
	if (length <= 0) {
		end(link, link->dumping ? GUEST_END_TIMEOUT : GUEST_END_LOST);
		return 1;
	}
	link->used += length;
	return take_frames(link);
}

/* When the time is over the guest gets some more, to say what it is doing. */
static int take_timeout(struct link *link)
{
	const char request = GUEST_REQUEST_DUMP;

	if (link->dumping || send(link->fd, &request, 1, MSG_NOSIGNAL | MSG_DONTWAIT) != 1) {
		end(link, GUEST_END_TIMEOUT);
		return 1;
	}
	link->dumping = true;
	link->deadline_ms += DUMP_MS;
	return 0;
}

void guest_link_attend(int fd, uint64_t timeout_s, struct guest_outcome *outcome,
		       struct failure *failure)
{
	static struct link link;
	int ret = 0;

	link = (struct link){
		.fd = fd,
		.deadline_ms = timeout_s * 1000,
		.began_ns = monotonic_ns(),
		.outcome = outcome,
		.failure = failure,
	};
	*outcome = (struct guest_outcome){0};
	while (!ret) {
		struct pollfd polled = {.fd = fd, .events = POLLIN};
		double left_ms = link.deadline_ms - 1000 * seconds(&link);

		if (interrupt_signal()) {
			end(&link, GUEST_END_INTERRUPTED);
			return;
		}
		if (left_ms <= 0)
			ret = take_timeout(&link);
		else if (poll(&polled, 1, left_ms < 60000 ? (int)left_ms + 1 : 60000) > 0)
			ret = take_bytes(&link);
	}
}

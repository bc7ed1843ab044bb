/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/write_all.h"
#include "profiler/interrupt.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

enum { WAIT_MS = 1000 }; /* until a signal is noticed that came just before the wait */

/* After a write that failed: 0 if the next one may do better. */
static int wait_for_room(int fd)
{
	struct pollfd polled = {.fd = fd, .events = POLLOUT};

	if (errno != EAGAIN && errno != EINTR)
		return -errno;
	if (errno == EAGAIN)
		poll(&polled, 1, WAIT_MS);
	return 0;
}

/* Take @written bytes off the front. The number of parts that are still to be written. */
static int use_up(struct iovec **parts, int count, size_t written)
{
	while (count && written >= (*parts)->iov_len) {
		written -= (*parts)->iov_len;
		(*parts)++;
		count--;
	}
	if (count) {
		(*parts)->iov_base = (char *)(*parts)->iov_base + written;
		(*parts)->iov_len -= written;
	}
	return count;
}

int write_all_parts(int fd, struct iovec *parts, int count)
{
	while (count) {
		ssize_t written;

		if (interrupt_signal())
			return -EINTR;
		written = writev(fd, parts, count);
		if (written < 0) {
			int ret = wait_for_room(fd);

			if (ret)
				return ret;
			continue;
		}
		count = use_up(&parts, count, (size_t)written);
	}
	return 0;
}

int write_all(int fd, const void *data, size_t length)
{
	struct iovec part = {.iov_base = (void *)data, .iov_len = length};

	return write_all_parts(fd, &part, length ? 1 : 0);
}

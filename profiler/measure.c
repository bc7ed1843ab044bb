/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/measure.h"
#include "profiler/interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	READ_SIZE = 1 << 20,
	SPIN_NS = 20000, /* how long nothing may come before the reader sleeps */
};

struct measurement *measurement_new(void)
{
	struct measurement *measurement = calloc(1, sizeof(*measurement));

	if (measurement)
		measurement->comparison.own = STREAM_STORE_EMPTY;
	return measurement;
}

void measurement_free(struct measurement *measurement)
{
	if (!measurement)
		return;
	stream_comparison_release(&measurement->comparison);
	free(measurement);
}

/* Sleep until there is something to read, or a signal came. */
static void wait_for_data(int fd)
{
	struct pollfd descriptor = {.fd = fd, .events = POLLIN};

	(void)poll(&descriptor, 1, -1);
}

/*
 * One read: 0 at the end of the stream, else the bytes it brought. A reader that slept wakes up
 * when the sender is several commands further, and their times are lost; so it only sleeps when
 * nothing came for a while and there is another processor for the sender.
 */
static ssize_t read_some(int fd, void *buffer, uint64_t spin_ns, struct failure *failure)
{
	uint64_t began = monotonic_ns();

	for (;;) {
		ssize_t got = read(fd, buffer, READ_SIZE);

		if (interrupt_signal())
			return failure_set(failure, -EINTR, "interrupted");
		if (got >= 0)
			return got;
		if (errno != EINTR && errno != EAGAIN)
			return failure_set(failure, -errno, "cannot read the stream: %s",
					   strerror(errno));
		if (monotonic_ns() - began >= spin_ns)
			wait_for_data(fd);
	}
}

static int watch(struct sender *sender, const struct measure_request *request,
		 struct measurement *measurement, void *buffer, struct failure *failure)
{
	uint64_t spin_ns = sysconf(_SC_NPROCESSORS_ONLN) > 1 ? SPIN_NS : 0;
	bool started = false;

	for (;;) {
		ssize_t got = read_some(sender->read_fd, buffer, spin_ns, failure);
		uint64_t now = monotonic_ns();
		int ret;

		if (got <= 0)
			return got;
		if (!started)
			stream_tap_init(&measurement->tap, sender->start_ns);
		started = true;
		ret = stream_tap_feed(&measurement->tap, buffer, got, now, failure);
		if (!ret)
			ret = stream_comparison_feed(&measurement->comparison, buffer, got,
						     failure);
		if (ret)
			return ret;
		progress_update(request->progress, measurement->tap.figures.bytes, now);
	}
}

static int run_sender(const struct measure_request *request, struct measurement *measurement,
		      void *buffer, struct failure *failure)
{
	struct sender sender;
	int ret = sender_start(&sender, request->send, request->context, failure);
	int sent;

	if (ret)
		return ret;
	ret = watch(&sender, request, measurement, buffer, failure);
	sent = sender_join(&sender);
	measurement->duration_ns = sender.end_ns - sender.start_ns;
	measurement->cpu_ns = sender.cpu_ns;
	/* A send that was stopped by us fails too; the first cause is ours then. */
	if (!ret && sent)
		ret = failure_set(failure, sent, "%s", sender.failure.text);
	if (!ret)
		ret = stream_tap_finish(&measurement->tap, failure);
	if (!ret)
		ret = stream_comparison_finish(&measurement->comparison, failure);
	return ret;
}

int measure_send(const struct measure_request *request, struct measurement *measurement,
		 struct failure *failure)
{
	void *buffer = malloc(READ_SIZE);
	int ret;

	stream_comparison_release(&measurement->comparison);
	stream_tap_init(&measurement->tap, 0);
	if (!buffer)
		return failure_set(failure, -ENOMEM, "out of memory");
	ret = stream_comparison_begin(&measurement->comparison, request->reference,
				      request->directory, failure);
	if (!ret)
		ret = run_sender(request, measurement, buffer, failure);
	free(buffer);
	return ret;
}

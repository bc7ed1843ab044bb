/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/measure.h"
#include "profiler/interrupt.h"
#include "profiler/usage.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	READ_SIZE = 1 << 20,
	DROP_PAUSE_NS = 20000,
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

/*
 * Take the stream out of the pipe and drop it, page by page, without looking at it: only its size
 * is known. (The kernel's send refuses /dev/null itself: kernel_write() takes no file that has two
 * ways of writing.) Asleep in between, not waiting for data, so that no write has to wake anybody;
 * the pipe has room for what comes meanwhile.
 */
static int drop_stream(const struct sender *sender, uint64_t *dropped, struct failure *failure)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC), ret = 0;
	ssize_t got = 1;

	*dropped = 0;
	if (null < 0)
		return failure_set(failure, -errno, "cannot open /dev/null: %s", strerror(errno));
	while (!ret && got) {
		got = splice(sender->read_fd, NULL, null, NULL, READ_SIZE, SPLICE_F_NONBLOCK);
		if (interrupt_signal())
			ret = failure_set(failure, -EINTR, "interrupted");
		else if (got >= 0)
			*dropped += (uint64_t)got;
		else if (errno == EAGAIN)
			(void)nanosleep(&(struct timespec){.tv_nsec = DROP_PAUSE_NS}, NULL);
		else if (errno != EINTR)
			ret = failure_set(failure, -errno, "cannot drop the stream: %s",
					  strerror(errno));
	}
	close(null);
	return ret;
}

static int check_dropped(const struct measurement *measurement, uint64_t dropped,
			 struct failure *failure)
{
	uint64_t before = measurement->tap.figures.bytes;

	if (dropped == before)
		return 0;
	return failure_set(failure, -EPROTO,
			   "a stream that was dropped: have %" PRIu64 " bytes expect %" PRIu64
			   ", as it was before",
			   dropped, before);
}

static int run_sender(const struct measure_request *request, struct measurement *measurement,
		      void *buffer, struct failure *failure)
{
	struct sender sender;
	struct usage_meter meter;
	uint64_t dropped = 0;
	int ret, sent;

	usage_begin(&meter);
	ret = sender_start(&sender, request->send, request->context, failure);
	if (ret)
		return ret;
	if (request->to_null)
		ret = drop_stream(&sender, &dropped, failure);
	else
		ret = watch(&sender, request, measurement, buffer, failure);
	sent = sender_join(&sender);
	usage_end(&meter, &measurement->usage);
	measurement->duration_ns = sender.end_ns - sender.start_ns;
	measurement->cpu_ns = sender.cpu_ns;
	measurement->dropped = request->to_null;
	/* A send that was stopped by us fails too; the first cause is ours then. */
	if (!ret && sent)
		ret = failure_set(failure, sent, "%s", sender.failure.text);
	if (!ret && request->to_null)
		return check_dropped(measurement, dropped, failure);
	if (!ret)
		ret = stream_tap_finish(&measurement->tap, failure);
	if (!ret)
		ret = stream_comparison_finish(&measurement->comparison, failure);
	return ret;
}

int measure_send(const struct measure_request *request, struct measurement *measurement,
		 struct failure *failure)
{
	void *buffer;
	int ret;

	if (request->to_null)
		return run_sender(request, measurement, NULL, failure);
	buffer = malloc(READ_SIZE);
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

/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/sender.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PIPE_SIZE = 1 << 20 };

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (uint64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

uint64_t monotonic_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

static void *run_send(void *context)
{
	struct sender *sender = context;

	sender->start_ns = monotonic_ns();
	sender->send(sender->context, sender->write_fd, &sender->failure);
	sender->end_ns = monotonic_ns();
	/* The thread did nothing else, so all its time is the send's. */
	sender->cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	close(sender->write_fd);
	return NULL;
}

/* Signals are for the thread that reads: a send that they hit could not go on. */
static int create_thread(struct sender *sender)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&sender->thread, NULL, run_send, sender);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -error;
}

int sender_start(struct sender *sender, send_fn send, void *context, struct failure *failure)
{
	int ends[2], ret;

	if (pipe2(ends, O_CLOEXEC))
		return failure_set(failure, -errno, "cannot make a pipe: %s", strerror(errno));
	/* Without privilege the limit may be lower; a smaller pipe works too. */
	(void)fcntl(ends[1], F_SETPIPE_SZ, PIPE_SIZE);
	(void)fcntl(ends[0], F_SETFL, O_NONBLOCK); /* only the reader is never blocked */
	*sender = (struct sender){
		.send = send,
		.context = context,
		.read_fd = ends[0],
		.write_fd = ends[1],
	};
	ret = create_thread(sender);
	if (ret) {
		close(ends[0]);
		close(ends[1]);
		return failure_set(failure, ret, "cannot start a thread: %s", strerror(-ret));
	}
	return 0;
}

int sender_join(struct sender *sender)
{
	close(sender->read_fd);
	pthread_join(sender->thread, NULL);
	return sender->failure.code;
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One send in a thread of its own, writing into a pipe: the frame that both senders run in, so that
 * both are measured alike.
 */
#ifndef PROFILER_SENDER_H
#define PROFILER_SENDER_H

#include "engine/core/failure.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

/* Write the whole stream to @fd; 0 or a negative errno with @failure set. */
typedef int (*send_fn)(void *context, int fd, struct failure *failure);

struct sender {
	send_fn send;
	void *context;
	pthread_t thread;
	int write_fd;
	int read_fd; /* non-blocking; for whoever watches the stream */
	/* When the send began, CLOCK_MONOTONIC; set before the first byte is written. */
	_Atomic uint64_t start_ns;
	/* Valid after sender_join(). */
	uint64_t end_ns;
	uint64_t cpu_ns; /* used by the sending thread */
	struct failure failure;
};

/* Start @send. The sender must be ended with sender_join(), unless this fails. */
int sender_start(struct sender *sender, send_fn send, void *context, struct failure *failure);

/*
 * Close the reading end (a send that still writes ends with EPIPE) and wait for the thread. Returns
 * what the send returned; its message is in sender->failure.
 */
int sender_join(struct sender *sender);

/* CLOCK_MONOTONIC in nanoseconds. */
uint64_t monotonic_ns(void);

#endif

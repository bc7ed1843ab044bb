/* SPDX-License-Identifier: GPL-2.0 */
#include "engine/volume/read_ahead.h"

#include "engine/volume/chunk.h"
#include "engine/volume/device.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

enum state { IDLE, READING, ENDING };

struct read_ahead {
	struct volume *volume;
	pthread_t thread;
	bool has_thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	enum state state; /* the only member that both threads change, under the lock */

	/* The thread's while READING, else the caller's. */
	struct device *device;
	uint64_t physical;
	void *buffer;
	size_t length;
	bool is_good;

	/* The caller's. */
	uint64_t bytenr;
	unsigned int epoch;
	bool is_begun;
};

struct read_ahead *read_ahead_new(struct volume *volume)
{
	struct read_ahead *ahead = calloc(1, sizeof(*ahead));

	if (!ahead)
		return NULL;
	ahead->volume = volume;
	pthread_mutex_init(&ahead->lock, NULL);
	pthread_cond_init(&ahead->changed, NULL);
	return ahead;
}

static void set_state(struct read_ahead *ahead, enum state state)
{
	pthread_mutex_lock(&ahead->lock);
	ahead->state = state;
	pthread_cond_signal(&ahead->changed);
	pthread_mutex_unlock(&ahead->lock);
}

static enum state wait_while(struct read_ahead *ahead, enum state state)
{
	enum state now;

	pthread_mutex_lock(&ahead->lock);
	while (ahead->state == state)
		pthread_cond_wait(&ahead->changed, &ahead->lock);
	now = ahead->state;
	pthread_mutex_unlock(&ahead->lock);
	return now;
}

static void *read_for_ever(void *context)
{
	struct read_ahead *ahead = context;

	while (wait_while(ahead, IDLE) != ENDING) {
		ahead->is_good = device_read_at(ahead->device, ahead->physical, ahead->buffer,
						ahead->length) == 0;
		set_state(ahead, IDLE);
	}
	return NULL;
}

/* Signals are for the caller's threads. */
static bool start_thread(struct read_ahead *ahead)
{
	sigset_t all, before;

	if (ahead->has_thread)
		return true;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	ahead->has_thread = pthread_create(&ahead->thread, NULL, read_for_ever, ahead) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return ahead->has_thread;
}

void read_ahead_free(struct read_ahead *ahead)
{
	if (!ahead)
		return;
	if (ahead->has_thread) {
		wait_while(ahead, READING);
		set_state(ahead, ENDING);
		pthread_join(ahead->thread, NULL);
	}
	pthread_cond_destroy(&ahead->changed);
	pthread_mutex_destroy(&ahead->lock);
	free(ahead);
}

void read_ahead_start(struct read_ahead *ahead, uint64_t bytenr, void *buffer, size_t length)
{
	if (!chunk_map_locate(ahead->volume, bytenr, length, &ahead->device, &ahead->physical) ||
	    !start_thread(ahead))
		return;
	ahead->buffer = buffer;
	ahead->length = length;
	ahead->bytenr = bytenr;
	ahead->epoch = ahead->volume->epoch;
	ahead->is_begun = true;
	set_state(ahead, READING);
}

bool read_ahead_wait(struct read_ahead *ahead, uint64_t bytenr, size_t length)
{
	if (!ahead->is_begun)
		return false;
	ahead->is_begun = false;
	wait_while(ahead, READING);
	if (!ahead->is_good || ahead->bytenr != bytenr || ahead->length != length ||
	    ahead->epoch != ahead->volume->epoch)
		return false;
	ahead->volume->counters.bytes_read += length;
	return true;
}

/* SPDX-License-Identifier: GPL-2.0 */
#include "engine/volume/read_ahead.h"

#include "engine/volume/chunk.h"
#include "engine/volume/csum.h"
#include "engine/volume/device.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

enum {
	BUFFERS = READ_AHEAD_WINDOWS + 1,
	BUFFER_ALIGNMENT = 4096, /* so that direct reads need no copy */
};

enum job_state {
	JOB_NONE,
	JOB_WAITING,
	JOB_RUNNING,
	JOB_DONE,
};

/* A window to be read into the buffer of the same number. */
struct job {
	enum job_state state; /* under the lock */
	struct device *device;
	uint64_t physical;
	uint64_t bytenr;
	unsigned int epoch;
	bool sums;
	bool is_good; /* once it is done */
};

struct read_ahead {
	struct volume *volume;
	const struct csum_algorithm *csum;
	size_t sectorsize;
	pthread_t thread;
	bool has_thread;
	pthread_mutex_t lock;
	pthread_cond_t work, done;
	bool is_idle;	/* the thread waits for work */
	bool is_ending; /* under the lock, too */

	struct read_buffer buffers[BUFFERS];
	struct job jobs[BUFFERS];
	/* The caller's. Jobs are begun in the order of the buffers, in a ring. */
	unsigned int current;
	unsigned int begun; /* behind the current one */
};

struct read_ahead *read_ahead_new(struct volume *volume)
{
	struct read_ahead *ahead = calloc(1, sizeof(*ahead));
	size_t sectors = READ_AHEAD_BUFFER / volume->sectorsize;
	unsigned int i;

	if (!ahead)
		return NULL;
	ahead->volume = volume;
	ahead->csum = volume->csum;
	ahead->sectorsize = volume->sectorsize;
	pthread_mutex_init(&ahead->lock, NULL);
	pthread_cond_init(&ahead->work, NULL);
	pthread_cond_init(&ahead->done, NULL);
	for (i = 0; i < BUFFERS; i++) {
		struct read_buffer *buffer = &ahead->buffers[i];

		buffer->bytes = aligned_alloc(BUFFER_ALIGNMENT, READ_AHEAD_BUFFER);
		buffer->sums = malloc(sectors * volume->csum->size);
		buffer->states = calloc(sectors, sizeof(*buffer->states));
		if (!buffer->bytes || !buffer->sums || !buffer->states) {
			read_ahead_free(ahead);
			return NULL;
		}
	}
	return ahead;
}

/* Read and sum a window; nothing else uses job and buffer meanwhile. */
static void run_job(struct read_ahead *ahead, unsigned int number)
{
	const struct read_buffer *buffer = &ahead->buffers[number];
	struct job *job = &ahead->jobs[number];
	size_t at;

	job->is_good = device_read_at(job->device, job->physical, buffer->bytes + READ_AHEAD_FRONT,
				      READ_AHEAD_WINDOW) == 0;
	if (!job->is_good)
		return;
	for (at = READ_AHEAD_FRONT; at < READ_AHEAD_BUFFER; at += ahead->sectorsize) {
		size_t sector = at / ahead->sectorsize;

		buffer->states[sector] = job->sums ? SECTOR_SUMMED : SECTOR_RAW;
		if (job->sums)
			ahead->csum->compute(buffer->bytes + at, ahead->sectorsize,
					     buffer->sums + sector * ahead->csum->size);
	}
}

static struct job *job_after(struct read_ahead *ahead, unsigned int distance)
{
	return &ahead->jobs[(ahead->current + distance) % BUFFERS];
}

/* With the lock held: run the first job that waits, without it. False if there is none. */
static bool run_first_waiting(struct read_ahead *ahead)
{
	struct job *job = NULL;
	unsigned int i;

	for (i = 0; i < BUFFERS; i++) {
		job = job_after(ahead, i);
		if (job->state == JOB_WAITING)
			break;
	}
	if (i == BUFFERS)
		return false;
	job->state = JOB_RUNNING;
	pthread_mutex_unlock(&ahead->lock);
	run_job(ahead, (unsigned int)(job - ahead->jobs));
	pthread_mutex_lock(&ahead->lock);
	job->state = JOB_DONE;
	return true;
}

static void *run_jobs(void *context)
{
	struct read_ahead *ahead = context;

	pthread_mutex_lock(&ahead->lock);
	while (!ahead->is_ending) {
		if (run_first_waiting(ahead)) {
			pthread_cond_signal(&ahead->done);
			continue;
		}
		ahead->is_idle = true;
		pthread_cond_wait(&ahead->work, &ahead->lock);
		ahead->is_idle = false;
	}
	pthread_mutex_unlock(&ahead->lock);
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
	ahead->has_thread = pthread_create(&ahead->thread, NULL, run_jobs, ahead) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return ahead->has_thread;
}

/* With the lock held: nothing is under way any more. */
static void drop_jobs(struct read_ahead *ahead)
{
	unsigned int i;

	/* Else the thread would go on with those that wait while the first one is waited for. */
	for (i = 0; i < BUFFERS; i++) {
		if (ahead->jobs[i].state == JOB_WAITING)
			ahead->jobs[i].state = JOB_NONE;
	}
	for (i = 0; i < BUFFERS; i++) {
		while (ahead->jobs[i].state == JOB_RUNNING)
			pthread_cond_wait(&ahead->done, &ahead->lock);
		ahead->jobs[i].state = JOB_NONE;
	}
	ahead->begun = 0;
}

void read_ahead_free(struct read_ahead *ahead)
{
	unsigned int i;

	if (!ahead)
		return;
	if (ahead->has_thread) {
		pthread_mutex_lock(&ahead->lock);
		drop_jobs(ahead);
		ahead->is_ending = true;
		pthread_cond_signal(&ahead->work);
		pthread_mutex_unlock(&ahead->lock);
		pthread_join(ahead->thread, NULL);
	}
	for (i = 0; i < BUFFERS; i++) {
		free(ahead->buffers[i].bytes);
		free(ahead->buffers[i].sums);
		free(ahead->buffers[i].states);
	}
	pthread_cond_destroy(&ahead->done);
	pthread_cond_destroy(&ahead->work);
	pthread_mutex_destroy(&ahead->lock);
	free(ahead);
}

struct read_buffer *read_ahead_buffer(struct read_ahead *ahead)
{
	return &ahead->buffers[ahead->current];
}

void read_ahead_start(struct read_ahead *ahead, uint64_t bytenr, unsigned int windows, bool sums)
{
	bool has_new = false;

	if (windows > READ_AHEAD_WINDOWS)
		windows = READ_AHEAD_WINDOWS;
	while (ahead->begun < windows && start_thread(ahead)) {
		struct job job = {.state = JOB_WAITING,
				  .bytenr = bytenr,
				  .epoch = ahead->volume->epoch,
				  .sums = sums};

		if (ahead->begun)
			job.bytenr = job_after(ahead, ahead->begun)->bytenr + READ_AHEAD_WINDOW;
		if (!chunk_map_locate(ahead->volume, job.bytenr, READ_AHEAD_WINDOW, &job.device,
				      &job.physical))
			break;
		pthread_mutex_lock(&ahead->lock);
		ahead->begun++;
		*job_after(ahead, ahead->begun) = job;
		has_new = ahead->is_idle;
		pthread_mutex_unlock(&ahead->lock);
	}
	if (has_new)
		pthread_cond_signal(&ahead->work);
}

/* Until the job is done: do what waits, be it that job or one behind it. */
static void finish_job(struct read_ahead *ahead, const struct job *job)
{
	while (job->state != JOB_DONE) {
		if (!run_first_waiting(ahead))
			pthread_cond_wait(&ahead->done, &ahead->lock);
	}
}

struct read_buffer *read_ahead_take(struct read_ahead *ahead, uint64_t bytenr)
{
	struct job *job = job_after(ahead, 1);
	bool is_good;

	if (!ahead->begun || job->bytenr != bytenr || job->epoch != ahead->volume->epoch) {
		read_ahead_drop(ahead);
		return NULL;
	}
	pthread_mutex_lock(&ahead->lock);
	finish_job(ahead, job);
	is_good = job->is_good;
	if (is_good) {
		job->state = JOB_NONE;
		ahead->current = (ahead->current + 1) % BUFFERS;
		ahead->begun--;
	} else {
		drop_jobs(ahead);
	}
	pthread_mutex_unlock(&ahead->lock);
	if (!is_good)
		return NULL;
	ahead->volume->counters.bytes_read += READ_AHEAD_WINDOW;
	return read_ahead_buffer(ahead);
}

void read_ahead_drop(struct read_ahead *ahead)
{
	if (!ahead->begun)
		return;
	pthread_mutex_lock(&ahead->lock);
	drop_jobs(ahead);
	pthread_mutex_unlock(&ahead->lock);
}

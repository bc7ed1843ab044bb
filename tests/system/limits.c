/* SPDX-License-Identifier: GPL-2.0 */
/*
 * limits FILE: how fast this machine does what a send of bulk data cannot avoid, in GiB/s, medians
 * of 5 rounds: checksums, copies in memory, reading FILE from the page cache, and writing or
 * splicing into a pipe that another process reads. docs/performance.md holds the engine's figures
 * against them.
 */
#include "engine/volume/csum.h"

#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	ROUNDS = 5,
	SECTOR = 4096,
	WINDOW = 256 << 10,
	AMOUNT = 512 << 20, /* bytes in a round; more than any cache */
};

struct work {
	uint8_t *source, *target;
	int file;
	off_t file_size;
};

static double seconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static volatile uint32_t sink;

static void sum_sectors(const struct work *work, size_t span)
{
	for (size_t done = 0; done < AMOUNT; done += SECTOR)
		sink = crc32c(~0u, work->source + done % span, SECTOR);
}

static void sum_in_cache(const struct work *work)
{
	sum_sectors(work, WINDOW);
}

static void sum_in_memory(const struct work *work)
{
	sum_sectors(work, AMOUNT);
}

static void copy_in_memory(const struct work *work)
{
	memcpy(work->target, work->source, AMOUNT);
}

/* As the engine does: into a window that stays in the processor's cache, sector sums behind it. */
static void read_window(const struct work *work, int sums)
{
	for (size_t done = 0; done < AMOUNT; done += WINDOW) {
		off_t offset = (off_t)done % work->file_size;

		if (pread(work->file, work->target, WINDOW, offset) != WINDOW)
			err(1, "cannot read the file");
		for (size_t at = 0; sums && at < WINDOW; at += SECTOR)
			sink = crc32c(~0u, work->target + at, SECTOR);
	}
}

static void read_only(const struct work *work)
{
	read_window(work, 0);
}

static void read_and_sum(const struct work *work)
{
	read_window(work, 1);
}

/* Of the process that empties the pipe: looking at nothing, or copying out. */
static void drain(int from, uint8_t *buffer, int spliced)
{
	int null = open("/dev/null", O_WRONLY);
	ssize_t got;

	do {
		got = spliced ? splice(from, NULL, null, NULL, WINDOW, 0)
			      : read(from, buffer, WINDOW);
	} while (got > 0);
	_exit(got < 0);
}

enum pipe_input { FROM_MEMORY, FROM_FILE };

static void fill(int to, const struct work *work, enum pipe_input input, size_t done)
{
	off_t offset = (off_t)done % work->file_size;
	size_t left = WINDOW;

	while (left) {
		ssize_t moved = input == FROM_MEMORY
					? write(to, work->source, left)
					: splice(work->file, &offset, to, NULL, left, 0);

		if (moved <= 0)
			err(1, "cannot write into the pipe");
		left -= (size_t)moved;
	}
}

static void through_pipe(const struct work *work, enum pipe_input input, int spliced)
{
	int ends[2];
	pid_t reader;

	if (pipe(ends) || fcntl(ends[0], F_SETPIPE_SZ, 1 << 20) < 0)
		err(1, "cannot make a pipe");
	reader = fork();
	if (reader < 0)
		err(1, "cannot fork");
	if (reader == 0) {
		close(ends[1]);
		drain(ends[0], work->target, spliced);
	}
	close(ends[0]);
	for (size_t done = 0; done < AMOUNT; done += WINDOW)
		fill(ends[1], work, input, done);
	close(ends[1]);
	waitpid(reader, NULL, 0);
}

static void write_read_pipe(const struct work *work)
{
	through_pipe(work, FROM_MEMORY, 0);
}

static void write_spliced_pipe(const struct work *work)
{
	through_pipe(work, FROM_MEMORY, 1);
}

static void splice_read_pipe(const struct work *work)
{
	through_pipe(work, FROM_FILE, 0);
}

static void splice_spliced_pipe(const struct work *work)
{
	through_pipe(work, FROM_FILE, 1);
}

static int compare(const void *left, const void *right)
{
	const double *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(const struct work *work);
	} rows[] = {
		{"CRC-32C of sectors in the processor's cache", sum_in_cache},
		{"CRC-32C of sectors in memory", sum_in_memory},
		{"copy in memory", copy_in_memory},
		{"read from the page cache, 256 KiB at a time", read_only},
		{"the same, with the sums of its sectors", read_and_sum},
		{"write into a pipe that is read", write_read_pipe},
		{"write into a pipe that is spliced to nowhere", write_spliced_pipe},
		{"the page cache into a pipe that is read", splice_read_pipe},
		{"the page cache into one that is spliced on", splice_spliced_pipe},
	};
	struct work work = {.source = malloc(AMOUNT), .target = malloc(AMOUNT)};

	if (argc != 2)
		errx(2, "usage: limits FILE");
	work.file = open(argv[1], O_RDONLY);
	work.file_size = work.file < 0 ? -1 : lseek(work.file, 0, SEEK_END) / WINDOW * WINDOW;
	if (work.file_size <= 0)
		err(1, "%s: cannot open it, or it is below 256 KiB", argv[1]);
	if (!work.source || !work.target)
		err(1, "out of memory");
	memset(work.source, 0xa5, AMOUNT);
	memset(work.target, 0, AMOUNT);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		double took[ROUNDS];

		for (int round = 0; round < ROUNDS; round++) {
			double begin = seconds();

			rows[i].run(&work);
			took[round] = seconds() - begin;
		}
		qsort(took, ROUNDS, sizeof(took[0]), compare);
		printf("%-46s %6.2f\n", rows[i].name,
		       (double)AMOUNT / took[ROUNDS / 2] / (1 << 30));
	}
	free(work.source);
	free(work.target);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * timesend COUNT OUTPUT SNAPSHOT...: send each snapshot COUNT times into the file OUTPUT, after
 * once that is not counted, and print of each send the processor time of the sending thread and the
 * wall time in microseconds: "SNAPSHOT CPU WALL". No pipe and no other thread: nothing but the
 * send.
 */
#include <err.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/btrfs.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

static uint64_t now_us(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (uint64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

static void send_once(const char *path, int output, int counts)
{
	struct btrfs_ioctl_send_args arguments = {.send_fd = output};
	int snapshot = open(path, O_RDONLY | O_DIRECTORY);
	uint64_t cpu, wall;

	if (snapshot < 0)
		err(3, "%s", path);
	if (lseek(output, 0, SEEK_SET) || ftruncate(output, 0))
		err(3, "the output");
	wall = now_us(CLOCK_MONOTONIC);
	cpu = now_us(CLOCK_THREAD_CPUTIME_ID);
	if (ioctl(snapshot, BTRFS_IOC_SEND, &arguments))
		err(1, "send of %s", path);
	cpu = now_us(CLOCK_THREAD_CPUTIME_ID) - cpu;
	wall = now_us(CLOCK_MONOTONIC) - wall;
	close(snapshot);
	if (counts)
		printf("%s %" PRIu64 " %" PRIu64 "\n", path, cpu, wall);
}

int main(int argc, char **argv)
{
	int output, count;

	if (argc < 4)
		errx(2, "usage: timesend COUNT OUTPUT SNAPSHOT...");
	count = atoi(argv[1]);
	output = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (output < 0)
		err(3, "%s", argv[2]);
	for (int i = 3; i < argc; i++) {
		for (int repeat = 0; repeat <= count; repeat++)
			send_once(argv[i], output, repeat > 0);
	}
	return 0;
}

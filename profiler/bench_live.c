/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/bench_live.h"
#include "profiler/interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <inttypes.h>
#include <linux/btrfs.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAP_EXTENTS = 256, STOP_PAUSE_US = 20000 };

static int add_place(struct extent_places *places, uint64_t bytenr)
{
	uint64_t *bytenrs = places->bytenrs;

	/* Doubled at each power of two. */
	if (!(places->count & (places->count - 1))) {
		bytenrs = reallocarray(bytenrs, 2 * places->count + 1, sizeof(*bytenrs));
		if (!bytenrs)
			return -ENOMEM;
		places->bytenrs = bytenrs;
	}
	bytenrs[places->count++] = bytenr;
	return 0;
}

/* On btrfs fe_physical is the logical address: that of the extent in the extent tree. */
static int map_file(int fd, struct fiemap *map, struct extent_places *places)
{
	bool last = false;
	int ret = 0;

	*map = (struct fiemap){.fm_length = FIEMAP_MAX_OFFSET, .fm_flags = FIEMAP_FLAG_SYNC};
	while (!ret && !last) {
		map->fm_extent_count = MAP_EXTENTS;
		if (ioctl(fd, FS_IOC_FIEMAP, map))
			return -errno;
		if (!map->fm_mapped_extents)
			return 0;
		for (uint32_t i = 0; !ret && i < map->fm_mapped_extents; i++) {
			const struct fiemap_extent *extent = &map->fm_extents[i];

			if (!(extent->fe_flags & FIEMAP_EXTENT_DATA_INLINE))
				ret = add_place(places, extent->fe_physical);
			map->fm_start = extent->fe_logical + extent->fe_length;
			last |= extent->fe_flags & FIEMAP_EXTENT_LAST;
		}
	}
	return ret;
}

static int by_name(const FTSENT **left, const FTSENT **right)
{
	return strcmp((*left)->fts_name, (*right)->fts_name);
}

static int find_places(const char *folder, struct extent_places *places, struct failure *failure)
{
	char *paths[] = {(char *)folder, NULL};
	FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
	struct fiemap *map = malloc(sizeof(*map) + MAP_EXTENTS * sizeof(struct fiemap_extent));
	FTSENT *entry;
	int ret = walk && map ? 0 : -ENOMEM;

	while (!ret && (entry = fts_read(walk))) {
		int fd;

		if (entry->fts_info != FTS_F)
			continue;
		fd = open(entry->fts_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		ret = fd < 0 ? -errno : map_file(fd, map, places);
		if (fd >= 0)
			close(fd);
	}
	if (walk)
		fts_close(walk);
	free(map);
	return ret ? failure_set(failure, ret, "cannot tell where the extents of %s are: %s",
				 folder, strerror(-ret))
		   : 0;
}

/* The process that balances; it goes when its parent does, or when a balance is cancelled. */
static void balance_forever(const char *top, int rounds_fd)
{
	int fd = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct btrfs_ioctl_balance_args arguments;

	for (;;) {
		arguments = (struct btrfs_ioctl_balance_args){
			.flags = BTRFS_BALANCE_DATA | BTRFS_BALANCE_METADATA |
				 BTRFS_BALANCE_SYSTEM | BTRFS_BALANCE_FORCE,
		};
		if (fd < 0 || ioctl(fd, BTRFS_IOC_BALANCE_V2, &arguments))
			_exit(errno);
		if (write(rounds_fd, "", 1) != 1)
			_exit(0);
	}
}

static int start_process(struct bench_live *live, struct failure *failure)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return failure_set(failure, -errno, "cannot make a pipe: %s", strerror(errno));
	fflush(NULL);
	live->pid = fork();
	if (live->pid == 0) {
		signal(SIGINT, SIG_IGN); /* of the terminal: who started us ends us, too */
		signal(SIGTERM, SIG_DFL);
		signal(SIGHUP, SIG_DFL);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ends[0]);
		balance_forever(live->top, ends[1]);
	}
	close(ends[1]);
	live->rounds_fd = ends[0];
	if (live->pid > 0)
		return 0;
	live->pid = 0;
	return failure_set(failure, -errno, "fork: %s", strerror(errno));
}

int bench_live_start(struct bench_live *live, const char *top, const char *folder,
		     struct failure *failure)
{
	int ret;

	*live = (struct bench_live){.top = top, .rounds_fd = -1};
	if (asprintf(&live->folder, "%s/%s", top, folder) < 0) {
		live->folder = NULL;
		return failure_set(failure, -ENOMEM, "out of memory");
	}
	ret = find_places(live->folder, &live->at, failure);
	return ret ? ret : start_process(live, failure);
}

/* A balance that began after us, or was about to end: one whole one came between. */
static int wait_for_round(const struct bench_live *live, uint64_t *rounds, struct failure *failure)
{
	char bytes[4096];
	ssize_t got;

	for (*rounds = 0; !*rounds; *rounds = (uint64_t)got) {
		struct pollfd descriptor = {.fd = live->rounds_fd, .events = POLLIN};

		(void)poll(&descriptor, 1, -1);
		if (interrupt_signal())
			return failure_set(failure, -EINTR, "interrupted");
		got = descriptor.revents ? read(live->rounds_fd, bytes, sizeof(bytes)) : 0;
		if (got < 0 || (!got && descriptor.revents))
			return failure_set(failure, -EIO, "the balance of %s failed", live->top);
	}
	return 0;
}

static void stop_process(struct bench_live *live)
{
	int fd = open(live->top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	/* Between two balances there is none to cancel, and the next one begins. */
	while (live->pid && waitpid(live->pid, NULL, WNOHANG) == 0) {
		kill(live->pid, SIGTERM);
		if (fd >= 0)
			(void)ioctl(fd, BTRFS_IOC_BALANCE_CTL, BTRFS_BALANCE_CTL_CANCEL);
		usleep(STOP_PAUSE_US);
	}
	live->pid = 0;
	if (fd >= 0)
		close(fd);
}

static int count_moves(const struct bench_live *live, struct bench_moves *moves,
		       struct failure *failure)
{
	struct extent_places now = {0};
	int ret = find_places(live->folder, &now, failure);

	moves->extents = live->at.count;
	for (size_t i = 0; !ret && i < now.count && i < live->at.count; i++)
		moves->moved_extents += now.bytenrs[i] != live->at.bytenrs[i];
	if (!ret && (now.count != live->at.count || moves->moved_extents != moves->extents))
		ret = failure_set(failure, -EIO,
				  "%s: moved while it was sent: have %" PRIu64 " of %zu extents "
				  "expect all %" PRIu64,
				  live->folder, moves->moved_extents, now.count, moves->extents);
	free(now.bytenrs);
	return ret;
}

int bench_live_stop(struct bench_live *live, struct bench_moves *moves, struct failure *failure)
{
	int ret = 0;

	if (moves) {
		*moves = (struct bench_moves){0};
		ret = wait_for_round(live, &moves->rounds, failure);
	}
	stop_process(live);
	if (!ret && moves)
		ret = count_moves(live, moves, failure);
	if (live->rounds_fd >= 0)
		close(live->rounds_fd);
	free(live->at.bytenrs);
	free(live->folder);
	*live = (struct bench_live){.rounds_fd = -1};
	return ret;
}

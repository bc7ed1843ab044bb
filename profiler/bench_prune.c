/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/bench_prune.h"
#include "profiler/bench_filesystem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* WORKLOAD_NAME=VALUE..._mkfs-VERSION_builder-N.img, and .PID while it is not finished. */
#define IMAGE_PATTERN \
	"^[a-z-]+(_[a-z]+=[a-z0-9]+)*_mkfs-[^_/]+_builder-[0-9]+\\.img(\\.([0-9]{1,9}))?$"

enum {
	/* On disk: where the first superblock is, and in it magic and label. */
	SUPER_OFFSET = 65536,
	MAGIC_OFFSET = 64,
	LABEL_OFFSET = 299,
	SUPER_BYTES = 4096,
};

enum bench_image bench_image_kind(const char *name, const char *suffix, int *pid)
{
	enum { PID_MATCH = 3, MATCHES };
	size_t length = strlen(name), end = strlen(suffix);
	regmatch_t matches[MATCHES];
	regex_t pattern;
	bool ours;

	*pid = 0;
	if (regcomp(&pattern, IMAGE_PATTERN, REG_EXTENDED))
		return BENCH_IMAGE_FOREIGN;
	ours = !regexec(&pattern, name, MATCHES, matches, 0);
	regfree(&pattern);
	if (!ours)
		return BENCH_IMAGE_FOREIGN;
	if (matches[PID_MATCH].rm_so >= 0) {
		*pid = atoi(name + matches[PID_MATCH].rm_so);
		return BENCH_IMAGE_UNFINISHED;
	}
	return length > end && !strcmp(name + length - end, suffix) ? BENCH_IMAGE_CURRENT
								    : BENCH_IMAGE_OLD;
}

static bool has_our_label(int fd)
{
	char super[SUPER_BYTES];

	return pread(fd, super, sizeof(super), SUPER_OFFSET) == (ssize_t)sizeof(super) &&
	       !memcmp(super + MAGIC_OFFSET, "_BHRfS_M", 8) &&
	       !memcmp(super + LABEL_OFFSET, BENCH_LABEL, sizeof(BENCH_LABEL));
}

/* A process that we may not signal is there, too. */
static bool is_running(int pid)
{
	return pid > 0 && (!kill(pid, 0) || errno != ESRCH);
}

static int prune_file(int folder, const char *name, const char *suffix, struct bench_pruned *pruned,
		      struct failure *failure)
{
	int pid, fd;
	enum bench_image kind = bench_image_kind(name, suffix, &pid);
	struct stat status;
	bool ours;

	if (kind == BENCH_IMAGE_FOREIGN)
		return 0;
	fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	ours = fd >= 0 && !fstat(fd, &status) && S_ISREG(status.st_mode) && has_our_label(fd);
	if (fd >= 0)
		close(fd);
	if (!ours)
		return 0;
	if (kind == BENCH_IMAGE_CURRENT || (kind == BENCH_IMAGE_UNFINISHED && is_running(pid))) {
		pruned->kept++;
		return 0;
	}
	if (unlinkat(folder, name, 0))
		return failure_set(failure, -errno, "cannot remove %s: %s", name, strerror(errno));
	pruned->removed++;
	pruned->bytes += (uint64_t)status.st_blocks * 512;
	return 0;
}

int bench_prune(const char *cache, const char *suffix, struct bench_pruned *pruned,
		struct failure *failure)
{
	DIR *folder = opendir(cache);
	const struct dirent *entry;
	int ret = 0;

	*pruned = (struct bench_pruned){0};
	if (!folder && errno == ENOENT)
		return 0;
	if (!folder)
		return failure_set(failure, -errno, "cannot read %s: %s", cache, strerror(errno));
	while (!ret && (entry = readdir(folder)))
		ret = prune_file(dirfd(folder), entry->d_name, suffix, pruned, failure);
	closedir(folder);
	return ret;
}

/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/bench_filesystem.h"
#include "profiler/child.h"
#include "profiler/folders.h"
#include "profiler/interrupt.h"
#include "profiler/words.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

static int out_of_memory(struct failure *failure)
{
	return failure_set(failure, -ENOMEM, "out of memory");
}

static char *default_cache(void)
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	char *path;
	int ret;

	if (cache && cache[0] == '/')
		ret = asprintf(&path, "%s/sendprof/bench", cache);
	else
		ret = asprintf(&path, "%s/.cache/sendprof/bench", home ? home : "/root");
	return ret < 0 ? NULL : path;
}

static int find_mkfs(struct bench_place *place, struct failure *failure)
{
	place->mkfs_version = child_output((char *[]){"mkfs.btrfs", "--version", NULL}, failure);
	if (!place->mkfs_version)
		return failure->code;
	place->mkfs_version[strcspn(place->mkfs_version, "\n")] = '\0';
	return 0;
}

int bench_place_find(struct bench_place *place, const char *cache, const char *device,
		     struct failure *failure)
{
	int ret;

	*place = (struct bench_place){.device = device};
	place->cache = cache ? strdup(cache) : default_cache();
	if (!place->cache)
		return out_of_memory(failure);
	ret = child_extend_path(failure);
	return ret ? ret : find_mkfs(place, failure);
}

int bench_place_open(struct bench_place *place, const char *cache, const char *device,
		     struct failure *failure)
{
	const char *temporary = getenv("TMPDIR");
	int ret = bench_place_find(place, cache, device, failure);

	if (ret)
		return ret;
	if (asprintf(&place->mount_point, "%s/sendprof-bench.XXXXXX",
		     temporary && *temporary ? temporary : "/tmp") < 0) {
		place->mount_point = NULL;
		return out_of_memory(failure);
	}
	ret = device ? 0 : folders_make(place->cache);
	if (ret)
		return failure_set(failure, ret, "cannot create %s: %s", place->cache,
				   strerror(-ret));
	/* A slave, so that what is unmounted elsewhere does not stay in use here. */
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL))
		return failure_set(failure, -errno, "cannot make a mount namespace: %s",
				   strerror(errno));
	if (!mkdtemp(place->mount_point)) {
		ret = failure_set(failure, -errno, "cannot create %s: %s", place->mount_point,
				  strerror(errno));
		free(place->mount_point);
		place->mount_point = NULL;
	}
	return ret;
}

static void forget_copy(struct bench_place *place)
{
	if (place->copy)
		unlink(place->copy);
	free(place->copy);
	place->copy = NULL;
}

void bench_place_close(struct bench_place *place)
{
	struct failure ignored = {0};

	if (place->mounted)
		bench_filesystem_unmount(place, &ignored);
	forget_copy(place);
	if (place->mount_point)
		rmdir(place->mount_point);
	free(place->mount_point);
	free(place->mkfs_version);
	free(place->cache);
	*place = (struct bench_place){0};
}

/* Of "mkfs.btrfs, part of btrfs-progs v6.2" the last word. */
char *bench_image_suffix(const struct bench_place *place)
{
	const char *space = strrchr(place->mkfs_version, ' ');
	char *suffix;

	if (asprintf(&suffix, "_mkfs-%s_builder-%d.img", space ? space + 1 : place->mkfs_version,
		     WORKLOAD_BUILDER_VERSION) < 0)
		return NULL;
	return suffix;
}

/* A label as the name of a file. */
static char *image_path(const struct bench_place *place, const struct bench_job *job)
{
	char *label = bench_filesystem_label(job), *suffix = bench_image_suffix(place);
	char *path = NULL;

	for (char *at = label; at && *at; at++)
		*at = *at == ' ' ? '_' : *at;
	if (label && suffix && asprintf(&path, "%s/%s%s", place->cache, label, suffix) < 0)
		path = NULL;
	free(suffix);
	free(label);
	return path;
}

bool bench_filesystem_cached(const struct bench_place *place, const struct bench_job *job)
{
	char *path = place->device ? NULL : image_path(place, job);
	bool cached = path && !access(path, F_OK);

	free(path);
	return cached;
}

static bool is_ours(const char *device)
{
	struct failure ignored = {0};
	char *label = child_output(
		(char *[]){"blkid", "-p", "-o", "value", "-s", "LABEL", (char *)device, NULL},
		&ignored);
	bool ours = label && !strcmp(label, BENCH_LABEL "\n");

	free(label);
	return ours;
}

/* Without --force mkfs refuses a device that has anything on it, which is what we want. */
static int make_filesystem(const struct bench_job *job, const char *path, bool is_device,
			   struct failure *failure)
{
	struct words words = {0};
	int ret;

	words_add(&words, "mkfs.btrfs");
	words_add(&words, "--quiet");
	words_add(&words, "--label");
	words_add(&words, BENCH_LABEL);
	if (is_device && is_ours(path))
		words_add(&words, "--force");
	for (size_t i = 0; job->workload->mkfs[i]; i++)
		words_add(&words, job->workload->mkfs[i]);
	words_add(&words, path);
	ret = words.failed ? out_of_memory(failure)
			   : child_must(&(struct child){.arguments = words.items}, failure);
	words_release(&words);
	return ret;
}

static int mount_it(struct bench_place *place, const struct bench_job *job, const char *path,
		    bool writable, struct failure *failure)
{
	const char *more = job->workload->mount_options;
	struct words words = {0};
	int ret;

	words_add(&words, "mount");
	words_add(&words, "-t");
	words_add(&words, "btrfs");
	words_add(&words, "-o");
	words_format(&words, "%snoatime%s%s%s", writable ? "" : "ro,", place->device ? "" : ",loop",
		     more ? "," : "", more ? more : "");
	words_add(&words, path);
	words_add(&words, place->mount_point);
	ret = words.failed ? out_of_memory(failure)
			   : child_must(&(struct child){.arguments = words.items}, failure);
	words_release(&words);
	place->mounted = !ret;
	return ret;
}

int bench_filesystem_unmount(struct bench_place *place, struct failure *failure)
{
	/* The first process that looks at a new filesystem may still have it open. */
	for (unsigned int attempt = 0; umount(place->mount_point); attempt++) {
		if (errno != EBUSY || attempt == 50)
			return failure_set(failure, -errno, "cannot unmount %s: %s",
					   place->mount_point, strerror(errno));
		usleep(100000);
	}
	place->mounted = false;
	forget_copy(place);
	return 0;
}

/* How the builder ended, and what it said. */
static int builder_failure(const struct bench_job *job, int status, int errors,
			   struct failure *failure)
{
	char said[256] = "";
	ssize_t length = pread(errors, said, sizeof(said) - 1, 0);

	said[length < 0 ? 0 : length] = '\0';
	said[strcspn(said, "\n")] = '\0';
	if (interrupt_signal())
		return failure_set(failure, -EINTR, "interrupted");
	if (WIFSIGNALED(status))
		return failure_set(failure, -EIO, "building %s: ended by signal %d",
				   job->workload->name, WTERMSIG(status));
	if (!said[0])
		return failure_set(failure, -EIO, "building %s: failed and said nothing",
				   job->workload->name);
	return failure_set(failure, -EIO, "building %s", said);
}

/* The builder ends with a message on stderr when something fails: in a process of its own. */
static int run_builder(const struct bench_place *place, const struct bench_job *job,
		       struct failure *failure)
{
	int errors = memfd_create("errors", MFD_CLOEXEC), status = 0, ret = 0;
	pid_t pid;

	if (errors < 0)
		return failure_set(failure, -errno, "memory for the builder's output: %s",
				   strerror(errno));
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		signal(SIGINT, SIG_DFL);
		signal(SIGTERM, SIG_DFL);
		signal(SIGHUP, SIG_DFL);
		/* Nobody else would end it, and it holds the mount. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (dup2(errors, STDERR_FILENO) < 0)
			_exit(1);
		/* What err() begins its message with. */
		program_invocation_short_name = (char *)job->workload->name;
		workload_build(job->workload, job->values, place->mount_point);
		_exit(0);
	}
	if (pid < 0)
		ret = failure_set(failure, -errno, "fork: %s", strerror(errno));
	/* A signal that reached only this process is passed on: building may take long. */
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) {
		if (interrupt_signal())
			kill(pid, SIGTERM);
	}
	if (pid > 0 && status)
		ret = builder_failure(job, status, errors, failure);
	close(errors);
	return ret;
}

static int build_on(struct bench_place *place, const struct bench_job *job, const char *path,
		    struct failure *failure)
{
	int ret = make_filesystem(job, path, place->device, failure), unmounted;

	if (!ret)
		ret = mount_it(place, job, path, true, failure);
	if (ret)
		return ret;
	ret = run_builder(place, job, failure);
	unmounted = bench_filesystem_unmount(place, failure);
	return ret ? ret : unmounted;
}

/*
 * The image is sparse: as large as the data needs several times over, so that the allocator is
 * never short of room, while the folder must have room for what is written.
 */
static int create_image(const struct bench_place *place, const struct bench_job *job,
			const char *path, struct failure *failure)
{
	struct workload_claims claims = {0};
	struct statvfs space;
	uint64_t needed, size;
	int fd, ret = 0;

	job->workload->claim(job->values, &claims);
	needed = claims.bytes + claims.bytes / 4 + (64 << 20);
	size = 4 * needed + (4ull << 30);
	if (!statvfs(place->cache, &space) && space.f_bavail * space.f_frsize < needed)
		return failure_set(failure, -ENOSPC,
				   "%s: have %" PRIu64 " MiB free expect %" PRIu64
				   " for %s (--cache-dir chooses another place)",
				   place->cache, (uint64_t)(space.f_bavail * space.f_frsize) >> 20,
				   needed >> 20, job->workload->name);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, (off_t)size))
		ret = failure_set(failure, -errno, "cannot create %s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return ret;
}

/* Under its name it is whole and verified; two processes may build the same one. */
static int build_image(struct bench_place *place, const struct bench_job *job, const char *path,
		       struct failure *failure)
{
	char *unfinished;
	int ret;

	if (asprintf(&unfinished, "%s.%d", path, getpid()) < 0)
		return out_of_memory(failure);
	ret = create_image(place, job, unfinished, failure);
	if (!ret)
		ret = build_on(place, job, unfinished, failure);
	if (!ret && rename(unfinished, path))
		ret = failure_set(failure, -errno, "cannot rename %s: %s", unfinished,
				  strerror(errno));
	if (ret)
		unlink(unfinished);
	free(unfinished);
	return ret;
}

static int copy_image(struct bench_place *place, const char *path, struct failure *failure)
{
	if (asprintf(&place->copy, "%s.%d", path, getpid()) < 0) {
		place->copy = NULL;
		return out_of_memory(failure);
	}
	return child_must(
		&(struct child){
			.arguments = (char *[]){"cp", "--sparse=always", "--reflink=auto",
						(char *)path, place->copy, NULL},
		},
		failure);
}

int bench_filesystem_mount(struct bench_place *place, const struct bench_job *job,
			   struct failure *failure)
{
	char *path = place->device ? strdup(place->device) : image_path(place, job);
	int ret = path ? 0 : out_of_memory(failure);

	if (!ret && place->device)
		ret = build_on(place, job, path, failure);
	else if (!ret && access(path, F_OK))
		ret = build_image(place, job, path, failure);
	/* What is cached stays as it was verified: mounted read-only, or a copy of it. */
	if (!ret && job->workload->live && !place->device)
		ret = copy_image(place, path, failure);
	if (!ret)
		ret = mount_it(place, job, place->copy ? place->copy : path, job->workload->live,
			       failure);
	if (ret)
		forget_copy(place);
	free(path);
	return ret;
}

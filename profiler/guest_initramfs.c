/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel unpacks archives that follow one another, so there are two: one of the host's files,
 * read where they are, and one of a folder with what exists for the guest alone.
 */
#include "profiler/guest_initramfs.h"
#include "profiler/child.h"
#include "profiler/guest_assets.h"
#include "profiler/guest_files.h"
#include "profiler/guest_modules.h"
#include "profiler/guest_protocol.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

struct initramfs {
	const struct guest_request *request;
	const struct guest_kernel *kernel;
	const struct words *shares;
	char stage[PATH_MAX];	/* the folder with what exists for the guest alone */
	char list[PATH_MAX];	/* file with the names for cpio */
	char archive[PATH_MAX]; /* what is written */
	char self[PATH_MAX];	/* this program */
	struct words staged;	/* names in the stage */
	struct words modules;	/* in the guest, in the order of loading */
	struct guest_files files;
	struct failure *failure;
};

/* Where the kernel or the first process mounts something, and what programs expect. */
static const struct {
	const char *name;
	mode_t mode;
} folders[] = {
	{"dev", 0755},	{"proc", 0755}, {"sys", 0755}, {"run", 0755},	   {"mnt", 0755},
	{"root", 0700}, {"tmp", 01777}, {"var", 0755}, {"var/tmp", 01777},
};

static int fail_errno(struct initramfs *initramfs, const char *what)
{
	return failure_set(initramfs->failure, -errno, "%s: %s", what, strerror(errno));
}

static int no_memory(struct initramfs *initramfs)
{
	return failure_set(initramfs->failure, -ENOMEM, "out of memory");
}

/* Where @name is in the stage; what would not fit cannot be opened either. */
static void stage_path(const struct initramfs *initramfs, const char *name, char path[PATH_MAX])
{
	if (snprintf(path, PATH_MAX, "%s/%s", initramfs->stage, name) >= PATH_MAX)
		path[0] = '\0';
}

/* Create @name in the stage, for writing; an open file or a negative errno. */
static int stage_file(struct initramfs *initramfs, const char *name, mode_t mode)
{
	char path[PATH_MAX];
	int fd;

	stage_path(initramfs, name, path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	words_add(&initramfs->staged, name);
	return fd < 0 ? fail_errno(initramfs, path) : fd;
}

static int stage_folder(struct initramfs *initramfs, const char *name, mode_t mode)
{
	char path[PATH_MAX];

	stage_path(initramfs, name, path);
	if ((mkdir(path, mode) && errno != EEXIST) || chmod(path, mode))
		return fail_errno(initramfs, path);
	return 0;
}

static int stage_bytes(struct initramfs *initramfs, const char *name, mode_t mode, const void *data,
		       size_t length)
{
	int fd = stage_file(initramfs, name, mode), ret = 0;
	ssize_t written;

	if (fd < 0)
		return fd;
	written = write(fd, data, length);
	if (written < 0)
		ret = fail_errno(initramfs, name);
	else if ((size_t)written < length)
		ret = failure_set(initramfs->failure, -ENOSPC, "%s: %s", name, strerror(ENOSPC));
	close(fd);
	return ret;
}

/* What the other archive has, perhaps as a link like bin on most systems, is left to it. */
static int stage_folders(struct initramfs *initramfs)
{
	int ret = 0;

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]) && !ret; i++) {
		if (words_contain(&initramfs->files.paths, folders[i].name))
			continue;
		ret = stage_folder(initramfs, folders[i].name, folders[i].mode);
		words_add(&initramfs->staged, folders[i].name);
	}
	return ret;
}

struct unpacker {
	const char *suffix, *program, *package;
};

/* What unpacks a module file, NULL if it is not compressed. */
static const struct unpacker *module_unpacker(const char *path)
{
	static const struct unpacker table[] = {
		{".xz", "xz", "xz-utils"}, {".zst", "zstd", "zstd"}, {".gz", "gzip", "gzip"}};
	size_t length = strlen(path);

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		size_t suffix = strlen(table[i].suffix);

		if (length > suffix && !strcmp(path + length - suffix, table[i].suffix))
			return &table[i];
	}
	return NULL;
}

static int copy_module(struct initramfs *initramfs, const char *from, const char *name)
{
	int source = open(from, O_RDONLY | O_CLOEXEC), target, ret = 0;
	ssize_t copied;

	if (source < 0)
		return fail_errno(initramfs, from);
	target = stage_file(initramfs, name, 0600);
	if (target < 0)
		ret = target;
	while (!ret && (copied = sendfile(target, source, NULL, INT_MAX)) != 0) {
		if (copied < 0)
			ret = fail_errno(initramfs, from);
	}
	if (target >= 0)
		close(target);
	close(source);
	return ret;
}

static int unpack_module(struct initramfs *initramfs, const struct unpacker *unpacker,
			 const char *from, const char *name)
{
	char *arguments[] = {(char *)unpacker->program, "-dc", NULL};
	char path[PATH_MAX];
	const struct child child = {.arguments = arguments, .input = from, .output = path};
	int ret = guest_need_program(unpacker->program, unpacker->package, initramfs->failure);

	if (ret)
		return ret;
	if (access(from, R_OK))
		return fail_errno(initramfs, from);
	stage_path(initramfs, name, path);
	words_add(&initramfs->staged, name);
	return child_must(&child, initramfs->failure);
}

static int stage_module(struct initramfs *initramfs, const char *from)
{
	const struct unpacker *unpacker = module_unpacker(from);
	const char *base = strrchr(from, '/') + 1;
	char name[PATH_MAX], path[PATH_MAX];
	int ret;

	snprintf(name, sizeof(name), "%s/%.*s.ko", GUEST_FOLDER + 1, (int)strcspn(base, "."), base);
	words_format(&initramfs->modules, "/%s", name);
	ret = unpacker ? unpack_module(initramfs, unpacker, from, name)
		       : copy_module(initramfs, from, name);
	stage_path(initramfs, name, path);
	return ret ? ret
		   : guest_module_check(path, from, initramfs->kernel->release, initramfs->failure);
}

static int stage_modules(struct initramfs *initramfs)
{
	struct words paths = {0};
	int ret = 0;

	if (initramfs->kernel->modules)
		ret = guest_modules_find(initramfs->kernel, &initramfs->request->load, &paths,
					 initramfs->failure);
	for (size_t i = 0; i < paths.count && !ret; i++)
		ret = stage_module(initramfs, paths.items[i]);
	words_release(&paths);
	return ret;
}

static void write_words(FILE *job, enum guest_job_kind kind, char *const *words)
{
	for (; words && *words; words++) {
		fputc(kind, job);
		fwrite(*words, 1, strlen(*words) + 1, job);
	}
}

static int stage_job(struct initramfs *initramfs)
{
	char *text = NULL;
	size_t length = 0;
	FILE *job = open_memstream(&text, &length);
	int ret;

	if (!job)
		return no_memory(initramfs);
	write_words(job, GUEST_JOB_MODULE, initramfs->modules.items);
	write_words(job, GUEST_JOB_SHARE, initramfs->shares->items);
	fprintf(job, "%c%s%c", GUEST_JOB_DIRECTORY, initramfs->shares->items[0], '\0');
	write_words(job, GUEST_JOB_ENVIRONMENT, environ);
	write_words(job, GUEST_JOB_ARGUMENT, initramfs->request->command);
	ret = fclose(job) ? no_memory(initramfs)
			  : stage_bytes(initramfs, GUEST_JOB + 1, 0600, text, length);
	free(text);
	return ret;
}

/* The guest has this very program in its PATH, wherever it is here. */
static int stage_self(struct initramfs *initramfs)
{
	static const char name[] = "usr/bin/sendprof";
	char path[PATH_MAX];
	int ret;

	if (words_contain(&initramfs->files.paths, name))
		return 0;
	ret = stage_folder(initramfs, "usr", 0755);
	if (!ret)
		ret = stage_folder(initramfs, "usr/bin", 0755);
	stage_path(initramfs, name, path);
	if (!ret && symlink(initramfs->self, path))
		ret = fail_errno(initramfs, path);
	words_add(&initramfs->staged, name);
	return ret;
}

static int collect_files(struct initramfs *initramfs)
{
	const struct guest_request *request = initramfs->request;
	struct guest_files *files = &initramfs->files;
	char init[PATH_MAX];
	int ret = guest_files_add_tools(files, initramfs->failure);

	if (!ret)
		ret = guest_files_add_program(files, initramfs->self, initramfs->failure);
	for (size_t i = 0; i < request->with.count && !ret; i++)
		ret = guest_files_add_program(files, request->with.items[i], initramfs->failure);
	if (!ret && strcmp(request->command[0], "sendprof") != 0)
		ret = guest_files_add_program(files, request->command[0], initramfs->failure);
	if (ret)
		return ret;
	/* Its libraries are needed; it has its place already. */
	stage_path(initramfs, GUEST_INIT + 1, init);
	words_add(&files->programs, init);
	return guest_files_add_libraries(files, initramfs->failure);
}

/* Add the files @names of @folder to the archive. */
static int archive(struct initramfs *initramfs, const char *folder, const struct words *names)
{
	char *arguments[] = {"cpio", "--quiet", "--null", "--reproducible",
			     "-o",   "-H",	"newc",	  NULL};
	const struct child child = {
		.arguments = arguments,
		.directory = folder,
		.input = initramfs->list,
		.output = initramfs->archive,
	};
	FILE *list;
	bool failed;

	if (names->failed)
		return no_memory(initramfs);
	list = fopen(initramfs->list, "we");
	if (!list)
		return fail_errno(initramfs, initramfs->list);
	for (size_t i = 0; i < names->count; i++)
		fwrite(names->items[i], 1, strlen(names->items[i]) + 1, list);
	failed = ferror(list);
	if (fclose(list))
		return fail_errno(initramfs, initramfs->list);
	if (failed)
		return failure_set(initramfs->failure, -EIO, "%s: %s", initramfs->list,
				   strerror(EIO));
	return child_must(&child, initramfs->failure);
}

static int make(struct initramfs *initramfs)
{
	int ret;

	if (readlink("/proc/self/exe", initramfs->self, PATH_MAX - 1) < 0)
		return fail_errno(initramfs, "/proc/self/exe");
	if (mkdir(initramfs->stage, 0700))
		return fail_errno(initramfs, initramfs->stage);
	ret = stage_folder(initramfs, GUEST_FOLDER + 1, 0755);
	words_add(&initramfs->staged, GUEST_FOLDER + 1);
	if (!ret)
		ret = stage_bytes(initramfs, GUEST_INIT + 1, 0700, guest_init,
				  guest_init_end - guest_init);
	if (!ret)
		ret = collect_files(initramfs);
	if (!ret)
		ret = stage_folders(initramfs);
	if (!ret)
		ret = stage_self(initramfs);
	if (!ret)
		ret = stage_modules(initramfs);
	if (!ret)
		ret = stage_job(initramfs);
	if (!ret)
		ret = archive(initramfs, "/", &initramfs->files.paths);
	return ret ? ret : archive(initramfs, initramfs->stage, &initramfs->staged);
}

int guest_initramfs_make(const struct guest_request *request, const struct guest_kernel *kernel,
			 const struct words *shares, const char *folder, struct failure *failure)
{
	struct initramfs initramfs = {
		.request = request,
		.kernel = kernel,
		.shares = shares,
		.failure = failure,
	};
	int ret = -ENAMETOOLONG;

	if (snprintf(initramfs.stage, PATH_MAX, "%s/stage", folder) < PATH_MAX &&
	    snprintf(initramfs.list, PATH_MAX, "%s/files", folder) < PATH_MAX &&
	    snprintf(initramfs.archive, PATH_MAX, "%s/initrd", folder) < PATH_MAX)
		ret = make(&initramfs);
	else
		failure_set(failure, ret, "%s: %s", folder, strerror(-ret));
	guest_files_release(&initramfs.files);
	words_release(&initramfs.staged);
	words_release(&initramfs.modules);
	return ret;
}

/* SPDX-License-Identifier: GPL-2.0 */
#include "tests/system/random/image.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	IMAGE_SIZE = 1 << 30,
	LOOP_TRIES = 200,
	COPY_CHUNK = 1 << 20,
};

extern char **environ;

__attribute__((format(printf, 3, 4))) static int image_fail(struct image *image, int code,
							    const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vsnprintf(image->error, sizeof(image->error), format, list);
	va_end(list);
	return code;
}

/* A file without a name, in memory unless there is little of it. */
static int open_nameless(void)
{
	const char *folder = getenv("TMPDIR");
	struct statvfs space;

	if (!statvfs("/dev/shm", &space) && (uint64_t)space.f_bavail * space.f_frsize >= IMAGE_SIZE)
		return memfd_create("random-send", MFD_CLOEXEC);
	return open(folder && *folder ? folder : "/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

static int new_file(struct image *image)
{
	int fd = open_nameless();

	if (fd < 0 || ftruncate(fd, IMAGE_SIZE)) {
		int code = -errno;

		if (fd >= 0)
			close(fd);
		return image_fail(image, code, "image file: %s", strerror(-code));
	}
	return fd;
}

/* Put @fd under a free loop device that clears itself; an open file of the device, or -errno. */
static int loop_attach(struct image *image, bool read_only, char path[32])
{
	struct loop_config config = {
		.fd = image->fd,
		.info.lo_flags = LO_FLAGS_AUTOCLEAR | (read_only ? LO_FLAGS_READ_ONLY : 0),
	};
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	int code = control < 0 ? -errno : -EBUSY;

	/* Other processes look for a free device at the same time: the loser asks again. */
	for (int try = 0; control >= 0 && try < LOOP_TRIES; try++) {
		int number = ioctl(control, LOOP_CTL_GET_FREE);
		int device;

		if (number < 0) {
			code = -errno;
			break;
		}
		snprintf(path, 32, "/dev/loop%d", number);
		device = open(path, (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC);
		if (device >= 0 && !ioctl(device, LOOP_CONFIGURE, &config)) {
			close(control);
			return device;
		}
		code = -errno;
		if (device >= 0)
			close(device);
		if (code != -EBUSY && code != -ENXIO)
			break;
	}
	if (control >= 0)
		close(control);
	return image_fail(image, code, "loop device: %s", strerror(-code));
}

static int run_mkfs(struct image *image, const struct plan *plan, const char *device)
{
	const char *arguments[PLAN_MKFS_ARGUMENTS_MAX];
	char nodesize_text[16];
	posix_spawn_file_actions_t actions;
	int status;
	pid_t pid;

	plan_mkfs_arguments(plan, device, nodesize_text, arguments);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	status =
		posix_spawnp(&pid, arguments[0], &actions, NULL, (char *const *)arguments, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (status)
		return image_fail(image, -status, "mkfs.btrfs: %s", strerror(status));
	if (waitpid(pid, &status, 0) < 0 || status)
		return image_fail(image, -EIO, "mkfs.btrfs failed with status %#x", status);
	return 0;
}

int image_create(struct image *image, const struct plan *plan)
{
	char device[32];
	int loop, ret;

	memset(image, 0, sizeof(*image));
	image->mount = -1;
	image->fd = new_file(image);
	if (image->fd < 0)
		return image->fd;
	snprintf(image->path, sizeof(image->path), "/proc/self/fd/%d", image->fd);
	loop = loop_attach(image, false, device);
	if (loop < 0)
		return loop;
	ret = run_mkfs(image, plan, device);
	close(loop);
	return ret;
}

/* Give the options of a list, as of mount -o, one by one. */
static int set_options(int context, char *list)
{
	char *save;

	for (char *option = strtok_r(list, ",", &save); option;
	     option = strtok_r(NULL, ",", &save)) {
		char *value = strchr(option, '=');

		if (value)
			*value++ = '\0';
		if (fsconfig(context, value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, option,
			     value, 0))
			return -errno;
	}
	return 0;
}

/* A mount that has no place in the tree of folders, or a negative errno. */
static int mount_detached(const char *device, char *options, bool read_only)
{
	unsigned int attributes = MOUNT_ATTR_NOATIME | (read_only ? MOUNT_ATTR_RDONLY : 0);
	int context = fsopen("btrfs", FSOPEN_CLOEXEC), mount = -1, code;

	if (context < 0)
		return -errno;
	code = set_options(context, options);
	if (!code && read_only && fsconfig(context, FSCONFIG_SET_FLAG, "ro", NULL, 0))
		code = -errno;
	if (!code && fsconfig(context, FSCONFIG_SET_STRING, "source", device, 0))
		code = -errno;
	if (!code && fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		code = -errno;
	if (!code) {
		mount = fsmount(context, FSMOUNT_CLOEXEC, attributes);
		code = mount < 0 ? -errno : 0;
	}
	close(context);
	return code ? code : mount;
}

int image_mount(struct image *image, const char *options, bool read_only)
{
	char device[32], all[128], words[128];
	int loop = loop_attach(image, read_only, device);

	if (loop < 0)
		return loop;
	/* Commits happen where the test asks for them, not by a clock. */
	snprintf(all, sizeof(all), "commit=300,nodiscard,thread_pool=1%s%s", options[0] ? "," : "",
		 options);
	strcpy(words, all);
	image->mount = mount_detached(device, words, read_only);
	close(loop);
	if (image->mount >= 0)
		return 0;
	return image_fail(image, image->mount, "mount %s -o %s: %s", device, all,
			  strerror(-image->mount));
}

int image_open_root(const struct image *image)
{
	int fd = openat(image->mount, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

void image_unmount(struct image *image)
{
	if (image->mount >= 0)
		close(image->mount);
	image->mount = -1;
}

/* Copy the data of @from, holes left out, to the empty file @to. */
static int copy_sparse(int from, int to)
{
	char *chunk = malloc(COPY_CHUNK);
	off_t at = 0, end;
	int code = chunk ? 0 : -ENOMEM;

	while (!code && (at = lseek(from, at, SEEK_DATA)) >= 0) {
		end = lseek(from, at, SEEK_HOLE);
		while (!code && at < end) {
			size_t want = end - at < COPY_CHUNK ? end - at : COPY_CHUNK;
			ssize_t got = pread(from, chunk, want, at);

			if (got <= 0 || pwrite(to, chunk, got, at) != got)
				code = -EIO;
			else
				at += got;
		}
	}
	free(chunk);
	if (!code && errno != ENXIO) /* which means: no data after here */
		code = -errno;
	return code;
}

int image_fork_committed(struct image *image, int mount_fd, const int *held,
			 unsigned int held_count)
{
	int copy = new_file(image);
	int code;

	if (copy < 0)
		return copy;
	/* Freezing commits and keeps every later transaction out until the copy is complete. */
	if (ioctl(mount_fd, FIFREEZE, 0)) {
		code = image_fail(image, -errno, "freeze: %s", strerror(errno));
	} else {
		code = copy_sparse(image->fd, copy);
		if (ioctl(mount_fd, FITHAW, 0) && !code)
			code = -errno;
		if (code)
			image_fail(image, code, "copy of the frozen image: %s", strerror(-code));
	}
	for (unsigned int i = 0; i < held_count; i++)
		close(held[i]);
	close(mount_fd);
	if (code) {
		close(copy);
		return code;
	}
	image_unmount(image);
	close(image->fd);
	image->fd = copy;
	snprintf(image->path, sizeof(image->path), "/proc/self/fd/%d", image->fd);
	return 0;
}

int image_save(struct image *image, const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	int code;

	if (fd < 0 || ftruncate(fd, IMAGE_SIZE))
		code = -errno;
	else
		code = copy_sparse(image->fd, fd);
	if (fd >= 0)
		close(fd);
	return code ? image_fail(image, code, "%s: %s", path, strerror(-code)) : 0;
}

void image_release(struct image *image)
{
	image_unmount(image);
	if (image->fd >= 0)
		close(image->fd);
	image->fd = -1;
}

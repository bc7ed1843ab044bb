/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/device_in_use.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is mounted is held exclusively. */
static bool is_held(const char *path)
{
	int fd = open(path, O_RDONLY | O_EXCL | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd < 0 && errno == EBUSY;
}

/* Whether @attribute, which holds the path of a loop device's file, names the file of @status. */
static bool backs(const char *attribute, const struct stat *status)
{
	FILE *file = fopen(attribute, "re");
	struct stat backing;
	char *path = NULL;
	size_t size = 0;
	bool same = false;

	if (file && getline(&path, &size, file) > 0) {
		path[strcspn(path, "\n")] = '\0';
		same = !stat(path, &backing) && backing.st_dev == status->st_dev &&
		       backing.st_ino == status->st_ino;
	}
	free(path);
	if (file)
		fclose(file);
	return same;
}

/* sysfs can be read by everybody, the loop devices themselves by few. */
static bool is_loop_file(const struct stat *status)
{
	bool found = false;
	glob_t loops;

	if (glob("/sys/block/loop*/loop/backing_file", GLOB_NOSORT, NULL, &loops))
		return false;
	for (size_t i = 0; i < loops.gl_pathc && !found; i++)
		found = backs(loops.gl_pathv[i], status);
	globfree(&loops);
	return found;
}

bool device_in_use(const char *path)
{
	struct stat status;

	if (stat(path, &status))
		return false;
	if (S_ISBLK(status.st_mode))
		return is_held(path);
	return S_ISREG(status.st_mode) && is_loop_file(&status);
}

/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/whole_file.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_replaceable(const char *path)
{
	struct stat status;

	return lstat(path, &status) || S_ISREG(status.st_mode);
}

/* In the same folder; not longer for a longer name, which may be as long as a name can be. */
static char *name_temporary(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *name;

	if (asprintf(&name, "%.*s.sendprof-new.%d", slash ? (int)(slash + 1 - path) : 0, path,
		     getpid()) < 0)
		return NULL;
	return name;
}

int whole_file_open(struct whole_file *whole, const char *path)
{
	int ret;

	*whole = (struct whole_file){.path = path};
	if (is_replaceable(path)) {
		whole->temporary = name_temporary(path);
		if (!whole->temporary)
			return -ENOMEM;
		/* Made anew: no link that was put there is followed. */
		remove(whole->temporary);
	}
	whole->file =
		fopen(whole->temporary ? whole->temporary : path, whole->temporary ? "wxe" : "we");
	if (whole->file)
		return 0;
	ret = -errno;
	free(whole->temporary);
	return ret;
}

int whole_file_close(struct whole_file *whole, int error)
{
	if (!error && fflush(whole->file))
		error = -errno;
	if (!error && ferror(whole->file))
		error = -EIO;
	if (fclose(whole->file) && !error)
		error = -errno;
	if (whole->temporary && !error && rename(whole->temporary, whole->path))
		error = -errno;
	if (whole->temporary && error)
		unlink(whole->temporary);
	free(whole->temporary);
	*whole = (struct whole_file){0};
	return error;
}

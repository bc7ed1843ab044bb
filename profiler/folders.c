/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/folders.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { OPEN_FOLDERS_MAX = 16 };

const char *folder_temporary(void)
{
	const char *path = getenv("TMPDIR");

	return path && *path ? path : "/tmp";
}

int folders_make(const char *path)
{
	char *parent = strdup(path);
	int ret = 0;

	if (!parent)
		return -ENOMEM;
	/* Not the one that an absolute path begins with. */
	for (char *slash = strchr(parent + (*parent == '/'), '/'); slash && !ret;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(parent, 0777) && errno != EEXIST)
			ret = -errno;
		*slash = '/';
	}
	free(parent);
	if (!ret && mkdir(path, 0777) && errno != EEXIST)
		ret = -errno;
	return ret;
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *place)
{
	(void)status;
	(void)kind;
	(void)place;
	return remove(path) ? -errno : 0;
}

int folder_remove(const char *path)
{
	int ret = nftw(path, remove_entry, OPEN_FOLDERS_MAX, FTW_DEPTH | FTW_PHYS);

	return ret == -1 ? -errno : ret;
}

char *folder_only_child(const char *path)
{
	DIR *folder = opendir(path);
	struct dirent *entry;
	char *child = NULL;
	unsigned int count = 0;

	while (folder && (entry = readdir(folder))) {
		if (entry->d_name[0] == '.')
			continue;
		free(child);
		if (++count > 1 || asprintf(&child, "%s/%s", path, entry->d_name) < 0)
			child = NULL;
	}
	if (folder)
		closedir(folder);
	return child;
}

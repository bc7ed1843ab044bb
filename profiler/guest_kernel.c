/* SPDX-License-Identifier: GPL-2.0 */
/* A kernel that was built by hand, and where its modules were installed. */
#include "profiler/guest_kernel.h"
#include "profiler/child.h"
#include "profiler/folders.h"
#include "profiler/guest_files.h"
#include "profiler/words.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Below what modules were installed in; the last one is for lib/modules itself. */
static const char *const places[] = {"/lib/modules", "/usr/lib/modules", ""};

enum { PLACES = sizeof(places) / sizeof(places[0]) };

static bool has(const char *folder, const char *name)
{
	char *path = NULL;
	bool is_there = asprintf(&path, "%s/%s", folder, name) >= 0 && !access(path, R_OK);

	free(path);
	return is_there;
}

/* make modules_install writes the second one, depmod the first. */
static bool holds_modules(const char *folder)
{
	return has(folder, "modules.dep") || has(folder, "modules.order");
}

/* Where the modules of @release are, at or below @folder; freed by the caller. */
static char *find_modules(const char *folder, const char *release)
{
	char *path;

	if (holds_modules(folder))
		return realpath(folder, NULL);
	for (size_t i = 0; i < PLACES; i++) {
		if (asprintf(&path, "%s%s/%s", folder, places[i], release) < 0)
			return NULL;
		if (holds_modules(path)) {
			char *found = realpath(path, NULL);

			free(path);
			return found;
		}
		free(path);
	}
	return NULL;
}

/* A folder of another name is believed, until its modules are looked at. */
static int check_folder(const struct guest_kernel *kernel, const char *folder,
			struct failure *failure)
{
	const char *name = strrchr(kernel->modules, '/') + 1;

	if (!isdigit((unsigned char)name[0]) || !strcmp(name, kernel->release))
		return 0;
	return failure_set(failure, -EINVAL, "modules %s: have those of %s expect %s", folder, name,
			   kernel->release);
}

/* Add the releases whose modules are below @folder. */
static void add_releases(const char *folder, struct words *releases)
{
	for (size_t i = 0; i < PLACES; i++) {
		char path[PATH_MAX];
		struct dirent *entry;
		DIR *place;

		snprintf(path, sizeof(path), "%s%s", folder, places[i]);
		place = opendir(path);
		while (place && (entry = readdir(place))) {
			snprintf(path, sizeof(path), "%s%s/%s", folder, places[i], entry->d_name);
			if (entry->d_name[0] != '.' && holds_modules(path) &&
			    !words_contain(releases, entry->d_name))
				words_add(releases, entry->d_name);
		}
		if (place)
			closedir(place);
	}
}

static int explain_no_modules(const char *folder, const char *release, struct failure *failure)
{
	struct words others = {0};
	char names[256] = "";
	size_t used = 0;

	if (access(folder, F_OK))
		return failure_set(failure, -errno, "modules %s: %s", folder, strerror(errno));
	add_releases(folder, &others);
	for (size_t i = 0; i < others.count && used < sizeof(names); i++)
		used += snprintf(names + used, sizeof(names) - used, "%s%s", i ? ", " : "",
				 others.items[i]);
	words_release(&others);
	if (used)
		return failure_set(failure, -EINVAL, "modules %s: have those of %s expect %s",
				   folder, names, release);
	return failure_set(failure, -ENOENT,
			   "modules %s: no modules of %s there, nor in lib/modules of it: make "
			   "modules_install INSTALL_MOD_PATH=%s puts them there",
			   folder, release, folder);
}

static int link_entries(const char *from, const char *to)
{
	DIR *folder = opendir(from);
	struct dirent *entry;
	int ret = folder ? 0 : -errno;

	while (!ret && (entry = readdir(folder))) {
		char target[PATH_MAX], link[PATH_MAX];

		if (entry->d_name[0] == '.')
			continue;
		if (snprintf(target, sizeof(target), "%s/%s", from, entry->d_name) >= PATH_MAX ||
		    snprintf(link, sizeof(link), "%s/%s", to, entry->d_name) >= PATH_MAX)
			ret = -ENAMETOOLONG;
		else if (symlink(target, link))
			ret = -errno;
	}
	if (folder)
		closedir(folder);
	return ret;
}

/*
 * Nobody ran depmod, which is missing on some machines that kernels are built on. The folder may be
 * one that nobody may write, so what it makes goes beside links to what is in there, and takes the
 * place of those to what an older one made. Some depmods look below usr.
 */
static int make_dependencies(struct guest_kernel *kernel, const char *folder,
			     struct failure *failure)
{
	char *base = NULL, *links = NULL, *usr = NULL;
	int ret = guest_need_program("depmod", "kmod", failure);

	if (ret)
		return ret;
	if (asprintf(&base, "%s/depmod", folder) < 0)
		base = NULL;
	if (!base || asprintf(&links, "%s/lib/modules/%s", base, kernel->release) < 0)
		links = NULL;
	if (!links || asprintf(&usr, "%s/usr", base) < 0)
		usr = NULL;
	ret = usr ? folders_make(links) : -ENOMEM;
	if (!ret && symlink(".", usr))
		ret = -errno;
	if (!ret)
		ret = link_entries(kernel->modules, links);
	if (ret) {
		failure_set(failure, ret, "links to %s: %s", kernel->modules, strerror(-ret));
	} else {
		char *arguments[] = {"depmod", "-b", base, kernel->release, NULL};
		const struct child child = {.arguments = arguments};

		ret = child_must(&child, failure);
	}
	kernel->tables = links;
	free(base);
	free(usr);
	return ret;
}

int guest_kernel_given(const char *image, const char *modules, const char *folder,
		       struct guest_kernel *kernel, struct failure *failure)
{
	kernel->release = guest_image_release(image, failure);
	if (!kernel->release)
		return failure->code;
	kernel->image = strdup(image);
	if (!kernel->image)
		return failure_set(failure, -ENOMEM, "out of memory");
	if (!modules)
		return 0;
	kernel->modules = find_modules(modules, kernel->release);
	if (!kernel->modules)
		return explain_no_modules(modules, kernel->release, failure);
	if (check_folder(kernel, modules, failure))
		return failure->code;
	if (!has(kernel->modules, "modules.dep"))
		return make_dependencies(kernel, folder, failure);
	kernel->tables = strdup(kernel->modules);
	return kernel->tables ? 0 : failure_set(failure, -ENOMEM, "out of memory");
}

void guest_kernel_release(struct guest_kernel *kernel)
{
	free(kernel->image);
	free(kernel->release);
	free(kernel->modules);
	free(kernel->tables);
	*kernel = (struct guest_kernel){0};
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Kernels of Debian: packages are fetched by apt and taken apart, not installed, into a cache
 * folder named like the package. What is in the cache is used without asking apt for anything
 * newer.
 */
#include "profiler/child.h"
#include "profiler/folders.h"
#include "profiler/guest_kernel.h"
#include "profiler/interrupt.h"
#include "profiler/words.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PACKAGE_PREFIX "linux-image-"
#define UNSIGNED       "-unsigned"

/* Where the kernels are kept; the caller frees it. */
static char *cache_folder(void)
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	char *path = NULL;
	int ret;

	if (cache && cache[0] == '/')
		ret = asprintf(&path, "%s/sendprof/guest", cache);
	else
		ret = asprintf(&path, "%s/.cache/sendprof/guest", home ? home : "/root");
	return ret < 0 ? NULL : path;
}

static bool is_signed(const char *package)
{
	size_t length = strlen(package), suffix = strlen(UNSIGNED);

	return length < suffix || strcmp(package + length - suffix, UNSIGNED) != 0;
}

/* Of the same release the signed package is the better one: it is what is installed elsewhere. */
static bool is_newer(const char *package, const char *than)
{
	char release[2][256];
	const char *both[] = {package, than};
	int order;

	for (int i = 0; i < 2; i++) {
		snprintf(release[i], sizeof(release[i]), "%s", both[i]);
		if (!is_signed(both[i]))
			release[i][strlen(release[i]) - strlen(UNSIGNED)] = '\0';
	}
	order = strverscmp(release[0], release[1]);
	return order > 0 || (order == 0 && is_signed(package));
}

static void keep_newest(char **newest, const char *package)
{
	if (*newest && !is_newer(package, *newest))
		return;
	free(*newest);
	*newest = strdup(package);
}

/* The newest kernel of @series in the cache; NULL if there is none. */
static char *newest_cached(const char *cache, const char *series)
{
	DIR *folder = opendir(cache);
	struct dirent *entry;
	char *newest = NULL, prefix[64];
	size_t length = snprintf(prefix, sizeof(prefix), PACKAGE_PREFIX "%s.", series);

	while (folder && (entry = readdir(folder))) {
		if (!strncmp(entry->d_name, prefix, length))
			keep_newest(&newest, entry->d_name);
	}
	if (folder)
		closedir(folder);
	return newest;
}

/* The newest kernel of @series that apt knows. */
static int newest_package(const char *series, char **newest, struct failure *failure)
{
	char pattern[128];
	char *arguments[] = {"apt-cache", "search", "--names-only", pattern, NULL};
	struct failure apt = {0};
	char *text, *save;
	size_t dot = strcspn(series, ".");

	/* Other flavours have a word before the processor's name: cloud, rt. */
	snprintf(pattern, sizeof(pattern),
		 "^" PACKAGE_PREFIX "%.*s\\.%s\\.[^-]+(-[0-9]+)?-amd64(" UNSIGNED ")?$", (int)dot,
		 series, series + dot + 1);
	text = child_output(arguments, &apt);
	if (!text)
		return failure_set(failure, apt.code, "a kernel of Debian is fetched by apt: %s",
				   apt.text);
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		line[strcspn(line, " ")] = '\0';
		keep_newest(newest, line);
	}
	free(text);
	if (*newest)
		return 0;
	return failure_set(failure, -ENOENT,
			   "apt knows no kernel %s of Debian; 'apt-get update' may help, else give "
			   "a kernel with --kernel",
			   series);
}

/* Run a tool in @folder. The words are borrowed. */
static int run_in(const char *folder, char *const *arguments, struct failure *failure)
{
	const struct child child = {.arguments = arguments, .directory = folder};

	return child_must(&child, failure);
}

/* Fetch @package and take it apart in the empty @folder. */
static int fetch_files(const char *package, const char *folder, struct failure *failure)
{
	/* Root has files here that apt's own user could not write. */
	char *download[] = {"apt-get",	     "download", "-q", "-o", "APT::Sandbox::User=root",
			    (char *)package, NULL};
	char *pattern = NULL;
	glob_t found = {0};
	int ret = run_in(folder, download, failure);

	if (ret)
		return ret;
	if (asprintf(&pattern, "%s/*.deb", folder) < 0)
		return failure_set(failure, -ENOMEM, "out of memory");
	if (glob(pattern, 0, NULL, &found) == 0) {
		char *extract[] = {"dpkg-deb", "-x", found.gl_pathv[0], (char *)folder, NULL};

		ret = run_in(folder, extract, failure);
		unlink(found.gl_pathv[0]);
	} else {
		ret = failure_set(failure, -ENOENT, "apt-get download %s: no package came",
				  package);
	}
	globfree(&found);
	free(pattern);
	return ret;
}

/* The only one of the paths that match @pattern below @folder, freed by the caller. */
static char *find_one(const char *folder, const char *pattern)
{
	char *path = NULL, *all = NULL;
	glob_t found = {0};

	if (asprintf(&all, "%s/%s", folder, pattern) < 0)
		return NULL;
	if (glob(all, 0, NULL, &found) == 0 && found.gl_pathc == 1)
		path = strdup(found.gl_pathv[0]);
	globfree(&found);
	free(all);
	return path;
}

/* Before Debian 13 packages have the modules in the first, since then in the second. */
static const char *const module_folders[] = {"lib/modules", "usr/lib/modules"};

static char *find_modules(const char *folder)
{
	char *modules = NULL;

	for (size_t i = 0; i < 2 && !modules; i++) {
		char pattern[32];

		snprintf(pattern, sizeof(pattern), "%s/[0-9]*", module_folders[i]);
		modules = find_one(folder, pattern);
	}
	return modules;
}

/*
 * Where /lib is a link to usr/lib the two are one; depmod looks in one of them, and which one
 * depends on its own release. So the one that the package does not have becomes a link.
 */
static int join_module_folders(const char *folder, struct failure *failure)
{
	char *paths[2] = {NULL, NULL}, *parent = NULL;
	int ret = 0;

	for (size_t i = 0; i < 2; i++) {
		if (asprintf(&paths[i], "%s/%s", folder, module_folders[i]) < 0)
			ret = failure_set(failure, -ENOMEM, "out of memory");
	}
	for (size_t i = 0; i < 2 && !ret; i++) {
		if (!access(paths[i], F_OK) || access(paths[!i], F_OK))
			continue;
		parent = strndup(paths[i], strrchr(paths[i], '/') - paths[i]);
		ret = parent ? folders_make(parent) : -ENOMEM;
		if (!ret && symlink(i ? "../../lib/modules" : "../usr/lib/modules", paths[i]))
			ret = -errno;
		if (ret)
			failure_set(failure, ret, "%s: %s", paths[i], strerror(-ret));
	}
	free(parent);
	free(paths[0]);
	free(paths[1]);
	return ret;
}

/* What an installation of the package would do, as far as a guest needs it. */
static int prepare_files(const char *folder, struct failure *failure)
{
	char *modules = find_modules(folder), *bzimage = find_one(folder, "boot/vmlinuz-*");
	char *vmlinux = NULL;
	int ret = 0;

	if (!modules || !bzimage)
		ret = failure_set(failure, -ENOENT, "the package has no kernel with modules in it");
	else if (asprintf(&vmlinux, "%s/vmlinux", folder) < 0)
		ret = failure_set(failure, -ENOMEM, "out of memory");
	if (!ret)
		ret = join_module_folders(folder, failure);
	if (!ret) {
		char *depmod[] = {"depmod", "-b", (char *)folder, strrchr(modules, '/') + 1, NULL};

		ret = run_in(folder, depmod, failure);
	}
	if (!ret)
		guest_kernel_unpack(bzimage, vmlinux); /* or the bzImage is booted */
	free(vmlinux);
	free(bzimage);
	free(modules);
	return ret;
}

/* The name of the package is in @package then. Another process may fetch at the same time. */
static int fetch(const char *cache, const char *series, char **package, struct failure *failure)
{
	char *folder = NULL, *target = NULL;
	int ret = newest_package(series, package, failure);

	if (ret)
		return ret;
	if (asprintf(&folder, "%s/fetch.XXXXXX", cache) < 0)
		folder = NULL;
	if (asprintf(&target, "%s/%s", cache, *package) < 0)
		target = NULL;
	if (!folder || !target)
		ret = failure_set(failure, -ENOMEM, "out of memory");
	else if (!mkdtemp(folder))
		ret = failure_set(failure, -errno, "%s: %s", cache, strerror(errno));
	if (!ret) {
		fprintf(stderr, "sendprof: guest: fetching %s into %s\n", *package, cache);
		ret = fetch_files(*package, folder, failure);
		if (!ret)
			ret = prepare_files(folder, failure);
		/* The programs that unpack get a Ctrl-C, too. */
		if (!ret && interrupt_signal())
			ret = failure_set(failure, -EINTR, "interrupted");
		if (!ret && rename(folder, target))
			ret = failure_set(failure, -errno, "%s: %s", target, strerror(errno));
		if (ret)
			folder_remove(folder);
	}
	free(folder);
	free(target);
	return ret;
}

static int find_or_fetch(const char *cache, const char *series, char **package,
			 struct failure *failure)
{
	int lock, ret = folders_make(cache);

	if (ret)
		return failure_set(failure, ret, "%s: %s", cache, strerror(-ret));
	lock = open(cache, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (lock < 0 || flock(lock, LOCK_EX)) {
		ret = failure_set(failure, -errno, "%s: %s", cache, strerror(errno));
	} else {
		*package = newest_cached(cache, series);
		if (!*package)
			ret = fetch(cache, series, package, failure);
	}
	if (lock >= 0)
		close(lock);
	return ret;
}

int guest_kernel_debian(const char *series, struct guest_kernel *kernel, struct failure *failure)
{
	char *cache = cache_folder(), *package = NULL, *folder = NULL;
	int ret = cache ? find_or_fetch(cache, series, &package, failure)
			: failure_set(failure, -ENOMEM, "out of memory");

	if (!ret && asprintf(&folder, "%s/%s", cache, package) < 0)
		ret = failure_set(failure, -ENOMEM, "out of memory");
	if (!ret) {
		kernel->image = find_one(folder, "vmlinux");
		if (!kernel->image)
			kernel->image = find_one(folder, "boot/vmlinuz-*");
		kernel->modules = find_modules(folder);
		if (!kernel->image || !kernel->modules)
			ret = failure_set(failure, -ENOENT,
					  "%s is not whole: remove it, so that it is fetched again",
					  folder);
	}
	if (!ret) {
		kernel->release = strdup(strrchr(kernel->modules, '/') + 1);
		kernel->tables = strdup(kernel->modules);
		if (!kernel->release || !kernel->tables)
			ret = failure_set(failure, -ENOMEM, "out of memory");
	}
	free(folder);
	free(package);
	free(cache);
	return ret;
}

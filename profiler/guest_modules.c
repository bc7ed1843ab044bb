/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/guest_modules.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
	const char *module, *option;
} needs[] = {
#define NEED(module, option, trace) {module, option},
#include "profiler/guest_needs.def"
#undef NEED
};

/* Kernels differ in what is a module, built in or gone: the checksums of btrfs, block devices. */
static const char *const welcome[] = {
	"virtio_blk",	  "loop",	    "virtio_rng",   "crc32c_generic",  "crc32c_intel",
	"xxhash_generic", "sha256_generic", "sha256_ssse3", "blake2b_generic",
};

struct tables {
	const char *folder;
	char *dependencies; /* modules.dep: "FILE: FILE..." a line, paths from the folder */
	char *builtin;	    /* modules.builtin: a path a line, of files that do not exist */
	char *order;	    /* modules.order: a path a line, of all that were installed; or NULL */
};

static char *read_table(const char *folder, const char *name, struct failure *failure)
{
	char path[PATH_MAX], *text = NULL;
	size_t size = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "re");
	if (!file) {
		failure_set(failure, -errno, "%s: %s", path, strerror(errno));
		return NULL;
	}
	if (getdelim(&text, &size, '\0', file) < 0) {
		bool empty = feof(file) && !ferror(file);

		if (!empty)
			failure_set(failure, -EIO, "%s: %s", path, strerror(errno));
		free(text);
		text = empty ? strdup("") : NULL;
	}
	fclose(file);
	return text;
}

/* In names of modules '-' and '_' are the same. */
static bool same_name(const char *a, const char *b, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if ((a[i] == '-' ? '_' : a[i]) != (b[i] == '-' ? '_' : b[i]))
			return false;
	}
	return true;
}

/* The line of @table that is about the module @name, NULL if there is none. */
static const char *find_line(const char *table, const char *name)
{
	size_t length = strlen(name);

	for (const char *line = table; line && *line;) {
		const char *end = line + strcspn(line, ":\n"), *base = line;

		for (const char *slash = line; slash < end; slash++) {
			if (*slash == '/')
				base = slash + 1;
		}
		/* The name ends in .ko, and perhaps in what it is compressed by. */
		if ((size_t)(end - base) > length && !strncmp(base + length, ".ko", 3) &&
		    same_name(base, name, length))
			return line;
		line = strchr(end, '\n');
		line = line ? line + 1 : NULL;
	}
	return NULL;
}

static void add_once(struct words *paths, const char *folder, const char *file, size_t length)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%.*s", folder, (int)length, file);
	if (!words_contain(paths, path))
		words_add(paths, path);
}

/* A line has all that a module depends on, what must be loaded first at its end. */
static void add_line(const struct tables *tables, const char *line, struct words *paths)
{
	const char *start = line + strcspn(line, ":") + 1, *end = line + strcspn(line, "\n");

	while (end > start) {
		const char *word;

		while (end > start && isspace((unsigned char)end[-1]))
			end--;
		for (word = end; word > start && !isspace((unsigned char)word[-1]);)
			word--;
		if (word < end)
			add_once(paths, tables->folder, word, end - word);
		end = word;
	}
	add_once(paths, tables->folder, line, start - 1 - line);
}

/* False if the kernel has no such module. */
static bool add_module(const struct tables *tables, const char *name, struct words *paths)
{
	const char *line = find_line(tables->dependencies, name);

	if (line)
		add_line(tables, line, paths);
	return line || find_line(tables->builtin, name);
}

struct missing {
	char names[256]; /* "A (OPTION), B (OPTION)" */
	bool built;	 /* one of them is a module that was installed, but not found by depmod */
};

static void add_missing(struct missing *missing, const struct tables *tables, const char *name,
			const char *option)
{
	size_t used = strlen(missing->names);

	missing->built |= find_line(tables->order, name) != NULL;
	snprintf(missing->names + used, sizeof(missing->names) - used, "%s%s%s%s%s",
		 used ? ", " : "", name, option ? " (" : "", option ? option : "",
		 option ? ")" : "");
}

static int fail_missing(const struct missing *missing, const struct tables *tables,
			struct failure *failure)
{
	if (missing->built)
		return failure_set(failure, -ENOENT,
				   "modules.dep of %s has no %s, but modules.order has: depmod did "
				   "not run since, or cannot unpack them",
				   tables->folder, missing->names);
	return failure_set(failure, -ENOENT,
			   "the kernel of %s has no %s, neither as a module nor built in",
			   tables->folder, missing->names);
}

static int add_all(const struct tables *tables, const struct option_list *wanted,
		   struct words *paths, struct failure *failure)
{
	struct missing missing = {0};

	/* Checksums first: btrfs asks for them by other names, which modules.dep does not know. */
	for (size_t i = 0; i < sizeof(welcome) / sizeof(welcome[0]); i++)
		add_module(tables, welcome[i], paths);
	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
		if (!add_module(tables, needs[i].module, paths))
			add_missing(&missing, tables, needs[i].module, needs[i].option);
	}
	for (size_t i = 0; i < wanted->count; i++) {
		if (!add_module(tables, wanted->items[i], paths))
			add_missing(&missing, tables, wanted->items[i], NULL);
	}
	if (*missing.names)
		return fail_missing(&missing, tables, failure);
	return paths->failed ? failure_set(failure, -ENOMEM, "out of memory") : 0;
}

int guest_modules_find(const struct guest_kernel *kernel, const struct option_list *wanted,
		       struct words *paths, struct failure *failure)
{
	struct failure unordered = {0};
	struct tables tables = {
		.folder = kernel->modules,
		.dependencies = read_table(kernel->tables, "modules.dep", failure),
		.builtin = read_table(kernel->modules, "modules.builtin", failure),
		.order = read_table(kernel->modules, "modules.order", &unordered),
	};
	int ret = failure->code;

	if (!ret && (!tables.dependencies || !tables.builtin))
		ret = failure_set(failure, -ENOMEM, "out of memory");
	if (!ret)
		ret = add_all(&tables, wanted, paths, failure);
	free(tables.dependencies);
	free(tables.builtin);
	free(tables.order);
	return ret;
}

/* Of the text that a module has for the kernel that loads it; NULL: none, or no memory. */
static char *read_version_magic(const char *path)
{
	static const char key[] = "vermagic=";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *module = NULL, *magic = NULL;
	const char *found = NULL;
	struct stat file;

	if (fd >= 0 && !fstat(fd, &file))
		module = malloc(file.st_size + 1);
	if (module && read(fd, module, file.st_size) == file.st_size) {
		module[file.st_size] = '\0';
		found = memmem(module, file.st_size, key, strlen(key));
	}
	if (found)
		magic = strdup(found + strlen(key));
	free(module);
	if (fd >= 0)
		close(fd);
	return magic;
}

int guest_module_check(const char *path, const char *from, const char *release,
		       struct failure *failure)
{
	char *magic = read_version_magic(path);
	size_t length = magic ? strcspn(magic, " ") : 0;
	int ret = 0;

	if (!length)
		ret = failure_set(failure, -EINVAL, "%s: is no kernel module", from);
	else if (strlen(release) != length || strncmp(magic, release, length) != 0)
		ret = failure_set(failure, -EINVAL, "%s: have a module of %.*s expect %s", from,
				  (int)length, magic, release);
	free(magic);
	return ret;
}

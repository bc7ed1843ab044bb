/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/guest_modules.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Without them there is no guest, or nothing to do in it. */
static const char *const required[] = {
	"virtio_pci", "virtio_console", "9pnet_virtio", "9p", "btrfs",
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

static int add_all(const struct tables *tables, const struct option_list *wanted,
		   struct words *paths, struct failure *failure)
{
	const char *missing = NULL;

	/* Checksums first: btrfs asks for them by other names, which modules.dep does not know. */
	for (size_t i = 0; i < sizeof(welcome) / sizeof(welcome[0]); i++)
		add_module(tables, welcome[i], paths);
	for (size_t i = 0; i < sizeof(required) / sizeof(required[0]); i++) {
		if (!add_module(tables, required[i], paths))
			missing = required[i];
	}
	for (size_t i = 0; i < wanted->count; i++) {
		if (!add_module(tables, wanted->items[i], paths))
			missing = wanted->items[i];
	}
	if (missing)
		return failure_set(failure, -ENOENT,
				   "the kernel of %s has no %s, neither as a module nor built in",
				   tables->folder, missing);
	return paths->failed ? failure_set(failure, -ENOMEM, "out of memory") : 0;
}

int guest_modules_find(const char *folder, const struct option_list *wanted, struct words *paths,
		       struct failure *failure)
{
	struct tables tables = {
		.folder = folder,
		.dependencies = read_table(folder, "modules.dep", failure),
		.builtin = read_table(folder, "modules.builtin", failure),
	};
	int ret = failure->code;

	if (!ret && (!tables.dependencies || !tables.builtin))
		ret = failure_set(failure, -ENOMEM, "out of memory");
	if (!ret)
		ret = add_all(&tables, wanted, paths, failure);
	free(tables.dependencies);
	free(tables.builtin);
	return ret;
}

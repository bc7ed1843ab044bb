/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/guest_files.h"
#include "profiler/child.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	LINKS_MAX = 40,
	INTERPRETERS_MAX = 4, /* a script may be interpreted by a script */
};

static const char *const tools[] = {
#define TOOL(name) name,
#include "profiler/guest_tools.def"
#undef TOOL
};

/* Names of users, and where libraries are outside the usual folders. */
static const char *const tables[] = {
	"/etc/passwd", "/etc/group", "/etc/nsswitch.conf", "/etc/ld.so.cache", "/etc/localtime",
};

static int add(struct guest_files *files, const char *path, struct failure *failure)
{
	if (!words_contain(&files->paths, path + 1))
		words_add(&files->paths, path + 1);
	return files->paths.failed ? failure_set(failure, -ENOMEM, "out of memory") : 0;
}

/* Append the first component of @rest to @path. What comes after it, NULL if it does not fit. */
static const char *step(char path[PATH_MAX], const char *rest)
{
	size_t length = strcspn(rest, "/"), used = strlen(path);
	const char *after = rest + length + strspn(rest + length, "/");

	if (length == 1 && rest[0] == '.')
		return after;
	if (length == 2 && rest[0] == '.' && rest[1] == '.') {
		if (used)
			*strrchr(path, '/') = '\0';
		return after;
	}
	if (used + 1 + length >= PATH_MAX)
		return NULL;
	path[used] = '/';
	memcpy(path + used + 1, rest, length);
	path[used + 1 + length] = '\0';
	return after;
}

/* Put the target of the link @path in front of @rest; @path becomes where that starts from. */
static int follow(char path[PATH_MAX], char rest[PATH_MAX])
{
	char target[PATH_MAX], joined[PATH_MAX];
	ssize_t length = readlink(path, target, sizeof(target) - 1);

	if (length < 0)
		return -errno;
	target[length] = '\0';
	if (snprintf(joined, sizeof(joined), "%s/%s", target + strspn(target, "/"), rest) >=
	    (int)sizeof(joined))
		return -ENAMETOOLONG;
	strcpy(rest, joined);
	*(target[0] == '/' ? path : strrchr(path, '/')) = '\0';
	return 0;
}

/* Walk as the kernel does, so that every link on the way is in the guest too. */
static int walk(struct guest_files *files, char path[PATH_MAX], char rest[PATH_MAX],
		struct failure *failure)
{
	unsigned int links = 0;
	int ret = 0;

	while (!ret && *rest) {
		const char *after = step(path, rest);
		struct stat status;

		if (!after)
			return -ENAMETOOLONG;
		memmove(rest, after, strlen(after) + 1);
		if (!*path)
			continue;
		if (lstat(path, &status))
			return -errno;
		ret = add(files, path, failure);
		if (!ret && S_ISLNK(status.st_mode))
			ret = ++links > LINKS_MAX ? -ELOOP : follow(path, rest);
	}
	return ret;
}

int guest_files_add(struct guest_files *files, const char *path, struct failure *failure)
{
	char rest[PATH_MAX], walked[PATH_MAX] = "";
	int ret = -ENAMETOOLONG;

	if (snprintf(rest, sizeof(rest), "%s", path + strspn(path, "/")) < (int)sizeof(rest))
		ret = walk(files, walked, rest, failure);
	return ret ? failure_set(failure, ret, "%s: %s", path, strerror(-ret)) : 0;
}

/*
 * "FOLDER/NAME" as an absolute path if that is a program, else NULL. Links in it stay: some
 * programs go by the name they are called by.
 */
static char *program_at(const char *folder, size_t length, const char *name)
{
	char *path = NULL, *working = folder[0] == '/' ? NULL : get_current_dir_name();
	struct stat status;

	if (asprintf(&path, "%s%s%.*s/%s", working ? working : "", working ? "/" : "", (int)length,
		     folder, name) < 0)
		path = NULL;
	free(working);
	if (path && !access(path, X_OK) && !stat(path, &status) && S_ISREG(status.st_mode))
		return path;
	free(path);
	return NULL;
}

char *guest_find_program(const char *name)
{
	const char *path = getenv("PATH");
	char *found = NULL;

	if (name[0] == '/')
		return program_at("/", 0, name + 1);
	if (strchr(name, '/'))
		return program_at(".", 1, name);
	while (!found && path && *path) {
		size_t length = strcspn(path, ":");

		found = program_at(path, length, name);
		path += length + (path[length] == ':');
	}
	return found;
}

int guest_need_program(const char *name, const char *package, struct failure *failure)
{
	char *path = guest_find_program(name);

	if (!path)
		return failure_set(failure, -ENOENT,
				   "this needs %s, which is not installed (on Debian and Ubuntu it "
				   "is in %s)",
				   name, package);
	free(path);
	return 0;
}

enum program_kind {
	PROGRAM_OTHER,
	PROGRAM_ELF,
	PROGRAM_SCRIPT,
};

/* @interpreter is what stands behind "#!" of a script, with one argument at most. */
static enum program_kind look_into(const char *path, char interpreter[256])
{
	char head[256] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length;

	if (fd < 0)
		return PROGRAM_OTHER;
	length = read(fd, head, sizeof(head) - 1);
	close(fd);
	if (length >= SELFMAG && !memcmp(head, ELFMAG, SELFMAG))
		return PROGRAM_ELF;
	if (length < 3 || head[0] != '#' || head[1] != '!')
		return PROGRAM_OTHER;
	head[strcspn(head, "\n")] = '\0';
	strcpy(interpreter, head + 2 + strspn(head + 2, " \t"));
	return PROGRAM_SCRIPT;
}

static int add_program(struct guest_files *files, const char *name, unsigned int depth,
		       struct failure *failure);

/* "/usr/bin/env NAME" is followed to the program; options of env are not understood. */
static int add_interpreter(struct guest_files *files, char *line, unsigned int depth,
			   struct failure *failure)
{
	char *save, *interpreter = strtok_r(line, " \t", &save);
	char *argument = strtok_r(NULL, " \t", &save);
	size_t length = interpreter ? strlen(interpreter) : 0;
	int ret;

	if (!length)
		return 0;
	ret = add_program(files, interpreter, depth + 1, failure);
	if (!ret && argument && argument[0] != '-' && length > 4 &&
	    !strcmp(interpreter + length - 4, "/env"))
		ret = add_program(files, argument, depth + 1, failure);
	return ret;
}

static int add_program(struct guest_files *files, const char *name, unsigned int depth,
		       struct failure *failure)
{
	char *path = guest_find_program(name), interpreter[256];
	int ret;

	if (!path)
		return failure_set(failure, -ENOENT, "%s: no such program", name);
	ret = guest_files_add(files, path, failure);
	if (!ret) {
		enum program_kind kind = look_into(path, interpreter);

		if (kind == PROGRAM_ELF && !words_contain(&files->programs, path))
			words_add(&files->programs, path);
		else if (kind == PROGRAM_SCRIPT && depth < INTERPRETERS_MAX)
			ret = add_interpreter(files, interpreter, depth, failure);
	}
	free(path);
	return ret;
}

int guest_files_add_program(struct guest_files *files, const char *name, struct failure *failure)
{
	return add_program(files, name, 0, failure);
}

int guest_files_add_tools(struct guest_files *files, struct failure *failure)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < sizeof(tables) / sizeof(tables[0]); i++) {
		if (!access(tables[i], R_OK))
			ret = guest_files_add(files, tables[i], failure);
	}
	for (size_t i = 0; !ret && i < sizeof(tools) / sizeof(tools[0]); i++) {
		struct failure missing = {0};

		ret = guest_files_add_program(files, tools[i], &missing);
		if (ret == -ENOENT)
			ret = 0;
		else if (ret)
			failure_set(failure, ret, "%s", missing.text);
	}
	return ret;
}

/*
 * A line of ldd names a file in its last word but one, "NAME => /PATH (ADDRESS)" or
 * "/PATH (ADDRESS)"; the other lines have no such word.
 */
static int add_library(struct guest_files *files, char *line, struct failure *failure)
{
	char *path = strchr(line, '/'), *end;

	if (strstr(line, "=> not found"))
		return failure_set(failure, -ENOENT, "a library of a program is missing: %s",
				   line + strspn(line, " \t"));
	end = path ? strstr(path, " (0x") : NULL;
	if (!end)
		return 0;
	*end = '\0';
	if (strstr(path, "=> "))
		path = strstr(path, "=> ") + strlen("=> ");
	return path[0] == '/' ? guest_files_add(files, path, failure) : 0;
}

int guest_files_add_libraries(struct guest_files *files, struct failure *failure)
{
	struct words arguments = {0};
	char *text, *save;
	int ret = 0;

	words_add(&arguments, "ldd");
	for (size_t i = 0; i < files->programs.count; i++)
		words_add(&arguments, files->programs.items[i]);
	if (arguments.failed || files->programs.failed) {
		words_release(&arguments);
		return failure_set(failure, -ENOMEM, "out of memory");
	}
	text = child_output(arguments.items, failure);
	words_release(&arguments);
	if (!text)
		return failure->code;
	for (char *line = strtok_r(text, "\n", &save); line && !ret;
	     line = strtok_r(NULL, "\n", &save))
		ret = add_library(files, line, failure);
	free(text);
	return ret;
}

void guest_files_release(struct guest_files *files)
{
	words_release(&files->paths);
	words_release(&files->programs);
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * fsmake: many names at once, for the scenarios of tests/system. "fsmake KIND ARGUMENT..."; the
 * kinds are listed in the table at the end. All is deterministic.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <isa-l/crc.h>

#define NAME_BYTES 255

static unsigned long number(const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 0);

	if (end == text || *end)
		errx(2, "%s: not a number", text);
	return value;
}

static int open_directory(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		err(1, "%s", name);
	return fd;
}

/* A file made of its own name, so that no two are alike; empty with @data 0. */
static void make_file(int dir, const char *name, int data)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd < 0)
		err(1, "%s", name);
	if (data && write(fd, name, strlen(name)) != (ssize_t)strlen(name))
		err(1, "%s", name);
	close(fd);
}

static void numbered(char *name, size_t size, const char *prefix, unsigned long index)
{
	if ((size_t)snprintf(name, size, "%s%05lu", prefix, index) >= size)
		errx(2, "%s: name too long", prefix);
}

/* Calls @action for PREFIX00000 and so on, from arg[2] up to, not with, arg[3]. */
static void for_each_numbered(char **arg, int dir,
			      void (*action)(int dir, const char *name, void *context),
			      void *context)
{
	char name[NAME_BYTES + 1];

	for (unsigned long i = number(arg[2]); i < number(arg[3]); i++) {
		numbered(name, sizeof(name), arg[1], i);
		action(dir, name, context);
	}
}

static void create_one(int dir, const char *name, void *context)
{
	(void)context;
	make_file(dir, name, 0);
}

static void make_files(char **arg)
{
	int dir = open_directory(AT_FDCWD, arg[0]);

	for_each_numbered(arg, dir, create_one, NULL);
	close(dir);
}

static void mkdir_one(int dir, const char *name, void *context)
{
	int child;

	(void)context;
	if (mkdirat(dir, name, 0755) < 0)
		err(1, "%s", name);
	child = open_directory(dir, name);
	make_file(child, "f", 1);
	close(child);
}

static void make_directories(char **arg)
{
	int dir = open_directory(AT_FDCWD, arg[0]);

	for_each_numbered(arg, dir, mkdir_one, NULL);
	close(dir);
}

static void remove_one(int dir, const char *name, void *context)
{
	(void)context;
	if (unlinkat(dir, name, 0) < 0)
		err(1, "%s", name);
}

static void remove_files(char **arg)
{
	int dir = open_directory(AT_FDCWD, arg[0]);

	for_each_numbered(arg, dir, remove_one, NULL);
	close(dir);
}

static void link_one(int dir, const char *name, void *context)
{
	if (linkat(AT_FDCWD, context, dir, name, 0) < 0)
		err(1, "%s", name);
}

static void make_links(char **arg)
{
	int dir = open_directory(AT_FDCWD, arg[0]);

	for_each_numbered(arg, dir, link_one, arg[4]);
	close(dir);
}

static void reflink_one(int dir, const char *name, void *context)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd < 0 || ioctl(fd, FICLONE, *(int *)context) < 0)
		err(1, "%s", name);
	close(fd);
}

static void make_reflinks(char **arg)
{
	int dir = open_directory(AT_FDCWD, arg[0]);
	int source = open(arg[4], O_RDONLY | O_CLOEXEC);

	if (source < 0)
		err(1, "%s", arg[4]);
	for_each_numbered(arg, dir, reflink_one, &source);
	close(source);
	close(dir);
}

/* Writes LENGTH bytes at every STEP: as many separate extents with holes between. */
static void make_stripes(char **arg)
{
	unsigned long step = number(arg[1]), count = number(arg[2]), length = number(arg[3]);
	int fd = open(arg[0], O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	char *data = malloc(length);

	if (fd < 0 || !data)
		err(1, "%s", arg[0]);
	for (unsigned long i = 0; i < count; i++) {
		for (unsigned long n = 0; n < length; n++)
			data[n] = (char)(i * 31 + n * 7 + 1);
		if (pwrite(fd, data, length, (off_t)(i * step)) != (ssize_t)length)
			err(1, "%s", arg[0]);
	}
	free(data);
	close(fd);
}

/* DEPTH directories below each other, their names filled up to LENGTH, and a file in the last. */
static void make_deep(char **arg)
{
	unsigned long length = number(arg[1]), depth = number(arg[2]);
	int dir = open_directory(AT_FDCWD, arg[0]);
	char name[NAME_BYTES + 1];

	if (length > NAME_BYTES)
		errx(2, "%lu: names have at most %d bytes", length, NAME_BYTES);
	for (unsigned long i = 0; i < depth; i++) {
		int child;

		memset(name, 'a' + (int)(i % 26), length);
		name[length] = '\0';
		if (mkdirat(dir, name, 0755) < 0)
			err(1, "directory at depth %lu", i);
		child = open_directory(dir, name);
		close(dir);
		dir = child;
	}
	make_file(dir, "leaf", 1);
	close(dir);
}

/* One file for each byte that a name may hold, and one whose name holds them all. */
static void make_bytes(char **arg)
{
	int dir = open_directory(AT_FDCWD, arg[0]);
	char name[8], all[NAME_BYTES + 1];
	size_t used = 0;

	for (int byte = 1; byte < 256; byte++) {
		if (byte == '/')
			continue;
		snprintf(name, sizeof(name), "n%cm", byte);
		make_file(dir, name, byte % 2);
		all[used++] = (char)byte;
	}
	while (used < NAME_BYTES)
		all[used++] = '~';
	all[used] = '\0';
	make_file(dir, all, 1);
	close(dir);
}

/* ---- names with one hash ---- */

struct hashed_name {
	uint32_t hash;
	uint32_t index;
};

#define CANDIDATES     400000
#define COLLISION_NAME 12 /* letters; names of one length collide under every crc seed alike */

static void candidate_name(uint32_t index, char *name)
{
	uint64_t state = index * 0x9e3779b97f4a7c15ULL + 0x1234567;

	for (int i = 0; i < COLLISION_NAME; i++) {
		state = state * 6364136223846793005ULL + 1442695040888963407ULL;
		name[i] = (char)('a' + (state >> 33) % 26);
	}
	name[COLLISION_NAME] = '\0';
}

static int compare_hashes(const void *a, const void *b)
{
	const struct hashed_name *x = a, *y = b;

	return x->hash < y->hash ? -1 : x->hash > y->hash;
}

/*
 * Print COUNT pairs of names whose crc32c is equal, so that the two share one item of a directory
 * (DIR_ITEM), of an inode's attributes, or of its extended references.
 */
static void print_collisions(char **arg)
{
	unsigned long wanted = number(arg[0]);
	struct hashed_name *names = calloc(CANDIDATES, sizeof(*names));
	char name[COLLISION_NAME + 1], other[COLLISION_NAME + 1];

	if (!names)
		err(1, "candidates");
	for (uint32_t i = 0; i < CANDIDATES; i++) {
		candidate_name(i, name);
		names[i].index = i;
		names[i].hash = crc32_iscsi((unsigned char *)name, COLLISION_NAME, ~1u);
	}
	qsort(names, CANDIDATES, sizeof(*names), compare_hashes);
	for (uint32_t i = 1; i < CANDIDATES && wanted > 0; i++) {
		candidate_name(names[i - 1].index, name);
		candidate_name(names[i].index, other);
		if (names[i].hash != names[i - 1].hash || strcmp(name, other) == 0)
			continue;
		printf("%s %s\n", name, other);
		wanted--;
	}
	free(names);
	if (wanted > 0)
		errx(1, "%lu pairs short", wanted);
}

static const struct kind {
	const char *name;
	int count;
	void (*run)(char **arg);
	const char *arguments;
} kinds[] = {
	{"files", 4, make_files, "DIRECTORY PREFIX FIRST END"},
	{"directories", 4, make_directories, "DIRECTORY PREFIX FIRST END"},
	{"remove", 4, remove_files, "DIRECTORY PREFIX FIRST END"},
	{"links", 5, make_links, "DIRECTORY PREFIX FIRST END FILE"},
	{"reflinks", 5, make_reflinks, "DIRECTORY PREFIX FIRST END FILE"},
	{"stripes", 4, make_stripes, "FILE STEP COUNT LENGTH"},
	{"deep", 3, make_deep, "DIRECTORY NAME-LENGTH DEPTH"},
	{"bytes", 1, make_bytes, "DIRECTORY"},
	{"collisions", 1, print_collisions, "COUNT"},
};

int main(int argc, char **argv)
{
	const size_t total = sizeof(kinds) / sizeof(kinds[0]);
	size_t i = 0;

	while (argc > 1 && i < total && strcmp(kinds[i].name, argv[1]) != 0)
		i++;
	if (argc > 1 && i < total && argc - 2 == kinds[i].count) {
		kinds[i].run(argv + 2);
		return 0;
	}
	for (i = 0; i < total; i++)
		fprintf(stderr, "fsmake %s %s\n", kinds[i].name, kinds[i].arguments);
	return 2;
}

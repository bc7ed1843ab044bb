/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The demonstration workload: a tree made in two states, to be snapshotted after each. It is a
 * table of parts, each a folder that stresses one side of send; "build" makes the first state of
 * every part and "change" turns it into the second. The same arguments always make the same tree.
 */
#include "bench/files.h"

#include <err.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

struct part {
	const char *name;
	const char *stresses;
	void (*build)(void);
	void (*change)(void);
};

/* ---- machines: disk images cloned from a few templates, then drifting apart ---- */

enum { TEMPLATES = 3, MACHINES = 24 };
#define MACHINE_SIZE (24 * MIB)

static void machines_build(void)
{
	char name[NAME_SIZE], template[NAME_SIZE];

	for (unsigned int i = 0; i < TEMPLATES; i++)
		make_noise_file(name_of(name, "template-%u.img", i), MACHINE_SIZE);
	for (unsigned int i = 0; i < MACHINES; i++) {
		reflink(name_of(template, "template-%u.img", i % TEMPLATES), 0, 0,
			name_of(name, "machine-%02u.img", i), 0);
		overwrite_blocks(name, MACHINE_SIZE, 24);
	}
}

static void machines_change(void)
{
	char name[NAME_SIZE], other[NAME_SIZE];

	for (unsigned int i = 0; i < MACHINES; i += 2)
		overwrite_blocks(name_of(name, "machine-%02u.img", i), MACHINE_SIZE, 40);
	/* Pieces of one machine copied into another, at another offset. */
	for (unsigned int i = 1; i < MACHINES; i += 4)
		reflink(name_of(name, "machine-%02u.img", i), 2 * MIB, 1 * MIB,
			name_of(other, "machine-%02u.img", i - 1), 5 * MIB);
	for (unsigned int i = 0; i < 4; i++) {
		reflink(name_of(other, "machine-%02u.img", 5 * i), 0, 0,
			name_of(name, "machine-new-%u.img", i), 0);
		overwrite_blocks(name, MACHINE_SIZE, 8);
	}
	delete_file("machine-07.img");
	if (truncate("machine-09.img", (off_t)(MACHINE_SIZE / 2 + 1000)))
		err(1, "truncate machine-09.img");
}

/* ---- photos: some hundred files, every one shared by several albums ---- */

enum { PHOTOS = 240, ALBUMS = 4 };

static void photos_build(void)
{
	char name[NAME_SIZE], copy[NAME_SIZE];

	make_directory("originals");
	for (unsigned int i = 0; i < PHOTOS; i++)
		make_noise_file(name_of(name, "originals/photo-%04u.raw", i),
				128 * KIB + random_below(384 * KIB));
	for (unsigned int album = 0; album < ALBUMS; album++) {
		make_directory(name_of(name, "album-%u", album));
		for (unsigned int i = album; i < PHOTOS; i += 2)
			reflink(name_of(name, "originals/photo-%04u.raw", i), 0, 0,
				name_of(copy, "album-%u/%04u.raw", album, i), 0);
	}
}

static void photos_change(void)
{
	char name[NAME_SIZE], copy[NAME_SIZE];

	/* A new album of what is there, and new photos that two albums share. */
	make_directory("album-best");
	for (unsigned int i = 0; i < PHOTOS; i += 3)
		reflink(name_of(name, "originals/photo-%04u.raw", i), 0, 0,
			name_of(copy, "album-best/%04u.raw", i), 0);
	for (unsigned int i = PHOTOS; i < PHOTOS + 60; i++) {
		make_noise_file(name_of(name, "originals/photo-%04u.raw", i),
				128 * KIB + random_below(384 * KIB));
		reflink(name, 0, 0, name_of(copy, "album-0/%04u.raw", i), 0);
		reflink(name, 0, 0, name_of(copy, "album-best/%04u.raw", i), 0);
	}
	for (unsigned int i = 2; i < PHOTOS; i += 8)
		delete_file(name_of(name, "album-2/%04u.raw", i));
	move("album-1", "album-0/album-1");
	move("album-3", "album-best/from-album-3");
}

/* ---- source: a tree of small files, with folders moved, swapped and turned inside out ---- */

enum { MODULES = 24, UNITS = 6, FILES = 18 };

static void source_build(void)
{
	char path[NAME_SIZE], other[NAME_SIZE];

	for (unsigned int module = 0; module < MODULES; module++) {
		make_directory(name_of(path, "module-%02u", module));
		for (unsigned int unit = 0; unit < UNITS; unit++) {
			make_directory(name_of(path, "module-%02u/unit-%u", module, unit));
			/* Of one byte up to 6 KiB: about a third of them are stored inline. */
			for (unsigned int file = 0; file < FILES; file++)
				make_text_file(name_of(path, "module-%02u/unit-%u/file-%02u.c",
						       module, unit, file),
					       1 + random_below(6 * KIB));
			if (symlink("../unit-0/file-00.c",
				    name_of(other, "module-%02u/unit-%u/start.c", module, unit)))
				err(1, "symlink %s", other);
			if (link(path, name_of(other, "module-%02u/unit-%u.last", module, unit)))
				err(1, "link %s", other);
		}
	}
}

/* The folder moves that make send give temporary names and put moves off. */
static void source_move_folders(void)
{
	/* Two folders change places. */
	move("module-00", "swap");
	move("module-01", "module-00");
	move("swap", "module-01");
	/* A folder goes below its own child: module-02/unit-0 becomes unit-0/module-02. */
	move("module-02/unit-0", "unit-0");
	move("module-02", "unit-0/module-02");
	/* Three levels turned over, across modules. */
	move("module-03/unit-1", "module-04/unit-1/inner");
	move("module-04/unit-1", "module-05/unit-2/inner");
	move("module-05", "module-03/module-05");
	/* A ring of three. */
	move("module-06/unit-0", "ring");
	move("module-07/unit-0", "module-06/unit-0");
	move("module-08/unit-0", "module-07/unit-0");
	move("ring", "module-08/unit-0");
	/* A whole branch gathered under a new folder. */
	make_directory("attic");
	move("module-09", "attic/module-09");
	move("module-10", "attic/module-10");
}

static void source_change(void)
{
	char path[NAME_SIZE], other[NAME_SIZE];

	for (unsigned int module = 11; module < MODULES; module++) {
		unsigned int unit = module % UNITS;

		for (unsigned int file = 0; file < FILES; file += 3)
			make_text_file(name_of(path, "module-%02u/unit-%u/file-%02u.c", module,
					       unit, file),
				       1 + random_below(9 * KIB));
		move(name_of(path, "module-%02u/unit-%u/file-01.c", module, unit),
		     name_of(other, "module-%02u/unit-%u/file-new.c", module, unit));
		move(name_of(path, "module-%02u/unit-%u/file-02.c", module, unit),
		     name_of(other, "module-%02u/unit-%u/file-04.c", module, unit));
		delete_file(name_of(path, "module-%02u/unit-%u/file-05.c", module, unit));
		if (chmod(name_of(path, "module-%02u/unit-%u/file-07.c", module, unit), 0755))
			err(1, "chmod %s", path);
	}
	/* A folder deleted, and a file created under its name. */
	for (unsigned int file = 0; file < FILES; file++)
		delete_file(name_of(path, "module-23/unit-1/file-%02u.c", file));
	delete_file("module-23/unit-1/start.c");
	if (rmdir("module-23/unit-1"))
		err(1, "rmdir module-23/unit-1");
	make_text_file("module-23/unit-1", 300);
	source_move_folders();
}

/* ---- mail: one folder of many files, nearly all of them renamed ---- */

enum { MAILS = 1200 };

static void mail_build(void)
{
	char name[NAME_SIZE];

	make_directory("new");
	make_directory("cur");
	for (unsigned int i = 0; i < MAILS; i++)
		make_text_file(name_of(name, "new/%u.%u.host", 1700000000 + 97 * i, i),
			       500 + random_below(12 * KIB));
}

static void mail_change(void)
{
	char name[NAME_SIZE], other[NAME_SIZE];

	for (unsigned int i = 0; i < MAILS; i++) {
		name_of(name, "new/%u.%u.host", 1700000000 + 97 * i, i);
		if (i % 10 == 3)
			delete_file(name);
		else if (i % 10 != 7)
			move(name, name_of(other, "cur/%u.%u.host:2,S", 1700000000 + 97 * i, i));
	}
	for (unsigned int i = MAILS; i < MAILS + 150; i++)
		make_text_file(name_of(name, "new/%u.%u.host", 1700000000 + 97 * i, i),
			       500 + random_below(12 * KIB));
}

/* ---- sparse: holes written, filled and punched; preallocated space ---- */

enum { TABLES = 12 };
#define TABLE_SIZE (64 * MIB)

static void sparse_build(void)
{
	char name[NAME_SIZE];

	for (unsigned int i = 0; i < TABLES; i++) {
		int fd = open_file(name_of(name, "table-%02u.db", i), O_CREAT);

		for (unsigned int piece = 0; piece < 24; piece++)
			write_noise(fd, 64 * KIB, random_below(TABLE_SIZE / (64 * KIB)) * 64 * KIB);
		if (ftruncate(fd, (off_t)TABLE_SIZE))
			err(1, "truncate %s", name);
		close(fd);
	}
	allocate("journal.db", 0, 0, 32 * MIB);
	make_noise_file("dense.db", 32 * MIB);
}

static void sparse_change(void)
{
	char name[NAME_SIZE];
	int fd;

	for (unsigned int i = 0; i < TABLES; i++) {
		name_of(name, "table-%02u.db", i);
		for (unsigned int hole = 0; hole < 24; hole++)
			punch(name, random_below(TABLE_SIZE / (64 * KIB)) * 64 * KIB, 64 * KIB);
		overwrite_blocks(name, TABLE_SIZE, 24);
	}
	for (uint64_t offset = 0; offset < 32 * MIB; offset += 2 * MIB)
		punch("dense.db", offset, 512 * KIB);
	fd = open_file("journal.db", 0);
	write_noise(fd, 4 * MIB, 8 * MIB);
	close(fd);
	allocate("journal.db", FALLOC_FL_KEEP_SIZE, 32 * MIB, 8 * MIB);
	if (truncate("table-03.db", 5 * MIB + 123) || truncate("table-04.db", 80 * MIB))
		err(1, "truncate table-03.db or table-04.db");
}

/* ---- logs: compressed files of each kind, rotated and appended to ---- */

static const char *const compressions[] = {"zlib", "lzo", "zstd"};
enum { ROTATIONS = 5 };
#define LOG_SIZE (6 * MIB)

static void logs_build(void)
{
	char name[NAME_SIZE];

	for (size_t i = 0; i < 3; i++) {
		make_directory(compressions[i]);
		/* What is created in the folder inherits it. */
		set_attribute(compressions[i], "btrfs.compression", compressions[i],
			      strlen(compressions[i]));
		for (unsigned int age = 0; age < ROTATIONS; age++)
			make_text_file(name_of(name, "%s/service.log.%u", compressions[i], age),
				       LOG_SIZE);
	}
}

static void logs_change(void)
{
	char name[NAME_SIZE], other[NAME_SIZE];
	int fd;

	for (size_t i = 0; i < 3; i++) {
		delete_file(name_of(name, "%s/service.log.%u", compressions[i], ROTATIONS - 1));
		for (unsigned int age = ROTATIONS - 1; age > 0; age--)
			move(name_of(name, "%s/service.log.%u", compressions[i], age - 1),
			     name_of(other, "%s/service.log.%u", compressions[i], age));
		make_text_file(name_of(name, "%s/service.log.0", compressions[i]), LOG_SIZE / 2);
		fd = open_file(name_of(name, "%s/service.log.1", compressions[i]), 0);
		write_lines(fd, 1 * MIB + 77, LOG_SIZE);
		close(fd);
		/* Within a compressed extent, so that its ends stay referred to. */
		fd = open_file(name_of(name, "%s/service.log.2", compressions[i]), 0);
		for (unsigned int piece = 0; piece < 12; piece++)
			write_lines(fd, 8 * KIB, random_below(LOG_SIZE / MIB) * MIB + 40 * KIB);
		close(fd);
	}
}

/* ---- labels: extended attributes set, changed and removed ---- */

enum { LABELLED = 400 };

static void labels_build(void)
{
	char name[NAME_SIZE], value[512];

	memset(value, 'v', sizeof(value));
	for (unsigned int i = 0; i < LABELLED; i++) {
		make_text_file(name_of(name, "item-%03u", i), 40);
		set_attribute(name, "user.origin", "import", 6);
		set_attribute(name, "user.notes", value, 1 + random_below(sizeof(value)));
		if (i % 3 == 0)
			set_attribute(name, "user.reviewed", "", 0);
	}
}

static void labels_change(void)
{
	char name[NAME_SIZE], value[512];

	memset(value, 'w', sizeof(value));
	for (unsigned int i = 0; i < LABELLED; i++) {
		name_of(name, "item-%03u", i);
		if (i % 4 == 0)
			set_attribute(name, "user.notes", value, 1 + random_below(sizeof(value)));
		if (i % 4 == 1)
			set_attribute(name, "user.added", "later", 5);
		if (i % 6 == 0 && removexattr(name, "user.reviewed"))
			err(1, "removexattr user.reviewed of %s", name);
		if (i % 5 == 2 && chown(name, 1000, 1000))
			err(1, "chown %s", name);
	}
}

static const struct part parts[] = {
	{"machines", "shared extents, partial overwrites, clones", machines_build, machines_change},
	{"photos", "some hundred files with shared extents", photos_build, photos_change},
	{"source", "small and inline files, folder moves", source_build, source_change},
	{"mail", "renames and deletions in a big folder", mail_build, mail_change},
	{"sparse", "holes, punched ranges, preallocation", sparse_build, sparse_change},
	{"logs", "compressed extents, rotation, appends", logs_build, logs_change},
	{"labels", "extended attributes, owners", labels_build, labels_change},
};

static const size_t part_count = sizeof(parts) / sizeof(parts[0]);

static int usage(FILE *out, int status)
{
	fprintf(out,
		"usage: workload build|change DIRECTORY\n"
		"\n"
		"Makes the demonstration workload in DIRECTORY (on btrfs): \"build\" its first\n"
		"state, \"change\" the second one out of the first. A folder for each part:\n");
	for (size_t i = 0; i < part_count; i++)
		fprintf(out, "  %-10s %s\n", parts[i].name, parts[i].stresses);
	return status;
}

int main(int argc, char **argv)
{
	bool is_build;

	if (argc == 2 && !strcmp(argv[1], "--help"))
		return usage(stdout, 0);
	if (argc != 3 || (strcmp(argv[1], "build") && strcmp(argv[1], "change")))
		return usage(stderr, 2);
	is_build = !strcmp(argv[1], "build");
	if (chdir(argv[2]))
		err(1, "%s", argv[2]);
	for (size_t i = 0; i < part_count; i++) {
		random_seed(2 * i + is_build);
		if (is_build)
			make_directory(parts[i].name);
		if (chdir(parts[i].name))
			err(1, "%s", parts[i].name);
		if (is_build)
			parts[i].build();
		else
			parts[i].change();
		if (chdir(".."))
			err(1, "leaving %s", parts[i].name);
	}
	return 0;
}

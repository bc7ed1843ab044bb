/* SPDX-License-Identifier: GPL-2.0 */
/* Workloads of many names: creating, moving and removing them is what takes the time. */
#include "bench/files.h"
#include "bench/groups.h"

#include <err.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The most that is certain to be stored in the tree, beside the inode, by default. */
enum { INLINE_MAX = 2048 };

/* The @i-th file of those that are spread over @folders, which are there. */
static const char *spread_name(char name[NAME_SIZE], const char *top, uint64_t i, uint64_t folders)
{
	return name_of(name, "%s/folder-%05ju/file-%07ju", top, i % folders, i);
}

static void make_folders(const char *top, uint64_t count)
{
	char name[NAME_SIZE];

	for (uint64_t i = 0; i < count; i++)
		make_directory(name_of(name, "%s/folder-%05ju", top, i));
}

static void make_spread_files(uint64_t files, uint64_t folders, uint64_t length)
{
	char name[NAME_SIZE];

	make_subvolume("child");
	make_folders("child", folders);
	for (uint64_t i = 0; i < files; i++)
		make_noise_file(spread_name(name, "child", i, folders), length);
}

/* ---- small-files ---- */

enum { SMALL_FILES, SMALL_FOLDERS, SMALL_BYTES };

static void small_files_build(const uint64_t *v)
{
	make_spread_files(v[SMALL_FILES], v[SMALL_FOLDERS], v[SMALL_BYTES]);
	make_read_only("child");
}

static void small_files_claim(const uint64_t *v, struct workload_claims *claims)
{
	claims->bytes = v[SMALL_FILES] * (v[SMALL_BYTES] + 1024);
	claims->files = v[SMALL_FILES];
	claims->folders = v[SMALL_FOLDERS];
	claims->depth = v[SMALL_FILES] ? 2 : 1;
	claims->extents = v[SMALL_BYTES] > INLINE_MAX ? v[SMALL_FILES] : 0;
	claims->references = claims->extents;
	claims->unshared = true;
}

const struct workload workload_small_files = {
	.name = "small-files",
	.stresses = "many small files, full send: the cost of a command",
	.parameters =
		{
			{"files", "files", {200, 5000, 50000, 500000}, 0, 10000000, NULL},
			{"folders",
			 "folders that they are spread over",
			 {10, 50, 100, 1000},
			 1,
			 100000,
			 NULL},
			{"bytes",
			 "size of a file; up to 2048 it is stored inline",
			 {3000, 3000, 3000, 3000},
			 1,
			 65536,
			 NULL},
		},
	.build = small_files_build,
	.claim = small_files_claim,
};

/* ---- rename-storm ---- */

enum { RENAME_FILES, RENAME_FOLDERS };

static void rename_storm_build(const uint64_t *v)
{
	char name[NAME_SIZE], other[NAME_SIZE];

	make_spread_files(v[RENAME_FILES], v[RENAME_FOLDERS], 100);
	make_snapshot("child", "parent");
	/* The names go round, over all folders, so each is taken when it is wanted. */
	for (uint64_t i = 0; i < v[RENAME_FILES]; i++)
		move(spread_name(name, "child", i, v[RENAME_FOLDERS]),
		     name_of(other, "child/folder-%05ju/moved-%07ju",
			     (i * 7 + 1) % v[RENAME_FOLDERS], i));
	for (uint64_t i = 0; i < v[RENAME_FILES]; i += 2)
		move(name_of(name, "child/folder-%05ju/moved-%07ju",
			     (i * 7 + 1) % v[RENAME_FOLDERS], i),
		     spread_name(other, "child", (i + 2) % (v[RENAME_FILES] + 1),
				 v[RENAME_FOLDERS]));
	make_read_only("child");
}

static void rename_storm_claim(const uint64_t *v, struct workload_claims *claims)
{
	claims->incremental = true;
	claims->bytes = v[RENAME_FILES] * 1024;
	claims->files = v[RENAME_FILES];
	claims->folders = v[RENAME_FOLDERS];
	claims->depth = 2;
}

const struct workload workload_rename_storm = {
	.name = "rename-storm",
	.stresses = "every file renamed into another folder, half to names that others had",
	.parameters =
		{
			{"files", "files", {200, 5000, 50000, 500000}, 1, 10000000, NULL},
			{"folders",
			 "folders that they are spread over",
			 {10, 50, 100, 1000},
			 1,
			 100000,
			 NULL},
		},
	.build = rename_storm_build,
	.claim = rename_storm_claim,
};

/* ---- deep-dirs ---- */

enum { DEEP_CHAINS, DEEP_DEPTH };
enum {
	DEEP_PATH_MAX = 3800, /* leaves room below PATH_MAX for names the receiver gives */
	DEEP_NAME_MAX = 200,
};

/* The name of a level is padded so that the path of the deepest one nearly is of the most bytes. */
static const char *level_name(char name[NAME_SIZE], uint64_t depth, uint64_t level)
{
	uint64_t width = (DEEP_PATH_MAX - 16) / depth - 1;

	return name_of(name, "%0*ju", (int)(width > DEEP_NAME_MAX ? DEEP_NAME_MAX : width), level);
}

static void go_to(const char *path)
{
	if (chdir(path))
		err(1, "chdir %s", path);
}

static void make_chain(uint64_t depth)
{
	char name[NAME_SIZE];

	for (uint64_t level = 0; level < depth; level++) {
		make_directory(level_name(name, depth, level));
		go_to(name);
	}
	make_noise_file("leaf", 50);
	for (uint64_t level = 0; level < depth; level++)
		go_to("..");
}

/* What was the deepest folder comes to the top: each gets the one below it as its parent. */
static void turn_chain(uint64_t depth)
{
	char name[NAME_SIZE], above[NAME_SIZE], path[3 * NAME_SIZE];

	for (uint64_t level = 1; level < depth; level++) {
		level_name(name, depth, level);
		level_name(above, depth, level - 1);
		if (level == 1)
			snprintf(path, sizeof(path), "%s/%s", above, name);
		else
			snprintf(path, sizeof(path), "rest/%s", name);
		move(path, "next");
		if (level > 1)
			move("rest", above);
		if (level > 1) {
			/* What is turned so far hangs below the level that was just freed. */
			char last[NAME_SIZE];

			level_name(last, depth, level - 2);
			snprintf(path, sizeof(path), "%s/%s", above, last);
			move(last, path);
		}
		move("next", level + 1 < depth ? "rest" : name);
	}
	if (depth > 1) {
		snprintf(path, sizeof(path), "%s/%s", name, above);
		move(above, path);
	}
}

static void deep_dirs_build(const uint64_t *v)
{
	char name[NAME_SIZE];

	make_subvolume("child");
	for (uint64_t chain = 0; chain < v[DEEP_CHAINS]; chain++) {
		make_directory(name_of(name, "child/chain-%05ju", chain));
		go_to(name);
		make_chain(v[DEEP_DEPTH]);
		go_to("../..");
	}
	make_snapshot("child", "parent");
	for (uint64_t chain = 0; chain < v[DEEP_CHAINS]; chain++) {
		go_to(name_of(name, "child/chain-%05ju", chain));
		turn_chain(v[DEEP_DEPTH]);
		go_to("../..");
	}
	make_read_only("child");
}

static void deep_dirs_claim(const uint64_t *v, struct workload_claims *claims)
{
	claims->incremental = true;
	claims->bytes = v[DEEP_CHAINS] * v[DEEP_DEPTH] * 2 * 1024;
	claims->files = v[DEEP_CHAINS];
	claims->folders = v[DEEP_CHAINS] * (1 + v[DEEP_DEPTH]);
	/* The file was below the deepest folder, which is the top now. */
	claims->depth = v[DEEP_DEPTH] + 1 + (v[DEEP_DEPTH] == 1);
}

const struct workload workload_deep_dirs = {
	.name = "deep-dirs",
	.stresses = "chains of folders up to nearly PATH_MAX, turned upside down: delayed moves",
	.parameters =
		{
			{"chains", "chains", {2, 20, 100, 200}, 1, 100000, NULL},
			{"depth", "folders in a chain", {20, 60, 120, 200}, 1, 400, NULL},
		},
	.build = deep_dirs_build,
	.claim = deep_dirs_claim,
};

/* ---- wide-dirs ---- */

enum { WIDE_FOLDERS, WIDE_ENTRIES };

static void wide_dirs_build(const uint64_t *v)
{
	uint64_t files = v[WIDE_FOLDERS] * v[WIDE_ENTRIES];
	char name[NAME_SIZE], other[NAME_SIZE];

	make_spread_files(files, v[WIDE_FOLDERS], 0);
	make_snapshot("child", "parent");
	for (uint64_t i = 0; i < files; i += 10)
		move(spread_name(name, "child", i, v[WIDE_FOLDERS]),
		     name_of(other, "child/folder-%05ju/renamed-%07ju", i % v[WIDE_FOLDERS], i));
	for (uint64_t i = files; i < files + files / 10; i++)
		make_noise_file(spread_name(name, "child", i, v[WIDE_FOLDERS]), 0);
	make_read_only("child");
}

static void wide_dirs_claim(const uint64_t *v, struct workload_claims *claims)
{
	uint64_t files = v[WIDE_FOLDERS] * v[WIDE_ENTRIES];

	claims->incremental = true;
	claims->bytes = files * 512;
	claims->files = files + files / 10;
	claims->folders = v[WIDE_FOLDERS];
	claims->depth = 2;
}

const struct workload workload_wide_dirs = {
	.name = "wide-dirs",
	.stresses = "folders of very many empty files, a tenth renamed, a tenth more added",
	.parameters =
		{
			{"folders", "folders", {1, 1, 2, 4}, 1, 100000, NULL},
			{"entries",
			 "files in each",
			 {500, 20000, 100000, 500000},
			 1,
			 10000000,
			 NULL},
		},
	.build = wide_dirs_build,
	.claim = wide_dirs_claim,
};

/* ---- unlink-storm ---- */

enum { UNLINK_FILES, UNLINK_FOLDERS, UNLINK_KEPT };

static void unlink_storm_build(const uint64_t *v)
{
	uint64_t kept = v[UNLINK_KEPT];
	char name[NAME_SIZE];

	make_spread_files(v[UNLINK_FILES], v[UNLINK_FOLDERS], 100);
	make_snapshot("child", "parent");
	for (uint64_t i = 0; i < v[UNLINK_FILES]; i++) {
		if (i % v[UNLINK_FOLDERS] >= kept)
			delete_file(spread_name(name, "child", i, v[UNLINK_FOLDERS]));
	}
	for (uint64_t i = kept; i < v[UNLINK_FOLDERS]; i++)
		delete_folder(name_of(name, "child/folder-%05ju", i));
	make_read_only("child");
}

static void unlink_storm_claim(const uint64_t *v, struct workload_claims *claims)
{
	uint64_t kept = v[UNLINK_KEPT] < v[UNLINK_FOLDERS] ? v[UNLINK_KEPT] : v[UNLINK_FOLDERS];
	uint64_t rest = v[UNLINK_FILES] % v[UNLINK_FOLDERS];

	claims->incremental = true;
	claims->bytes = v[UNLINK_FILES] * 1024;
	claims->files = kept * (v[UNLINK_FILES] / v[UNLINK_FOLDERS]) + (kept < rest ? kept : rest);
	claims->folders = kept;
	claims->depth = claims->files ? 2 : kept ? 1 : 0;
}

const struct workload workload_unlink_storm = {
	.name = "unlink-storm",
	.stresses = "folders removed with the many files in them",
	.parameters =
		{
			{"files", "files", {200, 5000, 50000, 500000}, 1, 10000000, NULL},
			{"folders",
			 "folders that they are spread over",
			 {10, 50, 100, 1000},
			 1,
			 100000,
			 NULL},
			{"kept", "folders that stay", {1, 5, 10, 100}, 0, 100000, NULL},
		},
	.build = unlink_storm_build,
	.claim = unlink_storm_claim,
};

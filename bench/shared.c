/* SPDX-License-Identifier: GPL-2.0 */
/* Workloads of shared extents: the search for clone sources is what takes the time. */
#include "bench/files.h"
#include "bench/groups.h"

#include <err.h>
#include <fcntl.h>
#include <unistd.h>

/*
 * @count extents of @length bytes, with a hole of that size behind each, so that none can be
 * merged with the next.
 */
static void make_extents(const char *path, uint64_t count, uint64_t length)
{
	int fd = open_file(path, O_CREAT | O_DIRECT);

	for (uint64_t i = 0; i < count; i++)
		write_extent(fd, length, 2 * i * length);
	close(fd);
}

/* ---- many-refs ---- */

enum { MANY_EXTENTS, MANY_REFS, MANY_KIB, MANY_SPREAD, MANY_PLAIN };
enum { SPREAD_FILES, SPREAD_WITHIN, SPREAD_SNAPSHOTS };
static const char *const spreads[] = {"files", "within", "snapshots", NULL};

/* As in a filesystem where most is not shared: data that no time is spent on. */
static void make_plain(const char *path, uint64_t mib)
{
	int fd = open_file(path, O_CREAT | O_DIRECT);

	for (uint64_t i = 0; i < mib; i++)
		write_extent(fd, MIB, i * MIB);
	close(fd);
}

static void many_refs_build(const uint64_t *v)
{
	uint64_t length = v[MANY_KIB] * KIB, span = 2 * v[MANY_EXTENTS] * length;
	char name[NAME_SIZE];

	make_subvolume("child");
	if (v[MANY_PLAIN])
		make_plain("child/plain", v[MANY_PLAIN]);
	make_extents("child/origin", v[MANY_EXTENTS], length);
	for (uint64_t i = 1; i < v[MANY_REFS]; i++) {
		if (v[MANY_SPREAD] == SPREAD_FILES) {
			reflink("child/origin", 0, 0, name_of(name, "child/copy-%06ju", i), 0);
		} else if (v[MANY_SPREAD] == SPREAD_WITHIN) {
			reflink("child/origin", 0, span - length, "child/origin", i * span);
		} else {
			make_snapshot("child", name_of(name, "other-%06ju", i));
			/* A leaf of its own for each, as when snapshots have drifted apart. */
			set_attribute("child/origin", "user.round", &i, sizeof(i));
		}
	}
	make_read_only("child");
}

static void many_refs_claim(const uint64_t *v, struct workload_claims *claims)
{
	bool across = v[MANY_SPREAD] == SPREAD_SNAPSHOTS;

	claims->bytes = v[MANY_EXTENTS] * v[MANY_KIB] * KIB + v[MANY_PLAIN] * MIB;
	claims->files = (v[MANY_SPREAD] == SPREAD_FILES ? v[MANY_REFS] : 1) + !!v[MANY_PLAIN];
	claims->depth = 1;
	claims->attributes = across && v[MANY_REFS] > 1;
	claims->extents = v[MANY_EXTENTS] + v[MANY_PLAIN];
	claims->references = (v[MANY_EXTENTS] + (across ? v[MANY_PLAIN] : 0)) * v[MANY_REFS] +
			     (across ? 0 : v[MANY_PLAIN]);
	claims->unshared = !across;
}

const struct workload workload_many_refs = {
	.name = "many-refs",
	.stresses = "extents that many refer to: walking back references",
	.parameters =
		{
			{"extents", "data extents", {8, 16, 16, 64}, 1, 1000000, NULL},
			{"refs",
			 "references to each of them",
			 {8, 100, 900, 1000},
			 1,
			 1000000,
			 NULL},
			{"kib", "size of an extent", {4, 128, 128, 128}, 4, 1024, NULL},
			{"spread",
			 "where the references are: in files, within one file, in snapshots of it",
			 {SPREAD_FILES, SPREAD_FILES, SPREAD_FILES, SPREAD_FILES},
			 0,
			 SPREAD_SNAPSHOTS,
			 spreads},
			{"plain",
			 "MiB of data beside that nobody shares",
			 {1, 0, 1024, 1024},
			 0,
			 1000000,
			 NULL},
		},
	.build = many_refs_build,
	.claim = many_refs_claim,
};

/* ---- reflink-forest ---- */

enum { FOREST_FILES, FOREST_COPIES, FOREST_KIB };

static void forest_build(const uint64_t *v)
{
	char name[NAME_SIZE], copy[NAME_SIZE];

	make_subvolume("child");
	for (uint64_t i = 0; i < v[FOREST_FILES]; i++)
		make_extents(name_of(name, "child/tree-%06ju", i), 1, v[FOREST_KIB] * KIB);
	for (uint64_t round = 0; round < v[FOREST_COPIES]; round++) {
		make_directory(name_of(name, "child/copies-%04ju", round));
		for (uint64_t i = 0; i < v[FOREST_FILES]; i++)
			reflink(name_of(name, "child/tree-%06ju", i), 0, 0,
				name_of(copy, "child/copies-%04ju/tree-%06ju", round, i), 0);
	}
	make_read_only("child");
}

static void forest_claim(const uint64_t *v, struct workload_claims *claims)
{
	claims->bytes = v[FOREST_FILES] * v[FOREST_KIB] * KIB;
	claims->files = v[FOREST_FILES] * (1 + v[FOREST_COPIES]);
	claims->folders = v[FOREST_COPIES];
	claims->depth = v[FOREST_COPIES] ? 2 : 1;
	claims->extents = v[FOREST_FILES];
	claims->references = claims->files;
	claims->unshared = true;
}

const struct workload workload_reflink_forest = {
	.name = "reflink-forest",
	.stresses = "many files, each with many reflinks: the cache from leaves to roots",
	.parameters =
		{
			{"files", "files with data", {30, 500, 5000, 50000}, 1, 1000000, NULL},
			{"copies", "reflinks of each of them", {4, 50, 50, 50}, 0, 10000, NULL},
			{"kib", "size of a file", {4, 4, 4, 4}, 4, 1024, NULL},
		},
	.build = forest_build,
	.claim = forest_claim,
};

/* ---- shared-snapshots ---- */

enum { SHARED_FILES, SHARED_SNAPSHOTS, SHARED_CHANGES, SHARED_SOURCES };
#define SHARED_LENGTH (16 * KIB)

/* The sources are the oldest snapshots; the newest two are the parent and what is sent. */
static uint64_t shared_sources(const uint64_t *v)
{
	uint64_t most = v[SHARED_SNAPSHOTS] - 2;

	return v[SHARED_SOURCES] < most ? v[SHARED_SOURCES] : most;
}

static uint64_t shared_changes(const uint64_t *v)
{
	return v[SHARED_CHANGES] < v[SHARED_FILES] ? v[SHARED_CHANGES] : v[SHARED_FILES];
}

static void shared_build(const uint64_t *v)
{
	uint64_t next = 0;
	char name[NAME_SIZE], other[NAME_SIZE];

	make_subvolume("child");
	for (uint64_t i = 0; i < v[SHARED_FILES]; i++)
		make_extents(name_of(name, "child/file-%06ju", i), 1, SHARED_LENGTH);
	for (uint64_t snapshot = 0; snapshot + 1 < v[SHARED_SNAPSHOTS]; snapshot++) {
		if (snapshot < shared_sources(v))
			name_of(name, "clone-%ju", snapshot);
		else if (snapshot + 2 == v[SHARED_SNAPSHOTS])
			name_of(name, "parent");
		else
			name_of(name, "between-%06ju", snapshot);
		make_snapshot("child", name);
		/* What is overwritten gets the data of a file that is older, from then on shared.
		 */
		for (uint64_t i = 0; i < shared_changes(v); i++, next++) {
			name_of(name, "child/file-%06ju", next % v[SHARED_FILES]);
			name_of(other, "child/file-%06ju",
				(next + v[SHARED_FILES] / 2) % v[SHARED_FILES]);
			if (next % 2)
				reflink(other, 0, SHARED_LENGTH, name, 0);
			else
				make_extents(name, 1, SHARED_LENGTH);
		}
	}
	make_read_only("child");
}

static void shared_claim(const uint64_t *v, struct workload_claims *claims)
{
	uint64_t changes = (v[SHARED_SNAPSHOTS] - 1) * shared_changes(v);

	claims->incremental = true;
	claims->clone_sources = shared_sources(v);
	claims->bytes = (v[SHARED_FILES] + changes / 2 + 1) * SHARED_LENGTH;
	claims->files = v[SHARED_FILES];
	claims->depth = 1;
	/* A file is changed once at most between two snapshots: each extent is in one of them. */
	claims->extents = v[SHARED_FILES] + (changes + 1) / 2;
	claims->references = v[SHARED_FILES] * v[SHARED_SNAPSHOTS];
}

const struct workload workload_shared_snapshots = {
	.name = "shared-snapshots",
	.stresses = "many snapshots over shared subtrees, several clone sources",
	.parameters =
		{
			{"files",
			 "files of 16 KiB in each snapshot",
			 {40, 1000, 5000, 20000},
			 2,
			 1000000,
			 NULL},
			{"snapshots",
			 "snapshots, with the one sent and its parent",
			 {6, 30, 100, 400},
			 3,
			 100000,
			 NULL},
			{"changes",
			 "files changed from each to the next, half of them by reflinks",
			 {5, 50, 100, 200},
			 0,
			 1000000,
			 NULL},
			{"sources",
			 "clone sources beside the parent, as far as there are snapshots",
			 {2, 4, 8, 16},
			 0,
			 1000,
			 NULL},
		},
	.build = shared_build,
	.claim = shared_claim,
};

/* ---- relocation ---- */

enum { MOVED_FILES, MOVED_EXTENTS, MOVED_COPIES, MOVED_CHANGES };
#define MOVED_LENGTH (64 * KIB)

static void relocation_build(const uint64_t *v)
{
	char name[NAME_SIZE], copy[NAME_SIZE];

	make_subvolume("child");
	for (uint64_t i = 0; i < v[MOVED_FILES]; i++) {
		make_extents(name_of(name, "child/file-%05ju", i), v[MOVED_EXTENTS], MOVED_LENGTH);
		for (uint64_t j = 0; j < v[MOVED_COPIES]; j++)
			reflink(name, 0, 0, name_of(copy, "child/file-%05ju-%ju", i, j), 0);
	}
	make_snapshot("child", "parent");
	balance(".");
	for (uint64_t i = 0; i < v[MOVED_FILES]; i++) {
		int fd = open_file(name_of(name, "child/file-%05ju", i), O_DIRECT);

		for (uint64_t j = 0; j < v[MOVED_CHANGES] && j < v[MOVED_EXTENTS]; j++)
			write_extent(fd, MOVED_LENGTH, 2 * j * MOVED_LENGTH);
		close(fd);
	}
	make_read_only("child");
	balance(".");
}

static void relocation_claim(const uint64_t *v, struct workload_claims *claims)
{
	uint64_t files = v[MOVED_FILES] * (1 + v[MOVED_COPIES]);
	uint64_t changes =
		v[MOVED_CHANGES] < v[MOVED_EXTENTS] ? v[MOVED_CHANGES] : v[MOVED_EXTENTS];

	claims->incremental = true;
	claims->bytes = v[MOVED_FILES] * (v[MOVED_EXTENTS] + changes) * MOVED_LENGTH;
	claims->files = files;
	claims->depth = 1;
	claims->extents = v[MOVED_FILES] * (v[MOVED_EXTENTS] + changes);
	claims->references = 2 * files * v[MOVED_EXTENTS];
}

const struct workload workload_relocation = {
	.name = "relocation",
	.stresses = "balance between the snapshots and after: moved extents, references by block",
	.parameters =
		{
			{"files", "files with data", {8, 64, 256, 1024}, 1, 100000, NULL},
			{"extents", "extents of 64 KiB in each", {4, 16, 32, 64}, 1, 100000, NULL},
			{"copies", "reflinks of each file", {2, 8, 16, 16}, 0, 10000, NULL},
			{"changes",
			 "extents of each file overwritten after the balance",
			 {1, 2, 4, 8},
			 0,
			 100000,
			 NULL},
		},
	.build = relocation_build,
	.claim = relocation_claim,
};

/* ---- relocation-live ---- */

enum { LIVE_FILES, LIVE_EXTENTS, LIVE_SNAPSHOTS };

/*
 * Each extent has one reference that can be a clone source: that of the file made before. So there
 * is nothing to choose, and the stream does not depend on where blocks are.
 */
static void live_build(const uint64_t *v)
{
	char name[NAME_SIZE], copy[NAME_SIZE];

	make_subvolume("child");
	for (uint64_t i = 0; i < v[LIVE_FILES]; i++) {
		make_extents(name_of(name, "child/file-%05ju", i), v[LIVE_EXTENTS], MOVED_LENGTH);
		reflink(name, 0, 0, name_of(copy, "child/copy-%05ju", i), 0);
	}
	for (uint64_t i = 0; i < v[LIVE_SNAPSHOTS]; i++) {
		make_snapshot("child", name_of(name, "other-%05ju", i));
		set_attribute("child/file-00000", "user.round", &i, sizeof(i));
	}
	make_read_only("child");
}

static void live_claim(const uint64_t *v, struct workload_claims *claims)
{
	claims->bytes = v[LIVE_FILES] * v[LIVE_EXTENTS] * MOVED_LENGTH;
	claims->files = 2 * v[LIVE_FILES];
	claims->depth = 1;
	claims->attributes = v[LIVE_SNAPSHOTS] > 0;
	claims->extents = v[LIVE_FILES] * v[LIVE_EXTENTS];
	claims->references = 2 * claims->extents * (1 + v[LIVE_SNAPSHOTS]);
}

const struct workload workload_relocation_live = {
	.name = "relocation-live",
	.stresses = "a balance that runs during the sends: blocks that move under them",
	.parameters =
		{
			{"files", "files with data", {8, 64, 256, 1024}, 1, 100000, NULL},
			{"extents", "extents of 64 KiB in each", {4, 16, 32, 64}, 1, 100000, NULL},
			{"snapshots",
			 "further snapshots of them, which the balance has to follow",
			 {3, 10, 30, 100},
			 0,
			 400,
			 NULL},
		},
	.live = true,
	.build = live_build,
	.claim = live_claim,
};

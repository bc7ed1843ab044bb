/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The table of workloads that `sendprof bench` measures: what each makes on an empty filesystem,
 * and what it claims to have made. The same parameters always make the same.
 *
 * A builder works in the top directory of the filesystem. It leaves a read-only snapshot "child",
 * "parent" if the send is incremental, and "clone-0", "clone-1"... if there are clone sources. Like
 * the words of bench/files.h it ends the process with a message when something fails.
 */
#ifndef BENCH_WORKLOADS_H
#define BENCH_WORKLOADS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Goes up when a builder makes something else than before: what is cached is then built again. */
enum { WORKLOAD_BUILDER_VERSION = 1 };

enum workload_size {
	WORKLOAD_TINY, /* for tests: as small as it can be and still be what it is */
	WORKLOAD_SMALL,
	WORKLOAD_MEDIUM,
	WORKLOAD_LARGE,
	WORKLOAD_SIZES,
};

enum { WORKLOAD_PARAMETERS_MAX = 5 };

struct workload_parameter {
	const char *name;
	const char *meaning;
	uint64_t values[WORKLOAD_SIZES]; /* with words: indices of them */
	uint64_t minimum, maximum;
	const char *const *words; /* ended by NULL; NULL: the value is a number */
};

/* What is counted after building. "Not claimed" is for what depends on the allocator. */
struct workload_claims {
	bool incremental;
	uint64_t clone_sources;
	uint64_t bytes;	     /* about what is written, for the question whether there is room */
	uint64_t files;	     /* regular files in "child" */
	uint64_t folders;    /* in it, its top directory left out */
	uint64_t depth;	     /* of the deepest file or folder; 1: in the top directory */
	uint64_t attributes; /* extended ones of users, in it */
	uint64_t extents;    /* data extents of the filesystem */
	uint64_t references; /* file extent items that refer to them, over all subvolumes */
	bool at_least;	     /* extents and references: there may be more */
	/*
	 * With one subvolume alone no leaf is shared: then the references that the extent tree
	 * counts are those of the file extent items.
	 */
	bool unshared;
};

struct workload {
	const char *name;
	const char *stresses;
	struct workload_parameter parameters[WORKLOAD_PARAMETERS_MAX]; /* ended by no name */
	const char *mkfs[4];					       /* options, ended by NULL */
	const char *mount_options;				       /* beside noatime; or NULL */
	bool live; /* all its blocks are moved, over and over, while it is sent */
	/* @values are in the order of the parameters. */
	void (*build)(const uint64_t *values);
	void (*claim)(const uint64_t *values, struct workload_claims *claims);
};

extern const struct workload *const workloads[]; /* ended by NULL */

/* NULL when there is none. */
const struct workload *workload_find(const char *name);
/* Their number, which is no more than WORKLOAD_PARAMETERS_MAX. */
size_t workload_parameter_count(const struct workload *workload);
extern const char *const workload_size_names[]; /* ended by NULL */

/*
 * Build in the filesystem mounted at @path, commit, count, and compare with what is claimed.
 * Returns when all is well, else ends the process with a message: to be called in a process of its
 * own.
 */
void workload_build(const struct workload *workload, const uint64_t *values, const char *path);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/* What a seed stands for before its first operation: profile, mkfs and mount options, sizes. */
#ifndef TESTS_RANDOM_PLAN_H
#define TESTS_RANDOM_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum profile {
	PROFILE_MIXED,
	PROFILE_RENAMES,
	PROFILE_EXTENTS,
	PROFILE_CLONES,
	PROFILE_LINKS,
	PROFILE_COUNT,
};

struct plan {
	uint64_t seed;
	enum profile profile;
	bool wide;	     /* hundreds of inodes: beyond the sizes of the sender's caches */
	bool many_snapshots; /* more clone sources than the leaf cache keeps of one leaf */
	unsigned int rounds;
	unsigned int operations;       /* in each round */
	unsigned int first_operations; /* before the first round */
	unsigned int names;	       /* size of the pool of plain names */
	bool second_tree;	       /* an independent subvolume with inode numbers of its own */

	unsigned int nodesize;
	const char *checksum;
	bool no_holes;
	bool skinny_metadata;
	bool single_metadata;
	bool free_space_tree;
	const char *mount_options;
};

/* @operations is the user's choice of operations for each round, 0 for that of the profile. */
void plan_make(struct plan *plan, uint64_t seed, unsigned int operations);

/* One line: profile, mkfs.btrfs options, mount options. */
void plan_describe(const struct plan *plan, char *text, size_t size);

enum {
	PLAN_MKFS_ARGUMENTS_MAX = 24,
};

/*
 * The NULL-terminated argument vector of mkfs.btrfs for @device. @arguments borrows from @plan,
 * @device and @nodesize_text, a buffer of the caller.
 */
void plan_mkfs_arguments(const struct plan *plan, const char *device, char nodesize_text[16],
			 const char *arguments[PLAN_MKFS_ARGUMENTS_MAX]);

#endif

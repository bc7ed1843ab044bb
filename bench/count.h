/* SPDX-License-Identifier: GPL-2.0 */
/* What really is in a filesystem, told by the kernel and its trees. Errors end the process. */
#ifndef BENCH_COUNT_H
#define BENCH_COUNT_H

#include <stdint.h>

struct filesystem_counts {
	/* Of one subvolume. */
	uint64_t files;
	uint64_t folders;
	uint64_t depth;
	uint64_t attributes;
	/* Of the filesystem. */
	uint64_t extents;	  /* of data, in the extent tree */
	uint64_t tree_references; /* to them, as the extent tree counts them */
	uint64_t references;	  /* file extent items that refer to them, in all subvolumes */
};

/* Of the filesystem mounted at @path and its subvolume @subvolume, as of the last commit. */
void count_filesystem(const char *path, const char *subvolume, struct filesystem_counts *counts);

#endif

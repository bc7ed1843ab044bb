/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The filesystem of a seed while it is built: its subvolumes and snapshots, the one being worked
 * on, and the rounds of operations that make them.
 */
#ifndef TESTS_RANDOM_WORLD_H
#define TESTS_RANDOM_WORLD_H

#include "tests/system/random/coverage.h"
#include "tests/system/random/image.h"
#include "tests/system/random/plan.h"
#include "tests/system/random/prng.h"
#include "tests/system/random/tree.h"

enum {
	WORLD_SUBVOLUMES_MAX = 48,
	WORLD_HELD_MAX = 16,
	WORLD_DIRTY_MAX = 24,
	WORLD_BUFFER_SIZE = 512 * 1024,
};

struct subvolume {
	char name[16]; /* in the top-level subvolume */
	uint64_t id;
	unsigned int line; /* subvolumes of one line descend from one another */
	int fd;		   /* of its top directory */
	bool read_only;
	bool deleted;
	struct tree tree;
};

struct world {
	const struct plan *plan;
	struct image *image;
	struct coverage *coverage;
	struct prng prng;
	int mount_fd;
	struct subvolume subvolumes[WORLD_SUBVOLUMES_MAX];
	unsigned int subvolume_count;
	struct subvolume *current; /* its top directory is the working directory */
	int held[WORLD_HELD_MAX];  /* unlinked files that are open */
	unsigned int held_count;
	int dirty[WORLD_DIRTY_MAX]; /* files whose data is not written yet */
	unsigned int dirty_count;
	unsigned int made; /* makes names that were never used */
	uint8_t *buffer;   /* WORLD_BUFFER_SIZE, for file data */
	char error[384];
};

/*
 * Make the filesystem of @plan on @image, which is created and mounted, and leave it unmounted: the
 * operations, all subvolumes and their models stay in @world. 0, or -errno with world->error.
 */
int world_build(struct world *world, const struct plan *plan, struct image *image,
		struct coverage *coverage);
void world_release(struct world *world);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The operations of operations.def and what they share. An operation works on the current
 * subvolume, picks its targets itself and returns 0 or a negative errno: it is no error of the test
 * when the filesystem refuses one.
 */
#ifndef TESTS_RANDOM_OPERATIONS_H
#define TESTS_RANDOM_OPERATIONS_H

#include "tests/system/random/world.h"

#include <sys/types.h>

#define OPERATION(name, ...) int operation_##name(struct world *world);
#include "tests/system/random/operations.def"
#undef OPERATION

/* One random operation by the weights of the profile, counted. */
void operation_run(struct world *world);

/* A name in a directory of the current subvolume, taken or free. */
struct place {
	int directory;
	int node; /* that has the name, or TREE_NONE */
	char name[NAME_MAX + 1];
	char path[PATH_MAX];
};

/* A random place; false if its path is too long. */
bool place_pick(struct world *world, struct place *place);
/* The place @name in @directory; false if its path is too long. */
bool place_at(const struct world *world, int directory, const char *name, struct place *place);
/* As place_at(), with a name that nothing had before. */
bool place_fresh(struct world *world, int directory, struct place *place);
/* A name from the pool of the profile: few, so that names collide all the time. */
void pick_name(struct world *world, char name[NAME_MAX + 1]);

/* Make a new, empty node of @kind at @place, which must be free. The node or a negative errno. */
int make_node(struct world *world, const struct place *place, enum node_kind kind);
/* Remove @node, with everything below it if @recursive. */
int remove_node(struct world *world, int node, bool recursive);
/* Rename @node to @place, over what is there. */
int rename_node(struct world *world, int node, const struct place *place);

struct open_file {
	int fd;
	off_t size;
};

enum {
	FILE_SIZE_MAX = 1536 * 1024,
	BLOCK_BYTES = 4096, /* the sector size of every image */
};

/* Open a random regular file of the current subvolume. */
int open_random(struct world *world, struct open_file *file);
/* Data of the pool number @content as it is at @offset: the same bytes wherever that is written. */
void fill_content(struct world *world, uint8_t *data, size_t length, unsigned int content,
		  off_t offset);
/* A write of a random length at a random place. */
int write_random(struct world *world, const struct open_file *file);
/* Done with @file; its data is written now, so that what follows is another extent, or later. */
void release_file(struct world *world, const struct open_file *file);

#endif

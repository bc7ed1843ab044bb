/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a subvolume is known to hold: a table of names, each with its kind and the directory it is
 * in. It follows what the operations did, so that they can pick a target without reading the
 * directories; the filesystem alone decides what is allowed.
 */
#ifndef TESTS_RANDOM_TREE_H
#define TESTS_RANDOM_TREE_H

#include "tests/system/random/prng.h"

#include <limits.h>
#include <stdbool.h>

enum node_kind {
	NODE_FILE = 1 << 0,
	NODE_DIRECTORY = 1 << 1,
	NODE_SYMLINK = 1 << 2,
	NODE_FIFO = 1 << 3,
	NODE_SOCKET = 1 << 4,
	NODE_CHARACTER = 1 << 5,
	NODE_BLOCK = 1 << 6,
	NODE_SUBVOLUME = 1 << 7,   /* another subvolume is rooted here */
	NODE_PLACEHOLDER = 1 << 8, /* what a snapshot shows in place of a nested subvolume */
	NODE_SPECIAL = NODE_FIFO | NODE_SOCKET | NODE_CHARACTER | NODE_BLOCK,
	NODE_LINKABLE = NODE_FILE | NODE_SYMLINK | NODE_SPECIAL,
	NODE_MOVABLE = NODE_LINKABLE | NODE_DIRECTORY | NODE_SUBVOLUME,
};

enum {
	TREE_TOP = 0, /* the node of the subvolume's top directory */
	TREE_NONE = -1,
};

struct node {
	enum node_kind kind; /* 0: the slot is free */
	int directory;	     /* node it is in */
	char *name;
};

struct tree {
	struct node *nodes;
	int count; /* of slots */
};

/* Memory that runs out ends the program: a test has nothing better to do. */
void tree_init(struct tree *tree);
void tree_release(struct tree *tree);
/* A deep copy for a snapshot of @from: nested subvolumes are placeholders in it. */
void tree_copy_snapshot(struct tree *to, const struct tree *from);

int tree_add(struct tree *tree, int directory, const char *name, enum node_kind kind);
void tree_remove(struct tree *tree, int node);
void tree_move(struct tree *tree, int node, int directory, const char *name);
void tree_swap(struct tree *tree, int first, int second);

/* The node of @name in @directory, or TREE_NONE. */
int tree_child(const struct tree *tree, int directory, const char *name);
/* Any child of @directory, or TREE_NONE. */
int tree_any_child(const struct tree *tree, int directory);
unsigned int tree_count(const struct tree *tree, unsigned int kinds);
/* A random node, the top directory excepted, whose kind is in the set @kinds, or TREE_NONE. */
int tree_pick(const struct tree *tree, struct prng *prng, unsigned int kinds);
/* A random directory, the top directory included. */
int tree_pick_directory(const struct tree *tree, struct prng *prng);
/* True if @directory is @node or lies above it. */
bool tree_is_above(const struct tree *tree, int directory, int node);

/* The path of @node from the top directory ("." for that); false if it is too long. */
bool tree_path(const struct tree *tree, int node, char path[PATH_MAX]);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/* Operations that move and remove names. */
#include "tests/system/random/operations.h"

#include <btrfsutil.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int remove_node(struct world *world, int node, bool recursive)
{
	struct tree *tree = &world->current->tree;
	enum node_kind kind = tree->nodes[node].kind;
	char path[PATH_MAX];
	int child, ret;

	while (recursive && kind == NODE_DIRECTORY &&
	       (child = tree_any_child(tree, node)) != TREE_NONE) {
		ret = remove_node(world, child, true);
		if (ret)
			return ret;
	}
	if (!tree_path(tree, node, path))
		return -ENAMETOOLONG;
	if (kind == NODE_SUBVOLUME) {
		if (btrfs_util_delete_subvolume(path, 0))
			return -EBUSY;
		ret = 0;
	} else if (kind & (NODE_DIRECTORY | NODE_PLACEHOLDER)) {
		ret = rmdir(path);
	} else {
		ret = unlink(path);
	}
	if (ret)
		return -errno;
	tree_remove(tree, node);
	return 0;
}

static bool same_inode(const char *first, const char *second)
{
	struct stat a, b;

	return !lstat(first, &a) && !lstat(second, &b) && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

int rename_node(struct world *world, int node, const struct place *place)
{
	struct tree *tree = &world->current->tree;
	char path[PATH_MAX];

	if (place->node != TREE_NONE &&
	    tree->nodes[place->node].kind & (NODE_SUBVOLUME | NODE_PLACEHOLDER))
		return -EBUSY;
	if (!tree_path(tree, node, path))
		return -ENAMETOOLONG;
	/* rename(2) succeeds without doing anything between two names of one file. */
	if (same_inode(path, place->path))
		return -EEXIST;
	if (rename(path, place->path))
		return -errno;
	if (place->node != TREE_NONE)
		tree_remove(tree, place->node);
	tree_move(tree, node, place->directory, place->name);
	return 0;
}

static int exchange_nodes(struct world *world, int first, int second)
{
	struct tree *tree = &world->current->tree;
	char first_path[PATH_MAX], second_path[PATH_MAX];

	if (first == second || !tree_path(tree, first, first_path) ||
	    !tree_path(tree, second, second_path))
		return -EINVAL;
	if (renameat2(AT_FDCWD, first_path, AT_FDCWD, second_path, RENAME_EXCHANGE))
		return -errno;
	tree_swap(tree, first, second);
	return 0;
}

static int pick(struct world *world, unsigned int kinds)
{
	return tree_pick(&world->current->tree, &world->prng, kinds);
}

int operation_unlink(struct world *world)
{
	int node = pick(world, NODE_LINKABLE);

	return node == TREE_NONE ? -ENOENT : remove_node(world, node, false);
}

int operation_remove_directory(struct world *world)
{
	int node = pick(world, NODE_DIRECTORY | NODE_PLACEHOLDER);

	return node == TREE_NONE ? -ENOENT : remove_node(world, node, false);
}

int operation_remove_tree(struct world *world)
{
	int node = pick(world, NODE_DIRECTORY);

	/* What is left of a large tree would leave later operations without targets. */
	for (int tries = 0; tries < 4 && node != TREE_NONE; tries++) {
		unsigned int below = 0;

		for (int i = TREE_TOP + 1; i < world->current->tree.count; i++)
			below += world->current->tree.nodes[i].kind &&
				 tree_is_above(&world->current->tree, node, i);
		if (below <= 4 + tree_count(&world->current->tree, ~0u) / 3)
			return remove_node(world, node, true);
		node = pick(world, NODE_DIRECTORY);
	}
	return -ENOENT;
}

/* The same name for a new inode, of the same kind or of another. */
int operation_recreate(struct world *world)
{
	static const enum node_kind kinds[] = {NODE_FILE, NODE_DIRECTORY, NODE_SYMLINK, NODE_FIFO};
	int node = pick(world, NODE_LINKABLE | NODE_DIRECTORY);
	enum node_kind kind;
	struct place place;
	int ret;

	if (node == TREE_NONE)
		return -ENOENT;
	kind = world->current->tree.nodes[node].kind;
	if (!place_at(world, world->current->tree.nodes[node].directory,
		      world->current->tree.nodes[node].name, &place))
		return -ENAMETOOLONG;
	ret = remove_node(world, node, false);
	if (ret)
		return ret;
	if (prng_percent(&world->prng, 30))
		kind = kinds[prng_below(&world->prng, 4)];
	place.node = TREE_NONE;
	ret = make_node(world, &place, kind);
	return ret < 0 ? ret : 0;
}

/* A directory and those right below it anew, under their old names; other things move along. */
int operation_recreate_tree(struct world *world)
{
	struct tree *tree = &world->current->tree;
	int old = pick(world, NODE_DIRECTORY), made, ret;
	struct place aside, place;
	int count = tree->count;

	if (old == TREE_NONE)
		return -ENOENT;
	if (!place_at(world, tree->nodes[old].directory, tree->nodes[old].name, &place) ||
	    !place_fresh(world, tree->nodes[old].directory, &aside))
		return -ENAMETOOLONG;
	ret = rename_node(world, old, &aside);
	if (ret)
		return ret;
	place.node = TREE_NONE;
	made = make_node(world, &place, NODE_DIRECTORY);
	if (made < 0)
		return made;
	for (int i = TREE_TOP + 1; i < count; i++) {
		if (!tree->nodes[i].kind || tree->nodes[i].directory != old ||
		    !place_at(world, made, tree->nodes[i].name, &place))
			continue;
		if (tree->nodes[i].kind != NODE_DIRECTORY)
			rename_node(world, i, &place);
		else
			make_node(world, &place, NODE_DIRECTORY);
	}
	return prng_percent(&world->prng, 70) ? remove_node(world, old, true) : 0;
}

int operation_hold_unlinked(struct world *world)
{
	int node = pick(world, NODE_FILE);
	char path[PATH_MAX];
	int fd, ret;

	if (node == TREE_NONE || world->held_count == WORLD_HELD_MAX ||
	    !tree_path(&world->current->tree, node, path))
		return -ENOENT;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = remove_node(world, node, false);
	if (ret)
		close(fd);
	else
		world->held[world->held_count++] = fd;
	return ret;
}

static int rename_random(struct world *world, unsigned int kinds)
{
	int node = pick(world, kinds);
	struct place place;

	if (node == TREE_NONE || !place_pick(world, &place))
		return -ENOENT;
	return rename_node(world, node, &place);
}

int operation_rename(struct world *world)
{
	return rename_random(world, NODE_MOVABLE);
}

int operation_rename_directory(struct world *world)
{
	return rename_random(world, NODE_DIRECTORY);
}

int operation_rename_over(struct world *world)
{
	unsigned int kinds = prng_percent(&world->prng, 80) ? NODE_LINKABLE : NODE_DIRECTORY;
	int node = pick(world, kinds), target = pick(world, kinds);
	struct place place;

	if (node == TREE_NONE || !place_at(world, world->current->tree.nodes[target].directory,
					   world->current->tree.nodes[target].name, &place))
		return -ENOENT;
	return rename_node(world, node, &place);
}

int operation_exchange(struct world *world)
{
	unsigned int kinds = prng_percent(&world->prng, 60) ? NODE_DIRECTORY : NODE_MOVABLE;
	int first = pick(world, kinds), second = pick(world, NODE_MOVABLE);

	return first == TREE_NONE ? -ENOENT : exchange_nodes(world, first, second);
}

/* Three names change places; with directories this is what delays moves and makes orphans. */
int operation_rotate(struct world *world)
{
	unsigned int kinds = prng_percent(&world->prng, 60) ? NODE_DIRECTORY : NODE_MOVABLE;
	int nodes[3];
	int ret = 0;

	for (int i = 0; i < 3; i++) {
		nodes[i] = pick(world, kinds);
		if (nodes[i] == TREE_NONE)
			return -ENOENT;
	}
	for (int i = 0; i < 2 && !ret; i++)
		ret = exchange_nodes(world, nodes[i], nodes[i + 1]);
	return ret;
}

/* p/c becomes c/p, in the directory of p. */
int operation_swap_parent_child(struct world *world)
{
	struct tree *tree = &world->current->tree;
	int child = pick(world, NODE_DIRECTORY), parent, ret;
	char name[NAME_MAX + 1];
	struct place place;

	if (child == TREE_NONE || tree->nodes[child].directory == TREE_TOP)
		return -ENOENT;
	parent = tree->nodes[child].directory;
	strcpy(name, tree->nodes[parent].name);
	if (!place_at(world, tree->nodes[parent].directory, tree->nodes[child].name, &place) ||
	    (place.node != TREE_NONE && !place_fresh(world, tree->nodes[parent].directory, &place)))
		return -ENAMETOOLONG;
	ret = rename_node(world, child, &place);
	if (ret)
		return ret;
	if (prng_percent(&world->prng, 30))
		pick_name(world, name);
	if (!place_at(world, child, name, &place))
		return -ENAMETOOLONG;
	ret = rename_node(world, parent, &place);
	if (ret || prng_percent(&world->prng, 50))
		return ret;
	/* And the child takes the name that the parent had. */
	if (!place_at(world, tree->nodes[child].directory, name, &place))
		return -ENAMETOOLONG;
	return rename_node(world, child, &place);
}

/* Something goes one level down, below a new directory that takes its name. */
int operation_push_down(struct world *world)
{
	struct tree *tree = &world->current->tree;
	int node = pick(world, NODE_MOVABLE), made, ret;
	struct place place, aside, below;
	char name[NAME_MAX + 1];

	if (node == TREE_NONE)
		return -ENOENT;
	if (!place_at(world, tree->nodes[node].directory, tree->nodes[node].name, &place) ||
	    !place_fresh(world, tree->nodes[node].directory, &aside))
		return -ENAMETOOLONG;
	ret = rename_node(world, node, &aside);
	if (ret)
		return ret;
	place.node = TREE_NONE;
	made = make_node(world, &place, NODE_DIRECTORY);
	if (made < 0)
		return made;
	pick_name(world, name);
	if (!place_at(world, made, name, &below))
		return -ENAMETOOLONG;
	return rename_node(world, node, &below);
}

/* What a directory holds takes its place one level up, and it goes if nothing stays in it. */
int operation_pull_up(struct world *world)
{
	struct tree *tree = &world->current->tree;
	int directory = pick(world, NODE_DIRECTORY);
	struct place place;

	if (directory == TREE_NONE)
		return -ENOENT;
	for (int i = TREE_TOP + 1; i < tree->count; i++) {
		if (!(tree->nodes[i].kind & NODE_MOVABLE) || tree->nodes[i].directory != directory)
			continue;
		if (place_at(world, tree->nodes[directory].directory, tree->nodes[i].name,
			     &place) &&
		    place.node == TREE_NONE)
			rename_node(world, i, &place);
	}
	return remove_node(world, directory, false);
}

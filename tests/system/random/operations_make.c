/* SPDX-License-Identifier: GPL-2.0 */
/* Operations that make names: new inodes of every kind and hard links. */
#include "tests/system/random/operations.h"
#include "tests/system/random/settle.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static int make_symlink(struct world *world, const char *path)
{
	char target[PATH_MAX];
	size_t length = prng_percent(&world->prng, 90) ? prng_between(&world->prng, 1, 40)
						       : prng_between(&world->prng, 41, 3000);

	for (size_t i = 0; i < length; i++)
		target[i] = prng_percent(&world->prng, 20) ? '/' : 'a' + i % 26;
	target[length] = '\0';
	return symlink(target, path);
}

static int make_special(struct world *world, const char *path, enum node_kind kind)
{
	dev_t device = 0;
	mode_t type = S_IFIFO;

	if (kind == NODE_SOCKET) {
		type = S_IFSOCK;
	} else if (kind & (NODE_CHARACTER | NODE_BLOCK)) {
		type = kind == NODE_BLOCK ? S_IFBLK : S_IFCHR;
		device = makedev(
			prng_below(&world->prng, 1 << (prng_percent(&world->prng, 50) ? 8 : 12)),
			prng_below(&world->prng, 1 << (prng_percent(&world->prng, 50) ? 8 : 20)));
	}
	return mknod(path, type | prng_below(&world->prng, 01000), device);
}

int make_node(struct world *world, const struct place *place, enum node_kind kind)
{
	int ret;

	if (place->node != TREE_NONE)
		return -EEXIST;
	if (kind == NODE_FILE) {
		ret = open(place->path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC,
			   prng_below(&world->prng, 01000));
		if (ret >= 0)
			ret = close(ret);
	} else if (kind == NODE_DIRECTORY) {
		ret = mkdir(place->path, prng_below(&world->prng, 01000));
	} else if (kind == NODE_SYMLINK) {
		ret = make_symlink(world, place->path);
	} else {
		ret = make_special(world, place->path, kind);
	}
	if (ret < 0)
		return -errno;
	return tree_add(&world->current->tree, place->directory, place->name, kind);
}

static enum node_kind pick_special(struct world *world)
{
	static const enum node_kind kinds[] = {NODE_FIFO, NODE_SOCKET, NODE_CHARACTER, NODE_BLOCK};

	return kinds[prng_below(&world->prng, 4)];
}

/* A new node at a random place; what has the name is sometimes removed for it. */
static int make_somewhere(struct world *world, enum node_kind kind, struct place *place)
{
	int ret;

	if (!place_pick(world, place))
		return -ENAMETOOLONG;
	if (place->node != TREE_NONE) {
		if (prng_percent(&world->prng, 60))
			return -EEXIST;
		ret = remove_node(world, place->node, false);
		if (ret)
			return ret;
		place->node = TREE_NONE;
	}
	ret = make_node(world, place, kind);
	return ret < 0 ? ret : 0;
}

int operation_make_file(struct world *world)
{
	struct open_file file = {0};
	struct place place;
	int ret = make_somewhere(world, NODE_FILE, &place);

	if (ret || prng_percent(&world->prng, 25))
		return ret;
	file.fd = open(place.path, O_RDWR | O_CLOEXEC);
	if (file.fd < 0)
		return -errno;
	ret = write_random(world, &file);
	release_file(world, &file);
	return ret;
}

int operation_make_directory(struct world *world)
{
	struct place place;

	return make_somewhere(world, NODE_DIRECTORY, &place);
}

int operation_make_symlink(struct world *world)
{
	struct place place;

	return make_somewhere(world, NODE_SYMLINK, &place);
}

int operation_make_node(struct world *world)
{
	struct place place;

	return make_somewhere(world, pick_special(world), &place);
}

/* Directories one below the other, with names that the rest of the tree has too. */
int operation_make_chain(struct world *world)
{
	int directory = tree_pick_directory(&world->current->tree, &world->prng);
	unsigned int depth = prng_between(&world->prng, 3, 9);
	struct place place;
	char name[NAME_MAX + 1];

	while (depth--) {
		pick_name(world, name);
		if (!place_at(world, directory, name, &place))
			return -ENAMETOOLONG;
		directory = place.node;
		if (directory == TREE_NONE)
			directory = make_node(world, &place, NODE_DIRECTORY);
		else if (world->current->tree.nodes[directory].kind != NODE_DIRECTORY)
			return -ENOTDIR;
		if (directory < 0)
			return directory;
	}
	return 0;
}

/* More directories with something in them than the sender keeps the times of. */
int operation_make_wide(struct world *world)
{
	struct place top, below;
	int ret = make_somewhere(world, NODE_DIRECTORY, &top);
	int directory;
	char name[NAME_MAX + 1];

	if (ret)
		return ret;
	directory = tree_child(&world->current->tree, top.directory, top.name);
	for (unsigned int i = 0; i < 70; i++) {
		int made;

		snprintf(name, sizeof(name), "d%u", i);
		if (!place_at(world, directory, name, &below))
			return -ENAMETOOLONG;
		made = make_node(world, &below, NODE_DIRECTORY);
		if (made < 0)
			return made;
		if (!place_at(world, made, "f", &below))
			return -ENAMETOOLONG;
		made = make_node(world, &below, NODE_FILE);
		if (made < 0)
			return made;
	}
	return 0;
}

/* In the top directory a name just like the one that a sender gives an inode it must put aside. */
int operation_make_orphan_name(struct world *world)
{
	int node = tree_pick(&world->current->tree, &world->prng, NODE_FILE | NODE_DIRECTORY);
	char path[PATH_MAX], name[64];
	struct place place;
	struct stat status;
	long generation = 0;
	int fd, ret;

	if (node == TREE_NONE || !tree_path(&world->current->tree, node, path))
		return -ENOENT;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = fstat(fd, &status) || ioctl(fd, FS_IOC_GETVERSION, &generation);
	close(fd);
	if (ret)
		return -errno;
	snprintf(name, sizeof(name), "o%llu-%u-%u", (unsigned long long)status.st_ino,
		 (unsigned int)generation, prng_percent(&world->prng, 80) ? 0 : 1);
	if (!place_at(world, TREE_TOP, name, &place))
		return -ENAMETOOLONG;
	ret = make_node(world, &place, prng_percent(&world->prng, 50) ? NODE_FILE : NODE_DIRECTORY);
	return ret < 0 ? ret : 0;
}

/* An inode that never had a name, which then gets one or is held open without. */
int operation_make_temporary(struct world *world)
{
	struct open_file file = {.fd = open(".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0640)};
	struct place place;
	int ret = 0;

	if (file.fd < 0)
		return -errno;
	write_random(world, &file);
	if (prng_percent(&world->prng, 50) && world->held_count < WORLD_HELD_MAX) {
		settle_file(file.fd);
		world->held[world->held_count++] = file.fd;
		return 0;
	}
	if (!place_pick(world, &place))
		ret = -ENAMETOOLONG;
	else if (linkat(file.fd, "", AT_FDCWD, place.path, AT_EMPTY_PATH))
		ret = -errno;
	else
		tree_add(&world->current->tree, place.directory, place.name, NODE_FILE);
	release_file(world, &file);
	return ret;
}

static int link_to(struct world *world, int node, const char *path, const struct place *place)
{
	if (linkat(AT_FDCWD, path, AT_FDCWD, place->path, 0))
		return -errno;
	tree_add(&world->current->tree, place->directory, place->name,
		 world->current->tree.nodes[node].kind);
	return 0;
}

int operation_link(struct world *world)
{
	int node = tree_pick(&world->current->tree, &world->prng, NODE_LINKABLE);
	char path[PATH_MAX];
	struct place place;

	if (node == TREE_NONE || !tree_path(&world->current->tree, node, path) ||
	    !place_pick(world, &place))
		return -ENOENT;
	return link_to(world, node, path, &place);
}

/* Enough names of one file, in one or two directories, that they need extended references. */
int operation_link_many(struct world *world)
{
	bool long_names = prng_percent(&world->prng, 50);
	unsigned int count = prng_percent(&world->prng, 30) ? prng_between(&world->prng, 200, 320)
							    : prng_between(&world->prng, 10, 60);
	int node = tree_pick(&world->current->tree, &world->prng, NODE_LINKABLE);
	int directories[2];
	char path[PATH_MAX], name[NAME_MAX + 1];
	struct place place;
	int ret = 0;

	directories[0] = tree_pick_directory(&world->current->tree, &world->prng);
	directories[1] = tree_pick_directory(&world->current->tree, &world->prng);
	if (node == TREE_NONE || !tree_path(&world->current->tree, node, path))
		return -ENOENT;
	for (unsigned int i = 0; i < count && !ret; i++) {
		snprintf(name, sizeof(name), "%s%u",
			 long_names ? "a-name-that-is-not-that-short-" : "l", i);
		if (!place_at(world, directories[prng_below(&world->prng, 2)], name, &place))
			ret = -ENAMETOOLONG;
		else if (place.node == TREE_NONE)
			ret = link_to(world, node, path, &place);
	}
	return ret;
}

/* SPDX-License-Identifier: GPL-2.0 */
#include "tests/system/random/tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *must(void *memory)
{
	if (!memory) {
		perror("random-send");
		abort();
	}
	return memory;
}

static int new_slot(struct tree *tree)
{
	int slot;

	for (slot = 0; slot < tree->count; slot++)
		if (!tree->nodes[slot].kind)
			return slot;
	tree->count = tree->count ? tree->count * 2 : 64;
	tree->nodes = must(reallocarray(tree->nodes, tree->count, sizeof(*tree->nodes)));
	memset(tree->nodes + slot, 0, (tree->count - slot) * sizeof(*tree->nodes));
	return slot;
}

void tree_init(struct tree *tree)
{
	memset(tree, 0, sizeof(*tree));
	tree_add(tree, TREE_TOP, "", NODE_DIRECTORY);
}

void tree_release(struct tree *tree)
{
	for (int i = 0; i < tree->count; i++)
		free(tree->nodes[i].name);
	free(tree->nodes);
	memset(tree, 0, sizeof(*tree));
}

void tree_copy_snapshot(struct tree *to, const struct tree *from)
{
	to->count = from->count;
	to->nodes = must(calloc(from->count, sizeof(*to->nodes)));
	for (int i = 0; i < from->count; i++) {
		to->nodes[i] = from->nodes[i];
		if (from->nodes[i].kind)
			to->nodes[i].name = must(strdup(from->nodes[i].name));
		if (from->nodes[i].kind == NODE_SUBVOLUME)
			to->nodes[i].kind = NODE_PLACEHOLDER;
	}
}

int tree_add(struct tree *tree, int directory, const char *name, enum node_kind kind)
{
	int slot = new_slot(tree);

	tree->nodes[slot].kind = kind;
	tree->nodes[slot].directory = directory;
	tree->nodes[slot].name = must(strdup(name));
	return slot;
}

void tree_remove(struct tree *tree, int node)
{
	free(tree->nodes[node].name);
	memset(&tree->nodes[node], 0, sizeof(tree->nodes[node]));
}

void tree_move(struct tree *tree, int node, int directory, const char *name)
{
	char *copy = must(strdup(name));

	free(tree->nodes[node].name);
	tree->nodes[node].name = copy;
	tree->nodes[node].directory = directory;
}

void tree_swap(struct tree *tree, int first, int second)
{
	struct node *a = &tree->nodes[first], *b = &tree->nodes[second];
	struct node old = *a;

	a->name = b->name;
	a->directory = b->directory;
	b->name = old.name;
	b->directory = old.directory;
}

int tree_child(const struct tree *tree, int directory, const char *name)
{
	for (int i = TREE_TOP + 1; i < tree->count; i++)
		if (tree->nodes[i].kind && tree->nodes[i].directory == directory &&
		    !strcmp(tree->nodes[i].name, name))
			return i;
	return TREE_NONE;
}

int tree_any_child(const struct tree *tree, int directory)
{
	for (int i = TREE_TOP + 1; i < tree->count; i++)
		if (tree->nodes[i].kind && tree->nodes[i].directory == directory)
			return i;
	return TREE_NONE;
}

/* The @index-th node of @kinds from slot @first on. */
static int nth(const struct tree *tree, int first, unsigned int kinds, unsigned int index)
{
	for (int i = first; i < tree->count; i++)
		if (tree->nodes[i].kind & kinds && !index--)
			return i;
	return TREE_NONE;
}

unsigned int tree_count(const struct tree *tree, unsigned int kinds)
{
	unsigned int count = 0;

	for (int i = TREE_TOP + 1; i < tree->count; i++)
		count += (tree->nodes[i].kind & kinds) != 0;
	return count;
}

int tree_pick(const struct tree *tree, struct prng *prng, unsigned int kinds)
{
	unsigned int count = tree_count(tree, kinds);

	return count ? nth(tree, TREE_TOP + 1, kinds, prng_below(prng, count)) : TREE_NONE;
}

int tree_pick_directory(const struct tree *tree, struct prng *prng)
{
	unsigned int count = 1 + tree_count(tree, NODE_DIRECTORY);

	return nth(tree, TREE_TOP, NODE_DIRECTORY, prng_below(prng, count));
}

bool tree_is_above(const struct tree *tree, int directory, int node)
{
	while (node != directory && node != TREE_TOP)
		node = tree->nodes[node].directory;
	return node == directory;
}

bool tree_path(const struct tree *tree, int node, char path[PATH_MAX])
{
	char *at = path + PATH_MAX - 1;

	*at = '\0';
	while (node != TREE_TOP) {
		const char *name = tree->nodes[node].name;
		size_t length = strlen(name);

		if ((size_t)(at - path) < length + 1)
			return false;
		if (*at)
			*--at = '/';
		at -= length;
		memcpy(at, name, length);
		node = tree->nodes[node].directory;
	}
	if (!*at)
		*--at = '.';
	memmove(path, at, path + PATH_MAX - at);
	return true;
}

/* SPDX-License-Identifier: GPL-2.0 */
#include "engine/backref/walker.h"

#include "engine/core/array.h"

#include <errno.h>

int backref_id_list_add(struct id_list *list, uint64_t id)
{
	size_t i;
	int ret;

	for (i = 0; i < list->count; i++) {
		if (list->ids[i] == id)
			return 0;
	}
	ret = array_reserve((void **)&list->ids, &list->capacity, list->count, sizeof(id));
	if (ret == 0)
		list->ids[list->count++] = id;
	return ret;
}

int backref_find_parent(struct backref_walker *walker, const struct extent_ref *ref,
			uint64_t *parent)
{
	struct root *root;
	int level = ref->level;
	int ret = backref_get_root(walker, ref->root_id, &root);

	*parent = 0;
	if (ret)
		return ret == -ENOENT ? 0 : ret;
	if (root->level + 1 == level)
		return 0;
	ret = btree_search(root, &ref->key, &walker->path);
	if (ret < 0)
		return ret;
	/* A tree that has become lower than the reference says: its root is as near as it gets. */
	if (level > root->level)
		level = root->level;
	if (level > 0)
		*parent = walker->path.nodes[level]->bytenr;
	btree_path_release(&walker->path);
	return 0;
}

static int resolve_indirect(struct backref_walker *walker)
{
	struct extent_refs *refs = &walker->block_refs;
	size_t i;

	extent_ref_list_order(&refs->indirect);
	for (i = 0; i < refs->indirect.count; i++) {
		struct extent_ref ref = refs->indirect.refs[i];
		int ret = backref_find_parent(walker, &ref, &ref.parent);

		if (ret == 0)
			ret = extent_ref_list_add(&refs->direct, &ref);
		if (ret)
			return ret;
		walker->counters.preliminary_references++;
	}
	extent_ref_list_order(&refs->direct);
	return 0;
}

/* One step up from the block at @bytenr: roots that end here, parents to go on with. */
static int visit_block(struct backref_walker *walker, uint64_t bytenr)
{
	struct extent_refs *refs = &walker->block_refs;
	size_t i;
	int ret;

	ret = extent_refs_collect(walker->volume, bytenr, &walker->visitor->filter, refs);
	/*
	 * As the kernel inserts them: one of a tree by its number comes without its key, is
	 * inserted again with it, and once more with the parent found.
	 */
	walker->counters.preliminary_references += 2 * refs->indirect.count + refs->direct.count;
	if (walker->query.as_listed)
		return ret ? ret : backref_list_parents(walker);
	if (ret == 0)
		ret = resolve_indirect(walker);
	for (i = 0; ret == 0 && i < refs->direct.count; i++) {
		const struct extent_ref *ref = &refs->direct.refs[i];

		if (ref->parent)
			ret = backref_id_list_add(&walker->blocks, ref->parent);
		else if (ref->root_id)
			ret = backref_id_list_add(&walker->roots, ref->root_id);
	}
	return ret;
}

int backref_find_roots(struct backref_walker *walker, uint64_t bytenr)
{
	size_t i;
	int ret;

	walker->blocks.count = 0;
	walker->roots.count = 0;
	walker->counters.leaves_resolved++;
	ret = visit_block(walker, bytenr);
	for (i = 0; ret == 0 && i < walker->blocks.count; i++)
		ret = visit_block(walker, walker->blocks.ids[i]);
	if (ret == 0)
		walker->counters.roots_found += walker->roots.count;
	return ret;
}

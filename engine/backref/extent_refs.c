/* SPDX-License-Identifier: GPL-2.0 */
#include "engine/backref/extent_refs.h"

#include "engine/core/array.h"

#include <errno.h>

int extent_ref_list_add(struct extent_ref_list *list, const struct extent_ref *ref)
{
	int ret = array_reserve((void **)&list->refs, &list->capacity, list->count, sizeof(*ref));

	if (ret == 0)
		list->refs[list->count++] = *ref;
	return ret;
}

static int compare_u64(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare_ref(const struct extent_ref *a, const struct extent_ref *b)
{
	int order = compare_u64((uint64_t)a->level, (uint64_t)b->level);

	if (!order)
		order = compare_u64(a->root_id, b->root_id);
	if (!order)
		order = compare_u64(a->key.type, b->key.type);
	if (!order)
		order = compare_u64(a->key.objectid, b->key.objectid);
	if (!order)
		order = compare_u64(a->key.offset, b->key.offset);
	if (!order)
		order = compare_u64(a->parent, b->parent);
	return order;
}

static int compare_descending(const void *a, const void *b)
{
	return compare_ref(b, a);
}

void extent_ref_list_order(struct extent_ref_list *list)
{
	size_t kept = 0, i;

	if (list->count < 2)
		return;
	qsort(list->refs, list->count, sizeof(*list->refs), compare_descending);
	for (i = 1; i < list->count; i++) {
		if (compare_ref(&list->refs[kept], &list->refs[i]) == 0)
			list->refs[kept].count += list->refs[i].count;
		else
			list->refs[++kept] = list->refs[i];
	}
	list->count = kept + 1;
}

void extent_refs_release(struct extent_refs *refs)
{
	free(refs->indirect.refs);
	free(refs->direct.refs);
	*refs = (struct extent_refs){0};
}

struct collector {
	struct volume *volume;
	const struct extent_ref_filter *filter;
	struct extent_refs *refs;
	uint64_t bytenr;
	int level; /* of the tree block at bytenr; of no meaning for a data extent */
};

static uint32_t next_place(const struct collector *collector)
{
	return (uint32_t)(collector->refs->indirect.count + collector->refs->direct.count);
}

static int add_shared(struct collector *collector, int level, uint64_t parent, uint64_t count)
{
	const struct extent_ref ref = {.parent = parent,
				       .count = count,
				       .level = level,
				       .place = next_place(collector),
				       .first_item = NO_ITEM,
				       .last_item = NO_ITEM};

	return extent_ref_list_add(&collector->refs->direct, &ref);
}

static int add_data_ref(struct collector *collector, const struct btrfs_extent_data_ref *item)
{
	const struct extent_ref_filter *filter = collector->filter;
	const struct extent_ref ref = {
		.root_id = from_le64(item->root),
		.key = {.objectid = from_le64(item->objectid),
			.type = BTRFS_EXTENT_DATA_KEY,
			.offset = from_le64(item->offset)},
		.count = from_le32(item->count),
		.has_key = true,
		.place = next_place(collector),
		.first_item = NO_ITEM,
		.last_item = NO_ITEM,
	};

	if (ref.root_id == BTRFS_DATA_RELOC_TREE_OBJECTID)
		return 0;
	if (filter->skip_data_ref &&
	    filter->skip_data_ref(filter->context, ref.root_id, ref.key.objectid, ref.key.offset))
		return 0;
	return extent_ref_list_add(&collector->refs->indirect, &ref);
}

static int add_tree_ref(struct collector *collector, uint64_t root_id)
{
	const struct extent_ref ref = {.root_id = root_id,
				       .count = 1,
				       .level = collector->level + 1,
				       .place = next_place(collector),
				       .first_item = NO_ITEM,
				       .last_item = NO_ITEM};

	if (root_id == BTRFS_DATA_RELOC_TREE_OBJECTID)
		return 0;
	return extent_ref_list_add(&collector->refs->indirect, &ref);
}

/* One inline reference; *@next moves behind it. The tree checker knows its size to be right. */
static int add_inline_ref(struct collector *collector, const uint8_t **next)
{
	const struct btrfs_extent_inline_ref *ref = (const void *)*next;
	const struct btrfs_extent_data_ref *data = (const void *)(&ref->type + 1);
	const struct btrfs_shared_data_ref *shared = (const void *)(ref + 1);
	uint64_t offset;

	if (ref->type == BTRFS_EXTENT_DATA_REF_KEY) {
		*next = (const uint8_t *)(data + 1);
		return add_data_ref(collector, data);
	}
	*next = (const uint8_t *)(ref + 1);
	offset = from_le64(ref->offset);
	switch (ref->type) {
	case BTRFS_SHARED_DATA_REF_KEY:
		*next = (const uint8_t *)(shared + 1);
		return add_shared(collector, 0, offset, from_le32(shared->count));
	case BTRFS_SHARED_BLOCK_REF_KEY:
		return add_shared(collector, collector->level + 1, offset, 1);
	case BTRFS_TREE_BLOCK_REF_KEY:
		return add_tree_ref(collector, offset);
	default: /* EXTENT_OWNER_REF of simple quotas says nothing about who refers */
		return 0;
	}
}

static int add_inline_refs(struct collector *collector, const struct btree_path *path)
{
	const struct btrfs_extent_item *item = btree_path_data(path);
	const uint8_t *next = (const uint8_t *)(item + 1);
	const uint8_t *end = (const uint8_t *)item + btree_path_size(path);
	struct key key = btree_path_key(path);
	int ret = 0;

	if (key.type == BTRFS_METADATA_ITEM_KEY) {
		collector->level = (int)key.offset;
	} else if (from_le64(item->flags) & BTRFS_EXTENT_FLAG_TREE_BLOCK) {
		collector->level = ((const struct btrfs_tree_block_info *)next)->level;
		next += sizeof(struct btrfs_tree_block_info);
	}
	while (ret == 0 && next < end)
		ret = add_inline_ref(collector, &next);
	return ret;
}

static int add_keyed_ref(struct collector *collector, const struct btree_path *path,
			 const struct key *key)
{
	const struct btrfs_shared_data_ref *shared = btree_path_data(path);

	switch (key->type) {
	case BTRFS_EXTENT_DATA_REF_KEY:
		return add_data_ref(collector, btree_path_data(path));
	case BTRFS_SHARED_DATA_REF_KEY:
		return add_shared(collector, 0, key->offset, from_le32(shared->count));
	case BTRFS_SHARED_BLOCK_REF_KEY:
		return add_shared(collector, collector->level + 1, key->offset, 1);
	case BTRFS_TREE_BLOCK_REF_KEY:
		return add_tree_ref(collector, key->offset);
	default:
		return 0;
	}
}

static int add_keyed_refs(struct collector *collector, struct btree_path *path)
{
	int ret = btree_next(path);

	for (; ret == 0; ret = btree_next(path)) {
		struct key key = btree_path_key(path);

		if (key.objectid != collector->bytenr || key.type > BTRFS_SHARED_DATA_REF_KEY)
			return 0;
		ret = add_keyed_ref(collector, path, &key);
		if (ret)
			return ret;
	}
	return ret < 0 ? ret : 0;
}

/* A reference to a tree block by root number is searched by the block's first key. */
static int add_missing_keys(struct collector *collector)
{
	struct extent_ref_list *list = &collector->refs->indirect;
	const struct tree_block_id id = {.bytenr = collector->bytenr, .level = collector->level};
	struct tree_block *block = NULL;
	size_t i;

	for (i = 0; i < list->count; i++) {
		if (list->refs[i].has_key)
			continue;
		if (!block) {
			int ret = tree_block_get(collector->volume, &id, &block);

			if (ret)
				return ret;
			if (block->nritems == 0) {
				tree_block_put(block);
				return volume_fail(collector->volume, -EUCLEAN,
						   "tree block %llu: empty, but referred to",
						   (unsigned long long)id.bytenr);
			}
		}
		list->refs[i].key = tree_block_key(block, 0);
		list->refs[i].has_key = true;
	}
	tree_block_put(block);
	return 0;
}

static int collect(struct collector *collector, struct root *extent_root, struct btree_path *path)
{
	bool skinny = collector->volume->incompat_flags & BTRFS_FEATURE_INCOMPAT_SKINNY_METADATA;
	const struct key last = {.objectid = collector->bytenr,
				 .type = skinny ? BTRFS_METADATA_ITEM_KEY : BTRFS_EXTENT_ITEM_KEY,
				 .offset = UINT64_MAX};
	const struct extent_ref_filter *filter = collector->filter;
	const struct btrfs_extent_item *item;
	struct key key;
	int ret = btree_search_before(extent_root, &last, path);

	if (ret)
		return ret < 0 ? ret : 0;
	key = btree_path_key(path);
	if (key.objectid != collector->bytenr ||
	    (key.type != BTRFS_EXTENT_ITEM_KEY && key.type != BTRFS_METADATA_ITEM_KEY))
		return 0;
	item = btree_path_data(path);
	if (!filter->accept_extent(filter->context, collector->bytenr, from_le64(item->refs)))
		return 0;
	ret = add_inline_refs(collector, path);
	if (ret == 0)
		ret = add_keyed_refs(collector, path);
	btree_path_release(path);
	if (ret == 0)
		ret = add_missing_keys(collector);
	return ret;
}

int extent_refs_collect(struct volume *volume, uint64_t bytenr,
			const struct extent_ref_filter *filter, struct extent_refs *refs)
{
	struct collector collector = {
		.volume = volume, .filter = filter, .refs = refs, .bytenr = bytenr};
	struct btree_path path = {0};
	struct root *extent_root;
	int ret = root_get(volume, BTRFS_EXTENT_TREE_OBJECTID, &extent_root);

	refs->indirect.count = 0;
	refs->direct.count = 0;
	if (ret == -ENOENT)
		return volume_fail(volume, -EUCLEAN, "no extent tree");
	if (ret == 0)
		ret = collect(&collector, extent_root, &path);
	btree_path_release(&path);
	return ret;
}

/*
 * @item of the extent tree is no extent: the last key that one before it can have. References come
 * behind their extent, which has their number. False: nothing can be before it.
 */
static bool last_extent_before(const struct key *item, struct key *last)
{
	bool is_reference = item->type > BTRFS_EXTENT_ITEM_KEY;

	*last = (struct key){.objectid = is_reference ? item->objectid : item->objectid - 1,
			     .type = BTRFS_EXTENT_ITEM_KEY,
			     .offset = UINT64_MAX};
	return is_reference || item->objectid > 0;
}

int extent_at_address(struct volume *volume, uint64_t address, uint64_t *bytenr)
{
	struct key last = {
		.objectid = address, .type = BTRFS_EXTENT_ITEM_KEY, .offset = UINT64_MAX};
	struct btree_path path = {0};
	struct root *extent_root;
	struct key key = {0};
	int ret = root_get(volume, BTRFS_EXTENT_TREE_OBJECTID, &extent_root);

	if (ret == 0)
		ret = btree_search_before(extent_root, &last, &path);
	while (ret == 0) {
		key = btree_path_key(&path);
		btree_path_release(&path);
		if (key.type == BTRFS_EXTENT_ITEM_KEY || key.type == BTRFS_METADATA_ITEM_KEY)
			break;
		ret = last_extent_before(&key, &last)
			      ? btree_search_before(extent_root, &last, &path)
			      : -ENOENT;
	}
	if (ret == 0 && (key.type != BTRFS_EXTENT_ITEM_KEY || key.objectid + key.offset <= address))
		ret = -ENOENT;
	btree_path_release(&path);
	*bytenr = key.objectid;
	return ret > 0 ? -ENOENT : ret;
}

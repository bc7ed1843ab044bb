/* SPDX-License-Identifier: GPL-2.0 */
#include "engine/backref/extent_index.h"

#include "engine/backref/walker.h"
#include "engine/core/array.h"
#include "engine/core/u64_map.h"

#include <errno.h>
#include <string.h>

/*
 * Extents that lie beside each other are mostly referred to from leaves that are the same, or lie
 * beside each other, reference by reference: so there is a position in the tree for the first
 * reference of each, for the second, and so on. Their leaves cannot leave memory, so they may take
 * up only a part of what the index may.
 */
enum { MOST_PLACES = 64, PLACES_SHARE = 8 };

struct extent_index {
	struct volume *volume;
	const struct extent_ref_filter *filter;
	struct backref_visitor visitor;
	struct backref_walker *walker; /* for the roots of leaves */
	struct ref_items places[MOST_PLACES];
	unsigned int place_count;
	struct extent_refs refs; /* of the extent that is being added */
	struct u64_map extents, leaves;
	struct index_extent *newest, *oldest;
	struct index_extent *expected; /* to be asked for next; or NULL */
	unsigned int epoch;	       /* of the volume that all this is true in */
	size_t bytes, max_bytes, peak_bytes;
	uint64_t references; /* of the extent that is being added */
	bool is_accepted;
	void (*leaf_made)(void *context, struct index_leaf *leaf);
	void (*leaf_dropped)(void *context, struct index_leaf *leaf);
	void *leaf_context;
};

int extent_index_new(struct volume *volume, const struct extent_ref_filter *filter,
		     size_t max_bytes, struct extent_index **out)
{
	struct extent_index *index = calloc(1, sizeof(*index));
	unsigned int i;
	int ret;

	if (!index)
		return volume_fail(volume, -ENOMEM, "out of memory for the extent index");
	index->volume = volume;
	index->filter = filter;
	index->max_bytes = max_bytes;
	index->epoch = volume->epoch;
	index->visitor.filter = *filter;
	index->place_count = (unsigned int)(max_bytes / PLACES_SHARE / volume->nodesize);
	if (index->place_count < 1)
		index->place_count = 1;
	if (index->place_count > MOST_PLACES)
		index->place_count = MOST_PLACES;
	for (i = 0; i < index->place_count; i++)
		index->places[i].volume = volume;
	ret = backref_walker_new(volume, &index->visitor, &index->walker);
	if (ret) {
		free(index);
		return ret;
	}
	*out = index;
	return 0;
}

static void unlink_extent(struct extent_index *index, struct index_extent *extent)
{
	if (extent->newer)
		extent->newer->older = extent->older;
	else
		index->newest = extent->older;
	if (extent->older)
		extent->older->newer = extent->newer;
	else
		index->oldest = extent->newer;
}

static void link_newest(struct extent_index *index, struct index_extent *extent)
{
	extent->newer = NULL;
	extent->older = index->newest;
	if (index->newest)
		index->newest->newer = extent;
	else
		index->oldest = extent;
	index->newest = extent;
}

static void free_extent(struct index_extent *extent)
{
	free(extent->refs);
	free(extent->prefix);
	free(extent->runs);
	free(extent->items);
	free(extent->shared.refs);
	free(extent);
}

static void drop_extent(struct extent_index *index, struct index_extent *extent)
{
	u64_map_remove(&index->extents, extent->bytenr);
	if (extent == index->expected)
		index->expected = NULL;
	unlink_extent(index, extent);
	index->bytes -= extent->bytes;
	free_extent(extent);
}

static size_t leaf_bytes(const struct index_leaf *leaf)
{
	return sizeof(*leaf) + leaf->root_count * sizeof(leaf->roots[0]);
}

static void drop_leaf(struct extent_index *index, struct index_leaf *leaf)
{
	if (index->leaf_dropped)
		index->leaf_dropped(index->leaf_context, leaf);
	free(leaf->roots);
	free(leaf);
}

/* Items point to their leaves, so those can only go when no extent is left. */
static void drop_all(struct extent_index *index)
{
	size_t i;

	while (index->oldest)
		drop_extent(index, index->oldest);
	for (i = 0; i < index->leaves.capacity; i++) {
		if (index->leaves.slots[i].value)
			drop_leaf(index, index->leaves.slots[i].value);
	}
	u64_map_release(&index->leaves);
	u64_map_release(&index->extents);
	for (i = 0; i < index->place_count; i++)
		btree_path_release(&index->places[i].path);
	index->bytes = 0;
}

void extent_index_free(struct extent_index *index)
{
	if (!index)
		return;
	drop_all(index);
	backref_walker_free(index->walker);
	extent_refs_release(&index->refs);
	free(index);
}

void extent_index_watch_leaves(struct extent_index *index,
			       void (*made)(void *context, struct index_leaf *leaf),
			       void (*dropped)(void *context, struct index_leaf *leaf),
			       void *context)
{
	index->leaf_made = made;
	index->leaf_dropped = dropped;
	index->leaf_context = context;
}

static void add_bytes(struct extent_index *index, size_t bytes)
{
	index->bytes += bytes;
	if (index->bytes > index->peak_bytes)
		index->peak_bytes = index->bytes;
}

/* What an extent takes changes with what is known of it. */
static void account(struct extent_index *index, struct index_extent *extent)
{
	index->bytes -= extent->bytes;
	extent->bytes = sizeof(*extent) + extent->ref_count * sizeof(*extent->refs) +
			(extent->prefix ? extent->ref_count * sizeof(*extent->prefix) : 0) +
			extent->run_capacity * sizeof(*extent->runs) +
			extent->item_capacity * sizeof(*extent->items) +
			extent->shared.capacity * sizeof(*extent->shared.refs);
	add_bytes(index, extent->bytes);
}

/* Make room before an extent is used: while it is, nothing goes. */
static void trim(struct extent_index *index)
{
	while (index->bytes > index->max_bytes && index->oldest)
		drop_extent(index, index->oldest);
	/* Leaves are what is left: then they take more than half of what there is. */
	if (index->bytes > index->max_bytes / 2 && !index->oldest)
		drop_all(index);
}

static struct index_leaf *get_leaf(struct extent_index *index, uint64_t bytenr)
{
	struct index_leaf *leaf = u64_map_find(&index->leaves, bytenr);

	if (leaf)
		return leaf;
	leaf = calloc(1, sizeof(*leaf));
	if (!leaf || u64_map_add(&index->leaves, bytenr, leaf)) {
		free(leaf);
		volume_fail(index->volume, -ENOMEM, "out of memory for the extent index");
		return NULL;
	}
	leaf->bytenr = bytenr;
	add_bytes(index, sizeof(*leaf));
	if (index->leaf_made)
		index->leaf_made(index->leaf_context, leaf);
	return leaf;
}

/* The accept_extent() of the extent itself: notes its count on the way. */
static bool accept_and_note(void *context, uint64_t bytenr, uint64_t references)
{
	struct extent_index *index = context;

	index->references = references;
	index->is_accepted =
		index->filter->accept_extent(index->filter->context, bytenr, references);
	return index->is_accepted;
}

/* The references as they were collected become those of @extent, in visiting order. */
static int take_refs(struct extent_index *index, struct index_extent *extent)
{
	struct extent_refs *refs = &index->refs;
	size_t i, count = 0;

	extent_ref_list_order(&refs->indirect);
	extent_ref_list_order(&refs->direct);
	extent->refs = calloc(refs->indirect.count + refs->direct.count + 1, sizeof(*extent->refs));
	if (!extent->refs)
		return volume_fail(index->volume, -ENOMEM, "out of memory for the extent index");
	for (i = 0; i < refs->indirect.count; i++) {
		const struct extent_ref *ref = &refs->indirect.refs[i];

		extent->refs[count++] = (struct index_ref){.root_id = ref->root_id,
							   .ino = ref->key.objectid,
							   .offset = ref->key.offset,
							   .counted = ref->count};
	}
	for (i = 0; i < refs->direct.count; i++) {
		extent->refs[count++] = (struct index_ref){.counted = refs->direct.refs[i].count};
		if (extent_ref_list_add(&extent->shared, &refs->direct.refs[i]))
			return volume_fail(index->volume, -ENOMEM,
					   "out of memory for the extent index");
	}
	extent->ref_count = count;
	return 0;
}

static int add_extent(struct extent_index *index, uint64_t bytenr, struct index_extent **out)
{
	const struct extent_ref_filter filter = {.accept_extent = accept_and_note,
						 .context = index};
	struct index_extent *extent;
	int ret;

	index->is_accepted = false;
	ret = extent_refs_collect(index->volume, bytenr, &filter, &index->refs);
	if (ret || !index->is_accepted)
		return ret;
	extent = calloc(1, sizeof(*extent));
	if (!extent)
		return volume_fail(index->volume, -ENOMEM, "out of memory for the extent index");
	extent->bytenr = bytenr;
	extent->references = index->references;
	ret = take_refs(index, extent);
	if (!ret && u64_map_add(&index->extents, bytenr, extent))
		ret = volume_fail(index->volume, -ENOMEM, "out of memory for the extent index");
	if (ret) {
		free_extent(extent);
		return ret;
	}
	link_newest(index, extent);
	account(index, extent);
	*out = extent;
	return 0;
}

/*
 * Mostly extents are asked for in the order of the last time. With very many references what is
 * known of each has left the processor's caches until then, so that of the next one is fetched now.
 */
static void expect(struct extent_index *index, struct index_extent *next)
{
	size_t at;

	index->expected = next;
	if (!next || !next->prefix)
		return;
	__builtin_prefetch(next->newer);
	if (next->newer)
		__builtin_prefetch(&next->newer->unsent);
	at = next->unsent ? next->unsent - 1 : 0;
	__builtin_prefetch(&next->prefix[at]);
	__builtin_prefetch(next->runs);
	__builtin_prefetch(&next->refs[at]);
	__builtin_prefetch(&next->refs[at + 1]);
	__builtin_prefetch(&next->items[at]);
	__builtin_prefetch(&next->items[at + 1]);
}

static struct index_extent *find_extent(const struct extent_index *index, uint64_t bytenr)
{
	struct index_extent *expected = index->expected;

	return expected && expected->bytenr == bytenr ? expected
						      : u64_map_find(&index->extents, bytenr);
}

int extent_index_get(struct extent_index *index, uint64_t bytenr, struct index_extent **out)
{
	const struct extent_ref_filter *filter = index->filter;
	struct index_extent *extent;

	*out = NULL;
	if (index->epoch != index->volume->epoch) {
		drop_all(index);
		index->epoch = index->volume->epoch;
	}
	trim(index);
	extent = find_extent(index, bytenr);
	if (!extent)
		return add_extent(index, bytenr, out);
	if (extent != index->newest) {
		expect(index, extent->newer);
		unlink_extent(index, extent);
		link_newest(index, extent);
	}
	if (filter->accept_extent(filter->context, bytenr, extent->references))
		*out = extent;
	return 0;
}

struct taking {
	struct extent_index *index;
	struct index_extent *extent;
	struct index_leaf *leaf; /* of the item before */
};

/* A ref_item_fn. */
static int take_item(void *context, const struct tree_block *block, uint32_t slot)
{
	const struct btrfs_file_extent_item *item = tree_block_item_data(block, slot);
	struct taking *taking = context;
	struct index_extent *extent = taking->extent;
	struct key key = tree_block_key(block, slot);

	if (!taking->leaf || taking->leaf->bytenr != block->bytenr)
		taking->leaf = get_leaf(taking->index, block->bytenr);
	if (!taking->leaf)
		return -ENOMEM;
	if (array_reserve((void **)&extent->items, &extent->item_capacity, extent->item_count,
			  sizeof(*extent->items)))
		return volume_fail(taking->index->volume, -ENOMEM,
				   "out of memory for the extent index");
	extent->items[extent->item_count++] = (struct index_item){
		.ino = key.objectid,
		.offset = key.offset,
		.data_offset = from_le64(item->offset),
		.num_bytes = from_le64(item->num_bytes),
		.leaf = taking->leaf,
		.is_encoded =
			item->compression || item->encryption || from_le16(item->other_encoding),
	};
	return 0;
}

static int resolve_indirect(struct ref_items *place, const struct index_ref *ref,
			    struct taking *taking)
{
	const struct extent_ref indirect = {
		.root_id = ref->root_id,
		.key = {.objectid = ref->ino, .type = BTRFS_EXTENT_DATA_KEY, .offset = ref->offset},
		.count = ref->counted};

	return ref_items_counted(place, &indirect, take_item, taking);
}

static int resolve_shared(struct ref_items *place, struct index_ref *ref, uint64_t parent,
			  struct taking *taking)
{
	ref->leaf = get_leaf(taking->index, parent);
	if (!ref->leaf)
		return -ENOMEM;
	return ref_items_in_leaf(place, parent, take_item, taking);
}

/* By 64 bits that are all mixed, so others than equal leaves do not meet. */
static uint64_t add_to_prefix(uint64_t leaves, uint64_t leaf)
{
	leaves = (leaves ^ leaf) * 0x9e3779b97f4a7c15;
	return leaves ^ leaves >> 32;
}

static int append_to_prefix(struct index_extent *extent, struct index_prefix added)
{
	struct index_prefix *prefix = &extent->prefix[extent->prefix_count];
	const struct index_prefix *before = extent->prefix_count ? prefix - 1 : NULL;

	added.leaves = 1;
	if (before) {
		added.leaves = before->leaves;
		if (before->begin > added.begin)
			added.begin = before->begin;
		if (before->end < added.end)
			added.end = before->end;
	}
	if (!before || before->leaf != added.leaf) {
		if (array_reserve((void **)&extent->runs, &extent->run_capacity, extent->run_count,
				  sizeof(*extent->runs)))
			return -ENOMEM;
		added.leaves = add_to_prefix(added.leaves, added.leaf->bytenr);
		extent->runs[extent->run_count++].leaf = added.leaf;
	}
	*prefix = added;
	extent->runs[extent->run_count - 1].end = (uint32_t)++extent->prefix_count;
	return 0;
}

/* The reference behind the prefix was resolved: it may belong to it. 0 or -ENOMEM. */
static int note_prefix(struct index_extent *extent)
{
	const struct index_ref *ref = &extent->refs[extent->prefix_count];
	const struct index_item *item = &extent->items[ref->first];
	uint64_t end;

	if (ref->leaf || ref->count != 1 || ref->root_id != extent->refs[0].root_id)
		return 0;
	end = item->data_offset + item->num_bytes;
	if (end >= INDEX_FAR || item->num_bytes >= INDEX_FAR)
		return 0;
	if (!extent->prefix)
		extent->prefix = malloc(extent->ref_count * sizeof(*extent->prefix));
	if (!extent->prefix)
		return -ENOMEM;
	return append_to_prefix(
		extent,
		(struct index_prefix){.ino = ref->ino,
				      .leaf = item->leaf,
				      .begin = item->is_encoded ? 0 : (uint32_t)item->data_offset,
				      .end = item->is_encoded ? INDEX_FAR : (uint32_t)end});
}

int extent_index_resolve(struct extent_index *index, struct index_extent *extent, size_t number)
{
	size_t indirect = extent->ref_count - extent->shared.count;
	struct ref_items *place = &index->places[number % index->place_count];
	struct index_ref *ref = &extent->refs[number];
	struct taking taking = {.index = index, .extent = extent};
	int ret = 0;

	if (ref->is_resolved)
		return 0;
	place->bytenr = extent->bytenr;
	place->shared = &extent->shared;
	place->shared_count = extent->shared.count;
	ref->first = (uint32_t)extent->item_count;
	/* References that were merged may count to nothing. */
	if (ref->counted && number < indirect)
		ret = resolve_indirect(place, ref, &taking);
	else if (ref->counted)
		ret = resolve_shared(place, ref, extent->shared.refs[number - indirect].parent,
				     &taking);
	if (ret)
		return ret;
	ref->count = (uint32_t)(extent->item_count - ref->first);
	if (number == extent->prefix_count && note_prefix(extent))
		return volume_fail(index->volume, -ENOMEM, "out of memory for the extent index");
	ref->is_resolved = true;
	account(index, extent);
	return 0;
}

int extent_index_find_roots(struct extent_index *index, struct index_leaf *leaf)
{
	struct backref_walker *walker = index->walker;
	int ret;

	if (leaf->has_roots)
		return 0;
	ret = backref_find_roots(walker, leaf->bytenr);
	if (ret)
		return ret;
	leaf->roots = malloc((walker->roots.count + 1) * sizeof(*leaf->roots));
	if (!leaf->roots)
		return volume_fail(index->volume, -ENOMEM, "out of memory for the extent index");
	if (walker->roots.count)
		memcpy(leaf->roots, walker->roots.ids, walker->roots.count * sizeof(*leaf->roots));
	leaf->root_count = (uint32_t)walker->roots.count;
	leaf->has_roots = true;
	add_bytes(index, leaf_bytes(leaf) - sizeof(*leaf));
	return 0;
}

size_t extent_index_bytes(const struct extent_index *index)
{
	return index->bytes;
}

size_t extent_index_peak_bytes(const struct extent_index *index)
{
	return index->peak_bytes;
}

const struct backref_counters *extent_index_counters(const struct extent_index *index)
{
	return backref_walker_counters(index->walker);
}

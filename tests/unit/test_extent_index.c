/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The extent index against the walk that it stands in for: the same items in the same order, found
 * only when they are asked for, and within its limit of memory.
 *
 * mkfs shares no extents, so the image's files are made to share a few: their extent items are
 * rewritten, and the extent tree with them.
 */
#include "engine/backref/extent_index.h"

#include "engine/backref/walk.h"
#include "engine/fs/root.h"
#include "tests/unit/image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
	FILES = 120,
	EXTENTS = 4,
	/* The references to the last extent from the first leaf with any are one, by that leaf. */
	SHARED = EXTENTS - 1,
	SECTOR = 4096,
	FILE_BYTES = 4 * SECTOR,
	MAX_LEAVES = 32,
	MAX_FOUND = 4 * FILES,
	MAX_ITEMS = EXTENTS + MAX_LEAVES + 1,
	NODESIZE = 16384,
	NO_LIMIT = 1 << 30,
};

struct file {
	uint64_t ino, leaf;
	uint64_t data_offset, num_bytes; /* what it shows of its extent */
};

struct fixture {
	struct image image;
	struct volume *volume;
	struct root *root;
	uint64_t leaves[MAX_LEAVES]; /* with extent items */
	size_t leaf_count;
	struct file files[FILES];
	size_t file_count;
	uint64_t extents[EXTENTS]; /* bytenr */
	bool is_counted_twice;	   /* a file in the shared leaf has a reference of its own, too */
	uint64_t accepted_up_to;   /* references */
	size_t made, dropped;	   /* leaves of an index */
};

/* A reference as candidates show it. */
struct found {
	uint64_t root_id, ino, offset, num_bytes;
};

struct found_list {
	struct found all[MAX_FOUND];
	size_t count;
};

/* ---- the image ---- */

static void open_volume(struct fixture *fixture)
{
	image_open(&fixture->image, NULL, &fixture->volume);
	assert_int_equal(root_get(fixture->volume, BTRFS_FS_TREE_OBJECTID, &fixture->root), 0);
}

/* Note files, their leaves, and the extents of the first files. */
static void look_around(struct fixture *fixture)
{
	const struct key first = {0};
	struct btree_path path = {0};
	int ret;

	for (ret = btree_search_from(fixture->root, &first, &path); ret == 0;
	     ret = btree_next(&path)) {
		const struct btrfs_file_extent_item *item = btree_path_data(&path);
		uint64_t leaf = path.nodes[0]->bytenr;
		struct key key = btree_path_key(&path);

		if (key.type != BTRFS_EXTENT_DATA_KEY)
			continue;
		if (!fixture->leaf_count || fixture->leaves[fixture->leaf_count - 1] != leaf) {
			assert_in_range(fixture->leaf_count, 0, MAX_LEAVES - 1);
			fixture->leaves[fixture->leaf_count++] = leaf;
		}
		assert_in_range(fixture->file_count, 0, FILES - 1);
		if (fixture->file_count < EXTENTS)
			fixture->extents[fixture->file_count] = from_le64(item->disk_bytenr);
		fixture->files[fixture->file_count++] =
			(struct file){.ino = key.objectid, .leaf = leaf, .num_bytes = FILE_BYTES};
	}
	btree_path_release(&path);
	assert_int_equal(fixture->file_count, FILES);
	assert_in_range(fixture->leaf_count, 3, MAX_LEAVES);
}

/* File number N shows extent N modulo EXTENTS, or a part of it. */
static void share_extents(struct fixture *fixture)
{
	static uint8_t block[NODESIZE];
	size_t file = 0, i;

	for (i = 0; i < fixture->leaf_count; i++) {
		struct btrfs_header *header = (struct btrfs_header *)block;
		struct btrfs_item *items = (struct btrfs_item *)(header + 1);
		uint64_t offsets[2];
		size_t copies = image_find_block(&fixture->image, fixture->leaves[i], offsets, 2);
		uint32_t slot;

		assert_int_equal(copies, 1);
		image_read(&fixture->image, offsets[0], block, NODESIZE);
		for (slot = 0; slot < from_le32(header->nritems); slot++) {
			struct btrfs_file_extent_item *item =
				(void *)(block + sizeof(*header) + from_le32(items[slot].offset));

			if (items[slot].key.type != BTRFS_EXTENT_DATA_KEY)
				continue;
			assert_in_range(file, 0, FILES - 1);
			put_le64(&item->disk_bytenr, fixture->extents[file % EXTENTS]);
			put_le64(&item->offset, fixture->files[file].data_offset);
			put_le64(&item->num_bytes, fixture->files[file].num_bytes);
			file++;
		}
		image_write_block(&fixture->image, offsets[0], block, NODESIZE);
	}
	assert_int_equal(file, FILES);
}

static uint64_t shared_leaf(const struct fixture *fixture)
{
	return fixture->files[SHARED].leaf;
}

static bool is_shared(const struct fixture *fixture, size_t file)
{
	return file % EXTENTS == SHARED && fixture->files[file].leaf == shared_leaf(fixture);
}

static size_t put_data_ref(uint8_t *at, const struct file *file)
{
	struct btrfs_extent_data_ref *ref = (void *)(at + 1);

	*at = BTRFS_EXTENT_DATA_REF_KEY;
	put_le64(&ref->root, BTRFS_FS_TREE_OBJECTID);
	put_le64(&ref->objectid, file->ino);
	put_le64(&ref->offset, -file->data_offset);
	put_le32(&ref->count, 1);
	return 1 + sizeof(*ref);
}

static size_t put_shared_ref(uint8_t *at, uint64_t parent, uint32_t count)
{
	struct btrfs_extent_inline_ref *ref = (void *)at;

	ref->type = BTRFS_SHARED_DATA_REF_KEY;
	put_le64(&ref->offset, parent);
	put_le32(ref + 1, count);
	return sizeof(*ref) + sizeof(struct btrfs_shared_data_ref);
}

static void begin_extent_item(uint8_t *data, uint64_t refs, uint64_t flags)
{
	struct btrfs_extent_item *item = (void *)data;

	put_le64(&item->refs, refs);
	put_le64(&item->generation, 1);
	put_le64(&item->flags, flags);
}

static struct image_item data_extent(const struct fixture *fixture, size_t number, uint8_t *data)
{
	size_t size = sizeof(struct btrfs_extent_item), file;
	uint32_t shared = 0;

	begin_extent_item(data, FILES / EXTENTS, BTRFS_EXTENT_FLAG_DATA);
	for (file = number; file < FILES; file += EXTENTS) {
		shared += is_shared(fixture, file);
		if (!is_shared(fixture, file) || (shared == 1 && fixture->is_counted_twice))
			size += put_data_ref(data + size, &fixture->files[file]);
	}
	if (shared)
		size += put_shared_ref(data + size, shared_leaf(fixture), shared);
	return (struct image_item){.objectid = fixture->extents[number],
				   .type = BTRFS_EXTENT_ITEM_KEY,
				   .offset = FILE_BYTES,
				   .data = data,
				   .size = (uint32_t)size};
}

static struct image_item tree_block(uint64_t bytenr, unsigned int level, uint8_t *data)
{
	struct btrfs_extent_inline_ref *ref = (void *)(data + sizeof(struct btrfs_extent_item));

	begin_extent_item(data, 1, BTRFS_EXTENT_FLAG_TREE_BLOCK);
	ref->type = BTRFS_TREE_BLOCK_REF_KEY;
	put_le64(&ref->offset, BTRFS_FS_TREE_OBJECTID);
	return (struct image_item){.objectid = bytenr,
				   .type = BTRFS_METADATA_ITEM_KEY,
				   .offset = level,
				   .data = data,
				   .size = sizeof(struct btrfs_extent_item) + sizeof(*ref)};
}

static int compare_items(const void *a, const void *b)
{
	const struct image_item *left = a, *right = b;

	return (left->objectid > right->objectid) - (left->objectid < right->objectid);
}

static void write_extent_tree(struct fixture *fixture)
{
	static uint8_t data[MAX_ITEMS][2048];
	struct image_item items[MAX_ITEMS];
	struct root *extent_root;
	size_t count = 0, i;

	for (i = 0; i < EXTENTS; i++, count++)
		items[count] = data_extent(fixture, i, data[count]);
	for (i = 0; i < fixture->leaf_count; i++, count++)
		items[count] = tree_block(fixture->leaves[i], 0, data[count]);
	items[count] = tree_block(fixture->root->bytenr, fixture->root->level, data[count]);
	count++;
	qsort(items, count, sizeof(items[0]), compare_items);
	assert_int_equal(root_get(fixture->volume, BTRFS_EXTENT_TREE_OBJECTID, &extent_root), 0);
	assert_int_equal(extent_root->level, 0);
	image_write_leaf(&fixture->image, extent_root->bytenr, items, count);
}

static int set_up(void **state)
{
	static const uint8_t content[FILE_BYTES] = {1};
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	char name[16];
	int i;

	assert_non_null(fixture);
	image_init(&fixture->image);
	for (i = 0; i < FILES; i++) {
		snprintf(name, sizeof(name), "file-%03d", i);
		image_add_file(&fixture->image, name, content, sizeof(content));
	}
	image_make(&fixture->image, "-m single -n 16384");
	open_volume(fixture);
	look_around(fixture);
	share_extents(fixture);
	write_extent_tree(fixture);
	open_volume(fixture);
	fixture->accepted_up_to = UINT64_MAX;
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	volume_close(fixture->volume);
	image_release(&fixture->image);
	free(fixture);
	return 0;
}

/* ---- both ways ---- */

static bool accept(void *context, uint64_t bytenr, uint64_t references)
{
	const struct fixture *fixture = context;

	(void)bytenr;
	return references <= fixture->accepted_up_to;
}

static void add_found(struct found_list *list, uint64_t root_id, uint64_t ino, uint64_t offset,
		      uint64_t num_bytes)
{
	assert_in_range(list->count, 0, MAX_FOUND - 1);
	list->all[list->count++] = (struct found){
		.root_id = root_id, .ino = ino, .offset = offset, .num_bytes = num_bytes};
}

struct walk_context {
	struct fixture *fixture; /* first: the filter's context, too */
	struct found_list *list;
};

static bool accept_in_walk(void *context, uint64_t bytenr, uint64_t references)
{
	return accept(((struct walk_context *)context)->fixture, bytenr, references);
}

static bool nothing_cached(void *context, uint64_t leaf, const uint64_t **roots, size_t *count)
{
	(void)context;
	(void)leaf;
	(void)roots;
	(void)count;
	return false;
}

static void not_stored(void *context, uint64_t leaf, const uint64_t *roots, size_t count)
{
	(void)context;
	(void)leaf;
	(void)roots;
	(void)count;
}

static bool note_candidate(void *context, const struct backref_candidate *candidate)
{
	const struct walk_context *walk = context;

	add_found(walk->list, candidate->root_id, candidate->ino, candidate->offset,
		  candidate->num_bytes);
	return false;
}

static void ignore_item(void *context, uint64_t leaf, const struct backref_candidate *item)
{
	(void)context;
	(void)leaf;
	(void)item;
}

/* As the kernel walks, with nothing in the cache: leaf by leaf. */
static void walk_extent(struct fixture *fixture, uint64_t bytenr, struct found_list *list)
{
	struct walk_context context = {.fixture = fixture, .list = list};
	const struct backref_visitor visitor = {
		.filter = {.accept_extent = accept_in_walk, .context = &context},
		.cache_lookup = nothing_cached,
		.cache_store = not_stored,
		.candidate = note_candidate,
		.evaluating = ignore_item,
		.passed_over = ignore_item};
	const struct backref_query query = {.bytenr = bytenr};
	struct backref_walker *walker;

	list->count = 0;
	assert_int_equal(backref_walker_new(fixture->volume, &visitor, &walker), 0);
	assert_int_equal(backref_walk(walker, &query), 0);
	backref_walker_free(walker);
}

/* The items of one leaf, with each of its roots. */
static void add_leaf(struct extent_index *index, const struct index_extent *extent,
		     struct index_leaf *leaf, struct found_list *list)
{
	uint32_t root, i;
	size_t number;

	assert_int_equal(extent_index_find_roots(index, leaf), 0);
	for (root = 0; root < leaf->root_count; root++) {
		for (number = 0; number < extent->ref_count; number++) {
			const struct index_ref *ref = &extent->refs[number];

			for (i = 0; i < ref->count; i++) {
				/* Of a shared reference the last one is seen first. */
				uint32_t at = ref->first + (ref->leaf ? ref->count - 1 - i : i);
				const struct index_item *item = &extent->items[at];

				if (item->leaf == leaf)
					add_found(list, leaf->roots[root], item->ino, item->offset,
						  item->num_bytes);
			}
		}
	}
}

/* The same from the index: leaves in the order in which the references come to them. */
static void ask_index(const struct fixture *fixture, struct extent_index *index, uint64_t bytenr,
		      struct found_list *list)
{
	struct index_leaf *seen[MAX_LEAVES];
	struct index_extent *extent;
	size_t count = 0, number, i;

	list->count = 0;
	assert_int_equal(extent_index_get(index, bytenr, &extent), 0);
	assert_non_null(extent);
	assert_int_equal(extent->references, FILES / EXTENTS);
	for (number = 0; number < extent->ref_count; number++) {
		assert_int_equal(extent_index_resolve(index, extent, number), 0);
		/* Here each stands for items of one leaf. */
		assert_in_range(extent->refs[number].count, !fixture->is_counted_twice, FILES);
	}
	for (number = 0; number < extent->ref_count; number++) {
		struct index_leaf *leaf = extent->items[extent->refs[number].first].leaf;

		if (!extent->refs[number].count)
			continue;
		for (i = 0; i < count && seen[i] != leaf; i++)
			;
		if (i < count)
			continue;
		seen[count++] = leaf;
		add_leaf(index, extent, leaf, list);
	}
}

static void leaf_made(void *context, struct index_leaf *leaf)
{
	(void)leaf;
	((struct fixture *)context)->made++;
}

static void leaf_dropped(void *context, struct index_leaf *leaf)
{
	(void)leaf;
	((struct fixture *)context)->dropped++;
}

static struct extent_index *new_index(struct fixture *fixture, size_t max_bytes,
				      struct extent_ref_filter *filter)
{
	struct extent_index *index;

	*filter = (struct extent_ref_filter){.accept_extent = accept, .context = fixture};
	assert_int_equal(extent_index_new(fixture->volume, filter, max_bytes, &index), 0);
	extent_index_watch_leaves(index, leaf_made, leaf_dropped, fixture);
	fixture->made = fixture->dropped = 0;
	return index;
}

static void assert_as_walk(struct fixture *fixture, struct extent_index *index, size_t number)
{
	static struct found_list walked, indexed;

	walk_extent(fixture, fixture->extents[number], &walked);
	ask_index(fixture, index, fixture->extents[number], &indexed);
	assert_int_equal(walked.count, FILES / EXTENTS);
	assert_int_equal(indexed.count, walked.count);
	assert_memory_equal(indexed.all, walked.all, walked.count * sizeof(walked.all[0]));
}

/* ---- tests ---- */

static void test_order_is_that_of_the_walk(void **state)
{
	struct fixture *fixture = *state;
	struct extent_ref_filter filter;
	struct extent_index *index = new_index(fixture, NO_LIMIT, &filter);
	size_t i;

	/* The shared references first, so that those of the next extents are not taken for them. */
	for (i = 0; i < 2 * EXTENTS; i++)
		assert_as_walk(fixture, index, (SHARED + i) % EXTENTS);
	assert_int_equal(fixture->made, fixture->leaf_count);
	assert_int_equal(fixture->dropped, 0);
	extent_index_free(index);
	assert_int_equal(fixture->dropped, fixture->made);
}

/* Items in a leaf that has a shared reference are that one's, whoever else leads there. */
static void test_shared_leaf_counts_once(void **state)
{
	struct fixture *fixture = *state;
	struct extent_ref_filter filter;
	struct extent_index *index;

	fixture->is_counted_twice = true;
	write_extent_tree(fixture);
	open_volume(fixture);
	index = new_index(fixture, NO_LIMIT, &filter);
	assert_as_walk(fixture, index, SHARED);
	extent_index_free(index);
}

static uint64_t blocks_asked(const struct fixture *fixture)
{
	struct volume_counters counters;

	volume_get_counters(fixture->volume, &counters);
	return counters.blocks_read + counters.block_cache_hits;
}

/* A reference is resolved alone, when it is asked for, and but once; so are the roots of a leaf. */
static void test_nothing_before_it_is_asked_for(void **state)
{
	struct fixture *fixture = *state;
	struct extent_ref_filter filter;
	struct extent_index *index = new_index(fixture, NO_LIMIT, &filter);
	struct index_extent *extent, *again;
	struct index_leaf *leaf;
	uint64_t asked;
	size_t i;

	assert_int_equal(extent_index_get(index, fixture->extents[0], &extent), 0);
	assert_int_equal(extent->ref_count, FILES / EXTENTS);
	assert_int_equal(extent->item_count, 0);
	assert_int_equal(fixture->made, 0);
	assert_int_equal(extent_index_resolve(index, extent, 3), 0);
	for (i = 0; i < extent->ref_count; i++)
		assert_int_equal(extent->refs[i].is_resolved, i == 3);
	assert_int_equal(extent->item_count, 1);
	assert_int_equal(fixture->made, 1);
	/* By descending inode: the fourth from the end. */
	assert_int_equal(extent->items[0].ino, fixture->files[FILES - EXTENTS - 3 * EXTENTS].ino);
	assert_int_equal(extent->prefix_count, 0);

	leaf = extent->items[0].leaf;
	assert_false(leaf->has_roots);
	assert_int_equal(extent_index_find_roots(index, leaf), 0);
	assert_int_equal(leaf->root_count, 1);
	assert_int_equal(leaf->roots[0], BTRFS_FS_TREE_OBJECTID);

	asked = blocks_asked(fixture);
	assert_int_equal(extent_index_get(index, fixture->extents[0], &again), 0);
	assert_ptr_equal(again, extent);
	assert_int_equal(extent_index_resolve(index, extent, 3), 0);
	assert_int_equal(extent->item_count, 1);
	assert_int_equal(extent_index_find_roots(index, leaf), 0);
	assert_int_equal(blocks_asked(fixture), asked);
	assert_int_equal(extent_index_counters(index)->leaves_resolved, 1);
	extent_index_free(index);
}

/* Whether the first references of both lead to the same leaves, each counted once in a row. */
static bool same_leaves(const struct index_extent *one, const struct index_extent *other,
			size_t count)
{
	const struct index_leaf *leaves[2][FILES];
	const struct index_extent *extents[] = {one, other};
	size_t counts[2] = {0}, i, k;

	for (k = 0; k < 2; k++) {
		for (i = 0; i < count; i++) {
			const struct index_leaf *leaf = extents[k]->items[i].leaf;

			if (!counts[k] || leaves[k][counts[k] - 1] != leaf)
				leaves[k][counts[k]++] = leaf;
		}
	}
	return counts[0] == counts[1] &&
	       memcmp(leaves[0], leaves[1], counts[0] * sizeof(leaves[0][0])) == 0;
}

/* What is kept of the first references for who looks at many: as if their items were looked at. */
static void test_prefix(void **state)
{
	struct fixture *fixture = *state;
	struct extent_ref_filter filter;
	struct extent_index *index = new_index(fixture, NO_LIMIT, &filter);
	struct index_extent *extents[2];
	size_t runs = 0, i, k;

	for (k = 0; k < 2; k++) {
		assert_int_equal(extent_index_get(index, fixture->extents[k], &extents[k]), 0);
		for (i = 0; i < extents[k]->ref_count; i++) {
			assert_int_equal(extents[k]->prefix_count, i);
			assert_int_equal(extent_index_resolve(index, extents[k], i), 0);
		}
		assert_int_equal(extents[k]->prefix_count, extents[k]->ref_count);
	}
	for (i = 0; i < extents[0]->prefix_count; i++) {
		const struct index_prefix *prefix = &extents[0]->prefix[i];
		const struct index_run *run = &extents[0]->runs[runs];

		assert_int_equal(prefix->ino, extents[0]->refs[i].ino);
		assert_ptr_equal(prefix->leaf, extents[0]->items[i].leaf);
		assert_int_equal(prefix->begin, 0);
		assert_int_equal(prefix->end, FILE_BYTES);
		assert_ptr_equal(run->leaf, prefix->leaf);
		assert_in_range(run->end, i + 1, extents[0]->prefix_count);
		runs += run->end == i + 1;
		assert_int_equal(i && prefix->leaves == prefix[-1].leaves,
				 i && prefix->leaf == prefix[-1].leaf);
		assert_int_equal(prefix->leaves == extents[1]->prefix[i].leaves,
				 same_leaves(extents[0], extents[1], i + 1));
	}
	assert_int_equal(runs, extents[0]->run_count);
	assert_in_range(runs, 2, extents[0]->prefix_count - 1);
	extent_index_free(index);
}

/* The positions that all up to one stand for become fewer with each that stands for a part. */
static void test_prefix_narrows(void **state)
{
	/* Of the files that show the first extent, by descending inode. */
	static const struct {
		uint64_t begin, end, all_begin, all_end;
	} shown[] = {
		{0, FILE_BYTES, 0, FILE_BYTES},
		{0, 3 * SECTOR, 0, 3 * SECTOR},
		{0, FILE_BYTES, 0, 3 * SECTOR},
		{SECTOR, FILE_BYTES, SECTOR, 3 * SECTOR},
		{0, FILE_BYTES, SECTOR, 3 * SECTOR},
		{0, 2 * SECTOR, SECTOR, 2 * SECTOR},
		{2 * SECTOR, 3 * SECTOR, 2 * SECTOR, 2 * SECTOR},
	};
	struct fixture *fixture = *state;
	struct extent_ref_filter filter;
	struct index_extent *extent;
	struct extent_index *index;
	size_t i, count = sizeof(shown) / sizeof(shown[0]);

	for (i = 0; i < count; i++) {
		struct file *file = &fixture->files[FILES - EXTENTS - i * EXTENTS];

		file->data_offset = shown[i].begin;
		file->num_bytes = shown[i].end - shown[i].begin;
	}
	share_extents(fixture);
	write_extent_tree(fixture);
	open_volume(fixture);
	index = new_index(fixture, NO_LIMIT, &filter);
	assert_int_equal(extent_index_get(index, fixture->extents[0], &extent), 0);
	for (i = 0; i < count; i++) {
		assert_int_equal(extent_index_resolve(index, extent, i), 0);
		assert_int_equal(extent->prefix_count, i + 1);
		assert_int_equal(extent->prefix[i].begin, shown[i].all_begin);
		assert_int_equal(extent->prefix[i].end, shown[i].all_end);
	}
	extent_index_free(index);
}

/* With room for about one extent: the same answers, and never much more than the limit. */
static void test_limit_of_memory(void **state)
{
	struct fixture *fixture = *state;
	struct extent_ref_filter filter;
	struct extent_index *index = new_index(fixture, NO_LIMIT, &filter);
	size_t one, limit, i;

	assert_as_walk(fixture, index, 0);
	one = extent_index_bytes(index);
	/* Arrays grow by doubling. */
	assert_in_range(
		one, FILES / EXTENTS * (sizeof(struct index_ref) + sizeof(struct index_item)),
		2 * (sizeof(struct index_extent) +
		     FILES / EXTENTS * (sizeof(struct index_ref) + sizeof(struct index_item)) +
		     fixture->leaf_count * (sizeof(struct index_leaf) + 8)));
	for (i = 1; i < EXTENTS; i++)
		assert_as_walk(fixture, index, i);
	assert_in_range(extent_index_bytes(index), 2 * one, (EXTENTS + 1) * one);
	assert_int_equal(extent_index_peak_bytes(index), extent_index_bytes(index));
	extent_index_free(index);

	limit = one + one / 2;
	index = new_index(fixture, limit, &filter);
	for (i = 0; i < 3 * EXTENTS; i++) {
		assert_as_walk(fixture, index, i % EXTENTS);
		/* Nothing goes while it is used, so the last one may be too much. */
		assert_in_range(extent_index_bytes(index), 1, limit + one);
	}
	assert_in_range(extent_index_peak_bytes(index), limit, limit + one);
	extent_index_free(index);

	/* No room at all: leaves go, too, and are told of. */
	index = new_index(fixture, 1, &filter);
	for (i = 0; i < 2 * EXTENTS; i++)
		assert_as_walk(fixture, index, i % EXTENTS);
	assert_in_range(fixture->made, 2 * fixture->leaf_count, SIZE_MAX);
	assert_in_range(fixture->dropped, fixture->made - fixture->leaf_count, fixture->made - 1);
	extent_index_free(index);
	assert_int_equal(fixture->dropped, fixture->made);
}

/* Who does not accept an extent does not get it, whether the index has it or not. */
static void test_filter(void **state)
{
	struct fixture *fixture = *state;
	struct extent_ref_filter filter;
	struct extent_index *index = new_index(fixture, NO_LIMIT, &filter);
	struct index_extent *extent;

	fixture->accepted_up_to = FILES / EXTENTS - 1;
	assert_int_equal(extent_index_get(index, fixture->extents[1], &extent), 0);
	assert_null(extent);
	assert_int_equal(extent_index_bytes(index), 0);
	fixture->accepted_up_to = FILES / EXTENTS;
	assert_as_walk(fixture, index, 1);
	fixture->accepted_up_to = 0;
	assert_int_equal(extent_index_get(index, fixture->extents[1], &extent), 0);
	assert_null(extent);
	/* Nobody knows of an extent there. */
	fixture->accepted_up_to = UINT64_MAX;
	assert_int_equal(extent_index_get(index, fixture->extents[1] + 4096, &extent), 0);
	assert_null(extent);
	extent_index_free(index);
}

/* A commit may have moved anything. */
static void test_commit_drops_all(void **state)
{
	struct fixture *fixture = *state;
	struct extent_ref_filter filter;
	struct extent_index *index = new_index(fixture, NO_LIMIT, &filter);

	assert_as_walk(fixture, index, 0);
	assert_in_range(fixture->made, 1, fixture->leaf_count);
	fixture->volume->epoch++;
	assert_as_walk(fixture, index, 0);
	assert_int_equal(fixture->made, 2 * fixture->dropped);
	extent_index_free(index);
}

#define INDEX_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		INDEX_TEST(test_order_is_that_of_the_walk),
		INDEX_TEST(test_shared_leaf_counts_once),
		INDEX_TEST(test_nothing_before_it_is_asked_for),
		INDEX_TEST(test_prefix),
		INDEX_TEST(test_prefix_narrows),
		INDEX_TEST(test_limit_of_memory),
		INDEX_TEST(test_filter),
		INDEX_TEST(test_commit_drops_all),
	};

	return cmocka_run_group_tests_name("extent_index", tests, NULL, NULL);
}

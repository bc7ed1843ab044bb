/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The extent index against the walk that it stands in for: the same items in the same order, found
 * only when they are asked for, and within its limit of memory.
 */
#include "engine/backref/extent_index.h"

#include "engine/backref/walk.h"
#include "tests/unit/shared_extents.h"

enum { MAX_FOUND = 4 * FILES, NO_LIMIT = 1 << 30 };

/* A reference as candidates show it. */
struct found {
	uint64_t root_id, ino, offset, num_bytes;
};

struct found_list {
	struct found all[MAX_FOUND];
	size_t count;
};

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

/* SPDX-License-Identifier: GPL-2.0 */
#include "engine/send/clone_finder_state.h"

#include "engine/backref/extent_index.h"
#include "engine/fs/inode.h"

#include <errno.h>
#include <stdlib.h>

static bool behaves(const struct clone_finder *finder, enum behaviour_id behaviour)
{
	return generation_behaves(finder->generation, behaviour);
}

uint64_t clone_finder_leaf_key(const struct clone_finder *finder, uint64_t leaf)
{
	return leaf / (behaves(finder, BEHAVIOUR_LEAF_CACHE_BY_NODE) ? finder->volume->nodesize
								     : finder->volume->sectorsize);
}

static int compare_root_id(const void *key, const void *element)
{
	const uint64_t *id = key;
	const struct clone_root *root = element;

	return (*id > root->root->id) - (*id < root->root->id);
}

static struct clone_root *find_root(const struct clone_finder *finder, uint64_t id)
{
	return bsearch(&id, finder->roots, finder->root_count, sizeof(*finder->roots),
		       compare_root_id);
}

bool clone_finder_is_source(const struct clone_finder *finder, uint64_t root_id)
{
	return find_root(finder, root_id) != NULL;
}

static void tell(const struct clone_finder *finder, enum clone_rule rule,
		 const struct backref_candidate *candidate)
{
	if (finder->told)
		finder->told(finder->told_context, rule, candidate);
}

/* Blocks that moved leave stale leaf addresses behind. MIRRORS: lookup_backref_cache() v6.18 */
static bool lookup_leaf(void *context, uint64_t leaf, const uint64_t **roots, size_t *count)
{
	struct clone_finder *finder = context;
	struct leaf_roots *known;

	finder->leaf_seen = 0;
	if (finder->leaf_cache.size == 0)
		return false;
	if (finder->cache_epoch != finder->volume->epoch) {
		lru_cache_clear(&finder->leaf_cache);
		return false;
	}
	known = (struct leaf_roots *)lru_cache_lookup(&finder->leaf_cache,
						      clone_finder_leaf_key(finder, leaf), 0);
	if (!known)
		return false;
	finder->leaf_seen = known->seen;
	if (known->count == 0)
		tell(finder, CLONE_LEAF_UNREACHED, &(struct backref_candidate){.offset = leaf});
	*roots = known->ids;
	*count = known->count;
	return true;
}

/* A snapshot that is not newer than the sent one could be a clone source. */
static void note_other_roots(struct clone_finder *finder, const uint64_t *roots, size_t count)
{
	size_t i;

	for (i = 0; i < count && !(finder->leaf_seen & LEAF_ELSEWHERE); i++) {
		const struct root *root = root_peek(finder->volume, roots[i]);

		if (root && root->is_subvolume && root->read_only && !root->is_dead &&
		    root->otransid <= finder->send_root->otransid && !find_root(finder, roots[i]))
			finder->leaf_seen |= LEAF_ELSEWHERE;
	}
}

/* MIRRORS: store_backref_cache() v6.18 */
struct leaf_roots *clone_finder_store_leaf(struct clone_finder *finder, uint64_t leaf,
					   const uint64_t *roots, size_t count)
{
	struct leaf_roots *entry;
	size_t i;

	note_other_roots(finder, roots, count);
	if (!behaves(finder, BEHAVIOUR_LEAF_ROOTS_CACHED))
		return NULL;
	entry = malloc(sizeof(*entry) + LEAF_CACHE_ROOTS * sizeof(entry->ids[0]));
	if (!entry)
		return NULL;
	entry->entry.key = (struct lru_key){.key = clone_finder_leaf_key(finder, leaf)};
	entry->leaf = NULL;
	entry->seen = finder->leaf_seen;
	entry->count = 0;
	for (i = 0; i < count; i++) {
		if (!find_root(finder, roots[i]))
			continue;
		if (entry->count == LEAF_CACHE_ROOTS)
			goto drop;
		entry->ids[entry->count++] = roots[i];
	}
	if (lru_cache_store(&finder->leaf_cache, &entry->entry)) {
		if (finder->leaf_cache.size == 1)
			finder->cache_epoch = finder->volume->epoch;
		return entry;
	}
drop:
	free(entry);
	return NULL;
}

static void store_leaf(void *context, uint64_t leaf, const uint64_t *roots, size_t count)
{
	(void)clone_finder_store_leaf(context, leaf, roots, count);
}

static uint64_t kernel_limit(const struct generation *generation)
{
	if (!generation_behaves(generation, BEHAVIOUR_REFERENCES_LIMITED))
		return UINT64_MAX;
	return generation_behaves(generation, BEHAVIOUR_REFERENCES_1024) ? 1024 : 64;
}

/* An extent's references have to fit into the index. */
static uint64_t references_limit(const struct clone_finder_setup *setup)
{
	enum {
		BYTES_PER_REFERENCE = sizeof(struct index_ref) + sizeof(struct index_item) +
				      sizeof(struct index_prefix) + sizeof(struct index_run)
	};
	uint64_t fit = setup->index_bytes / BYTES_PER_REFERENCE;

	if (!setup->max_references)
		return kernel_limit(setup->generation);
	return setup->max_references < fit ? setup->max_references : fit;
}

/* MIRRORS: check_extent_item() v6.18 */
static bool accept_extent(void *context, uint64_t bytenr, uint64_t references)
{
	struct clone_finder *finder = context;
	uint64_t limit = finder->references_limit;

	if (bytenr == finder->query->disk_bytenr) {
		finder->search->references = references;
		if (references == 1 && finder->root_count == 1 &&
		    behaves(finder, BEHAVIOUR_OWN_REF_NOT_NEEDED)) {
			finder->search->result = BACKREF_SINGLE_REF;
			return false;
		}
		if (references > limit)
			finder->search->result = BACKREF_OVER_LIMIT;
	} else if (!behaves(finder, BEHAVIOUR_LIMIT_ON_TREE_BLOCKS)) {
		return true;
	} else if (references > limit) {
		finder->leaf_seen |= LEAF_HIDDEN;
		tell(finder, CLONE_BLOCK_OVER_LIMIT,
		     &(struct backref_candidate){.offset = bytenr, .num_bytes = references});
	}
	return references <= limit;
}

/* With no root but the sent one our own reference leads nowhere. MIRRORS: skip_self_data_ref() */
bool clone_finder_skip_own_ref(void *context, uint64_t root_id, uint64_t ino, uint64_t offset)
{
	const struct clone_finder *finder = context;
	const struct clone_query *query = finder->query;
	const struct backref_candidate own = {
		.root_id = root_id, .ino = ino, .offset = query->offset};

	if (finder->root_count != 1 || ino != query->ino || root_id != query->leaf_owner ||
	    offset != query->offset - query->extent_offset ||
	    !behaves(finder, BEHAVIOUR_OWN_REF_NOT_NEEDED))
		return false;
	tell(finder, CLONE_OWN_REFERENCE, &own);
	return true;
}

/* The candidate with the largest item. */
static enum clone_rule keep_largest(const struct clone_finder *finder, struct clone_root *root,
				    const struct backref_candidate *candidate)
{
	if (candidate->num_bytes <= root->num_bytes)
		return CLONE_NOT_LARGER;
	root->ino = candidate->ino;
	root->offset = candidate->offset;
	root->num_bytes = candidate->num_bytes;
	return candidate->num_bytes >= finder->query->length ? CLONE_PERFECT : CLONE_BEST_OF_ROOT;
}

/* The candidate with the smallest inode number, and the first one seen in it, as kernels
 * before 6.6. */
static enum clone_rule keep_smallest_inode(const struct clone_finder *finder,
					   struct clone_root *root,
					   const struct backref_candidate *candidate)
{
	if (candidate->ino > root->ino ||
	    (candidate->ino == root->ino &&
	     root->offset <= candidate->offset + finder->query->length))
		return CLONE_NOT_LOWER;
	root->ino = candidate->ino;
	root->offset = candidate->offset;
	return CLONE_BEST_OF_ROOT;
}

/* The candidate seen last, as the first send did in the sent root. */
static enum clone_rule keep_last(struct clone_root *root, const struct backref_candidate *candidate)
{
	root->ino = candidate->ino;
	root->offset = candidate->offset;
	return CLONE_BEST_OF_ROOT;
}

/* In the sent root, only what the receiver already has can be cloned. */
static enum clone_rule check_sent(const struct clone_finder *finder,
				  const struct backref_candidate *candidate)
{
	const struct clone_query *query = finder->query;

	if (candidate->ino > query->ino)
		return CLONE_NOT_SENT_YET;
	if (candidate->ino == query->ino && !behaves(finder, BEHAVIOUR_CLONE_WITHIN_FILE))
		return CLONE_SAME_FILE;
	if (candidate->ino < query->ino || candidate->offset + query->length <= query->sent_until)
		return CLONE_BEST_OF_ROOT;
	return candidate->offset > query->offset ? CLONE_NOT_SENT_YET : CLONE_BEHIND_SENT;
}

/* Does the file end before the range that it would be cloned from? */
static bool ends_too_early(struct clone_finder *finder, const struct clone_root *root,
			   const struct backref_candidate *candidate)
{
	struct inode_info info;

	if (behaves(finder, BEHAVIOUR_CLONE_SHORT_SOURCE))
		return false;
	finder->error = inode_get_info(root->root, candidate->ino, &info);
	return finder->error || candidate->offset + finder->query->length > info.size;
}

/* MIRRORS: iterate_backrefs() v6.18, __iterate_backrefs() v6.1 and 2012 */
enum clone_rule clone_finder_judge(struct clone_finder *finder,
				   const struct backref_candidate *candidate)
{
	const struct clone_query *query = finder->query;
	struct clone_root *root = find_root(finder, candidate->root_id);
	bool is_sent = root && root->root == finder->send_root;
	bool is_own = is_sent && candidate->ino == query->ino && candidate->offset == query->offset;
	enum clone_rule rule;

	if (!root)
		return CLONE_NO_SOURCE_ROOT;
	finder->own_ref_seen = finder->own_ref_seen || is_own;
	if (is_own && behaves(finder, BEHAVIOUR_OWN_REF_NOT_NEEDED))
		return CLONE_OWN_REFERENCE;
	if (ends_too_early(finder, root, candidate))
		return CLONE_SOURCE_ENDS;
	if (is_sent) {
		rule = check_sent(finder, candidate);
		if (rule != CLONE_BEST_OF_ROOT)
			return is_own ? CLONE_OWN_REFERENCE : rule;
	}
	finder->any_candidate = true;
	root->found = true;
	if (behaves(finder, BEHAVIOUR_CLONE_LARGEST))
		return keep_largest(finder, root, candidate);
	if (is_sent && !behaves(finder, BEHAVIOUR_CLONE_LOWEST_IN_SENT))
		return keep_last(root, candidate);
	return keep_smallest_inode(finder, root, candidate);
}

/* Note who has those of the wanted bytes that @item shows; of a compressed extent maybe none. */
static void note(const struct clone_finder *finder, enum clone_sharing_kind kind,
		 const struct backref_candidate *item)
{
	const struct clone_query *query = finder->query;
	uint64_t begin = query->extent_offset, end = begin + query->length;

	if (item->data_offset > begin)
		begin = item->data_offset;
	if (item->data_offset + item->num_bytes < end)
		end = item->data_offset + item->num_bytes;
	clone_sharing_add(&finder->search->sharing, kind, begin, end);
}

static void note_whole(const struct clone_finder *finder, enum clone_sharing_kind kind)
{
	const struct backref_candidate whole = {.data_offset = finder->query->extent_offset,
						.num_bytes = finder->query->length};

	note(finder, kind, &whole);
}

static void note_judged(const struct clone_finder *finder, enum clone_rule rule,
			const struct backref_candidate *candidate)
{
	static const enum clone_sharing_kind kinds[CLONE_RULE_COUNT] = {
#define CLONE_RULE(id, taken, sharing, sentence) [CLONE_##id] = SHARING_##sharing,
#include "engine/decisions.def"
	};

	if (kinds[rule] != SHARING_NONE)
		note(finder, kinds[rule], candidate);
}

static void note_item(void *context, uint64_t leaf, const struct backref_candidate *item)
{
	const struct clone_finder *finder = context;

	if (finder->leaf_seen & LEAF_ELSEWHERE)
		note(finder, SHARING_ELSEWHERE, item);
	/* Our own leaf need not be hiding more than ourselves. */
	if ((finder->leaf_seen & LEAF_HIDDEN) &&
	    (leaf != finder->query->leaf || finder->root_count > 1))
		note(finder, SHARING_HIDDEN, item);
}

/* Who reaches an item that is passed over is known only if the cache remembers its leaf. */
static void note_passed_over(void *context, uint64_t leaf, const struct backref_candidate *item)
{
	const struct clone_finder *finder = context;
	const struct clone_query *query = finder->query;
	bool is_unsent = item->ino > query->ino ||
			 (item->ino == query->ino && item->offset >= query->offset);
	const struct leaf_roots *known;
	size_t i;

	if (finder->cache_epoch != finder->volume->epoch)
		return;
	known = (const struct leaf_roots *)lru_cache_peek(&finder->leaf_cache,
							  clone_finder_leaf_key(finder, leaf), 0);
	for (i = 0; known && i < known->count; i++) {
		if (known->ids[i] != finder->send_root->id || !is_unsent) {
			note(finder, SHARING_LATER_PART, item);
			return;
		}
	}
}

/* A backref_visitor's candidate(): true ends the walk. */
static bool consider(void *context, const struct backref_candidate *candidate)
{
	struct clone_finder *finder = context;
	enum clone_rule rule = clone_finder_judge(finder, candidate);

	finder->search->candidates++;
	finder->counters.early_stops += rule == CLONE_PERFECT;
	note_judged(finder, rule, candidate);
	tell(finder, rule, candidate);
	return rule == CLONE_PERFECT || finder->error;
}

/* The sent root if it has a source, else the root with the lowest number. */
static struct clone_root *choose_sent_root(const struct clone_finder *finder)
{
	bool prefer_sent = behaves(finder, BEHAVIOUR_CLONE_SENT_ROOT_FIRST);
	struct clone_root *best = NULL;
	size_t i;

	for (i = 0; i < finder->root_count; i++) {
		struct clone_root *root = &finder->roots[i];

		if (root->found && (!best || (prefer_sent && root->root == finder->send_root)))
			best = root;
	}
	return best;
}

static struct clone_root *choose(const struct clone_finder *finder)
{
	struct clone_root *best = NULL;
	size_t i;

	if (!behaves(finder, BEHAVIOUR_CLONE_LARGEST))
		return choose_sent_root(finder);
	for (i = 0; i < finder->root_count; i++) {
		struct clone_root *root = &finder->roots[i];

		if (!root->found || (best && root->num_bytes <= best->num_bytes))
			continue;
		best = root;
		if (root->num_bytes >= finder->query->length)
			break;
	}
	return best;
}

int clone_finder_new(struct volume *volume, const struct clone_finder_setup *setup,
		     struct clone_finder **out)
{
	struct clone_finder *finder = calloc(1, sizeof(*finder));
	int ret;

	if (!finder)
		return volume_fail(volume, -ENOMEM, "out of memory for the clone finder");
	finder->volume = volume;
	finder->send_root = setup->send_root;
	finder->roots = setup->roots;
	finder->root_count = setup->root_count;
	finder->generation = setup->generation;
	finder->kernel_limit = kernel_limit(setup->generation);
	finder->references_limit = references_limit(setup);
	finder->visitor =
		(struct backref_visitor){.filter = {.accept_extent = accept_extent,
						    .skip_data_ref = clone_finder_skip_own_ref,
						    .context = finder},
					 .cache_lookup = lookup_leaf,
					 .cache_store = store_leaf,
					 .candidate = consider,
					 .evaluating = note_item,
					 .passed_over = note_passed_over};
	finder->leaf_cache.max_size = LEAF_CACHE_SIZE;
	finder->leaf_cache.id = CACHE_BACKREF;
	if (setup->kind == SEND_FINDER_INDEXED)
		ret = indexed_search_new(finder, setup->index_bytes);
	else
		ret = backref_walker_new(volume, &finder->visitor, &finder->walker);
	if (ret) {
		free(finder);
		return ret;
	}
	*out = finder;
	return 0;
}

void clone_finder_free(struct clone_finder *finder)
{
	if (!finder)
		return;
	lru_cache_clear(&finder->leaf_cache);
	backref_walker_free(finder->walker);
	indexed_search_free(finder->indexed);
	free(finder);
}

static void begin_search(struct clone_finder *finder, const struct clone_query *query,
			 struct clone_search *search)
{
	size_t i;

	*search = (struct clone_search){.result = BACKREF_NO_CLONE};
	finder->query = query;
	finder->search = search;
	finder->any_candidate = false;
	finder->own_ref_seen = false;
	finder->error = 0;
	for (i = 0; i < finder->root_count; i++) {
		struct clone_root *root = &finder->roots[i];

		root->ino = UINT64_MAX;
		root->offset = 0;
		root->num_bytes = 0;
		root->found = false;
	}
}

static int fail_without_own_ref(const struct clone_finder *finder)
{
	const struct clone_query *query = finder->query;

	return volume_fail(finder->volume, -EIO,
			   "inode %llu offset %llu: extent %llu has no reference to it",
			   (unsigned long long)query->ino, (unsigned long long)query->offset,
			   (unsigned long long)query->disk_bytenr);
}

/* Each root's best candidate, and which of them it became. */
static void tell_choice(const struct clone_finder *finder, const struct clone_root *chosen)
{
	size_t i;

	for (i = 0; i < finder->root_count; i++) {
		const struct clone_root *root = &finder->roots[i];
		const struct backref_candidate best = {.root_id = root->root->id,
						       .ino = root->ino,
						       .offset = root->offset,
						       .num_bytes = root->num_bytes};

		if (root->found)
			tell(finder, root == chosen ? CLONE_CHOSEN : CLONE_OTHER_ROOT, &best);
	}
}

void clone_finder_tell(struct clone_finder *finder, clone_told_fn told, void *context)
{
	finder->told = told;
	finder->told_context = context;
}

/*
 * Where the first send looked for a compressed extent: at the place that the item's data has when
 * it is not compressed. That may be behind the extent, even in another one.
 */
static int find_by_place(struct clone_finder *finder, struct backref_query *wanted)
{
	uint64_t place = wanted->bytenr + wanted->position;
	int ret = extent_at_address(finder->volume, place, &wanted->bytenr);

	wanted->position = place - wanted->bytenr;
	return ret;
}

/* Visit the references to the extent until one is a perfect source. */
static int walk(struct clone_finder *finder)
{
	const struct clone_query *query = finder->query;
	bool from_start = behaves(finder, BEHAVIOUR_COMPRESSED_FROM_START);
	struct backref_query wanted = {
		.bytenr = query->disk_bytenr,
		.position = query->compressed && from_start ? 0 : query->extent_offset,
		.filter_compressed = !from_start,
		.as_listed = !behaves(finder, BEHAVIOUR_BACKREFS_COMPLETE)};
	int ret = 0;

	if (finder->indexed) {
		ret = indexed_search_run(finder);
		finder->search->leaves = indexed_search_last_leaves(finder->indexed);
		return ret;
	}
	if (query->compressed && !from_start)
		ret = find_by_place(finder, &wanted);
	if (ret == -ENOENT) {
		/* What a clone would be taken from is not there. */
		finder->own_ref_seen = true;
		return 0;
	}
	if (ret == 0)
		ret = backref_walk(finder->walker, &wanted);
	finder->search->leaves = backref_walker_last_leaves(finder->walker);
	return ret ? ret : finder->error;
}

int clone_finder_find(struct clone_finder *finder, const struct clone_query *query,
		      struct clone_root **source, struct clone_search *search)
{
	unsigned int epoch = finder->volume->epoch;
	int ret;

	*source = NULL;
	begin_search(finder, query, search);
	ret = walk(finder);
	if (ret == -ESTALE)
		ret = volume_take_up_commit(finder->volume, epoch, -EUCLEAN);
	if (ret == 0 && epoch == finder->volume->epoch && !finder->own_ref_seen &&
	    search->result != BACKREF_OVER_LIMIT && !behaves(finder, BEHAVIOUR_OWN_REF_NOT_NEEDED))
		ret = fail_without_own_ref(finder);
	/* Blocks moved meanwhile: the extent's address may be an old one, so it is written. */
	if (ret == 0 && epoch == finder->volume->epoch && finder->any_candidate) {
		*source = choose(finder);
		search->result = BACKREF_CLONE;
		tell_choice(finder, *source);
	}
	if (search->result == BACKREF_OVER_LIMIT)
		note_whole(finder, SHARING_OVER_LIMIT);
	else if (search->result == BACKREF_NO_CLONE &&
		 (epoch != finder->volume->epoch || finder->indexed))
		note_whole(finder, SHARING_UNKNOWN);
	finder->counters.searches++;
	finder->counters.candidates += search->candidates;
	finder->counters.results[search->result]++;
	return ret;
}

size_t clone_finder_peak_bytes(const struct clone_finder *finder)
{
	return finder->indexed ? indexed_search_peak_bytes(finder->indexed) : 0;
}

struct lru_cache *clone_finder_cache(struct clone_finder *finder)
{
	return &finder->leaf_cache;
}

void clone_finder_get_counters(const struct clone_finder *finder, struct backref_counters *counters)
{
	const struct backref_counters *walked = finder->indexed
							? indexed_search_counters(finder->indexed)
							: backref_walker_counters(finder->walker);

	*counters = finder->counters;
	counters->preliminary_references = walked->preliminary_references;
	counters->leaves_resolved = walked->leaves_resolved;
	counters->roots_found = walked->roots_found;
}

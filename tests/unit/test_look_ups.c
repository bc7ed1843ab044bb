/* SPDX-License-Identifier: GPL-2.0 */
/* Look-ups that are left out because they repeat the search before: the cache must not show it. */
#include "engine/send/look_ups.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { LEAVES = 12, CACHED = 8, REFS = 20, ROUNDS = 4000 };

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 16;
}

static struct lru_entry *store(struct lru_cache *cache, uint64_t key)
{
	struct lru_entry *entry = calloc(1, sizeof(*entry));

	assert_non_null(entry);
	entry->key.key = key;
	assert_true(lru_cache_store(cache, entry));
	return entry;
}

static void assert_same_order(const struct lru_cache *one, const struct lru_cache *other)
{
	const struct lru_entry *a = one->oldest, *b = other->oldest;

	assert_int_equal(one->size, other->size);
	for (; a && b; a = a->next, b = b->next)
		assert_int_equal(a->key.key, b->key.key);
	assert_true(!a && !b);
}

/* References to leaves in order, some of them in runs, as the index makes them. */
static void make_refs(struct index_ref *refs, struct index_leaf *leaves, uint32_t *random)
{
	uint32_t leaf = next_random(random) % 3, i, first = 0;

	for (i = 0; i < REFS; i++) {
		if (next_random(random) % 2 && leaf + 1 < LEAVES) {
			leaf++;
			first = i;
		}
		refs[i] = (struct index_ref){.only_leaf = &leaves[leaf], .run_first = first};
		refs[i].prefix = i && refs[i - 1].only_leaf == refs[i].only_leaf
					 ? refs[i - 1].prefix
					 : (i ? refs[i - 1].prefix * 31 : 7) + leaf + 1;
		refs[first].run_last = i;
	}
}

/* A look_ups_entry_fn. */
static struct lru_entry *cached_of(const void *context, const struct index_leaf *leaf)
{
	(void)context;
	return leaf->cached;
}

/*
 * Searches of neighbours: a prefix, and a few leaves behind it, often the same as before. In the
 * other cache each look-up is done.
 */
static void test_cache_does_not_show_it(void **state)
{
	struct index_leaf leaves[LEAVES] = {0};
	struct lru_cache cache = {0}, plain = {0};
	struct look_ups look_ups = {0};
	struct index_ref refs[REFS];
	struct index_extent extent = {.refs = refs, .ref_count = REFS};
	uint32_t random = 1, prefix = 0, tail[3] = {0}, tail_count = 0, i;
	unsigned int round, done;

	(void)state;
	for (i = 0; i < LEAVES; i++) {
		leaves[i].bytenr = 16384 * (i + 1);
		if (i >= CACHED)
			continue;
		leaves[i].cached = store(&cache, i);
		store(&plain, i);
	}
	make_refs(refs, leaves, &random);
	for (round = 0; round < ROUNDS; round++) {
		const struct index_leaf *last = NULL;

		switch (next_random(&random) % 8) {
		case 0:
			make_refs(refs, leaves, &random);
			break;
		case 1:
			prefix = next_random(&random) % (REFS + 1);
			break;
		case 2:
			tail_count = next_random(&random) % 4;
			break;
		case 3:
			tail[next_random(&random) % 3] = next_random(&random) % LEAVES;
			break;
		case 4: /* something else happens to the cache */
			i = next_random(&random) % CACHED;
			lru_cache_lookup(&cache, i, 0);
			lru_cache_lookup(&plain, i, 0);
			look_ups_forget(&look_ups);
			break;
		default: /* the same again */
			break;
		}
		look_ups_begin(&look_ups, &extent, prefix);
		for (i = 0; i < tail_count; i++)
			assert_int_equal(look_ups_add(&look_ups, &leaves[tail[i]]), 0);
		look_ups_settle(&look_ups, &cache, cached_of, NULL);

		for (i = 0; i < prefix + tail_count; i++) {
			const struct index_leaf *leaf =
				i < prefix ? refs[i].only_leaf : &leaves[tail[i - prefix]];

			if (leaf != last)
				lru_cache_lookup(&plain, leaf->bytenr / 16384 - 1, 0);
			last = leaf;
		}
		assert_same_order(&cache, &plain);
	}
	/* Quite some were left out, and of the rest as many found as there. */
	done = (unsigned int)cache.counters.lookups;
	assert_in_range(done, 1, 3 * plain.counters.lookups / 4);
	assert_in_range(cache.counters.hits, 1, done);
	look_ups_release(&look_ups);
	lru_cache_clear(&cache);
	lru_cache_clear(&plain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cache_does_not_show_it),
	};

	return cmocka_run_group_tests_name("look_ups", tests, NULL, NULL);
}

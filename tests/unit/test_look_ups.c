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
static void make_prefix(struct index_prefix *prefix, struct index_run *run,
			struct index_leaf *leaves, uint32_t *random)
{
	uint32_t leaf = next_random(random) % 3, i;
	uint64_t number = leaf + 7;

	run->leaf = &leaves[leaf];
	for (i = 0; i < REFS; i++) {
		if (i && next_random(random) % 2 && leaf + 1 < LEAVES) {
			number = number * 31 + ++leaf;
			(++run)->leaf = &leaves[leaf];
		}
		prefix[i] = (struct index_prefix){.leaf = &leaves[leaf], .leaves = number};
		run->end = i + 1;
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
	struct index_prefix prefix[REFS];
	struct index_run runs[REFS];
	struct index_extent extent = {.prefix = prefix, .runs = runs, .prefix_count = REFS};
	uint32_t random = 1, count = 0, tail[3] = {0}, tail_count = 0, i;
	unsigned int round, done;

	(void)state;
	for (i = 0; i < LEAVES; i++) {
		leaves[i].bytenr = 16384 * (i + 1);
		if (i >= CACHED)
			continue;
		leaves[i].cached = store(&cache, i);
		store(&plain, i);
	}
	make_prefix(prefix, runs, leaves, &random);
	for (round = 0; round < ROUNDS; round++) {
		const struct index_leaf *last = NULL;

		switch (next_random(&random) % 8) {
		case 0:
			make_prefix(prefix, runs, leaves, &random);
			break;
		case 1:
			count = next_random(&random) % (REFS + 1);
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
		look_ups_begin(&look_ups, &extent, count);
		for (i = 0; i < tail_count; i++)
			assert_int_equal(look_ups_add(&look_ups, &leaves[tail[i]]), 0);
		look_ups_settle(&look_ups, &cache, cached_of, NULL);

		for (i = 0; i < count + tail_count; i++) {
			const struct index_leaf *leaf =
				i < count ? prefix[i].leaf : &leaves[tail[i - count]];

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

/* SPDX-License-Identifier: GPL-2.0 */
/* What the caches remember and forget, against a list that is searched from end to end. */
#include "engine/core/lru_cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct lru_entry *new_entry(uint64_t key, uint64_t generation)
{
	struct lru_entry *entry = calloc(1, sizeof(*entry));

	assert_non_null(entry);
	entry->key = (struct lru_key){.key = key, .generation = generation};
	return entry;
}

static void test_order(void **state)
{
	struct lru_cache cache = {.max_size = 2};
	struct lru_entry *duplicate;

	(void)state;
	assert_true(lru_cache_store(&cache, new_entry(1, 0)));
	assert_true(lru_cache_store(&cache, new_entry(2, 0)));
	/* Looked up, 1 is the newer one: 2 has to go. */
	assert_non_null(lru_cache_lookup(&cache, 1, 0));
	assert_true(lru_cache_store(&cache, new_entry(3, 0)));
	assert_null(lru_cache_lookup(&cache, 2, 0));
	assert_non_null(lru_cache_lookup(&cache, 1, 0));
	assert_non_null(lru_cache_lookup(&cache, 3, 0));
	/* The same key with another generation is another entry. */
	assert_null(lru_cache_lookup(&cache, 3, 1));

	duplicate = new_entry(3, 0);
	assert_false(lru_cache_store(&cache, duplicate));
	free(duplicate);

	assert_int_equal(cache.counters.lookups, 5);
	assert_int_equal(cache.counters.hits, 3);
	assert_int_equal(cache.counters.stores, 3);
	assert_int_equal(cache.counters.evictions, 1);
	assert_int_equal(cache.counters.max_entries, 2);
	lru_cache_clear(&cache);
	assert_int_equal(cache.counters.clears, 1);
	assert_int_equal(cache.size, 0);
	/* Clearing an empty cache is no event. */
	lru_cache_clear(&cache);
	assert_int_equal(cache.counters.clears, 1);
}

/* Full, the cache loses all but its newest entries, the one that was just stored among them. */
static void test_halved(void **state)
{
	struct lru_cache cache = {.max_size = 6, .keep = 3};
	uint64_t i;

	(void)state;
	for (i = 0; i < 5; i++)
		assert_true(lru_cache_store(&cache, new_entry(i, 0)));
	assert_int_equal(cache.size, 5);
	assert_int_equal(cache.counters.evictions, 0);
	assert_non_null(lru_cache_lookup(&cache, 1, 0));
	assert_true(lru_cache_store(&cache, new_entry(5, 0)));
	assert_int_equal(cache.size, 3);
	assert_int_equal(cache.counters.evictions, 3);
	assert_int_equal(cache.counters.max_entries, 5);
	assert_int_equal(cache.oldest->key.key, 4);
	assert_int_equal(cache.oldest->next->key.key, 1);
	assert_int_equal(cache.oldest->prev->key.key, 5);
	lru_cache_clear(&cache);
}

static void test_unlimited_and_remove(void **state)
{
	struct lru_cache cache = {.max_size = 0};
	struct lru_entry *entry;
	uint64_t i;

	(void)state;
	for (i = 0; i < 1000; i++)
		assert_true(lru_cache_store(&cache, new_entry(i, i)));
	assert_int_equal(cache.size, 1000);
	entry = lru_cache_lookup(&cache, 500, 500);
	assert_non_null(entry);
	lru_cache_remove(&cache, entry);
	assert_null(lru_cache_lookup(&cache, 500, 500));
	assert_int_equal(cache.oldest->key.key, 0);
	assert_int_equal(cache.oldest->prev->key.key, 999);
	lru_cache_clear(&cache);
}

/* The plain model: an array from oldest to newest. */
struct model {
	uint64_t keys[8];
	size_t count;
};

static bool model_touch(struct model *model, uint64_t key)
{
	size_t i;

	for (i = 0; i < model->count; i++) {
		if (model->keys[i] != key)
			continue;
		memmove(&model->keys[i], &model->keys[i + 1],
			(model->count - i - 1) * sizeof(model->keys[0]));
		model->keys[model->count - 1] = key;
		return true;
	}
	return false;
}

static bool model_has(const struct model *model, uint64_t key)
{
	size_t i;

	for (i = 0; i < model->count; i++) {
		if (model->keys[i] == key)
			return true;
	}
	return false;
}

static void model_store(struct model *model, uint64_t key)
{
	if (model->count == 8) {
		memmove(&model->keys[0], &model->keys[1], 7 * sizeof(model->keys[0]));
		model->count--;
	}
	model->keys[model->count++] = key;
}

static void test_against_model(void **state)
{
	struct lru_cache cache = {.max_size = 8};
	struct model model = {.count = 0};
	uint32_t random = 12345;
	int step;

	(void)state;
	for (step = 0; step < 20000; step++) {
		uint64_t key;
		bool hit;

		random = random * 1664525u + 1013904223u;
		key = (random >> 16) % 20;
		/* Leaves no trace: the model does not hear of it. */
		assert_int_equal(lru_cache_peek(&cache, random % 20, 0) != NULL,
				 model_has(&model, random % 20));
		assert_null(lru_cache_peek(&cache, random % 20, 1));
		hit = lru_cache_lookup(&cache, key, 0) != NULL;
		assert_int_equal(hit, model_touch(&model, key));
		if (!hit) {
			assert_true(lru_cache_store(&cache, new_entry(key, 0)));
			model_store(&model, key);
		}
	}
	assert_int_equal(cache.counters.evictions, cache.counters.stores - 8);
	assert_int_equal(cache.counters.lookups, step);
	lru_cache_clear(&cache);
}

static unsigned int observed[8];

static void observe(void *context, enum cache_id cache, enum cache_operation operation)
{
	assert_ptr_equal(context, observed);
	assert_int_equal(cache, CACHE_BACKREF);
	observed[operation]++;
}

static void test_observer(void **state)
{
	struct lru_cache cache = {
		.max_size = 1, .observe = observe, .context = observed, .id = CACHE_BACKREF};

	(void)state;
	assert_null(lru_cache_lookup(&cache, 1, 0));
	assert_true(lru_cache_store(&cache, new_entry(1, 0)));
	assert_non_null(lru_cache_lookup(&cache, 1, 0));
	assert_true(lru_cache_store(&cache, new_entry(2, 0)));
	lru_cache_clear(&cache);
	assert_int_equal(observed[CACHE_LOOKUP_MISS], 1);
	assert_int_equal(observed[CACHE_LOOKUP_HIT], 1);
	assert_int_equal(observed[CACHE_STORE], 2);
	assert_int_equal(observed[CACHE_EVICT], 1);
	assert_int_equal(observed[CACHE_CLEAR], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_halved),
		cmocka_unit_test(test_unlimited_and_remove),
		cmocka_unit_test(test_against_model),
		cmocka_unit_test(test_observer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

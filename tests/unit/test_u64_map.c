/* SPDX-License-Identifier: GPL-2.0 */
/* The table against a plain array, with keys that collide and keys that come and go. */
#include "engine/core/u64_map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { KEYS = 512, STEPS = 200000 };

/* Addresses of blocks, and the numbers at both ends. */
static uint64_t key_of(size_t i)
{
	static const uint64_t odd[] = {0, 1, UINT64_MAX, UINT64_MAX - 1};

	return i < sizeof(odd) / sizeof(odd[0]) ? odd[i] : (uint64_t)i << (i % 2 ? 12 : 44);
}

static void test_add_find_remove(void **state)
{
	struct u64_map map = {0};
	bool there[KEYS] = {false};
	static char values[KEYS];
	uint32_t random = 1;
	size_t count = 0;

	(void)state;
	for (size_t step = 0; step < STEPS; step++) {
		size_t i;

		random = random * 1664525 + 1013904223;
		i = (random >> 8) % KEYS;
		assert_ptr_equal(u64_map_find(&map, key_of(i)), there[i] ? &values[i] : NULL);
		if (there[i])
			u64_map_remove(&map, key_of(i));
		else
			assert_int_equal(u64_map_add(&map, key_of(i), &values[i]), 0);
		there[i] = !there[i];
		count += there[i] ? 1 : -1;
		assert_int_equal(map.count, count);
	}
	for (size_t i = 0; i < KEYS; i++)
		assert_ptr_equal(u64_map_find(&map, key_of(i)), there[i] ? &values[i] : NULL);
	u64_map_release(&map);
}

static void test_empty(void **state)
{
	struct u64_map map = {0};

	(void)state;
	assert_null(u64_map_find(&map, 1));
	u64_map_remove(&map, 1);
	u64_map_release(&map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add_find_remove),
		cmocka_unit_test(test_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

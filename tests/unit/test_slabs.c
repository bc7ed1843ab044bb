/* SPDX-License-Identifier: GPL-2.0 */
/* Pieces of one size: each whole, apart from the others, and used again. */
#include "engine/core/slabs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PIECE = 16384 + 96, PIECES = 400, MALLOC_ALIGNMENT = 16 };

static void fill(uint8_t *pieces[], size_t from)
{
	for (size_t i = from; i < PIECES; i++)
		memset(pieces[i], (int)(i % 251), PIECE);
}

static void assert_filled(uint8_t *pieces[])
{
	for (size_t i = 0; i < PIECES; i++) {
		for (size_t at = 0; at < PIECE; at++)
			assert_int_equal(pieces[i][at], i % 251);
	}
}

static void test_pieces(void **state)
{
	struct slabs slabs = {.piece = PIECE};
	uint8_t *pieces[PIECES], *again;
	size_t slab_count, i;

	(void)state;
	for (i = 0; i < PIECES; i++) {
		pieces[i] = slabs_take(&slabs);
		assert_non_null(pieces[i]);
		assert_int_equal((uintptr_t)pieces[i] % MALLOC_ALIGNMENT, 0);
	}
	fill(pieces, 0);
	assert_filled(pieces);
	/* What was put is taken again before there is another slab. */
	slab_count = slabs.count;
	for (i = PIECES / 2; i < PIECES; i++)
		slabs_put(&slabs, pieces[i]);
	again = pieces[PIECES - 1];
	for (i = PIECES / 2; i < PIECES; i++)
		pieces[i] = slabs_take(&slabs);
	assert_ptr_equal(pieces[PIECES / 2], again);
	assert_int_equal(slabs.count, slab_count);
	fill(pieces, PIECES / 2);
	assert_filled(pieces);
	slabs_release(&slabs);
	assert_int_equal(slabs.count, 0);
}

/* Larger than any slab would be otherwise. */
static void test_large_piece(void **state)
{
	struct slabs slabs = {.piece = 5 << 20};
	uint8_t *piece;
	int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		piece = slabs_take(&slabs);
		assert_non_null(piece);
		memset(piece, 1, slabs.piece);
	}
	slabs_release(&slabs);
}

/* One piece takes little. */
static void test_begins_small(void **state)
{
	struct slabs slabs = {.piece = PIECE};

	(void)state;
	assert_non_null(slabs_take(&slabs));
	assert_in_range(slabs.left + PIECE, PIECE, 4 * PIECE);
	slabs_release(&slabs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_large_piece),
		cmocka_unit_test(test_begins_small),
	};

	return cmocka_run_group_tests_name("slabs", tests, NULL, NULL);
}

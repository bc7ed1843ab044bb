/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The layout of profiles against drawings of it, and rebuilds against parities that are computed
 * bit by bit.
 */
#include "engine/volume/parity.h"
#include "engine/volume/profile.h"

#include "engine/format/disk_format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* ---- layouts ---- */

/*
 * A drawing: rows of stripes, as many as there are devices, 64 KiB each. The letters are pieces of
 * the chunk in their order, P and Q parities.
 */
struct drawing {
	uint64_t bit;
	unsigned int stripes;
	const char *rows[8];
};

static const struct drawing drawings[] = {
	{BTRFS_BLOCK_GROUP_RAID0, 1, {"A", "B", "C"}},
	{BTRFS_BLOCK_GROUP_RAID0, 3, {"ABC", "DEF", "GHI"}},
	{BTRFS_BLOCK_GROUP_RAID10, 2, {"AA", "BB", "CC"}},
	{BTRFS_BLOCK_GROUP_RAID10, 4, {"AABB", "CCDD", "EEFF"}},
	{BTRFS_BLOCK_GROUP_RAID10, 6, {"AABBCC", "DDEEFF"}},
	{BTRFS_BLOCK_GROUP_RAID5, 2, {"AP", "PB", "CP"}},
	{BTRFS_BLOCK_GROUP_RAID5, 3, {"ABP", "PCD", "FPE", "GHP"}},
	{BTRFS_BLOCK_GROUP_RAID5, 4, {"ABCP", "PDEF", "IPGH", "KLPJ", "MNOP"}},
	{BTRFS_BLOCK_GROUP_RAID6, 3, {"APQ", "QBP", "PQC", "DPQ"}},
	{BTRFS_BLOCK_GROUP_RAID6, 4, {"ABPQ", "QCDP", "PQEF", "HPQG", "IJPQ"}},
	{BTRFS_BLOCK_GROUP_RAID6, 5, {"ABCPQ", "QDEFP", "PQGHI", "LPQJK", "NOPQM", "RSTPQ"}},
};

/* Letters of pieces; P and Q are not among them. */
static char letter(unsigned int piece)
{
	return "ABCDEFGHIJKLMNORST"[piece];
}

static unsigned int count_rows(const struct drawing *drawing)
{
	unsigned int rows = 0;

	while (rows < 8 && drawing->rows[rows])
		rows++;
	return rows;
}

/* What the profile makes of it, in the drawing's own form. */
static void draw(const struct drawing *drawing, const struct profile *profile, unsigned int columns,
		 char rows[8][8])
{
	uint64_t length = (uint64_t)count_rows(drawing) * columns * STRIPE_LENGTH;
	unsigned int piece, copy;

	for (piece = 0; piece < length / STRIPE_LENGTH; piece++) {
		struct chunk_place place = profile_locate(profile, columns, length,
							  (uint64_t)piece * STRIPE_LENGTH + 5000);

		assert_int_equal(place.start, place.row * STRIPE_LENGTH + 5000);
		assert_int_equal(place.length, STRIPE_LENGTH - 5000);
		for (copy = 0; copy < profile->copies; copy++)
			rows[place.row][profile_stripe(profile, drawing->stripes, place.row,
						       place.column, copy)] = letter(piece);
		for (copy = 0; copy < profile->parities; copy++)
			rows[place.row][profile_stripe(profile, drawing->stripes, place.row,
						       columns + copy, 0)] = copy ? 'Q' : 'P';
	}
}

static void test_drawings(void **state)
{
	unsigned int i, row;

	(void)state;
	for (i = 0; i < sizeof(drawings) / sizeof(drawings[0]); i++) {
		const struct drawing *drawing = &drawings[i];
		const struct profile *profile = profile_find(drawing->bit);
		char rows[8][8] = {0};

		assert_non_null(profile);
		draw(drawing, profile, profile_columns(profile, drawing->stripes), rows);
		for (row = 0; row < count_rows(drawing); row++)
			assert_string_equal(rows[row], drawing->rows[row]);
	}
}

/* One column: a place is the offset in the chunk, and a read needs not be split. */
static void test_in_one_piece(void **state)
{
	static const uint64_t bits[] = {0, BTRFS_BLOCK_GROUP_DUP, BTRFS_BLOCK_GROUP_RAID1,
					BTRFS_BLOCK_GROUP_RAID1C3, BTRFS_BLOCK_GROUP_RAID1C4};
	static const unsigned int copies[] = {1, 2, 2, 3, 4};
	const uint64_t length = 40ULL << 30, within = (30ULL << 30) + 77;
	unsigned int i, copy;

	(void)state;
	for (i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
		const struct profile *profile = profile_find(bits[i] | BTRFS_BLOCK_GROUP_DATA);
		struct chunk_place place = profile_locate(profile, 1, length, within);

		assert_int_equal(profile->copies, copies[i]);
		assert_int_equal(place.start, within);
		assert_int_equal(place.length, length - within);
		for (copy = 0; copy < copies[i]; copy++)
			assert_int_equal(
				profile_stripe(profile, copies[i], place.row, place.column, copy),
				copy);
	}
}

/* A chunk of whatever length ends where it says. */
static void test_last_piece(void **state)
{
	const struct profile *profile = profile_find(BTRFS_BLOCK_GROUP_RAID0);
	struct chunk_place place =
		profile_locate(profile, 2, 3 * STRIPE_LENGTH + 8192, 3 * STRIPE_LENGTH + 4096);

	(void)state;
	assert_int_equal(place.row, 1);
	assert_int_equal(place.column, 1);
	assert_int_equal(place.start, STRIPE_LENGTH + 4096);
	assert_int_equal(place.length, 4096);
}

static void test_columns(void **state)
{
	static const struct {
		uint64_t bit;
		unsigned int stripes, columns;
	} cases[] = {
		{0, 1, 1},
		{0, 2, 0},
		{BTRFS_BLOCK_GROUP_DUP, 1, 0},
		{BTRFS_BLOCK_GROUP_DUP, 2, 1},
		{BTRFS_BLOCK_GROUP_RAID1, 3, 0},
		{BTRFS_BLOCK_GROUP_RAID1C3, 3, 1},
		{BTRFS_BLOCK_GROUP_RAID1C3, 2, 0},
		{BTRFS_BLOCK_GROUP_RAID1C4, 4, 1},
		{BTRFS_BLOCK_GROUP_RAID1C4, 5, 0},
		{BTRFS_BLOCK_GROUP_RAID0, 2000, 2000},
		{BTRFS_BLOCK_GROUP_RAID10, 2, 1},
		{BTRFS_BLOCK_GROUP_RAID10, 5, 0},
		{BTRFS_BLOCK_GROUP_RAID10, 8, 4},
		{BTRFS_BLOCK_GROUP_RAID5, 1, 0},
		{BTRFS_BLOCK_GROUP_RAID5, 2, 1},
		{BTRFS_BLOCK_GROUP_RAID5, 2000, 1999},
		{BTRFS_BLOCK_GROUP_RAID6, 2, 0},
		{BTRFS_BLOCK_GROUP_RAID6, 3, 1},
		{BTRFS_BLOCK_GROUP_RAID6, 257, 255},
		{BTRFS_BLOCK_GROUP_RAID6, 258, 0},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(profile_columns(profile_find(cases[i].bit), cases[i].stripes),
				 cases[i].columns);
	assert_null(profile_find(BTRFS_BLOCK_GROUP_RAID0 | BTRFS_BLOCK_GROUP_DUP));
}

/* ---- parity ---- */

enum { LENGTH = 96, COLUMNS_MAX = PARITY_COLUMNS_MAX };

/* Columns, then P and Q. */
static uint8_t bytes[COLUMNS_MAX + 2][LENGTH];

/* Times x in the field, on paper: shift, and take the polynomial 0x11d out. */
static uint8_t doubled(uint8_t value)
{
	return (uint8_t)(value << 1) ^ (value & 0x80 ? 0x1d : 0);
}

static uint8_t product(uint8_t a, uint8_t b)
{
	uint8_t sum = 0;

	for (; b; b >>= 1, a = doubled(a))
		sum ^= b & 1 ? a : 0;
	return sum;
}

static void fill(unsigned int columns)
{
	uint32_t random = 12345 + columns;
	unsigned int column, at;

	memset(bytes, 0, sizeof(bytes));
	for (column = 0; column < columns; column++) {
		for (at = 0; at < LENGTH; at++) {
			random = random * 1664525 + 1013904223;
			bytes[column][at] = (uint8_t)(random >> 24);
			bytes[columns][at] ^= bytes[column][at];
		}
	}
	/* Horner's rule, from the last column on. */
	for (column = columns; column-- > 0;) {
		for (at = 0; at < LENGTH; at++)
			bytes[columns + 1][at] =
				doubled(bytes[columns + 1][at]) ^ bytes[column][at];
	}
}

static void expect_rebuilt(unsigned int columns, unsigned int parities, unsigned int wanted,
			   unsigned int omitted)
{
	const struct parity_rebuild rebuild = {columns, wanted, omitted};
	uint8_t sum[LENGTH] = {0};
	unsigned int column;

	for (column = 0; column < columns + parities; column++) {
		if (column != wanted && column != omitted)
			parity_add(parity_coefficient(&rebuild, column), bytes[column], LENGTH,
				   sum);
	}
	if (memcmp(sum, bytes[wanted], LENGTH))
		fail_msg("column %u of %u is not rebuilt without %u", wanted, columns, omitted);
}

static void test_rebuild(void **state)
{
	static const unsigned int counts[] = {1, 2, 3, 4, 7, 16};
	unsigned int i, wanted, omitted;

	(void)state;
	for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		fill(counts[i]);
		for (wanted = 0; wanted < counts[i]; wanted++) {
			expect_rebuilt(counts[i], 1, wanted, counts[i] + 1);
			for (omitted = 0; omitted < counts[i] + 2; omitted++) {
				if (omitted != wanted)
					expect_rebuilt(counts[i], 2, wanted, omitted);
			}
		}
	}
}

static void test_rebuild_of_many(void **state)
{
	unsigned int wanted, omitted;

	(void)state;
	fill(COLUMNS_MAX);
	for (wanted = 0; wanted < COLUMNS_MAX; wanted += 127) {
		for (omitted = 0; omitted < COLUMNS_MAX + 2; omitted += 16) {
			if (omitted != wanted)
				expect_rebuilt(COLUMNS_MAX, 2, wanted, omitted);
		}
		expect_rebuilt(COLUMNS_MAX, 2, wanted, COLUMNS_MAX);
		expect_rebuilt(COLUMNS_MAX, 2, wanted, COLUMNS_MAX + 1);
	}
}

/* Any length, at any address: nothing before or behind is touched. */
static void test_add(void **state)
{
	uint8_t source[300], target[300], expected[300];
	size_t length, i;

	(void)state;
	for (length = 0; length <= 200; length++) {
		uint8_t coefficient = (uint8_t)(length * 37 + 1);

		for (i = 0; i < sizeof(source); i++) {
			source[i] = (uint8_t)(i * 73 + length);
			target[i] = expected[i] = (uint8_t)(i * 151);
		}
		for (i = 0; i < length; i++)
			expected[7 + i] ^= product(coefficient, source[3 + i]);
		parity_add(coefficient, source + 3, length, target + 7);
		assert_memory_equal(target, expected, sizeof(target));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_drawings),   cmocka_unit_test(test_in_one_piece),
		cmocka_unit_test(test_last_piece), cmocka_unit_test(test_columns),
		cmocka_unit_test(test_rebuild),	   cmocka_unit_test(test_rebuild_of_many),
		cmocka_unit_test(test_add),
	};

	return cmocka_run_group_tests_name("profile", tests, NULL, NULL);
}

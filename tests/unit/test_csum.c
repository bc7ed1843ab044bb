/* SPDX-License-Identifier: GPL-2.0 */
/* Checksums against published vectors. */
#include "engine/volume/csum.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct vector {
	uint16_t type;
	const char *name;
	size_t size;
	const char *text;
	uint8_t sum[32];
};

/* The check value of CRC-32C (RFC 3720), XXH64 of nothing with seed 0, FIPS 180-2, RFC 7693's kind.
 */
static const struct vector vectors[] = {
	{BTRFS_CSUM_TYPE_CRC32, "crc32c", 4, "123456789", {0x83, 0x92, 0x06, 0xe3}},
	{BTRFS_CSUM_TYPE_XXHASH,
	 "xxhash64",
	 8,
	 "",
	 {0x99, 0xe9, 0xd8, 0x51, 0x37, 0xdb, 0x46, 0xef}},
	{BTRFS_CSUM_TYPE_SHA256, "sha256", 32, "abc", {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf,
						       0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae,
						       0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96,
						       0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61,
						       0xf2, 0x00, 0x15, 0xad}},
	{BTRFS_CSUM_TYPE_BLAKE2, "blake2b", 32, "abc", {0xbd, 0xdd, 0x81, 0x3c, 0x63, 0x42, 0x39,
							0x72, 0x31, 0x71, 0xef, 0x3f, 0xee, 0x98,
							0x57, 0x9b, 0x94, 0x96, 0x4e, 0x3b, 0xb1,
							0xcb, 0x3e, 0x42, 0x72, 0x62, 0xc8, 0xc0,
							0x68, 0xd5, 0x23, 0x19}},
};

static void test_vectors(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		const struct vector *vector = &vectors[i];
		const struct csum_algorithm *csum = csum_algorithm_find(vector->type);
		uint8_t sum[BTRFS_CSUM_SIZE] = {0};

		assert_non_null(csum);
		assert_string_equal(csum->name, vector->name);
		assert_int_equal(csum->size, vector->size);
		csum->compute(vector->text, strlen(vector->text), sum);
		assert_memory_equal(sum, vector->sum, vector->size);
	}
}

static void test_unknown_type(void **state)
{
	(void)state;
	assert_null(csum_algorithm_find(4));
	assert_null(csum_algorithm_find(UINT16_MAX));
}

/* Of a stream's sums: no inversion at either end, and parts give the sum of the whole. */
static void test_crc32c(void **state)
{
	static const char text[] = "123456789";
	size_t cut;

	(void)state;
	assert_int_equal(crc32c(0, text, 0), 0);
	assert_int_equal(crc32c(0, "\0\0\0\0", 4), 0);
	assert_int_equal(~crc32c(~0u, text, 9), 0xe3069283);
	assert_int_equal(crc32c(0, text, 9), 0x58e3fa20);
	for (cut = 0; cut <= 9; cut++)
		assert_int_equal(crc32c(crc32c(0, text, cut), text + cut, 9 - cut), 0x58e3fa20);
}

/* Short or long, it is the sum that its bytes give one by one. */
static void test_crc32c_of_any_length(void **state)
{
	enum { MOST = 600 };
	uint8_t data[MOST];
	uint32_t sum = ~0u;
	size_t i;

	(void)state;
	for (i = 0; i < MOST; i++)
		data[i] = (uint8_t)(i * i + 7 * i);
	for (i = 0; i < MOST; i++) {
		assert_int_equal(crc32c(~0u, data, i), sum);
		sum = crc32c(sum, data + i, 1);
	}
}

/* From the sums of blocks comes the sum of the whole, whatever came before. */
static void test_crc32c_of_blocks(void **state)
{
	enum { MOST = 16384, COUNT = 5 };
	static uint8_t data[COUNT * MOST];
	static struct crc32c_blocks blocks;
	const struct csum_algorithm *csum = csum_algorithm_find(BTRFS_CSUM_TYPE_CRC32);
	const size_t lengths[] = {1, 300, 4096, MOST};
	const uint32_t seeds[] = {0, 1, ~0u, 0x80000000, 0xdeadbeef};
	size_t i, j, count;

	(void)state;
	for (i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 2654435761u >> 16);
	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		size_t length = lengths[i];
		uint8_t sums[COUNT * sizeof(uint32_t)];

		crc32c_blocks_init(&blocks, length);
		assert_int_equal(blocks.length, length);
		for (j = 0; j < COUNT; j++)
			csum->compute(data + j * length, length, sums + j * sizeof(uint32_t));
		for (j = 0; j < sizeof(seeds) / sizeof(seeds[0]); j++) {
			for (count = 0; count <= COUNT; count++)
				assert_int_equal(crc32c_of_blocks(&blocks, seeds[j], sums, count),
						 crc32c(seeds[j], data, count * length));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_unknown_type),
		cmocka_unit_test(test_crc32c),
		cmocka_unit_test(test_crc32c_of_any_length),
		cmocka_unit_test(test_crc32c_of_blocks),
	};

	return cmocka_run_group_tests_name("csum", tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Decompression of what the libraries compress, in btrfs's framing: whole, into more and less room,
 * cut at every byte, and damaged at random (a matter for the address sanitizer).
 */
#include "engine/volume/decompress.h"

#include <errno.h>
#include <lzo/lzo1x.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#include <cmocka.h>

enum { SECTOR = 4096, SPACE = 512 * 1024 };

struct bytes {
	uint8_t *data;
	size_t length;
};

/* ---- what is compressed ---- */

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

enum pattern {
	ZEROS,
	WORDS,
	NOISE,
	PATTERN_COUNT,
};

static void fill(uint8_t *data, size_t length, enum pattern pattern, uint64_t seed)
{
	static const char *const words[] = {"leaf ", "node ", "slot ", "extent ", "root ", "item "};
	uint64_t random = seed | 1;
	size_t at = 0;

	memset(data, 0, length);
	while (at < length && pattern != ZEROS) {
		const char *word = words[next_random(&random) % 6];
		size_t part = pattern == WORDS ? strlen(word) : 8;

		if (part > length - at)
			part = length - at;
		memcpy(data + at, pattern == WORDS ? (const void *)word : &random, part);
		at += part;
	}
}

/* ---- compressors, each as the kernel frames its stream ---- */

static size_t pack_zlib(const struct bytes *plain, uint8_t *out)
{
	uLongf length = SPACE;

	assert_int_equal(compress2(out, &length, plain->data, plain->length, 3), Z_OK);
	return length;
}

static size_t pack_zstd(const struct bytes *plain, uint8_t *out)
{
	ZSTD_CCtx *context = ZSTD_createCCtx();
	size_t length;

	assert_non_null(context);
	ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, 17);
	length = ZSTD_compress2(context, out, SPACE, plain->data, plain->length);
	ZSTD_freeCCtx(context);
	assert_false(ZSTD_isError(length));
	return length;
}

/* How often a length had to be moved to the next sector, by the bytes of padding. */
static unsigned int paddings[4];

static size_t pack_lzo(const struct bytes *plain, uint8_t *out)
{
	uint8_t *work = malloc(LZO1X_1_MEM_COMPRESS);
	size_t at = 4, left, part;
	lzo_uint length;

	assert_non_null(work);
	for (size_t from = 0; from < plain->length; from += SECTOR) {
		left = SECTOR - at % SECTOR;
		if (left < 4) {
			memset(out + at, 0, left);
			at += left;
			paddings[left]++;
		}
		part = plain->length - from < SECTOR ? plain->length - from : SECTOR;
		lzo1x_1_compress(plain->data + from, part, out + at + 4, &length, work);
		put_le32(out + at, length);
		at += 4 + length;
	}
	put_le32(out, at);
	free(work);
	return at;
}

static const struct method {
	enum btrfs_compression compression;
	size_t (*pack)(const struct bytes *plain, uint8_t *out);
} methods[] = {
	{BTRFS_COMPRESS_ZLIB, pack_zlib},
	{BTRFS_COMPRESS_LZO, pack_lzo},
	{BTRFS_COMPRESS_ZSTD, pack_zstd},
};
enum { METHOD_COUNT = sizeof(methods) / sizeof(methods[0]) };

/* ---- helpers ---- */

static struct bytes new_bytes(size_t length)
{
	struct bytes bytes = {malloc(length ? length : 1), length};

	assert_non_null(bytes.data);
	return bytes;
}

static struct bytes new_plain(size_t length, enum pattern pattern, uint64_t seed)
{
	struct bytes plain = new_bytes(length);

	fill(plain.data, length, pattern, seed);
	return plain;
}

static struct bytes new_packed(const struct method *method, const struct bytes *plain)
{
	struct bytes packed = new_bytes(SPACE);

	packed.length = method->pack(plain, packed.data);
	return packed;
}

/*
 * Decompress the first @length bytes of @packed, padded to @padded, into @room bytes, all in
 * allocations of exactly that size. The caller frees @out.
 */
static int unpack(const struct method *method, const struct bytes *packed, size_t length,
		  size_t padded, size_t room, struct bytes *out)
{
	struct bytes in = new_bytes(padded);
	struct failure failure = {0};
	int ret;

	memset(in.data, 0, padded);
	memcpy(in.data, packed->data, length);
	*out = new_bytes(room);
	memset(out->data, 0xa5, room);
	ret = decompress(method->compression, in.data, padded, out->data, room, SECTOR, &failure);
	assert_int_equal(failure.code, ret);
	assert_int_equal(failure.text[0] != 0, ret != 0);
	free(in.data);
	return ret;
}

/* @out holds what fits of @plain, and zeros behind it. */
static void assert_unpacked(const struct bytes *out, const struct bytes *plain)
{
	size_t common = out->length < plain->length ? out->length : plain->length;

	assert_memory_equal(out->data, plain->data, common);
	for (size_t i = common; i < out->length; i++)
		assert_int_equal(out->data[i], 0);
}

static size_t round_up(size_t length)
{
	return (length + SECTOR - 1) / SECTOR * SECTOR;
}

/* ---- tests ---- */

static void check_sizes(const struct method *method, enum pattern pattern, size_t length)
{
	const size_t rooms[] = {length,
				round_up(length),
				round_up(length) + SECTOR,
				length - length / 3,
				length / 2,
				1,
				0};
	struct bytes plain = new_plain(length, pattern, length), out;
	struct bytes packed = new_packed(method, &plain);

	for (size_t i = 0; i < sizeof(rooms) / sizeof(rooms[0]); i++) {
		if (rooms[i] > DECOMPRESS_MAX)
			continue;
		assert_int_equal(
			unpack(method, &packed, packed.length, packed.length, rooms[i], &out), 0);
		assert_unpacked(&out, &plain);
		free(out.data);
		assert_int_equal(unpack(method, &packed, packed.length, round_up(packed.length),
					rooms[i], &out),
				 0);
		assert_unpacked(&out, &plain);
		free(out.data);
	}
	free(packed.data);
	free(plain.data);
}

static void test_all_sizes_and_rooms(void **state)
{
	static const size_t lengths[] = {1,    2,     100,   4095,  4096,   4097,
					 8192, 12289, 40960, 65536, 100000, 131072};

	(void)state;
	for (size_t m = 0; m < METHOD_COUNT; m++) {
		for (enum pattern pattern = 0; pattern < PATTERN_COUNT; pattern++) {
			for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
				if (pattern == NOISE && lengths[i] > 120000)
					continue; /* would not fit compressed: never stored so */
				check_sizes(&methods[m], pattern, lengths[i]);
			}
		}
	}
}

/* Sweep the length of the first segment over the end of a sector. */
static void test_lzo_padding(void **state)
{
	const struct method *lzo = &methods[1];
	struct bytes plain = new_plain(3 * SECTOR, WORDS, 3), out;

	(void)state;
	memset(paddings, 0, sizeof(paddings));
	for (size_t zeros = 0; zeros <= 200; zeros++) {
		struct bytes packed;

		fill(plain.data, SECTOR, NOISE, zeros);
		memset(plain.data, 0, zeros);
		packed = new_packed(lzo, &plain);
		assert_int_equal(unpack(lzo, &packed, packed.length, round_up(packed.length),
					plain.length, &out),
				 0);
		assert_unpacked(&out, &plain);
		free(out.data);
		free(packed.data);
	}
	for (int i = 1; i < 4; i++)
		assert_int_not_equal(paddings[i], 0);
	free(plain.data);
}

/* A stream cut short is an error, unless all asked for was in front of the cut. */
static void test_cut_at_every_byte(void **state)
{
	struct bytes plain = new_plain(3 * SECTOR, WORDS, 5), out;

	(void)state;
	for (size_t m = 0; m < METHOD_COUNT; m++) {
		struct bytes packed = new_packed(&methods[m], &plain);
		size_t good = 0;

		for (size_t length = 0; length < packed.length; length++) {
			int ret = unpack(&methods[m], &packed, length, length, plain.length, &out);

			if (ret == 0) {
				assert_unpacked(&out, &plain);
				good++;
			} else {
				assert_int_equal(ret, -EUCLEAN);
			}
			free(out.data);
		}
		assert_in_range(good, 0, 8); /* a trailing checksum at most */
		free(packed.data);
	}
	free(plain.data);
}

/* An LZO stream that says it ends between two segments leaves zeros behind them. */
static void test_lzo_ends_early(void **state)
{
	const struct method *lzo = &methods[1];
	struct bytes plain = new_plain(3 * SECTOR, WORDS, 7), out;
	struct bytes packed = new_packed(lzo, &plain);
	const struct bytes first = {plain.data, SECTOR};
	size_t end = 8 + get_le32(packed.data + 4);
	unsigned int whole = 0;

	(void)state;
	for (size_t length = 4; length < packed.length; length++) {
		int ret;

		put_le32(packed.data, length);
		ret = unpack(lzo, &packed, length, length, plain.length, &out);
		if (length == end) {
			assert_int_equal(ret, 0);
			assert_unpacked(&out, &first);
		}
		whole += ret == 0;
		assert_true(ret == 0 || ret == -EUCLEAN);
		free(out.data);
	}
	assert_int_equal(whole, 3); /* behind 0, 1 and 2 segments */
	free(packed.data);
	free(plain.data);
}

static void test_lzo_framing_errors(void **state)
{
	static const struct {
		size_t length;
		uint8_t data[16];
		const char *text;
	} cases[] = {
		{3, {3}, "lzo: 3 bytes, expect at least 4"},
		{8, {9}, "lzo: stream of 9 bytes in 8"},
		{8, {3}, "lzo: stream of 3 bytes in 8"},
		{8, {7}, "lzo: 3 bytes left at 4, expect a segment"},
		{10, {10, 0, 0, 0, 3}, "lzo: segment of 3 bytes at 8, expect at most 2"},
		{10,
		 {10, 0, 0, 0, 255, 255, 255, 255},
		 "lzo: segment of 4294967295 bytes at 8, expect at most 2"},
		{10, {10}, "lzo: malformed segment of 0 bytes after 0 of 64 bytes"},
		{16,
		 {16, 0, 0, 0, 8, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255},
		 "lzo: malformed segment of 8 bytes after 0 of 64 bytes"},
	};
	uint8_t out[64];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct failure failure = {0};

		assert_int_equal(decompress(BTRFS_COMPRESS_LZO, cases[i].data, cases[i].length, out,
					    sizeof(out), SECTOR, &failure),
				 -EUCLEAN);
		assert_string_equal(failure.text, cases[i].text);
	}
}

/* More than a sector of bytes behind the end: not an extent of this stream. */
static void test_lzo_length_must_fit_the_extent(void **state)
{
	const struct method *lzo = &methods[1];
	struct bytes plain = new_plain(SECTOR, WORDS, 9), out;
	struct bytes packed = new_packed(lzo, &plain);

	(void)state;
	assert_int_equal(unpack(lzo, &packed, packed.length, packed.length + SECTOR, SECTOR, &out),
			 -EUCLEAN);
	free(out.data);
	free(packed.data);
	free(plain.data);
}

static void test_zstd_window_limit(void **state)
{
	struct bytes plain = new_plain(131072, WORDS, 11), packed = new_bytes(SPACE), out;
	ZSTD_CCtx *context = ZSTD_createCCtx();
	ZSTD_outBuffer output = {.dst = packed.data, .size = SPACE};
	size_t left;

	(void)state;
	assert_non_null(context);
	ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, 18);
	/* Without a known content size the frame asks for the whole window. */
	for (size_t half = 0; half < 2; half++) {
		ZSTD_inBuffer input = {.src = plain.data + half * 65536, .size = 65536};

		left = ZSTD_compressStream2(context, &output, &input,
					    half ? ZSTD_e_end : ZSTD_e_flush);
		assert_int_equal(left, 0);
	}
	ZSTD_freeCCtx(context);
	packed.length = output.pos;
	assert_int_equal(
		unpack(&methods[2], &packed, packed.length, packed.length, plain.length, &out),
		-EUCLEAN);
	free(out.data);
	free(packed.data);
	free(plain.data);
}

/* The kernel does not look at the checksum behind a zlib stream, nor do we. */
static void test_zlib_trailer_is_not_checked(void **state)
{
	struct bytes plain = new_plain(SECTOR, WORDS, 13), out;
	struct bytes packed = new_packed(&methods[0], &plain);

	(void)state;
	packed.data[packed.length - 1] ^= 0xff;
	assert_int_equal(unpack(&methods[0], &packed, packed.length, packed.length, SECTOR, &out),
			 0);
	assert_unpacked(&out, &plain);
	free(out.data);
	packed.data[0] ^= 0x01; /* not deflate */
	assert_int_equal(unpack(&methods[0], &packed, packed.length, packed.length, SECTOR, &out),
			 -EUCLEAN);
	free(out.data);
	free(packed.data);
	free(plain.data);
}

static void test_unknown_compression(void **state)
{
	uint8_t byte = 0;

	(void)state;
	for (int compression = 0; compression < 256; compression += compression ? 1 : 4) {
		struct failure failure = {0};
		char expected[64];

		snprintf(expected, sizeof(expected), "compression %d is not known", compression);
		assert_int_equal(decompress(compression, &byte, 1, &byte, 1, SECTOR, &failure),
				 -EOPNOTSUPP);
		assert_string_equal(failure.text, expected);
	}
}

static void test_lengths_are_bounded(void **state)
{
	struct failure failure = {0};
	uint8_t byte = 0;

	(void)state;
	assert_int_equal(decompress(BTRFS_COMPRESS_ZSTD, &byte, DECOMPRESS_MAX + 1, &byte, 1,
				    SECTOR, &failure),
			 -EUCLEAN);
	assert_string_equal(failure.text,
			    "compressed extent of 131073 for 1 bytes, expect at most 131072");
	failure_clear(&failure);
	assert_int_equal(decompress(BTRFS_COMPRESS_ZSTD, &byte, 1, &byte, DECOMPRESS_MAX + 1,
				    SECTOR, &failure),
			 -EUCLEAN);
}

static void test_random_damage(void **state)
{
	enum { ROUNDS = 20000 };
	uint64_t random = 0x2545f4914f6cdd1d;
	struct bytes plain = new_plain(3 * SECTOR, WORDS, 17), out;

	(void)state;
	for (size_t m = 0; m < METHOD_COUNT; m++) {
		struct bytes packed = new_packed(&methods[m], &plain), damaged;
		size_t refused = 0;

		damaged = new_bytes(packed.length);
		for (int round = 0; round < ROUNDS; round++) {
			size_t length = packed.length;
			size_t room = next_random(&random) % (2 * plain.length);
			int ret;

			memcpy(damaged.data, packed.data, packed.length);
			for (unsigned int i = 0; i <= next_random(&random) % 4; i++)
				damaged.data[next_random(&random) % packed.length] ^=
					1 + next_random(&random) % 255;
			if (next_random(&random) % 4 == 0)
				length = next_random(&random) % (packed.length + 1);
			ret = unpack(&methods[m], &damaged, length, length, room, &out);
			assert_true(ret == 0 || ret == -EUCLEAN);
			refused += ret != 0;
			free(out.data);
		}
		assert_in_range(refused, ROUNDS / 10, ROUNDS - 1);
		free(damaged.data);
		free(packed.data);
	}
	free(plain.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_sizes_and_rooms),
		cmocka_unit_test(test_lzo_padding),
		cmocka_unit_test(test_cut_at_every_byte),
		cmocka_unit_test(test_lzo_ends_early),
		cmocka_unit_test(test_lzo_framing_errors),
		cmocka_unit_test(test_lzo_length_must_fit_the_extent),
		cmocka_unit_test(test_zstd_window_limit),
		cmocka_unit_test(test_zlib_trailer_is_not_checked),
		cmocka_unit_test(test_unknown_compression),
		cmocka_unit_test(test_lengths_are_bounded),
		cmocka_unit_test(test_random_damage),
	};

	return cmocka_run_group_tests_name("decompress", tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0 */
#include "engine/volume/csum.h"

#include <gcrypt.h>
#include <isa-l/crc.h>
#include <limits.h>
#include <stdbool.h>
#include <xxhash.h>

/*
 * Most commands of a stream are short: for those the processor's own instruction, eight bytes at a
 * time, is through before a vector loop has begun.
 */
#ifdef __x86_64__
enum { SHORT_BYTES = 256 };

__attribute__((target("sse4.2"))) static uint32_t crc32c_short(uint32_t seed, const uint8_t *bytes,
							       size_t length)
{
	uint64_t sum = seed;

	for (; length >= sizeof(uint64_t); length -= sizeof(uint64_t), bytes += sizeof(uint64_t))
		sum = __builtin_ia32_crc32di(sum, get_le64(bytes));
	if (length & sizeof(uint32_t)) {
		sum = __builtin_ia32_crc32si((uint32_t)sum, get_le32(bytes));
		bytes += sizeof(uint32_t);
	}
	if (length & sizeof(uint16_t)) {
		sum = __builtin_ia32_crc32hi((uint32_t)sum, get_le16(bytes));
		bytes += sizeof(uint16_t);
	}
	if (length & 1)
		sum = __builtin_ia32_crc32qi((uint32_t)sum, *bytes);
	return (uint32_t)sum;
}

static bool is_short(size_t length)
{
	return length <= SHORT_BYTES && __builtin_cpu_supports("sse4.2");
}

__attribute__((target("avx"))) static void clear_upper_halves(void)
{
	__builtin_ia32_vzeroupper();
}

/*
 * The library's vector loop leaves the upper halves of the vector registers in use. All that is
 * compiled for SSE, which is this program, then waits at each of its vector instructions.
 */
static void end_vector_loop(void)
{
	if (__builtin_cpu_supports("avx"))
		clear_upper_halves();
}
#else
static uint32_t crc32c_short(uint32_t seed, const uint8_t *bytes, size_t length)
{
	(void)bytes;
	(void)length;
	return seed;
}

static bool is_short(size_t length)
{
	return length == 0;
}

static void end_vector_loop(void)
{
}
#endif

uint32_t crc32c(uint32_t seed, const void *data, size_t length)
{
	const uint8_t *bytes = data;

	if (is_short(length))
		return crc32c_short(seed, bytes, length);
	/* crc32_iscsi() inverts nothing and counts in int; it does not write to its buffer. */
	while (length > INT_MAX) {
		seed = crc32_iscsi((unsigned char *)bytes, INT_MAX, seed);
		bytes += INT_MAX;
		length -= INT_MAX;
	}
	seed = crc32_iscsi((unsigned char *)bytes, (int)length, seed);
	end_vector_loop();
	return seed;
}

/* What @sum becomes by a block of zeros. */
static uint32_t shift_sum(const struct crc32c_blocks *blocks, uint32_t sum)
{
	return blocks->shift[0][sum & 0xff] ^ blocks->shift[1][sum >> 8 & 0xff] ^
	       blocks->shift[2][sum >> 16 & 0xff] ^ blocks->shift[3][sum >> 24];
}

/* crc32c() without inversions is linear: each bit of a seed goes its own way. */
void crc32c_blocks_init(struct crc32c_blocks *blocks, size_t length)
{
	static const uint8_t zeros[256];
	unsigned int byte, bit, value;

	blocks->length = length;
	for (byte = 0; byte < 4; byte++) {
		blocks->shift[byte][0] = 0;
		for (bit = 0; bit < 8; bit++) {
			uint32_t sum = 1u << (8 * byte + bit);
			size_t left = length, part;

			for (; left; left -= part) {
				part = left < sizeof(zeros) ? left : sizeof(zeros);
				sum = crc32c(sum, zeros, part);
			}
			for (value = 0; value < 1u << bit; value++)
				blocks->shift[byte][value | 1u << bit] =
					blocks->shift[byte][value] ^ sum;
		}
	}
}

/*
 * For a block b: crc32c(seed, b) = shift(seed) ^ crc32c(0, b), and btrfs stores the inverse of
 * crc32c(~0, b) = shift(~0) ^ crc32c(0, b). So ~crc32c(seed, b) = shift(~seed) ^ stored.
 */
uint32_t crc32c_of_blocks(const struct crc32c_blocks *blocks, uint32_t seed, const uint8_t *sums,
			  size_t count)
{
	uint32_t inverse = ~seed;

	for (; count; count--, sums += sizeof(uint32_t))
		inverse = shift_sum(blocks, inverse) ^ get_le32(sums);
	return ~inverse;
}

static void compute_crc32c(const void *data, size_t length, uint8_t out[BTRFS_CSUM_SIZE])
{
	put_le32(out, ~crc32c(~0u, data, length));
}

static void compute_xxhash64(const void *data, size_t length, uint8_t out[BTRFS_CSUM_SIZE])
{
	put_le64(out, XXH64(data, length, 0));
}

static void compute_sha256(const void *data, size_t length, uint8_t out[BTRFS_CSUM_SIZE])
{
	gcry_md_hash_buffer(GCRY_MD_SHA256, out, data, length);
}

static void compute_blake2b(const void *data, size_t length, uint8_t out[BTRFS_CSUM_SIZE])
{
	gcry_md_hash_buffer(GCRY_MD_BLAKE2B_256, out, data, length);
}

static const struct csum_algorithm algorithms[] = {
	[BTRFS_CSUM_TYPE_CRC32] = {"crc32c", 4, compute_crc32c},
	[BTRFS_CSUM_TYPE_XXHASH] = {"xxhash64", 8, compute_xxhash64},
	[BTRFS_CSUM_TYPE_SHA256] = {"sha256", 32, compute_sha256},
	[BTRFS_CSUM_TYPE_BLAKE2] = {"blake2b", 32, compute_blake2b},
};

const struct csum_algorithm *csum_algorithm_find(uint16_t type)
{
	if (type >= sizeof(algorithms) / sizeof(algorithms[0]))
		return NULL;
	/* libgcrypt wants its version checked before any other use, once in a process. */
	if (!gcry_control(GCRYCTL_INITIALIZATION_FINISHED_P)) {
		gcry_check_version(NULL);
		gcry_control(GCRYCTL_DISABLE_SECMEM, 0);
		gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0);
	}
	return &algorithms[type];
}

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
	while (length--)
		sum = __builtin_ia32_crc32qi((uint32_t)sum, *bytes++);
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

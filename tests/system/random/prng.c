/* SPDX-License-Identifier: GPL-2.0 */
#include "tests/system/random/prng.h"

#include <string.h>

static uint64_t splitmix64(uint64_t *state)
{
	uint64_t value = *state += 0x9e3779b97f4a7c15;

	value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
	value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
	return value ^ (value >> 31);
}

static uint64_t rotate_left(uint64_t value, unsigned int bits)
{
	return value << bits | value >> (64 - bits);
}

void prng_seed(struct prng *prng, uint64_t seed, uint64_t stream)
{
	uint64_t state = seed;

	state = splitmix64(&state) ^ stream;
	for (size_t i = 0; i < 4; i++)
		prng->state[i] = splitmix64(&state);
}

uint64_t prng_next(struct prng *prng)
{
	uint64_t *s = prng->state;
	uint64_t result = rotate_left(s[1] * 5, 7) * 9;
	uint64_t shifted = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= shifted;
	s[3] = rotate_left(s[3], 45);
	return result;
}

uint64_t prng_below(struct prng *prng, uint64_t limit)
{
	/* The bias of the remainder is far below what a test could notice. */
	return limit ? prng_next(prng) % limit : 0;
}

uint64_t prng_between(struct prng *prng, uint64_t low, uint64_t high)
{
	return low + prng_below(prng, high - low + 1);
}

bool prng_percent(struct prng *prng, unsigned int percent)
{
	return prng_below(prng, 100) < percent;
}

void prng_fill(struct prng *prng, void *data, size_t length)
{
	uint8_t *at = data;

	while (length) {
		uint64_t value = prng_next(prng);
		size_t step = length < sizeof(value) ? length : sizeof(value);

		memcpy(at, &value, step);
		at += step;
		length -= step;
	}
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The random numbers of random-send: xoshiro256** filled by splitmix64 (both by Blackman and Vigna,
 * public domain descriptions). Every choice of a seed comes from here and from nowhere else, so
 * that a seed names one filesystem.
 */
#ifndef TESTS_RANDOM_PRNG_H
#define TESTS_RANDOM_PRNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct prng {
	uint64_t state[4];
};

/* The same @seed with another @stream is an independent sequence. */
void prng_seed(struct prng *prng, uint64_t seed, uint64_t stream);
uint64_t prng_next(struct prng *prng);
/* 0 <= result < limit; 0 for a limit of 0. */
uint64_t prng_below(struct prng *prng, uint64_t limit);
/* low <= result <= high */
uint64_t prng_between(struct prng *prng, uint64_t low, uint64_t high);
bool prng_percent(struct prng *prng, unsigned int percent);
void prng_fill(struct prng *prng, void *data, size_t length);

#endif

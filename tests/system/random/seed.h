/* SPDX-License-Identifier: GPL-2.0 */
/* One seed from mkfs to the last comparison, in a process of its own. */
#ifndef TESTS_RANDOM_SEED_H
#define TESTS_RANDOM_SEED_H

#include "tests/system/random/coverage.h"

#include <stdbool.h>
#include <stdint.h>

struct options {
	uint64_t first_seed;
	uint64_t count;
	unsigned int operations; /* in each round; 0: by profile */
	unsigned int jobs;
	const char *keep; /* folder, or NULL */
	const char *dump; /* folder, or NULL: images and lists of sends go there, nothing is sent */
	bool kernel_only;
	bool verbose;
};

/* The exit status of random-send, and of the process of a seed. */
enum {
	STATUS_EQUAL = 0,
	STATUS_DIFFERENT = 1,
	STATUS_USAGE = 2,
	STATUS_ENVIRONMENT = 3,
};

/* What the process of a seed tells in shared memory, readable even if it dies. */
struct seed_result {
	uint64_t seed;
	struct coverage coverage;
	char stage[512]; /* what it is doing */
};

/* Run @result->seed. Prints what there is to say in one piece and returns an exit status. */
int seed_run(const struct options *options, struct seed_result *result);

#endif

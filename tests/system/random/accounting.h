/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Does the engine account for every byte of data in its stream, and tell its observer the same; and
 * of each command what it is, where it is and which path it names?
 */
#ifndef TESTS_RANDOM_ACCOUNTING_H
#define TESTS_RANDOM_ACCOUNTING_H

#include "engine/sendengine.h"

#include <stdio.h>

struct accounting {
	struct clone_loss_counters losses; /* of the send's summary */
	uint64_t told[CLONE_LOSS_COUNT];   /* sums of the events */
	uint64_t told_ino;		   /* the last inode that lost bytes */
	uint64_t files_told;		   /* how many did */
	uint64_t untold;		   /* events without bytes, or of an unknown class */
	uint64_t commands_told;		   /* a sum of all that was told of them, in order */
};

/* An event_fn; @context is an accounting. */
void accounting_observe(void *context, const struct event *event);

/* 0, or -EUCLEAN with the difference printed. */
int accounting_check(const struct accounting *accounting, const void *stream, size_t length,
		     FILE *out);

#endif

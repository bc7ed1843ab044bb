/* SPDX-License-Identifier: GPL-2.0 */
/* The comparison of two streams, and the report of their first difference. */
#ifndef TESTS_RANDOM_COMPARE_H
#define TESTS_RANDOM_COMPARE_H

#include "tests/system/random/sends.h"

#include <stdbool.h>
#include <stdio.h>

/* Equal bytes after success on both sides; or failure on both, after the same commands. */
bool streams_equal(const struct stream *kernel, const struct stream *engine);

/*
 * Print the results, the first command that differs on each side, and the commands before it.
 * @engine_message is why the engine failed, if it did.
 */
void streams_report(const struct stream *kernel, const struct stream *engine,
		    const char *engine_message, FILE *out);

#endif

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
 * Is the stream made of whole commands with right checksums, begun as a stream and, unless the send
 * failed, ended as one? 0, or -EPROTO with @failure set.
 */
int stream_check(const struct stream *stream, struct failure *failure);

/*
 * Print the results, the first command that differs on each side, and the commands before it.
 * @engine_message is why the engine failed, if it did.
 */
void streams_report(const struct stream *kernel, const struct stream *engine,
		    const char *engine_message, FILE *out);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/* What the engine told of what a receiver gets wrong: all of it counted, the first ones as text. */
#ifndef PROFILER_NOTICE_LOG_H
#define PROFILER_NOTICE_LOG_H

#include "engine/sendengine.h"

enum { NOTICE_LOG_TEXTS = 20, NOTICE_TEXT_SIZE = 512 };

struct notice_log {
	uint64_t counts[NOTICE_COUNT];
	uint64_t total;
	size_t text_count; /* at most NOTICE_LOG_TEXTS; the others are only counted */
	char texts[NOTICE_LOG_TEXTS][NOTICE_TEXT_SIZE];
};

/* A send_notice_fn; @context is a struct notice_log. */
void notice_log_add(void *context, const struct send_notice *notice);

/* Print it on stderr, a line each, with the name of the generation that sends so. */
void notice_log_print(const struct notice_log *log, const struct generation *generation);

#endif

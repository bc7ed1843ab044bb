/* SPDX-License-Identifier: GPL-2.0 */
/* The parts of a page. */
#ifndef REPORTS_HTML_PARTS_H
#define REPORTS_HTML_PARTS_H

#include "profiler/result.h"
#include "reports/summary.h"

#include <stdio.h>

extern const char *const html_tone_classes[TONE_COUNT];

/*
 * Everything up to the sentence below the headline, which the caller writes and ends with
 * "</p>\n</header>\n". @word and @product are plain words.
 */
void html_begin(enum tone tone, const char *word, const char *product, FILE *out);

void html_table(const struct table *table, FILE *out);

/* One of the large figures, in a <dl class="tiles">; @detail may be NULL. */
void html_tile(FILE *out, const char *tone, const char *label, const char *value,
	       const char *detail);

/* The few figures that matter most, large. 0 or -ENOMEM. */
int html_tiles(const struct result *result, const struct headline *headline, FILE *out);

/* Every sample's duration as a mark on one scale from 0, a line for each side. */
void html_strips(const struct result *result, FILE *out);

/* The commands around the divergence side by side, what differs marked. 0 or -ENOMEM. */
int html_context(const struct divergence *divergence, FILE *out);

#endif

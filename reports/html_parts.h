/* SPDX-License-Identifier: GPL-2.0 */
/* The parts of the page that are no tables. */
#ifndef REPORTS_HTML_PARTS_H
#define REPORTS_HTML_PARTS_H

#include "profiler/result.h"
#include "reports/summary.h"

#include <stdio.h>

/* The few figures that matter most, large. 0 or -ENOMEM. */
int html_tiles(const struct result *result, const struct headline *headline, FILE *out);

/* Every sample's duration as a mark on one scale from 0, a line for each side. */
void html_strips(const struct result *result, FILE *out);

/* The commands around the divergence side by side, what differs marked. 0 or -ENOMEM. */
int html_context(const struct divergence *divergence, FILE *out);

#endif

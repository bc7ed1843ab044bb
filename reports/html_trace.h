/* SPDX-License-Identifier: GPL-2.0 */
/* The pictures of the page that are drawn from what watching a send told. */
#ifndef REPORTS_HTML_TRACE_H
#define REPORTS_HTML_TRACE_H

#include "profiler/result.h"
#include "reports/table.h"

#include <stdio.h>

/* The rows of @table as one bar: each row's last cell has its part. */
void html_parts(const struct table *table, FILE *out);

/* Curves over the time of the send, for each side whose events were taken. */
void html_timeline(const struct result *result, FILE *out);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Renderers of benches. Those that write return 0 or a negative errno: -EIO or what the file said
 * when a write failed, -ENOMEM.
 */
#ifndef REPORTS_BENCH_H
#define REPORTS_BENCH_H

#include "profiler/bench_history.h"
#include "reports/table.h"

#include <stdio.h>

/* Each initialises @table; rows are added by the next two. End with table_release(). */
void bench_times_begin(struct table *table);
void bench_usage_begin(struct table *table);
void bench_times_row(struct table *table, const char *label, const struct bench_seen *seen);
/* A row for each side. */
void bench_usage_rows(struct table *table, const char *label, const struct bench_seen *seen);
void build_bench_fits(const struct bench_history *history, struct table *table);
void build_bench_files(const struct bench_history *history, struct table *table);

/* For a terminal: the newest file. */
int bench_text(const struct bench_history *history, FILE *out, bool colour, unsigned int width);
/* One file that needs no other and no network, with the course over all files. */
int bench_html(const struct bench_history *history, FILE *out);

#endif

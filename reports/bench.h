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

/*
 * Each initialises @table; rows are added by the next two. End with table_release(). @title stands
 * above the names.
 */
void bench_times_begin(struct table *table);
void bench_usage_begin(struct table *table, const char *title);
#define BENCH_USAGE_TITLE "Resources, medians" /* where nothing else says so */
void bench_times_row(struct table *table, const char *label, const struct bench_seen *seen);
/* A row for each side. */
void bench_usage_rows(struct table *table, const char *label, const struct bench_seen *seen);
void build_bench_fits(const struct bench_history *history, struct table *table);
/* All that is drawn of a sweep. */
void build_bench_points(const struct bench_curve *curve, struct table *table);
/* Of several files; no rows for one. */
void build_bench_course(const struct bench_history *history, struct table *table);
void build_bench_files(const struct bench_history *history, struct table *table);

/* "IDENTICAL", "15 of 15 workloads sent alike, byte for byte; Linux 6.18" */
struct bench_headline {
	enum tone tone;
	const char *word;
	char *detail; /* printable; owned, to be freed */
	size_t equal; /* workloads whose streams are */
};

/* 0 or -ENOMEM. */
int bench_headline(const struct bench_history *history, struct bench_headline *headline);

/* For a terminal: the newest file. */
int bench_text(const struct bench_history *history, FILE *out, bool colour, unsigned int width);
/* GitHub's Markdown, without plots: it stands alone. */
int bench_markdown(const struct bench_history *history, FILE *out);
/*
 * One file that needs no other and no network, with the course over all files. @plots_directory
 * holds what bench_plots() made; where it is NULL or lacks some, the page says how to get them.
 */
int bench_html(const struct bench_history *history, const char *plots_directory, FILE *out);

/*
 * The plots of the sweeps, in files as those of report_plots() (reports/report.h), which are named
 * by bench_plot_name(). 0 also without a sweep.
 */
int bench_plots(const struct bench_history *history, const char *directory,
		struct failure *failure);
enum { BENCH_PLOT_NAME = 32 };
const char *bench_plot_name(size_t curve, char name[BENCH_PLOT_NAME]);

/* As report_write_all(): report.md, report.html and, of sweeps, plots/. */
int bench_write_all(const struct bench_history *history, const char *directory,
		    struct failure *failure);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The page renderers as report_write_all() uses them: they know where the plots are, or why not.
 * And what other pages have in common with them.
 */
#ifndef REPORTS_PAGES_H
#define REPORTS_PAGES_H

#include "profiler/bench_history.h"
#include "profiler/result.h"
#include "reports/table.h"

#include <stdio.h>

struct page_plots {
	const char *directory; /* where to read them, NULL for none */
	const char *link;      /* how the page names that directory */
	const char *flame;     /* the file with the picture of the stacks beside it; NULL: none */
	const char *reason;    /* why there are none; NULL when it is not known */
};

/* 0 or a negative errno. @plots may be NULL: then plots are not spoken of. */
int markdown_write(const struct result *result, const struct page_plots *plots, FILE *out);
int html_write(const struct result *result, const struct page_plots *plots, FILE *out);

int bench_markdown_write(const struct bench_history *history, const struct page_plots *plots,
			 FILE *out);
int bench_html_write(const struct bench_history *history, const struct page_plots *plots,
		     FILE *out);

/* The reason when it is not known better. */
#define PLOTS_NOT_DRAWN \
	"none were drawn; that needs gnuplot (Debian, Ubuntu: apt install gnuplot-nox)"

/* Say, before everything else, that there are none and why; nothing while they are there. */
int markdown_absent_plots(const struct page_plots *plots, FILE *out);
int html_absent_plots(const struct page_plots *plots, FILE *out);

void markdown_table(const struct table *table, FILE *out);
/* Table and note under a heading of @level, unless both are empty; @table is released. */
int markdown_section(unsigned int level, const char *title, struct table *table, FILE *out);

#endif

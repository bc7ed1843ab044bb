/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The parts of a report, in order: the one place that turns a result into tables. The renderers
 * walk this list and know no metric by name.
 */
#ifndef REPORTS_SECTIONS_H
#define REPORTS_SECTIONS_H

#include "profiler/result.h"
#include "reports/table.h"

/* Where a section is shown. */
enum {
	IN_TEXT = 1u << 0,
	IN_MARKDOWN = 1u << 1,
	IN_HTML = 1u << 2,
	IN_PAGES = IN_MARKDOWN | IN_HTML,
	IN_ALL = IN_TEXT | IN_PAGES,
	IN_TRACE = 1u << 3, /* the summary of a send that was only watched */
};

/* What a section holds beside its table. */
enum section_extra {
	EXTRA_NONE,
	EXTRA_CONTEXT,	/* the commands around the first divergence */
	EXTRA_SAMPLES,	/* every sample on one scale */
	EXTRA_PARTS,	/* the rows as one bar, in HTML */
	EXTRA_TIMELINE, /* in HTML */
	EXTRA_FLAME,	/* in HTML */
};

struct section {
	const char *id; /* of the heading, for links */
	const char *title;
	const char *meaning; /* how to read it, one or two sentences; NULL: it needs none */
	const char *plot;    /* name of its plot, or NULL */
	unsigned int where;  /* IN_* */
	enum section_extra extra;
	unsigned int text_rows; /* in a terminal no more than these; 0: all */
	/*
	 * Fill @table, which is not initialised, and never without table_init(). A table without
	 * rows and without a note means that the result has nothing on this: the section is left
	 * out, unless it has a plot.
	 */
	void (*build)(const struct result *result, struct table *table);
};

extern const struct section sections[];
extern const size_t section_count;

/* Builders, by file: sections_facts.c, sections_explanation.c, sections_figures.c, ... */
void build_sent(const struct result *result, struct table *table);
void build_environment(const struct result *result, struct table *table);
void build_notices(const struct result *result, struct table *table);
void build_missing(const struct result *result, struct table *table);
void build_divergence(const struct result *result, struct table *table);
void build_explanation(const struct result *result, struct table *table);
void build_durations(const struct result *result, struct table *table);
void build_resources(const struct result *result, struct table *table);
void build_samples(const struct result *result, struct table *table);
void build_latency(const struct result *result, struct table *table);
void build_progress(const struct result *result, struct table *table);
void build_mix(const struct result *result, struct table *table);
void build_reads(const struct result *result, struct table *table);
/* ... sections_searches.c ... */
void build_caches(const struct result *result, struct table *table);
void build_backrefs(const struct result *result, struct table *table);
void build_agreement(const struct result *result, struct table *table);
void build_references(const struct result *result, struct table *table);
void build_candidates(const struct result *result, struct table *table);
void build_search_times(const struct result *result, struct table *table);
/* ... sections_losses.c ... */
void build_losses(const struct result *result, struct table *table);
void build_loss_files(const struct result *result, struct table *table);
void build_few_loss_files(const struct result *result, struct table *table);
void build_beyond(const struct result *result, struct table *table);
/* ... and sections_trace.c. */
void build_parts(const struct result *result, struct table *table);
void build_command_work(const struct result *result, struct table *table);
void build_extents(const struct result *result, struct table *table);
void build_inodes(const struct result *result, struct table *table);
void build_inodes_in_text(const struct result *result, struct table *table);
void build_slow_commands(const struct result *result, struct table *table);
void build_slow_commands_in_text(const struct result *result, struct table *table);
void build_timeline(const struct result *result, struct table *table);
void build_flame(const struct result *result, struct table *table);
void build_tracing(const struct result *result, struct table *table);

#endif

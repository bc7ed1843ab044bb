/* SPDX-License-Identifier: GPL-2.0 */
/* The tables of a comparison: what all its renderers show. */
#ifndef REPORTS_COMPARISON_TABLES_H
#define REPORTS_COMPARISON_TABLES_H

#include "profiler/comparison.h"
#include "reports/table.h"

/* "FAILED", "2 of 14 gates; the streams of 1 workload differ" */
struct comparison_headline {
	enum tone tone;
	const char *word;
	char *detail;		   /* printable; owned */
	size_t judged[JUDGEMENTS]; /* metrics by what became of them */
};

/* 0 or -ENOMEM. End with comparison_headline_release(), also after an error. */
int comparison_headline(const struct comparison *comparison, struct comparison_headline *headline);
void comparison_headline_release(struct comparison_headline *headline);

/* Each initialises @table; end with table_release(). A table without rows has nothing to say. */
void build_compared_files(const struct comparison *comparison, struct table *table);
void build_gates(const struct comparison *comparison, struct table *table);
/* Why gates fail, a row each. */
void build_reasons(const struct comparison *comparison, struct table *table);
/*
 * When the file @index of @count was measured, short: month and day, the time where all are of one
 * day, the number of the file where it does not say.
 */
void compared_file_when(const struct compared_file *files, size_t count, size_t index, char *text,
			size_t size);
/* Without @all what did not change is counted in a note. */
void build_changes(const struct comparison *comparison, const struct compared_workload *workload,
		   bool all, struct table *table);

/* "Changes", or "Changes of many-refs refs=10" where there are several. The caller frees it. */
char *changes_title(const struct comparison *comparison, const struct compared_workload *workload);

#endif

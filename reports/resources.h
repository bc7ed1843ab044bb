/* SPDX-License-Identifier: GPL-2.0 */
/* What a send used, as cells of a table: of a run, and of the workloads of a bench. */
#ifndef REPORTS_RESOURCES_H
#define REPORTS_RESOURCES_H

#include "profiler/result.h"
#include "reports/table.h"

/* Their columns, elements of an array of struct column. */
#define RESOURCE_COLUMNS                                                                  \
	{"User", ALIGN_RIGHT, 0}, {"System", ALIGN_RIGHT, 0}, {"Faults", ALIGN_RIGHT, 1}, \
		{"Major", ALIGN_RIGHT, 2}, {"From device", ALIGN_RIGHT, 0},               \
		{"Peak memory", ALIGN_RIGHT, 0},

/* How to read them. */
#define RESOURCES_MEANING                                                                         \
	"What a send used, medians: processor time of all its threads, page faults and those of " \
	"them that had to read, what was read from devices because it was in no cache. The "      \
	"memory is that of the whole process; the kernel's own is not known."

/* A cell for each of the columns. Not @known: nothing of it is. */
void resource_cells(struct table *table, bool known, const struct run_usage *usage);

#endif

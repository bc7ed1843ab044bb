/* SPDX-License-Identifier: GPL-2.0 */
#include "reports/resources.h"
#include "reports/format.h"

static void add_figure(struct table *table, bool known, const char *text)
{
	table_cell(table, known ? TONE_PLAIN : TONE_MUTED, "%s", known ? text : FORMAT_NONE);
}

void resource_cells(struct table *table, bool known, const struct run_usage *usage)
{
	add_figure(table, known, DURATION(usage->user_ns));
	add_figure(table, known, DURATION(usage->system_ns));
	add_figure(table, known, COUNT(usage->minor_faults));
	add_figure(table, known, COUNT(usage->major_faults));
	add_figure(table, known && usage->has_device_bytes, BYTES(usage->device_bytes));
	add_figure(table, known && usage->has_peak_bytes, BYTES(usage->peak_bytes));
}

/* SPDX-License-Identifier: GPL-2.0 */
#include "reports/bench.h"
#include "reports/text_parts.h"

#include <errno.h>
#include <stdlib.h>

static int put_table(const struct text_terminal *terminal, struct table *table, bool first)
{
	int ret = table->error;

	if (!ret && (table->cell_count || table->note)) {
		if (!first)
			fputc('\n', terminal->out);
		text_table(terminal, table);
	}
	table_release(table);
	return ret;
}

/* What is drawn of the sweeps on a page. */
static int put_points(const struct text_terminal *terminal, const struct bench_history *history)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < history->curve_count; i++) {
		struct table table;
		char *title = printable_text("%s over %s", history->curves[i].label,
					     history->curves[i].parameter);

		build_bench_points(&history->curves[i], &table);
		if (title)
			text_title(terminal, title);
		ret = title ? put_table(terminal, &table, true) : -ENOMEM;
		if (!title)
			table_release(&table);
		free(title);
	}
	return ret;
}

int bench_text(const struct bench_history *history, FILE *out, bool colour, unsigned int width)
{
	struct text_terminal terminal = text_terminal_on(out, colour, width);
	struct table times, usage, fits, files;
	int ret, others[4];

	bench_times_begin(&times);
	bench_usage_begin(&usage, BENCH_USAGE_TITLE);
	for (size_t i = 0; i < history->workload_count; i++) {
		const char *label = history->workloads[i].label;

		bench_times_row(&times, label, bench_newest(history, i));
		bench_usage_rows(&usage, label, bench_newest(history, i));
	}
	build_bench_fits(history, &fits);
	build_bench_files(history, &files);
	ret = put_table(&terminal, &times, true);
	others[0] = put_table(&terminal, &usage, false);
	others[1] = put_table(&terminal, &fits, false);
	others[2] = put_points(&terminal, history);
	others[3] = put_table(&terminal, &files, false);
	for (size_t i = 0; !ret && i < sizeof(others) / sizeof(others[0]); i++)
		ret = others[i];
	if (!ret && (fflush(out) || ferror(out)))
		ret = errno ? -errno : -EIO;
	return ret;
}

/* SPDX-License-Identifier: GPL-2.0 */
/* A comparison for a terminal. */
#include "reports/comparison.h"
#include "reports/comparison_tables.h"
#include "reports/format.h"
#include "reports/text_parts.h"

#include <errno.h>
#include <stdlib.h>

/* Draw @table unless it is empty, and release it. */
static int put_section(const struct text_terminal *terminal, const char *title, struct table *table)
{
	int ret = table->error;

	if (ret == 0 && (table->cell_count || table->note)) {
		text_title(terminal, title);
		text_table(terminal, table);
	}
	table_release(table);
	return ret;
}

static int put_headline(const struct text_terminal *terminal, const struct comparison *comparison)
{
	struct comparison_headline headline;
	int ret = comparison_headline(comparison, &headline);

	if (ret == 0) {
		text_begin(terminal, TEXT_BOLD);
		text_put(terminal, headline.tone, headline.word);
		text_pad(terminal, TEXT_GAP);
		text_wrapped(terminal, TONE_PLAIN, headline.detail,
			     format_width(headline.word) + TEXT_GAP);
	}
	comparison_headline_release(&headline);
	return ret;
}

static int put_changes(const struct text_terminal *terminal, const struct comparison *comparison,
		       const struct compared_workload *workload, bool all)
{
	char *title = changes_title(comparison, workload);
	struct table table;
	int ret;

	if (!title)
		return -ENOMEM;
	build_changes(comparison, workload, all, &table);
	ret = put_section(terminal, title, &table);
	free(title);
	return ret;
}

int comparison_text(const struct comparison *comparison, FILE *out, bool colour, unsigned int width,
		    bool all)
{
	const struct text_terminal terminal = text_terminal_on(out, colour, width);
	struct table table;
	int ret = put_headline(&terminal, comparison);

	if (ret == 0) {
		build_compared_files(comparison, &table);
		ret = put_section(&terminal, "Compared", &table);
	}
	for (size_t i = 0; ret == 0 && i < comparison->workload_count; i++)
		ret = put_changes(&terminal, comparison, &comparison->workloads[i], all);
	if (ret == 0) {
		build_gates(comparison, &table);
		ret = put_section(&terminal, "Gates", &table);
	}
	/* The last thing before the prompt is why it failed. */
	if (ret == 0) {
		build_reasons(comparison, &table);
		ret = put_section(&terminal, "Why it failed", &table);
	}
	if (ret == 0 && (fflush(out) != 0 || ferror(out)))
		ret = errno ? -errno : -EIO;
	return ret;
}

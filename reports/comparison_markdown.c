/* SPDX-License-Identifier: GPL-2.0 */
/* A comparison as GitHub's Markdown: the gates first, then what changed. */
#include "reports/comparison.h"
#include "reports/comparison_tables.h"
#include "reports/format.h"
#include "reports/pages.h"

#include <errno.h>
#include <stdlib.h>

static int put_changes(const struct comparison *comparison,
		       const struct compared_workload *workload, FILE *out)
{
	char *title = changes_title(comparison, workload);
	struct table table;
	int ret;

	if (!title)
		return -ENOMEM;
	build_changes(comparison, workload, false, &table);
	ret = markdown_section(2, title, &table, out);
	free(title);
	return ret;
}

int comparison_markdown(const struct comparison *comparison, FILE *out)
{
	struct comparison_headline headline;
	struct table table;
	int ret = comparison_headline(comparison, &headline);

	if (ret == 0) {
		fprintf(out, "# %s: ", headline.word);
		format_markdown(out, headline.detail);
		fputs("\n\n", out);
		build_gates(comparison, &table);
		ret = markdown_section(2, "Gates", &table, out);
	}
	comparison_headline_release(&headline);
	if (ret == 0) {
		build_reasons(comparison, &table);
		ret = markdown_section(2, "Why it failed", &table, out);
	}
	for (size_t i = 0; ret == 0 && i < comparison->workload_count; i++)
		ret = put_changes(comparison, &comparison->workloads[i], out);
	if (ret == 0) {
		build_compared_files(comparison, &table);
		ret = markdown_section(2, "Compared", &table, out);
	}
	if (ret == 0 && (fflush(out) != 0 || ferror(out)))
		ret = errno ? -errno : -EIO;
	return ret;
}

/* SPDX-License-Identifier: GPL-2.0 */
/* The report as GitHub's Markdown. */
#include "reports/context.h"
#include "reports/format.h"
#include "reports/pages.h"
#include "reports/report.h"
#include "reports/sections.h"
#include "reports/summary.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static void put_row(const struct table *table, size_t row, FILE *out)
{
	for (size_t column = 0; column < table->column_count; column++) {
		fputs(column ? " | " : "| ", out);
		format_markdown(out, table_at(table, row, column)->text);
	}
	fputs(" |\n", out);
}

void markdown_table(const struct table *table, FILE *out)
{
	for (size_t column = 0; column < table->column_count; column++)
		fprintf(out, "%s%s", column ? " | " : "| ", table->columns[column].heading);
	fputs(" |\n|", out);
	for (size_t column = 0; column < table->column_count; column++)
		fputs(table->columns[column].align == ALIGN_RIGHT ? "---:|" : "---|", out);
	fputc('\n', out);
	for (size_t row = 0; row < table_rows(table); row++)
		put_row(table, row, out);
	fputc('\n', out);
}

int markdown_section(unsigned int level, const char *title, struct table *table, FILE *out)
{
	int ret = table->error;

	if (ret == 0 && (table->cell_count || table->note)) {
		fprintf(out, "%.*s ", (int)level, "######");
		format_markdown(out, title);
		fputs("\n\n", out);
		if (table->cell_count)
			markdown_table(table, out);
		if (table->note) {
			format_markdown(out, table->note);
			fputs("\n\n", out);
		}
	}
	table_release(table);
	return ret;
}

int markdown_absent_plots(const struct page_plots *plots, FILE *out)
{
	char *reason;

	if (!plots || !plots->reason)
		return 0;
	reason = printable_text("%s", plots->reason);
	if (!reason)
		return -ENOMEM;
	fputs("Plots are missing: ", out);
	format_markdown(out, reason);
	fputs(".\n\n", out);
	free(reason);
	return 0;
}

/* A diff of indented lines: in a code block nothing needs to be escaped, and nothing can end it. */
static int put_context(const struct divergence *divergence, FILE *out)
{
	for (size_t i = 0; i < divergence->context_count; i++) {
		struct context_row row;

		if (context_row(divergence, i, &row) < 0)
			return -ENOMEM;
		if (row.same) {
			fprintf(out, "      %s\n", row.text[SIDE_KERNEL]);
		} else {
			if (row.text[SIDE_KERNEL])
				fprintf(out, "    - %s\n", row.text[SIDE_KERNEL]);
			if (row.text[SIDE_ENGINE])
				fprintf(out, "    + %s\n", row.text[SIDE_ENGINE]);
		}
		context_row_release(&row);
	}
	if (divergence->context_count)
		fputs("\n`-` is the kernel's, `+` the engine's.\n\n", out);
	return 0;
}

/* A picture if it was drawn. */
static int put_plot(const struct section *section, const struct page_plots *plots, FILE *out)
{
	char *path;

	if (!plots || !plots->directory)
		return 0;
	if (asprintf(&path, "%s/%s.png", plots->directory, section->plot) < 0)
		return -ENOMEM;
	if (access(path, R_OK) == 0)
		fprintf(out, "![%s](%s/%s.png)\n\n", section->title, plots->link, section->plot);
	free(path);
	return 0;
}

/* A picture of its own file is not drawn again. */
static bool is_shown(const struct section *section, const struct page_plots *plots)
{
	return section->extra != EXTRA_FLAME || (plots && plots->flame);
}

static int put_section(const struct section *section, const struct result *result,
		       const struct page_plots *plots, FILE *out)
{
	struct table table;
	int ret;

	section->build(result, &table);
	ret = table.error;
	if (ret == 0 && (table.cell_count || table.note || (section->plot && plots))) {
		fprintf(out, "## %s\n\n", section->title);
		if (section->meaning)
			fprintf(out, "%s\n\n", section->meaning);
		if (section->plot)
			ret = put_plot(section, plots, out);
		if (table.lead) {
			format_markdown(out, table.lead);
			fputs("\n\n", out);
		}
		if (table.cell_count)
			markdown_table(&table, out);
		if (table.note) {
			format_markdown(out, table.note);
			fputs("\n\n", out);
		}
		if (section->extra == EXTRA_FLAME)
			fprintf(out, "[![%s](%s)](%s)\n\n", section->title, plots->flame,
				plots->flame);
		if (ret == 0 && section->extra == EXTRA_CONTEXT)
			ret = put_context(&result->divergence, out);
	}
	table_release(&table);
	return ret;
}

static int put_head(const struct result *result, const struct page_plots *plots, FILE *out)
{
	struct headline headline;
	int ret = headline_build(result, &headline);

	if (ret == 0) {
		fprintf(out, "# %s: ", headline.word);
		format_markdown(out, headline.detail);
		fputs("\n\n", out);
		if (headline.speed) {
			fprintf(out, "**engine %s**", headline.speed);
			if (headline.caution)
				fprintf(out, " (%s)", headline.caution);
			fputs("\n\n", out);
		}
	}
	headline_release(&headline);
	return ret == 0 ? markdown_absent_plots(plots, out) : ret;
}

int markdown_write(const struct result *result, const struct page_plots *plots, FILE *out)
{
	int ret = put_head(result, plots, out);

	for (size_t i = 0; ret == 0 && i < section_count; i++)
		if (sections[i].where & IN_MARKDOWN && is_shown(&sections[i], plots))
			ret = put_section(&sections[i], result, plots, out);
	if (ret == 0 && (fflush(out) != 0 || ferror(out)))
		ret = errno ? -errno : -EIO;
	return ret;
}

int report_markdown(const struct result *result, FILE *out)
{
	return markdown_write(result, NULL, out);
}

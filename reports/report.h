/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Renderers of a result: text for a terminal, Markdown, HTML, plots. They read the result model and
 * nothing else. Every function returns 0 or a negative errno: -EIO or what the file said when a
 * write failed, -ENOMEM.
 */
#ifndef REPORTS_REPORT_H
#define REPORTS_REPORT_H

#include "profiler/result.h"

#include <stdio.h>

/*
 * The summary for a person: the verdict first, then what was sent, the figures and what is missing.
 * Fits @width columns, at least 40. Characters beyond ASCII only when the locale of the environment
 * is UTF-8.
 */
int report_text(const struct result *result, FILE *out, bool colour, unsigned int width);

/*
 * "Report" and the files of a report that are in @directory: the end of a run's output. Prints
 * nothing when there are none.
 */
int report_text_files(const char *directory, FILE *out, bool colour);

/* Of a result only what explains the difference; nothing when that was not looked for. */
int report_text_explanation(const struct result *result, FILE *out, bool colour,
			    unsigned int width);

/* Of a result only what watching the kernel's send told, for a send that nothing else is known of.
 */
int report_text_trace(const struct result *result, FILE *out, bool colour, unsigned int width);

/* GitHub's Markdown, without plots: it stands alone. */
int report_markdown(const struct result *result, FILE *out);

/*
 * One file that needs no other and no network. @plots_directory holds what report_plots() made, and
 * may be NULL or lack some: their places then say how to get them.
 */
int report_html(const struct result *result, const char *plots_directory, FILE *out);

/*
 * Make @directory and in it, for each plot: NAME.svg and NAME-narrow.svg, which follow the reader's
 * light or dark scheme, NAME.png, and NAME.gp with NAME.dat, from which "gnuplot NAME.gp" shows it
 * again. -ENOENT when there is no gnuplot; @failure says what went wrong.
 */
int report_plots(const struct result *result, const char *directory, struct failure *failure);

/*
 * Write report.md, report.html and plots/, with samples of the kernel's stack also flame.svg and
 * stacks.folded, into @directory, which exists. Plots that could not be
 * made are no error: the report says so in their place, and @failure carries the reason (its code
 * is set while 0 is returned) for whoever wants to warn.
 */
int report_write_all(const struct result *result, const char *directory, struct failure *failure);

#endif

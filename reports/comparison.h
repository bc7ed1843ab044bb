/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Renderers of a comparison of results. They read its model and nothing else. Those that write
 * return 0 or a negative errno: -EIO or what the file said when a write failed, -ENOMEM.
 */
#ifndef REPORTS_COMPARISON_H
#define REPORTS_COMPARISON_H

#include "profiler/comparison.h"

#include <stdio.h>

/* For a terminal, like report_text(). Without @all what did not change is only counted. */
int comparison_text(const struct comparison *comparison, FILE *out, bool colour, unsigned int width,
		    bool all);
/* GitHub's Markdown, short enough for the summary of a job. */
int comparison_markdown(const struct comparison *comparison, FILE *out);
/* One file that needs no other and no network, with everything. */
int comparison_html(const struct comparison *comparison, FILE *out);
/* JUnit's XML: a suite for each workload, in it a case for each gate. */
int comparison_junit(const struct comparison *comparison, FILE *out);

/*
 * "kernel.duration: 900 ms, was 700 ms (+28.6%, 95%: +21.0% to +35.2%)". The caller frees it; NULL
 * when there is no memory.
 */
char *comparison_sentence(const struct comparison *comparison, const struct metric *metric);

#endif

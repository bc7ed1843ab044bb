/* SPDX-License-Identifier: GPL-2.0 */
/* What each plot adds to its script: data, and values by name. */
#ifndef REPORTS_PLOTS_H
#define REPORTS_PLOTS_H

#include "engine/core/failure.h"

#include <stdio.h>

/* Pixels; both 0 when there is nothing to draw. */
struct plot_height {
	unsigned int wide, narrow;
};

struct plot {
	const char *name;   /* of its files; a section asks for it by this */
	const char *script; /* after the values */
	/* @subject: what it is a plot of. */
	void (*prepare)(const void *subject, FILE *data, FILE *script, struct plot_height *height);
};

/*
 * Draw it into @directory, which exists, in place of what is there by its name. 0 also when there
 * is nothing to draw; -ENOENT when there is no gnuplot; @failure says what went wrong.
 */
int plot_make(const struct plot *plot, const void *subject, const char *directory,
	      struct failure *failure);

/*
 * Copy what was drawn into a page: two widths, of which its style shows one. @label is printable.
 * -ENOENT when there is none.
 */
int plot_inline(const char *directory, const char *name, const char *label, FILE *out);

/* Of a result: */
void plot_progress(const void *subject, FILE *data, FILE *script, struct plot_height *height);
void plot_latency(const void *subject, FILE *data, FILE *script, struct plot_height *height);
void plot_mix(const void *subject, FILE *data, FILE *script, struct plot_height *height);

#endif

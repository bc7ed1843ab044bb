/* SPDX-License-Identifier: GPL-2.0 */
/* What each plot adds to its script: data, and values by name. */
#ifndef REPORTS_PLOTS_H
#define REPORTS_PLOTS_H

#include "profiler/result.h"

#include <stdio.h>

/* Pixels; both 0 when there is nothing to draw. */
struct plot_height {
	unsigned int wide, narrow;
};

struct plot {
	const char *name; /* of its files; a section asks for it by this */
	const char *title;
	const char *script; /* after the values */
	void (*prepare)(const struct result *result, FILE *data, FILE *script,
			struct plot_height *height);
};

void plot_progress(const struct result *result, FILE *data, FILE *script,
		   struct plot_height *height);
void plot_latency(const struct result *result, FILE *data, FILE *script,
		  struct plot_height *height);
void plot_mix(const struct result *result, FILE *data, FILE *script, struct plot_height *height);

#endif

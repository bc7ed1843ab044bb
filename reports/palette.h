/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The colours of page and plots, for light and dark. gnuplot draws with the light ones; in an SVG
 * they are exchanged for the CSS variables, so that a plot follows its page.
 */
#ifndef REPORTS_PALETTE_H
#define REPORTS_PALETTE_H

#include "reports/table.h"

#include <stdint.h>
#include <stdio.h>

enum colour_role {
	COLOUR_PAGE,
	COLOUR_PANEL,
	COLOUR_INK,
	COLOUR_MUTED,
	COLOUR_RULE,
	COLOUR_KERNEL,
	COLOUR_ENGINE,
	COLOUR_BOTH, /* what both sides share */
	COLOUR_GOOD,
	COLOUR_WARN,
	COLOUR_BAD,
	COLOUR_ROLES,
};

struct colour_pair {
	const char *name;     /* of the CSS variable (--name) and of the gnuplot one */
	uint32_t light, dark; /* 0xRRGGBB, no light one twice */
};

extern const struct colour_pair palette[COLOUR_ROLES];

/* The variables for both schemes, as a style sheet for @selector. */
void palette_css(FILE *out, const char *selector);

#endif

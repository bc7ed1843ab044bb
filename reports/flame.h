/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A flame graph out of folded stacks: lines of "outermost;...;innermost COUNT", as stackcollapse
 * programs write them and flamegraph.pl reads them. Lines that are none are skipped.
 */
#ifndef REPORTS_FLAME_H
#define REPORTS_FLAME_H

#include <stdint.h>
#include <stdio.h>

/* All samples; 0 for NULL. */
uint64_t flame_samples(const char *folded);

/*
 * Draw it as one <svg> element in the variables of reports/palette.h, which the page defines.
 * Widths are shares of the width there is, so it is legible on any. 0 or -ENOMEM; nothing is drawn
 * without samples.
 */
int flame_draw(const char *folded, FILE *out);

/* The same as a file of its own. */
int flame_file(const char *folded, FILE *out);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/* gnuplot, the program, and the SVG it makes. */
#ifndef REPORTS_GNUPLOT_H
#define REPORTS_GNUPLOT_H

#include "engine/core/failure.h"

#include <stdio.h>

/*
 * Run gnuplot in @directory with @commands, at most 4096 bytes, on its standard input. -ENOENT when
 * it is not installed, -EIO when it fails (@failure has what it said), or why it could not be run.
 */
int gnuplot_run(const char *directory, const char *commands, struct failure *failure);

/*
 * Rewrite the SVG at @path, as gnuplot made it, so that it follows the reader's light or dark
 * scheme and can stand several times in a page: colours of the palette become variables, ids go.
 * -EPROTO when it is not an SVG.
 */
int svg_adapt(const char *path, struct failure *failure);

/*
 * Copy an adapted SVG into a page that defines the variables itself. @class_name is a
 * plain word, @label printable. -ENOENT when there is none, -EPROTO when it is not one.
 */
int svg_inline(const char *path, const char *class_name, const char *label, FILE *out);

#endif

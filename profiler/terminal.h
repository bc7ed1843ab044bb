/* SPDX-License-Identifier: GPL-2.0 */
/* How text is shown to a person: colour only on a terminal, as wide as that is. */
#ifndef PROFILER_TERMINAL_H
#define PROFILER_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

enum colour {
	COLOUR_NONE, /* back to plain */
	COLOUR_BOLD,
	COLOUR_DIM,
	COLOUR_GOOD,
	COLOUR_BAD,
	COLOUR_NOTE,
};

/* Whether @file is a terminal that may be written to in colour (NO_COLOR, TERM=dumb say no). */
bool colour_wanted(FILE *file);
/* The escape sequence of @colour, or "" when colour is not wanted in @file. */
const char *colour(FILE *file, enum colour colour);
/* For whoever asks often and remembers what colour_wanted() said. */
const char *colour_if(bool wanted, enum colour colour);

/* Columns of the terminal that is standard output; 100 when it is none. */
unsigned int terminal_width(void);
/* Of the terminal that @file is; false when it is none. */
bool terminal_size(FILE *file, unsigned int *columns, unsigned int *rows);

#endif

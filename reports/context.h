/* SPDX-License-Identifier: GPL-2.0 */
/* The commands around the first divergence, row by row: the kernel's and the engine's. */
#ifndef REPORTS_CONTEXT_H
#define REPORTS_CONTEXT_H

#include "profiler/result.h"

struct context_row {
	char *text[SIDE_COUNT]; /* printable, one space between words; owned; NULL: none */
	bool same;
	bool first_different;
};

/* Row @index of the contexts. 0 or -ENOMEM, then there is nothing to release. */
int context_row(const struct divergence *divergence, size_t index, struct context_row *row);
void context_row_release(struct context_row *row);

/*
 * A line is words (the command, then name=value each) with spaces between. The next word at or
 * after *@line: its start, with *@length; *@line moves behind it. NULL at the end.
 */
const char *context_word(const char **line, size_t *length);
/* Whether @line has that word too. False for a NULL line. */
bool context_has_word(const char *line, const char *word, size_t length);

#endif

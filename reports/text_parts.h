/* SPDX-License-Identifier: GPL-2.0 */
/* What the terminal's renderers draw with: tones, wrapped lines, tables as wide as there is room.
 */
#ifndef REPORTS_TEXT_PARTS_H
#define REPORTS_TEXT_PARTS_H

#include "reports/table.h"

#include <stdio.h>

enum { TEXT_GAP = 2, TEXT_INDENT = 2 };

struct text_terminal {
	FILE *out;
	unsigned int width;
	bool colour;
	bool utf8;
};

extern const char *const text_tone_codes[TONE_COUNT];
#define TEXT_BOLD "\033[1m"

/* @width is at least 40; characters beyond ASCII only where the environment's locale is UTF-8. */
struct text_terminal text_terminal_on(FILE *out, bool colour, unsigned int width);

/* Nothing when the terminal has no colour. */
void text_begin(const struct text_terminal *terminal, const char *code);
void text_end(const struct text_terminal *terminal);

void text_bytes(const struct text_terminal *terminal, const char *text, size_t bytes);
void text_put(const struct text_terminal *terminal, enum tone tone, const char *text);
void text_pad(const struct text_terminal *terminal, unsigned int columns);
/* Write @text, from column @indent on, and where it needs more lines begin each at that column. */
void text_wrapped(const struct text_terminal *terminal, enum tone tone, const char *text,
		  unsigned int indent);

void text_title(const struct text_terminal *terminal, const char *title);
/* A table of facts. */
void text_facts(const struct text_terminal *terminal, const struct table *table);
/* Any other. What can be spared is left out, bars first, until the rest fits. */
void text_grid(const struct text_terminal *terminal, const struct table *table);
/* Either, with its lead above and its note below. */
void text_table(const struct text_terminal *terminal, const struct table *table);

#endif

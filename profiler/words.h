/* SPDX-License-Identifier: GPL-2.0 */
/* A growing list of strings that is always ended by NULL: command lines, names of files. */
#ifndef PROFILER_WORDS_H
#define PROFILER_WORDS_H

#include <stdbool.h>
#include <stddef.h>

/* Empty when zeroed. */
struct words {
	char **items; /* owned, with the strings; NULL while nothing was added */
	size_t count;
	bool failed; /* memory ran out: a word is missing. Asked once, when all are added. */
};

void words_add(struct words *words, const char *text);
void words_format(struct words *words, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
bool words_contain(const struct words *words, const char *text);
/* The list is empty afterwards. */
void words_release(struct words *words);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/words.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Takes @text over, also when it fails. */
static void take(struct words *words, char *text)
{
	char **items = NULL;

	if (text)
		items = reallocarray(words->items, words->count + 2, sizeof(*items));
	if (!items) {
		free(text);
		words->failed = true;
		return;
	}
	items[words->count++] = text;
	items[words->count] = NULL;
	words->items = items;
}

void words_add(struct words *words, const char *text)
{
	take(words, strdup(text));
}

void words_format(struct words *words, const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	va_end(arguments);
	take(words, text);
}

bool words_contain(const struct words *words, const char *text)
{
	for (size_t i = 0; i < words->count; i++) {
		if (!strcmp(words->items[i], text))
			return true;
	}
	return false;
}

void words_release(struct words *words)
{
	for (size_t i = 0; i < words->count; i++)
		free(words->items[i]);
	free(words->items);
	*words = (struct words){0};
}

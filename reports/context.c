/* SPDX-License-Identifier: GPL-2.0 */
#include "reports/context.h"
#include "reports/format.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Lines come in columns; here the width belongs to what they say. */
static void collapse_spaces(char *text)
{
	char *put = text;

	for (; *text; text++)
		if (*text != ' ' || text[1] != ' ')
			*put++ = *text;
	*put = '\0';
}

int context_row(const struct divergence *divergence, size_t index, struct context_row *row)
{
	const char *const raw[SIDE_COUNT] = {
		[SIDE_KERNEL] = divergence->kernel_context[index],
		[SIDE_ENGINE] = divergence->engine_context[index],
	};

	*row = (struct context_row){0};
	for (int side = 0; side < SIDE_COUNT; side++) {
		if (!raw[side])
			continue;
		row->text[side] = format_printable(raw[side]);
		if (!row->text[side]) {
			context_row_release(row);
			return -ENOMEM;
		}
		collapse_spaces(row->text[side]);
	}
	row->same =
		raw[SIDE_KERNEL] && raw[SIDE_ENGINE] && !strcmp(raw[SIDE_KERNEL], raw[SIDE_ENGINE]);
	row->first_different = index == divergence->context_first_different;
	return 0;
}

void context_row_release(struct context_row *row)
{
	for (int side = 0; side < SIDE_COUNT; side++)
		free(row->text[side]);
	*row = (struct context_row){0};
}

const char *context_word(const char **line, size_t *length)
{
	const char *word = *line + strspn(*line, " ");

	*length = strcspn(word, " ");
	*line = word + *length;
	return *length ? word : NULL;
}

bool context_has_word(const char *line, const char *word, size_t length)
{
	const char *candidate;
	size_t candidate_length;

	while (line && (candidate = context_word(&line, &candidate_length)) != NULL)
		if (candidate_length == length && !memcmp(candidate, word, length))
			return true;
	return false;
}

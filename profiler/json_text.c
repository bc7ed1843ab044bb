/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/json_text.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ESCAPE_LENGTH = 4 };

static int digit(char character)
{
	static const char digits[] = "0123456789abcdef";
	const char *found = character ? strchr(digits, character) : NULL;

	return found ? (int)(found - digits) : -1;
}

/* The byte that an escape at @text stands for, 0 when there is none. */
static uint8_t escaped_byte(const char *text)
{
	int high, low;

	if (text[0] != '\\' || text[1] != 'x')
		return 0;
	high = digit(text[2]);
	low = high < 0 ? -1 : digit(text[3]);
	if (low < 0)
		return 0;
	return high >= 8 || (high == 5 && low == 0xc) ? (uint8_t)(high << 4 | low) : 0;
}

static json_t *encode(const char *bytes, bool is_utf8)
{
	char *text = malloc(ESCAPE_LENGTH * strlen(bytes) + 1), *at = text;
	json_t *json;

	if (!text)
		return NULL;
	for (; *bytes; bytes++) {
		uint8_t byte = (uint8_t)*bytes;

		if ((byte >= 0x80 && !is_utf8) || escaped_byte(bytes))
			at += sprintf(at, "\\x%02x", byte);
		else
			*at++ = *bytes;
	}
	*at = '\0';
	json = json_string(text);
	free(text);
	return json;
}

json_t *json_text_or_null(const char *bytes)
{
	json_t *json;
	bool is_utf8;

	if (!bytes)
		return json_null();
	/* NULL without memory, too: then there is none for the encoded text either. */
	json = json_string(bytes);
	is_utf8 = json != NULL;
	if (is_utf8 && !strstr(bytes, "\\x"))
		return json;
	json_decref(json);
	return encode(bytes, is_utf8);
}

void json_text_decode(char *text)
{
	char *to = text;

	while (*text) {
		uint8_t byte = escaped_byte(text);

		*to++ = byte ? (char)byte : *text;
		text += byte ? ESCAPE_LENGTH : 1;
	}
	*to = '\0';
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Strings that others wrote (paths, labels, errors) made safe to show, and measured.
 * UTF-8 as in RFC 3629: no overlong form, no surrogate, nothing above U+10FFFF.
 */
#include "reports/format.h"

#include <ctype.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

/* Decode one character at @string. Its bytes, or 0 when they are not UTF-8. */
static unsigned int decode(const char *string, uint32_t *character)
{
	const unsigned char *s = (const unsigned char *)string;
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned int length;
	uint32_t value;

	if (s[0] < 0x80) {
		*character = s[0];
		return 1;
	}
	length = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : s[0] >= 0xc0 ? 2 : 0;
	if (!length || s[0] >= 0xf8)
		return 0;
	value = s[0] & (0x7fu >> length);
	for (unsigned int i = 1; i < length; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (s[i] & 0x3f);
	}
	if (value < least[length] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
		return 0;
	*character = value;
	return length;
}

struct range {
	uint32_t first, last;
};

static bool in_ranges(uint32_t character, const struct range *ranges, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (character >= ranges[i].first && character <= ranges[i].last)
			return true;
	return false;
}

/* Control characters, and those that reverse or hide what stands beside them. */
static const struct range deceptive[] = {
	{0x00, 0x1f},	  {0x7f, 0x9f},	    {0xad, 0xad},     {0x61c, 0x61c},
	{0x180e, 0x180e}, {0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f},
	{0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xfffe, 0xffff}, {0xe0000, 0xe0fff},
};

/* Drawn over the character before. */
static const struct range combining[] = {
	{0x300, 0x36f},	  {0x483, 0x489},   {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff},
	{0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f},
};

/* Two columns each (East Asian wide, emoji). */
static const struct range wide[] = {
	{0x1100, 0x115f},   {0x2e80, 0x303e},	{0x3041, 0xa4cf},   {0xac00, 0xd7a3},
	{0xf900, 0xfaff},   {0xfe30, 0xfe6f},	{0xff00, 0xff60},   {0xffe0, 0xffe6},
	{0x1f300, 0x1f64f}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd},
};

#define IN(character, ranges) in_ranges(character, ranges, sizeof(ranges) / sizeof((ranges)[0]))

char *format_printable(const char *string)
{
	/* The longest spelling of one byte is "\xNN"; of a character "\u{10FFFF}", from 4 bytes. */
	char *out = malloc(strlen(string) * 4 + 1);
	char *put = out;
	uint32_t character;

	if (!out)
		return NULL;
	while (*string) {
		unsigned int length = decode(string, &character);

		if (!length || (length == 1 && IN(character, deceptive))) {
			put += sprintf(put, "\\x%02x", (unsigned char)*string);
			length = 1;
		} else if (IN(character, deceptive)) {
			put += sprintf(put, "\\u{%x}", character);
		} else {
			memcpy(put, string, length);
			put += length;
		}
		string += length;
	}
	*put = '\0';
	return out;
}

static unsigned int character_width(uint32_t character)
{
	return IN(character, combining) ? 0 : IN(character, wide) ? 2 : 1;
}

size_t format_fit(const char *string, unsigned int columns)
{
	size_t bytes = 0;
	uint32_t character;

	while (string[bytes]) {
		unsigned int length = decode(string + bytes, &character);
		unsigned int width = length ? character_width(character) : 1;

		if (width > columns)
			break;
		columns -= width;
		bytes += length ? length : 1;
	}
	return bytes;
}

unsigned int format_width(const char *string)
{
	unsigned int width = 0;
	uint32_t character;

	while (*string) {
		unsigned int length = decode(string, &character);

		width += length ? character_width(character) : 1;
		string += length ? length : 1;
	}
	return width;
}

void format_ascii(FILE *out, const char *string, size_t length)
{
	static const struct {
		uint32_t character;
		char ascii;
	} spellings[] = {
		{0xb5, 'u'},
		{0xd7, 'x'},
		{0xb7, '.'},
		{0x2013, '-'},
		{0x2014, '-'},
		{0x2192, '>'},
		{0x2026, '~'},
		{0x2019, '\''},
		/* Bars from low to high. */
		{0x2581, '_'},
		{0x2582, '.'},
		{0x2583, '-'},
		{0x2584, '~'},
		{0x2585, '='},
		{0x2586, '+'},
		{0x2587, '*'},
		{0x2588, '#'},
	};
	const char *end = string + length;
	uint32_t character;

	while (string < end) {
		unsigned int bytes = decode(string, &character);
		char ascii = bytes == 1 ? *string : '?';

		for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++)
			if (bytes > 1 && spellings[i].character == character)
				ascii = spellings[i].ascii;
		fputc(ascii, out);
		string += bytes ? bytes : 1;
	}
}

void format_html_part(FILE *out, const char *string, size_t length)
{
	for (; length; length--, string++) {
		switch (*string) {
		case '&':
			fputs("&amp;", out);
			break;
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		case '\'':
			fputs("&#39;", out);
			break;
		default:
			fputc(*string, out);
		}
	}
}

void format_html(FILE *out, const char *string)
{
	format_html_part(out, string, strlen(string));
}

void format_markdown(FILE *out, const char *string)
{
	char before = ' ';

	for (; *string; before = *string++) {
		/* An underscore inside a word (SET_XATTR) is only an underscore. */
		bool in_word = isalnum((unsigned char)before) && isalnum((unsigned char)string[1]);

		if (strchr("\\`*[]<>&|~#!$", *string) || (*string == '_' && !in_word))
			fputc('\\', out);
		fputc(*string, out);
	}
}

bool format_locale_is_utf8(void)
{
	locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
	bool utf8;

	if (!locale)
		return false;
	utf8 = !strcmp(nl_langinfo_l(CODESET, locale), "UTF-8");
	freelocale(locale);
	return utf8;
}

char *format_path(const char *path, unsigned int columns)
{
	unsigned int width = format_width(path), front, back;
	const char *end = path;
	char *cut;

	if (width <= columns)
		return strdup(path);
	if (columns < 3)
		return strndup(path, format_fit(path, columns));
	front = (columns - 1) / 3;
	back = columns - 1 - front;
	/* From where on it fits behind: a character at a time. */
	while (format_width(end) > back) {
		size_t step = 1;

		while ((end[step] & 0xc0) == 0x80)
			step++;
		end += step;
	}
	if (asprintf(&cut, "%.*s…%s", (int)format_fit(path, front), path, end) < 0)
		return NULL;
	return cut;
}

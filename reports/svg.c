/* SPDX-License-Identifier: GPL-2.0 */
/*
 * gnuplot's SVG made fit for a page. It draws with plain colours and names its parts by ids that
 * would clash within one page; no plot here uses the parts (point symbols, text boxes), so both the
 * definitions and the ids go.
 */
#include "reports/format.h"
#include "reports/gnuplot.h"
#include "reports/palette.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Our largest is far below 1 MiB. */
enum { SVG_MAX = 8 << 20 };

static int read_file(const char *path, char **text)
{
	FILE *file = fopen(path, "re");
	char *buffer = NULL;
	size_t length;
	int ret = 0;

	*text = NULL;
	if (!file)
		return -errno;
	buffer = malloc(SVG_MAX + 1);
	if (!buffer) {
		ret = -ENOMEM;
	} else {
		length = fread(buffer, 1, SVG_MAX, file);
		buffer[length] = '\0';
		if (ferror(file))
			ret = -EIO;
		else if (length == SVG_MAX)
			ret = -EFBIG;
	}
	fclose(file);
	if (ret < 0)
		free(buffer);
	else
		*text = buffer;
	return ret;
}

/* A colour as gnuplot writes it, "#d1495b" or "rgb( 10,  20, 255)": its length, 0 for none. */
static size_t parse_colour(const char *text, uint32_t *colour)
{
	unsigned int red, green, blue;
	int length = 0;

	if (text[0] == '#' && strspn(text + 1, "0123456789abcdefABCDEF") == 6) {
		*colour = (uint32_t)strtoul(text + 1, NULL, 16);
		return 7;
	}
	if (strncmp(text, "rgb(", 4) ||
	    sscanf(text, "rgb(%3u,%3u,%3u)%n", &red, &green, &blue, &length) != 3 || !length ||
	    red > 255 || green > 255 || blue > 255)
		return 0;
	*colour = red << 16 | green << 8 | blue;
	return (size_t)length;
}

static const char *variable_of(uint32_t colour)
{
	for (size_t i = 0; i < COLOUR_ROLES; i++)
		if (palette[i].light == colour)
			return palette[i].name;
	return NULL;
}

/* The length of an id attribute with the space before it, 0 for anything else. */
static size_t id_length(const char *text)
{
	const char *end;

	if (strncmp(text, " id=\"", 5) && strncmp(text, " id='", 5))
		return 0;
	end = strchr(text + 5, text[4]);
	return end ? (size_t)(end - text) + 1 : 0;
}

/* The length of an element that is left out, with its content. */
static size_t dropped_length(const char *text)
{
	static const char *const ends[][2] = {
		{"<defs>", "</defs>"},
		{"<desc>", "</desc>"},
		{"<title>", "</title>"},
	};

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		const char *end;

		if (strncmp(text, ends[i][0], strlen(ends[i][0])))
			continue;
		end = strstr(text, ends[i][1]);
		return end ? (size_t)(end - text) + strlen(ends[i][1]) : 0;
	}
	return 0;
}

static void write_body(const char *text, FILE *out)
{
	while (*text) {
		size_t drop = *text == '<' ? dropped_length(text) : id_length(text);
		const char *variable = NULL;
		size_t length = 0;
		uint32_t colour;

		if (!drop && (*text == '#' || *text == 'r'))
			length = parse_colour(text, &colour);
		if (length)
			variable = variable_of(colour);
		if (variable)
			fprintf(out, "var(--%s)", variable);
		else
			fwrite(text, 1, length, out);
		if (!drop && !length) {
			fputc(*text, out);
			length = 1;
		}
		text += drop + length;
	}
}

int svg_adapt(const char *path, struct failure *failure)
{
	char *text, *start, *body;
	FILE *out;
	int ret = read_file(path, &text);

	if (ret < 0)
		return failure_set(failure, ret, "%s: %s", path, strerror(-ret));
	start = strstr(text, "<svg");
	body = start ? strchr(start, '>') : NULL;
	if (!body) {
		free(text);
		return failure_set(failure, -EPROTO, "%s: no svg element from gnuplot", path);
	}
	out = fopen(path, "we");
	if (!out) {
		ret = failure_set(failure, -errno, "%s: %s", path, strerror(errno));
		free(text);
		return ret;
	}
	fwrite(start, 1, (size_t)(body - start), out);
	fputs(">\n<style>", out);
	palette_css(out, ":root");
	fputs("svg{background:var(--page)}text,tspan{font-family:system-ui,sans-serif}</style>",
	      out);
	write_body(body + 1, out);
	if (ferror(out))
		ret = -EIO;
	if (fclose(out) != 0 && ret == 0)
		ret = -errno;
	free(text);
	return ret < 0 ? failure_set(failure, ret, "%s: %s", path, strerror(-ret)) : 0;
}

int svg_inline(const char *path, const char *class_name, const char *label, FILE *out)
{
	char *text;
	const char *tag_end, *style_end;
	int ret = read_file(path, &text);

	if (ret < 0)
		return ret;
	tag_end = strncmp(text, "<svg", 4) ? NULL : strchr(text, '>');
	style_end = tag_end ? strstr(tag_end, "</style>") : NULL;
	if (style_end) {
		fprintf(out, "<svg class=\"plot %s\" role=\"img\" aria-label=\"", class_name);
		format_html(out, label);
		fputc('"', out);
		fwrite(text + 4, 1, (size_t)(tag_end - text) - 3, out);
		fputs(style_end + strlen("</style>"), out);
	}
	free(text);
	return style_end ? 0 : -EPROTO;
}

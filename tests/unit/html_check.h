/* SPDX-License-Identifier: GPL-2.0 */
/* Is it a whole HTML page? Tags nest, attributes are quoted, nothing but text is in between. */
#ifndef TESTS_UNIT_HTML_CHECK_H
#define TESTS_UNIT_HTML_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { HTML_DEPTH = 32, HTML_NAME = 16 };

struct html_check {
	char open[HTML_DEPTH][HTML_NAME];
	unsigned int depth;
	unsigned int elements;
};

static inline void html_fail(const char *at, const char *what)
{
	fail_msg("%s at: %.80s", what, at);
}

/* The attributes after a tag's name; returns behind ">", and whether the tag closed itself. */
static inline const char *html_attributes(const char *at, bool *closed)
{
	*closed = false;
	for (;;) {
		at += strspn(at, " \t\n");
		if (*at == '>')
			return at + 1;
		if (*at == '/' && at[1] == '>') {
			*closed = true;
			return at + 2;
		}
		size_t name = strspn(
			at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-:");
		const char *value = at + name + strspn(at + name, " ");

		if (!name || *value != '=')
			html_fail(at, "an attribute without a name or value");
		value += 1 + strspn(value + 1, " ");
		if (*value != '"' && *value != '\'')
			html_fail(at, "a value without quotes");
		at = strchr(value + 1, *value);
		if (!at)
			html_fail(value, "a value without an end");
		at++;
	}
}

static inline bool html_is_void(const char *name)
{
	return !strcmp(name, "meta") || !strcmp(name, "br") || !strcmp(name, "img");
}

static inline const char *html_tag(struct html_check *check, const char *at)
{
	bool end = at[1] == '/', closed;
	const char *name = at + 1 + end;
	size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789");
	char *open = check->open[check->depth];

	if (!length || length >= HTML_NAME || check->depth + 1 == HTML_DEPTH)
		html_fail(at, "no tag");
	if (end) {
		if (!check->depth || strncmp(check->open[check->depth - 1], name, length) ||
		    check->open[check->depth - 1][length] || name[length] != '>')
			html_fail(at, "an end of what is not open");
		check->depth--;
		return name + length + 1;
	}
	memcpy(open, name, length);
	open[length] = '\0';
	check->elements++;
	at = html_attributes(name + length, &closed);
	if (!closed && !html_is_void(open))
		check->depth++;
	/* What is in a style is no markup. */
	if (!closed && !strcmp(open, "style")) {
		at = strstr(at, "</style>");
		if (!at)
			html_fail(open, "a style without an end");
	}
	return at;
}

static inline bool html_is_entity(const char *at)
{
	size_t name = strspn(at + 1, "abcdefghijklmnopqrstuvwxyz#0123456789");

	return name && at[1 + name] == ';';
}

/* Fails the test unless @html is a page; returns how many elements it has. */
static inline unsigned int html_check(const char *html)
{
	static const char doctype[] = "<!doctype html>";
	struct html_check check = {0};

	if (strncmp(html, doctype, strlen(doctype)))
		html_fail(html, "no doctype");
	for (const char *at = html + strlen(doctype); *at;) {
		unsigned char c = (unsigned char)*at;

		if (c == '<') {
			at = html_tag(&check, at);
			continue;
		}
		if (c == '>' || c == '"' || (c < ' ' && c != '\n' && c != '\t') || c == 0x7f)
			html_fail(at, "a character that has to be escaped");
		if (c == '&' && !html_is_entity(at))
			html_fail(at, "a bare ampersand");
		at++;
	}
	if (check.depth)
		fail_msg("<%s> is still open at the end", check.open[check.depth - 1]);
	return check.elements;
}

#endif

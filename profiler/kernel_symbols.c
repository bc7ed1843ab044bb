/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/kernel_symbols.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct kernel_symbols {
	char *text;		       /* names point into it */
	struct kernel_symbol *symbols; /* in the kernel's order */
	struct kernel_symbol *sorted;  /* by address; NULL: not needed yet */
	size_t count;
};

/* The size of a file of /proc is not known before it is read. */
static char *read_whole(const char *path)
{
	size_t size = 1 << 24, used = 0;
	char *text = malloc(size);
	FILE *file = fopen(path, "re");

	while (file && text) {
		size_t got = fread(text + used, 1, size - used - 1, file);
		char *larger;

		used += got;
		if (!got)
			break;
		if (size - used > 1)
			continue;
		size *= 2;
		larger = realloc(text, size);
		if (!larger)
			free(text);
		text = larger;
	}
	if (!file || !text || ferror(file) || !used) {
		free(text);
		text = NULL;
	} else {
		text[used] = 0;
	}
	if (file)
		fclose(file);
	return text;
}

/* A hundred thousand lines: strtoull() would be half of the work. */
static uint64_t parse_hex(char **text)
{
	uint64_t value = 0;

	for (; **text; (*text)++) {
		char c = **text;

		if (c >= '0' && c <= '9')
			value = value << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			value = value << 4 | (uint64_t)(c - 'a' + 10);
		else
			break;
	}
	return value;
}

/* "ADDRESS TYPE NAME" or "ADDRESS TYPE NAME\t[MODULE]"; t and w are functions, b, d and r data. */
static bool parse_line(char *line, struct kernel_symbol *symbol)
{
	char *at = line, *end;

	symbol->address = parse_hex(&at);
	if (at == line || at[0] != ' ' || !at[1] || at[2] != ' ')
		return false;
	if (!strchr("tTwWbBdDrR", at[1]))
		return false;
	symbol->name = at + 3;
	end = strchr(at + 3, '\t');
	if (end)
		*end = 0;
	return *symbol->name;
}

static bool parse(struct kernel_symbols *symbols)
{
	size_t lines = 0;
	char *rest = NULL;

	for (const char *c = strchr(symbols->text, '\n'); c; c = strchr(c + 1, '\n'))
		lines++;
	symbols->symbols = calloc(lines + 1, sizeof(*symbols->symbols));
	if (!symbols->symbols)
		return false;
	for (char *line = strtok_r(symbols->text, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest))
		symbols->count += parse_line(line, &symbols->symbols[symbols->count]);
	return true;
}

struct kernel_symbols *kernel_symbols_read(const char *path)
{
	struct kernel_symbols *symbols = calloc(1, sizeof(*symbols));

	if (!symbols)
		return NULL;
	symbols->text = read_whole(path);
	if (!symbols->text || !parse(symbols)) {
		kernel_symbols_free(symbols);
		return NULL;
	}
	return symbols;
}

void kernel_symbols_free(struct kernel_symbols *symbols)
{
	if (!symbols)
		return;
	free(symbols->sorted);
	free(symbols->symbols);
	free(symbols->text);
	free(symbols);
}

/* NAME.part.0 and NAME.cold are pieces of a function: a send may never come there. */
static bool is_clone(const char *symbol, const char *name)
{
	size_t length = strlen(name);

	return !strncmp(symbol, name, length) &&
	       (!strncmp(symbol + length, ".constprop.", 11) ||
		!strncmp(symbol + length, ".isra.", 6)) &&
	       !strstr(symbol + length, ".part.") && !strstr(symbol + length, ".cold");
}

int kernel_symbols_find(const struct kernel_symbols *symbols, const char *name,
			const struct kernel_symbol **symbol)
{
	const struct kernel_symbol *clone = NULL, *exact = NULL;
	size_t clones = 0, exacts = 0;

	for (size_t i = 0; i < symbols->count; i++) {
		if (!strcmp(symbols->symbols[i].name, name)) {
			exact = &symbols->symbols[i];
			exacts++;
		} else if (is_clone(symbols->symbols[i].name, name)) {
			clone = &symbols->symbols[i];
			clones++;
		}
	}
	if (!exact && !clone)
		return -ENOENT;
	if (exact ? exacts > 1 : clones > 1)
		return -ENOTUNIQ;
	*symbol = exact ? exact : clone;
	return 0;
}

bool kernel_symbols_have_addresses(const struct kernel_symbols *symbols)
{
	/* The first ones are offsets in a processor's own memory, from 0 on. */
	for (size_t i = 0; symbols && i < symbols->count; i++) {
		if (symbols->symbols[i].address)
			return true;
	}
	return false;
}

uint64_t kernel_symbols_variable(const struct kernel_symbols *symbols, const char *name)
{
	for (size_t i = 0; i < symbols->count; i++) {
		if (!strcmp(symbols->symbols[i].name, name))
			return symbols->symbols[i].address;
	}
	return 0;
}

static int by_address(const void *left, const void *right)
{
	const struct kernel_symbol *a = left, *b = right;

	return a->address < b->address ? -1 : a->address > b->address;
}

static bool sort(struct kernel_symbols *symbols)
{
	size_t size = symbols->count * sizeof(*symbols->symbols);

	if (symbols->sorted)
		return true;
	symbols->sorted = malloc(size + 1);
	if (!symbols->sorted)
		return false;
	memcpy(symbols->sorted, symbols->symbols, size);
	qsort(symbols->sorted, symbols->count, sizeof(*symbols->sorted), by_address);
	return true;
}

/* How many begin at @address or below. */
static size_t count_up_to(const struct kernel_symbols *symbols, uint64_t address)
{
	size_t low = 0, high = symbols->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (symbols->sorted[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* What is further from a symbol is no part of it: code that the kernel made behind its own. */
enum { FUNCTION_MAX = 1 << 20 };

const struct kernel_symbol *kernel_symbols_at(struct kernel_symbols *symbols, uint64_t address)
{
	size_t count;

	if (!sort(symbols))
		return NULL;
	count = count_up_to(symbols, address);
	if (!count || !symbols->sorted[count - 1].address ||
	    address - symbols->sorted[count - 1].address > FUNCTION_MAX)
		return NULL;
	return &symbols->sorted[count - 1];
}

uint64_t kernel_symbols_end(struct kernel_symbols *symbols, uint64_t address)
{
	size_t count;

	if (!sort(symbols))
		return UINT64_MAX;
	count = count_up_to(symbols, address);
	return count < symbols->count ? symbols->sorted[count].address : UINT64_MAX;
}

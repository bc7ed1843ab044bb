/* SPDX-License-Identifier: GPL-2.0 */
#include "reports/flame.h"
#include "reports/format.h"
#include "reports/palette.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
	DEPTH_MAX = 96,	 /* what is further in belongs to the last function shown */
	ROW = 18,	 /* pixels */
	SHARE_LEAST = 1, /* thousandths of all samples: narrower ones are left out */
	SHARE_NAMED = 30,
	SHARE_NAMED_NARROW = 120, /* on a narrow screen */
	SHADES = 5,
};

struct frame {
	const char *name; /* in the folded text */
	size_t length;
	uint64_t samples;
	size_t child, next; /* 0: none */
};

struct flame {
	struct frame *frames; /* the first is the root: all samples */
	size_t count, capacity;
	unsigned int depth; /* of what is drawn */
	FILE *out;
};

/* The parts of a line; false when it is none. */
static bool parse_line(const char *line, size_t length, size_t *stack_length, uint64_t *samples)
{
	size_t at = length;

	while (at && isdigit((unsigned char)line[at - 1]))
		at--;
	if (at == length || !at || line[at - 1] != ' ' || length - at > 15)
		return false;
	*samples = strtoull(line + at, NULL, 10);
	while (at && line[at - 1] == ' ')
		at--;
	*stack_length = at;
	return at && *samples;
}

/* Call @each for all lines that are stacks; 0 or its error. */
static int for_each_stack(const char *folded, void *context,
			  int (*each)(void *context, const char *stack, size_t length,
				      uint64_t samples))
{
	while (folded && *folded) {
		size_t length = strcspn(folded, "\n"), stack_length;
		uint64_t samples;
		int ret = 0;

		if (parse_line(folded, length, &stack_length, &samples))
			ret = each(context, folded, stack_length, samples);
		if (ret)
			return ret;
		folded += length + (folded[length] == '\n');
	}
	return 0;
}

static int add_samples(void *sum, const char *stack, size_t length, uint64_t samples)
{
	(void)stack;
	(void)length;
	*(uint64_t *)sum += samples;
	return 0;
}

uint64_t flame_samples(const char *folded)
{
	uint64_t sum = 0;

	for_each_stack(folded, &sum, add_samples);
	return sum;
}

/* A frame for @name below @parent, found or made; 0 when there is no memory. */
static size_t enter(struct flame *flame, size_t parent, const char *name, size_t length)
{
	struct frame *frames = flame->frames;
	size_t at = frames[parent].child;

	while (at && (frames[at].length != length || memcmp(frames[at].name, name, length)))
		at = frames[at].next;
	if (at)
		return at;
	if (flame->count == flame->capacity) {
		frames = reallocarray(frames, flame->capacity * 2, sizeof(*frames));
		if (!frames)
			return 0;
		flame->frames = frames;
		flame->capacity *= 2;
	}
	at = flame->count++;
	frames[at] = (struct frame){.name = name, .length = length, .next = frames[parent].child};
	frames[parent].child = at;
	return at;
}

static int add_stack(void *context, const char *stack, size_t length, uint64_t samples)
{
	struct flame *flame = context;
	const char *end = stack + length;
	size_t at = 0;

	flame->frames[0].samples += samples;
	for (unsigned int depth = 1; stack < end && depth < DEPTH_MAX; depth++) {
		const char *separator = memchr(stack, ';', (size_t)(end - stack));
		size_t name = separator ? (size_t)(separator - stack) : (size_t)(end - stack);

		at = enter(flame, at, stack, name);
		if (!at)
			return -ENOMEM;
		flame->frames[at].samples += samples;
		stack += name + 1;
	}
	return 0;
}

static bool is_drawn(const struct flame *flame, const struct frame *frame)
{
	return (double)frame->samples * 1000 >= (double)flame->frames[0].samples * SHARE_LEAST;
}

/* The child that comes after @before: fewer samples, or as many and made earlier. 0: none. */
static size_t next_child(const struct flame *flame, size_t parent, size_t before)
{
	const struct frame *frames = flame->frames;
	size_t best = 0;

	for (size_t at = frames[parent].child; at; at = frames[at].next) {
		bool later = !before || frames[at].samples < frames[before].samples ||
			     (frames[at].samples == frames[before].samples && at > before);
		bool better = !best || frames[at].samples > frames[best].samples ||
			      (frames[at].samples == frames[best].samples && at < best);

		if (is_drawn(flame, &frames[at]) && later && better)
			best = at;
	}
	return best;
}

static void measure_depth(struct flame *flame, size_t at, unsigned int depth)
{
	if (depth > flame->depth)
		flame->depth = depth;
	for (size_t child = next_child(flame, at, 0); child; child = next_child(flame, at, child))
		measure_depth(flame, child, depth + 1);
}

/* A function has the same shade wherever it stands. */
static unsigned int shade(const char *name, size_t length)
{
	uint32_t hash = 2166136261;

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)name[i]) * 16777619;
	return hash % SHADES;
}

/* Of the width there is, in hundredths of a percent, so that no locale's comma gets in. */
static void put_share(const char *attribute, uint64_t part, uint64_t whole, FILE *out)
{
	unsigned int share = (unsigned int)((double)part * 10000 / (double)whole + 0.5);

	fprintf(out, " %s=\"%u.%02u%%\"", attribute, share / 100, share % 100);
}

static void put_frame(const struct flame *flame, const struct frame *frame, const char *name,
		      uint64_t start, unsigned int depth)
{
	const uint64_t all = flame->frames[0].samples;
	double share = (double)frame->samples * 1000 / (double)all;
	FILE *out = flame->out;

	fputs("<svg", out);
	put_share("x", start, all, out);
	put_share("width", frame->samples, all, out);
	fprintf(out, " y=\"%u\" height=\"%d\"%s><title>", (flame->depth - depth) * ROW, ROW,
		share < SHARE_NAMED_NARROW ? " class=\"slim\"" : "");
	format_html(out, name);
	fprintf(out,
		": %s samples, %s</title><rect class=\"shade%u\" width=\"100%%\" "
		"height=\"100%%\"/>",
		COUNT(frame->samples), PERCENT(frame->samples, all), shade(name, strlen(name)));
	if (share >= SHARE_NAMED) {
		fputs("<text x=\"4\" y=\"13\">", out);
		format_html(out, name);
		fputs("</text>", out);
	}
	fputs("</svg>\n", out);
}

static int draw_frame(const struct flame *flame, size_t at, uint64_t start, unsigned int depth)
{
	const struct frame *frame = &flame->frames[at];
	char *raw = strndup(frame->name, frame->length);
	char *name = raw ? format_printable(raw) : NULL;
	int ret = name ? 0 : -ENOMEM;

	free(raw);
	if (ret == 0)
		put_frame(flame, frame, name, start, depth);
	free(name);
	for (size_t child = next_child(flame, at, 0); child && ret == 0;
	     child = next_child(flame, at, child)) {
		ret = draw_frame(flame, child, start, depth + 1);
		start += flame->frames[child].samples;
	}
	return ret;
}

static void put_rules(FILE *out)
{
	fputs("<style>.flame{font:11.5px system-ui,sans-serif}.flame text{fill:var(--ink)}"
	      ".flame rect{stroke:var(--page);stroke-width:1}"
	      "@media (max-width:42rem){.flame .slim text{display:none}}",
	      out);
	for (unsigned int i = 0; i < SHADES; i++)
		fprintf(out, ".shade%u{fill:color-mix(in srgb,var(--kernel) %u%%,var(--page))}", i,
			18 + 8 * i);
	fputs("</style>\n", out);
}

static int draw(const char *folded, const char *attributes, const char *selector, FILE *out)
{
	struct flame flame = {.capacity = 64, .out = out};
	int ret;

	if (!flame_samples(folded))
		return 0;
	flame.frames = calloc(flame.capacity, sizeof(*flame.frames));
	if (!flame.frames)
		return -ENOMEM;
	flame.frames[0] = (struct frame){.name = "all", .length = 3};
	flame.count = 1;
	ret = for_each_stack(folded, &flame, add_stack);
	if (ret == 0) {
		measure_depth(&flame, 0, 0);
		fprintf(out,
			"<svg class=\"flame\" %s role=\"img\" aria-label=\"Flame graph\" "
			"width=\"100%%\" height=\"%u\">\n",
			attributes, (flame.depth + 1) * ROW);
		if (selector) {
			fputs("<style>", out);
			palette_css(out, selector);
			fputs("svg{background:var(--page)}</style>\n", out);
		}
		put_rules(out);
		ret = draw_frame(&flame, 0, 0, 0);
		fputs("</svg>\n", out);
	}
	free(flame.frames);
	return ret;
}

int flame_draw(const char *folded, FILE *out)
{
	return draw(folded, "", NULL, out);
}

int flame_file(const char *folded, FILE *out)
{
	return draw(folded, "xmlns=\"http://www.w3.org/2000/svg\"", ":root", out);
}

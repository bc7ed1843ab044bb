/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Why a stream says what it says about one inode: the engine's decisions as lines of text, between
 * them the commands that came of them. It sits between the engine and the stream's sink, since the
 * events tell the reasons and the commands the names.
 */
#ifndef PROFILER_WHY_H
#define PROFILER_WHY_H

#include "engine/sendengine.h"

struct why_filter {
	uint64_t ino; /* 0: of all inodes, as they come */
	bool has_offset;
	uint64_t offset; /* in the file: only what decides on this byte, and nothing of names */
};

/* Parse "INODE" or "INODE:OFFSET". False when it is neither. */
bool why_parse(const char *text, struct why_filter *filter);
/* For usage_error(), with the text. */
#define WHY_EXPECTED "--why: have '%s' expect INODE or INODE:OFFSET"

typedef void (*why_line_fn)(void *context, const char *line);

struct why {
	struct why_filter filter;
	why_line_fn print;
	void *print_context;
	stream_sink_fn sink; /* NULL: the stream goes nowhere */
	void *sink_context;
	unsigned int protocol;
	/* The rest is private. */
	uint64_t current; /* the inode being sent, 0 between two */
	bool command_is_wanted;
	bool extent_is_wanted;
	bool any;
	uint64_t source_root, source_ino; /* the clone source chosen last */
};

/* Let @request send through @why, which is filled: it becomes its sink and its observer. */
void why_attach(struct why *why, struct send_request *request);
/* That observer, an event_fn, for who listens too. */
void why_observe(void *why, const struct event *event);

/* After the send: say so if nothing was decided on what was asked for. */
void why_finish(struct why *why);

/* A why_line_fn: onto stderr. */
void why_print_line(void *context, const char *line);

/* The last lines of many: a why_line_fn's context. */
enum { WHY_TAIL_LINES = 60 };
struct why_tail {
	char *lines[WHY_TAIL_LINES]; /* owned; a ring */
	size_t count;		     /* of all that came */
};
void why_tail_line(void *tail, const char *line);
void why_tail_clear(struct why_tail *tail);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/why.h"
#include "profiler/stream_text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_SIZE = 512 };

static const char *const fates[FATE_COUNT] = {
#define INODE_FATE(id, sentence) [FATE_##id] = sentence,
#include "engine/decisions.def"
};

static const char *const name_decisions[NAME_DECISION_COUNT] = {
#define NAME_DECISION(id, sentence) [NAME_##id] = sentence,
#include "engine/decisions.def"
};

static const struct {
	bool taken;
	const char *sentence;
} clone_rules[CLONE_RULE_COUNT] = {
#define CLONE_RULE(id, taken, sharing, sentence) [CLONE_##id] = {taken, sentence},
#include "engine/decisions.def"
};

static const char *const extent_decisions[EXTENT_DECISION_COUNT] = {
#define EXTENT_DECISION(id, sentence) [EXTENT_##id] = sentence,
#include "engine/decisions.def"
};

static const char *const walk_results[] = {
	[BACKREF_NO_CLONE] = "none can be cloned from",
	[BACKREF_CLONE] = "a clone source was found",
	[BACKREF_OVER_LIMIT] = "more than are looked at",
	[BACKREF_SINGLE_REF] = "the only one is its own",
};

static bool parse_number(const char **text, uint64_t *value)
{
	char *end;

	if (**text < '0' || **text > '9')
		return false;
	errno = 0;
	*value = strtoull(*text, &end, strncmp(*text, "0x", 2) == 0 ? 16 : 10);
	*text = end;
	return errno == 0;
}

bool why_parse(const char *text, struct why_filter *filter)
{
	*filter = (struct why_filter){0};
	if (!parse_number(&text, &filter->ino) || filter->ino == 0)
		return false;
	if (*text == ':') {
		filter->has_offset = true;
		text++;
		if (!parse_number(&text, &filter->offset))
			return false;
	}
	return *text == '\0';
}

static void say(struct why *why, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct why *why, const char *format, ...)
{
	char line[LINE_SIZE];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	why->any = true;
	why->print(why->print_context, line);
}

static bool is_wanted(const struct why *why, uint64_t ino)
{
	return why->filter.ino == 0 || why->filter.ino == ino;
}

static bool covers(const struct why *why, uint64_t offset, uint64_t length)
{
	const struct why_filter *filter = &why->filter;

	return !filter->has_offset ||
	       (filter->offset >= offset && filter->offset - offset < length);
}

static void say_fate(struct why *why, const struct event *event)
{
	if (is_wanted(why, event->ino) && !why->filter.has_offset)
		say(why,
		    "inode %" PRIu64 ", generation %" PRIu64 ", mode %o, %" PRIu64 " bytes: %s",
		    event->ino, event->inode.generation, event->inode.mode, event->inode.size,
		    fates[event->inode.fate]);
}

/* A sentence of the table with its numbers put in. */
static void say_name(struct why *why, const struct event *event)
{
	static const char *const words[] = {"%ino", "%dir", "%other"};
	const uint64_t values[] = {event->name.ino, event->name.dir, event->name.other};
	const char *at = name_decisions[event->name.decision];
	char line[LINE_SIZE];
	size_t used = 0, i;

	if (why->filter.has_offset ||
	    (!is_wanted(why, event->ino) && !is_wanted(why, event->name.ino) &&
	     !is_wanted(why, event->name.other)))
		return;
	while (*at && used + 1 < sizeof(line)) {
		for (i = 0; i < 3 && strncmp(at, words[i], strlen(words[i])) != 0; i++)
			;
		if (i < 3) {
			used += snprintf(line + used, sizeof(line) - used, "%" PRIu64, values[i]);
			at += strlen(words[i]);
		} else {
			line[used++] = *at++;
		}
	}
	line[used < sizeof(line) ? used : sizeof(line) - 1] = '\0';
	say(why, "  %s", line);
	why->command_is_wanted = true;
}

static void say_extent(struct why *why, const struct event *event)
{
	const bool is_hole = event->extent.bytenr == 0;

	why->extent_is_wanted = is_wanted(why, event->ino) &&
				covers(why, event->extent.offset, event->extent.num_bytes);
	if (!why->extent_is_wanted)
		return;
	if (event->extent.is_inline || is_hole) {
		say(why, "  offset %" PRIu64 ": %" PRIu64 " bytes, %s%s", event->extent.offset,
		    event->extent.num_bytes, event->extent.is_inline ? "inline" : "a hole",
		    event->extent.is_compressed ? ", compressed" : "");
		return;
	}
	say(why,
	    "  offset %" PRIu64 ": %" PRIu64 " bytes of extent %" PRIu64 " from %" PRIu64 "%s%s",
	    event->extent.offset, event->extent.num_bytes, event->extent.bytenr,
	    event->extent.data_offset, event->extent.is_preallocated ? ", preallocated" : "",
	    event->extent.is_compressed ? ", compressed" : "");
}

static void say_candidate(struct why *why, const struct event *event)
{
	const char *kind = clone_rules[event->candidate.rule].taken ? "taken" : "refused";
	char size[64] = "";

	if (event->candidate.rule == CLONE_CHOSEN) {
		why->source_root = event->candidate.root;
		why->source_ino = event->candidate.ino;
	}
	if (!why->extent_is_wanted)
		return;
	if (event->candidate.rule == CLONE_BLOCK_OVER_LIMIT) {
		say(why, "    tree block %" PRIu64 " has %" PRIu64 " references, %s",
		    event->candidate.offset, event->candidate.num_bytes,
		    clone_rules[event->candidate.rule].sentence);
		return;
	}
	if (event->candidate.rule == CLONE_LEAF_UNREACHED) {
		say(why, "    leaf %" PRIu64 ": %s", event->candidate.offset,
		    clone_rules[event->candidate.rule].sentence);
		return;
	}
	if (event->candidate.num_bytes)
		snprintf(size, sizeof(size), ", item of %" PRIu64 " bytes",
			 event->candidate.num_bytes);
	say(why, "    root %" PRIu64 " inode %" PRIu64 " offset %" PRIu64 "%s: %s, %s",
	    event->candidate.root, event->candidate.ino, event->candidate.offset, size, kind,
	    clone_rules[event->candidate.rule].sentence);
}

static void say_walk(struct why *why, const struct event *event)
{
	if (why->extent_is_wanted)
		say(why,
		    "    references: %" PRIu64 " counted, %" PRIu64 " looked at, leaves: %u: %s",
		    event->backref.references, event->backref.candidates, event->backref.leaves,
		    walk_results[event->backref.result]);
}

static void say_decision(struct why *why, const struct event *event)
{
	uint64_t offset = event->decision.offset, length = event->decision.length;
	const char *sentence = extent_decisions[event->decision.decision];

	if (!is_wanted(why, event->ino) || !covers(why, offset, length))
		return;
	if (event->decision.decision == EXTENT_CLONED)
		say(why,
		    "  offset %" PRIu64 ", %" PRIu64 " bytes: %s from root %" PRIu64
		    " inode %" PRIu64 " offset %" PRIu64,
		    offset, length, sentence, why->source_root, why->source_ino,
		    event->decision.source_offset);
	else
		say(why, "  offset %" PRIu64 ", %" PRIu64 " bytes: %s", offset, length, sentence);
}

void why_observe(void *context, const struct event *event)
{
	struct why *why = context;

	switch (event->type) {
	case EVENT_INODE_BEGIN:
		why->current = event->ino;
		why->extent_is_wanted = false;
		break;
	case EVENT_INODE_END:
		why->current = 0;
		break;
	case EVENT_COMMAND:
		why->command_is_wanted = false;
		break;
	case EVENT_INODE_FATE:
		say_fate(why, event);
		break;
	case EVENT_NAME_DECISION:
		say_name(why, event);
		break;
	case EVENT_EXTENT:
		say_extent(why, event);
		break;
	case EVENT_CLONE_CANDIDATE:
		say_candidate(why, event);
		break;
	case EVENT_BACKREF_WALK:
		say_walk(why, event);
		break;
	case EVENT_EXTENT_DECISION:
		say_decision(why, event);
		break;
	default:
		break;
	}
}

/* Of these the decisions before them have said all. */
static bool is_data_command(unsigned int kind)
{
	return kind == STREAM_C_WRITE || kind == STREAM_C_ENCODED_WRITE || kind == STREAM_C_CLONE ||
	       kind == STREAM_C_UPDATE_EXTENT || kind == STREAM_C_FALLOCATE;
}

static void say_command(struct why *why, const void *data, size_t length)
{
	struct stream_item item = {.at = {.type = STREAM_ITEM_COMMAND}, .bytes = data};
	struct failure failure = {0};
	char *line;

	if (stream_parse_command(data, length, 0, why->protocol, &item.command, &failure))
		return; /* the stream's header */
	item.at.kind = item.command.kind;
	if (is_data_command(item.at.kind))
		return;
	line = stream_text_line(&item, STREAM_TEXT_DATA_BYTES);
	if (line)
		say(why, "  -> %s", line);
	free(line);
}

/* A stream_sink_fn. */
static int pass_on(void *context, const void *data, size_t length)
{
	struct why *why = context;
	bool is_own = why->current != 0 && is_wanted(why, why->current);

	if ((is_own || why->command_is_wanted) && !why->filter.has_offset)
		say_command(why, data, length);
	return why->sink ? why->sink(why->sink_context, data, length) : 0;
}

void why_attach(struct why *why, struct send_request *request)
{
	why->protocol = request->protocol;
	request->sink = pass_on;
	request->sink_parts = NULL;
	request->sink_context = why;
	request->observer = why_observe;
	request->observer_context = why;
	request->observe_decisions = true;
}

void why_finish(struct why *why)
{
	if (why->any)
		return;
	if (why->filter.has_offset)
		say(why,
		    "inode %" PRIu64 " offset %" PRIu64 ": nothing was decided there: there is no "
		    "data, or none that changed",
		    why->filter.ino, why->filter.offset);
	else
		say(why,
		    "inode %" PRIu64 ": nothing was decided: it is the same in both snapshots, or "
		    "in neither",
		    why->filter.ino);
}

void why_print_line(void *context, const char *line)
{
	(void)context;
	fprintf(stderr, "%s\n", line);
}

void why_tail_line(void *context, const char *line)
{
	struct why_tail *tail = context;
	char **place = &tail->lines[tail->count++ % WHY_TAIL_LINES];

	free(*place);
	*place = strdup(line);
}

void why_tail_clear(struct why_tail *tail)
{
	for (size_t i = 0; i < WHY_TAIL_LINES; i++)
		free(tail->lines[i]);
	*tail = (struct why_tail){0};
}

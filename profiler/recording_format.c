/* SPDX-License-Identifier: GPL-2.0 */
/* Facts and events of a recording as they are in the file. */
#include "profiler/recording_format.h"
#include "profiler/result_fields.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- facts ---- */

static const struct json_field facts_fields[] = {
#define FIELD(member) JSON_FIELD(struct recording, member)
	FIELD(kernel),	    FIELD(protocol),	FIELD(no_data),	     FIELD(compressed_data),
	FIELD(tier_reason), FIELD(event_count), FIELD(stream_bytes),
#undef FIELD
};
enum { FACTS = sizeof(facts_fields) / sizeof(facts_fields[0]) };

json_t *recording_facts_to_json(const struct recording *recording)
{
	struct json_builder object = json_begin_object();

	json_put_fields(&object, recording, facts_fields, FACTS);
	json_put_text(&object, "generation", generation_name(recording->generation.id));
	json_put(&object, "turned", behaviours_to_json(recording->generation.turned));
	json_put(&object, "snapshot", json_of_table(&recording->snapshot, &snapshot_table));
	json_put(&object, "parent", json_of_table(&recording->parent, &snapshot_table));
	json_put(&object, "trace",
		 recording->figures.tier == TIER_PIPE ? json_null()
						      : trace_to_json(&recording->figures));
	return json_finish(&object);
}

int recording_facts_from_json(const json_t *json, struct recording *recording,
			      struct failure *failure)
{
	const struct json_place top = json_top(json, failure);
	struct side_result side = {0};

	json_get_fields(&top, recording, facts_fields, FACTS);
	recording->generation.id = generation_from_json(&top, "generation");
	recording->generation.turned = behaviours_from_json(&top, "turned");
	json_get_table(&top, "snapshot", &recording->snapshot, &snapshot_table);
	json_get_table(&top, "parent", &recording->parent, &snapshot_table);
	trace_from_json(&top, &side);
	if (side.trace)
		recording->figures = *side.trace;
	free(side.trace);
	trace_details_free(side.details);
	return failure->code;
}

/* ---- events ---- */

/* Widths of the members behind the header, by type, up to 0. */
static const uint8_t widths[][8] = {
	[EVENT_COMMAND] = {4, 4, 8, 8, 8, 4, 4},
	[EVENT_INODE_BEGIN] = {0},
	[EVENT_INODE_END] = {0},
	[EVENT_BACKREF_WALK] = {8, 8, 8, 8, 4, 4},
	[EVENT_CACHE] = {4, 4},
	[EVENT_PATH_RESOLVED] = {8},
	[EVENT_RESTART] = {0},
	[EVENT_DATA_WRITTEN] = {8, 8, 4, 4},
	[EVENT_BLOCKED] = {8, 4, 4},
};
enum { TYPES = sizeof(widths) / sizeof(widths[0]), HEADER_BYTES = 24 };

/* Into the file's order or out of it: the same. @to is as long as @from. */
static void reorder(const uint8_t *from, uint32_t type, uint8_t *to)
{
	static const uint8_t header[] = {8, 8, 4, 4, 0};
	const uint8_t *lists[] = {header, widths[type]};
	size_t at = 0;

	for (size_t list = 0; list < 2; list++) {
		for (size_t i = 0; lists[list][i]; i++) {
			uint64_t wide;
			uint32_t narrow;

			if (lists[list][i] == 8) {
				memcpy(&wide, from + at, sizeof(wide));
				wide = le64toh(wide);
				memcpy(to + at, &wide, sizeof(wide));
			} else {
				memcpy(&narrow, from + at, sizeof(narrow));
				narrow = le32toh(narrow);
				memcpy(to + at, &narrow, sizeof(narrow));
			}
			at += lists[list][i];
		}
	}
}

void recording_event_encode(const struct event *event, uint8_t bytes[RECORDING_EVENT_BYTES])
{
	_Static_assert(sizeof(*event) == RECORDING_EVENT_BYTES, "an event fills its place");

	memset(bytes, 0, RECORDING_EVENT_BYTES);
	reorder((const uint8_t *)event, event->type, bytes);
}

/* Of a path that was cut there is the end, as much as there is room for. */
static bool is_path_valid(const struct event *event)
{
	uint32_t kept = event->command.path_length;

	if (kept > EVENT_PATH_MAX - 1)
		kept = EVENT_PATH_MAX - 1;
	return event->command.path_size ? event->command.path_size == kept + 1 : !kept;
}

static bool is_valid(const struct event *event)
{
	switch (event->type) {
	case EVENT_COMMAND:
		return event->command.kind < STREAM_C_COUNT && is_path_valid(event);
	case EVENT_CACHE:
		return event->cache.cache < CACHE_COUNT && event->cache.operation <= CACHE_CLEAR;
	case EVENT_BACKREF_WALK:
		return event->backref.result <= BACKREF_SINGLE_REF;
	case EVENT_BLOCKED:
		return event->blocked.reason <= BLOCKED_FOR_IO;
	default:
		return true;
	}
}

/* What commands did not tell in the first version, which may hold anything there. */
static void forget_later_members(struct event *event)
{
	event->command.began_ns = 0;
	event->command.offset = 0;
	event->command.path_size = 0;
	event->command.path_length = 0;
}

bool recording_event_decode(const uint8_t bytes[RECORDING_EVENT_BYTES], uint32_t version,
			    struct event *event)
{
	uint32_t type;

	memcpy(&type, bytes + offsetof(struct event, type), sizeof(type));
	type = le32toh(type);
	if (type >= TYPES)
		return false;
	memset(event, 0, sizeof(*event));
	reorder(bytes, type, (uint8_t *)event);
	if (version < 2 && type == EVENT_COMMAND)
		forget_later_members(event);
	return is_valid(event);
}

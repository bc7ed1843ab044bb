/* SPDX-License-Identifier: GPL-2.0 */
/* What writer and reader of recordings share. */
#ifndef PROFILER_RECORDING_FORMAT_H
#define PROFILER_RECORDING_FORMAT_H

#include "engine/events.h"
#include "profiler/recording.h"

#include <jansson.h>

/* The beginning of the file: magic, then two numbers of 4 bytes, little-endian like all. */
#define RECORDING_MAGIC "sendprof"
enum {
	RECORDING_MAGIC_BYTES = 8,
	RECORDING_VERSION = 2,
	RECORDING_VERSION_MIN = 1, /* is read, too */
	RECORDING_BEGIN_BYTES = 16,
	RECORDING_FACTS_MAX = 1 << 20,
	RECORDING_EVENT_BYTES = 64,
	RECORDING_WINDOW_LOG = 22, /* of zstd: what a reader needs of memory is bounded */
};

/* The facts as JSON, and back. */
json_t *recording_facts_to_json(const struct recording *recording);
int recording_facts_from_json(const json_t *json, struct recording *recording,
			      struct failure *failure);

/* Without its path, which follows as it is. */
void recording_event_encode(const struct event *event, uint8_t bytes[RECORDING_EVENT_BYTES]);
/* As a file of @version has it. False when a field has a value that no event has. */
bool recording_event_decode(const uint8_t bytes[RECORDING_EVENT_BYTES], uint32_t version,
			    struct event *event);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs between kernel generations, as a table: a row is one behaviour, a column one
 * generation. Code asks generation_behaves(), never "is the version at least".
 */
#ifndef ENGINE_SEND_GENERATION_H
#define ENGINE_SEND_GENERATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum generation_id {
	GENERATION_6_18,
	GENERATION_COUNT,
};

enum behaviour_id {
#define BEHAVIOUR(id, sentence, change, ...) BEHAVIOUR_##id,
#include "engine/send/generation.def"
#undef BEHAVIOUR
	BEHAVIOUR_COUNT,
};

struct behaviour {
	const char *id;
	const char *sentence;
	const char *change; /* subject of the upstream change, from memory */
	uint8_t columns[GENERATION_COUNT];
};

/* Sizes and limits of a generation. */
struct generation_limits {
	uint64_t max_extent_refs; /* more references than this: written, not cloned */
	size_t name_cache;
	size_t backref_cache;
	size_t backref_cache_roots; /* roots of one leaf that are still remembered */
	size_t dir_created_cache;
	size_t dir_utimes_cache; /* trimmed to this many, not capped */
};

extern const struct behaviour behaviours[BEHAVIOUR_COUNT];

const char *generation_name(enum generation_id id);
const struct generation_limits *generation_get_limits(enum generation_id id);

static inline bool generation_behaves(enum generation_id id, enum behaviour_id behaviour)
{
	return behaviours[behaviour].columns[id];
}

#endif

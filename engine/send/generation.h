/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs between kernel generations, as a table: a row is one behaviour, a column one
 * generation. Code asks generation_behaves(), never "is the version at least".
 */
#ifndef ENGINE_SEND_GENERATION_H
#define ENGINE_SEND_GENERATION_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum generation_id {
	GENERATION_2012,
	GENERATION_6_1,
	GENERATION_6_6,
	GENERATION_6_12,
	GENERATION_6_18,
	GENERATION_COUNT,
};

enum behaviour_id {
#define BEHAVIOUR(id, sentence, change, ...) BEHAVIOUR_##id,
#include "engine/send/generation.def"
#undef BEHAVIOUR
	BEHAVIOUR_COUNT,
};

static_assert(BEHAVIOUR_COUNT <= 64, "rows are bits of struct generation");

struct behaviour {
	const char *id;
	const char *sentence;
	const char *change; /* subject of the upstream change, from memory */
	uint8_t columns[GENERATION_COUNT];
};

/*
 * What a send does: the column of a generation, with single rows turned around. Rows are bits by
 * their enum behaviour_id.
 */
struct generation {
	enum generation_id id;
	uint64_t turned;
};

/* Sizes of the kernel's caches; those a generation lacks are told by its rows. */
enum {
	NAME_CACHE_SIZE = 256,
	LEAF_CACHE_SIZE = 128,
	LEAF_CACHE_ROOTS = 17, /* with more roots a leaf is not remembered */
	DIR_CREATED_CACHE_SIZE = 64,
	DIR_UTIMES_CACHE_SIZE = 64, /* trimmed to, not capped */
};

extern const struct behaviour behaviours[BEHAVIOUR_COUNT];

const char *generation_name(enum generation_id id);
/* The kernels a column was read from. */
const char *generation_source(enum generation_id id);
/* False when no generation has this name. */
bool generation_find(const char *name, enum generation_id *id);

static inline bool generation_behaves(const struct generation *generation,
				      enum behaviour_id behaviour)
{
	return behaviours[behaviour].columns[generation->id] ^
	       (generation->turned >> behaviour & 1);
}

#endif

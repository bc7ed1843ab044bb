/* SPDX-License-Identifier: GPL-2.0 */
#include "engine/send/generation.h"

const struct behaviour behaviours[BEHAVIOUR_COUNT] = {
#define BEHAVIOUR(id, sentence, change, ...) \
	[BEHAVIOUR_##id] = {#id, sentence, change, {__VA_ARGS__}},
#include "engine/send/generation.def"
#undef BEHAVIOUR
};

static const struct {
	const char *name;
	struct generation_limits limits;
} generations[GENERATION_COUNT] = {
	[GENERATION_6_18] = {"6.18",
			     {.max_extent_refs = 1024,
			      .name_cache = 256,
			      .backref_cache = 128,
			      .backref_cache_roots = 17,
			      .dir_created_cache = 64,
			      .dir_utimes_cache = 64}},
};

const char *generation_name(enum generation_id id)
{
	return generations[id].name;
}

const struct generation_limits *generation_get_limits(enum generation_id id)
{
	return &generations[id].limits;
}

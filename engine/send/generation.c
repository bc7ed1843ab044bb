/* SPDX-License-Identifier: GPL-2.0 */
#include "engine/send/generation.h"

#include <string.h>

const struct behaviour behaviours[BEHAVIOUR_COUNT] = {
#define BEHAVIOUR(id, sentence, change, ...) \
	[BEHAVIOUR_##id] = {#id, sentence, change, {__VA_ARGS__}},
#include "engine/send/generation.def"
#undef BEHAVIOUR
};

static const struct {
	const char *name;
	const char *source; /* what it was read from */
} generations[GENERATION_COUNT] = {
	[GENERATION_2012] = {"2012", "the first send, of 2012 (between 3.6 and 3.7)"},
	[GENERATION_6_1] = {"6.1", "Debian's 6.1.y"},
	[GENERATION_6_6] = {"6.6", "6.6"},
	[GENERATION_6_12] = {"6.12", "Debian's 6.12.y"},
	[GENERATION_6_18] = {"6.18", "6.18.y"},
};

const char *generation_name(enum generation_id id)
{
	return generations[id].name;
}

const char *generation_source(enum generation_id id)
{
	return generations[id].source;
}

bool generation_find(const char *name, enum generation_id *id)
{
	int i;

	for (i = 0; i < GENERATION_COUNT; i++) {
		if (strcmp(generations[i].name, name) == 0) {
			*id = (enum generation_id)i;
			return true;
		}
	}
	return false;
}

/* SPDX-License-Identifier: GPL-2.0 */
/* The table of keys, and words for what is in the model. */
#include "profiler/comparison.h"

#include <stdlib.h>
#include <string.h>

const struct compare_key compare_keys[] = {
#define COMPARE_KEY(scope, name, form, unit, better, path, more, sentence) \
	{SCOPE_##scope, name, FORM_##form, UNIT_##unit, BETTER_##better, path, more, sentence},
#include "profiler/compare_keys.def"
#undef COMPARE_KEY
};
const size_t compare_key_count = sizeof(compare_keys) / sizeof(compare_keys[0]);

const char *const judgement_names[JUDGEMENTS] = {
	[JUDGED_NOTHING] = "not in both", [JUDGED_SAME] = "same",
	[JUDGED_NOISE] = "within noise",  [JUDGED_UNSURE] = "too few samples",
	[JUDGED_BETTER] = "better",	  [JUDGED_WORSE] = "worse",
	[JUDGED_CHANGED] = "changed",
};

const char *const gate_result_names[GATE_RESULTS] = {
	[GATE_PASSED] = "passed",
	[GATE_FAILED] = "failed",
	[GATE_MISSING] = "missing",
};

const char *const workload_state_names[WORKLOAD_STATES] = {
	[WORKLOAD_ABSENT] = "absent",
	[WORKLOAD_EQUAL] = "equal",
	[WORKLOAD_DIFFERENT] = "different",
	[WORKLOAD_INCOMPLETE] = "incomplete",
};

const char *const compare_unit_names[UNIT_KINDS] = {
	[UNIT_TIME] = "a time",	    [UNIT_BYTES] = "a size",  [UNIT_COUNT] = "a count",
	[UNIT_FACTOR] = "a factor", [UNIT_SHARE] = "a share",
};

void compare_scope_sides(enum compare_scope scope, enum side *first, enum side *end)
{
	switch (scope) {
	case SCOPE_ALL:
		*first = SIDE_COUNT;
		break;
	case SCOPE_ENGINE:
		*first = SIDE_ENGINE;
		break;
	default:
		*first = SIDE_KERNEL;
	}
	switch (scope) {
	case SCOPE_ALL:
		*end = SIDE_COUNT + 1;
		break;
	case SCOPE_KERNEL:
		*end = SIDE_KERNEL + 1;
		break;
	default:
		*end = SIDE_COUNT;
	}
}

char *compare_key_name(const struct compare_key *key, enum side side, unsigned int kind)
{
	static const char *const sides[SIDE_COUNT] = {"kernel", "engine"};
	char *name;
	int length;

	if (kind)
		length = asprintf(&name, "%s.latency.%s.%s", sides[side],
				  stream_commands[kind].name, key->name);
	else if (side != SIDE_COUNT)
		length = asprintf(&name, "%s.%s", sides[side], key->name);
	else
		length = asprintf(&name, "%s", key->name);
	return length < 0 ? NULL : name;
}

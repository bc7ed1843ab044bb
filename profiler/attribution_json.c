/* SPDX-License-Identifier: GPL-2.0 */
/* An attribution as JSON, as docs/result-json.md says. */
#include "profiler/result.h"

json_t *behaviours_to_json(uint64_t rows)
{
	json_t *array = json_array();

	for (unsigned int row = 0; row < BEHAVIOUR_COUNT; row++) {
		if (rows >> row & 1)
			json_array_append_new(array, json_string(behaviours[row].id));
	}
	return array;
}

static json_t *found_json(const struct attribution *attribution)
{
	json_t *array = json_array();

	for (size_t i = 0; i < attribution->found_count; i++) {
		const struct generation *found = &attribution->found[i];

		json_array_append_new(array, json_pack("{s:s, s:o}", "generation",
						       generation_name(found->id), "turned",
						       behaviours_to_json(found->turned)));
	}
	return array;
}

static json_t *further_json(const struct attribution *attribution)
{
	json_t *array = json_array();

	for (size_t i = 0; i < attribution->further_count; i++) {
		const struct tried_generation *tried = &attribution->further[i];

		json_array_append_new(array,
				      json_pack("{s:s, s:o, s:I}", "generation",
						generation_name(tried->generation.id), "turned",
						behaviours_to_json(tried->generation.turned),
						"agrees_until", (json_int_t)tried->agrees_until));
	}
	return array;
}

static json_t *whole_json(const struct attribution *attribution)
{
	json_t *array = json_array();

	for (unsigned int id = 0; id < GENERATION_COUNT; id++) {
		if (attribution->whole >> id & 1)
			json_array_append_new(array, json_string(generation_name(id)));
	}
	return array;
}

static json_t *decisions_json(const struct attribution *attribution)
{
	json_t *array = json_array();

	for (size_t i = 0; i < attribution->decision_count; i++)
		json_array_append_new(array, json_string(attribution->decisions[i]));
	return array;
}

json_t *attribution_to_json(const struct attribution *attribution)
{
	static const char *const states[] = {
		[ATTRIBUTION_FOUND] = "found",
		[ATTRIBUTION_NOT_FOUND] = "not_found",
		[ATTRIBUTION_STOPPED] = "stopped",
	};

	if (attribution->state == ATTRIBUTION_NOT_SOUGHT)
		return json_null();
	return json_pack(
		"{s:s, s:I, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:s?, s:o}", "state",
		states[attribution->state], "differs_at", (json_int_t)attribution->differs_at,
		"found", found_json(attribution), "rows", behaviours_to_json(attribution->rows),
		"whole", whole_json(attribution), "further", further_json(attribution), "relevant",
		behaviours_to_json(attribution->relevant), "sends", (json_int_t)attribution->sends,
		"duration_ns", (json_int_t)attribution->duration_ns, "limit_ns",
		(json_int_t)attribution->limit_ns, "stopped",
		attribution->stopped[0] ? attribution->stopped : NULL, "decisions",
		decisions_json(attribution));
}

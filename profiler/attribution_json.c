/* SPDX-License-Identifier: GPL-2.0 */
/* An attribution as JSON, as docs/result-json.md says. */
#include "profiler/result_fields.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { STATES = ATTRIBUTION_STOPPED + 1 };

static const char *const states[STATES] = {
	[ATTRIBUTION_NOT_SOUGHT] = "not_sought",
	[ATTRIBUTION_FOUND] = "found",
	[ATTRIBUTION_NOT_FOUND] = "not_found",
	[ATTRIBUTION_STOPPED] = "stopped",
};

static const struct json_field numbers[] = {
#define FIELD(member) JSON_FIELD(struct attribution, member)
	FIELD(differs_at), FIELD(sends), FIELD(duration_ns), FIELD(limit_ns), FIELD(stopped),
#undef FIELD
};

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
		json_array_append_new(array, json_text_or_null(attribution->decisions[i]));
	return array;
}

json_t *attribution_to_json(const struct attribution *attribution)
{
	if (attribution->state == ATTRIBUTION_NOT_SOUGHT)
		return json_null();
	return json_pack(
		"{s:s, s:I, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:o, s:o}", "state",
		states[attribution->state], "differs_at", (json_int_t)attribution->differs_at,
		"found", found_json(attribution), "rows", behaviours_to_json(attribution->rows),
		"whole", whole_json(attribution), "further", further_json(attribution), "relevant",
		behaviours_to_json(attribution->relevant), "sends", (json_int_t)attribution->sends,
		"duration_ns", (json_int_t)attribution->duration_ns, "limit_ns",
		(json_int_t)attribution->limit_ns, "stopped",
		json_text_or_null(attribution->stopped[0] ? attribution->stopped : NULL),
		"decisions", decisions_json(attribution));
}

enum generation_id generation_from_json(const struct json_place *object, const char *key)
{
	const char *name = json_get_text(object, key);
	enum generation_id id = 0;

	if (!name || !generation_find(name, &id))
		json_refuse(object, name ? name : "nothing", "a generation");
	return id;
}

uint64_t behaviours_from_json(const struct json_place *object, const char *key)
{
	const struct json_place array = json_array_at(object, key);
	uint64_t rows = 0;

	for (size_t i = 0; i < json_elements(&array); i++) {
		const struct json_place element = json_element(&array, i);
		const char *id = json_text_of(&element);
		unsigned int row = 0;

		while (id && row < BEHAVIOUR_COUNT && strcmp(id, behaviours[row].id))
			row++;
		if (id && row < BEHAVIOUR_COUNT)
			rows |= UINT64_C(1) << row;
		else
			json_refuse(&element, id ? id : "nothing", "a row of the generations");
	}
	return rows;
}

static struct generation read_generation(const struct json_place *place)
{
	return (struct generation){generation_from_json(place, "generation"),
				   behaviours_from_json(place, "turned")};
}

static void read_found(const struct json_place *place, struct attribution *attribution)
{
	const struct json_place found = json_array_at(place, "found");
	const struct json_place further = json_array_at(place, "further");
	const struct json_place whole = json_array_at(place, "whole");

	for (size_t i = 0; i < json_elements(&found) && i < ATTRIBUTION_FOUND_MAX; i++) {
		const struct json_place one = json_element(&found, i);

		attribution->found[attribution->found_count++] = read_generation(&one);
	}
	for (size_t i = 0; i < json_elements(&further) && i < ATTRIBUTION_FURTHER_MAX; i++) {
		const struct json_place one = json_element(&further, i);

		attribution->further[attribution->further_count++] = (struct tried_generation){
			read_generation(&one), json_get_number(&one, "agrees_until")};
	}
	for (size_t i = 0; i < json_elements(&whole); i++) {
		const struct json_place one = json_element(&whole, i);
		const char *name = json_text_of(&one);
		enum generation_id id;

		if (name && generation_find(name, &id))
			attribution->whole |= UINT64_C(1) << id;
	}
}

static void read_decisions(const struct json_place *place, struct attribution *attribution)
{
	const struct json_place array = json_array_at(place, "decisions");

	attribution->decisions = calloc(json_elements(&array) + 1, sizeof(char *));
	for (size_t i = 0; attribution->decisions && i < json_elements(&array); i++) {
		const struct json_place one = json_element(&array, i);
		char *copy = json_copy_of(&one);

		if (!copy && !one.failure->code)
			copy = strdup("");
		if (!copy)
			break;
		attribution->decisions[attribution->decision_count++] = copy;
	}
	if (attribution->decision_count != json_elements(&array))
		failure_set(place->failure, -ENOMEM, "out of memory");
}

void attribution_from_json(const struct json_place *top, const struct generation *asked,
			   struct attribution *attribution)
{
	const struct json_place place = json_object_at(top, "attribution");

	if (!place.json)
		return;
	attribution->asked = *asked;
	attribution->state = json_get_choice(&place, "state", states, STATES);
	json_get_fields(&place, attribution, numbers, sizeof(numbers) / sizeof(numbers[0]));
	attribution->rows = behaviours_from_json(&place, "rows");
	attribution->relevant = behaviours_from_json(&place, "relevant");
	read_found(&place, attribution);
	read_decisions(&place, attribution);
}

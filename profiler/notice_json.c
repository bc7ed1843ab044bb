/* SPDX-License-Identifier: GPL-2.0 */
/* Notices, to JSON and back. */
#include "profiler/json_build.h"
#include "profiler/result_fields.h"

#include <stdio.h>

json_t *notices_to_json(const struct notice_log *notices)
{
	struct json_builder object = json_begin_object(), counts = json_begin_object();
	struct json_builder texts = json_begin_array();

	for (unsigned int i = 0; i < NOTICE_COUNT; i++) {
		if (notices->counts[i])
			json_put_number(&counts, send_notice_name(i), notices->counts[i]);
	}
	for (size_t i = 0; i < notices->text_count; i++)
		json_append(&texts, json_text_or_null(notices->texts[i]));
	json_put(&object, "counts", json_finish(&counts));
	json_put(&object, "texts", json_finish(&texts));
	return json_finish(&object);
}

void notices_from_json(const struct json_place *side, struct notice_log *notices)
{
	const struct json_place place = json_object_at(side, "notices");
	const struct json_place counts = json_object_at(&place, "counts");
	const struct json_place texts = json_array_at(&place, "texts");

	for (unsigned int i = 0; i < NOTICE_COUNT; i++) {
		notices->counts[i] = json_get_number(&counts, send_notice_name(i));
		notices->total += notices->counts[i];
	}
	if (json_elements(&texts) > NOTICE_LOG_TEXTS) {
		json_refuse(&texts, "more elements", "no more than a result has");
		return;
	}
	for (size_t i = 0; i < json_elements(&texts); i++) {
		const struct json_place element = json_element(&texts, i);

		json_chars_of(&element, notices->texts[notices->text_count++], NOTICE_TEXT_SIZE);
	}
}

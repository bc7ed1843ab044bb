/* SPDX-License-Identifier: GPL-2.0 */
/* What was written although it is shared, as JSON, and back. */
#include "profiler/result_fields.h"

#include <errno.h>
#include <string.h>

/* Rows of @wanted only, and of those only what is not 0; CLONE_LOSS_GROUP_COUNT: all rows. */
static json_t *loss_bytes_json(const uint64_t bytes[CLONE_LOSS_COUNT], enum clone_loss_group wanted)
{
	struct json_builder object = json_begin_object();

	for (unsigned int i = 0; i < CLONE_LOSS_COUNT; i++) {
		if (wanted == CLONE_LOSS_GROUP_COUNT ||
		    (bytes[i] && clone_losses[i].group == wanted))
			json_put_number(&object, clone_losses[i].name, bytes[i]);
	}
	return json_finish(&object);
}

static json_t *loss_files_json(const struct loss_result *losses)
{
	struct json_builder array = json_begin_array();

	for (size_t i = 0; i < losses->counters.file_count; i++) {
		const struct clone_loss_file *file = &losses->counters.files[i];
		struct json_builder object = json_begin_object();

		json_put_text(&object, "path", losses->paths[i]);
		json_put_number(&object, "ino", file->ino);
		json_put_number(&object, "lost_bytes",
				clone_loss_group_sum(file->bytes, CLONE_LOSS_GROUP_LOST));
		json_put(&object, "reasons", loss_bytes_json(file->bytes, CLONE_LOSS_GROUP_LOST));
		json_append(&array, json_finish(&object));
	}
	return json_finish(&array);
}

json_t *losses_to_json(const struct loss_result *losses)
{
	const uint64_t *bytes = losses->counters.bytes;
	struct json_builder object;

	if (!losses->known)
		return json_null();
	object = json_begin_object();
	json_put_number(&object, "cloned_bytes", losses->counters.cloned);
	json_put_number(&object, "written_bytes", clone_loss_sum(bytes));
	json_put_number(&object, "first_copy_bytes",
			clone_loss_group_sum(bytes, CLONE_LOSS_GROUP_FIRST));
	json_put_number(&object, "lost_bytes", clone_loss_group_sum(bytes, CLONE_LOSS_GROUP_LOST));
	json_put(&object, "written", loss_bytes_json(bytes, CLONE_LOSS_GROUP_COUNT));
	json_put(&object, "files", loss_files_json(losses));
	return json_finish(&object);
}

/* ---- and back: the sums are made again ---- */

static void read_bytes(const struct json_place *up, const char *key,
		       uint64_t bytes[CLONE_LOSS_COUNT])
{
	const struct json_place place = json_object_at(up, key);

	for (unsigned int i = 0; i < CLONE_LOSS_COUNT; i++)
		bytes[i] = json_get_number(&place, clone_losses[i].name);
}

static void read_file(const struct json_place *place, struct clone_loss_file *file, char **path)
{
	file->ino = json_get_number(place, "ino");
	read_bytes(place, "reasons", file->bytes);
	*path = json_get_copy(place, "path");
}

void losses_from_json(const struct json_place *top, struct loss_result *losses)
{
	const struct json_place place = json_object_at(top, "clone_loss");
	const struct json_place files = json_array_at(&place, "files");

	if (!place.json)
		return;
	losses->known = true;
	losses->counters.cloned = json_get_number(&place, "cloned_bytes");
	read_bytes(&place, "written", losses->counters.bytes);
	if (json_elements(&files) > CLONE_LOSS_FILES) {
		json_refuse(&files, "more elements", "no more than a result has");
		return;
	}
	for (size_t i = 0; i < json_elements(&files); i++) {
		const struct json_place file = json_element(&files, i);

		read_file(&file, &losses->counters.files[i], &losses->paths[i]);
		losses->counters.file_count++;
	}
}

/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/json_build.h"
#include "profiler/whole_file.h"

#include <errno.h>

struct json_builder json_begin_object(void)
{
	return (struct json_builder){.json = json_object()};
}

struct json_builder json_begin_array(void)
{
	return (struct json_builder){.json = json_array()};
}

void json_put(struct json_builder *object, const char *key, json_t *value)
{
	object->failed |= json_object_set_new(object->json, key, value) != 0;
}

void json_append(struct json_builder *array, json_t *value)
{
	array->failed |= json_array_append_new(array->json, value) != 0;
}

void json_put_number(struct json_builder *object, const char *key, uint64_t value)
{
	json_put(object, key, json_integer((json_int_t)value));
}

void json_put_text(struct json_builder *object, const char *key, const char *text)
{
	json_put(object, key, json_text_or_null(text));
}

void json_put_bool(struct json_builder *object, const char *key, bool value)
{
	json_put(object, key, json_boolean(value));
}

void json_append_number(struct json_builder *array, uint64_t value)
{
	json_append(array, json_integer((json_int_t)value));
}

json_t *json_finish(struct json_builder *builder)
{
	if (!builder->failed)
		return builder->json;
	json_decref(builder->json);
	return NULL;
}

int json_save(const json_t *json, const char *path)
{
	struct whole_file whole;
	int ret = whole_file_open(&whole, path);

	if (ret)
		return ret;
	errno = 0; /* jansson's own errors have none */
	if (json_dumpf(json, whole.file, JSON_INDENT(1)))
		ret = errno ? -errno : -EIO;
	return whole_file_close(&whole, ret);
}

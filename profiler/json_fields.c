/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/json_fields.h"

#include <stdio.h>
#include <string.h>

static json_t *uuid_json(const uint8_t uuid[16])
{
	char text[37], *at = text;

	for (size_t i = 0; i < 16; i++)
		at += sprintf(at, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x",
			      uuid[i]);
	return json_string(text);
}

static json_t *field_json(const void *member, enum json_field_kind kind)
{
	switch (kind) {
	case JSON_FIELD_U64:
		return json_integer((json_int_t) * (const uint64_t *)member);
	case JSON_FIELD_I64:
		return json_integer(*(const int64_t *)member);
	case JSON_FIELD_U32:
		return json_integer(*(const uint32_t *)member);
	case JSON_FIELD_BOOL:
		return json_boolean(*(const bool *)member);
	case JSON_FIELD_UUID:
		return uuid_json(member);
	case JSON_FIELD_OWNED:
	case JSON_FIELD_BORROWED:
		return json_text_or_null(*(const char *const *)member);
	case JSON_FIELD_CHARS:
		return json_text_or_null(member);
	}
	return NULL;
}

void json_put_fields(struct json_builder *object, const void *from, const struct json_field *fields,
		     size_t count)
{
	for (size_t i = 0; i < count; i++)
		json_put(object, fields[i].key,
			 field_json((const char *)from + fields[i].offset, fields[i].kind));
}

json_t *json_of_fields(const void *from, const struct json_field *fields, size_t count)
{
	struct json_builder object = json_begin_object();

	json_put_fields(&object, from, fields, count);
	return json_finish(&object);
}

static uint32_t get_u32(const struct json_place *object, const char *key)
{
	uint64_t number = json_get_number(object, key);

	if (number > UINT32_MAX)
		json_refuse(object, key, "a number of 32 bits");
	return (uint32_t)number;
}

static void get_uuid(const struct json_place *object, const char *key, uint8_t uuid[16])
{
	const char *text = json_get_text(object, key);
	int used = 0, digits = 0;

	memset(uuid, 0, 16);
	for (const char *at = text; at && *at && digits < 16; digits++) {
		unsigned int byte;

		at += *at == '-';
		if (sscanf(at, "%2x%n", &byte, &used) != 1 || used != 2)
			break;
		uuid[digits] = (uint8_t)byte;
		at += used;
	}
	if (text && digits != 16)
		json_refuse(object, text, "a UUID");
}

void json_get_fields(const struct json_place *object, void *into, const struct json_field *fields,
		     size_t count)
{
	for (size_t i = 0; i < count; i++) {
		void *member = (char *)into + fields[i].offset;

		switch (fields[i].kind) {
		case JSON_FIELD_U64:
		case JSON_FIELD_I64:
			*(uint64_t *)member = json_get_number(object, fields[i].key);
			break;
		case JSON_FIELD_U32:
			*(uint32_t *)member = get_u32(object, fields[i].key);
			break;
		case JSON_FIELD_BOOL:
			*(bool *)member = json_get_bool(object, fields[i].key);
			break;
		case JSON_FIELD_UUID:
			get_uuid(object, fields[i].key, member);
			break;
		case JSON_FIELD_OWNED:
			*(char **)member = json_get_copy(object, fields[i].key);
			break;
		case JSON_FIELD_BORROWED:
			*(const char **)member = json_get_text(object, fields[i].key);
			break;
		case JSON_FIELD_CHARS:
			json_get_chars(object, fields[i].key, member, fields[i].size);
			break;
		}
	}
}

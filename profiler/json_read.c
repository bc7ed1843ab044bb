/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/json_read.h"
#include "profiler/json_text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *type_name(const json_t *json)
{
	if (!json)
		return "nothing";
	switch (json_typeof(json)) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "an array";
	case JSON_STRING:
		return "a text";
	case JSON_INTEGER:
		return json_integer_value(json) < 0 ? "a negative number" : "a whole number";
	case JSON_REAL:
		return "a fraction";
	case JSON_TRUE:
	case JSON_FALSE:
		return "true or false";
	default:
		return "null";
	}
}

/* The way from the top, "a.b[0].c"; cut when it is very long. */
static void put_way(const struct json_place *place, char *text, size_t size)
{
	size_t length;

	if (!place->up)
		return;
	put_way(place->up, text, size);
	length = strlen(text);
	if (place->key)
		snprintf(text + length, size - length, "%s%s", length ? "." : "", place->key);
	else
		snprintf(text + length, size - length, "[%zu]", place->index);
}

int json_fail(const struct json_place *place, const char *format, ...)
{
	const struct json_place *top = place;
	char way[200] = "", what[300];
	va_list arguments;

	while (top->up)
		top = top->up;
	put_way(place, way, sizeof(way));
	va_start(arguments, format);
	vsnprintf(what, sizeof(what), format, arguments);
	va_end(arguments);
	if (!top->key)
		return failure_set(place->failure, -EPROTO, "%s: %s", *way ? way : "the document",
				   what);
	return failure_set(place->failure, -EPROTO, "%s: %s%s%s", top->key, way, *way ? ": " : "",
			   what);
}

int json_refuse(const struct json_place *place, const char *have, const char *expect)
{
	return json_fail(place, "have %.100s expect %.100s", have, expect);
}

int json_refuse_type(const struct json_place *place, const char *expect)
{
	return json_refuse(place, type_name(place->json), expect);
}

static struct json_place checked(struct json_place place, bool right, const char *expect)
{
	if (!place.json || json_is_null(place.json)) {
		place.json = NULL;
	} else if (!right) {
		json_refuse_type(&place, expect);
		place.json = NULL;
	}
	return place;
}

struct json_place json_value_at(const struct json_place *up, const char *key)
{
	checked(*up, json_is_object(up->json), "an object");
	return (struct json_place){
		.json = json_object_get(up->json, key),
		.up = up,
		.key = key,
		.failure = up->failure,
	};
}

struct json_place json_top(const json_t *json, struct failure *failure)
{
	return json_file_top(json, NULL, failure);
}

struct json_place json_file_top(const json_t *json, const char *path, struct failure *failure)
{
	const struct json_place place = {.json = json, .key = path, .failure = failure};

	return checked(place, json_is_object(json), "an object");
}

struct json_place json_object_at(const struct json_place *up, const char *key)
{
	const struct json_place place = json_value_at(up, key);

	return checked(place, json_is_object(place.json), "an object");
}

struct json_place json_array_at(const struct json_place *up, const char *key)
{
	const struct json_place place = json_value_at(up, key);

	return checked(place, json_is_array(place.json), "an array");
}

struct json_place json_along(const struct json_place *up, const char *path)
{
	struct json_place place = *up;
	const char *key = path;
	char so_far[128];

	for (;;) {
		size_t length = strcspn(key, ".");

		place = checked(place, json_is_object(place.json), "an object");
		snprintf(so_far, sizeof(so_far), "%.*s", (int)(key + length - path), path);
		place = (struct json_place){
			.json = json_object_getn(place.json, key, length),
			.up = up,
			.key = so_far,
			.failure = up->failure,
		};
		if (!key[length])
			break;
		key += length + 1;
	}
	place.key = path;
	return place;
}

struct json_place json_element(const struct json_place *array, size_t index)
{
	checked(*array, json_is_array(array->json), "an array");
	return (struct json_place){
		.json = json_array_get(array->json, index),
		.up = array,
		.index = index,
		.failure = array->failure,
	};
}

size_t json_elements(const struct json_place *place)
{
	return json_is_array(place->json) ? json_array_size(place->json)
					  : json_object_size(place->json);
}

uint64_t json_number_of(const struct json_place *place)
{
	const struct json_place found = checked(*place, json_is_integer(place->json), "a number");

	return (uint64_t)json_integer_value(found.json);
}

const char *json_text_of(const struct json_place *place)
{
	const struct json_place found = checked(*place, json_is_string(place->json), "a text");

	return json_string_value(found.json);
}

uint64_t json_get_number(const struct json_place *object, const char *key)
{
	const struct json_place place = json_value_at(object, key);

	return json_number_of(&place);
}

bool json_figure_of(const struct json_place *place, double *number)
{
	const bool right = json_is_integer(place->json) && json_integer_value(place->json) >= 0;
	const struct json_place found = checked(*place, right, "a whole number, 0 or more");

	*number = (double)json_integer_value(found.json);
	return found.json;
}

bool json_get_bool(const struct json_place *object, const char *key)
{
	struct json_place place = json_value_at(object, key);

	place = checked(place, json_is_boolean(place.json), "true or false");
	return json_is_true(place.json);
}

const char *json_get_text(const struct json_place *object, const char *key)
{
	const struct json_place place = json_value_at(object, key);

	return json_text_of(&place);
}

char *json_copy_of(const struct json_place *place)
{
	const char *text = json_text_of(place);
	char *copy = text ? strdup(text) : NULL;

	if (copy)
		json_text_decode(copy);
	else if (text)
		failure_set(place->failure, -ENOMEM, "out of memory");
	return copy;
}

char *json_get_copy(const struct json_place *object, const char *key)
{
	const struct json_place place = json_value_at(object, key);

	return json_copy_of(&place);
}

void json_chars_of(const struct json_place *place, char *chars, size_t size)
{
	char *copy = json_copy_of(place);

	snprintf(chars, size, "%s", copy ? copy : "");
	free(copy);
}

void json_get_chars(const struct json_place *object, const char *key, char *chars, size_t size)
{
	const struct json_place place = json_value_at(object, key);

	json_chars_of(&place, chars, size);
}

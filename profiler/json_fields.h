/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Structures as JSON objects by tables: a row is a key and the member behind it. Writer and reader
 * use the same table.
 */
#ifndef PROFILER_JSON_FIELDS_H
#define PROFILER_JSON_FIELDS_H

#include "profiler/json_build.h"
#include "profiler/json_read.h"

#include <stddef.h>

enum json_field_kind {
	JSON_FIELD_U64,
	JSON_FIELD_I64,
	JSON_FIELD_U32,
	JSON_FIELD_BOOL,
	JSON_FIELD_UUID,     /* uint8_t[16] */
	JSON_FIELD_OWNED,    /* char *, reading makes a copy; NULL is null */
	JSON_FIELD_BORROWED, /* const char *, reading borrows from the document */
	JSON_FIELD_CHARS,    /* char[], cut to its size when read */
};

struct json_field {
	const char *key;
	enum json_field_kind kind;
	size_t offset;
	size_t size;
};

#define JSON_FIELD_KIND(pointer) \
	_Generic((pointer), uint64_t *                                                       \
		 : JSON_FIELD_U64, int64_t *                                                 \
		 : JSON_FIELD_I64, uint32_t *                                                \
		 : JSON_FIELD_U32, bool *                                                    \
		 : JSON_FIELD_BOOL, uint8_t(*)[16]                                           \
		 : JSON_FIELD_UUID, char **                                                  \
		 : JSON_FIELD_OWNED, const char **                                           \
		 : JSON_FIELD_BORROWED, default                                              \
		 : JSON_FIELD_CHARS)
/* A member under another key, and one under its own name. */
#define JSON_FIELD_AS(key, type, member)                                            \
	{                                                                           \
		key, JSON_FIELD_KIND(&((type *)0)->member), offsetof(type, member), \
			sizeof(((type *)0)->member)                                 \
	}
#define JSON_FIELD(type, member) JSON_FIELD_AS(#member, type, member)

void json_put_fields(struct json_builder *object, const void *from, const struct json_field *fields,
		     size_t count);
json_t *json_of_fields(const void *from, const struct json_field *fields, size_t count);
/* What is not in @object becomes 0. Failures are those of the place, or -ENOMEM. */
void json_get_fields(const struct json_place *object, void *into, const struct json_field *fields,
		     size_t count);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An object or array being filled. A failure to allocate is remembered, so that callers need not
 * check each step: json_finish() then gives NULL.
 */
#ifndef PROFILER_JSON_BUILD_H
#define PROFILER_JSON_BUILD_H

#include "profiler/json_text.h"

#include <stdbool.h>
#include <stdint.h>

struct json_builder {
	json_t *json;
	bool failed;
};

struct json_builder json_begin_object(void);
struct json_builder json_begin_array(void);

/* Both take the reference of @value, NULL means that making it failed. */
void json_put(struct json_builder *object, const char *key, json_t *value);
void json_append(struct json_builder *array, json_t *value);

void json_put_number(struct json_builder *object, const char *key, uint64_t value);
/* By json_text_or_null(). */
void json_put_text(struct json_builder *object, const char *key, const char *text);
void json_put_bool(struct json_builder *object, const char *key, bool value);
void json_append_number(struct json_builder *array, uint64_t value);

/* What was built, the caller's; NULL when anything failed. */
json_t *json_finish(struct json_builder *builder);

/* Write @json to @path by a struct whole_file. 0 or a negative errno. */
int json_save(const json_t *json, const char *path);

#endif

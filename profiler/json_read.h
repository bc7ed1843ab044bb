/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reading JSON that may say anything. A place knows the way to it, so that a message can name it:
 * "sides.kernel.samples.0.bytes: have a string expect a number". The first failure is kept and
 * what is asked afterwards is 0, so that callers check once, at the end. What is not there, or
 * null, is 0 or NULL without a failure: a document of an older version lacks the newer keys.
 */
#ifndef PROFILER_JSON_READ_H
#define PROFILER_JSON_READ_H

#include "engine/core/failure.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_place {
	const json_t *json; /* NULL: not there */
	const struct json_place *up;
	const char *key; /* NULL: an element */
	size_t index;
	struct failure *failure;
};

struct json_place json_top(const json_t *json, struct failure *failure);
/* An object or array below @up, which must outlive it. */
struct json_place json_object_at(const struct json_place *up, const char *key);
struct json_place json_array_at(const struct json_place *up, const char *key);
struct json_place json_element(const struct json_place *array, size_t index);
/* Elements of an array or object; 0 when it is not there. */
size_t json_elements(const struct json_place *place);

/* Numbers are those of json_put_number(): above INT64_MAX they come back from negative ones. */
uint64_t json_get_number(const struct json_place *object, const char *key);
bool json_get_bool(const struct json_place *object, const char *key);
/* Borrowed from the document. */
const char *json_get_text(const struct json_place *object, const char *key);
/* The caller's to free(); NULL when it is not there, and, with a failure, without memory. */
char *json_get_copy(const struct json_place *object, const char *key);
uint64_t json_number_of(const struct json_place *place);
const char *json_text_of(const struct json_place *place);

/* The value is not one of those expected. Returns -EPROTO. */
int json_refuse(const struct json_place *place, const char *have, const char *expect);

#endif

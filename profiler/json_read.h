/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reading JSON that may say anything. A place knows the way to it, so that a message can name it:
 * "sides.kernel.samples[0].bytes: have a text expect a number". The first failure is kept and
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
	const char *key; /* NULL: an element; of the top the file, or NULL */
	size_t index;
	struct failure *failure;
};

struct json_place json_top(const json_t *json, struct failure *failure);
/* The same of the file at @path, with which messages begin. */
struct json_place json_file_top(const json_t *json, const char *path, struct failure *failure);
/* Below @up, which must outlive it: whatever is there, also a null, or an object, or an array. */
struct json_place json_value_at(const struct json_place *up, const char *key);
struct json_place json_object_at(const struct json_place *up, const char *key);
struct json_place json_array_at(const struct json_place *up, const char *key);
struct json_place json_element(const struct json_place *array, size_t index);
/* The same behind a way through objects, "kernel.latency.batched". */
struct json_place json_along(const struct json_place *up, const char *path);
/* Elements of an array or object; 0 when it is not there. */
size_t json_elements(const struct json_place *place);

/* Numbers are those of json_put_number(): above INT64_MAX they come back from negative ones. */
uint64_t json_get_number(const struct json_place *object, const char *key);
bool json_get_bool(const struct json_place *object, const char *key);
/* Borrowed from the document, as it is there: for words that are compared. */
const char *json_get_text(const struct json_place *object, const char *key);
const char *json_text_of(const struct json_place *place);
/*
 * What json_text_or_null() was given. The caller's to free(); NULL when it is not there, and, with
 * a failure, without memory.
 */
char *json_get_copy(const struct json_place *object, const char *key);
char *json_copy_of(const struct json_place *place);
/* The same, cut to @size bytes; "" when it is not there. */
void json_get_chars(const struct json_place *object, const char *key, char *chars, size_t size);
void json_chars_of(const struct json_place *place, char *chars, size_t size);
uint64_t json_number_of(const struct json_place *place);
/* A whole number, 0 or more. False, and 0, when it is not there. */
bool json_figure_of(const struct json_place *place, double *number);

/* The value is not one of those expected, or not of the type. Return -EPROTO. */
int json_refuse(const struct json_place *place, const char *have, const char *expect);
int json_refuse_type(const struct json_place *place, const char *expect);
/* Something else is wrong with it. Returns -EPROTO. */
int json_fail(const struct json_place *place, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif

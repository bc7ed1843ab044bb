/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The results that are compared, as JSON: of a run, or of a bench with several workloads. They come
 * from files, so anything may be in them; a key that is not there, or null, is no error, one with
 * another type than docs/result-json.md says is.
 */
#ifndef PROFILER_COMPARE_INPUT_H
#define PROFILER_COMPARE_INPUT_H

#include "engine/core/failure.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct input_workload {
	char *label;	      /* "many-refs refs=100"; "run" for that of a run; owned */
	char *name;	      /* "many-refs"; owned */
	char *where;	      /* in messages: "workloads[2].result."; owned */
	const json_t *result; /* of the file's document */
};

struct input {
	const char *path; /* the caller's */
	json_t *document;
	struct input_workload *workloads;
	size_t count;
};

/* 0, or a negative errno with @failure set. End with input_release() in any case. */
int input_load(struct input *input, const char *path, struct failure *failure);
void input_release(struct input *input);

/* NULL when @input has none with this label. */
const struct input_workload *input_find(const struct input *input, const char *label);

/* Where a value is looked for, and who is told when it is not what it should be. */
struct input_place {
	const struct input *input;
	const struct input_workload *workload;
	struct failure *failure;
};

/*
 * The value at @path ("sides.kernel.samples"), which must be of @type unless it is not there: then
 * *@value is NULL. 0 or -EPROTO.
 */
int input_value(const struct input_place *place, const char *path, json_type type,
		const json_t **value);
/* A whole number, 0 or more. 0 or -EPROTO; *@present tells whether it is there. */
int input_number(const struct input_place *place, const char *path, double *number, bool *present);
/* *@text is "" when it is not there; borrowed from the document. */
int input_text(const struct input_place *place, const char *path, const char **text);

/* Say that the value at @path is not what was expected: -EPROTO. @have may be NULL. */
int input_refuse(const struct input_place *place, const char *path, const json_t *have,
		 const char *expect);

#endif

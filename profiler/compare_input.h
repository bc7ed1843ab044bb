/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The results that are compared, as JSON: of a run, or of a bench with several workloads. They come
 * from files, so anything may be in them; a key that is not there, or null, is no error, one with
 * another type than docs/result-json.md says is.
 */
#ifndef PROFILER_COMPARE_INPUT_H
#define PROFILER_COMPARE_INPUT_H

#include "profiler/json_read.h"

struct input_workload {
	char *label; /* "many-refs refs=100"; "run" for that of a run; owned */
	char *name;  /* "many-refs"; owned */
	struct json_place element;
	struct json_place result;
};

/* Places refer to those above them: while it is in use it stays where it was filled. */
struct input {
	const char *path; /* the caller's */
	json_t *document;
	struct json_place top, list;
	struct input_workload *workloads;
	size_t count;
};

/*
 * 0, or a negative errno with @failure set, which is also that of all places in @input. End with
 * input_release() in any case.
 */
int input_load(struct input *input, const char *path, struct failure *failure);
void input_release(struct input *input);

/* NULL when @input has none with this label. */
const struct input_workload *input_find(const struct input *input, const char *label);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/compare_input.h"
#include "profiler/result.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *type_name(const json_t *value)
{
	if (!value)
		return "nothing";
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "an array";
	case JSON_STRING:
		return "a text";
	case JSON_INTEGER:
		return json_integer_value(value) < 0 ? "a negative number" : "a whole number";
	case JSON_REAL:
		return "a fraction";
	case JSON_NULL:
		return "null";
	default:
		return "a truth value";
	}
}

static const char *expected_name(json_type type)
{
	switch (type) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "an array";
	case JSON_STRING:
		return "a text";
	case JSON_INTEGER:
		return "a whole number, 0 or more";
	default:
		return "true or false";
	}
}

int input_refuse(const struct input_place *place, const char *path, const json_t *have,
		 const char *expect)
{
	const char *where = place->workload ? place->workload->where : "";
	size_t length = strlen(where);

	/* Of the whole result there is no path, nor of the whole document. */
	if (length && !*path)
		length--;
	return failure_set(place->failure, -EPROTO, "%s: %.*s%s%shave %s expect %s",
			   place->input->path, (int)length, where, path,
			   length || *path ? ": " : "", type_name(have), expect);
}

/* jansson knows true and false as two types. */
static bool is_of(const json_t *value, json_type type)
{
	if (type == JSON_TRUE)
		return json_is_boolean(value);
	return json_typeof(value) == type &&
	       (type != JSON_INTEGER || json_integer_value(value) >= 0);
}

int input_value(const struct input_place *place, const char *path, json_type type,
		const json_t **value)
{
	const json_t *at = place->workload ? place->workload->result : place->input->document;
	const char *key = path;
	char so_far[128];

	*value = NULL;
	for (;;) {
		size_t length = strcspn(key, ".");

		if (!json_is_object(at)) {
			snprintf(so_far, sizeof(so_far), "%.*s",
				 (int)(key > path ? key - path - 1 : 0), path);
			return input_refuse(place, so_far, at, "an object");
		}
		at = json_object_getn(at, key, length);
		if (!at || json_is_null(at))
			return 0;
		if (!key[length])
			break;
		key += length + 1;
	}
	if (!is_of(at, type))
		return input_refuse(place, path, at, expected_name(type));
	*value = at;
	return 0;
}

int input_number(const struct input_place *place, const char *path, double *number, bool *present)
{
	const json_t *value;
	int ret = input_value(place, path, JSON_INTEGER, &value);

	*present = value != NULL;
	*number = value ? (double)json_integer_value(value) : 0;
	return ret;
}

int input_text(const struct input_place *place, const char *path, const char **text)
{
	const json_t *value;
	int ret = input_value(place, path, JSON_STRING, &value);

	*text = value ? json_string_value(value) : "";
	return ret;
}

static int compare_names(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* " k=v" for each parameter, by name, so that the order in a file does not matter. */
static int put_parameters(const struct input_place *place, const char *path,
			  const json_t *parameters, FILE *out)
{
	size_t count = json_object_size(parameters), used = 0;
	const char **names = calloc(count + 1, sizeof(*names)), *name;
	json_t *value;
	int ret = 0;

	if (!names)
		return failure_set(place->failure, -ENOMEM, "out of memory");
	json_object_foreach((json_t *)parameters, name, value) names[used++] = name;
	qsort(names, count, sizeof(*names), compare_names);
	for (size_t i = 0; ret == 0 && i < count; i++) {
		value = json_object_get(parameters, names[i]);
		if (json_is_string(value))
			fprintf(out, " %s=%s", names[i], json_string_value(value));
		else if (json_is_integer(value))
			fprintf(out, " %s=%" JSON_INTEGER_FORMAT, names[i],
				json_integer_value(value));
		else
			ret = input_refuse(place, path, value,
					   "parameters that are text or numbers");
	}
	free(names);
	return ret;
}

/* Name and parameters of element @index, which together say which workload it is. */
static int read_label(struct input *input, size_t index, const json_t *element,
		      struct input_workload *workload, struct failure *failure)
{
	const struct input_place place = {input, NULL, failure};
	const json_t *name = json_object_get(element, "name");
	const json_t *parameters = json_object_get(element, "parameters");
	char path[64];
	size_t size;
	FILE *out;
	int ret = 0;

	snprintf(path, sizeof(path), "workloads[%zu].name", index);
	if (!json_is_string(name) || !json_string_length(name))
		return input_refuse(&place, path, name, "the name of a workload");
	snprintf(path, sizeof(path), "workloads[%zu].parameters", index);
	if (parameters && !json_is_null(parameters) && !json_is_object(parameters))
		return input_refuse(&place, path, parameters, "an object");
	workload->name = strdup(json_string_value(name));
	out = open_memstream(&workload->label, &size);
	if (!out || !workload->name) {
		if (out)
			fclose(out);
		return failure_set(failure, -ENOMEM, "out of memory");
	}
	fputs(workload->name, out);
	if (json_is_object(parameters))
		ret = put_parameters(&place, path, parameters, out);
	if (fclose(out) != 0)
		return failure_set(failure, -ENOMEM, "out of memory");
	return ret;
}

static int read_workload(struct input *input, size_t index, const json_t *element,
			 struct failure *failure)
{
	struct input_workload *workload = &input->workloads[input->count];
	const struct input_place place = {input, NULL, failure};
	char path[64];
	int ret;

	snprintf(path, sizeof(path), "workloads[%zu]", index);
	if (!json_is_object(element))
		return input_refuse(&place, path, element, "an object");
	/* A workload that was not measured is one that is not there. */
	workload->result = json_object_get(element, "result");
	if (!workload->result || json_is_null(workload->result))
		return 0;
	input->count++;
	ret = read_label(input, index, element, workload, failure);
	if (ret < 0)
		return ret;
	if (asprintf(&workload->where, "%s.result.", path) < 0) {
		workload->where = NULL;
		return failure_set(failure, -ENOMEM, "out of memory");
	}
	if (input_find(input, workload->label) != workload)
		return failure_set(failure, -EPROTO, "%s: %s: '%s' a second time", input->path,
				   path, workload->label);
	return 0;
}

static int read_bench(struct input *input, struct failure *failure)
{
	const struct input_place place = {input, NULL, failure};
	const json_t *workloads;
	int ret = input_value(&place, "workloads", JSON_ARRAY, &workloads);

	if (ret == 0 && !workloads)
		ret = input_refuse(&place, "workloads", NULL, "an array");
	if (ret < 0)
		return ret;
	input->workloads = calloc(json_array_size(workloads) + 1, sizeof(*input->workloads));
	if (!input->workloads)
		return failure_set(failure, -ENOMEM, "out of memory");
	for (size_t i = 0; ret == 0 && i < json_array_size(workloads); i++)
		ret = read_workload(input, i, json_array_get(workloads, i), failure);
	return ret;
}

static int read_run(struct input *input, struct failure *failure)
{
	input->workloads = calloc(1, sizeof(*input->workloads));
	if (input->workloads) {
		input->count = 1;
		input->workloads[0] = (struct input_workload){
			.label = strdup("run"),
			.name = strdup("run"),
			.where = strdup(""),
			.result = input->document,
		};
	}
	if (!input->count || !input->workloads[0].label || !input->workloads[0].name ||
	    !input->workloads[0].where)
		return failure_set(failure, -ENOMEM, "out of memory");
	return 0;
}

/* Every result inside of a bench says its version, too. */
static int check_version(const struct input *input, const struct input_workload *workload,
			 struct failure *failure)
{
	const struct input_place place = {input, workload, failure};
	double version;
	bool present;
	int ret = input_number(&place, "schema_version", &version, &present);

	if (ret < 0)
		return ret;
	if (!present)
		return input_refuse(&place, "schema_version", NULL, "that of a sendprof result");
	if (version != RESULT_SCHEMA_VERSION)
		return failure_set(failure, -EPROTO, "%s: %sschema_version: have %.0f expect %d",
				   input->path, workload ? workload->where : "", version,
				   RESULT_SCHEMA_VERSION);
	return 0;
}

static int read_document(struct input *input, struct failure *failure)
{
	const struct input_place place = {input, NULL, failure};
	const char *kind = "";
	int ret = check_version(input, NULL, failure);

	if (ret == 0)
		ret = input_text(&place, "kind", &kind);
	if (ret < 0)
		return ret;
	if (!strcmp(kind, "bench"))
		ret = read_bench(input, failure);
	else if (!*kind || !strcmp(kind, "run"))
		ret = read_run(input, failure);
	else
		ret = failure_set(failure, -EPROTO,
				  "%s: kind: have '%.40s' expect a run or a bench", input->path,
				  kind);
	for (size_t i = 0; ret == 0 && i < input->count; i++)
		ret = check_version(input, &input->workloads[i], failure);
	return ret;
}

int input_load(struct input *input, const char *path, struct failure *failure)
{
	json_error_t error;
	FILE *file = fopen(path, "re");

	*input = (struct input){.path = path};
	if (!file)
		return failure_set(failure, -errno, "%s: %s", path, strerror(errno));
	errno = 0;
	input->document = json_loadf(file, JSON_REJECT_DUPLICATES, &error);
	if (!input->document && ferror(file)) {
		failure_set(failure, errno ? -errno : -EIO, "%s: %s", path,
			    strerror(errno ? errno : EIO));
	} else if (!input->document) {
		failure_set(failure, -EPROTO, "%s: line %d column %d: %s", path, error.line,
			    error.column, error.text);
	}
	fclose(file);
	return failure->code ? failure->code : read_document(input, failure);
}

void input_release(struct input *input)
{
	for (size_t i = 0; i < input->count; i++) {
		free(input->workloads[i].label);
		free(input->workloads[i].name);
		free(input->workloads[i].where);
	}
	free(input->workloads);
	json_decref(input->document);
	*input = (struct input){0};
}

const struct input_workload *input_find(const struct input *input, const char *label)
{
	for (size_t i = 0; i < input->count; i++) {
		if (!strcmp(input->workloads[i].label, label))
			return &input->workloads[i];
	}
	return NULL;
}

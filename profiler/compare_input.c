/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/compare_input.h"
#include "profiler/result.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static int compare_names(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* " k=v" for each parameter, by name, so that the order in a file does not matter. */
static int put_parameters(const struct json_place *parameters, FILE *out)
{
	size_t count = json_elements(parameters), used = 0;
	const char **names = calloc(count + 1, sizeof(*names)), *name;
	const json_t *unused;
	int ret = 0;

	if (!names)
		return failure_set(parameters->failure, -ENOMEM, "out of memory");
	json_object_foreach((json_t *)parameters->json, name, unused) names[used++] = name;
	qsort(names, count, sizeof(*names), compare_names);
	for (size_t i = 0; ret == 0 && i < count; i++) {
		const struct json_place value = json_value_at(parameters, names[i]);

		if (json_is_string(value.json))
			fprintf(out, " %s=%s", names[i], json_string_value(value.json));
		else if (json_is_integer(value.json))
			fprintf(out, " %s=%" JSON_INTEGER_FORMAT, names[i],
				json_integer_value(value.json));
		else
			ret = json_refuse_type(&value, "a text or a whole number");
	}
	free(names);
	return ret;
}

/* Name and parameters, which together say which workload it is. */
static int read_label(struct input_workload *workload)
{
	const struct json_place *element = &workload->element;
	const struct json_place name = json_value_at(element, "name");
	const struct json_place parameters = json_object_at(element, "parameters");
	size_t size;
	FILE *out;
	int ret;

	if (!json_is_string(name.json) || !json_string_length(name.json))
		return json_refuse_type(&name, "the name of a workload");
	workload->name = strdup(json_string_value(name.json));
	out = open_memstream(&workload->label, &size);
	if (!out || !workload->name) {
		if (out)
			fclose(out);
		return failure_set(element->failure, -ENOMEM, "out of memory");
	}
	fputs(workload->name, out);
	ret = put_parameters(&parameters, out);
	if (fclose(out) != 0)
		return failure_set(element->failure, -ENOMEM, "out of memory");
	return ret;
}

static void read_workload(struct input *input, size_t index)
{
	struct input_workload *workload = &input->workloads[input->count];

	workload->element = json_element(&input->list, index);
	if (!json_is_object(workload->element.json)) {
		json_refuse_type(&workload->element, "an object");
		return;
	}
	/* A workload that was not measured is one that is not there. */
	workload->result = json_value_at(&workload->element, "result");
	if (!workload->result.json || json_is_null(workload->result.json))
		return;
	input->count++;
	if (read_label(workload) == 0 && input_find(input, workload->label) != workload)
		json_fail(&workload->element, "'%s' a second time", workload->label);
}

static void read_bench(struct input *input)
{
	struct failure *failure = input->top.failure;

	input->list = json_array_at(&input->top, "workloads");
	if (!input->list.json) {
		json_refuse_type(&input->list, "an array");
		return;
	}
	input->workloads = calloc(json_elements(&input->list) + 1, sizeof(*input->workloads));
	if (!input->workloads)
		failure_set(failure, -ENOMEM, "out of memory");
	for (size_t i = 0; !failure->code && i < json_elements(&input->list); i++)
		read_workload(input, i);
}

static void read_run(struct input *input)
{
	input->workloads = calloc(1, sizeof(*input->workloads));
	if (input->workloads) {
		input->count = 1;
		input->workloads[0] = (struct input_workload){
			.label = strdup("run"),
			.name = strdup("run"),
			.element = input->top,
			.result = input->top,
		};
	}
	if (!input->count || !input->workloads[0].label || !input->workloads[0].name)
		failure_set(input->top.failure, -ENOMEM, "out of memory");
}

/* Every result inside of a bench says its version, too. */
static void check_version(const struct json_place *result)
{
	const struct json_place version = json_along(result, "schema_version");
	double number;

	if (!json_figure_of(&version, &number))
		json_refuse_type(&version, "that of a sendprof result");
	else if (number != RESULT_SCHEMA_VERSION)
		json_fail(&version, "have %.0f expect %d", number, RESULT_SCHEMA_VERSION);
}

static int read_document(struct input *input, struct failure *failure)
{
	const char *kind;

	input->top = json_file_top(input->document, input->path, failure);
	check_version(&input->top);
	kind = json_get_text(&input->top, "kind");
	if (failure->code)
		return failure->code;
	if (!kind || !*kind || !strcmp(kind, "run"))
		read_run(input);
	else if (!strcmp(kind, "bench"))
		read_bench(input);
	else
		json_fail(&input->top, "kind: have '%.40s' expect a run or a bench", kind);
	for (size_t i = 0; !failure->code && i < input->count; i++)
		check_version(&input->workloads[i].result);
	return failure->code;
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

/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/bench_results.h"
#include "profiler/compare_input.h"
#include "profiler/json_build.h"
#include "profiler/result.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int out_of_memory(struct failure *failure)
{
	return failure_set(failure, -ENOMEM, "out of memory");
}

json_t *bench_results_new(void)
{
	return json_pack("{s:i, s:s, s:[]}", "schema_version", RESULT_SCHEMA_VERSION, "kind",
			 "bench", "workloads");
}

/* compare's reader knows what may be in such a file. */
json_t *bench_results_load(const char *path, bool may_be_missing, struct failure *failure)
{
	struct input input;
	json_t *document = NULL;

	if (may_be_missing && access(path, F_OK) && errno == ENOENT) {
		document = bench_results_new();
		if (!document)
			out_of_memory(failure);
		return document;
	}
	if (!input_load(&input, path, failure)) {
		if (json_is_array(json_object_get(input.document, "workloads")))
			document = json_incref(input.document);
		else
			failure_set(failure, -EPROTO, "%s: have the result of a run expect a bench",
				    path);
	}
	input_release(&input);
	return document;
}

int bench_results_save(const json_t *document, const char *path, struct failure *failure)
{
	int ret = json_save(document, path);

	return ret ? failure_set(failure, ret, "cannot write %s: %s", path, strerror(-ret)) : 0;
}

static bool is_workload(const json_t *element, const char *name, const json_t *parameters)
{
	const char *have = json_string_value(json_object_get(element, "name"));
	const json_t *given = json_object_get(element, "parameters");

	return have && !strcmp(have, name) &&
	       (json_object_size(given) || json_object_size(parameters)
			? json_equal(given, parameters)
			: true);
}

json_t *bench_results_find(const json_t *document, const char *name, const json_t *parameters)
{
	const json_t *workloads = json_object_get(document, "workloads");
	json_t *element;
	size_t i;

	json_array_foreach(workloads, i, element)
	{
		if (is_workload(element, name, parameters))
			return element;
	}
	return NULL;
}

int bench_results_put(json_t *document, const char *name, json_t *parameters, json_t *result)
{
	json_t *there = bench_results_find(document, name, parameters);
	json_t *element;

	if (there) {
		json_decref(parameters);
		return json_object_set_new(there, "result", result) ? -ENOMEM : 0;
	}
	/* json_pack() takes its references also when it fails. */
	element = json_pack("{s:s, s:o, s:o}", "name", name, "parameters", parameters, "result",
			    result);
	return json_array_append_new(json_object_get(document, "workloads"), element) ? -ENOMEM : 0;
}

/* Before the name of a result had what is special about it, cold ones had that of warm ones. */
static bool has_cache_it_names(const json_t *workload, const json_t *request)
{
	const char *cache = json_string_value(json_object_get(request, "cache"));
	const char *named = json_string_value(
		json_object_get(json_object_get(workload, "parameters"), "cache"));

	return !cache || !strcmp(cache, named ? named : "warm");
}

bool bench_results_finished(const json_t *workload, const struct bench_conditions *conditions)
{
	const json_t *result = json_object_get(workload, "result");
	const char *verdict = json_string_value(json_object_get(result, "verdict"));
	const json_t *request = json_object_get(result, "request");
	const json_t *environment = json_object_get(result, "environment");
	const char *kernel = json_string_value(json_object_get(environment, "kernel"));

	return verdict && strcmp(verdict, "incomplete") != 0 && kernel &&
	       !strcmp(kernel, conditions->kernel) && has_cache_it_names(workload, request) &&
	       json_integer_value(json_object_get(request, "repeat")) ==
		       (json_int_t)conditions->repeat;
}

int bench_results_merge(json_t *document, const json_t *other, const char *path,
			struct failure *failure)
{
	const json_t *workloads = json_object_get(other, "workloads");
	json_t *element;
	size_t i;

	json_array_foreach(workloads, i, element)
	{
		const char *name = json_string_value(json_object_get(element, "name"));
		json_t *parameters = json_object_get(element, "parameters");
		json_t *result = json_object_get(element, "result");
		json_t *there;

		/* One that was not measured is one that is not there, and may have no name. */
		if (!name || !result || json_is_null(result))
			continue;
		there = bench_results_find(document, name, parameters);
		if (there && !json_is_null(json_object_get(there, "result")))
			return failure_set(failure, -EEXIST,
					   "%s: workloads[%zu]: %s with these parameters is in an "
					   "earlier file, too",
					   path, i, name);
		if (bench_results_put(document, name,
				      parameters ? json_incref(parameters) : json_object(),
				      json_incref(result)))
			return out_of_memory(failure);
	}
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0 */
/* A result from JSON, of this version or an older one, or of whoever else wrote the file. */
#include "profiler/result_fields.h"
#include "profiler/stream_form.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *elements_new(const struct json_place *array, size_t size)
{
	void *elements = calloc(json_elements(array) + 1, size);

	if (!elements)
		failure_set(array->failure, -ENOMEM, "out of memory");
	return elements;
}

static void read_environment(const struct json_place *top, struct environment *environment)
{
	const struct json_place place = json_object_at(top, "environment");

	json_get_fields(&place, environment, environment_table.fields, environment_table.count);
	json_get_table(&place, "volume", &environment->volume, &volume_table);
}

static void read_clone_sources(const struct json_place *request, struct result *result)
{
	const struct json_place array = json_array_at(request, "clone_sources");

	result->clone_sources = elements_new(&array, sizeof(*result->clone_sources));
	for (size_t i = 0; result->clone_sources && i < json_elements(&array); i++) {
		const struct json_place source = json_element(&array, i);

		json_get_fields(&source, &result->clone_sources[i], snapshot_table.fields,
				snapshot_table.count);
		result->clone_source_count++;
	}
}

/* Results from before there was a choice have none of these. */
static void read_engine_ways(const struct json_place *request, struct result *result)
{
	result->finder = SEND_FINDER_INDEXED;
	if (json_get_text(request, "sink"))
		result->sink = json_get_choice(request, "sink", send_sink_names, SEND_SINKS);
	if (json_get_text(request, "finder"))
		result->finder = json_get_choice(request, "finder", stream_form_finders + 1,
						 STREAM_FORM_FINDERS);
	result->memory_bytes = json_object_get(request->json, "memory_bytes")
				       ? json_get_number(request, "memory_bytes")
				       : SEND_MEMORY_DEFAULT;
	result->batch = json_get_bool(request, "batch");
}

static void read_request(const struct json_place *top, struct result *result)
{
	static const char *const caches[] = {"warm", "cold"};
	const struct json_place request = json_object_at(top, "request");

	json_get_table(&request, "snapshot", &result->snapshot, &snapshot_table);
	json_get_table(&request, "parent", &result->parent, &snapshot_table);
	read_clone_sources(&request, result);
	result->no_data = json_get_bool(&request, "no_data");
	result->compressed_data = json_get_bool(&request, "compressed_data");
	result->protocol = (unsigned int)json_get_number(&request, "protocol");
	result->generation = generation_from_json(&request, "generation");
	result->turned = behaviours_from_json(&request, "turned");
	result->cold = json_get_choice(&request, "cache", caches, 2);
	result->repeat = (unsigned int)json_get_number(&request, "repeat");
	read_engine_ways(&request, result);
}

static void read_usage(const struct json_place *sample, struct run_usage *usage)
{
	const struct json_place place = json_object_at(sample, "usage");

	usage->known = place.json != NULL;
	json_get_fields(&place, usage, usage_table.fields, usage_table.count);
	usage->has_device_bytes = json_is_integer(json_object_get(place.json, "device_bytes"));
	usage->has_peak_bytes = json_is_integer(json_object_get(place.json, "peak_bytes"));
}

static void read_samples(const struct json_place *place, struct side_result *side)
{
	const struct json_place array = json_array_at(place, "samples");

	side->samples = elements_new(&array, sizeof(*side->samples));
	for (size_t i = 0; side->samples && i < json_elements(&array); i++) {
		const struct json_place sample = json_element(&array, i);

		json_get_fields(&sample, &side->samples[i], sample_table.fields,
				sample_table.count);
		read_usage(&sample, &side->samples[i].usage);
		side->sample_count++;
	}
}

static unsigned int bucket_with_limit(uint64_t limit_ns)
{
	unsigned int bucket = 0;

	while (bucket < LATENCY_BUCKETS && latency_bucket_limit_ns(bucket) != limit_ns)
		bucket++;
	return bucket;
}

static void read_latency(const struct json_place *kind, struct latency *latency)
{
	const struct json_place place = json_object_at(kind, "latency");
	const struct json_place buckets = json_array_at(&place, "buckets");

	json_get_fields(&place, latency, latency_table.fields, latency_table.count);
	for (size_t i = 0; i < json_elements(&buckets); i++) {
		const struct json_place pair = json_element(&buckets, i);
		const struct json_place limit = json_element(&pair, 0);
		const struct json_place count = json_element(&pair, 1);
		unsigned int bucket = bucket_with_limit(json_number_of(&limit));

		if (bucket < LATENCY_BUCKETS)
			latency->buckets[bucket] = json_number_of(&count);
		else
			json_refuse(&limit, "another number", "the limit of a bucket");
	}
}

static void read_kinds(const struct json_place *place, struct side_result *side)
{
	const struct json_place kinds = json_object_at(place, "kinds");

	for (unsigned int i = 0; i < STREAM_C_COUNT; i++) {
		struct json_place kind;

		if (!stream_commands[i].name)
			continue;
		kind = json_object_at(&kinds, stream_commands[i].name);
		side->kinds[i].count = json_get_number(&kind, "count");
		side->kinds[i].bytes = json_get_number(&kind, "bytes");
		read_latency(&kind, &side->kinds[i].latency);
	}
}

static void read_progress(const struct json_place *place, struct side_result *side)
{
	const struct json_place array = json_array_at(place, "progress");

	side->progress_count = json_elements(&array);
	if (side->progress_count > RESULT_PROGRESS_POINTS) {
		side->progress_count = 0;
		json_refuse(&array, "more elements", "no more than a result has");
	}
	for (size_t i = 0; i < side->progress_count; i++) {
		const struct json_place point = json_element(&array, i);
		const struct json_place time = json_element(&point, 0);
		const struct json_place bytes = json_element(&point, 1);
		const struct json_place commands = json_element(&point, 2);

		side->progress[i] = (struct progress_point){
			json_number_of(&time), json_number_of(&bytes), json_number_of(&commands)};
	}
}

static void read_side(const struct json_place *sides, enum side index, struct side_result *side)
{
	const struct json_place place = json_object_at(sides, result_side_keys[index]);
	const struct json_place caches = json_object_at(&place, "caches");

	read_samples(&place, side);
	read_kinds(&place, side);
	read_progress(&place, side);
	side->has_caches = caches.json != NULL;
	for (unsigned int i = 0; i < CACHE_COUNT; i++)
		json_get_table(&caches, result_cache_keys[i], &side->caches[i], &cache_table);
	json_get_table(&place, "backrefs", &side->backrefs, &backrefs_table);
	json_get_table(&place, "volume", &side->volume, &volume_counters_table);
	trace_from_json(&place, side);
	json_get_chars(&place, "error", side->error, sizeof(side->error));
	side->folded_stacks = json_get_copy(&place, "folded_stacks");
	notices_from_json(&place, &side->notices);
}

/* The number of lines, bounded. */
static size_t read_context(const struct json_place *place, const char *key,
			   char *lines[RESULT_CONTEXT_MAX])
{
	const struct json_place array = json_array_at(place, key);
	size_t count = json_elements(&array);

	if (count > RESULT_CONTEXT_MAX) {
		json_refuse(&array, "more elements", "no more than a result has");
		return 0;
	}
	for (size_t i = 0; i < count; i++) {
		const struct json_place line = json_element(&array, i);

		lines[i] = json_copy_of(&line);
	}
	return count;
}

static void read_divergence(const struct json_place *top, struct divergence *divergence)
{
	const struct json_place place = json_object_at(top, "divergence");

	if (!place.json)
		return;
	divergence->found = true;
	json_get_fields(&place, divergence, divergence_table.fields, divergence_table.count);
	divergence->context_count =
		read_context(&place, "kernel_context", divergence->kernel_context);
	if (read_context(&place, "engine_context", divergence->engine_context) !=
	    divergence->context_count)
		json_refuse(&place, "contexts of different lengths", "equal ones");
}

static void read_missing(const struct json_place *top, struct result *result)
{
	const struct json_place array = json_array_at(top, "missing");

	result->missing = elements_new(&array, sizeof(*result->missing));
	for (size_t i = 0; result->missing && i < json_elements(&array); i++) {
		const struct json_place entry = json_element(&array, i);
		const char *metric = json_get_text(&entry, "metric");

		result->missing[i].metric = metric ? metric : "";
		json_get_chars(&entry, "reason", result->missing[i].reason,
			       sizeof(result->missing[i].reason));
		result->missing_count++;
	}
}

static void read_agreement(const struct json_place *top, struct trace_agreement *agreement)
{
	const struct json_place object = json_object_at(top, "agreement");
	const struct json_place array = json_array_at(&object, "differing");

	agreement->compared = json_get_number(&object, "compared");
	for (size_t i = 0; i < json_elements(&array) && i < AGREEMENT_MAX; i++) {
		const struct json_place entry = json_element(&array, i);
		struct trace_disagreement *found = &agreement->found[agreement->count++];

		json_get_chars(&entry, "what", found->what, sizeof(found->what));
		found->kernel = json_get_number(&entry, "kernel");
		found->engine = json_get_number(&entry, "engine");
	}
}

static void read_all(const struct json_place *top, struct result *result)
{
	const struct json_place sides = json_object_at(top, "sides");
	const char *tier = json_get_text(top, "tier");
	struct generation asked;

	result->verdict = json_get_choice(top, "verdict", result_verdict_keys, RESULT_VERDICTS);
	read_environment(top, &result->environment);
	read_request(top, result);
	result->kernel_recorded = json_get_bool(top, "kernel_recorded");
	if (!tier || !trace_tier_find(tier, &result->tier))
		json_refuse(top, tier ? tier : "nothing", "a tier");
	json_get_chars(top, "tier_reason", result->tier_reason, sizeof(result->tier_reason));
	for (unsigned int i = 0; i < SIDE_COUNT; i++)
		read_side(&sides, i, &result->sides[i]);
	losses_from_json(top, &result->losses);
	result->beyond.known = json_object_at(top, "beyond_limit").json != NULL;
	json_get_table(top, "beyond_limit", &result->beyond, &beyond_table);
	read_divergence(top, &result->divergence);
	asked = (struct generation){result->generation, result->turned};
	attribution_from_json(top, &asked, &result->attribution);
	read_agreement(top, &result->agreement);
	read_missing(top, result);
}

int result_from_place(const struct json_place *top, struct result *result)
{
	struct failure *failure = top->failure;
	uint64_t version;

	memset(result, 0, sizeof(*result));
	version = json_get_number(top, "schema_version");
	if (!failure->code && version != RESULT_SCHEMA_VERSION)
		return failure_set(failure, version ? -EOPNOTSUPP : -EPROTO,
				   "no result this version can read: have schema_version %llu "
				   "expect %d",
				   (unsigned long long)version, RESULT_SCHEMA_VERSION);
	result->source = json_incref((json_t *)top->json);
	if (!failure->code)
		read_all(top, result);
	return failure->code;
}

int result_from_json(json_t *json, struct result *result, struct failure *failure)
{
	struct json_place top;

	failure_clear(failure);
	top = json_top(json, failure);
	return result_from_place(&top, result);
}

int result_load(const char *path, struct result *result, struct failure *failure)
{
	bool standard = !strcmp(path, "-");
	FILE *file = standard ? stdin : fopen(path, "re");
	struct failure cause = {0};
	json_error_t error;
	json_t *json;
	int ret;

	memset(result, 0, sizeof(*result));
	if (!file)
		return failure_set(failure, -errno, "%s: %s", path, strerror(errno));
	json = json_loadf(file, JSON_REJECT_DUPLICATES, &error);
	ret = ferror(file) ? failure_set(failure, -EIO, "%s: cannot be read", path) : 0;
	if (!standard)
		fclose(file);
	if (!json)
		return ret ? ret
			   : failure_set(failure, -EPROTO, "%s: line %d: no JSON: %s", path,
					 error.line, error.text);
	ret = result_from_json(json, result, &cause);
	json_decref(json);
	return ret ? failure_set(failure, ret, "%s: %.400s", path, cause.text) : 0;
}

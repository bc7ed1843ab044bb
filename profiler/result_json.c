/* SPDX-License-Identifier: GPL-2.0 */
/* A result as JSON; docs/result-json.md says what each key means. */
#include "profiler/result_fields.h"
#include "profiler/stream_form.h"

static json_t *environment_json(const struct environment *environment)
{
	struct json_builder object = json_begin_object();

	json_put_fields(&object, environment, environment_table.fields, environment_table.count);
	json_put(&object, "volume", json_of_table(&environment->volume, &volume_table));
	return json_finish(&object);
}

static json_t *snapshot_json(const struct snapshot_fact *snapshot)
{
	return snapshot->path ? json_of_table(snapshot, &snapshot_table) : json_null();
}

static json_t *clone_sources_json(const struct result *result)
{
	struct json_builder array = json_begin_array();

	for (size_t i = 0; i < result->clone_source_count; i++)
		json_append(&array, snapshot_json(&result->clone_sources[i]));
	return json_finish(&array);
}

static json_t *request_json(const struct result *result)
{
	struct json_builder object = json_begin_object();

	json_put(&object, "snapshot", snapshot_json(&result->snapshot));
	json_put(&object, "parent", snapshot_json(&result->parent));
	json_put(&object, "clone_sources", clone_sources_json(result));
	json_put_bool(&object, "no_data", result->no_data);
	json_put_bool(&object, "compressed_data", result->compressed_data);
	json_put_number(&object, "protocol", result->protocol);
	json_put_text(&object, "generation", generation_name(result->generation));
	json_put(&object, "turned", behaviours_to_json(result->turned));
	json_put_text(&object, "cache", result->cold ? "cold" : "warm");
	json_put_number(&object, "repeat", result->repeat);
	json_put_text(&object, "sink", send_sink_names[result->sink]);
	json_put_text(&object, "finder", stream_form_finders[1 + result->finder]);
	json_put_number(&object, "memory_bytes", result->memory_bytes);
	json_put_bool(&object, "batch", result->batch);
	return json_finish(&object);
}

static json_t *usage_json(const struct run_usage *usage)
{
	struct json_builder object;

	if (!usage->known)
		return json_null();
	object = json_begin_object();
	json_put_fields(&object, usage, usage_table.fields, usage_table.count);
	if (!usage->has_device_bytes)
		json_put(&object, "device_bytes", json_null());
	if (!usage->has_peak_bytes)
		json_put(&object, "peak_bytes", json_null());
	return json_finish(&object);
}

static json_t *sample_json(const struct result *result, const struct run_sample *sample)
{
	struct json_builder object = json_begin_object();

	json_put_fields(&object, sample, sample_table.fields, sample_table.count);
	/* Nobody saw the first byte. */
	if (result->sink == SINK_NULL && !sample->first_byte_ns)
		json_put(&object, "first_byte_ns", json_null());
	json_put(&object, "usage", usage_json(&sample->usage));
	return json_finish(&object);
}

static json_t *samples_json(const struct result *result, const struct side_result *side)
{
	struct json_builder array = json_begin_array();

	for (size_t i = 0; i < side->sample_count; i++)
		json_append(&array, sample_json(result, &side->samples[i]));
	return json_finish(&array);
}

static json_t *buckets_json(const struct latency *latency)
{
	struct json_builder array = json_begin_array();

	for (unsigned int i = 0; i < LATENCY_BUCKETS; i++) {
		struct json_builder pair;

		if (!latency->buckets[i])
			continue;
		pair = json_begin_array();
		json_append_number(&pair, latency_bucket_limit_ns(i));
		json_append_number(&pair, latency->buckets[i]);
		json_append(&array, json_finish(&pair));
	}
	return json_finish(&array);
}

static json_t *latency_json(const struct latency *latency)
{
	struct json_builder object = json_begin_object();

	json_put_fields(&object, latency, latency_table.fields, latency_table.count);
	json_put_number(&object, "p50_ns", latency_percentile_ns(latency, 500));
	json_put_number(&object, "p90_ns", latency_percentile_ns(latency, 900));
	json_put_number(&object, "p99_ns", latency_percentile_ns(latency, 990));
	json_put(&object, "buckets", buckets_json(latency));
	return json_finish(&object);
}

static json_t *kind_json(const struct kind_stats *kind)
{
	struct json_builder object = json_begin_object();

	json_put_number(&object, "count", kind->count);
	json_put_number(&object, "bytes", kind->bytes);
	json_put(&object, "latency", latency_json(&kind->latency));
	return json_finish(&object);
}

static json_t *kinds_json(const struct side_result *side)
{
	struct json_builder object = json_begin_object();

	for (unsigned int i = 0; i < STREAM_C_COUNT; i++) {
		if (side->kinds[i].count)
			json_put(&object, stream_commands[i].name, kind_json(&side->kinds[i]));
	}
	return json_finish(&object);
}

static json_t *progress_json(const struct side_result *side)
{
	struct json_builder array = json_begin_array();

	for (size_t i = 0; i < side->progress_count; i++) {
		const struct progress_point *point = &side->progress[i];
		struct json_builder triple = json_begin_array();

		json_append_number(&triple, point->time_ns);
		json_append_number(&triple, point->bytes);
		json_append_number(&triple, point->commands);
		json_append(&array, json_finish(&triple));
	}
	return json_finish(&array);
}

static json_t *caches_json(const struct cache_counters *caches)
{
	struct json_builder object = json_begin_object();

	for (unsigned int i = 0; i < CACHE_COUNT; i++)
		json_put(&object, result_cache_keys[i], json_of_table(&caches[i], &cache_table));
	return json_finish(&object);
}

static json_t *side_json(const struct result *result, enum side index)
{
	const struct side_result *side = &result->sides[index];
	bool inside = side->has_caches; /* what only the sender itself knows */
	struct json_builder object = json_begin_object();

	json_put_number(&object, "median_ns", result_median_ns(result, index));
	json_put(&object, "samples", samples_json(result, side));
	json_put(&object, "kinds", kinds_json(side));
	json_put(&object, "progress", progress_json(side));
	json_put(&object, "caches", inside ? caches_json(side->caches) : json_null());
	json_put(&object, "backrefs",
		 inside ? json_of_table(&side->backrefs, &backrefs_table) : json_null());
	json_put(&object, "volume",
		 index == SIDE_ENGINE && inside
			 ? json_of_table(&side->volume, &volume_counters_table)
			 : json_null());
	json_put(&object, "notices",
		 index == SIDE_ENGINE && inside ? notices_to_json(&side->notices) : json_null());
	json_put(&object, "trace", trace_to_json(side->trace));
	json_put(&object, "details", trace_details_to_json(side->details));
	json_put_text(&object, "folded_stacks", side->folded_stacks);
	json_put_text(&object, "error", side->error[0] ? side->error : NULL);
	return json_finish(&object);
}

static json_t *sides_json(const struct result *result)
{
	struct json_builder object = json_begin_object();

	for (unsigned int i = 0; i < SIDE_COUNT; i++)
		json_put(&object, result_side_keys[i], side_json(result, i));
	return json_finish(&object);
}

static json_t *context_json(char *const lines[RESULT_CONTEXT_MAX], size_t count)
{
	struct json_builder array = json_begin_array();

	for (size_t i = 0; i < count; i++)
		json_append(&array, json_text_or_null(lines[i]));
	return json_finish(&array);
}

static json_t *divergence_json(const struct divergence *divergence)
{
	size_t count = divergence->context_count;
	struct json_builder object;

	if (!divergence->found)
		return json_null();
	object = json_begin_object();
	json_put_fields(&object, divergence, divergence_table.fields, divergence_table.count);
	json_put(&object, "kernel_context", context_json(divergence->kernel_context, count));
	json_put(&object, "engine_context", context_json(divergence->engine_context, count));
	return json_finish(&object);
}

static json_t *missing_json(const struct result *result)
{
	struct json_builder array = json_begin_array();

	for (size_t i = 0; i < result->missing_count; i++) {
		struct json_builder object = json_begin_object();

		json_put_text(&object, "metric", result->missing[i].metric);
		json_put_text(&object, "reason", result->missing[i].reason);
		json_append(&array, json_finish(&object));
	}
	return json_finish(&array);
}

static json_t *agreement_json(const struct trace_agreement *agreement)
{
	struct json_builder object, differing;

	if (!agreement->compared)
		return json_null();
	object = json_begin_object();
	differing = json_begin_array();
	for (size_t i = 0; i < agreement->count; i++) {
		const struct trace_disagreement *found = &agreement->found[i];
		struct json_builder row = json_begin_object();

		json_put_text(&row, "what", found->what);
		json_put_number(&row, "kernel", found->kernel);
		json_put_number(&row, "engine", found->engine);
		json_append(&differing, json_finish(&row));
	}
	json_put_number(&object, "compared", agreement->compared);
	json_put(&object, "differing", json_finish(&differing));
	return json_finish(&object);
}

json_t *result_to_json(const struct result *result)
{
	double ratio = result_ratio(result);
	struct json_builder object = json_begin_object();

	json_put_number(&object, "schema_version", RESULT_SCHEMA_VERSION);
	json_put_text(&object, "verdict", result_verdict_keys[result->verdict]);
	json_put(&object, "environment", environment_json(&result->environment));
	json_put(&object, "request", request_json(result));
	json_put_bool(&object, "kernel_recorded", result->kernel_recorded);
	json_put_text(&object, "tier", trace_tier_name(result->tier));
	json_put_text(&object, "tier_reason", result->tier_reason[0] ? result->tier_reason : NULL);
	json_put(&object, "ratio", ratio > 0 ? json_real(ratio) : json_null());
	json_put(&object, "sides", sides_json(result));
	json_put(&object, "clone_loss", losses_to_json(&result->losses));
	json_put(&object, "beyond_limit",
		 result->beyond.known ? json_of_table(&result->beyond, &beyond_table)
				      : json_null());
	json_put(&object, "divergence", divergence_json(&result->divergence));
	json_put(&object, "attribution", attribution_to_json(&result->attribution));
	json_put(&object, "agreement", agreement_json(&result->agreement));
	json_put(&object, "missing", missing_json(result));
	return json_finish(&object);
}

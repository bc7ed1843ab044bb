/* SPDX-License-Identifier: GPL-2.0 */
/* A result as JSON; docs/result-json.md says what each key means. */
#include "profiler/result.h"

#include <stdlib.h>
#include <string.h>

static const char *const side_names[SIDE_COUNT] = {
	[SIDE_KERNEL] = "kernel",
	[SIDE_ENGINE] = "engine",
};

static const char *const verdict_names[] = {
	[VERDICT_EQUAL] = "equal",
	[VERDICT_DIFFERENT] = "different",
	[VERDICT_INCOMPLETE] = "incomplete",
};

static const char *const cache_names[CACHE_COUNT] = {
	[CACHE_NAME] = "name",
	[CACHE_BACKREF] = "backref",
	[CACHE_DIR_CREATED] = "dir_created",
	[CACHE_DIR_UTIMES] = "dir_utimes",
};

/* Paths may hold any byte; JSON only UTF-8. Bytes above ASCII then become \xNN. */
static json_t *escaped_text(const char *text)
{
	char *escaped = malloc(4 * strlen(text) + 1), *at = escaped;
	json_t *json;

	if (!escaped)
		return NULL;
	for (; *text; text++) {
		unsigned char byte = *text;

		at += sprintf(at, byte < 0x80 ? "%c" : "\\x%02x", byte);
	}
	json = json_string(escaped);
	free(escaped);
	return json;
}

static json_t *text_or_null(const char *text)
{
	json_t *json;

	if (!text)
		return json_null();
	json = json_string(text);
	return json ? json : escaped_text(text);
}

/*
 * An object or array being filled. A failure to allocate is remembered, so that callers need not
 * check each step: finish() then gives NULL.
 */
struct builder {
	json_t *json;
	bool failed;
};

static struct builder begin_object(void)
{
	return (struct builder){.json = json_object()};
}

static struct builder begin_array(void)
{
	return (struct builder){.json = json_array()};
}

/* Both take the reference of @value, NULL means that making it failed. */
static void put(struct builder *object, const char *key, json_t *value)
{
	object->failed |= json_object_set_new(object->json, key, value) != 0;
}

static void append(struct builder *array, json_t *value)
{
	array->failed |= json_array_append_new(array->json, value) != 0;
}

static void put_number(struct builder *object, const char *key, uint64_t value)
{
	put(object, key, json_integer((json_int_t)value));
}

static void put_text(struct builder *object, const char *key, const char *text)
{
	put(object, key, text_or_null(text));
}

static void put_bool(struct builder *object, const char *key, bool value)
{
	put(object, key, json_boolean(value));
}

static void append_number(struct builder *array, uint64_t value)
{
	append(array, json_integer((json_int_t)value));
}

static json_t *finish(struct builder *builder)
{
	if (!builder->failed)
		return builder->json;
	json_decref(builder->json);
	return NULL;
}

static json_t *cache_json(const struct cache_counters *cache)
{
	struct builder object = begin_object();

	put_number(&object, "lookups", cache->lookups);
	put_number(&object, "hits", cache->hits);
	put_number(&object, "stores", cache->stores);
	put_number(&object, "evictions", cache->evictions);
	put_number(&object, "clears", cache->clears);
	put_number(&object, "max_entries", cache->max_entries);
	return finish(&object);
}

static json_t *backrefs_json(const struct backref_counters *backrefs)
{
	struct builder object = begin_object();

	put_number(&object, "searches", backrefs->searches);
	put_number(&object, "no_clone", backrefs->results[BACKREF_NO_CLONE]);
	put_number(&object, "clone", backrefs->results[BACKREF_CLONE]);
	put_number(&object, "over_limit", backrefs->results[BACKREF_OVER_LIMIT]);
	put_number(&object, "single_ref", backrefs->results[BACKREF_SINGLE_REF]);
	put_number(&object, "candidates", backrefs->candidates);
	put_number(&object, "preliminary_references", backrefs->preliminary_references);
	put_number(&object, "leaves_resolved", backrefs->leaves_resolved);
	return finish(&object);
}

static json_t *volume_counters_json(const struct volume_counters *counters)
{
	struct builder object = begin_object();

	put_number(&object, "blocks_read", counters->blocks_read);
	put_number(&object, "block_cache_hits", counters->block_cache_hits);
	put_number(&object, "bytes_read", counters->bytes_read);
	put_number(&object, "data_bytes_verified", counters->data_bytes_verified);
	put_number(&object, "bad_copies", counters->bad_copies);
	put_number(&object, "refreshes", counters->refreshes);
	return finish(&object);
}

static json_t *uuid_json(const uint8_t uuid[16])
{
	char text[37], *at = text;

	for (size_t i = 0; i < 16; i++)
		at += sprintf(at, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x",
			      uuid[i]);
	return json_string(text);
}

static json_t *volume_json(const struct volume_info *volume)
{
	struct builder object = begin_object();

	put(&object, "fsid", uuid_json(volume->fsid));
	put_text(&object, "label", volume->label);
	put_number(&object, "generation", volume->generation);
	put_number(&object, "total_bytes", volume->total_bytes);
	put_number(&object, "sectorsize", volume->sectorsize);
	put_number(&object, "nodesize", volume->nodesize);
	put_text(&object, "csum", volume->csum_name);
	put_number(&object, "devices", volume->devices);
	put_number(&object, "devices_missing", volume->devices_missing);
	return finish(&object);
}

static json_t *environment_json(const struct environment *environment)
{
	struct builder object = begin_object();

	put_text(&object, "kernel", environment->kernel);
	put_text(&object, "machine", environment->machine);
	put_text(&object, "cpu", environment->cpu);
	put_number(&object, "cpus", environment->cpus);
	put_number(&object, "memory_bytes", environment->memory_bytes);
	put_text(&object, "sendprof", environment->sendprof);
	put_text(&object, "created", environment->created);
	put_text(&object, "filesystem", environment->filesystem);
	put_text(&object, "device", environment->device);
	put_text(&object, "mount_options", environment->mount_options);
	put(&object, "volume", volume_json(&environment->volume));
	return finish(&object);
}

static json_t *snapshot_json(const struct snapshot_fact *snapshot)
{
	struct builder object;

	if (!snapshot->path)
		return json_null();
	object = begin_object();
	put_text(&object, "path", snapshot->path);
	put_number(&object, "id", snapshot->id);
	put(&object, "uuid", uuid_json(snapshot->uuid));
	put_number(&object, "ctransid", snapshot->ctransid);
	return finish(&object);
}

static json_t *clone_sources_json(const struct result *result)
{
	struct builder array = begin_array();

	for (size_t i = 0; i < result->clone_source_count; i++)
		append(&array, snapshot_json(&result->clone_sources[i]));
	return finish(&array);
}

static json_t *request_json(const struct result *result)
{
	struct builder object = begin_object();

	put(&object, "snapshot", snapshot_json(&result->snapshot));
	put(&object, "parent", snapshot_json(&result->parent));
	put(&object, "clone_sources", clone_sources_json(result));
	put_bool(&object, "no_data", result->no_data);
	put_bool(&object, "compressed_data", result->compressed_data);
	put_number(&object, "protocol", result->protocol);
	put_text(&object, "generation", generation_name(result->generation));
	put(&object, "turned", behaviours_to_json(result->turned));
	put_text(&object, "cache", result->cold ? "cold" : "warm");
	put_number(&object, "repeat", result->repeat);
	return finish(&object);
}

static json_t *sample_json(const struct run_sample *sample)
{
	struct builder object = begin_object();

	put_number(&object, "repeat", sample->repeat);
	put_number(&object, "duration_ns", sample->duration_ns);
	put_number(&object, "first_byte_ns", sample->first_byte_ns);
	put_number(&object, "cpu_ns", sample->cpu_ns);
	put_number(&object, "bytes", sample->bytes);
	put_number(&object, "commands", sample->commands);
	put_number(&object, "generation", sample->generation);
	put_bool(&object, "repeated_for_commit", sample->repeated_for_commit);
	return finish(&object);
}

static json_t *samples_json(const struct side_result *side)
{
	struct builder array = begin_array();

	for (size_t i = 0; i < side->sample_count; i++)
		append(&array, sample_json(&side->samples[i]));
	return finish(&array);
}

static json_t *buckets_json(const struct latency *latency)
{
	struct builder array = begin_array();

	for (unsigned int i = 0; i < LATENCY_BUCKETS; i++) {
		struct builder pair;

		if (!latency->buckets[i])
			continue;
		pair = begin_array();
		append_number(&pair, latency_bucket_limit_ns(i));
		append_number(&pair, latency->buckets[i]);
		append(&array, finish(&pair));
	}
	return finish(&array);
}

static json_t *latency_json(const struct latency *latency)
{
	struct builder object = begin_object();

	put_number(&object, "count", latency->count);
	put_number(&object, "batched", latency->batched);
	put_number(&object, "total_ns", latency->total_ns);
	put_number(&object, "p50_ns", latency_percentile_ns(latency, 500));
	put_number(&object, "p90_ns", latency_percentile_ns(latency, 900));
	put_number(&object, "p99_ns", latency_percentile_ns(latency, 990));
	put_number(&object, "max_ns", latency->max_ns);
	put(&object, "buckets", buckets_json(latency));
	return finish(&object);
}

static json_t *kind_json(const struct kind_stats *kind)
{
	struct builder object = begin_object();

	put_number(&object, "count", kind->count);
	put_number(&object, "bytes", kind->bytes);
	put(&object, "latency", latency_json(&kind->latency));
	return finish(&object);
}

static json_t *kinds_json(const struct side_result *side)
{
	struct builder object = begin_object();

	for (unsigned int i = 0; i < STREAM_C_COUNT; i++) {
		if (side->kinds[i].count)
			put(&object, stream_commands[i].name, kind_json(&side->kinds[i]));
	}
	return finish(&object);
}

static json_t *progress_json(const struct side_result *side)
{
	struct builder array = begin_array();

	for (size_t i = 0; i < side->progress_count; i++) {
		const struct progress_point *point = &side->progress[i];
		struct builder triple = begin_array();

		append_number(&triple, point->time_ns);
		append_number(&triple, point->bytes);
		append_number(&triple, point->commands);
		append(&array, finish(&triple));
	}
	return finish(&array);
}

static json_t *caches_json(const struct side_result *side)
{
	struct builder object = begin_object();

	for (unsigned int i = 0; i < CACHE_COUNT; i++)
		put(&object, cache_names[i], cache_json(&side->caches[i]));
	return finish(&object);
}

static json_t *side_json(const struct result *result, enum side index)
{
	const struct side_result *side = &result->sides[index];
	bool inside = side->has_caches; /* what only the sender itself knows */
	struct builder object = begin_object();

	put_number(&object, "median_ns", result_median_ns(result, index));
	put(&object, "samples", samples_json(side));
	put(&object, "kinds", kinds_json(side));
	put(&object, "progress", progress_json(side));
	put(&object, "caches", inside ? caches_json(side) : json_null());
	put(&object, "backrefs", inside ? backrefs_json(&side->backrefs) : json_null());
	put(&object, "volume", inside ? volume_counters_json(&side->volume) : json_null());
	put_text(&object, "error", side->error[0] ? side->error : NULL);
	return finish(&object);
}

static json_t *sides_json(const struct result *result)
{
	struct builder object = begin_object();

	for (unsigned int i = 0; i < SIDE_COUNT; i++)
		put(&object, side_names[i], side_json(result, i));
	return finish(&object);
}

static json_t *context_json(char *const lines[RESULT_CONTEXT_MAX], size_t count)
{
	struct builder array = begin_array();

	for (size_t i = 0; i < count; i++)
		append(&array, text_or_null(lines[i]));
	return finish(&array);
}

static json_t *divergence_json(const struct divergence *divergence)
{
	size_t count = divergence->context_count;
	struct builder object;

	if (!divergence->found)
		return json_null();
	object = begin_object();
	put_number(&object, "command_index", divergence->command_index);
	put_number(&object, "byte_offset", divergence->byte_offset);
	put_number(&object, "identical", divergence->identical);
	put_number(&object, "only_kernel", divergence->only_kernel);
	put_number(&object, "only_engine", divergence->only_engine);
	put_number(&object, "changed", divergence->changed);
	put_text(&object, "attributes", divergence->attributes);
	put(&object, "kernel_context", context_json(divergence->kernel_context, count));
	put(&object, "engine_context", context_json(divergence->engine_context, count));
	put_number(&object, "context_first_different", divergence->context_first_different);
	return finish(&object);
}

static json_t *missing_json(const struct result *result)
{
	struct builder array = begin_array();

	for (size_t i = 0; i < result->missing_count; i++) {
		struct builder object = begin_object();

		put_text(&object, "metric", result->missing[i].metric);
		put_text(&object, "reason", result->missing[i].reason);
		append(&array, finish(&object));
	}
	return finish(&array);
}

/* Rows of @wanted only, and of those only what is not 0; CLONE_LOSS_GROUP_COUNT: all rows. */
static json_t *loss_bytes_json(const uint64_t bytes[CLONE_LOSS_COUNT], enum clone_loss_group wanted)
{
	struct builder object = begin_object();

	for (unsigned int i = 0; i < CLONE_LOSS_COUNT; i++) {
		if (wanted == CLONE_LOSS_GROUP_COUNT ||
		    (bytes[i] && clone_losses[i].group == wanted))
			put_number(&object, clone_losses[i].name, bytes[i]);
	}
	return finish(&object);
}

static json_t *loss_files_json(const struct loss_result *losses)
{
	struct builder array = begin_array();

	for (size_t i = 0; i < losses->counters.file_count; i++) {
		const struct clone_loss_file *file = &losses->counters.files[i];
		struct builder object = begin_object();

		put_text(&object, "path", losses->paths[i]);
		put_number(&object, "ino", file->ino);
		put_number(&object, "lost_bytes",
			   clone_loss_group_sum(file->bytes, CLONE_LOSS_GROUP_LOST));
		put(&object, "reasons", loss_bytes_json(file->bytes, CLONE_LOSS_GROUP_LOST));
		append(&array, finish(&object));
	}
	return finish(&array);
}

static json_t *losses_json(const struct loss_result *losses)
{
	const uint64_t *bytes = losses->counters.bytes;
	struct builder object;

	if (!losses->known)
		return json_null();
	object = begin_object();
	put_number(&object, "cloned_bytes", losses->counters.cloned);
	put_number(&object, "written_bytes", clone_loss_sum(bytes));
	put_number(&object, "first_copy_bytes",
		   clone_loss_group_sum(bytes, CLONE_LOSS_GROUP_FIRST));
	put_number(&object, "lost_bytes", clone_loss_group_sum(bytes, CLONE_LOSS_GROUP_LOST));
	put(&object, "written", loss_bytes_json(bytes, CLONE_LOSS_GROUP_COUNT));
	put(&object, "files", loss_files_json(losses));
	return finish(&object);
}

json_t *result_to_json(const struct result *result)
{
	double ratio = result_ratio(result);
	struct builder object = begin_object();

	put_number(&object, "schema_version", RESULT_SCHEMA_VERSION);
	put_text(&object, "verdict", verdict_names[result->verdict]);
	put(&object, "environment", environment_json(&result->environment));
	put(&object, "request", request_json(result));
	put_bool(&object, "kernel_recorded", result->kernel_recorded);
	put_text(&object, "tier", trace_tier_name(result->tier));
	put(&object, "ratio", ratio > 0 ? json_real(ratio) : json_null());
	put(&object, "sides", sides_json(result));
	put(&object, "clone_loss", losses_json(&result->losses));
	put(&object, "divergence", divergence_json(&result->divergence));
	put(&object, "attribution", attribution_to_json(&result->attribution));
	put(&object, "missing", missing_json(result));
	return finish(&object);
}

/* SPDX-License-Identifier: GPL-2.0 */
/* Figures and details of tracing as JSON, and back. */
#include "profiler/result_fields.h"
#include "profiler/trace_histogram.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const struct json_field figures_fields[] = {
#define FIELD(member) JSON_FIELD(struct trace_figures, member)
	FIELD(thread),	     FIELD(began_ns),	    FIELD(ended_ns),	    FIELD(result),
	FIELD(output_bytes), FIELD(disk_reads),	    FIELD(disk_read_bytes), FIELD(restarts),
	FIELD(inodes),	     FIELD(records),	    FIELD(dropped),	    FIELD(parts_sampled),
	FIELD(samples_lost), FIELD(returns_unseen),
#undef FIELD
};
static const struct json_table figures_table = {figures_fields, COUNT_OF(figures_fields)};

static const struct json_field command_fields[] = {
#define FIELD(member) JSON_FIELD(struct trace_command_figures, member)
	FIELD(count),
	FIELD(bytes),
	FIELD(work_ns),
	FIELD(output_ns),
#undef FIELD
};
static const struct json_table command_table = {command_fields, COUNT_OF(command_fields)};

static const struct json_field histogram_fields[] = {
#define FIELD(member) JSON_FIELD(struct trace_histogram, member)
	FIELD(count),
	FIELD(sum),
	FIELD(max),
#undef FIELD
};

static const struct json_field cost_fields[] = {
#define FIELD(member) JSON_FIELD(struct trace_cost, member)
	FIELD(time_ns),	   FIELD(doubt_ns), FIELD(searches), FIELD(references),
	FIELD(candidates), FIELD(commands), FIELD(bytes),
#undef FIELD
};
static const struct json_table cost_table = {cost_fields, COUNT_OF(cost_fields)};

static const struct json_field slow_fields[] = {
#define FIELD(member) JSON_FIELD(struct trace_slow_command, member)
	FIELD(path_length), FIELD(ino),	    FIELD(bytes),     FIELD(offset),
	FIELD(at_ns),	    FIELD(work_ns), FIELD(output_ns),
#undef FIELD
};

static const struct json_field slot_fields[] = {
#define FIELD(member) JSON_FIELD(struct trace_slot, member)
	FIELD(bytes),	      FIELD(commands), FIELD(searches), FIELD(output_blocked_ns),
	FIELD(io_blocked_ns), FIELD(restarts), FIELD(ino),
#undef FIELD
};
static const struct json_table slot_table = {slot_fields, COUNT_OF(slot_fields)};

static const char *const part_keys[PART_COUNT] = {
	[PART_BACKREF] = "backref_ns",
	[PART_PATH] = "path_ns",
	[PART_READ] = "read_ns",
	[PART_WRITE] = "write_ns",
	[PART_OTHER] = "other_ns",
	[PART_OUTPUT_BLOCKED] = "output_blocked_ns",
	[PART_IO_BLOCKED] = "io_blocked_ns",
	[PART_OFF_CPU] = "off_cpu_ns",
};

static const struct {
	const char *key;
	size_t offset;
} histograms[] = {
	{"references", offsetof(struct trace_figures, references)},
	{"candidates", offsetof(struct trace_figures, candidates)},
	{"search_ns", offsetof(struct trace_figures, search_ns)},
	{"path_ns", offsetof(struct trace_figures, path_ns)},
};
enum { HISTOGRAMS = COUNT_OF(histograms) };

static json_t *metrics_json(uint64_t metrics)
{
	struct json_builder array = json_begin_array();

	for (unsigned int i = 0; i < METRIC_COUNT; i++) {
		if (metrics >> i & 1)
			json_append(&array, json_string(trace_metric_key(i)));
	}
	return json_finish(&array);
}

static json_t *histogram_json(const struct trace_histogram *histogram)
{
	struct json_builder object = json_begin_object();
	struct json_builder buckets = json_begin_array();

	json_put_fields(&object, histogram, histogram_fields, COUNT_OF(histogram_fields));
	for (unsigned int i = 0; i < TRACE_HISTOGRAM_BUCKETS; i++) {
		struct json_builder pair;

		if (!histogram->buckets[i])
			continue;
		pair = json_begin_array();
		json_append_number(&pair, trace_histogram_first(i));
		json_append_number(&pair, histogram->buckets[i]);
		json_append(&buckets, json_finish(&pair));
	}
	json_put(&object, "buckets", json_finish(&buckets));
	return json_finish(&object);
}

static json_t *commands_json(const struct trace_figures *figures)
{
	struct json_builder object = json_begin_object();

	for (unsigned int i = 0; i < STREAM_C_COUNT; i++) {
		if (figures->commands[i].count && stream_commands[i].name)
			json_put(&object, stream_commands[i].name,
				 json_of_table(&figures->commands[i], &command_table));
	}
	return json_finish(&object);
}

static json_t *caches_json(const struct trace_figures *figures)
{
	struct json_builder object = json_begin_object();

	for (unsigned int i = 0; i < CACHE_COUNT; i++)
		json_put(&object, result_cache_keys[i],
			 json_of_table(&figures->caches[i], &cache_table));
	return json_finish(&object);
}

static json_t *parts_json(const struct trace_figures *figures)
{
	struct json_builder object = json_begin_object();

	for (unsigned int i = 0; i < PART_COUNT; i++)
		json_put_number(&object, part_keys[i], figures->parts_ns[i]);
	return json_finish(&object);
}

json_t *trace_to_json(const struct trace_figures *figures)
{
	struct json_builder object;

	if (!figures)
		return json_null();
	object = json_begin_object();
	/* The engine needs no tier to be watched. */
	json_put_text(&object, "tier", figures->thread ? trace_tier_name(figures->tier) : NULL);
	json_put(&object, "metrics", metrics_json(figures->metrics));
	json_put_fields(&object, figures, figures_table.fields, figures_table.count);
	json_put(&object, "commands", commands_json(figures));
	json_put(&object, "caches", caches_json(figures));
	json_put(&object, "backrefs", json_of_table(&figures->backrefs, &backrefs_table));
	for (size_t i = 0; i < HISTOGRAMS; i++)
		json_put(&object, histograms[i].key,
			 histogram_json(
				 (const void *)((const char *)figures + histograms[i].offset)));
	json_put(&object, "parts", parts_json(figures));
	return json_finish(&object);
}

static json_t *costs_json(const struct trace_cost *costs, size_t count, const char *key,
			  bool have_paths)
{
	struct json_builder array = json_begin_array();

	for (size_t i = 0; i < count; i++) {
		struct json_builder object = json_begin_object();

		json_put_number(&object, key, costs[i].key);
		if (have_paths)
			json_put_text(&object, "path", costs[i].path);
		json_put_fields(&object, &costs[i], cost_table.fields, cost_table.count);
		json_append(&array, json_finish(&object));
	}
	return json_finish(&array);
}

static json_t *slow_json(const struct trace_details *details)
{
	struct json_builder array = json_begin_array();

	for (size_t i = 0; i < details->command_count; i++) {
		const struct trace_slow_command *command = &details->commands[i];
		struct json_builder object = json_begin_object();

		json_put_text(&object, "kind", stream_commands[command->kind].name);
		json_put_text(&object, "path", command->path);
		json_put_fields(&object, command, slow_fields, COUNT_OF(slow_fields));
		json_append(&array, json_finish(&object));
	}
	return json_finish(&array);
}

static json_t *slots_json(const struct trace_details *details)
{
	struct json_builder array = json_begin_array();

	for (size_t i = 0; i < details->slot_count; i++)
		json_append(&array, json_of_table(&details->slots[i], &slot_table));
	return json_finish(&array);
}

json_t *trace_details_to_json(const struct trace_details *details)
{
	struct json_builder object;

	if (!details)
		return json_null();
	object = json_begin_object();
	json_put_number(&object, "events", details->events);
	json_put(&object, "extents",
		 costs_json(details->extents, details->extent_count, "bytenr", false));
	json_put(&object, "inodes", costs_json(details->inodes, details->inode_count, "ino", true));
	json_put(&object, "commands", slow_json(details));
	json_put_number(&object, "slot_ns", details->slot_ns);
	json_put(&object, "slots", slots_json(details));
	return json_finish(&object);
}

/* ---- and back ---- */

static uint64_t read_metrics(const struct json_place *trace)
{
	const struct json_place array = json_array_at(trace, "metrics");
	uint64_t metrics = 0;

	for (size_t i = 0; i < json_elements(&array); i++) {
		const struct json_place element = json_element(&array, i);
		const char *key = json_text_of(&element);

		/* One that a later version knows is none that is shown here. */
		for (unsigned int metric = 0; key && metric < METRIC_COUNT; metric++) {
			if (!strcmp(key, trace_metric_key(metric)))
				metrics |= UINT64_C(1) << metric;
		}
	}
	return metrics;
}

static void read_histogram(const struct json_place *trace, const char *key,
			   struct trace_histogram *histogram)
{
	const struct json_place place = json_object_at(trace, key);
	const struct json_place buckets = json_array_at(&place, "buckets");

	json_get_fields(&place, histogram, histogram_fields, COUNT_OF(histogram_fields));
	for (size_t i = 0; i < json_elements(&buckets); i++) {
		const struct json_place pair = json_element(&buckets, i);
		const struct json_place first = json_element(&pair, 0);
		const struct json_place count = json_element(&pair, 1);
		unsigned int bucket = trace_histogram_beginning(json_number_of(&first));

		if (bucket < TRACE_HISTOGRAM_BUCKETS)
			histogram->buckets[bucket] = json_number_of(&count);
		else
			json_refuse(&first, "another number", "a power of two, or 0");
	}
}

static void read_commands(const struct json_place *trace, struct trace_figures *figures)
{
	const struct json_place commands = json_object_at(trace, "commands");

	for (unsigned int i = 0; i < STREAM_C_COUNT; i++) {
		if (stream_commands[i].name)
			json_get_table(&commands, stream_commands[i].name, &figures->commands[i],
				       &command_table);
	}
}

static void read_figures(const struct json_place *trace, struct trace_figures *figures)
{
	const struct json_place caches = json_object_at(trace, "caches");
	const struct json_place parts = json_object_at(trace, "parts");
	const char *tier = json_get_text(trace, "tier");

	if (tier && !trace_tier_find(tier, &figures->tier))
		json_refuse(trace, tier, "a tier");
	figures->metrics = read_metrics(trace);
	json_get_fields(trace, figures, figures_table.fields, figures_table.count);
	read_commands(trace, figures);
	for (unsigned int i = 0; i < CACHE_COUNT; i++)
		json_get_table(&caches, result_cache_keys[i], &figures->caches[i], &cache_table);
	json_get_table(trace, "backrefs", &figures->backrefs, &backrefs_table);
	for (size_t i = 0; i < HISTOGRAMS; i++)
		read_histogram(trace, histograms[i].key,
			       (void *)((char *)figures + histograms[i].offset));
	for (unsigned int i = 0; i < PART_COUNT; i++)
		figures->parts_ns[i] = json_get_number(&parts, part_keys[i]);
}

/* How many elements of an array there is room for; more is a failure. */
static size_t bounded(const struct json_place *array, size_t room)
{
	size_t count = json_elements(array);

	if (count <= room)
		return count;
	json_refuse(array, "more elements", "no more than a result has");
	return 0;
}

static size_t read_costs(const struct json_place *details, const char *key, const char *cost_key,
			 struct trace_cost *costs, bool have_paths)
{
	const struct json_place array = json_array_at(details, key);
	size_t count = bounded(&array, TRACE_COSTS);

	for (size_t i = 0; i < count; i++) {
		const struct json_place cost = json_element(&array, i);

		costs[i].key = json_get_number(&cost, cost_key);
		json_get_fields(&cost, &costs[i], cost_table.fields, cost_table.count);
		if (have_paths)
			costs[i].path = json_get_copy(&cost, "path");
	}
	return count;
}

static uint32_t read_kind(const struct json_place *command)
{
	const char *name = json_get_text(command, "kind");

	for (uint32_t kind = 1; name && kind < STREAM_C_COUNT; kind++) {
		if (stream_commands[kind].name && !strcmp(stream_commands[kind].name, name))
			return kind;
	}
	json_refuse(command, name ? name : "no kind", "a command");
	return 0;
}

static void read_slow(const struct json_place *details_place, struct trace_details *details)
{
	const struct json_place array = json_array_at(details_place, "commands");
	size_t count = bounded(&array, TRACE_COSTS);

	for (; details->command_count < count; details->command_count++) {
		const struct json_place place = json_element(&array, details->command_count);
		struct trace_slow_command *command = &details->commands[details->command_count];

		command->kind = read_kind(&place);
		command->path = json_get_copy(&place, "path");
		json_get_fields(&place, command, slow_fields, COUNT_OF(slow_fields));
	}
}

static void read_details(const struct json_place *place, struct trace_details *details)
{
	const struct json_place slots = json_array_at(place, "slots");

	details->events = json_get_number(place, "events");
	details->extent_count = read_costs(place, "extents", "bytenr", details->extents, false);
	details->inode_count = read_costs(place, "inodes", "ino", details->inodes, true);
	read_slow(place, details);
	details->slot_ns = json_get_number(place, "slot_ns");
	details->slot_count = bounded(&slots, TRACE_SLOTS);
	for (size_t i = 0; i < details->slot_count; i++) {
		const struct json_place slot = json_element(&slots, i);

		json_get_fields(&slot, &details->slots[i], slot_table.fields, slot_table.count);
	}
}

void trace_from_json(const struct json_place *side, struct side_result *result)
{
	const struct json_place trace = json_object_at(side, "trace");
	const struct json_place details = json_object_at(side, "details");

	if (trace.json)
		result->trace = calloc(1, sizeof(*result->trace));
	if (details.json)
		result->details = calloc(1, sizeof(*result->details));
	if ((trace.json && !result->trace) || (details.json && !result->details)) {
		failure_set(side->failure, -ENOMEM, "out of memory");
		return;
	}
	if (trace.json)
		read_figures(&trace, result->trace);
	if (details.json)
		read_details(&details, result->details);
}

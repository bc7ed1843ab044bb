/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/result_fields.h"

#include <string.h>

#define TABLE(name)                                            \
	const struct json_table name##_table = {name##_fields, \
						sizeof(name##_fields) / sizeof(name##_fields[0])}

static const struct json_field environment_fields[] = {
#define FIELD(member) JSON_FIELD(struct environment, member)
	FIELD(kernel),	 FIELD(machine), FIELD(cpu),	    FIELD(cpus),   FIELD(memory_bytes),
	FIELD(sendprof), FIELD(created), FIELD(filesystem), FIELD(device), FIELD(mount_options),
#undef FIELD
};
TABLE(environment);

static const struct json_field volume_fields[] = {
#define FIELD(member) JSON_FIELD(struct volume_info, member)
	FIELD(fsid),
	FIELD(label),
	FIELD(generation),
	FIELD(total_bytes),
	FIELD(sectorsize),
	FIELD(nodesize),
	JSON_FIELD_AS("csum", struct volume_info, csum_name),
	FIELD(devices),
	FIELD(devices_missing),
#undef FIELD
};
TABLE(volume);

static const struct json_field snapshot_fields[] = {
#define FIELD(member) JSON_FIELD(struct snapshot_fact, member)
	FIELD(path),
	FIELD(id),
	FIELD(uuid),
	FIELD(ctransid),
#undef FIELD
};
TABLE(snapshot);

static const struct json_field sample_fields[] = {
#define FIELD(member) JSON_FIELD(struct run_sample, member)
	FIELD(repeat),	   FIELD(duration_ns), FIELD(first_byte_ns),
	FIELD(cpu_ns),	   FIELD(bytes),       FIELD(commands),
	FIELD(generation), FIELD(traced),      FIELD(repeated_for_commit),
#undef FIELD
};
TABLE(sample);

static const struct json_field volume_counters_fields[] = {
#define FIELD(member) JSON_FIELD(struct volume_counters, member)
	FIELD(blocks_read),	    FIELD(block_cache_hits), FIELD(bytes_read),
	FIELD(data_bytes_verified), FIELD(bad_copies),	     FIELD(refreshes),
#undef FIELD
};
TABLE(volume_counters);

static const struct json_field cache_fields[] = {
#define FIELD(member) JSON_FIELD(struct cache_counters, member)
	FIELD(lookups),	  FIELD(hits),	 FIELD(stores),
	FIELD(evictions), FIELD(clears), FIELD(max_entries),
#undef FIELD
};
TABLE(cache);

static const struct json_field backrefs_fields[] = {
#define FIELD(member)	   JSON_FIELD(struct backref_counters, member)
#define RESULT(key, which) JSON_FIELD_AS(key, struct backref_counters, results[which])
	FIELD(searches),
	RESULT("no_clone", BACKREF_NO_CLONE),
	RESULT("clone", BACKREF_CLONE),
	RESULT("over_limit", BACKREF_OVER_LIMIT),
	RESULT("single_ref", BACKREF_SINGLE_REF),
	FIELD(candidates),
	FIELD(preliminary_references),
	FIELD(leaves_resolved),
	FIELD(roots_found),
	FIELD(early_stops),
#undef RESULT
#undef FIELD
};
TABLE(backrefs);

/* Without percentiles and buckets. */
static const struct json_field latency_fields[] = {
#define FIELD(member) JSON_FIELD(struct latency, member)
	FIELD(count),
	FIELD(batched),
	FIELD(total_ns),
	FIELD(max_ns),
#undef FIELD
};
TABLE(latency);

/* Without the commands around it. */
static const struct json_field divergence_fields[] = {
#define FIELD(member) JSON_FIELD(struct divergence, member)
	FIELD(command_index), FIELD(byte_offset), FIELD(identical),  FIELD(only_kernel),
	FIELD(only_engine),   FIELD(changed),	  FIELD(attributes), FIELD(context_first_different),
#undef FIELD
};
TABLE(divergence);

static const struct json_field beyond_fields[] = {
#define FIELD(member) JSON_FIELD(struct beyond_result, member)
	FIELD(max_references), FIELD(commands),	   FIELD(bytes),
	FIELD(cloned_extents), FIELD(duration_ns),
#undef FIELD
};
TABLE(beyond);

static const struct json_field usage_fields[] = {
#define FIELD(member) JSON_FIELD(struct run_usage, member)
	FIELD(user_ns),	     FIELD(system_ns),	  FIELD(minor_faults),
	FIELD(major_faults), FIELD(device_bytes), FIELD(peak_bytes),
#undef FIELD
};
TABLE(usage);

const char *const result_side_keys[SIDE_COUNT] = {
	[SIDE_KERNEL] = "kernel",
	[SIDE_ENGINE] = "engine",
};

const char *const result_verdict_keys[RESULT_VERDICTS] = {
	[VERDICT_EQUAL] = "equal",
	[VERDICT_DIFFERENT] = "different",
	[VERDICT_INCOMPLETE] = "incomplete",
};

const char *const result_cache_keys[CACHE_COUNT] = {
	[CACHE_NAME] = "name",
	[CACHE_BACKREF] = "backref",
	[CACHE_DIR_CREATED] = "dir_created",
	[CACHE_DIR_UTIMES] = "dir_utimes",
};

json_t *json_of_table(const void *from, const struct json_table *table)
{
	return json_of_fields(from, table->fields, table->count);
}

void json_get_table(const struct json_place *up, const char *key, void *into,
		    const struct json_table *table)
{
	const struct json_place place = json_object_at(up, key);

	json_get_fields(&place, into, table->fields, table->count);
}

unsigned int json_get_choice(const struct json_place *object, const char *key,
			     const char *const *names, unsigned int count)
{
	const char *text = json_get_text(object, key);

	for (unsigned int i = 0; text && i < count; i++) {
		if (!strcmp(text, names[i]))
			return i;
	}
	json_refuse(object, text ? text : "nothing", key);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Keys of a result in JSON, shared by who writes it (result_json.c, trace_json.c) and who reads it
 * (result_read.c, trace_json.c). docs/result-json.md says what each key means.
 */
#ifndef PROFILER_RESULT_FIELDS_H
#define PROFILER_RESULT_FIELDS_H

#include "profiler/json_fields.h"
#include "profiler/result.h"

struct json_table {
	const struct json_field *fields;
	size_t count;
};

extern const struct json_table environment_table, volume_table, snapshot_table, sample_table,
	volume_counters_table, cache_table, backrefs_table, latency_table, divergence_table,
	beyond_table, usage_table;

extern const char *const result_side_keys[SIDE_COUNT];
extern const char *const result_verdict_keys[];
extern const char *const result_cache_keys[CACHE_COUNT];
enum { RESULT_VERDICTS = VERDICT_INCOMPLETE + 1 };

/* result_from_json() of what is inside of another document: messages are those of @top. */
int result_from_place(const struct json_place *top, struct result *result);

json_t *json_of_table(const void *from, const struct json_table *table);
/* Of the object below @up with this key. */
void json_get_table(const struct json_place *up, const char *key, void *into,
		    const struct json_table *table);

/* The index of the text behind @key among @names, 0 when it is none: then that is a failure. */
unsigned int json_get_choice(const struct json_place *object, const char *key,
			     const char *const *names, unsigned int count);

/* Figures and details of tracing, NULL when @side has none; null in JSON. */
json_t *trace_to_json(const struct trace_figures *figures);
json_t *trace_details_to_json(const struct trace_details *details);
void trace_from_json(const struct json_place *side, struct side_result *result);

json_t *losses_to_json(const struct loss_result *losses);
void losses_from_json(const struct json_place *top, struct loss_result *losses);
json_t *notices_to_json(const struct notice_log *notices);
void notices_from_json(const struct json_place *side, struct notice_log *notices);

void attribution_from_json(const struct json_place *top, const struct generation *asked,
			   struct attribution *attribution);
/* Rows named in an array, as 1 << enum behaviour_id; unknown ones are a failure. */
uint64_t behaviours_from_json(const struct json_place *object, const char *key);
enum generation_id generation_from_json(const struct json_place *object, const char *key);

#endif

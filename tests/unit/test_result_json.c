/* SPDX-License-Identifier: GPL-2.0 */
/* A result as JSON: all keys of docs/result-json.md, and what they say. */
#include "profiler/result.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The value at a path of keys and indexes like "sides.engine.samples.0.bytes". */
static const json_t *at(const json_t *json, const char *path)
{
	char *copy = strdup(path), *rest = copy, *word;

	assert_non_null(copy);
	while ((word = strsep(&rest, "."))) {
		if (json_is_array(json))
			json = json_array_get(json, strtoul(word, NULL, 10));
		else
			json = json_object_get(json, word);
		if (!json)
			fail_msg("no '%s' of '%s'", word, path);
	}
	free(copy);
	return json;
}

static struct result *example(void)
{
	static const struct run_sample sample = {
		.duration_ns = 1234567890123,
		.first_byte_ns = 11,
		.cpu_ns = 12,
		.bytes = 13,
		.commands = 14,
		.generation = 15,
		.repeat = 1,
	};
	struct result *result = calloc(1, sizeof(*result));
	struct side_result *engine;

	assert_non_null(result);
	result->verdict = VERDICT_DIFFERENT;
	result->tier = TIER_PIPE;
	result->generation = GENERATION_6_18;
	result->snapshot = (struct snapshot_fact){.path = strdup("/mnt/a\xff"), .id = 256};
	result->snapshot.uuid[0] = 0xab;
	result->snapshot.uuid[15] = 0x0f;
	result->clone_sources = calloc(1, sizeof(*result->clone_sources));
	result->clone_sources[0] = (struct snapshot_fact){.path = strdup("/mnt/c"), .id = 257};
	result->clone_source_count = 1;
	result->environment.volume.csum_name = "crc32c";
	result->environment.device = strdup("/dev/loop0");
	for (unsigned int i = 0; i < SIDE_COUNT; i++) {
		result->sides[i].samples = malloc(sizeof(sample));
		assert_non_null(result->sides[i].samples);
		result->sides[i].samples[0] = sample;
		result->sides[i].sample_count = 1;
	}
	engine = &result->sides[SIDE_ENGINE];
	engine->has_caches = true;
	engine->caches[CACHE_BACKREF].hits = 77;
	engine->backrefs.results[BACKREF_OVER_LIMIT] = 78;
	engine->volume.bytes_read = 1ull << 62;
	engine->kinds[STREAM_C_WRITE].count = 2;
	latency_add(&engine->kinds[STREAM_C_WRITE].latency, 100);
	engine->progress[0] = (struct progress_point){21, 22, 23};
	engine->progress_count = 1;
	strcpy(engine->error, "some error");
	result->losses.known = true;
	result->losses.counters.cloned = 500;
	result->losses.counters.bytes[CLONE_LOSS_UNSHARED] = 1;
	result->losses.counters.bytes[CLONE_LOSS_FIRST_COPY] = 20;
	result->losses.counters.bytes[CLONE_LOSS_OVER_LIMIT] = 300;
	result->losses.counters.bytes[CLONE_LOSS_SOURCE_EOF] = 4000;
	result->losses.counters.files[0] = (struct clone_loss_file){.ino = 257};
	result->losses.counters.files[0].bytes[CLONE_LOSS_SOURCE_EOF] = 4000;
	result->losses.counters.files[0].bytes[CLONE_LOSS_FIRST_COPY] = 20;
	result->losses.counters.files[1] = (struct clone_loss_file){.ino = 258};
	result->losses.counters.files[1].bytes[CLONE_LOSS_OVER_LIMIT] = 300;
	result->losses.counters.file_count = 2;
	result->losses.paths[0] = strdup("dir/a\xff");
	result->divergence.found = true;
	result->divergence.byte_offset = 4711;
	result->divergence.kernel_context[0] = strdup("WRITE a");
	result->divergence.engine_context[1] = strdup("WRITE b");
	result->divergence.context_count = 2;
	result->generation = GENERATION_6_18;
	result->turned = 1u << BEHAVIOUR_HOLE_PUNCHED;
	result->attribution = (struct attribution){
		.state = ATTRIBUTION_FOUND,
		.asked = {GENERATION_6_18, 1u << BEHAVIOUR_HOLE_PUNCHED},
		.differs_at = 4700,
		.found = {{GENERATION_6_1, 1u << BEHAVIOUR_CLONE_LARGEST}},
		.found_count = 1,
		.whole = 1u << GENERATION_6_12,
		.rows = 1u << BEHAVIOUR_CHECK_DIRS_ONCE,
		.further = {{{GENERATION_6_6, 0}, 4800}},
		.further_count = 1,
		.relevant = 1u << BEHAVIOUR_REFERENCES_1024,
		.sends = 31,
		.duration_ns = 32,
		.limit_ns = 33,
		.stopped = "some limit",
		.decisions = calloc(1, sizeof(char *)),
		.decision_count = 1,
	};
	result->attribution.decisions[0] = strdup("inode 257: new");
	snprintf(result->tier_reason, sizeof(result->tier_reason), "function tier: refused");
	result->agreement = (struct trace_agreement){
		.compared = 32,
		.found = {{"name cache, hits", 33, 34}},
		.count = 1,
	};
	result->missing = calloc(1, sizeof(*result->missing));
	result->missing[0] = (struct missing_metric){"some metric", "some reason"};
	result->missing_count = 1;
	return result;
}

/* As JSON text and back, so that what a reader of the file gets is what is looked at. */
static json_t *round_trip(const struct result *result)
{
	json_t *json = result_to_json(result), *again;
	char *text;

	assert_non_null(json);
	text = json_dumps(json, JSON_INDENT(1));
	assert_non_null(text);
	again = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(again);
	assert_true(json_equal(json, again));
	free(text);
	json_decref(json);
	return again;
}

static const char *const all_keys[] = {
	"schema_version",
	"verdict",
	"kernel_recorded",
	"tier",
	"tier_reason",
	"agreement.compared",
	"agreement.differing.0.what",
	"agreement.differing.0.kernel",
	"agreement.differing.0.engine",
	"ratio",
	"environment.kernel",
	"environment.machine",
	"environment.cpu",
	"environment.cpus",
	"environment.memory_bytes",
	"environment.sendprof",
	"environment.created",
	"environment.filesystem",
	"environment.device",
	"environment.mount_options",
	"environment.volume.fsid",
	"environment.volume.label",
	"environment.volume.generation",
	"environment.volume.total_bytes",
	"environment.volume.sectorsize",
	"environment.volume.nodesize",
	"environment.volume.csum",
	"environment.volume.devices",
	"environment.volume.devices_missing",
	"request.snapshot.path",
	"request.snapshot.id",
	"request.snapshot.uuid",
	"request.snapshot.ctransid",
	"request.parent",
	"request.clone_sources.0.path",
	"request.no_data",
	"request.compressed_data",
	"request.protocol",
	"request.generation",
	"request.turned.0",
	"request.cache",
	"request.repeat",
	"request.sink",
	"request.finder",
	"request.memory_bytes",
	"request.batch",
	"sides.kernel.median_ns",
	"sides.kernel.caches",
	"sides.kernel.backrefs",
	"sides.kernel.volume",
	"sides.kernel.error",
	"sides.engine.error",
	"sides.engine.samples.0.repeat",
	"sides.engine.samples.0.duration_ns",
	"sides.engine.samples.0.first_byte_ns",
	"sides.engine.samples.0.cpu_ns",
	"sides.engine.samples.0.bytes",
	"sides.engine.samples.0.commands",
	"sides.engine.samples.0.generation",
	"sides.engine.samples.0.traced",
	"sides.engine.samples.0.repeated_for_commit",
	"sides.engine.samples.0.usage",
	"sides.engine.kinds.WRITE.count",
	"sides.engine.kinds.WRITE.bytes",
	"sides.engine.kinds.WRITE.latency.count",
	"sides.engine.kinds.WRITE.latency.batched",
	"sides.engine.kinds.WRITE.latency.total_ns",
	"sides.engine.kinds.WRITE.latency.p50_ns",
	"sides.engine.kinds.WRITE.latency.p90_ns",
	"sides.engine.kinds.WRITE.latency.p99_ns",
	"sides.engine.kinds.WRITE.latency.max_ns",
	"sides.engine.kinds.WRITE.latency.buckets.0.1",
	"sides.engine.progress.0.2",
	"sides.engine.caches.name.lookups",
	"sides.engine.caches.backref.hits",
	"sides.engine.caches.dir_created.stores",
	"sides.engine.caches.dir_utimes.evictions",
	"sides.engine.caches.name.clears",
	"sides.engine.caches.name.max_entries",
	"sides.engine.backrefs.searches",
	"sides.engine.backrefs.no_clone",
	"sides.engine.backrefs.clone",
	"sides.engine.backrefs.over_limit",
	"sides.engine.backrefs.single_ref",
	"sides.engine.backrefs.candidates",
	"sides.engine.backrefs.preliminary_references",
	"sides.engine.backrefs.leaves_resolved",
	"sides.engine.backrefs.roots_found",
	"sides.engine.backrefs.early_stops",
	"sides.engine.volume.blocks_read",
	"sides.engine.volume.block_cache_hits",
	"sides.engine.volume.bytes_read",
	"sides.engine.volume.data_bytes_verified",
	"sides.engine.volume.bad_copies",
	"sides.engine.volume.refreshes",
	"clone_loss.cloned_bytes",
	"clone_loss.written_bytes",
	"clone_loss.first_copy_bytes",
	"clone_loss.lost_bytes",
	"clone_loss.written.unshared",
	"clone_loss.written.moved",
	"clone_loss.files.0.path",
	"clone_loss.files.0.ino",
	"clone_loss.files.0.lost_bytes",
	"clone_loss.files.0.reasons.source_eof",
	"divergence.command_index",
	"divergence.byte_offset",
	"divergence.identical",
	"divergence.only_kernel",
	"divergence.only_engine",
	"divergence.changed",
	"divergence.attributes",
	"divergence.kernel_context.0",
	"divergence.engine_context.1",
	"divergence.context_first_different",
	"attribution.state",
	"attribution.differs_at",
	"attribution.found.0.generation",
	"attribution.found.0.turned.0",
	"attribution.rows.0",
	"attribution.whole.0",
	"attribution.further.0.generation",
	"attribution.further.0.turned",
	"attribution.further.0.agrees_until",
	"attribution.relevant.0",
	"attribution.sends",
	"attribution.duration_ns",
	"attribution.limit_ns",
	"attribution.stopped",
	"attribution.decisions.0",
	"missing.0.metric",
	"missing.0.reason",
};

static void test_json_has_every_key(void **state)
{
	struct result *result = example();
	json_t *json = round_trip(result);

	(void)state;
	for (size_t i = 0; i < sizeof(all_keys) / sizeof(all_keys[0]); i++)
		at(json, all_keys[i]);
	json_decref(json);
	result_release(result);
	free(result);
}

static void assert_text(const json_t *json, const char *path, const char *text)
{
	assert_string_equal(json_string_value(at(json, path)), text);
}

static void assert_number(const json_t *json, const char *path, json_int_t number)
{
	assert_true(json_is_integer(at(json, path)));
	assert_true(json_integer_value(at(json, path)) == number);
}

static void test_json_values(void **state)
{
	struct result *result = example();
	json_t *json = round_trip(result);

	(void)state;
	assert_text(json, "verdict", "different");
	assert_text(json, "request.snapshot.path", "/mnt/a\\xff");
	assert_text(json, "request.snapshot.uuid", "ab000000-0000-0000-0000-00000000000f");
	assert_true(json_is_null(at(json, "request.parent")));
	assert_text(json, "request.generation", "6.18");
	assert_text(json, "request.cache", "warm");
	assert_number(json, "sides.kernel.median_ns", 1234567890123);
	assert_true(json_real_value(at(json, "ratio")) == 1.0);
	assert_true(json_is_null(at(json, "sides.kernel.caches")));
	assert_true(json_is_null(at(json, "sides.kernel.error")));
	assert_text(json, "sides.engine.error", "some error");
	assert_number(json, "sides.engine.samples.0.generation", 15);
	assert_number(json, "sides.engine.caches.backref.hits", 77);
	assert_number(json, "sides.engine.backrefs.over_limit", 78);
	assert_number(json, "sides.engine.volume.bytes_read", 1ll << 62);
	assert_number(json, "sides.engine.kinds.WRITE.latency.buckets.0.1", 1);
	assert_number(json, "sides.engine.kinds.WRITE.latency.buckets.0.0", 104);
	assert_int_equal(json_object_size(at(json, "sides.engine.kinds")), 1);
	assert_number(json, "sides.engine.progress.0.1", 22);
	assert_number(json, "clone_loss.cloned_bytes", 500);
	assert_number(json, "clone_loss.written_bytes", 4321);
	assert_number(json, "clone_loss.first_copy_bytes", 20);
	assert_number(json, "clone_loss.lost_bytes", 4300);
	assert_int_equal(json_object_size(at(json, "clone_loss.written")), CLONE_LOSS_COUNT);
	assert_number(json, "clone_loss.written.over_limit", 300);
	assert_text(json, "clone_loss.files.0.path", "dir/a\\xff");
	assert_number(json, "clone_loss.files.0.lost_bytes", 4000);
	assert_int_equal(json_object_size(at(json, "clone_loss.files.0.reasons")), 1);
	assert_true(json_is_null(at(json, "clone_loss.files.1.path")));
	assert_number(json, "clone_loss.files.1.ino", 258);
	assert_int_equal(json_array_size(at(json, "clone_loss.files")), 2);
	assert_number(json, "divergence.byte_offset", 4711);
	assert_true(json_is_null(at(json, "divergence.engine_context.0")));
	assert_text(json, "request.turned.0", "HOLE_PUNCHED");
	assert_text(json, "tier_reason", "function tier: refused");
	assert_number(json, "agreement.compared", 32);
	assert_text(json, "agreement.differing.0.what", "name cache, hits");
	assert_number(json, "agreement.differing.0.kernel", 33);
	assert_number(json, "agreement.differing.0.engine", 34);
	assert_text(json, "attribution.state", "found");
	assert_text(json, "attribution.found.0.generation", "6.1");
	assert_text(json, "attribution.found.0.turned.0", "CLONE_LARGEST");
	assert_text(json, "attribution.rows.0", "CHECK_DIRS_ONCE");
	assert_text(json, "attribution.whole.0", "6.12");
	assert_text(json, "attribution.relevant.0", "REFERENCES_1024");
	assert_number(json, "attribution.further.0.agrees_until", 4800);
	assert_number(json, "attribution.sends", 31);
	assert_text(json, "attribution.decisions.0", "inode 257: new");
	assert_text(json, "missing.0.reason", "some reason");
	json_decref(json);
	result_release(result);
	free(result);
}

/* What a send to nowhere does not show, and what this kernel does not count, is null. */
static void test_usage(void **state)
{
	static struct run_sample samples[] = {
		{.repeat = 1, .usage = {true, 5, 6, 7, 8, true, 9, true, 10}},
		{.repeat = 2, .usage = {true, 7, 8, 9, 10, false, 0, true, 30}},
		{.repeat = 3, .usage = {true, 9, 1, 1, 1, true, 1, true, 20}},
		{.repeat = 3, .repeated_for_commit = true},
	};
	struct result with = {.sink = SINK_NULL, .batch = true, .memory_bytes = 99};
	struct run_usage usage;
	json_t *json;

	(void)state;
	with.sides[SIDE_ENGINE].samples = samples;
	with.sides[SIDE_ENGINE].sample_count = 4;
	json = result_to_json(&with);
	assert_text(json, "request.sink", "null");
	assert_text(json, "request.finder", "faithful");
	assert_number(json, "request.memory_bytes", 99);
	assert_true(json_is_null(at(json, "sides.engine.samples.0.first_byte_ns")));
	assert_number(json, "sides.engine.samples.0.usage.system_ns", 6);
	assert_number(json, "sides.engine.samples.0.usage.peak_bytes", 10);
	assert_true(json_is_null(at(json, "sides.engine.samples.1.usage.device_bytes")));
	assert_true(json_is_null(at(json, "sides.engine.samples.3.usage")));
	json_decref(json);
	result_median_usage(&with, SIDE_ENGINE, &usage);
	assert_true(usage.known && usage.has_peak_bytes && !usage.has_device_bytes);
	assert_int_equal(usage.user_ns, 7);
	assert_int_equal(usage.system_ns, 6);
	assert_int_equal(usage.minor_faults, 7);
	assert_int_equal(usage.peak_bytes, 20);
	/* The discarded pair does not count, or it would make all unknown. */
	samples[3].repeated_for_commit = false;
	result_median_usage(&with, SIDE_ENGINE, &usage);
	assert_false(usage.known);
}

static void test_json_of_an_empty_result(void **state)
{
	struct result *result = calloc(1, sizeof(*result));
	json_t *json;

	(void)state;
	assert_non_null(result);
	json = round_trip(result);
	assert_true(json_is_null(at(json, "divergence")));
	assert_true(json_is_null(at(json, "attribution")));
	assert_true(json_is_null(at(json, "clone_loss")));
	assert_true(json_is_null(at(json, "ratio")));
	assert_true(json_is_null(at(json, "request.snapshot")));
	json_decref(json);
	result_release(result);
	free(result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json_has_every_key),
		cmocka_unit_test(test_json_values),
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_json_of_an_empty_result),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0 */
/* Recordings: what comes back is what was written, and a file that is not whole is refused. */
#include "profiler/recording_format.h"

#include <endian.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include <cmocka.h>

enum { STREAM_BYTES = 700, EVENTS = 12, FILE_MAX = 1 << 16 };

static char directory[] = "/tmp/sendprof-recording.XXXXXX";
static char path[64];
static uint8_t content[STREAM_BYTES];

static int make_directory(void **state)
{
	(void)state;
	if (!mkdtemp(directory))
		return -1;
	snprintf(path, sizeof(path), "%s/file", directory);
	for (size_t i = 0; i < sizeof(content); i++)
		content[i] = (uint8_t)(i * i >> 3);
	return 0;
}

static int remove_directory(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(directory);
}

/* The last ones have a path: of the subvolume itself, whole, and cut at the front. */
static const struct event events[EVENTS] = {
	{.type = EVENT_COMMAND, .ino = 257, .command = {STREAM_C_WRITE, 4096, UINT64_MAX, 1, 2}},
	{.type = EVENT_INODE_BEGIN, .time_ns = UINT64_MAX - 1, .ino = 258, .sender = 77},
	{.type = EVENT_INODE_END, .time_ns = 5},
	{.type = EVENT_BACKREF_WALK, .backref = {1, 2, 3, 4, 5, BACKREF_SINGLE_REF}},
	{.type = EVENT_CACHE, .cache = {CACHE_DIR_UTIMES, CACHE_CLEAR}},
	{.type = EVENT_PATH_RESOLVED, .path = {99}},
	{.type = EVENT_RESTART},
	{.type = EVENT_DATA_WRITTEN, .written = {1, 2, 3, 0}},
	{.type = EVENT_BLOCKED, .blocked = {8, BLOCKED_FOR_IO, 0}},
	{.type = EVENT_COMMAND, .command = {.kind = STREAM_C_UTIMES, .path_size = 1}},
	{.type = EVENT_COMMAND,
	 .command = {.kind = STREAM_C_WRITE, .path_size = 5, .path_length = 4}},
	{.type = EVENT_COMMAND,
	 .command = {.kind = STREAM_C_CHMOD, .path_size = EVENT_PATH_MAX, .path_length = 4000}},
};

/* The one of that number, with its path. */
static struct event_with_path event_of(size_t number)
{
	struct event_with_path event = {.event = events[number]};

	if (event_path(&event.event))
		memset(event.path, 'a', event.event.command.path_size - 1);
	return event;
}

static struct recording sample(void)
{
	struct recording recording = {
		.kernel = "6.12.0-amd64",
		.generation = {GENERATION_6_12, UINT64_C(1) << 2},
		.snapshot = {.id = 258, .ctransid = 12, .uuid = {1, 2, 3}},
		.parent = {.id = 257},
		.protocol = 2,
		.compressed_data = true,
		.tier_reason = "a reason",
		.figures = {.thread = 4711, .tier = TIER_FUNCTION, .metrics = 0x15, .ended_ns = 9},
	};

	recording.figures.commands[STREAM_C_WRITE].count = 3;
	recording.figures.caches[CACHE_BACKREF].hits = 44;
	recording.figures.backrefs.leaves_resolved = 7;
	recording.figures.references.buckets[3] = 6;
	return recording;
}

static void save(const struct recording *recording)
{
	struct stream_store stream = {.fd = fileno(tmpfile()), .size = STREAM_BYTES};
	struct failure failure = {0};
	struct event_list list = {0};

	for (size_t i = 0; i < EVENTS; i++) {
		const struct event_with_path event = event_of(i);

		event_list_add(&list, &event.event);
	}
	assert_int_equal(write(stream.fd, content, STREAM_BYTES), STREAM_BYTES);
	assert_int_equal(recording_save(path, recording, &list, &stream, &failure), 0);
	stream_store_close(&stream);
	event_list_clear(&list);
}

static size_t read_file(uint8_t *bytes)
{
	FILE *file = fopen(path, "r");
	size_t size = fread(bytes, 1, FILE_MAX, file);

	fclose(file);
	assert_in_range(size, 1, FILE_MAX - 1);
	return size;
}

static void write_file(const uint8_t *bytes, size_t size)
{
	FILE *file = fopen(path, "w");

	assert_int_equal(fwrite(bytes, 1, size, file), size);
	fclose(file);
}

/* Events as they were, in their order; *@context counts them. */
static void expect_event(void *context, const struct event *event)
{
	size_t *count = context;
	struct event_with_path want;

	assert_in_range(*count, 0, EVENTS - 1);
	want = event_of(*count);
	assert_memory_equal(event, &want, event_size(&want.event));
	++*count;
}

static void expect_sample(const struct recording *have, const struct stream_store *stream)
{
	const struct recording want = sample();
	uint8_t bytes[STREAM_BYTES];

	assert_string_equal(have->kernel, want.kernel);
	assert_int_equal(have->generation.id, want.generation.id);
	assert_int_equal(have->generation.turned, want.generation.turned);
	assert_string_equal(have->tier_reason, want.tier_reason);
	assert_int_equal(have->snapshot.id, want.snapshot.id);
	assert_int_equal(have->snapshot.ctransid, want.snapshot.ctransid);
	assert_memory_equal(have->snapshot.uuid, want.snapshot.uuid, 16);
	assert_int_equal(have->parent.id, want.parent.id);
	assert_int_equal(have->protocol, want.protocol);
	assert_false(have->no_data);
	assert_true(have->compressed_data);
	assert_memory_equal(&have->figures, &want.figures, sizeof(want.figures));
	assert_int_equal(have->event_count, EVENTS);
	assert_int_equal(have->stream_bytes, STREAM_BYTES);
	assert_int_equal(stream->size, STREAM_BYTES);
	assert_int_equal(pread(stream->fd, bytes, STREAM_BYTES, 0), STREAM_BYTES);
	assert_memory_equal(bytes, content, STREAM_BYTES);
}

static int load(struct recording *recording, struct stream_store *stream, struct failure *failure)
{
	return recording_load(path, directory, recording, NULL, NULL, stream, failure);
}

static void test_comes_back(void **state)
{
	const struct recording recording = sample();
	struct recording loaded;
	struct stream_store stream;
	struct failure failure = {0};
	size_t count = 0;

	(void)state;
	save(&recording);
	assert_int_equal(
		recording_load(path, directory, &loaded, expect_event, &count, &stream, &failure),
		0);
	assert_int_equal(count, EVENTS);
	expect_sample(&loaded, &stream);
	recording_release(&loaded);
	stream_store_close(&stream);
}

static void expect_refused(int code, const char *text)
{
	struct recording recording;
	struct stream_store stream;
	struct failure failure = {0};

	assert_int_equal(load(&recording, &stream, &failure), code);
	assert_int_equal(failure.code, code);
	assert_int_equal(stream.fd, -1);
	assert_memory_equal(failure.text, path, strlen(path));
	if (!strstr(failure.text, text))
		fail_msg("have \"%s\" expect \"%s\"", failure.text, text);
}

static void test_truncated_anywhere(void **state)
{
	const struct recording recording = sample();
	uint8_t bytes[FILE_MAX];
	size_t size;

	(void)state;
	save(&recording);
	size = read_file(bytes);
	for (size_t length = 0; length < size; length++) {
		write_file(bytes, length);
		expect_refused(-EPROTO, "recording");
	}
	bytes[size] = 0;
	write_file(bytes, size + 1);
	expect_refused(-EPROTO, "goes on after its end");
}

/* What zstd makes of the compressed part, and its length; 0 when it refuses it. */
static size_t decompress(const uint8_t *bytes, size_t size, uint8_t plain[FILE_MAX])
{
	ZSTD_DCtx *zstd = ZSTD_createDCtx();
	ZSTD_inBuffer in = {bytes + RECORDING_BEGIN_BYTES, size - RECORDING_BEGIN_BYTES, 0};
	ZSTD_outBuffer out = {plain, FILE_MAX, 0};
	size_t left;

	assert_non_null(zstd);
	assert_false(ZSTD_isError(
		ZSTD_DCtx_setParameter(zstd, ZSTD_d_windowLogMax, RECORDING_WINDOW_LOG)));
	do
		left = ZSTD_decompressStream(zstd, &out, &in);
	while (left && !ZSTD_isError(left) && in.pos < in.size && out.pos < out.size);
	ZSTD_freeDCtx(zstd);
	return left == 0 && in.pos == in.size ? out.pos : 0;
}

/*
 * There are bytes that zstd reads alike, or not at all: how many depends on what is compressed. So
 * what is damaged is refused, unless zstd by itself makes of it what was there.
 */
static void test_damaged_anywhere(void **state)
{
	static const uint8_t damages[] = {0xff, 0x01, 0x80};
	static uint8_t bytes[FILE_MAX], plain[FILE_MAX], have[FILE_MAX];
	const struct recording recording = sample();
	size_t size, plain_size;

	(void)state;
	save(&recording);
	size = read_file(bytes);
	plain_size = decompress(bytes, size, plain);
	assert_in_range(plain_size, STREAM_BYTES, FILE_MAX - 1);
	for (size_t i = 0; i < size * sizeof(damages); i++) {
		const size_t at = i / sizeof(damages);
		const uint8_t damage = damages[i % sizeof(damages)];
		struct recording loaded;
		struct stream_store stream;
		struct failure failure = {0};
		bool is_same;

		bytes[at] ^= damage;
		write_file(bytes, size);
		is_same = at >= RECORDING_BEGIN_BYTES &&
			  decompress(bytes, size, have) == plain_size &&
			  !memcmp(have, plain, plain_size);
		bytes[at] ^= damage;
		assert_int_equal(load(&loaded, &stream, &failure) == 0, is_same);
		if (!is_same) {
			assert_int_not_equal(failure.text[0], 0);
			continue;
		}
		expect_sample(&loaded, &stream);
		recording_release(&loaded);
		stream_store_close(&stream);
	}
}

/* A whole file with these facts, and @length more bytes behind them. */
static void forge(const char *facts, uint32_t version, const void *rest, size_t length)
{
	uint8_t plain[4096], bytes[8192];
	uint32_t numbers[2] = {htole32(version), htole32((uint32_t)strlen(facts))};
	size_t size;

	memcpy(plain, facts, strlen(facts));
	if (length)
		memcpy(plain + strlen(facts), rest, length);
	memcpy(bytes, RECORDING_MAGIC, RECORDING_MAGIC_BYTES);
	memcpy(bytes + RECORDING_MAGIC_BYTES, numbers, sizeof(numbers));
	size = ZSTD_compress(bytes + RECORDING_BEGIN_BYTES, sizeof(bytes) - RECORDING_BEGIN_BYTES,
			     plain, strlen(facts) + length, 3);
	assert_false(ZSTD_isError(size));
	write_file(bytes, RECORDING_BEGIN_BYTES + size);
}

static void test_hostile_facts(void **state)
{
	uint8_t bytes[RECORDING_BEGIN_BYTES + 1] = RECORDING_MAGIC "\1\0\0\0\377\377\377\377";

	(void)state;
	write_file(bytes, sizeof(bytes));
	expect_refused(-EPROTO, "have 4294967295 bytes expect at most 1048576");
	forge("{}", 3, NULL, 0);
	expect_refused(-EOPNOTSUPP, "have a recording of version 3 expect 1 to 2");
	forge("{}", 0, NULL, 0);
	expect_refused(-EOPNOTSUPP, "have a recording of version 0 expect 1 to 2");
	forge("{", 1, NULL, 0);
	expect_refused(-EPROTO, "facts of the recording");
	forge("[]", 1, NULL, 0);
	expect_refused(-EPROTO, "have no object expect one");
	forge("{\"generation\": \"6.12\", \"protocol\": \"one\"}", 1, NULL, 0);
	expect_refused(-EPROTO, "protocol");
	forge("{\"generation\": \"6.12\", \"trace\": {\"tier\": \"none such\"}}", 1, NULL, 0);
	expect_refused(-EPROTO, "none such");
	forge("{\"generation\": \"6.12\", \"stream_bytes\": 1152921504606846976}", 1, "abc", 3);
	expect_refused(-EPROTO, "lacks its end");
	forge("{\"generation\": \"6.12\", \"event_count\": -1}", 1, "abc", 3);
	expect_refused(-EPROTO, "have 18446744073709551615 events expect at most 4194304");
	forge("{\"generation\": \"6.12\", \"event_count\": 1}", 1, "abc", 3);
	expect_refused(-EPROTO, "lacks its end");
	forge("{\"generation\": \"6.12\", \"stream_bytes\": 2}", 1, "abc", 3);
	expect_refused(-EPROTO, "goes on after its end");
}

/* The last event that came goes to *@context. */
static void keep_event(void *context, const struct event *event)
{
	memcpy(context, event, event_size(event));
}

/* In the first version commands had no paths, and no bytes behind them. */
static void test_first_version(void **state)
{
	struct event event = {.type = EVENT_COMMAND, .ino = 257};
	uint8_t bytes[RECORDING_EVENT_BYTES];
	struct event_with_path have;
	struct recording recording;
	struct stream_store stream;
	struct failure failure = {0};

	(void)state;
	event.command.kind = STREAM_C_WRITE;
	event.command.length = 4096;
	event.command.output_ns = 77;
	recording_event_encode(&event, bytes);
	memset(bytes + offsetof(struct event, command.began_ns), 0xff, 24);
	forge("{\"generation\": \"6.12\", \"event_count\": 1, \"stream_bytes\": 0}", 1, bytes,
	      sizeof(bytes));
	assert_int_equal(
		recording_load(path, directory, &recording, keep_event, &have, &stream, &failure),
		0);
	assert_memory_equal(&have.event, &event, sizeof(event));
	recording_release(&recording);
	stream_store_close(&stream);
}

static void test_hostile_paths(void **state)
{
	static const char facts[] = "{\"generation\": \"6.12\", \"event_count\": 1}";
	/* Sizes and lengths that no event has. */
	static const uint32_t hostile[][2] = {
		{EVENT_PATH_MAX + 1, EVENT_PATH_MAX}, {EVENT_PATH_MAX, 3}, {4, 9}, {0, 1},
		{UINT32_MAX, UINT32_MAX - 1},
	};
	struct event event = {.type = EVENT_COMMAND};
	uint8_t bytes[RECORDING_EVENT_BYTES + EVENT_PATH_MAX] = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		event.command.path_size = hostile[i][0];
		event.command.path_length = hostile[i][1];
		recording_event_encode(&event, bytes);
		forge(facts, 2, bytes, sizeof(bytes));
		expect_refused(-EPROTO, "event 0 of the recording is none");
	}
	event.command.path_size = 3;
	event.command.path_length = 2;
	recording_event_encode(&event, bytes);
	forge(facts, 2, bytes, RECORDING_EVENT_BYTES + 2);
	expect_refused(-EPROTO, "lacks its end");
	memcpy(bytes + RECORDING_EVENT_BYTES, "abc", 3);
	forge(facts, 2, bytes, RECORDING_EVENT_BYTES + 3);
	expect_refused(-EPROTO, "the path of event 0 of the recording has no end");
}

static void test_hostile_events(void **state)
{
	static const struct event hostile[] = {
		{.type = EVENT_COMMAND, .command.kind = STREAM_C_COUNT},
		{.type = EVENT_CACHE, .cache.cache = CACHE_COUNT},
		{.type = EVENT_CACHE, .cache.operation = CACHE_CLEAR + 1},
		{.type = EVENT_BACKREF_WALK, .backref.result = BACKREF_SINGLE_REF + 1},
		{.type = EVENT_BLOCKED, .blocked.reason = BLOCKED_FOR_IO + 1},
	};
	uint8_t bytes[RECORDING_EVENT_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		recording_event_encode(&hostile[i], bytes);
		forge("{\"generation\": \"6.12\", \"event_count\": 1}", 1, bytes, sizeof(bytes));
		expect_refused(-EPROTO, "event 0 of the recording is none");
	}
	/* The first of the decisions, and none at all. */
	for (uint32_t type = EVENT_INODE_FATE; type; type = type == EVENT_INODE_FATE ? ~0U : 0) {
		uint32_t stored = htole32(type);

		memset(bytes, 0, sizeof(bytes));
		memcpy(bytes + offsetof(struct event, type), &stored, sizeof(stored));
		forge("{\"generation\": \"6.12\", \"event_count\": 1}", 1, bytes, sizeof(bytes));
		expect_refused(-EPROTO, "event 0 of the recording is none");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_comes_back),	 cmocka_unit_test(test_truncated_anywhere),
		cmocka_unit_test(test_damaged_anywhere), cmocka_unit_test(test_hostile_facts),
		cmocka_unit_test(test_hostile_events),	 cmocka_unit_test(test_hostile_paths),
		cmocka_unit_test(test_first_version),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}

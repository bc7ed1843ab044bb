/* SPDX-License-Identifier: GPL-2.0 */
/* The reader of a pipe: command boundaries however reads cut the stream, times, progress. */
#include "tests/unit/stream_builder.h"

#include "profiler/stream_tap.h"

#include <errno.h>

enum {
	START_NS = 1000000,
	COMMANDS = 5,
};

static struct stream_tap *new_tap(void)
{
	struct stream_tap *tap = malloc(sizeof(*tap));

	assert_non_null(tap);
	stream_tap_init(tap, START_NS);
	return tap;
}

/* Header, SUBVOL, UNLINK, WRITE, UNLINK, END; @ends[i] is where command i ends. */
static void build(struct stream_builder *builder, size_t *ends)
{
	builder_begin(builder, 1);
	add_header(builder);
	add_subvol(builder, "snap");
	ends[0] = builder->length;
	add_simple(builder, STREAM_C_UNLINK, "a");
	ends[1] = builder->length;
	add_write(builder, "b", 4096, "some data", 9);
	ends[2] = builder->length;
	add_simple(builder, STREAM_C_UNLINK, "c");
	ends[3] = builder->length;
	stream_begin(&builder->writer, STREAM_C_END);
	assert_int_equal(stream_end(&builder->writer), 0);
	ends[4] = builder->length;
}

static void feed(struct stream_tap *tap, const void *data, size_t length, uint64_t at_ns)
{
	struct failure failure = {0};

	assert_int_equal(stream_tap_feed(tap, data, length, START_NS + at_ns, &failure), 0);
}

static void finish(struct stream_tap *tap)
{
	struct failure failure = {0};

	assert_int_equal(stream_tap_finish(tap, &failure), 0);
}

static const struct latency *latency_of(const struct stream_tap *tap, enum stream_command_id kind)
{
	return &tap->figures.kinds[kind].latency;
}

/* What does not depend on how the stream was read. */
static void check_counts(const struct stream_tap *tap, const size_t *ends)
{
	const struct kind_stats *kinds = tap->figures.kinds;
	uint64_t timed = 0, batched = 0;

	assert_int_equal(tap->figures.bytes, ends[4]);
	assert_int_equal(tap->figures.commands, COMMANDS);
	assert_int_equal(kinds[STREAM_C_SUBVOL].count, 1);
	assert_int_equal(kinds[STREAM_C_SUBVOL].bytes, ends[0] - STREAM_HEADER_SIZE);
	assert_int_equal(kinds[STREAM_C_UNLINK].count, 2);
	assert_int_equal(kinds[STREAM_C_UNLINK].bytes, ends[1] - ends[0] + ends[3] - ends[2]);
	assert_int_equal(kinds[STREAM_C_WRITE].bytes, ends[2] - ends[1]);
	assert_int_equal(kinds[STREAM_C_END].bytes, STREAM_COMMAND_HEADER_SIZE);
	for (unsigned int i = 0; i < STREAM_C_COUNT; i++) {
		timed += kinds[i].latency.count;
		batched += kinds[i].latency.batched;
	}
	assert_int_equal(timed + batched, COMMANDS);
}

static void test_a_read_for_each_command(void **state)
{
	struct stream_tap *tap = new_tap();
	struct stream_builder builder;
	size_t ends[COMMANDS];

	(void)state;
	build(&builder, ends);
	feed(tap, builder.bytes, ends[0], 100);
	feed(tap, builder.bytes + ends[0], ends[1] - ends[0], 300);
	feed(tap, builder.bytes + ends[1], ends[2] - ends[1], 700);
	feed(tap, builder.bytes + ends[2], ends[3] - ends[2], 1500);
	feed(tap, builder.bytes + ends[3], ends[4] - ends[3], 1501);
	finish(tap);
	check_counts(tap, ends);
	assert_int_equal(tap->figures.first_byte_ns, 100);
	assert_int_equal(latency_of(tap, STREAM_C_SUBVOL)->max_ns, 100);
	assert_int_equal(latency_of(tap, STREAM_C_UNLINK)->count, 2);
	assert_int_equal(latency_of(tap, STREAM_C_UNLINK)->max_ns, 800);
	assert_int_equal(latency_of(tap, STREAM_C_UNLINK)->total_ns, 1000);
	assert_int_equal(latency_of(tap, STREAM_C_WRITE)->total_ns, 400);
	assert_int_equal(latency_of(tap, STREAM_C_END)->total_ns, 1);
	assert_int_equal(latency_of(tap, STREAM_C_END)->batched, 0);
	builder_release(&builder);
	free(tap);
}

static void test_commands_of_one_read_are_batched(void **state)
{
	struct stream_tap *tap = new_tap();
	struct stream_builder builder;
	size_t ends[COMMANDS];

	(void)state;
	build(&builder, ends);
	/* Two commands and the beginning of a third; then the rest: the third is timed. */
	feed(tap, builder.bytes, ends[2] - 3, 100);
	feed(tap, builder.bytes + ends[2] - 3, ends[4] - ends[2] + 3, 150);
	finish(tap);
	check_counts(tap, ends);
	assert_int_equal(latency_of(tap, STREAM_C_SUBVOL)->count, 1);
	assert_int_equal(latency_of(tap, STREAM_C_WRITE)->count, 1);
	assert_int_equal(latency_of(tap, STREAM_C_WRITE)->total_ns, 50);
	assert_int_equal(latency_of(tap, STREAM_C_UNLINK)->count, 0);
	assert_int_equal(latency_of(tap, STREAM_C_UNLINK)->batched, 2);
	assert_int_equal(latency_of(tap, STREAM_C_END)->batched, 1);
	builder_release(&builder);
	free(tap);
}

static size_t ended_before(const size_t *ends, size_t offset)
{
	size_t count = 0;

	while (count < COMMANDS && ends[count] <= offset)
		count++;
	return count;
}

static void test_split_at_each_byte(void **state)
{
	struct stream_builder builder;
	size_t ends[COMMANDS];

	(void)state;
	build(&builder, ends);
	for (size_t cut = 1; cut < builder.length; cut++) {
		struct stream_tap *tap = new_tap();
		size_t first = ended_before(ends, cut);
		uint64_t timed = 0;

		feed(tap, builder.bytes, cut, 100);
		assert_int_equal(tap->figures.commands, first);
		feed(tap, builder.bytes + cut, builder.length - cut, 250);
		finish(tap);
		check_counts(tap, ends);
		for (unsigned int i = 0; i < STREAM_C_COUNT; i++)
			timed += tap->figures.kinds[i].latency.count;
		/* One of each read that brought a command's end. */
		assert_int_equal(timed, (first > 0) + 1);
		free(tap);
	}
	builder_release(&builder);
}

static void test_byte_by_byte(void **state)
{
	struct stream_tap *tap = new_tap();
	struct stream_builder builder;
	size_t ends[COMMANDS];

	(void)state;
	build(&builder, ends);
	for (size_t i = 0; i < builder.length; i++)
		feed(tap, builder.bytes + i, 1, i + 1);
	finish(tap);
	check_counts(tap, ends);
	assert_int_equal(latency_of(tap, STREAM_C_SUBVOL)->total_ns, ends[0]);
	assert_int_equal(latency_of(tap, STREAM_C_WRITE)->total_ns, ends[2] - ends[1]);
	assert_int_equal(latency_of(tap, STREAM_C_END)->total_ns, STREAM_COMMAND_HEADER_SIZE);
	builder_release(&builder);
	free(tap);
}

static void test_cut_at_each_byte(void **state)
{
	struct stream_builder builder;
	size_t ends[COMMANDS];

	(void)state;
	build(&builder, ends);
	for (size_t cut = 0; cut < builder.length; cut++) {
		struct stream_tap *tap = new_tap();
		struct failure failure = {0};

		feed(tap, builder.bytes, cut, 100);
		assert_int_equal(stream_tap_finish(tap, &failure), -ENODATA);
		assert_int_equal(failure.code, -ENODATA);
		assert_true(failure.text[0]);
		free(tap);
	}
	builder_release(&builder);
}

/* A whole stream with one byte replaced must be refused with -EPROTO. */
static void check_refused(const struct stream_builder *builder, size_t offset, uint8_t byte)
{
	uint8_t *copy = malloc(builder->length);
	struct stream_tap *tap = new_tap();
	struct failure failure = {0};

	assert_non_null(copy);
	memcpy(copy, builder->bytes, builder->length);
	copy[offset] = byte;
	assert_int_equal(stream_tap_feed(tap, copy, builder->length, START_NS, &failure), -EPROTO);
	assert_int_equal(failure.code, -EPROTO);
	free(copy);
	free(tap);
}

static void test_what_is_no_stream(void **state)
{
	struct stream_builder builder;
	struct stream_tap *tap = new_tap();
	struct failure failure = {0};
	size_t ends[COMMANDS];

	(void)state;
	build(&builder, ends);
	check_refused(&builder, 0, 'B');	       /* magic */
	check_refused(&builder, STREAM_MAGIC_SIZE, 9); /* protocol */
	check_refused(&builder, ends[0] + 2, 1);       /* a length of 64 KiB and more */
	check_refused(&builder, ends[0] + 4, 0);       /* no such command */
	check_refused(&builder, ends[0] + 4, STREAM_C_COUNT);
	check_refused(&builder, ends[0] + 5, 1);
	/* After END nothing may come, neither in the same read nor later. */
	feed(tap, builder.bytes, builder.length, 1);
	assert_int_equal(stream_tap_feed(tap, builder.bytes, 1, START_NS + 2, &failure), -EPROTO);
	assert_non_null(strstr(failure.text, "after the END"));
	builder_release(&builder);
	free(tap);
}

static void test_progress(void **state)
{
	struct stream_tap *tap = new_tap();
	const struct tap_figures *figures = &tap->figures;
	struct stream_builder builder;
	uint64_t now = 0;
	size_t fed = 0;

	(void)state;
	builder_begin(&builder, 1);
	add_header(&builder);
	add_subvol(&builder, "snap");
	for (unsigned int i = 0; i < 20000; i++)
		add_simple(&builder, STREAM_C_UNLINK, "some/path");
	stream_begin(&builder.writer, STREAM_C_END);
	assert_int_equal(stream_end(&builder.writer), 0);

	while (fed < builder.length) {
		size_t length = builder.length - fed < 100 ? builder.length - fed : 100;

		now += 40000 + fed % 7919;
		feed(tap, builder.bytes + fed, length, now);
		fed += length;
		assert_in_range(figures->progress_count, 1, RESULT_PROGRESS_POINTS);
	}
	finish(tap);
	assert_in_range(figures->progress_count, RESULT_PROGRESS_POINTS / 4,
			RESULT_PROGRESS_POINTS);
	for (size_t i = 1; i < figures->progress_count; i++) {
		const struct progress_point *point = &figures->progress[i];

		assert_true(point->time_ns >= point[-1].time_ns);
		assert_true(point->bytes >= point[-1].bytes);
		assert_true(point->commands >= point[-1].commands);
	}
	assert_int_equal(figures->progress[figures->progress_count - 1].time_ns, now);
	assert_int_equal(figures->progress[figures->progress_count - 1].bytes, builder.length);
	assert_int_equal(figures->progress[figures->progress_count - 1].commands, 20002);
	builder_release(&builder);
	free(tap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_read_for_each_command),
		cmocka_unit_test(test_commands_of_one_read_are_batched),
		cmocka_unit_test(test_split_at_each_byte),
		cmocka_unit_test(test_byte_by_byte),
		cmocka_unit_test(test_cut_at_each_byte),
		cmocka_unit_test(test_what_is_no_stream),
		cmocka_unit_test(test_progress),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

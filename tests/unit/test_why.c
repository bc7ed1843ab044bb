/* SPDX-License-Identifier: GPL-2.0 */
/* Decisions as text: what is shown of which inode, and that every decision has a sentence. */
#include "profiler/why.h"
#include "tests/unit/stream_builder.h"

#include <stdio.h>
#include <string.h>

static void test_parse(void **state)
{
	static const char *const wrong[] = {"",
					    "0",
					    "x",
					    "-1",
					    "1:",
					    "1:x",
					    "1:2:3",
					    "1 ",
					    ":1",
					    "1:-2",
					    "0x",
					    "1.5",
					    "99999999999999999999999"};
	struct why_filter filter;

	(void)state;
	assert_true(why_parse("257", &filter));
	assert_int_equal(filter.ino, 257);
	assert_false(filter.has_offset);
	assert_true(why_parse("0x101:0", &filter));
	assert_int_equal(filter.ino, 257);
	assert_true(filter.has_offset);
	assert_int_equal(filter.offset, 0);
	assert_true(why_parse("18446744073709551615:18446744073709551615", &filter));
	assert_int_equal(filter.offset, UINT64_MAX);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(why_parse(wrong[i], &filter));
}

/* All lines, each ended by a newline. */
struct lines {
	char text[8192];
	size_t count;
};

static void add_line(void *context, const char *line)
{
	struct lines *lines = context;

	assert_true(strlen(lines->text) + strlen(line) + 2 < sizeof(lines->text));
	strcat(lines->text, line);
	strcat(lines->text, "\n");
	lines->count++;
}

static struct why why_about(struct lines *lines, struct why_filter filter)
{
	memset(lines, 0, sizeof(*lines));
	return (struct why){
		.filter = filter, .print = add_line, .print_context = lines, .protocol = 1};
}

static void begin_inode(struct why *why, uint64_t ino)
{
	why_observe(why, &(struct event){.type = EVENT_INODE_BEGIN, .ino = ino});
}

static void decide(struct why *why, uint64_t ino, enum extent_decision decision, uint64_t offset,
		   uint64_t length)
{
	struct event event = {.type = EVENT_EXTENT_DECISION, .ino = ino};

	event.decision.offset = offset;
	event.decision.length = length;
	event.decision.decision = decision;
	why_observe(why, &event);
}

static void judge(struct why *why, enum clone_rule rule)
{
	struct event event = {.type = EVENT_CLONE_CANDIDATE, .ino = 257};

	event.candidate.root = 300;
	event.candidate.ino = 301;
	event.candidate.offset = 302;
	event.candidate.num_bytes = 303;
	event.candidate.rule = rule;
	why_observe(why, &event);
}

static void show_extent(struct why *why, uint64_t offset, uint64_t length)
{
	struct event event = {.type = EVENT_EXTENT, .ino = 257};

	event.extent.offset = offset;
	event.extent.num_bytes = length;
	event.extent.bytenr = 4096;
	why_observe(why, &event);
}

/* Every value of every table makes a line, without what stands for a number in it. */
static void test_every_decision_has_a_sentence(void **state)
{
	struct lines lines;
	struct why why = why_about(&lines, (struct why_filter){.ino = 257});
	size_t expected = 0;

	(void)state;
	begin_inode(&why, 257);
	for (unsigned int i = 0; i < FATE_COUNT; i++, expected++) {
		struct event event = {.type = EVENT_INODE_FATE, .ino = 257};

		event.inode.fate = i;
		why_observe(&why, &event);
	}
	assert_int_equal(lines.count, expected);
	why = why_about(&lines, why.filter);
	for (unsigned int i = 0; i < NAME_DECISION_COUNT; i++) {
		struct event event = {.type = EVENT_NAME_DECISION, .ino = 257};

		event.name.ino = UINT64_MAX;
		event.name.dir = UINT64_MAX;
		event.name.other = UINT64_MAX;
		event.name.decision = i;
		why_observe(&why, &event);
		assert_int_equal(lines.count, i + 1);
	}
	assert_null(strchr(lines.text, '%'));
	assert_non_null(strstr(lines.text, "18446744073709551615"));
	why = why_about(&lines, why.filter);
	show_extent(&why, 0, 4096);
	for (unsigned int i = 0; i < CLONE_RULE_COUNT; i++)
		judge(&why, i);
	for (unsigned int i = 0; i < EXTENT_DECISION_COUNT; i++)
		decide(&why, 257, i, 0, 4096);
	assert_int_equal(lines.count, 1 + CLONE_RULE_COUNT + EXTENT_DECISION_COUNT);
	assert_null(strstr(lines.text, "(null)"));
}

static void test_only_the_inode_asked_for(void **state)
{
	struct lines lines;
	struct why why = why_about(&lines, (struct why_filter){.ino = 258});

	(void)state;
	begin_inode(&why, 257);
	show_extent(&why, 0, 4096);
	judge(&why, CLONE_PERFECT);
	decide(&why, 257, EXTENT_CLONED, 0, 4096);
	assert_int_equal(lines.count, 0);
	decide(&why, 258, EXTENT_UNCHANGED, 0, 4096);
	assert_int_equal(lines.count, 1);
	why_finish(&why);
	assert_int_equal(lines.count, 1);
}

static void test_only_the_byte_asked_for(void **state)
{
	struct lines lines;
	struct why why = why_about(
		&lines, (struct why_filter){.ino = 257, .has_offset = true, .offset = 8191});

	(void)state;
	begin_inode(&why, 257);
	why_observe(&why, &(struct event){.type = EVENT_INODE_FATE, .ino = 257});
	show_extent(&why, 0, 4096);
	judge(&why, CLONE_CHOSEN);
	decide(&why, 257, EXTENT_CLONED, 0, 4096);
	decide(&why, 257, EXTENT_UNCHANGED, 8192, 4096);
	assert_int_equal(lines.count, 0);
	show_extent(&why, 4096, 4096);
	judge(&why, CLONE_CHOSEN);
	decide(&why, 257, EXTENT_CLONED, 4096, 4096);
	assert_string_equal(
		lines.text,
		"  offset 4096: 4096 bytes of extent 4096 from 0\n"
		"    root 300 inode 301 offset 302, item of 303 bytes: taken, the clone "
		"source\n"
		"  offset 4096, 4096 bytes: cloned from root 300 inode 301 offset 0\n");
}

static void test_nothing_was_decided(void **state)
{
	struct lines lines;
	struct why why = why_about(&lines, (struct why_filter){.ino = 257});

	(void)state;
	why_finish(&why);
	assert_int_equal(lines.count, 1);
	assert_non_null(strstr(lines.text, "inode 257: nothing was decided"));
}

/* A stream_sink_fn that counts. */
static int count_calls(void *context, const void *data, size_t length)
{
	(void)data;
	(void)length;
	++*(unsigned int *)context;
	return 0;
}

/* Commands of the inode are shown, those of data and of other inodes are not; all are passed on. */
static void test_commands(void **state)
{
	unsigned int calls = 0;
	struct lines lines;
	struct why why = why_about(&lines, (struct why_filter){.ino = 257});
	struct send_request request = {.protocol = 1};
	struct stream_writer writer;

	(void)state;
	why.sink = count_calls;
	why.sink_context = &calls;
	why_attach(&why, &request);
	assert_true(request.observe_decisions);
	assert_int_equal(stream_writer_init(&writer, 1, request.sink, request.sink_context), 0);
	assert_int_equal(stream_write_header(&writer), 0);
	for (uint64_t ino = 257; ino <= 258; ino++) {
		begin_inode(&why, ino);
		stream_begin(&writer, STREAM_C_UNLINK);
		stream_put(&writer, STREAM_A_PATH, "a b\n", 4);
		assert_int_equal(stream_end(&writer), 0);
		stream_begin(&writer, STREAM_C_UPDATE_EXTENT);
		stream_put(&writer, STREAM_A_PATH, "a", 1);
		stream_put_u64(&writer, STREAM_A_FILE_OFFSET, 0);
		stream_put_u64(&writer, STREAM_A_SIZE, 1);
		assert_int_equal(stream_end(&writer), 0);
	}
	assert_int_equal(calls, 5);
	assert_int_equal(lines.count, 1);
	assert_non_null(strstr(lines.text, "  -> UNLINK "));
	assert_non_null(strstr(lines.text, "path=a\\040b\\n"));
	stream_writer_release(&writer);
}

static void test_tail(void **state)
{
	struct why_tail tail = {0};
	char text[16];

	(void)state;
	for (unsigned int i = 0; i < 3 * WHY_TAIL_LINES + 1; i++) {
		snprintf(text, sizeof(text), "%u", i);
		why_tail_line(&tail, text);
	}
	assert_int_equal(tail.count, 3 * WHY_TAIL_LINES + 1);
	snprintf(text, sizeof(text), "%u", 2 * WHY_TAIL_LINES + 1);
	assert_string_equal(tail.lines[tail.count % WHY_TAIL_LINES], text);
	why_tail_clear(&tail);
	assert_int_equal(tail.count, 0);
	assert_null(tail.lines[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_every_decision_has_a_sentence),
		cmocka_unit_test(test_only_the_inode_asked_for),
		cmocka_unit_test(test_only_the_byte_asked_for),
		cmocka_unit_test(test_nothing_was_decided),
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_tail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

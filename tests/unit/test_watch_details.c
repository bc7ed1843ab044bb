/* SPDX-License-Identifier: GPL-2.0 */
/* Single events of several sends: each gets what is its own, and no other's. */
#include "profiler/watch_details.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct traced_send send_of(uint32_t thread, uint64_t began_ns, uint64_t ended_ns)
{
	struct traced_send send = {0};

	send.figures.thread = thread;
	send.figures.began_ns = began_ns;
	send.figures.ended_ns = ended_ns;
	return send;
}

/* @path NULL: it names none. */
static void command_at(struct watch_details *watched, uint32_t thread, uint64_t ino,
		       uint64_t time_ns, const char *path)
{
	struct event_with_path told = {
		.event = {.type = EVENT_COMMAND,
			  .sender = thread,
			  .ino = ino,
			  .time_ns = time_ns,
			  .command = {.kind = STREAM_C_WRITE, .length = 100}},
	};

	if (path) {
		told.event.command.path_length = (uint32_t)strlen(path);
		told.event.command.path_size = told.event.command.path_length + 1;
		strcpy(told.path, path);
	}
	watch_details_event(watched, &told.event);
}

/* One inode of @send, with so many commands. */
static void expect_inode(struct watch_details *watched, const struct traced_send *send,
			 uint64_t ino, uint64_t commands, const char *path)
{
	const struct trace_details *details = watch_details_of(watched, send);

	assert_non_null(details);
	assert_int_equal(details->inode_count, 1);
	assert_int_equal(details->inodes[0].key, ino);
	assert_int_equal(details->inodes[0].commands, commands);
	if (path)
		assert_string_equal(details->inodes[0].path, path);
	else
		assert_null(details->inodes[0].path);
}

static void sends_are_told_apart(void **state)
{
	struct watch_details *watched = watch_details_new();
	/* The first thread sent twice before anybody looked. */
	const struct traced_send sends[] = {send_of(1, 1000, 2000), send_of(2, 1100, 0),
					    send_of(1, 2001, 0)};
	const struct traced_send stranger = send_of(9, 1000, 0);

	(void)state;
	command_at(watched, 1, 300, 1500, "first");
	command_at(watched, 2, 400, 1600, NULL);
	command_at(watched, 1, 300, 2000, NULL);
	command_at(watched, 1, 500, 2500, "second");
	command_at(watched, 3, 600, 2500, "third"); /* of none that is watched */
	assert_int_equal(watch_details_assign(watched, sends, 3), 0);
	expect_inode(watched, &sends[0], 300, 2, "first");
	expect_inode(watched, &sends[1], 400, 1, NULL);
	expect_inode(watched, &sends[2], 500, 1, "second");
	assert_null(watch_details_of(watched, &stranger));
	/* It goes on. */
	command_at(watched, 1, 500, 2600, "second");
	assert_int_equal(watch_details_assign(watched, sends + 1, 2), 0);
	expect_inode(watched, &sends[2], 500, 2, "second");
	expect_inode(watched, &sends[0], 300, 2, "first");
	watch_details_forget(watched, &sends[0]);
	assert_null(watch_details_of(watched, &sends[0]));
	watch_details_forget(watched, &stranger);
	watch_details_free(watched);
}

/* Of more inodes than are watched the costly one keeps its path. */
static void many_inodes(void **state)
{
	struct watch_details *watched = watch_details_new();
	const struct traced_send send = send_of(1, 1, 0);
	const struct trace_details *details;
	uint64_t now = 1000;

	(void)state;
	command_at(watched, 1, 256, now += 1000000000, "the costly one");
	for (uint64_t ino = 257; ino < 40000; ino++) {
		char name[32];

		snprintf(name, sizeof(name), "name %" PRIu64, ino);
		command_at(watched, 1, ino, now += 10, name);
		if (ino % 5000 == 0)
			assert_int_equal(watch_details_assign(watched, &send, 1), 0);
	}
	assert_int_equal(watch_details_assign(watched, &send, 1), 0);
	details = watch_details_of(watched, &send);
	assert_int_equal(details->inodes[0].key, 256);
	assert_string_equal(details->inodes[0].path, "the costly one");
	watch_details_free(watched);
	watch_details_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sends_are_told_apart),
		cmocka_unit_test(many_inodes),
	};

	return cmocka_run_group_tests_name("watch_details", tests, NULL, NULL);
}

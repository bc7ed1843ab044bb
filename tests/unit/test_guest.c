/* SPDX-License-Identifier: GPL-2.0 */
/* What a guest's system is made of, and the host's side of the link to it. No guest is booted. */
#include "profiler/child.h"
#include "profiler/guest_files.h"
#include "profiler/guest_link.h"
#include "profiler/guest_protocol.h"
#include "profiler/interrupt.h"
#include "tests/unit/test_folder.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>

/* ---- children ---- */

static void a_child_does_not_ignore_what_we_do(void **state)
{
	char *arguments[] = {"sh", "-c", "kill -PIPE $$; exit 3", NULL};
	const struct child child = {.arguments = arguments};
	struct failure failure = {0};
	char said[CHILD_SAID_SIZE];

	(void)state;
	interrupt_install();
	assert_int_equal(child_run(&child, said, &failure), 128 + SIGPIPE);
}

/* ---- files ---- */

static void a_folder_without_a_name_is_not_made(void **state)
{
	(void)state;
	assert_int_equal(folders_make(""), -ENOENT);
}

static bool has_file(const struct guest_files *files, const char *name)
{
	return words_contain(&files->paths, in_folder(name) + 1);
}

static void links_on_the_way_are_kept(void **state)
{
	struct guest_files files = {0};
	struct failure failure = {0};

	(void)state;
	assert_int_equal(folders_make(in_folder("real/deep")), 0);
	write_text("real/deep/file", "");
	assert_int_equal(symlink("real", in_folder("short")), 0);
	assert_int_equal(symlink("../deep/./file", in_folder("real/deep/alias")), 0);
	assert_int_equal(symlink(in_folder("short/deep/alias"), in_folder("entry")), 0);
	assert_int_equal(guest_files_add(&files, in_folder("entry"), &failure), 0);
	assert_true(has_file(&files, "entry"));
	assert_true(has_file(&files, "short"));
	assert_true(has_file(&files, "real"));
	assert_true(has_file(&files, "real/deep"));
	assert_true(has_file(&files, "real/deep/alias"));
	assert_true(has_file(&files, "real/deep/file"));
	assert_string_equal(files.paths.items[0], "tmp"); /* folders first */
	assert_int_equal(files.paths.count, 8);
	guest_files_release(&files);
}

static void links_that_lead_nowhere_are_errors(void **state)
{
	struct guest_files files = {0};
	struct failure failure = {0};

	(void)state;
	assert_int_equal(symlink("loop", in_folder("loop")), 0);
	assert_int_equal(symlink("missing", in_folder("dangling")), 0);
	assert_int_equal(guest_files_add(&files, in_folder("loop"), &failure), -ELOOP);
	failure_clear(&failure);
	assert_int_equal(guest_files_add(&files, in_folder("dangling"), &failure), -ENOENT);
	assert_non_null(strstr(failure.text, "dangling: No such file"));
	guest_files_release(&files);
}

static void programs_come_with_what_they_need(void **state)
{
	struct guest_files files = {0};
	struct failure failure = {0};
	bool library = false;

	(void)state;
	write_text("script", "#!/usr/bin/env sh\n");
	assert_int_equal(guest_files_add_program(&files, in_folder("script"), &failure), 0);
	assert_true(has_file(&files, "script"));
	assert_int_equal(files.programs.count, 2); /* env and sh */
	assert_int_equal(guest_files_add_libraries(&files, &failure), 0);
	for (size_t i = 0; i < files.paths.count; i++)
		library |= strstr(files.paths.items[i], "libc.so") != NULL;
	assert_true(library);
	assert_int_equal(guest_files_add_program(&files, "no-such-program", &failure), -ENOENT);
	guest_files_release(&files);
}

/* ---- the link ---- */

struct conversation {
	int ends[2]; /* ours, the guest's */
	struct guest_outcome outcome;
	struct failure failure;
};

static void begin(struct conversation *conversation)
{
	memset(conversation, 0, sizeof(*conversation));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, conversation->ends), 0);
}

static void say(struct conversation *conversation, const void *data, size_t length)
{
	assert_int_equal(write(conversation->ends[1], data, length), length);
}

static void say_frame(struct conversation *conversation, uint32_t kind, const void *data,
		      uint32_t length)
{
	const struct guest_frame frame = {.kind = kind, .length = length};

	say(conversation, &frame, sizeof(frame));
	say(conversation, data, length);
}

static void attend(struct conversation *conversation, uint64_t timeout_s)
{
	guest_link_attend(conversation->ends[0], timeout_s, &conversation->outcome,
			  &conversation->failure);
	close(conversation->ends[0]);
	if (conversation->ends[1] >= 0)
		close(conversation->ends[1]);
}

static void hang_up(struct conversation *conversation)
{
	close(conversation->ends[1]);
	conversation->ends[1] = -1;
}

static void the_status_comes_last(void **state)
{
	struct conversation conversation;
	const uint32_t status = 42;
	int kept = dup(STDOUT_FILENO), output;
	char text[16] = "";

	(void)state;
	begin(&conversation);
	say_frame(&conversation, GUEST_FRAME_READY, "", 0);
	say_frame(&conversation, GUEST_FRAME_OUTPUT, "one\n", 4);
	say_frame(&conversation, GUEST_FRAME_OUTPUT, "two", 3);
	say_frame(&conversation, GUEST_FRAME_STATUS, &status, sizeof(status));
	say_frame(&conversation, GUEST_FRAME_OUTPUT, "never", 5);
	output = open(in_folder("output"), O_RDWR | O_CREAT, 0600);
	fflush(stdout);
	dup2(output, STDOUT_FILENO);
	attend(&conversation, 10);
	dup2(kept, STDOUT_FILENO);
	close(kept);
	assert_int_equal(pread(output, text, sizeof(text) - 1, 0), 7);
	close(output);
	assert_string_equal(text, "one\ntwo");
	assert_int_equal(conversation.outcome.end, GUEST_END_STATUS);
	assert_int_equal(conversation.outcome.status, 42);
	assert_true(conversation.outcome.ready);
	assert_int_equal(conversation.failure.code, 0);
}

/* Begins when the pipe has long been full. */
static void *read_late(void *context)
{
	const int *fd = context;
	char part[1024];
	size_t length = 0;
	ssize_t got;

	usleep(50000);
	while ((got = read(*fd, part, sizeof(part))) > 0)
		length += (size_t)got;
	return (void *)length;
}

static void output_may_not_block(void **state)
{
	static const char text[8000];
	struct conversation conversation;
	const uint32_t status = 0;
	int kept = dup(STDOUT_FILENO), ends[2];
	pthread_t reader;
	void *length;

	(void)state;
	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	assert_int_equal(fcntl(ends[0], F_SETFL, 0), 0);
	assert_true(fcntl(ends[1], F_SETPIPE_SZ, 4096) > 0);
	begin(&conversation);
	for (int i = 0; i < 8; i++)
		say_frame(&conversation, GUEST_FRAME_OUTPUT, text, sizeof(text));
	say_frame(&conversation, GUEST_FRAME_STATUS, &status, sizeof(status));
	fflush(stdout);
	dup2(ends[1], STDOUT_FILENO);
	close(ends[1]);
	assert_int_equal(pthread_create(&reader, NULL, read_late, &ends[0]), 0);
	attend(&conversation, 60);
	dup2(kept, STDOUT_FILENO);
	close(kept);
	assert_int_equal(pthread_join(reader, &length), 0);
	close(ends[0]);
	assert_int_equal(conversation.failure.code, 0);
	assert_int_equal(conversation.outcome.end, GUEST_END_STATUS);
	assert_int_equal((size_t)length, 8 * sizeof(text));
}

static void a_guest_that_ends_is_lost(void **state)
{
	const struct guest_frame cut = {.kind = GUEST_FRAME_STATUS, .length = 4};
	struct conversation conversation;

	(void)state;
	begin(&conversation);
	say_frame(&conversation, GUEST_FRAME_READY, "", 0);
	say(&conversation, &cut, sizeof(cut)); /* and nothing behind it */
	hang_up(&conversation);
	attend(&conversation, 10);
	assert_int_equal(conversation.outcome.end, GUEST_END_LOST);
	assert_true(conversation.outcome.ready);
}

static void a_guest_without_a_command_says_why(void **state)
{
	struct conversation conversation;

	(void)state;
	begin(&conversation);
	say_frame(&conversation, GUEST_FRAME_FAILURE, "no 9p", 5);
	attend(&conversation, 10);
	assert_int_equal(conversation.outcome.end, GUEST_END_FAILURE);
	assert_false(conversation.outcome.ready);
	assert_string_equal(conversation.failure.text, "guest: no 9p");
}

static void a_frame_that_is_too_long_is_refused(void **state)
{
	const struct guest_frame frame = {.kind = GUEST_FRAME_OUTPUT, .length = UINT32_MAX};
	struct conversation conversation;

	(void)state;
	begin(&conversation);
	say(&conversation, &frame, sizeof(frame));
	attend(&conversation, 10);
	assert_int_equal(conversation.outcome.end, GUEST_END_FAILURE);
	assert_int_equal(conversation.failure.code, -EIO);
}

/* Asked what it does when the time is over, it hangs up: that is still the timeout. */
static void a_guest_is_asked_when_the_time_is_over(void **state)
{
	struct conversation conversation;
	char request = 0;
	pid_t guest;

	(void)state;
	begin(&conversation);
	guest = fork();
	if (!guest) {
		close(conversation.ends[0]);
		_exit(read(conversation.ends[1], &request, 1) != 1 ||
		      request != GUEST_REQUEST_DUMP);
	}
	hang_up(&conversation);
	attend(&conversation, 1);
	assert_int_equal(conversation.outcome.end, GUEST_END_TIMEOUT);
	assert_true(conversation.outcome.ended_s >= 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_child_does_not_ignore_what_we_do),
		cmocka_unit_test(a_folder_without_a_name_is_not_made),
		IN_FOLDER(links_on_the_way_are_kept),
		IN_FOLDER(links_that_lead_nowhere_are_errors),
		IN_FOLDER(programs_come_with_what_they_need),
		IN_FOLDER(the_status_comes_last),
		cmocka_unit_test(output_may_not_block),
		cmocka_unit_test(a_guest_that_ends_is_lost),
		cmocka_unit_test(a_guest_without_a_command_says_why),
		cmocka_unit_test(a_frame_that_is_too_long_is_refused),
		cmocka_unit_test(a_guest_is_asked_when_the_time_is_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

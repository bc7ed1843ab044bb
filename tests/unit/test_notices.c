/* SPDX-License-Identifier: GPL-2.0 */
/* What receivers get wrong, as text: sentences filled in, names made printable, long ones cut. */
#include "profiler/notice_log.h"
#include "tests/unit/stream_builder.h"

#include <stdio.h>
#include <string.h>

static struct send_notice missing(const char *path, size_t length)
{
	return (struct send_notice){.id = NOTICE_PATH_MISSING,
				    .command = STREAM_C_RENAME,
				    .ino = 260,
				    .path = path,
				    .path_length = length,
				    .other = "a/b",
				    .other_length = 3};
}

static void expect_text(const struct send_notice *notice, const char *expected)
{
	char text[NOTICE_TEXT_SIZE];

	send_notice_text(notice, text, sizeof(text));
	assert_string_equal(text, expected);
}

static void test_sentence(void **state)
{
	struct send_notice notice = missing("a/b/c", 5);

	(void)state;
	expect_text(&notice, "inode 260: RENAME 'a/b/c': 'a/b' does not exist at that point");
	notice.ino = 0;
	expect_text(&notice, "RENAME 'a/b/c': 'a/b' does not exist at that point");
	notice = (struct send_notice){.id = NOTICE_HOLE_KEPT, .offset = UINT64_MAX, .length = 7};
	expect_text(&notice, "the receiver keeps the old data where there is a hole now, at "
			     "18446744073709551615, 7 bytes");
}

static void test_names_are_made_printable(void **state)
{
	struct send_notice notice = missing("\n\x7f\\%path\0x", 10);

	(void)state;
	expect_text(&notice, "inode 260: RENAME '\\x0a\\x7f\\x5c%path\\x00x': 'a/b' does not exist "
			     "at that point");
}

/* Whatever the size, what is there is ended and begins as the whole does. */
static void test_cut_at_every_size(void **state)
{
	struct send_notice notice = missing("\n\n\n\n", 4);
	char whole[NOTICE_TEXT_SIZE], text[NOTICE_TEXT_SIZE];

	(void)state;
	send_notice_text(&notice, whole, sizeof(whole));
	for (size_t size = 1; size <= strlen(whole); size++) {
		memset(text, 'x', sizeof(text));
		send_notice_text(&notice, text, size);
		assert_true(strlen(text) < size);
		assert_memory_equal(text, whole, strlen(text));
		assert_int_equal(text[size], 'x');
	}
}

static void test_every_kind_has_a_sentence(void **state)
{
	(void)state;
	for (int id = 0; id < NOTICE_COUNT; id++) {
		struct send_notice notice = missing("p", 1);
		char text[NOTICE_TEXT_SIZE];

		notice.id = (enum send_notice_id)id;
		send_notice_text(&notice, text, sizeof(text));
		assert_true(strlen(text) > strlen("inode 260: "));
		assert_null(strchr(text, '%'));
		assert_true(strlen(send_notice_name(notice.id)) > 0);
	}
}

static void test_log_keeps_the_first(void **state)
{
	static struct notice_log log;
	char path[8];

	(void)state;
	for (int i = 0; i < 100; i++) {
		struct send_notice notice = missing(path, (size_t)snprintf(path, 8, "%d", i));

		notice_log_add(&log, &notice);
	}
	assert_int_equal(log.total, 100);
	assert_int_equal(log.counts[NOTICE_PATH_MISSING], 100);
	assert_int_equal(log.text_count, NOTICE_LOG_TEXTS);
	assert_non_null(strstr(log.texts[0], "'0'"));
	assert_non_null(strstr(log.texts[NOTICE_LOG_TEXTS - 1], "'19'"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sentence),
		cmocka_unit_test(test_names_are_made_printable),
		cmocka_unit_test(test_cut_at_every_size),
		cmocka_unit_test(test_every_kind_has_a_sentence),
		cmocka_unit_test(test_log_keeps_the_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

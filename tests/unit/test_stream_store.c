/* SPDX-License-Identifier: GPL-2.0 */
/* Streams compared with a stored one while they arrive: what differs is stored whole. */
#include "profiler/stream_store.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { LENGTH = 300 };

static uint8_t content[LENGTH + 1];

static const char *directory(void)
{
	const char *name = getenv("TMPDIR");

	return name ? name : "/tmp";
}

static int fill_content(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(content); i++)
		content[i] = i * 7;
	return 0;
}

/* Compare @data, fed in pieces of @piece bytes, with @reference. */
static void compare(struct stream_comparison *comparison, const struct stream_store *reference,
		    const uint8_t *data, size_t length, size_t piece)
{
	struct failure failure = {0};

	assert_int_equal(stream_comparison_begin(comparison, reference, directory(), &failure), 0);
	for (size_t at = 0; at < length; at += piece) {
		size_t part = length - at < piece ? length - at : piece;

		assert_int_equal(stream_comparison_feed(comparison, data + at, part, &failure), 0);
	}
	assert_int_equal(stream_comparison_finish(comparison, &failure), 0);
	assert_int_equal(failure.code, 0);
}

static void assert_stored(const struct stream_store *store, const uint8_t *data, size_t length)
{
	uint8_t buffer[2 * LENGTH];

	assert_int_equal(store->size, length);
	assert_int_equal(pread(store->fd, buffer, sizeof(buffer), 0), length);
	assert_memory_equal(buffer, data, length);
}

/* A store of the first @length bytes of the content: what differs from nothing is stored. */
static struct stream_store stored(size_t length)
{
	const struct stream_store empty = STREAM_STORE_EMPTY;
	struct stream_comparison comparison;
	struct stream_store store;

	compare(&comparison, &empty, content, length, length);
	assert_int_equal(comparison.differs, length > 0);
	store = comparison.own;
	comparison.own = STREAM_STORE_EMPTY;
	stream_comparison_release(&comparison);
	return store;
}

static void test_equal_is_not_stored(void **state)
{
	struct stream_store reference = stored(LENGTH);

	(void)state;
	assert_stored(&reference, content, LENGTH);
	for (size_t piece = 1; piece <= LENGTH; piece++) {
		struct stream_comparison comparison;

		compare(&comparison, &reference, content, LENGTH, piece);
		assert_false(comparison.differs);
		assert_int_equal(comparison.own.fd, -1);
		stream_comparison_release(&comparison);
	}
	stream_store_close(&reference);
}

static void test_difference_at_each_byte(void **state)
{
	struct stream_store reference = stored(LENGTH);
	uint8_t changed[LENGTH];

	(void)state;
	for (size_t at = 0; at < LENGTH; at++) {
		struct stream_comparison comparison;

		memcpy(changed, content, LENGTH);
		changed[at] ^= 0x40;
		compare(&comparison, &reference, changed, LENGTH, 1 + at % 50);
		assert_true(comparison.differs);
		assert_int_equal(comparison.first_difference, at);
		assert_stored(&comparison.own, changed, LENGTH);
		stream_comparison_release(&comparison);
	}
	stream_store_close(&reference);
}

static void test_shorter_and_longer(void **state)
{
	struct stream_store reference = stored(LENGTH);
	struct stream_comparison comparison;

	(void)state;
	for (size_t length = 0; length < LENGTH; length += 13) {
		compare(&comparison, &reference, content, length, 20);
		assert_true(comparison.differs);
		assert_int_equal(comparison.first_difference, length);
		assert_stored(&comparison.own, content, length);
		stream_comparison_release(&comparison);
	}
	compare(&comparison, &reference, content, LENGTH + 1, 20);
	assert_true(comparison.differs);
	assert_int_equal(comparison.first_difference, LENGTH);
	assert_stored(&comparison.own, content, LENGTH + 1);
	stream_comparison_release(&comparison);
	stream_store_close(&reference);
}

static void test_save_and_open(void **state)
{
	struct stream_store reference = stored(LENGTH), again;
	struct failure failure = {0};
	char *path;

	(void)state;
	assert_true(asprintf(&path, "%s/test_stream_store.%d", directory(), (int)getpid()) > 0);
	assert_int_equal(stream_store_save(&reference, path, &failure), 0);
	assert_int_equal(stream_store_open(path, &again, &failure), 0);
	assert_stored(&again, content, LENGTH);
	assert_int_equal(stream_store_prefetch(&again, &failure), 0);
	unlink(path);
	stream_store_close(&again);
	assert_int_equal(stream_store_open(path, &again, &failure), -ENOENT);
	assert_int_equal(again.fd, -1);
	free(path);
	stream_store_close(&reference);
}

static void test_not_a_file(void **state)
{
	struct failure failure = {0};
	struct stream_store store;

	(void)state;
	assert_int_equal(stream_store_open(directory(), &store, &failure), -EINVAL);
	assert_int_equal(store.fd, -1);
}

static void test_no_place_to_store(void **state)
{
	const struct stream_store empty = STREAM_STORE_EMPTY;
	struct stream_comparison comparison;
	struct failure failure = {0};

	(void)state;
	assert_int_equal(stream_comparison_begin(&comparison, &empty, "/nonexistent", &failure), 0);
	assert_int_equal(stream_comparison_feed(&comparison, content, 1, &failure), -ENOENT);
	assert_non_null(strstr(failure.text, "/nonexistent"));
	stream_comparison_release(&comparison);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal_is_not_stored),
		cmocka_unit_test(test_difference_at_each_byte),
		cmocka_unit_test(test_shorter_and_longer),
		cmocka_unit_test(test_save_and_open),
		cmocka_unit_test(test_not_a_file),
		cmocka_unit_test(test_no_place_to_store),
	};

	return cmocka_run_group_tests(tests, fill_content, NULL);
}

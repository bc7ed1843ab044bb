/* SPDX-License-Identifier: GPL-2.0 */
/* Where a stream is written: short commands together, data from memory or out of its file. */
#include "profiler/stream_output.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

enum {
	DATA = 96 << 10, /* more than a pipe holds at first */
	PLACE = 12345,	 /* of the data in its file */
};

/* Data in memory is 'm', in the file 'f', so that one sees where it came from. */
struct fixture {
	uint8_t memory[DATA];
	int file;
	int ends[2];
	struct stream_output output;
	pthread_t reader;
	uint8_t arrived[4 * DATA];
	size_t arrived_length;
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	FILE *file = tmpfile();

	assert_true(fixture && file);
	memset(fixture->memory, 'm', DATA);
	for (size_t i = 0; i < PLACE + DATA; i++)
		putc(i < PLACE ? 'x' : 'f', file);
	assert_int_equal(fflush(file), 0);
	fixture->file = dup(fileno(file));
	assert_true(fixture->file >= 0);
	fclose(file);
	assert_int_equal(pipe(fixture->ends), 0);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	close(fixture->file);
	close(fixture->ends[0]);
	free(fixture);
	return 0;
}

static void *read_all(void *context)
{
	struct fixture *fixture = context;
	ssize_t got;

	do {
		got = read(fixture->ends[0], fixture->arrived + fixture->arrived_length,
			   sizeof(fixture->arrived) - fixture->arrived_length);
		fixture->arrived_length += got > 0 ? (size_t)got : 0;
	} while (got > 0);
	return NULL;
}

static void attach(struct fixture *fixture)
{
	struct failure failure = {0};

	assert_int_equal(stream_output_attach(fixture->ends[1], "pipe", &fixture->output, &failure),
			 0);
	assert_int_equal(pthread_create(&fixture->reader, NULL, read_all, fixture), 0);
}

static int write_parts(struct fixture *fixture, size_t length, int fd)
{
	return stream_output_write_parts(
		&fixture->output, "head", 4,
		&(struct stream_data){
			.bytes = fixture->memory, .length = length, .fd = fd, .offset = PLACE});
}

static void finish(struct fixture *fixture)
{
	assert_int_equal(stream_output_finish(&fixture->output), 0);
	stream_output_close(&fixture->output, true);
	close(fixture->ends[1]);
	assert_int_equal(pthread_join(fixture->reader, NULL), 0);
}

/* The next @count bytes that arrived are @byte. */
static const uint8_t *skip_bytes(const uint8_t *at, uint8_t byte, size_t count)
{
	for (size_t i = 0; i < count; i++)
		assert_int_equal(at[i], byte);
	return at + count;
}

static const uint8_t *skip_text(const uint8_t *at, const char *text)
{
	assert_memory_equal(at, text, strlen(text));
	return at + strlen(text);
}

static void test_data_of_a_file_goes_into_a_pipe(void **state)
{
	struct fixture *fixture = *state;
	const uint8_t *at;

	attach(fixture);
	assert_int_equal(stream_output_write(&fixture->output, "short", 5), 0);
	assert_int_equal(write_parts(fixture, DATA, fixture->file), 0);
	assert_int_equal(stream_output_write(&fixture->output, "next", 4), 0);
	assert_int_equal(write_parts(fixture, DATA, -1), 0);
	assert_int_equal(write_parts(fixture, 100, fixture->file), 0);
	finish(fixture);

	at = skip_text(fixture->arrived, "shorthead");
	at = skip_bytes(at, 'f', DATA);
	at = skip_text(at, "nexthead");
	at = skip_bytes(at, 'm', DATA);
	at = skip_text(at, "head");
	at = skip_bytes(at, 'm', 100);
	assert_int_equal(at - fixture->arrived, fixture->arrived_length);
}

/* What the file does not give comes from memory. */
static void test_file_that_ends_before(void **state)
{
	struct fixture *fixture = *state;
	const uint8_t *at;

	assert_int_equal(ftruncate(fixture->file, PLACE + 5000), 0);
	attach(fixture);
	assert_int_equal(write_parts(fixture, DATA, fixture->file), 0);
	assert_int_equal(write_parts(fixture, DATA, fixture->ends[1]), 0);
	finish(fixture);

	at = skip_text(fixture->arrived, "head");
	at = skip_bytes(at, 'f', 5000);
	at = skip_bytes(at, 'm', DATA - 5000);
	at = skip_text(at, "head");
	at = skip_bytes(at, 'm', DATA);
	assert_int_equal(at - fixture->arrived, fixture->arrived_length);
}

static void test_reader_that_leaves(void **state)
{
	struct fixture *fixture = *state;
	struct failure failure = {0};

	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(
		stream_output_attach(fixture->ends[1], "the pipe", &fixture->output, &failure), 0);
	close(fixture->ends[0]);
	assert_int_equal(write_parts(fixture, DATA, fixture->file), -EPIPE);
	assert_string_equal(fixture->output.failure.text, "cannot write the pipe: Broken pipe");
	stream_output_close(&fixture->output, false);
	close(fixture->ends[1]);
	fixture->ends[0] = -1;
	signal(SIGPIPE, SIG_DFL);
}

/* Into a file everything is written. */
static void test_output_that_is_no_pipe(void **state)
{
	struct fixture *fixture = *state;
	struct failure failure = {0};
	FILE *target = tmpfile();
	const uint8_t *at;

	assert_non_null(target);
	close(fixture->ends[1]);
	assert_int_equal(stream_output_attach(fileno(target), "a file", &fixture->output, &failure),
			 0);
	assert_int_equal(write_parts(fixture, DATA, fixture->file), 0);
	stream_output_close(&fixture->output, true);
	fixture->arrived_length =
		(size_t)pread(fileno(target), fixture->arrived, sizeof(fixture->arrived), 0);
	fclose(target);

	at = skip_text(fixture->arrived, "head");
	at = skip_bytes(at, 'm', DATA);
	assert_int_equal(at - fixture->arrived, fixture->arrived_length);
}

/* What a filesystem tells when a file is closed is told on. */
static void test_file_that_cannot_be_closed(void **state)
{
	struct fixture *fixture = *state;
	char name[] = "/tmp/sendprof-test.XXXXXX";
	struct failure failure = {0};
	int fd = mkstemp(name);

	assert_true(fd >= 0);
	close(fd);
	close(fixture->ends[1]);
	assert_int_equal(stream_output_open(name, &fixture->output, &failure), 0);
	close(fixture->output.fd);
	assert_int_equal(stream_output_close(&fixture->output, true), -EBADF);
	assert_non_null(strstr(fixture->output.failure.text, "Bad file descriptor"));
	unlink(name);
}

#define OUTPUT_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		OUTPUT_TEST(test_data_of_a_file_goes_into_a_pipe),
		OUTPUT_TEST(test_file_that_ends_before),
		OUTPUT_TEST(test_reader_that_leaves),
		OUTPUT_TEST(test_output_that_is_no_pipe),
		OUTPUT_TEST(test_file_that_cannot_be_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The search for what explains a difference, with an engine made up: its stream is a row of
 * commands, some of which depend on rows of the generations table.
 */
#include "profiler/attribution.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { COMMANDS = 40, COMMAND_SIZE = 64, MANY_ROWS = 5 };

/* A command that differs when all of some rows are as the kernel has them, or fails. */
struct effect {
	unsigned int command;
	uint64_t rows;	 /* turned from the asked generation, all of them ... */
	uint64_t absent; /* ... and none of these */
	char letter;
};

struct fake {
	struct generation asked; /* effects are relative to it */
	struct effect effects[16];
	size_t effect_count;
	size_t command_size;
	unsigned int fails_at;	 /* a command, when rows of fails_with are not turned */
	uint64_t fails_with;	 /* 0: never */
	unsigned int commits_at; /* the send in which the filesystem changes; 0: never */
	unsigned int sleep_us;	 /* before each command */
	unsigned int sends;
	unsigned int commands; /* in all sends */
};

static const struct generation newest = {GENERATION_COUNT - 1, 0};

static uint64_t bit(unsigned int row)
{
	return UINT64_C(1) << row;
}

static void fill_command(const struct fake *fake, uint64_t turned, unsigned int index,
			 char *command)
{
	memset(command, 'a' + (int)(index % 26), fake->command_size);
	for (size_t i = 0; i < fake->effect_count; i++) {
		const struct effect *effect = &fake->effects[i];

		if (effect->command == index && (turned & effect->rows) == effect->rows &&
		    !(turned & effect->absent))
			command[fake->command_size / 2] = effect->letter;
	}
}

/* An attribution_send_fn. */
static int fake_send(void *context, const struct generation *generation, stream_sink_fn sink,
		     void *sink_context)
{
	struct fake *fake = context;
	uint64_t turned = generation_difference(&fake->asked, generation);
	char *command = malloc(fake->command_size);
	int ret = 0;

	assert_non_null(command);
	if (++fake->sends == fake->commits_at)
		ret = -EAGAIN;
	for (unsigned int i = 0; ret == 0 && i < COMMANDS; i++) {
		if (fake->fails_with && i == fake->fails_at &&
		    (turned & fake->fails_with) != fake->fails_with) {
			ret = -EIO;
			break;
		}
		if (fake->sleep_us)
			usleep(fake->sleep_us);
		fake->commands++;
		fill_command(fake, turned, i, command);
		ret = sink(sink_context, command, fake->command_size);
	}
	free(command);
	return ret;
}

/* A stream in an unlinked file. */
struct recording {
	struct stream_store store;
};

static int record_command(void *context, const void *data, size_t length)
{
	struct recording *recording = context;

	assert_int_equal(write(recording->store.fd, data, length), length);
	recording->store.size += length;
	return 0;
}

/* What the kernel, which does as @generation, sends; with @extra one command more. */
static struct stream_store record(struct fake *fake, const struct generation *generation,
				  bool extra)
{
	char path[] = "/tmp/test-attribution-XXXXXX";
	struct recording recording = {.store.fd = mkstemp(path)};

	assert_true(recording.store.fd >= 0);
	unlink(path);
	assert_int_equal(fake_send(fake, generation, record_command, &recording), 0);
	if (extra)
		record_command(&recording, "extra", 5);
	fake->sends = 0;
	fake->commands = 0;
	return recording.store;
}

static struct fake new_fake(void)
{
	return (struct fake){.asked = newest, .command_size = COMMAND_SIZE};
}

static void add_effect(struct fake *fake, unsigned int command, uint64_t rows, uint64_t absent,
		       char letter)
{
	fake->effects[fake->effect_count++] = (struct effect){command, rows, absent, letter};
}

static struct attribution find_within(struct fake *fake, const struct stream_store *kernel,
				      uint64_t limit_ns)
{
	const struct attribution_request request = {.send = fake_send,
						    .context = fake,
						    .reference = kernel,
						    .asked = fake->asked,
						    .limit_ns = limit_ns};
	struct attribution attribution;
	struct failure failure = {0};

	assert_int_equal(attribution_find(&request, &attribution, &failure), 0);
	assert_int_equal(failure.code, 0);
	assert_int_equal(attribution.sends, fake->sends);
	assert_int_equal(attribution.limit_ns, limit_ns);
	return attribution;
}

static struct attribution find(struct fake *fake, const struct stream_store *kernel)
{
	return find_within(fake, kernel, UINT64_C(60000000000));
}

/* The kernel has @rows turned; exactly those must be found. */
static struct attribution assert_finds(struct fake *fake, uint64_t rows)
{
	struct stream_store kernel = record(fake, &(struct generation){newest.id, rows}, false);
	struct attribution found = find(fake, &kernel);

	assert_int_equal(found.state, ATTRIBUTION_FOUND);
	assert_int_equal(found.found_count, 1);
	assert_int_equal(found.rows, rows);
	assert_int_equal(found.further_count, 0);
	assert_string_equal(found.stopped, "");
	stream_store_close(&kernel);
	return found;
}

static void test_equal_streams(void **state)
{
	struct fake fake = new_fake();
	struct attribution found = assert_finds(&fake, 0);

	(void)state;
	assert_int_equal(found.sends, 1);
	assert_int_equal(found.whole, bit(newest.id));
}

/* Each row, at the first, the last and some other command; it alone is relevant. */
static void test_single_rows(void **state)
{
	static const unsigned int places[] = {0, 17, COMMANDS - 1};

	(void)state;
	for (unsigned int row = 0; row < BEHAVIOUR_COUNT; row++) {
		for (size_t i = 0; i < 3; i++) {
			struct fake fake = new_fake();
			struct attribution found;

			add_effect(&fake, places[i], bit(row), 0, 'X');
			found = assert_finds(&fake, bit(row));
			assert_int_equal(found.relevant, bit(row));
			assert_int_equal(found.differs_at, places[i] * COMMAND_SIZE);
		}
	}
}

/* An attempt ends at the first command that differs. */
static void test_attempts_are_short(void **state)
{
	struct fake fake = new_fake();
	struct attribution found;

	(void)state;
	add_effect(&fake, 3, bit(2), 0, 'X');
	found = assert_finds(&fake, bit(2));
	/* All but the equal ones see four commands. */
	assert_true(fake.commands <= 4 * found.sends + (GENERATION_COUNT + 1) * COMMANDS);
}

/* The effects lie apart: one row leads to the other. */
static void test_rows_one_after_another(void **state)
{
	(void)state;
	for (unsigned int count = 2; count <= MANY_ROWS; count++) {
		struct fake fake = new_fake();
		uint64_t rows = 0;

		for (unsigned int row = 0; row < count; row++) {
			add_effect(&fake, 30 - 5 * row, bit(row + 1), 0, 'X');
			rows |= bit(row + 1);
		}
		/* Others change what both have. */
		add_effect(&fake, 1, bit(0), 0, 'Y');
		add_effect(&fake, 35, bit(8), 0, 'Z');
		assert_finds(&fake, rows);
	}
}

/* One row matters only together with another, which alone makes a third thing of the command. */
static void test_rows_in_one_command(void **state)
{
	struct fake fake = new_fake();
	struct attribution found;

	(void)state;
	add_effect(&fake, 9, bit(3), bit(5), 'X');
	add_effect(&fake, 9, bit(3) | bit(5), 0, 'Y');
	add_effect(&fake, 20, bit(7), 0, 'Z');
	found = assert_finds(&fake, bit(3) | bit(5));
	assert_int_equal(found.relevant, bit(3));
}

/* The engine is asked with a row turned that the kernel does not have turned. */
static void test_asked_with_turned_rows(void **state)
{
	struct fake fake = new_fake();
	struct stream_store kernel;
	struct attribution found;

	(void)state;
	fake.asked.turned = bit(4) | bit(6);
	add_effect(&fake, 12, bit(4), 0, 'X');
	kernel = record(&fake, &(struct generation){newest.id, bit(6)}, false);
	found = find(&fake, &kernel);
	assert_int_equal(found.found_count, 1);
	assert_int_equal(found.found[0].id, newest.id);
	assert_int_equal(found.found[0].turned, bit(6));
	stream_store_close(&kernel);
}

/* Every row shows; the kernel is another generation, as it is or with a row turned. */
static void test_other_generations(void **state)
{
	(void)state;
	for (unsigned int id = 0; id < GENERATION_COUNT; id++) {
		for (unsigned int turned = 0; turned < 2; turned++) {
			const struct generation other = {id, turned ? bit(1) : 0};
			struct fake fake = new_fake();
			struct stream_store kernel;
			struct attribution found;

			/* Only some: what does not show cannot be told apart. */
			for (unsigned int row = 0; row < BEHAVIOUR_COUNT && row < 16; row++)
				add_effect(&fake, COMMANDS - 1 - row, bit(row), 0, 'X');
			kernel = record(&fake, &other, false);
			found = find(&fake, &kernel);
			assert_int_equal(found.state, ATTRIBUTION_FOUND);
			assert_int_equal(generation_difference(&found.found[0], &other), 0);
			if (!turned)
				assert_true(found.whole >> id & 1);
			/* Naming the generation takes fewest rows, unless it is the asked one's. */
			if (__builtin_popcountll(generation_difference(&newest, &other)) > 2)
				assert_int_equal(found.found[0].id, id);
			stream_store_close(&kernel);
		}
	}
}

static void test_nothing_explains_it(void **state)
{
	struct fake fake = new_fake();
	struct stream_store kernel;
	struct attribution found;

	(void)state;
	add_effect(&fake, 30, bit(2), 0, 'X');
	add_effect(&fake, 10, bit(3), 0, 'X');
	kernel = record(&fake, &(struct generation){newest.id, bit(2) | bit(3)}, true);
	found = find(&fake, &kernel);
	assert_int_equal(found.state, ATTRIBUTION_NOT_FOUND);
	assert_int_equal(found.found_count, 0);
	assert_int_equal(found.whole, 0);
	assert_int_equal(found.differs_at, 10 * COMMAND_SIZE);
	/* Both together agree up to the command that only the kernel has. */
	assert_int_equal(generation_difference(&fake.asked, &found.further[0].generation) &
				 (bit(2) | bit(3)),
			 bit(2) | bit(3));
	assert_int_equal(found.further[0].agrees_until, COMMANDS * COMMAND_SIZE);
	for (size_t i = 1; i < found.further_count; i++)
		assert_true(found.further[i].agrees_until <= found.further[i - 1].agrees_until);
	stream_store_close(&kernel);
}

/* No row touches the difference: no pairs are tried. */
static void test_nothing_touches_it(void **state)
{
	struct fake fake = new_fake();
	struct stream_store kernel;
	struct attribution found;

	(void)state;
	add_effect(&fake, 30, bit(2), 0, 'X');
	kernel = record(&fake, &newest, false);
	assert_int_equal(pwrite(kernel.fd, "?", 1, 5 * COMMAND_SIZE), 1);
	found = find(&fake, &kernel);
	assert_int_equal(found.state, ATTRIBUTION_NOT_FOUND);
	assert_int_equal(found.relevant, 0);
	assert_int_equal(found.further_count, 0);
	assert_true(found.sends <= 1 + BEHAVIOUR_COUNT + GENERATION_COUNT);
	stream_store_close(&kernel);
}

/* Without the row the engine fails where the kernel goes on. */
static void test_send_that_fails(void **state)
{
	struct fake fake = new_fake();
	struct stream_store kernel = record(&fake, &newest, false);
	struct attribution found;

	(void)state;
	fake.fails_at = 8;
	fake.fails_with = bit(6);
	found = find(&fake, &kernel);
	assert_int_equal(found.state, ATTRIBUTION_FOUND);
	assert_int_equal(found.found_count, 1);
	assert_int_equal(found.found[0].turned, bit(6));
	assert_int_equal(found.relevant, bit(6));
	assert_int_equal(found.differs_at, 8 * COMMAND_SIZE);
	stream_store_close(&kernel);
}

static void test_time_limit(void **state)
{
	struct fake fake = new_fake();
	struct stream_store kernel;
	struct attribution found;

	(void)state;
	kernel = record(&fake, &newest, true);
	fake.sleep_us = 1000;
	/* Long enough for the first sends only. */
	found = find_within(&fake, &kernel, 100000000);
	assert_int_equal(found.state, ATTRIBUTION_STOPPED);
	assert_non_null(strstr(found.stopped, "0.1 s"));
	assert_true(found.sends >= 1 && found.sends < 1 + BEHAVIOUR_COUNT);
	assert_true(found.duration_ns < 5000000000);
	stream_store_close(&kernel);
}

static void test_commit_in_between(void **state)
{
	(void)state;
	for (unsigned int send = 1; send <= 5; send += 2) {
		struct fake fake = new_fake();
		struct stream_store kernel = record(&fake, &newest, true);
		struct attribution found;

		fake.commits_at = send;
		found = find(&fake, &kernel);
		assert_int_equal(found.state, ATTRIBUTION_STOPPED);
		assert_int_equal(found.sends, send);
		assert_non_null(strstr(found.stopped, "commit"));
		stream_store_close(&kernel);
	}
}

/* What was found before the end of time still counts. */
static void test_found_before_a_commit(void **state)
{
	struct fake fake = new_fake();
	struct stream_store kernel;
	struct attribution found;

	(void)state;
	add_effect(&fake, 3, bit(0), 0, 'X');
	kernel = record(&fake, &(struct generation){newest.id, bit(0)}, false);
	fake.commits_at = 4;
	found = find(&fake, &kernel);
	assert_int_equal(found.state, ATTRIBUTION_FOUND);
	assert_int_equal(found.found[0].turned, bit(0));
	assert_string_not_equal(found.stopped, "");
	stream_store_close(&kernel);
}

/* Commands that do not fit the comparer's window at once. */
static void test_large_commands(void **state)
{
	struct fake fake = new_fake();

	(void)state;
	fake.command_size = 3000000;
	add_effect(&fake, 21, bit(1), 0, 'X');
	assert_finds(&fake, bit(1));
}

static void test_reference_that_shrinks(void **state)
{
	struct fake fake = new_fake();
	struct stream_store kernel = record(&fake, &newest, false);
	const struct attribution_request request = {.send = fake_send,
						    .context = &fake,
						    .reference = &kernel,
						    .asked = newest,
						    .limit_ns = UINT64_C(60000000000)};
	struct attribution attribution;
	struct failure failure = {0};

	(void)state;
	assert_int_equal(ftruncate(kernel.fd, 10 * COMMAND_SIZE), 0);
	assert_int_equal(attribution_find(&request, &attribution, &failure), -EIO);
	assert_int_equal(failure.code, -EIO);
	assert_non_null(strstr(failure.text, "shorter"));
	stream_store_close(&kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal_streams),
		cmocka_unit_test(test_single_rows),
		cmocka_unit_test(test_attempts_are_short),
		cmocka_unit_test(test_rows_one_after_another),
		cmocka_unit_test(test_rows_in_one_command),
		cmocka_unit_test(test_asked_with_turned_rows),
		cmocka_unit_test(test_other_generations),
		cmocka_unit_test(test_nothing_explains_it),
		cmocka_unit_test(test_nothing_touches_it),
		cmocka_unit_test(test_send_that_fails),
		cmocka_unit_test(test_time_limit),
		cmocka_unit_test(test_commit_in_between),
		cmocka_unit_test(test_found_before_a_commit),
		cmocka_unit_test(test_large_commands),
		cmocka_unit_test(test_reference_that_shrinks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

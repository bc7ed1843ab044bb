/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where a sending thread's time goes, as the programs in the kernel add it up: the same code, here
 * with times that are chosen.
 */
#include <stdbool.h>
#include <sys/cdefs.h>

#include "bpf/send_parts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* A send that began at 1000. */
static struct send_state begun(void)
{
	struct send_state state = {.part = STATE_OTHER, .part_since_ns = 1000};

	return state;
}

static void expect_parts(const struct send_state *state, const uint64_t expected[STATE_PARTS])
{
	for (unsigned int i = 0; i < STATE_PARTS; i++)
		assert_int_equal(state->parts_ns[i], expected[i]);
}

/* A path, in which the reader is waited for. */
static void a_wait_belongs_to_what_is_waited_for(void **unused)
{
	struct send_state state = begun();
	uint32_t outer;

	(void)unused;
	part_enter(&state, STATE_PATH, 1010, &outer);
	part_leave(&state, STATE_OUTPUT_BLOCKED, 1030);
	part_return(&state, 1130);
	part_set(&state, outer, 1150);
	part_set(&state, state.part, 1200);
	expect_parts(&state,
		     (uint64_t[STATE_PARTS]){
			     [STATE_OTHER] = 60, [STATE_PATH] = 40, [STATE_OUTPUT_BLOCKED] = 100});
	assert_int_equal(state.returns_unseen, 0);
}

/* The kernel did not tell of a return: from the next one on all is right again. */
static void an_unseen_return_does_not_last(void **unused)
{
	struct send_state state = begun();

	(void)unused;
	part_leave(&state, STATE_IO_BLOCKED, 1010);
	/* Back at some time that nobody saw, and away once more, twice. */
	part_leave(&state, STATE_OUTPUT_BLOCKED, 1060);
	part_leave(&state, STATE_OFF_CPU, 1070);
	part_return(&state, 1100);
	assert_int_equal(state.part, STATE_OTHER);
	assert_int_equal(state.returns_unseen, 2);
	part_set(&state, state.part, 1500);
	expect_parts(&state, (uint64_t[STATE_PARTS]){[STATE_OTHER] = 410,
						     [STATE_IO_BLOCKED] = 50,
						     [STATE_OUTPUT_BLOCKED] = 10,
						     [STATE_OFF_CPU] = 30});
}

/* The clock is read, then the thread has to go, and only then the part changes. */
static void an_interrupted_program_takes_no_time_away(void **unused)
{
	struct send_state state = begun();
	uint64_t sum = 0;
	uint32_t outer;

	(void)unused;
	part_leave(&state, STATE_OFF_CPU, 1011);
	part_return(&state, 1500);
	part_enter(&state, STATE_READ, 1010, &outer);
	assert_int_equal(outer, STATE_OTHER);
	part_set(&state, outer, 1600);
	for (unsigned int i = 0; i < STATE_PARTS; i++)
		sum += state.parts_ns[i];
	assert_int_equal(sum, 600);
	expect_parts(&state,
		     (uint64_t[STATE_PARTS]){
			     [STATE_OTHER] = 11, [STATE_OFF_CPU] = 489, [STATE_READ] = 100});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_wait_belongs_to_what_is_waited_for),
		cmocka_unit_test(an_unseen_return_does_not_last),
		cmocka_unit_test(an_interrupted_program_takes_no_time_away),
	};

	return cmocka_run_group_tests_name("send_parts", tests, NULL, NULL);
}

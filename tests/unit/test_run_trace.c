/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A run looks at its tracer while the kernel sends, whatever it records. There is no tracer: what
 * is called of it is replaced (-Wl,--wrap, see the Makefile).
 */
#include "profiler/run_trace.h"

#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct {
	atomic_uint looks;
	atomic_int result; /* of each look */
	bool over;	   /* the send: figures were asked for */
	bool late;	   /* somebody looked after that */
} tracer;

int __wrap_tracer_poll(struct tracer *opened, int timeout_ms, event_fn consume, void *context);
int __wrap_tracer_reset(struct tracer *opened, struct failure *failure);
int __wrap_tracer_sends(struct tracer *opened, struct traced_send **sends, size_t *count,
			struct failure *failure);

int __wrap_tracer_poll(struct tracer *opened, int timeout_ms, event_fn consume, void *context)
{
	(void)opened;
	(void)timeout_ms;
	(void)consume;
	(void)context;
	tracer.late |= tracer.over;
	atomic_fetch_add(&tracer.looks, 1);
	return atomic_load(&tracer.result);
}

int __wrap_tracer_reset(struct tracer *opened, struct failure *failure)
{
	(void)opened;
	(void)failure;
	return 0;
}

int __wrap_tracer_sends(struct tracer *opened, struct traced_send **sends, size_t *count,
			struct failure *failure)
{
	(void)opened;
	(void)failure;
	tracer.over = true;
	*count = 1;
	*sends = calloc(1, sizeof(**sends));
	assert_non_null(*sends);
	(*sends)->figures.ended_ns = 1;
	return 0;
}

/* What run_trace_end_send() returns after a send in which the tracer was looked at twice. */
static int send_traced(const struct run_request *request, int result, struct failure *failure)
{
	struct pair_runner runner = {.request = request, .tracing = true};

	memset(&tracer, 0, sizeof(tracer));
	assert_int_equal(run_trace_begin_send(&runner, failure), 0);
	/* The first look is before the send. */
	while (atomic_load(&tracer.looks) < 3)
		sched_yield();
	atomic_store(&tracer.result, result);
	return run_trace_end_send(&runner, failure);
}

static void it_is_looked_at_while_the_kernel_sends(void **state)
{
	static const struct run_request recorded = {.record = "file"}, unrecorded;
	struct failure failure = {0};

	(void)state;
	assert_int_equal(send_traced(&recorded, 0, &failure), 0);
	assert_false(tracer.late);
	assert_int_equal(send_traced(&unrecorded, 0, &failure), 0);
	assert_false(tracer.late);
}

static void what_cannot_be_read_fails_the_run(void **state)
{
	static const struct run_request request;
	struct failure failure = {0};

	(void)state;
	assert_int_equal(send_traced(&request, -ENOMEM, &failure), -ENOMEM);
	assert_non_null(strstr(failure.text, "cannot read what is traced"));
}

static void without_tracing_nobody_looks(void **state)
{
	static const struct run_request request;
	struct pair_runner runner = {.request = &request};
	struct failure failure = {0};

	(void)state;
	memset(&tracer, 0, sizeof(tracer));
	assert_int_equal(run_trace_begin_send(&runner, &failure), 0);
	assert_int_equal(run_trace_end_send(&runner, &failure), 0);
	assert_int_equal(tracer.looks, 0);
	assert_false(tracer.over);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_looked_at_while_the_kernel_sends),
		cmocka_unit_test(what_cannot_be_read_fails_the_run),
		cmocka_unit_test(without_tracing_nobody_looks),
	};

	alarm(60); /* who is not looked at would wait for ever */
	return cmocka_run_group_tests(tests, NULL, NULL);
}

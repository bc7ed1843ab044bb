/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Single events of sends that others start, told apart: what was costly in each, by extent and by
 * inode, with the paths that its commands have.
 */
#ifndef PROFILER_WATCH_DETAILS_H
#define PROFILER_WATCH_DETAILS_H

#include "profiler/trace_details.h"
#include "profiler/tracer.h"

struct watch_details;

/* NULL when there is no memory. */
struct watch_details *watch_details_new(void);
/* Accepts NULL. */
void watch_details_free(struct watch_details *watched);

/* For tracer_poll(): what came is put aside. */
void watch_details_event(void *watched, const struct event *event);

/*
 * Give what was put aside to the sends it is of. @sends are those there were at a later time than
 * the last of it; what is of none of them was not watched. 0 or -ENOMEM.
 */
int watch_details_assign(struct watch_details *watched, const struct traced_send *sends,
			 size_t count);

/*
 * What is known of @send so far, or, when it has ended, in all; NULL when nothing is. Valid until
 * the next call of any of these.
 */
const struct trace_details *watch_details_of(struct watch_details *watched,
					     const struct traced_send *send);
/* Nobody will ask for it any more. */
void watch_details_forget(struct watch_details *watched, const struct traced_send *send);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The one consumer of events: whoever produced them, the kernel's send watched from outside or the
 * engine, they become the same figures and details here. The totals of a kernel's send come from
 * the tracer, since events may be lost; those here are for a producer that loses none.
 */
#ifndef PROFILER_TRACE_COLLECT_H
#define PROFILER_TRACE_COLLECT_H

#include "profiler/trace_details.h"
#include "profiler/trace_figures.h"

struct trace_collector;

/* About 1.5 MiB and 4096 paths, and no more however long a send is. NULL when there is no memory.
 */
struct trace_collector *trace_collector_new(void);
/* Accepts NULL. */
void trace_collector_free(struct trace_collector *collector);

/* A send begins; @now_ns: CLOCK_MONOTONIC. What was collected before is forgotten. */
void trace_collector_begin(struct trace_collector *collector, uint64_t now_ns);
/* An event_fn; @collector is a struct trace_collector. Events of one sender, in its order. */
void trace_collect(void *collector, const struct event *event);
void trace_collector_end(struct trace_collector *collector, uint64_t now_ns, int64_t result);

/* Valid until the next begin. */
const struct trace_figures *trace_collector_figures(const struct trace_collector *collector);
/* Fill @details, which is empty, with what was collected so far; what it owns is the caller's. */
void trace_collector_details(const struct trace_collector *collector,
			     struct trace_details *details);

#endif

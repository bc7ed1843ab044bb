/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The most costly of a stream of (key, cost), in bounded memory: exact while no more keys come than
 * there is room for. Then a new key takes the place of the cheapest, and with it its cost as doubt:
 * a key that costs more than an equal share of everything is never missing (space-saving;
 * Metwally, Agrawal, El Abbadi: Efficient Computation of Frequent and Top-k Elements, 2005).
 */
#ifndef PROFILER_TRACE_HEAVY_H
#define PROFILER_TRACE_HEAVY_H

#include "profiler/trace_details.h"

struct trace_heavy;

/* NULL when there is no memory. What is missing later only makes the result coarser. */
struct trace_heavy *trace_heavy_new(size_t room);
/* Accepts NULL. */
void trace_heavy_free(struct trace_heavy *heavy);
void trace_heavy_clear(struct trace_heavy *heavy);

/*
 * Add to the cost of @key. What else is known of it may be added to the entry, until the next call;
 * a path there is freed with the entry.
 */
struct trace_cost *trace_heavy_add(struct trace_heavy *heavy, uint64_t key, uint64_t time_ns);

/*
 * Up to @count entries, most costly first; of equal cost the smaller key. Their paths are those of
 * @heavy, until it changes. Returns how many.
 */
size_t trace_heavy_top(const struct trace_heavy *heavy, struct trace_cost *top, size_t count);

#endif

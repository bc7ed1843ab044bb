/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PROFILER_TRACE_HISTOGRAM_H
#define PROFILER_TRACE_HISTOGRAM_H

#include "profiler/trace_figures.h"

void trace_histogram_add(struct trace_histogram *histogram, uint64_t value);
/* The smallest value that a bucket counts. */
uint64_t trace_histogram_first(unsigned int bucket);
/* The bucket that begins with this value; TRACE_HISTOGRAM_BUCKETS when none does. */
unsigned int trace_histogram_beginning(uint64_t first);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/* Histograms by powers of two, as the programs in the kernel fill them, too. */
#include "profiler/trace_histogram.h"

void trace_histogram_add(struct trace_histogram *histogram, uint64_t value)
{
	unsigned int bucket = value ? 64 - (unsigned int)__builtin_clzll(value) : 0;

	histogram->count++;
	histogram->sum += value;
	if (value > histogram->max)
		histogram->max = value;
	histogram->buckets[bucket < TRACE_HISTOGRAM_BUCKETS ? bucket
							    : TRACE_HISTOGRAM_BUCKETS - 1]++;
}

uint64_t trace_histogram_first(unsigned int bucket)
{
	return bucket ? UINT64_C(1) << (bucket - 1) : 0;
}

unsigned int trace_histogram_beginning(uint64_t first)
{
	unsigned int bucket = 0;

	while (bucket < TRACE_HISTOGRAM_BUCKETS && trace_histogram_first(bucket) != first)
		bucket++;
	return bucket;
}

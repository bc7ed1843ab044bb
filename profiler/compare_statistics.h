/* SPDX-License-Identifier: GPL-2.0 */
/* How far a change can be told from noise. */
#ifndef PROFILER_COMPARE_STATISTICS_H
#define PROFILER_COMPARE_STATISTICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The figure of a set is the median of its values, divided by that of its divisors if it has some.
 * With as many divisors as values the two of one index belong together.
 */
struct sample_set {
	const double *values;
	const double *divisors;
	size_t count;
	size_t divisor_count;
};

/* The median of @count values, which are reordered; 0 without any. */
double median_of(double *values, size_t count);

/*
 * The interval of @confidence per cent of the change of the figure from @base to @changed, by
 * bootstrap: both are drawn again from themselves, many times. The same samples always give the
 * same interval. 0 or -ENOMEM.
 */
int bootstrap_change(const struct sample_set *base, const struct sample_set *changed,
		     unsigned int confidence, double *low, double *high);

/* A bucket of a histogram: values from @from up to @limit. */
struct value_bucket {
	double from, limit;
	uint64_t count;
};

/*
 * Where the value lies that @fraction of all stay below, with 95% confidence: by the ranks among
 * which it is, which does not depend on how the values are distributed. @unknown more values are
 * not in the histogram, and may be as small as they like or such as the others. False when there
 * are too few values to tell. @buckets are in rising order and not empty.
 */
bool quantile_interval(const struct value_bucket *buckets, size_t count, double unknown,
		       double fraction, double *low, double *high);

#endif

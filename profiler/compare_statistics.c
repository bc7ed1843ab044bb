/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/compare_statistics.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

/* Of large sets fewer draws do, and keep the time bounded: so many values are drawn in all. */
enum { RESAMPLES_MAX = 4000, RESAMPLES_MIN = 200, DRAWN_VALUES = 4000000 };

static size_t resamples_of(size_t count)
{
	size_t resamples = DRAWN_VALUES / (count + 1);

	return resamples < RESAMPLES_MIN   ? RESAMPLES_MIN
	       : resamples > RESAMPLES_MAX ? RESAMPLES_MAX
					   : resamples;
}

/* Of a normal distribution 95% lies within so many standard deviations. */
static const double deviations_95 = 1.96;

/* Order @values so far that the one of rank @rank (from 0) is in its place, none above it before.
 */
static double select_rank(double *values, size_t count, size_t rank)
{
	size_t left = 0, right = count - 1;

	while (left < right) {
		double pivot = values[left + (right - left) / 2];
		size_t up = left, down = right;

		while (up <= down) {
			while (values[up] < pivot)
				up++;
			while (values[down] > pivot)
				down--;
			if (up <= down) {
				double swapped = values[up];

				values[up++] = values[down];
				values[down] = swapped;
				if (!down)
					break;
				down--;
			}
		}
		if (rank <= down)
			right = down;
		else if (rank >= up)
			left = up;
		else
			break;
	}
	return values[rank];
}

double median_of(double *values, size_t count)
{
	double lower, upper;

	if (!count)
		return 0;
	lower = select_rank(values, count, (count - 1) / 2);
	if (count % 2)
		return lower;
	upper = values[count / 2];
	for (size_t i = count / 2 + 1; i < count; i++)
		if (values[i] < upper)
			upper = values[i];
	return lower + (upper - lower) / 2;
}

/* One set being drawn from itself again and again. */
struct resampler {
	const struct sample_set *set;
	double *values, *divisors; /* room for one draw */
	unsigned short state[3];
};

/* The state never starts otherwise, so that a result does not depend on when it was compared. */
static int resampler_init(struct resampler *resampler, const struct sample_set *set,
			  unsigned short seed)
{
	*resampler = (struct resampler){
		.set = set,
		.values = calloc(set->count + 1, sizeof(double)),
		.divisors = calloc(set->divisor_count + 1, sizeof(double)),
		.state = {seed, 0x5eed, 0x1234},
	};
	return resampler->values && resampler->divisors ? 0 : -ENOMEM;
}

static void resampler_release(struct resampler *resampler)
{
	free(resampler->values);
	free(resampler->divisors);
}

static size_t draw(struct resampler *resampler, size_t count)
{
	return (size_t)(((uint64_t)nrand48(resampler->state) * count) >> 31);
}

static double resample(struct resampler *resampler)
{
	const struct sample_set *set = resampler->set;
	bool paired = set->divisor_count == set->count;
	double divisor;

	for (size_t i = 0; i < set->count; i++) {
		size_t drawn = draw(resampler, set->count);

		resampler->values[i] = set->values[drawn];
		if (paired)
			resampler->divisors[i] = set->divisors[drawn];
	}
	for (size_t i = 0; !paired && i < set->divisor_count; i++)
		resampler->divisors[i] = set->divisors[draw(resampler, set->divisor_count)];
	divisor = set->divisor_count ? median_of(resampler->divisors, set->divisor_count) : 1;
	return divisor > 0 ? median_of(resampler->values, set->count) / divisor : 0;
}

static int compare_doubles(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

int bootstrap_change(const struct sample_set *base, const struct sample_set *changed,
		     unsigned int confidence, double *low, double *high)
{
	size_t resamples = resamples_of(base->count + changed->count);
	double *changes = calloc(resamples, sizeof(*changes));
	struct resampler before = {0}, after = {0};
	size_t cut = resamples * (size_t)(100 - confidence) / 200;
	int ret = changes ? 0 : -ENOMEM;

	if (resampler_init(&before, base, 1) < 0 || resampler_init(&after, changed, 2) < 0)
		ret = -ENOMEM;
	if (ret == 0) {
		for (size_t i = 0; i < resamples; i++)
			changes[i] = resample(&after) - resample(&before);
		qsort(changes, resamples, sizeof(*changes), compare_doubles);
		*low = changes[cut];
		*high = changes[resamples - 1 - cut];
	}
	resampler_release(&before);
	resampler_release(&after);
	free(changes);
	return ret;
}

/* The bucket that holds the value of @rank, from 1. */
static const struct value_bucket *bucket_of_rank(const struct value_bucket *buckets, size_t count,
						 double rank)
{
	uint64_t seen = 0;

	for (size_t i = 0; i + 1 < count; i++) {
		seen += buckets[i].count;
		if ((double)seen >= rank)
			return &buckets[i];
	}
	return &buckets[count - 1];
}

bool quantile_interval(const struct value_bucket *buckets, size_t count, double unknown,
		       double fraction, double *low, double *high)
{
	double total = 0, spread, first, last;

	for (size_t i = 0; i < count; i++)
		total += (double)buckets[i].count;
	spread = deviations_95 * sqrt(total * fraction * (1 - fraction));
	/* Below: the unknown ones all come before those that are known. */
	first = floor((total + unknown) * fraction - unknown - spread);
	last = ceil(total * fraction + spread) + 1;
	if ((first < 1 && !(unknown > 0)) || last > total)
		return false;
	*low = first < 1 ? 0 : bucket_of_rank(buckets, count, first)->from;
	*high = bucket_of_rank(buckets, count, last)->limit;
	return true;
}

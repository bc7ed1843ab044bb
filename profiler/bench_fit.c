/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/bench_fit.h"

#include <math.h>

static bool counts(const struct bench_point *point)
{
	return point->x > 0 && point->y > 0;
}

bool bench_fit(const struct bench_point *points, size_t count, struct bench_fit *fit)
{
	double mean_x = 0, mean_y = 0, xx = 0, xy = 0, yy = 0;

	*fit = (struct bench_fit){0};
	for (size_t i = 0; i < count; i++) {
		if (!counts(&points[i]))
			continue;
		mean_x += log(points[i].x);
		mean_y += log(points[i].y);
		fit->points++;
	}
	if (fit->points < 2)
		return false;
	mean_x /= (double)fit->points;
	mean_y /= (double)fit->points;
	/* Around the means: sums of squares would lose what is small beside them. */
	for (size_t i = 0; i < count; i++) {
		double x, y;

		if (!counts(&points[i]))
			continue;
		x = log(points[i].x) - mean_x;
		y = log(points[i].y) - mean_y;
		xx += x * x;
		xy += x * y;
		yy += y * y;
	}
	if (xx < 1e-9)
		return false;
	fit->exponent = xy / xx;
	fit->factor = exp(mean_y - fit->exponent * mean_x);
	fit->certainty = yy > 0 ? xy * xy / (xx * yy) : 1;
	/* Two points that are close to each other make it larger than a number can be. */
	return isfinite(fit->factor);
}

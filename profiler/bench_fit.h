/* SPDX-License-Identifier: GPL-2.0 */
/* How time grows with a parameter: the exponent of a power that fits best. */
#ifndef PROFILER_BENCH_FIT_H
#define PROFILER_BENCH_FIT_H

#include <stdbool.h>
#include <stddef.h>

struct bench_point {
	double x, y;
};

struct bench_fit {
	double exponent;
	double factor;	  /* y = factor * x ^ exponent */
	double certainty; /* R squared, 0 to 1: of the variance of log y what the fit explains */
	size_t points;	  /* that count */
};

/*
 * Least squares over the logarithms. Points where x or y is not above 0 do not count; false when
 * there are not two different x among the others, or they are so close that the factor is no
 * number.
 */
bool bench_fit(const struct bench_point *points, size_t count, struct bench_fit *fit);

#endif

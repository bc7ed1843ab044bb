/* SPDX-License-Identifier: GPL-2.0 */
/* What a result says of a key: the way from a row of compare_keys.def to a value. */
#ifndef PROFILER_COMPARE_OBSERVE_H
#define PROFILER_COMPARE_OBSERVE_H

#include "profiler/compare_input.h"
#include "profiler/comparison.h"

/* @observation->present tells whether @result has a value. 0, -EPROTO or -ENOMEM. */
int observe(const struct json_place *result, const struct compare_key *key, enum side side,
	    unsigned int kind, struct observation *observation);

#endif

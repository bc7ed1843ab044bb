/* SPDX-License-Identifier: GPL-2.0 */
/* Whether the kernel counted what the engine counted. */
#ifndef PROFILER_TRACE_AGREEMENT_H
#define PROFILER_TRACE_AGREEMENT_H

#include "profiler/result.h"

/*
 * Compare the counters of both sides of @result and fill its agreement. Only what the trace knows
 * is compared, and nothing when the engine did not send as @kernel does: then they need not be the
 * same.
 */
void trace_agreement_check(struct result *result, const struct generation *kernel);

#endif

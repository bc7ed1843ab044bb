/* SPDX-License-Identifier: GPL-2.0 */
/* Conditions of --fail-on: taken apart, and applied to a comparison. */
#ifndef PROFILER_GATE_H
#define PROFILER_GATE_H

#include "profiler/comparison.h"

/* The condition that always holds: new streams are identical. */
#define GATE_STREAMS_TEXT "streams"

/* How a condition is written: a text of several lines. */
extern const char gate_syntax[];

/*
 * Take @text apart, which must outlive @gate. 0, -ENOMEM, or -EINVAL with a message that says what
 * is wrong and names @text.
 */
int gate_parse(struct gate *gate, const char *text, struct failure *failure);
void gate_release(struct gate *gate);

/* What @gate says of @workload. 0 or -ENOMEM; @outcome->reason is then the caller's to free. */
int gate_judge(const struct comparison *comparison, const struct gate *gate,
	       const struct compared_workload *workload, struct gate_outcome *outcome);

#endif

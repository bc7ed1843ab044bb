/* SPDX-License-Identifier: GPL-2.0 */
/* Where results come from, and what to know before their figures are believed. */
#ifndef PROFILER_COMPARE_FACTS_H
#define PROFILER_COMPARE_FACTS_H

#include "profiler/compare_input.h"
#include "profiler/comparison.h"

/* What @input says of its machine. 0, -EPROTO or -ENOMEM; released in any case. */
int compared_file_read(const struct input *input, struct compared_file *file);
void compared_file_release(struct compared_file *file);

/* Notes on base and new: other machines, few samples. What does not fit is left out. */
void comparison_add_notes(struct comparison *comparison);

#endif

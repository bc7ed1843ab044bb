/* SPDX-License-Identifier: GPL-2.0 */
/* The facts about machine and program that stand beside every figure. */
#ifndef PROFILER_ENVIRONMENT_H
#define PROFILER_ENVIRONMENT_H

#include "profiler/result.h"

/* Fills what does not depend on a filesystem; the strings of @environment are left alone. */
void environment_collect(struct environment *environment);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/* One more send by the engine, which clones what the kernel's limit of references has it write. */
#ifndef PROFILER_RUN_BEYOND_H
#define PROFILER_RUN_BEYOND_H

#include "profiler/run_pair.h"

/* Fill @beyond if the run was asked for it. 0 or a negative errno with @failure set. */
int run_beyond(const struct pair_runner *runner, struct beyond_result *beyond,
	       struct failure *failure);

#endif

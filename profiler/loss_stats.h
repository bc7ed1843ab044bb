/* SPDX-License-Identifier: GPL-2.0 */
/* What a send wrote although it is shared, for "sendprof send --stats". */
#ifndef PROFILER_LOSS_STATS_H
#define PROFILER_LOSS_STATS_H

#include "engine/sendengine.h"

#include <stdio.h>

/* Paths of files are looked up in the sent snapshot. Prints nothing when no data was sent. */
void loss_stats_print(FILE *out, const struct clone_loss_counters *losses, struct volume *volume,
		      uint64_t snapshot_id);

#endif

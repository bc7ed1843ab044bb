/* SPDX-License-Identifier: GPL-2.0 */
/* What a send costs the machine: processor time, faults, reads from devices, memory. */
#ifndef PROFILER_USAGE_H
#define PROFILER_USAGE_H

#include "profiler/result.h"

#include <sys/resource.h>

struct usage_meter {
	struct rusage process, thread;
	uint64_t process_read, thread_read; /* bytes, from block devices */
	bool has_read;
	bool has_peak; /* the peak of memory was set back */
};

/*
 * Between the two everything counts that threads of this process do, also those that come and go,
 * but not what the calling thread does. The peak of memory is that of the whole process.
 */
void usage_begin(struct usage_meter *meter);
void usage_end(const struct usage_meter *meter, struct run_usage *usage);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/* The probes of `sendprof doctor`: what this machine allows, one finding each. */
#ifndef PROFILER_DOCTOR_H
#define PROFILER_DOCTOR_H

#include "profiler/kernel_config.h"

#include <stdbool.h>
#include <stddef.h>

enum finding_state {
	FINDING_OK,
	FINDING_UNKNOWN, /* cannot be told, or not without trying */
	FINDING_LIMITED, /* works in part, or something optional is missing */
	FINDING_MISSING,
};

struct finding {
	enum finding_state state;
	char text[160];
	char advice[200]; /* what to do about it; empty: nothing */
};

/* What probes found out for those after them. */
struct machine {
	bool btrfs;
	bool sys_admin;
	bool bpf;
	bool perfmon;
	bool lockdown_confidentiality; /* BPF programs may not read kernel memory then */
	enum answer btf;
	enum answer btrfs_btf;
	enum answer bpf_syscall;
	enum answer function_tracer; /* what fentry stands on */
	enum answer kprobes;
	bool pipe_tier;
	struct finding function_tier; /* tried for fentry already */
};

struct probe {
	const char *group;
	const char *name;
	const char *key; /* in the JSON output */
	void (*look)(struct machine *machine, struct finding *finding);
};

extern const struct probe doctor_probes[];
extern const size_t doctor_probe_count;

#endif

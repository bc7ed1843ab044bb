/* SPDX-License-Identifier: GPL-2.0 */
/* A command run under another kernel, in a virtual machine that is made for it. */
#ifndef PROFILER_GUEST_H
#define PROFILER_GUEST_H

#include "engine/core/failure.h"
#include "profiler/options.h"

#include <stdbool.h>
#include <stdint.h>

enum guest_accelerator {
	GUEST_ACCELERATOR_AUTO, /* KVM where it works, else TCG */
	GUEST_ACCELERATOR_KVM,
	GUEST_ACCELERATOR_TCG,
};

struct guest_request {
	const char *kernel;	   /* bzImage or vmlinux */
	const char *modules;	   /* of @kernel, or NULL */
	const char *debian;	   /* in place of both: a series, "6.1" */
	const char *append;	   /* to the kernel's command line, or NULL */
	struct option_list shares; /* folders of the host, beside the working directory */
	struct option_list with;   /* programs */
	struct option_list load;   /* modules */
	struct option_list disks;  /* images */
	uint64_t memory_mib;
	uint64_t cpus;
	uint64_t timeout_s;
	unsigned int accelerator; /* enum guest_accelerator */
	bool count_instructions;  /* a clock that counts them, so one processor and TCG */
	bool show_console;
	bool verbose;
	bool keep;
	char *const *command; /* ended by NULL */
};

/*
 * Run the command of @request and pass on what it prints. Its exit status, or a negative errno with
 * @failure: -ETIMEDOUT when the time was over, -ECONNRESET when the guest ended before the command.
 */
int guest_run(const struct guest_request *request, struct failure *failure);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/* The virtual machine: QEMU, its command line and its process. */
#ifndef PROFILER_GUEST_MACHINE_H
#define PROFILER_GUEST_MACHINE_H

#include "engine/core/failure.h"
#include "profiler/guest.h"
#include "profiler/guest_kernel.h"
#include "profiler/words.h"

#include <sys/types.h>

#define GUEST_MACHINE_PROGRAM "qemu-system-x86_64"

struct guest_machine {
	pid_t pid; /* 0: none */
	int link;  /* socket to the guest's first process: profiler/guest_protocol.h */
	bool kvm;
};

/*
 * Start the machine with the initramfs in @folder; its console goes to @folder/console, what QEMU
 * has to say to @folder/qemu. 0 or a negative errno with @failure.
 */
int guest_machine_start(const struct guest_request *request, const struct guest_kernel *kernel,
			const struct words *shares, const char *folder,
			struct guest_machine *machine, struct failure *failure);

/*
 * End it at once, or when the link was @lost, after it could end by itself: QEMU closes the link a
 * little before. The exit status of QEMU if it did end by itself, else 0.
 */
int guest_machine_stop(struct guest_machine *machine, bool lost);

#endif

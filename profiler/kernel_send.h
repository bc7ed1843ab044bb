/* SPDX-License-Identifier: GPL-2.0 */
/* The running kernel's send: the BTRFS_IOC_SEND ioctl. */
#ifndef PROFILER_KERNEL_SEND_H
#define PROFILER_KERNEL_SEND_H

#include "profiler/send_source.h"
#include "profiler/stream_form.h"

struct kernel_send {
	const struct send_source *source; /* mounted */
	struct stream_form form;
};

/* A send_fn; @context is a struct kernel_send. Needs CAP_SYS_ADMIN. */
int kernel_send(void *context, int fd, struct failure *failure);

#endif

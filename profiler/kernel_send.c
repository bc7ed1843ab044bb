/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/kernel_send.h"

#include <errno.h>
#include <linux/btrfs.h>
#include <string.h>
#include <sys/ioctl.h>

/* Since Linux 6.0; older headers lack it. */
#ifndef BTRFS_SEND_FLAG_VERSION
#define BTRFS_SEND_FLAG_VERSION 0x8
#endif
#ifndef BTRFS_SEND_FLAG_COMPRESSED
#define BTRFS_SEND_FLAG_COMPRESSED 0x10
#endif

static uint64_t kernel_flags(unsigned int flags)
{
	return (flags & SEND_NO_FILE_DATA ? BTRFS_SEND_FLAG_NO_FILE_DATA : 0) |
	       (flags & SEND_COMPRESSED ? BTRFS_SEND_FLAG_COMPRESSED : 0);
}

int kernel_send(void *context, int fd, struct failure *failure)
{
	const struct kernel_send *send = context;
	struct btrfs_ioctl_send_args arguments = {
		.send_fd = fd,
		.clone_sources = (void *)send->source->clone_ids,
		.clone_sources_count = send->source->clone_count,
		.parent_root = send->source->parent_id,
		.flags = kernel_flags(send->form.flags),
	};

	/* Protocol 1 is what a kernel sends unless asked; kernels before 6.0 refuse the flag. */
	if (send->form.protocol > 1) {
		arguments.flags |= BTRFS_SEND_FLAG_VERSION;
		arguments.version = send->form.protocol;
	}
	if (!ioctl(send->source->mounted.fd, BTRFS_IOC_SEND, &arguments))
		return 0;
	/* EPROTO is said of the protocol before anything else is looked at. */
	if (errno == EPROTO && send->form.protocol > SEND_PROTOCOL_RELEASE)
		return failure_set(
			failure, -EOPNOTSUPP,
			"this kernel does not send protocol %u: only kernels built with "
			"CONFIG_BTRFS_EXPERIMENTAL or, older ones, CONFIG_BTRFS_DEBUG do",
			send->form.protocol);
	return failure_set(failure, -errno, "the kernel's send of %s failed: %s",
			   send->source->snapshot.path, strerror(errno));
}

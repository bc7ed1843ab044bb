/* SPDX-License-Identifier: GPL-2.0 */
/* The initramfs of a guest: files of the host, kernel modules, the first process and its job. */
#ifndef PROFILER_GUEST_INITRAMFS_H
#define PROFILER_GUEST_INITRAMFS_H

#include "engine/core/failure.h"
#include "profiler/guest.h"
#include "profiler/guest_kernel.h"
#include "profiler/words.h"

/*
 * Write the initramfs of @request as @folder/initrd. @shares are the folders of the host that are
 * mounted, the first of them the working directory of the command. 0 or a negative errno with
 * @failure.
 */
int guest_initramfs_make(const struct guest_request *request, const struct guest_kernel *kernel,
			 const struct words *shares, const char *folder, struct failure *failure);

#endif

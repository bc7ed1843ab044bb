/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel that a guest boots: one that was built by hand, or a package of Debian. */
#ifndef PROFILER_GUEST_KERNEL_H
#define PROFILER_GUEST_KERNEL_H

#include "engine/core/failure.h"

#include <stdbool.h>

struct guest_kernel {
	char *image;   /* bzImage, or vmlinux with an entry for virtual machines */
	char *release; /* as uname -r says it */
	char *modules; /* folder; NULL: the kernel needs none */
	char *tables;  /* that or another folder, with modules.dep in it */
};

/* Both: 0 or a negative errno with @failure; @kernel is released by the caller either way. */

/*
 * @modules is where modules were installed, lib/modules/RELEASE or what that is in, perhaps with
 * those of other releases; or NULL. A modules.dep that is missing is made in @folder.
 */
int guest_kernel_given(const char *image, const char *modules, const char *folder,
		       struct guest_kernel *kernel, struct failure *failure);
/* The newest kernel of Debian's @series ("6.1"), fetched by apt when none is in the cache. */
int guest_kernel_debian(const char *series, struct guest_kernel *kernel, struct failure *failure);

void guest_kernel_release(struct guest_kernel *kernel);

/* guest_image.c */

/*
 * The release that the kernel in the file @image has, freed by the caller; NULL with @failure if it
 * is no kernel that a guest can boot.
 */
char *guest_image_release(const char *image, struct failure *failure);

/* guest_unpack.c */

/*
 * Unpack @bzimage into the new file @vmlinux, which boots without having to unpack itself:
 * emulated, that takes longer than the rest of the boot. False if it cannot be done, for lack of a
 * tool or of an entry point: then @bzimage has to do.
 */
bool guest_kernel_unpack(const char *bzimage, const char *vmlinux);

/* Whether the file @vmlinux is a whole kernel that can be entered as it is. */
bool guest_kernel_has_entry(const char *vmlinux);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/* The program profiler/guest/init.c, compiled, as part of this one. */
#ifndef PROFILER_GUEST_ASSETS_H
#define PROFILER_GUEST_ASSETS_H

extern const char guest_init[];
extern const char guest_init_end[];

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Writing to its end, also where a signal comes in between or the descriptor does not block. All of
 * it is written, which is 0, or there is a negative errno: -EINTR when somebody asked to stop
 * (interrupt.h).
 */
#ifndef PROFILER_WRITE_ALL_H
#define PROFILER_WRITE_ALL_H

#include <stddef.h>
#include <sys/uio.h>

int write_all(int fd, const void *data, size_t length);

/* One after the other, with as few system calls as can be. @parts are used up. */
int write_all_parts(int fd, struct iovec *parts, int count);

#endif

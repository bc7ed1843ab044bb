/* SPDX-License-Identifier: GPL-2.0 */
/* Whether KVM works. */
#ifndef PROFILER_GUEST_KVM_H
#define PROFILER_GUEST_KVM_H

#include <stddef.h>

/*
 * Run a short program by KVM. 0 if the processor did that itself, else a negative errno, and why
 * not in @why. The device alone says nothing: inside a virtual machine it may be there and
 * interpret instructions one by one, slower than QEMU and not all of them.
 */
int guest_try_kvm(char *why, size_t size);

#endif

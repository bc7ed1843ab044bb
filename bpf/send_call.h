/* SPDX-License-Identifier: GPL-2.0 */
/* For programs of the tracepoint tier: the system call that sends. */
#ifndef BPF_SEND_CALL_H
#define BPF_SEND_CALL_H

#include "bpf/send.h"

enum {
	IOCTL_MAGIC_AND_NUMBER = 0x9426, /* BTRFS_IOC_SEND; the size in it differs by the caller */
	IOCTL_MASK = 0xffff,
	RESULT_UNTIL_RETURN = -38, /* -ENOSYS: what a call's result is until it has another one */
};

#if defined(__TARGET_ARCH_x86)
enum { SYSCALL_IOCTL = 16 };
#define SYSCALL_NUMBER(registers) ((registers)->orig_rax)
#else
enum { SYSCALL_IOCTL = 29 };
/* Of struct pt_regs the interface has only the first part; the number is kept elsewhere. */
#define SYSCALL_NUMBER(registers) SYSCALL_IOCTL
#endif

static __always_inline bool is_send_call(struct pt_regs *registers, long number)
{
	return number == SYSCALL_IOCTL &&
	       (PT_REGS_PARM2_SYSCALL(registers) & IOCTL_MASK) == IOCTL_MAGIC_AND_NUMBER;
}

#if defined(__TARGET_ARCH_x86)
/* On the way out of the call, and elsewhere, there is another result in the registers. */
static __always_inline bool in_send_call(void)
{
	struct pt_regs *registers = (void *)bpf_task_pt_regs(bpf_get_current_task_btf());

	return is_send_call(registers, SYSCALL_NUMBER(registers)) &&
	       (int64_t)PT_REGS_RC(registers) == RESULT_UNTIL_RETURN;
}

/*
 * The current thread is no known sender, but may have been in the call before anybody watched: then
 * it is seen from now on.
 */
static __always_inline struct send_state *take_up_call(void)
{
	return in_send_call() && is_watched() ? send_begin() : NULL;
}

/* Of a send whose function's return is not seen, since it was entered before: whether it is over.
 */
static __always_inline bool is_over(const struct send_state *state)
{
	return state->taken_up && !in_send_call();
}
#else
static __always_inline struct send_state *take_up_call(void)
{
	return NULL;
}

static __always_inline bool is_over(const struct send_state *state)
{
	return false;
}
#endif

#endif

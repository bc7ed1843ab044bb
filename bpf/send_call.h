/* SPDX-License-Identifier: GPL-2.0 */
/* For programs of the tracepoint tier: the system call that sends. */
#ifndef BPF_SEND_CALL_H
#define BPF_SEND_CALL_H

#include "bpf/send.h"

enum {
	IOCTL_MAGIC_AND_NUMBER = 0x9426, /* BTRFS_IOC_SEND; the size in it differs by the caller */
	IOCTL_MASK = 0xffff,
};

/*
 * Of each machine: the number of ioctl, whether the registers of a thread tell what it calls, and
 * how. A call that is over, but not back in its program, has its result in them.
 */
#if defined(__TARGET_ARCH_x86)
enum { SYSCALL_IOCTL = 16, REGISTERS_TELL = 1 };
enum { RESULT_UNTIL_RETURN = -38 }; /* -ENOSYS: what the result is until there is another one */

static __always_inline long call_number(struct pt_regs *registers)
{
	return registers->orig_rax;
}

static __always_inline bool has_result(struct pt_regs *registers)
{
	return (int64_t)PT_REGS_RC(registers) != RESULT_UNTIL_RETURN;
}
#elif defined(__TARGET_ARCH_arm64)
enum { SYSCALL_IOCTL = 29, REGISTERS_TELL = 1 };

/* Of a thread that came in by another way than a call it is -1. */
static __always_inline long call_number(struct pt_regs *registers)
{
	return ((struct pt_regs___arm64_call *)registers)->syscallno;
}

/*
 * The result takes the place of the first argument. Here that is a descriptor, and a result is 0
 * or negative: only a send of descriptor 0 seems to go on until its thread is back.
 */
static __always_inline bool has_result(struct pt_regs *registers)
{
	return PT_REGS_RC(registers) != ((struct pt_regs___arm64_call *)registers)->orig_x0;
}
#else
enum { SYSCALL_IOCTL = 29, REGISTERS_TELL = 0 };

static __always_inline long call_number(struct pt_regs *registers)
{
	return SYSCALL_IOCTL;
}

static __always_inline bool has_result(struct pt_regs *registers)
{
	return false;
}
#endif

static __always_inline bool is_send_call(struct pt_regs *registers, long number)
{
	return number == SYSCALL_IOCTL &&
	       (PT_REGS_PARM2_SYSCALL(registers) & IOCTL_MASK) == IOCTL_MAGIC_AND_NUMBER;
}

static __always_inline bool in_send_call(void)
{
	struct pt_regs *registers = (void *)bpf_task_pt_regs(bpf_get_current_task_btf());

	return is_send_call(registers, call_number(registers)) && !has_result(registers);
}

/*
 * The current thread is no known sender, but may have been in the call before anybody watched: then
 * it is seen from now on.
 */
static __always_inline struct send_state *take_up_call(void)
{
	return REGISTERS_TELL && in_send_call() && is_watched() ? send_begin() : NULL;
}

/* Of a send whose function's return is not seen, since it was entered before: whether it is over.
 */
static __always_inline bool is_over(const struct send_state *state)
{
	return REGISTERS_TELL && state->taken_up && !in_send_call();
}

#endif

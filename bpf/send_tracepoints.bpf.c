// SPDX-License-Identifier: GPL-2.0
/*
 * The tracepoint tier's base: the send itself, by the system call; and the bytes it wrote, by the
 * accounting of the thread. A send that a 32-bit program starts in a 64-bit kernel is not seen.
 */
#include "bpf/send.h"
#include "bpf/watched_cache.h"

enum {
	IOCTL_MAGIC_AND_NUMBER = 0x9426, /* BTRFS_IOC_SEND; the size in it differs by the caller */
	IOCTL_MASK = 0xffff,
};

#if defined(__TARGET_ARCH_x86)
enum { SYSCALL_IOCTL = 16 };
#define SYSCALL_NUMBER(registers) ((registers)->orig_rax)
#else
enum { SYSCALL_IOCTL = 29 };
/* Of struct pt_regs the interface has only the first part; the number is kept elsewhere. */
#define SYSCALL_NUMBER(registers) SYSCALL_IOCTL
#endif

SEC("tp_btf")
int BPF_PROG(call_enter, struct pt_regs *registers, long number)
{
	if (number != SYSCALL_IOCTL ||
	    (PT_REGS_PARM2_SYSCALL(registers) & IOCTL_MASK) != IOCTL_MAGIC_AND_NUMBER ||
	    !is_watched())
		return 0;
	if (!send_begin())
		__sync_fetch_and_add(&sends_unseen, 1);
	return 0;
}

SEC("tp_btf")
int BPF_PROG(call_exit, struct pt_regs *registers, long result)
{
	struct send_state *state;

	if (SYSCALL_NUMBER(registers) != SYSCALL_IOCTL)
		return 0;
	state = current_send();
	if (!state)
		return 0;
	watched_caches_end(state);
	note_output(state);
	send_end(state, result);
	return 0;
}

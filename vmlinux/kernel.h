/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the programs in bpf/ read of the kernel's types: the members they use and no others. Where
 * these are in the running kernel is looked up when a program is loaded, by name, so neither order
 * nor size matters here, and nothing of the machine that builds. Types of btrfs are in btrfs.h.
 *
 * Unsigned where the kernel's member changed its width: only those are widened on reading.
 */
#ifndef VMLINUX_KERNEL_H
#define VMLINUX_KERNEL_H

#include <linux/types.h>
/* After the types: */
#include <linux/bpf.h>
#include <linux/bpf_perf_event.h>
#include <linux/ptrace.h>
#include <stdbool.h>
#include <stdint.h>
/* After all of these, which it needs: */
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct list_head {
	struct list_head *next;
	struct list_head *prev;
};

struct task_io_accounting {
	uint64_t wchar; /* bytes written by calls, whatever they went to */
};

struct task_struct {
	int pid;  /* thread */
	int tgid; /* process */
	unsigned int __state;
	unsigned int in_iowait : 1;
	struct task_struct *real_parent;
	char comm[16];
	struct task_io_accounting ioac;
};

/* What arm64 keeps of a call behind the registers that the interface has. */
struct pt_regs___arm64_call {
	uint64_t orig_x0; /* the first argument */
	int syscallno;	  /* negative: not in a call */
};

struct maple_tree {
	unsigned int ma_flags;
};

struct ma_state {
	struct maple_tree *tree;
	unsigned long index;
};

struct bvec_iter {
	unsigned int bi_size;
};

struct bio {
	unsigned int bi_opf;
	struct bvec_iter bi_iter;
};

struct page {
	unsigned long flags;
};

struct folio;

#pragma clang attribute pop

#endif

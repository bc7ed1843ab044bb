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

struct task_struct {
	int pid;  /* thread */
	int tgid; /* process */
	unsigned int __state;
	unsigned int in_iowait : 1;
	char comm[16];
};

struct page {
	unsigned long flags;
};

struct folio;

#pragma clang attribute pop

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/* What the running kernel was built with, as far as the machine tells. */
#ifndef PROFILER_KERNEL_CONFIG_H
#define PROFILER_KERNEL_CONFIG_H

enum answer {
	ANSWER_UNKNOWN,
	ANSWER_NO,
	ANSWER_YES,
};

/*
 * Whether @name ("CONFIG_KPROBES") is y or m in /proc/config.gz or /boot/config-RELEASE; unknown
 * when neither can be read.
 */
enum answer kernel_config(const char *name);

#endif

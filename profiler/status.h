/* SPDX-License-Identifier: GPL-2.0 */
/* The exit statuses of sendprof, the same for every subcommand: one table for code and --help. */
#ifndef PROFILER_STATUS_H
#define PROFILER_STATUS_H

/* STATUS(name, number, meaning) */
#define STATUS_TABLE(STATUS)                                                       \
	STATUS(OK, 0, "done; what was compared is equal")                          \
	STATUS(DIFFERENT, 1, "a difference or a regression was found")             \
	STATUS(USAGE, 2, "wrong usage")                                            \
	STATUS(ENVIRONMENT, 3, "cannot open, no permission, not btrfs, disk full") \
	STATUS(CORRUPT, 4, "corrupt input: a stream, a file system image")         \
	STATUS(INTERNAL, 5, "internal error")

enum exit_status {
#define STATUS(name, number, meaning) STATUS_##name = number,
	STATUS_TABLE(STATUS)
#undef STATUS
};

#endif

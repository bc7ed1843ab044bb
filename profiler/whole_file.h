/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A file that is written beside its place and put there when it is whole, so that at any time there
 * is the old one or the new one. What is no regular file (a device, a pipe, a link) is not
 * replaced, but written to.
 */
#ifndef PROFILER_WHOLE_FILE_H
#define PROFILER_WHOLE_FILE_H

#include <stdio.h>

struct whole_file {
	FILE *file;	  /* to write to */
	const char *path; /* borrowed */
	char *temporary;  /* owned; NULL: @path itself is written */
};

/* 0 or a negative errno. End with whole_file_close(), unless this fails. */
int whole_file_open(struct whole_file *whole, const char *path);

/*
 * @error is 0, or the negative errno for which the file is given up. 0 when it is in its place;
 * else that error or the one that came now, and nothing is left beside it.
 */
int whole_file_close(struct whole_file *whole, int error);

#endif

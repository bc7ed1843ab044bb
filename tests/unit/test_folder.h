/* SPDX-License-Identifier: GPL-2.0 */
/* For tests: a folder of its own for each, with what it writes there; gone after it. */
#ifndef TESTS_UNIT_TEST_FOLDER_H
#define TESTS_UNIT_TEST_FOLDER_H

#include "profiler/folders.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* cmocka.h wants these before it. */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

static char folder[64]; /* of a test */

static inline int make_folder(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/sendprof-unit.XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static inline int remove_folder(void **state)
{
	(void)state;
	return folder_remove(folder);
}

/* A path in the folder, valid for three more calls. */
static inline const char *in_folder(const char *name)
{
	static char paths[4][256];
	static unsigned int turn;
	char *path = paths[turn++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

static inline void write_file(const char *name, const void *data, size_t length, mode_t mode)
{
	int fd = open(in_folder(name), O_WRONLY | O_CREAT | O_TRUNC, mode);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, length), length);
	close(fd);
}

static inline void write_text(const char *name, const char *text)
{
	write_file(name, text, strlen(text), 0755);
}

#endif

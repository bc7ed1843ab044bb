/* SPDX-License-Identifier: GPL-2.0 */
/* Files that are there whole or as they were. */
#include "profiler/folders.h"
#include "profiler/json_build.h"
#include "profiler/whole_file.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64]; /* of a test */
static char path[512];	/* the file in it */

static int make_folder(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/sendprof-unit.XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/file", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	return folder_remove(folder);
}

static int write_text(const char *text, int error)
{
	struct whole_file whole;
	int ret = whole_file_open(&whole, path);

	if (ret)
		return ret;
	fputs(text, whole.file);
	return whole_file_close(&whole, error);
}

static void assert_text(const char *name, const char *expected)
{
	char text[64] = "";
	FILE *file = fopen(name, "r");

	assert_non_null(file);
	assert_true(fread(text, 1, sizeof(text) - 1, file) > 0);
	fclose(file);
	assert_string_equal(text, expected);
}

/* Nothing is beside the file. */
static void assert_alone(void)
{
	char *only = folder_only_child(folder);

	assert_non_null(only);
	assert_string_equal(only, path);
	free(only);
}

static void what_fails_leaves_the_old_one(void **state)
{
	(void)state;
	assert_int_equal(write_text("old", 0), 0);
	assert_int_equal(write_text("new", -EPROTO), -EPROTO);
	assert_text(path, "old");
	assert_int_equal(write_text("new", 0), 0);
	assert_text(path, "new");
	assert_alone();
}

static void a_link_stays_one(void **state)
{
	char target[sizeof(folder) + 8];
	struct stat status;

	(void)state;
	snprintf(target, sizeof(target), "%s/target", folder);
	assert_int_equal(symlink(target, path), 0);
	assert_int_equal(write_text("text", 0), 0);
	assert_int_equal(lstat(path, &status), 0);
	assert_true(S_ISLNK(status.st_mode));
	assert_text(target, "text");
}

/* What stands for a device, which root could replace. */
static void a_pipe_is_written_to(void **state)
{
	char text[8] = "";
	struct stat status;
	int fd;

	(void)state;
	assert_int_equal(mkfifo(path, 0600), 0);
	fd = open(path, O_RDWR | O_NONBLOCK);
	assert_true(fd >= 0);
	assert_int_equal(write_text("text", 0), 0);
	assert_int_equal(read(fd, text, sizeof(text)), 4);
	close(fd);
	assert_string_equal(text, "text");
	assert_int_equal(stat(path, &status), 0);
	assert_true(S_ISFIFO(status.st_mode));
}

static void the_longest_name_will_do(void **state)
{
	size_t length = strlen(folder);

	(void)state;
	path[length] = '/';
	memset(path + length + 1, 'n', 255);
	path[length + 1 + 255] = '\0';
	assert_int_equal(write_text("text", 0), 0);
	assert_text(path, "text");
	assert_alone();
}

static void a_full_disk_is_told(void **state)
{
	json_t *json = json_pack("[i]", 1);

	(void)state;
	assert_non_null(json);
	assert_int_equal(json_save(json, "/dev/full"), -ENOSPC);
	assert_int_equal(json_save(json, "/dev/null/file"), -ENOTDIR);
	assert_int_equal(json_save(json, path), 0);
	assert_text(path, "[\n 1\n]");
	json_decref(json);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(what_fails_leaves_the_old_one), IN_FOLDER(a_link_stays_one),
		IN_FOLDER(a_pipe_is_written_to),	  IN_FOLDER(the_longest_name_will_do),
		IN_FOLDER(a_full_disk_is_told),
	};

	return cmocka_run_group_tests_name("whole_file", tests, NULL, NULL);
}

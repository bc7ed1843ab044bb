/* SPDX-License-Identifier: GPL-2.0 */
/* Reads of an image file, whole, short and of things that are none. */
#include "engine/volume/device.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SIZE = 300000 };

struct fixture {
	char path[64];
	uint8_t bytes[SIZE];
};

static int set_up(void **state)
{
	static struct fixture fixture;
	size_t i;
	int fd;

	for (i = 0; i < SIZE; i++)
		fixture.bytes[i] = (uint8_t)(i * 2654435761u >> 13);
	strcpy(fixture.path, "/tmp/sendprof-device-XXXXXX");
	fd = mkstemp(fixture.path);
	assert_return_code(fd, errno);
	assert_int_equal(write(fd, fixture.bytes, SIZE), SIZE);
	close(fd);
	*state = &fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	return remove(fixture->path);
}

/* Live or not makes no difference for a regular file. */
static void test_reads(void **state)
{
	static const struct {
		uint64_t offset;
		size_t length;
	} reads[] = {
		{0, SIZE}, {0, 0},	 {SIZE, 0},   {1, 1},
		{511, 2},  {4095, 4098}, {100000, 1}, {SIZE - 1, 1},
	};
	const struct fixture *fixture = *state;
	struct failure failure = {0};
	static uint8_t buffer[SIZE];
	struct device *device;
	size_t i, live;

	for (live = 0; live < 2; live++) {
		assert_int_equal(device_open(fixture->path, live, &device, &failure), 0);
		assert_int_equal(device_size(device), SIZE);
		assert_string_equal(device_path(device), fixture->path);
		for (i = 0; i < sizeof(reads) / sizeof(reads[0]); i++) {
			memset(buffer, 0, sizeof(buffer));
			assert_int_equal(device_read(device, reads[i].offset, buffer,
						     reads[i].length, &failure),
					 0);
			assert_memory_equal(buffer, fixture->bytes + reads[i].offset,
					    reads[i].length);
		}
		device_close(device);
	}
	assert_int_equal(failure.code, 0);
}

static void expect_no_data(struct device *device, uint64_t offset, size_t length, const char *text)
{
	struct failure failure = {0};
	static uint8_t buffer[SIZE];

	assert_int_equal(device_read(device, offset, buffer, length, &failure), -ENODATA);
	assert_int_equal(failure.code, -ENODATA);
	assert_string_equal(failure.text, text);
}

static void test_beyond_end(void **state)
{
	const struct fixture *fixture = *state;
	struct failure failure = {0};
	struct device *device;

	assert_int_equal(device_open(fixture->path, false, &device, &failure), 0);
	expect_no_data(device, SIZE, 1, "read of 1 bytes at 300000: the device ends at 300000");
	expect_no_data(device, SIZE - 1, 2, "read of 2 bytes at 299999: the device ends at 300000");
	expect_no_data(device, UINT64_MAX, 16,
		       "read of 16 bytes at 18446744073709551615: the device ends at 300000");
	/* Cut while it is open: the read ends too. */
	assert_int_equal(truncate(fixture->path, 1000), 0);
	expect_no_data(device, 900, 200, "read of 200 bytes at 900: the device ends before");
	device_close(device);
}

static void expect_not_opened(const char *path, int code, const char *text)
{
	struct failure failure = {0};
	struct device *device = NULL;

	assert_int_equal(device_open(path, false, &device, &failure), code);
	assert_null(device);
	assert_string_equal(failure.text, text);
}

static void test_no_device(void **state)
{
	struct fixture *fixture = *state;

	expect_not_opened("/tmp", -ENOTBLK,
			  "cannot open: neither an image file nor a block device");
	expect_not_opened("/dev/null", -ENOTBLK,
			  "cannot open: neither an image file nor a block device");
	expect_not_opened("", -ENOENT, "cannot open: No such file or directory");
	/* A pipe without a writer does not block either. */
	assert_int_equal(remove(fixture->path), 0);
	assert_int_equal(mkfifo(fixture->path, 0600), 0);
	expect_not_opened(fixture->path, -ENOTBLK,
			  "cannot open: neither an image file nor a block device");
	device_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_reads, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_beyond_end, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_device, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("device", tests, NULL, NULL);
}

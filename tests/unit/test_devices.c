/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Filesystems on several devices, made by mkfs.btrfs in every profile. Data is laid out over them
 * here, by a model of its own, and read through the chunk map; metadata is what mkfs.btrfs wrote.
 */
#include "tests/unit/array_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define SECOND_SUPER (64ULL << 20)

static const struct array arrays[] = {
	{"raid0", "RAID0", 3, 1, 0, true, 1, 0},      {"raid1", "RAID1", 2, 2, 0, false, 2, 1},
	{"raid1c3", "RAID1C3", 3, 3, 0, false, 3, 2}, {"raid1c4", "RAID1C4", 4, 4, 0, false, 4, 3},
	{"raid10", "RAID10", 4, 2, 0, true, 2, 1},    {"raid5", "RAID5", 2, 1, 1, true, 2, 1},
	{"raid5", "RAID5", 4, 1, 1, true, 2, 1},      {"raid6", "RAID6", 3, 1, 2, true, 3, 2},
	{"raid6", "RAID6", 5, 1, 2, true, 5, 2},
};

static unsigned int count_bits(unsigned int bits)
{
	return (unsigned int)__builtin_popcount(bits);
}

/* ---- the model ---- */

static void write_stripe(const struct fixture *fixture, unsigned int stripe, uint64_t row,
			 const uint8_t *piece)
{
	const struct image device = image_device(&fixture->image, fixture->device[stripe]);

	image_write(&device, fixture->physical[stripe] + row * PIECE, piece, PIECE);
}

/* One row with parity: P is their sum, Q is by Horner's rule; they follow, from stripe @row on. */
static void write_row_with_parity(const struct fixture *fixture, unsigned int row,
				  unsigned int columns, const uint8_t *pieces)
{
	static uint8_t p[PIECE], q[PIECE];
	unsigned int stripes = fixture->array->devices, column, at;

	memset(p, 0, sizeof(p));
	memset(q, 0, sizeof(q));
	for (column = columns; column-- > 0;) {
		for (at = 0; at < PIECE; at++) {
			p[at] ^= pieces[column * PIECE + at];
			q[at] = (uint8_t)(q[at] << 1) ^ (q[at] & 0x80 ? 0x1d : 0) ^
				pieces[column * PIECE + at];
		}
	}
	for (column = 0; column < columns; column++)
		write_stripe(fixture, (row + column) % stripes, row, pieces + column * PIECE);
	write_stripe(fixture, (row + columns) % stripes, row, p);
	if (fixture->array->parities == 2)
		write_stripe(fixture, (row + columns + 1) % stripes, row, q);
}

static void write_data(struct fixture *fixture)
{
	const struct array *array = fixture->array;
	unsigned int columns = 1, row, column, copy;
	uint32_t random = 1;
	size_t at;

	if (array->is_striped)
		columns = (array->devices - array->parities) / array->copies;
	fixture->pieces = ROWS * columns;
	for (at = 0; at < fixture->pieces * PIECE; at++) {
		random = random * 1664525 + 1013904223;
		fixture->expected[at] = (uint8_t)(random >> 24);
	}
	for (row = 0; row < ROWS; row++) {
		const uint8_t *pieces = fixture->expected + row * columns * PIECE;

		if (array->parities) {
			write_row_with_parity(fixture, row, columns, pieces);
			continue;
		}
		for (column = 0; column < columns; column++) {
			for (copy = 0; copy < array->copies; copy++)
				write_stripe(fixture, column * array->copies + copy, row,
					     pieces + column * PIECE);
		}
	}
}

static struct fixture *prepare(struct fixture *fixture, const struct array *array)
{
	char options[64];

	fixture->array = array;
	snprintf(options, sizeof(options), "-f -d %s -m %s", array->profile, array->profile);
	image_make_several(&fixture->image, options, array->devices, DEVICE_SIZE);
	open_without(fixture, 0);
	find_data_chunk(fixture);
	write_data(fixture);
	return fixture;
}

/* ---- reading ---- */

static int read_data(struct fixture *fixture, uint64_t offset, unsigned int mirror, size_t length)
{
	memset(fixture->have, 0x55, length);
	return chunk_map_read(fixture->volume, fixture->data + offset, mirror, fixture->have,
			      length);
}

static void expect_data(struct fixture *fixture, uint64_t offset, unsigned int mirror,
			size_t length)
{
	int ret = read_data(fixture, offset, mirror, length);

	if (ret || memcmp(fixture->have, fixture->expected + offset, length))
		fail_msg("%s on %u devices: %zu bytes at %llu by mirror %u: %d, %s",
			 fixture->array->profile, fixture->array->devices, length,
			 (unsigned long long)offset, mirror, ret,
			 ret ? volume_failure(fixture->volume)->text : "other bytes");
}

/* In one go, and each piece by each mirror, whole and inside. */
static void expect_all_data(struct fixture *fixture)
{
	unsigned int piece, mirror, mirrors;

	expect_data(fixture, 0, 0, fixture->pieces * PIECE);
	expect_data(fixture, PIECE - 4096, 0, 2 * PIECE);
	for (piece = 0; piece < fixture->pieces; piece++) {
		mirrors = chunk_map_mirrors(fixture->volume, fixture->data + piece * PIECE);
		assert_in_range(mirrors, 1, fixture->array->mirrors);
		for (mirror = 0; mirror < mirrors; mirror++) {
			expect_data(fixture, piece * PIECE, mirror, PIECE);
			expect_data(fixture, piece * PIECE + 8192, mirror, 4096);
		}
	}
}

/* Nothing is lost without the devices @missing, and nothing is taken for damage. */
static void expect_readable(struct fixture *fixture, unsigned int missing)
{
	struct volume_info info;

	open_without(fixture, missing);
	volume_get_info(fixture->volume, &info);
	assert_int_equal(info.devices, fixture->array->devices);
	assert_int_equal(info.devices_missing, count_bits(missing));
	if (!missing)
		assert_int_equal(chunk_map_mirrors(fixture->volume, fixture->data),
				 fixture->array->mirrors);
	expect_all_data(fixture);
	assert_int_equal(walk_trees(fixture->volume), 0);
	assert_int_equal(fixture->volume->counters.bad_copies, 0);
	assert_int_equal(volume_failure(fixture->volume)->code, 0);
}

/* What cannot be read says which device it needs. */
static void expect_missing(struct fixture *fixture, unsigned int missing)
{
	struct failure failure = {0};
	char expect[80];
	int ret = try_open(fixture, missing, &failure);

	if (!ret) {
		ret = walk_trees(fixture->volume);
		if (!ret)
			ret = read_data(fixture, 0, 0, fixture->pieces * PIECE);
		failure = *volume_failure(fixture->volume);
	}
	/* Some halves of RAID10. */
	if (!ret && fixture->array->is_striped && fixture->array->copies > 1)
		return;
	assert_int_equal(ret, -ENODEV);
	snprintf(expect, sizeof(expect), "cannot be read in profile %s without device",
		 fixture->array->name);
	if (!strstr(failure.text, expect) || !strstr(failure.text, "missing"))
		fail_msg("have '%s' expect '%s' in it", failure.text, expect);
}

/* Every set of missing devices that the profile can do without, and one more. */
static void test_missing(void **state)
{
	struct fixture *fixture = *state;
	unsigned int missing, count;
	size_t i;

	for (i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++) {
		prepare(fixture, &arrays[i]);
		for (missing = 0; missing < 2u << arrays[i].devices; missing += 2) {
			count = count_bits(missing);
			if (count <= arrays[i].spare)
				expect_readable(fixture, missing);
			else if (count == arrays[i].spare + 1 && count < arrays[i].devices)
				expect_missing(fixture, missing);
		}
	}
}

static void test_missing_are_named(void **state)
{
	static const struct array array = {"raid6", "RAID6", 5, 1, 2, true, 5, 2};
	struct fixture *fixture = prepare(*state, &array);
	struct failure failure = {0};

	assert_int_equal(try_open(fixture, 1u << 2 | 1u << 3 | 1u << 5, &failure), -ENODEV);
	assert_non_null(strstr(failure.text, "without devices"));
	assert_non_null(strstr(failure.text, ", which are missing"));
	assert_non_null(strchr(strstr(failure.text, "without devices"), '2'));
	assert_non_null(strchr(strstr(failure.text, "without devices"), '3'));
	assert_non_null(strchr(strstr(failure.text, "without devices"), '5'));
}

/* ---- damage ---- */

/* Overwrite what was written to @device but for the superblocks. */
static void destroy_device(const struct image *device)
{
	uint8_t junk[4096];
	int fd = open(device->path, O_RDWR | O_CLOEXEC);
	off_t at = 1 << 20;

	assert_return_code(fd, errno);
	memset(junk, 0xa7, sizeof(junk));
	while ((at = lseek(fd, at, SEEK_DATA)) >= 0) {
		if (at != SECOND_SUPER)
			assert_int_equal(pwrite(fd, junk, sizeof(junk), at), sizeof(junk));
		at += (off_t)sizeof(junk);
	}
	close(fd);
}

static void change_super(const struct image *device, void (*change)(struct btrfs_super_block *))
{
	static const struct btrfs_super_block zeros;
	struct btrfs_super_block super;

	image_read(device, BTRFS_SUPER_INFO_OFFSET, &super, sizeof(super));
	change(&super);
	image_write_super(device, BTRFS_SUPER_INFO_OFFSET, &super);
	image_write(device, SECOND_SUPER, &zeros, sizeof(zeros));
}

static void make_older(struct btrfs_super_block *super)
{
	put_le64(&super->generation, from_le64(super->generation) - 1);
}

/*
 * A device whose every block is bad is as good as missing, but counted. If it missed a commit, it
 * may hold what was true before, and for data without checksums nothing else tells: then it is read
 * last.
 */
static void test_damaged(void **state)
{
	struct fixture *fixture = *state;
	unsigned int number;
	size_t i;

	for (i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++) {
		uint64_t bad = 0;

		for (number = 1; number <= arrays[i].devices && arrays[i].spare; number++) {
			const struct image device = image_device(&fixture->image, number);

			prepare(fixture, &arrays[i]);
			destroy_device(&device);
			open_without(fixture, 0);
			assert_int_equal(walk_trees(fixture->volume), 0);
			bad += fixture->volume->counters.bad_copies;

			change_super(&device, make_older);
			open_without(fixture, 0);
			expect_data(fixture, 0, 0, fixture->pieces * PIECE);
			assert_int_equal(walk_trees(fixture->volume), 0);
			assert_int_equal(fixture->volume->counters.bad_copies, 0);
		}
		assert_true(bad > 0 || !arrays[i].spare);
	}
}

/* Two at once: neither the plain nor the first rebuild is right. */
static void test_two_damaged(void **state)
{
	static const struct array array = {"raid6", "RAID6", 5, 1, 2, true, 5, 2};
	static const unsigned int pairs[][2] = {{1, 2}, {1, 4}, {2, 5}, {3, 4}};
	struct fixture *fixture = *state;
	uint64_t bad = 0;
	size_t i;

	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		const struct image first = image_device(&fixture->image, pairs[i][0]);
		const struct image second = image_device(&fixture->image, pairs[i][1]);

		prepare(fixture, &array);
		destroy_device(&first);
		destroy_device(&second);
		open_without(fixture, 0);
		assert_int_equal(walk_trees(fixture->volume), 0);
		bad += fixture->volume->counters.bad_copies;
		/* One is missing, the other one bad. */
		open_without(fixture, 1u << pairs[i][1]);
		assert_int_equal(walk_trees(fixture->volume), 0);
	}
	assert_true(bad > 0);
}

/* Where there is nothing else, it has to do. */
static void test_stale_without_copy(void **state)
{
	struct fixture *fixture = prepare(*state, &arrays[0]);
	const struct image device = image_device(&fixture->image, 2);

	change_super(&device, make_older);
	open_without(fixture, 0);
	expect_all_data(fixture);
}

/* ---- which device is which ---- */

static void expect_refused(const char *first, const char *second, int code, const char *text)
{
	const struct volume_options options = {.devices = &second, .device_count = 1};
	struct failure failure = {0};
	struct volume *volume = NULL;

	assert_int_equal(volume_open(first, &options, &volume, &failure), code);
	assert_null(volume);
	if (!strstr(failure.text, text) || strncmp(failure.text, second, strlen(second)))
		fail_msg("have '%s' expect '%s' first and '%s' in it", failure.text, second, text);
}

static void change_devid(struct btrfs_super_block *super)
{
	put_le64(&super->dev_item.devid, 7);
}

static void change_fsid(struct btrfs_super_block *super)
{
	super->fsid[0] ^= 1;
	super->dev_item.fsid[0] ^= 1;
}

static void change_device_fsid(struct btrfs_super_block *super)
{
	super->dev_item.fsid[0] ^= 1;
}

static void make_seed(struct btrfs_super_block *super)
{
	change_fsid(super);
	put_le64(&super->flags, from_le64(super->flags) | BTRFS_SUPER_FLAG_SEEDING);
}

static void test_devices_refused(void **state)
{
	static const struct {
		void (*change)(struct btrfs_super_block *super);
		int code;
		const char *text;
	} changes[] = {
		{change_devid, -EINVAL, "device 7 is not one of the filesystem of"},
		{change_fsid, -EINVAL, "not of the filesystem of"},
		{change_device_fsid, -EUCLEAN, "its device 2 is of another filesystem"},
		/* A seed, but of another filesystem. */
		{make_seed, -EINVAL, "device 2 is not one of the filesystem of"},
	};
	struct fixture *fixture = *state;
	const struct image second = image_device(&fixture->image, 2);
	const struct image none = image_device(&fixture->image, 5);
	size_t i;

	prepare(fixture, &arrays[1]);
	expect_refused(fixture->image.path, fixture->image.path, -EINVAL,
		       "device 1 is already given");
	expect_refused(fixture->image.path, none.path, -ENOENT, "No such file");
	for (i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		prepare(fixture, &arrays[1]);
		change_super(&second, changes[i].change);
		expect_refused(fixture->image.path, second.path, changes[i].code, changes[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_missing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_missing_are_named, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_damaged, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_two_damaged, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_stale_without_copy, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_devices_refused, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("devices", tests, NULL, NULL);
}

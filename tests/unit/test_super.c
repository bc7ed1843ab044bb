/* SPDX-License-Identifier: GPL-2.0 */
/* Which superblock copy is believed, and what is refused. */
#include "engine/volume/super.h"

#include "engine/volume/device.h"
#include "tests/unit/image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#define SECOND_COPY (64ULL << 20)

struct fixture {
	struct image image;
	struct btrfs_super_block super; /* of the first copy, as made */
};

static int set_up(void **state)
{
	static struct fixture fixture;

	image_init(&fixture.image);
	*state = &fixture;
	return 0;
}

static const struct fixture *prepare(void **state)
{
	struct fixture *fixture = *state;

	image_make(&fixture->image, "-L a-label");
	image_read(&fixture->image, BTRFS_SUPER_INFO_OFFSET, &fixture->super,
		   sizeof(fixture->super));
	return fixture;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	image_release(&fixture->image);
	return 0;
}

static int read_super(const struct fixture *fixture, struct btrfs_super_block *super,
		      struct failure *failure)
{
	struct device *device;
	int ret;

	memset(failure, 0, sizeof(*failure));
	assert_int_equal(device_open(fixture->image.path, false, &device, failure), 0);
	ret = super_read(device, super, failure);
	assert_int_equal(failure->code, ret);
	device_close(device);
	return ret;
}

static void expect_failure(const struct fixture *fixture, int code, const char *text)
{
	struct btrfs_super_block super;
	struct failure failure;

	assert_int_equal(read_super(fixture, &super, &failure), code);
	if (!strstr(failure.text, text))
		fail_msg("have '%s' expect '%s' in it", failure.text, text);
}

static void remove_second_copy(const struct fixture *fixture)
{
	static const struct btrfs_super_block zeros;

	image_write(&fixture->image, SECOND_COPY, &zeros, sizeof(zeros));
}

/* Write @super as the only copy with a right checksum, and expect it to be refused. */
static void expect_refused(const struct fixture *fixture, struct btrfs_super_block *super, int code,
			   const char *text)
{
	remove_second_copy(fixture);
	image_write_super(&fixture->image, BTRFS_SUPER_INFO_OFFSET, super);
	expect_failure(fixture, code, text);
	*super = fixture->super;
}

static void test_good(void **state)
{
	const struct fixture *fixture = prepare(state);
	struct btrfs_super_block super;
	struct failure failure;

	assert_int_equal(read_super(fixture, &super, &failure), 0);
	assert_memory_equal(&super, &fixture->super, sizeof(super));
	assert_string_equal(super.label, "a-label");
	assert_ptr_equal(super_metadata_uuid(&super), super.fsid);
}

static void test_not_btrfs(void **state)
{
	const struct fixture *fixture = prepare(state);
	static const uint8_t zeros[8];

	remove_second_copy(fixture);
	image_write(&fixture->image, BTRFS_SUPER_INFO_OFFSET + 64, zeros, sizeof(zeros));
	expect_failure(fixture, -EMEDIUMTYPE, "no btrfs superblock at 65536");
	image_truncate(&fixture->image, BTRFS_SUPER_INFO_OFFSET + 100);
	expect_failure(fixture, -EMEDIUMTYPE, "the device ends at 65636");
	image_truncate(&fixture->image, 0);
	expect_failure(fixture, -EMEDIUMTYPE, "the device ends at 0");
}

static void test_second_copy(void **state)
{
	const struct fixture *fixture = prepare(state);
	struct btrfs_super_block super;
	struct failure failure;

	image_flip_byte(&fixture->image, BTRFS_SUPER_INFO_OFFSET + 3000);
	assert_int_equal(read_super(fixture, &super, &failure), 0);
	assert_int_equal(from_le64(super.bytenr), SECOND_COPY);

	/* Then nothing sound is left: the first copy's damage is the cause. */
	image_flip_byte(&fixture->image, SECOND_COPY + 3000);
	expect_failure(fixture, -EUCLEAN, "superblock at 65536: wrong crc32c checksum");
	image_truncate(&fixture->image, SECOND_COPY);
	expect_failure(fixture, -EUCLEAN, "superblock at 65536: wrong crc32c checksum");
}

static void test_newest_copy(void **state)
{
	const struct fixture *fixture = prepare(state);
	struct btrfs_super_block super, second;
	struct failure failure;

	image_read(&fixture->image, SECOND_COPY, &second, sizeof(second));
	put_le64(&second.generation, from_le64(second.generation) + 1);
	image_write_super(&fixture->image, SECOND_COPY, &second);
	assert_int_equal(read_super(fixture, &super, &failure), 0);
	assert_int_equal(from_le64(super.bytenr), SECOND_COPY);

	/* Left behind by a filesystem that was here before, however new. */
	second.fsid[0] ^= 1;
	image_write_super(&fixture->image, SECOND_COPY, &second);
	assert_int_equal(read_super(fixture, &super, &failure), 0);
	assert_int_equal(from_le64(super.bytenr), BTRFS_SUPER_INFO_OFFSET);
}

static void test_wrong_place(void **state)
{
	const struct fixture *fixture = prepare(state);
	struct btrfs_super_block super = fixture->super;

	put_le64(&super.bytenr, SECOND_COPY);
	expect_refused(fixture, &super, -EUCLEAN, "superblock at 65536: says it is at 67108864");
	put_le16(&super.csum_type, 4);
	expect_refused(fixture, &super, -EUCLEAN, "superblock at 65536: checksum type 4");
}

static void test_geometry(void **state)
{
	static const uint32_t wrong_sizes[] = {0, 1, 2048, 4097, 12288, 131072, 1u << 31};
	const struct fixture *fixture = prepare(state);
	struct btrfs_super_block super = fixture->super;
	size_t i;

	for (i = 0; i < sizeof(wrong_sizes) / sizeof(wrong_sizes[0]); i++) {
		put_le32(&super.sectorsize, wrong_sizes[i]);
		expect_refused(fixture, &super, -EUCLEAN, "sector size");
		put_le32(&super.nodesize, wrong_sizes[i]);
		expect_refused(fixture, &super, -EUCLEAN, "node size");
	}
	put_le32(&super.sectorsize, 65536);
	expect_refused(fixture, &super, -EUCLEAN,
		       "node size 16384, expect a power of two from 65536 to 65536");
	put_le32(&super.leafsize, 4096);
	expect_refused(fixture, &super, -EUCLEAN, "leaf size 4096, expect the node size 16384");
	super.root_level = 8;
	expect_refused(fixture, &super, -EUCLEAN, "tree levels 8 and 0, expect less than 8");
	super.chunk_root_level = 255;
	expect_refused(fixture, &super, -EUCLEAN, "tree levels 0 and 255");
	put_le32(&super.sys_chunk_array_size, 2049);
	expect_refused(fixture, &super, -EUCLEAN,
		       "system chunk array of 2049 bytes, expect at most 2048");
}

static void test_features(void **state)
{
	const struct fixture *fixture = prepare(state);
	struct btrfs_super_block super = fixture->super;
	uint64_t flags = from_le64(super.incompat_flags);
	struct failure failure;

	put_le64(&super.incompat_flags, flags | BTRFS_FEATURE_INCOMPAT_ZONED);
	expect_refused(fixture, &super, -EOPNOTSUPP, "incompatible feature ZONED");
	put_le64(&super.incompat_flags, flags | BTRFS_FEATURE_INCOMPAT_EXTENT_TREE_V2);
	expect_refused(fixture, &super, -EOPNOTSUPP, "incompatible feature EXTENT_TREE_V2");
	put_le64(&super.incompat_flags, flags | BTRFS_FEATURE_INCOMPAT_RAID_STRIPE_TREE);
	expect_refused(fixture, &super, -EOPNOTSUPP, "incompatible feature RAID_STRIPE_TREE");
	put_le64(&super.incompat_flags, flags | 1ULL << 63 | 1ULL << 15);
	expect_refused(fixture, &super, -EOPNOTSUPP,
		       "unknown incompatible features 0x8000000000008000");
	super.dev_item.fsid[5] ^= 1;
	expect_refused(fixture, &super, -EUCLEAN, "its device 1 is of another filesystem");

	/* Profiles are read. */
	put_le64(&super.incompat_flags, flags | BTRFS_FEATURE_INCOMPAT_RAID56 |
						BTRFS_FEATURE_INCOMPAT_RAID1C34 |
						BTRFS_FEATURE_INCOMPAT_SIMPLE_QUOTA);
	image_write_super(&fixture->image, BTRFS_SUPER_INFO_OFFSET, &super);
	assert_int_equal(read_super(fixture, &super, &failure), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_good, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_not_btrfs, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_second_copy, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_newest_copy, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_wrong_place, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_geometry, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_features, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("super", tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0 */
/* Whole images: every tree read, with every checksum and node size, damaged and cut short. */
#include "engine/tree/btree.h"
#include "engine/volume/chunk.h"
#include "tests/unit/image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

enum { FILES = 400 };

static int set_up(void **state)
{
	static struct image image;

	image_init(&image);
	*state = &image;
	return 0;
}

static int tear_down(void **state)
{
	image_release(*state);
	return 0;
}

static struct volume *open_volume(const struct image *image)
{
	struct failure failure = {0};
	struct volume *volume = NULL;

	if (volume_open(image->path, NULL, &volume, &failure))
		fail_msg("cannot open: %s", failure.text);
	return volume;
}

static void expect_open_failure(const struct image *image, int code, const char *text)
{
	struct failure failure = {0};
	struct volume *volume = NULL;

	assert_int_equal(volume_open(image->path, NULL, &volume, &failure), code);
	assert_null(volume);
	assert_int_equal(failure.code, code);
	if (!strstr(failure.text, text) || strncmp(failure.text, image->path, strlen(image->path)))
		fail_msg("have '%s' expect the path and '%s' in it", failure.text, text);
}

/* Items of the tree @id, or the negative errno that stopped the walk. */
static int count_items(struct volume *volume, uint64_t id)
{
	const struct key first = {0};
	struct btree_path path = {0};
	struct root *root;
	int ret = root_get(volume, id, &root), count = 0;

	if (!ret)
		ret = btree_search_from(root, &first, &path);
	for (; !ret; count++)
		ret = btree_next(&path);
	btree_path_release(&path);
	return ret < 0 ? ret : count;
}

static void check_options(struct image *image, const char *options, const char *csum_name,
			  uint32_t nodesize)
{
	struct volume_info info;
	struct volume *volume;

	image_make(image, options);
	volume = open_volume(image);
	volume_get_info(volume, &info);
	assert_string_equal(info.csum_name, csum_name);
	assert_int_equal(info.nodesize, nodesize);
	assert_int_equal(info.sectorsize, 4096);
	assert_int_equal(info.total_bytes, image_size(image));
	/* A file is an inode item, an inode ref, a dir item, a dir index and at most one extent. */
	assert_in_range(count_items(volume, BTRFS_FS_TREE_OBJECTID), FILES * 4, FILES * 5 + 100);
	assert_in_range(count_items(volume, BTRFS_EXTENT_TREE_OBJECTID), 5, FILES * 2);
	assert_in_range(count_items(volume, BTRFS_CHUNK_TREE_OBJECTID), 4, 10);
	assert_in_range(count_items(volume, BTRFS_ROOT_TREE_OBJECTID), 8, 30);
	assert_int_equal(volume->counters.bad_copies, 0);
	assert_int_equal(volume_failure(volume)->code, 0);
	volume_close(volume);
	assert_int_equal(remove(image->path), 0);
}

static void test_kinds(void **state)
{
	struct image *image = *state;

	image_add_many_files(image, FILES);
	check_options(image, "--csum crc32c -n 4096", "crc32c", 4096);
	check_options(image, "--csum xxhash -n 4096", "xxhash64", 4096);
	check_options(image, "--csum sha256 -n 16384", "sha256", 16384);
	check_options(image, "--csum blake2 -n 65536", "blake2b", 65536);
	check_options(image, "-m single -n 32768 -O ^no-holes,^skinny-metadata", "crc32c", 32768);
	check_options(image, "--mixed -n 4096", "crc32c", 4096);
}

static uint64_t fs_tree_bytenr(struct volume *volume)
{
	struct root *root;

	assert_int_equal(root_get(volume, BTRFS_FS_TREE_OBJECTID, &root), 0);
	return root->bytenr;
}

/* Damage the root of the top-level subvolume in the first of @copies; returns its address. */
static uint64_t damage_fs_tree(const struct image *image, size_t copies)
{
	struct volume *volume = open_volume(image);
	uint64_t bytenr = fs_tree_bytenr(volume), offsets[4];

	volume_close(volume);
	assert_int_equal(image_find_block(image, bytenr, offsets, 4), copies);
	image_flip_byte(image, offsets[0] + 5000);
	return bytenr;
}

static void test_other_copy(void **state)
{
	struct image *image = *state;
	struct volume_counters counters;
	struct volume *volume;

	image_add_many_files(image, FILES);
	image_make(image, "-m dup");
	damage_fs_tree(image, 2);
	volume = open_volume(image);
	assert_in_range(count_items(volume, BTRFS_FS_TREE_OBJECTID), FILES * 4, FILES * 5 + 100);
	assert_int_equal(volume_failure(volume)->code, 0);
	volume_get_counters(volume, &counters);
	assert_int_equal(counters.bad_copies, 1);
	assert_int_equal(counters.bytes_read, (counters.blocks_read + 1) * 16384);
	volume_close(volume);
}

static void test_no_other_copy(void **state)
{
	struct image *image = *state;
	struct volume *volume;
	char expect[64];

	image_add_many_files(image, FILES);
	image_make(image, "-m single");
	snprintf(expect, sizeof(expect), "tree block %llu: wrong crc32c checksum",
		 (unsigned long long)damage_fs_tree(image, 1));
	volume = open_volume(image);
	assert_int_equal(count_items(volume, BTRFS_FS_TREE_OBJECTID), -EUCLEAN);
	assert_int_equal(volume_failure(volume)->code, -EUCLEAN);
	assert_string_equal(volume_failure(volume)->text, expect);
	assert_int_equal(volume->counters.bad_copies, 0);
	volume_close(volume);
}

/* A copy with a right checksum that says it is something else. */
static void expect_wrong_header(struct image *image, size_t at, uint8_t change, const char *text)
{
	uint8_t block[16384];
	struct volume *volume;
	uint64_t offset;

	image_make(image, "-m single");
	volume = open_volume(image);
	assert_int_equal(image_find_block(image, fs_tree_bytenr(volume), &offset, 1), 1);
	volume_close(volume);
	image_read(image, offset, block, sizeof(block));
	block[at] ^= change;
	image_write_block(image, offset, block, sizeof(block));

	volume = open_volume(image);
	assert_int_equal(count_items(volume, BTRFS_FS_TREE_OBJECTID), -EUCLEAN);
	if (!strstr(volume_failure(volume)->text, text))
		fail_msg("have '%s' expect '%s' in it", volume_failure(volume)->text, text);
	volume_close(volume);
	assert_int_equal(remove(image->path), 0);
}

static void test_wrong_header(void **state)
{
	struct image *image = *state;

	expect_wrong_header(image, offsetof(struct btrfs_header, fsid), 1, "of another filesystem");
	expect_wrong_header(image, offsetof(struct btrfs_header, bytenr) + 2, 1, "says it is at");
	expect_wrong_header(image, offsetof(struct btrfs_header, generation) + 1, 1,
			    "generation 26");
	expect_wrong_header(image, offsetof(struct btrfs_header, level), 1, "level 1, expect 0");
	expect_wrong_header(image, offsetof(struct btrfs_header, nritems) + 2, 1, "items");
}

static void test_metadata_uuid(void **state)
{
	struct image *image = *state;
	struct btrfs_super_block super;
	struct volume_info info;
	struct volume *volume;

	image_make(image, "-m single");
	image_read(image, BTRFS_SUPER_INFO_OFFSET, &super, sizeof(super));
	memcpy(super.metadata_uuid, super.fsid, sizeof(super.fsid));
	super.fsid[3] ^= 0xff;
	put_le64(&super.incompat_flags,
		 from_le64(super.incompat_flags) | BTRFS_FEATURE_INCOMPAT_METADATA_UUID);
	image_write_super(image, BTRFS_SUPER_INFO_OFFSET, &super);
	volume = open_volume(image);
	volume_get_info(volume, &info);
	assert_memory_equal(info.fsid, super.fsid, sizeof(super.fsid));
	assert_true(count_items(volume, BTRFS_FS_TREE_OBJECTID) > 0);
	volume_close(volume);
}

/* Features that only matter to who writes, known (such as the block group tree) or not. */
static void test_read_only_features(void **state)
{
	struct image *image = *state;
	struct btrfs_super_block super;
	struct volume *volume;
	int items;

	image_make(image, "-m single");
	volume = open_volume(image);
	items = count_items(volume, BTRFS_FS_TREE_OBJECTID);
	volume_close(volume);
	image_read(image, BTRFS_SUPER_INFO_OFFSET, &super, sizeof(super));
	put_le64(&super.compat_ro_flags, UINT64_MAX);
	image_write_super(image, BTRFS_SUPER_INFO_OFFSET, &super);
	volume = open_volume(image);
	assert_int_equal(count_items(volume, BTRFS_FS_TREE_OBJECTID), items);
	volume_close(volume);
}

static void test_truncated(void **state)
{
	struct image *image = *state;
	struct failure failure = {0};
	struct volume *volume;
	uint64_t length;
	int ret;

	image_add_many_files(image, FILES);
	image_make(image, "-m single -n 4096");
	/* Ever shorter: first nothing that is read is missing, in the end everything is. */
	volume = open_volume(image);
	assert_true(count_items(volume, BTRFS_FS_TREE_OBJECTID) > FILES);
	volume_close(volume);
	for (length = 16 << 20; length >= 1 << 17; length -= 1 << 17) {
		image_truncate(image, length);
		failure_clear(&failure);
		ret = volume_open(image->path, NULL, &volume, &failure);
		if (ret) {
			assert_int_equal(ret, -ENODATA);
			assert_non_null(strstr(failure.text, "the device ends at"));
			continue;
		}
		ret = count_items(volume, BTRFS_FS_TREE_OBJECTID);
		if (ret < 0) {
			assert_int_equal(ret, -ENODATA);
			assert_non_null(strstr(volume_failure(volume)->text, "the device ends at"));
		}
		volume_close(volume);
	}
	expect_open_failure(image, -ENODATA, "the device ends at 131072");
}

static void test_not_there(void **state)
{
	struct image *image = *state;
	struct failure failure = {0};
	struct volume *volume;

	expect_open_failure(image, -ENOENT, "cannot open: No such file or directory");
	assert_int_equal(volume_open(image->folder, NULL, &volume, &failure), -ENOTBLK);
	assert_non_null(strstr(failure.text, "neither an image file nor a block device"));
}

/* A volume kept open sees what was committed after it was opened, once it is told to look. */
static void test_reread(void **state)
{
	struct image *image = *state;
	struct btrfs_super_block super;
	struct volume *volume;
	struct root *root;
	unsigned int epoch;

	image_make(image, "-m single");
	volume = open_volume(image);
	assert_int_equal(root_get(volume, BTRFS_FS_TREE_OBJECTID, &root), 0);
	epoch = volume->epoch;
	assert_int_equal(volume_reread(volume), 0);
	assert_int_equal(volume->epoch, epoch);
	assert_int_equal(volume_refresh(volume), -ESTALE);
	assert_int_equal(volume_failure(volume)->code, -ESTALE);

	/* The same root tree in a newer superblock: noticed at the first block read. */
	image_read(image, BTRFS_SUPER_INFO_OFFSET, &super, sizeof(super));
	put_le64(&super.generation, from_le64(super.generation) + 1);
	image_write_super(image, BTRFS_SUPER_INFO_OFFSET, &super);
	assert_int_equal(volume_reread(volume), 0);
	assert_int_equal(volume->epoch, epoch + 1);
	assert_int_equal(volume->generation, from_le64(super.generation));
	assert_int_equal(root_update(root), -EUCLEAN);
	assert_non_null(strstr(volume_failure(volume)->text, "generation"));

	put_le64(&super.generation, from_le64(super.generation) - 1);
	image_write_super(image, BTRFS_SUPER_INFO_OFFSET, &super);
	assert_int_equal(volume_reread(volume), 0);
	assert_int_equal(volume_failure(volume)->code, 0);
	assert_int_equal(root_update(root), 0);
	assert_int_equal(root->epoch, volume->epoch);

	super.fsid[0] ^= 1;
	image_write_super(image, BTRFS_SUPER_INFO_OFFSET, &super);
	assert_int_equal(volume_reread(volume), -EUCLEAN);
	volume_close(volume);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_kinds, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_other_copy, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_other_copy, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_wrong_header, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_metadata_uuid, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_read_only_features, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_truncated, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_not_there, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_reread, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("volume", tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0 */
/* Reading files of an image: right bytes, damaged data, and metadata that says what cannot be. */
#include "engine/fs/file_data.h"

#include "engine/fs/inode.h"
#include "engine/volume/csum.h"
#include "tests/unit/image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <unistd.h>

enum { SECTOR = 4096, LARGE = 3500000 };

/* The files of the image, by number. */
enum file { EMPTY, INLINE, SMALL, LARGE_FILE, FILE_COUNT };
static const struct {
	const char *name;
	size_t length;
} files[FILE_COUNT] = {
	[EMPTY] = {"empty", 0},
	[INLINE] = {"inline", 100},
	[SMALL] = {"small", 3 * SECTOR + 1},
	[LARGE_FILE] = {"large", LARGE},
};

struct fixture {
	struct image image;
	uint8_t *content; /* LARGE bytes; file F holds its first bytes, XORed with F */
	uint8_t *expected, *have;
	struct volume *volume;
	struct root *root;
	struct file_data *reader;
	uint64_t inos[FILE_COUNT];
};

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	uint64_t random = 42;

	assert_non_null(fixture);
	fixture->content = malloc(LARGE);
	fixture->expected = malloc(2 * LARGE);
	fixture->have = malloc(2 * LARGE);
	assert_true(fixture->content && fixture->expected && fixture->have);
	for (size_t i = 0; i < LARGE; i++)
		fixture->content[i] = next_random(&random);
	image_init(&fixture->image);
	*state = fixture;
	return 0;
}

/* What @length bytes at @offset of a file should be: zeros behind its end. */
static const uint8_t *expect(struct fixture *fixture, enum file file, uint64_t offset,
			     size_t length)
{
	for (size_t i = 0; i < length; i++)
		fixture->expected[i] =
			offset + i < files[file].length ? fixture->content[offset + i] ^ file : 0;
	return fixture->expected;
}

static void close_image(struct fixture *fixture)
{
	file_data_free(fixture->reader);
	volume_close(fixture->volume);
	fixture->reader = NULL;
	fixture->volume = NULL;
}

static void open_image_with(struct fixture *fixture, const struct volume_options *options)
{
	close_image(fixture);
	image_open(&fixture->image, options, &fixture->volume);
	assert_int_equal(root_get(fixture->volume, BTRFS_FS_TREE_OBJECTID, &fixture->root), 0);
	assert_int_equal(file_data_new(fixture->volume, &fixture->reader), 0);
	for (enum file file = 0; file < FILE_COUNT; file++) {
		struct key location;

		assert_int_equal(dir_lookup(fixture->root, BTRFS_FIRST_FREE_OBJECTID,
					    files[file].name, strlen(files[file].name), &location),
				 0);
		fixture->inos[file] = location.objectid;
	}
}

static void open_image(struct fixture *fixture)
{
	open_image_with(fixture, NULL);
}

static void make_image(struct fixture *fixture, const char *options)
{
	for (enum file file = 0; file < FILE_COUNT; file++)
		image_add_file(&fixture->image, files[file].name,
			       expect(fixture, file, 0, files[file].length), files[file].length);
	image_make(&fixture->image, options);
	open_image(fixture);
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	close_image(fixture);
	image_release(&fixture->image);
	free(fixture->content);
	free(fixture->expected);
	free(fixture->have);
	free(fixture);
	return 0;
}

static int read_file(struct fixture *fixture, enum file file, uint64_t offset, size_t length)
{
	failure_clear(&fixture->volume->failure);
	memset(fixture->have, 0xa5, length);
	return file_data_read(fixture->reader, fixture->root, fixture->inos[file], offset, length,
			      fixture->have);
}

static void assert_reads(struct fixture *fixture, enum file file, uint64_t offset, size_t length)
{
	if (read_file(fixture, file, offset, length))
		fail_msg("%s: %s", files[file].name, fixture->volume->failure.text);
	assert_int_equal(fixture->volume->failure.code, 0);
	assert_memory_equal(fixture->have, expect(fixture, file, offset, length), length);
}

static void assert_zeros(struct fixture *fixture, enum file file, uint64_t offset, size_t length)
{
	assert_int_equal(read_file(fixture, file, offset, length), 0);
	for (size_t i = 0; i < length; i++)
		assert_int_equal(fixture->have[i], 0);
}

/* Reading fails with @code, and a message with @text in it. */
static void assert_fails(struct fixture *fixture, enum file file, uint64_t offset, size_t length,
			 int code, const char *text)
{
	assert_int_equal(read_file(fixture, file, offset, length), code);
	assert_int_equal(fixture->volume->failure.code, code);
	if (!strstr(fixture->volume->failure.text, text))
		fail_msg("have '%s' expect '%s' in it", fixture->volume->failure.text, text);
}

/* ---- the image's insides ---- */

static void find_item(struct fixture *fixture, uint64_t root_id, const struct key *key,
		      struct btree_path *path)
{
	struct root *root;

	assert_int_equal(root_get(fixture->volume, root_id, &root), 0);
	assert_int_equal(btree_search_before(root, key, path), 0);
}

/* Overwrite @length bytes at @at of the item that @key finds, in all copies, and open again. */
static void patch_item(struct fixture *fixture, uint64_t root_id, const struct key *key, size_t at,
		       const void *bytes, size_t length)
{
	struct btree_path path = {0};
	uint64_t copies[4], bytenr;
	size_t count, nodesize = fixture->volume->nodesize, offset;
	uint8_t *block = malloc(nodesize);

	assert_non_null(block);
	find_item(fixture, root_id, key, &path);
	offset = (const uint8_t *)btree_path_data(&path) - path.nodes[0]->data + at;
	bytenr = path.nodes[0]->bytenr;
	btree_path_release(&path);
	count = image_find_block(&fixture->image, bytenr, copies, 4);
	assert_in_range(count, 1, 4);
	for (size_t i = 0; i < count; i++) {
		image_read(&fixture->image, copies[i], block, nodesize);
		memcpy(block + offset, bytes, length);
		image_write_block(&fixture->image, copies[i], block, nodesize);
	}
	free(block);
	open_image(fixture);
}

static struct key extent_key(const struct fixture *fixture, enum file file)
{
	return (struct key){.objectid = fixture->inos[file], .type = BTRFS_EXTENT_DATA_KEY};
}

/* Set an integer of @width bytes in the first extent item of a file. */
static void patch_extent(struct fixture *fixture, enum file file, size_t at, size_t width,
			 uint64_t value)
{
	const struct key key = extent_key(fixture, file);
	uint8_t bytes[8];

	put_le64(bytes, value);
	patch_item(fixture, BTRFS_FS_TREE_OBJECTID, &key, at, bytes, width);
}
#define PATCH(fixture, file, member, value)                                          \
	patch_extent(fixture, file, offsetof(struct btrfs_file_extent_item, member), \
		     sizeof(((struct btrfs_file_extent_item *)NULL)->member), value)

static uint64_t first_bytenr(struct fixture *fixture, enum file file)
{
	const struct key key = extent_key(fixture, file);
	const struct btrfs_file_extent_item *item;
	struct btree_path path = {0};
	uint64_t bytenr;

	find_item(fixture, BTRFS_FS_TREE_OBJECTID, &key, &path);
	item = btree_path_data(&path);
	assert_int_equal(item->type, BTRFS_FILE_EXTENT_REG);
	bytenr = from_le64(item->disk_bytenr);
	btree_path_release(&path);
	return bytenr;
}

/* Where copy @copy of the data at @bytenr lies in the image. */
static uint64_t find_data(struct fixture *fixture, uint64_t bytenr, unsigned int copy)
{
	const struct key key = {.objectid = BTRFS_FIRST_CHUNK_TREE_OBJECTID,
				.type = BTRFS_CHUNK_ITEM_KEY,
				.offset = bytenr};
	struct btree_path path = {0};
	const struct btrfs_chunk *chunk;
	uint64_t at;

	find_item(fixture, BTRFS_CHUNK_TREE_OBJECTID, &key, &path);
	chunk = btree_path_data(&path);
	assert_in_range(copy, 0, from_le16(chunk->num_stripes) - 1);
	at = from_le64(((const struct btrfs_stripe *)(chunk + 1))[copy].offset) +
	     (bytenr - btree_path_key(&path).offset);
	btree_path_release(&path);
	return at;
}

static void flip_data(struct fixture *fixture, enum file file, uint64_t offset, unsigned int copy)
{
	image_flip_byte(&fixture->image,
			find_data(fixture, first_bytenr(fixture, file) + offset, copy));
}

/* ---- tests ---- */

static void test_every_checksum_kind(void **state)
{
	static const char *const kinds[] = {"crc32c", "xxhash", "sha256", "blake2"};
	struct fixture *fixture = *state;
	uint64_t random = 7;
	char options[64];

	for (size_t i = 0; i < 4; i++) {
		snprintf(options, sizeof(options), "-f --csum %s -n %u", kinds[i], 4096u << i);
		make_image(fixture, options);
		for (enum file file = 0; file < FILE_COUNT; file++) {
			assert_reads(fixture, file, 0, files[file].length);
			assert_reads(fixture, file, 0, files[file].length + 2 * SECTOR);
			for (int round = 0; round < 200; round++)
				assert_reads(fixture, file,
					     next_random(&random) % (files[file].length + 10),
					     next_random(&random) % 60000);
		}
		close_image(fixture);
	}
}

/* Requests in order read and check each byte once. */
static void test_sequential_reads_cost_once(void **state)
{
	struct fixture *fixture = *state;
	uint64_t sectors = (LARGE + SECTOR - 1) / SECTOR;
	struct volume_counters before, after;

	make_image(fixture, "-d single");
	volume_get_counters(fixture->volume, &before);
	for (uint64_t at = 0; at < LARGE; at += 48 * 1024)
		assert_reads(fixture, LARGE_FILE, at,
			     LARGE - at < 48 * 1024 ? LARGE - at : 48 * 1024);
	volume_get_counters(fixture->volume, &after);
	assert_int_equal(after.data_bytes_verified - before.data_bytes_verified, sectors * SECTOR);
	/* Reading ahead over the end may come on top, and the csum tree. */
	assert_in_range(after.bytes_read - before.bytes_read, sectors * SECTOR,
			sectors * SECTOR + 1024 * 1024 + 256 * 1024);
	assert_int_equal(after.bad_copies, 0);
}

/*
 * A file that goes on and on, of which a copy is bad in each window: bytes and sums are those of
 * the good one.
 */
static void test_views_of_many_windows(void **state)
{
	enum { STEP = 64 * 1024 }; /* extents are a multiple of that */
	struct fixture *fixture = *state;
	struct volume_counters counters;
	unsigned int bad = 0;

	make_image(fixture, "-d dup");
	for (uint64_t at = 7 * SECTOR; at < LARGE; at += 300 * 1000, bad++)
		flip_data(fixture, LARGE_FILE, at, 0);
	for (uint64_t at = 0; at + STEP <= LARGE; at += STEP) {
		struct data_view view;
		uint8_t sum[BTRFS_CSUM_SIZE];

		assert_int_equal(file_data_view(fixture->reader, fixture->root,
						fixture->inos[LARGE_FILE], at, STEP, &view),
				 0);
		assert_non_null(view.bytes);
		assert_memory_equal(view.bytes, expect(fixture, LARGE_FILE, at, STEP), STEP);
		for (uint64_t sector = 0; sector < STEP / SECTOR; sector++) {
			fixture->volume->csum->compute(view.bytes + sector * SECTOR, SECTOR, sum);
			assert_memory_equal(view.crcs + sector * 4, sum, 4);
		}
	}
	volume_get_counters(fixture->volume, &counters);
	assert_int_equal(counters.bad_copies, bad);
}

static void test_bad_requests(void **state)
{
	struct fixture *fixture = *state;

	make_image(fixture, "-d single");
	assert_fails(fixture, SMALL, UINT64_MAX - 10, 11 + SECTOR, -EINVAL, "overflows");
	assert_zeros(fixture, SMALL, UINT64_MAX - SECTOR, SECTOR);
	assert_zeros(fixture, EMPTY, 1ULL << 62, 100);
	fixture->inos[SMALL] = 99999;
	assert_fails(fixture, SMALL, 0, 10, -ENOENT, "subvolume 5 inode 99999: no such inode");
	assert_reads(fixture, LARGE_FILE, 5, 10);
}

static void test_damage_in_the_only_copy(void **state)
{
	struct fixture *fixture = *state;
	char text[128];

	make_image(fixture, "-d single");
	flip_data(fixture, SMALL, SECTOR + 17, 0);
	snprintf(text, sizeof(text),
		 "data at %llu (subvolume 5 inode %llu offset 4096): crc32c checksum ",
		 (unsigned long long)first_bytenr(fixture, SMALL) + SECTOR,
		 (unsigned long long)fixture->inos[SMALL]);
	assert_fails(fixture, SMALL, 0, 3 * SECTOR, -EUCLEAN, text);
	assert_fails(fixture, SMALL, SECTOR, 1, -EUCLEAN, "no good copy of 1");
	/* Who does not want that sector is not told, though it was read with the others. */
	assert_reads(fixture, SMALL, 0, SECTOR);
	assert_reads(fixture, SMALL, 2 * SECTOR, SECTOR + 1);
	assert_fails(fixture, SMALL, 2 * SECTOR - 1, 1, -EUCLEAN, text);
	assert_int_equal(fixture->volume->counters.bad_copies, 0);
}

static void test_damage_in_one_of_two_copies(void **state)
{
	struct fixture *fixture = *state;

	make_image(fixture, "-d dup");
	flip_data(fixture, LARGE_FILE, 0, 0);
	flip_data(fixture, LARGE_FILE, 10 * SECTOR, 0);
	flip_data(fixture, LARGE_FILE, 20 * SECTOR, 1);
	assert_reads(fixture, LARGE_FILE, 0, LARGE);
	assert_int_equal(fixture->volume->counters.bad_copies, 2);
	flip_data(fixture, LARGE_FILE, 20 * SECTOR + 1, 0);
	open_image(fixture);
	assert_fails(fixture, LARGE_FILE, 0, LARGE, -EUCLEAN, "no good copy of 2");
}

static void drop_checksums(struct fixture *fixture, enum file file)
{
	const struct key key = {.objectid = fixture->inos[file], .type = BTRFS_INODE_ITEM_KEY};
	const uint8_t flags = BTRFS_INODE_NODATASUM;

	patch_item(fixture, BTRFS_FS_TREE_OBJECTID, &key, offsetof(struct btrfs_inode_item, flags),
		   &flags, 1);
}

/* Of the right bytes: can they be had from the image, too? */
static bool lies_in_file(struct fixture *fixture, uint64_t offset, size_t length)
{
	struct data_view view;

	assert_int_equal(file_data_view(fixture->reader, fixture->root, fixture->inos[LARGE_FILE],
					offset, length, &view),
			 0);
	assert_non_null(view.bytes);
	expect(fixture, LARGE_FILE, offset, length);
	assert_memory_equal(view.bytes, fixture->expected, length);
	if (view.fd < 0)
		return false;
	assert_int_equal(pread(view.fd, fixture->have, length, (off_t)view.offset), length);
	assert_memory_equal(fixture->have, fixture->expected, length);
	return true;
}

static void test_data_that_stays_in_its_file(void **state)
{
	enum { STEP = 48 * 1024 };
	const struct volume_options still = {.still = true};
	struct fixture *fixture = *state;

	make_image(fixture, "-d dup");
	assert_false(lies_in_file(fixture, 0, STEP));

	open_image_with(fixture, &still);
	for (uint64_t at = 0; at < 10 * STEP; at += STEP)
		assert_true(lies_in_file(fixture, at, STEP));
	assert_false(lies_in_file(fixture, 10 * STEP, SECTOR));
	/* What lies there is bad: from then on it is not believed to stay. */
	flip_data(fixture, LARGE_FILE, 40 * STEP, 0);
	open_image_with(fixture, &still);
	assert_true(lies_in_file(fixture, 0, STEP));
	assert_false(lies_in_file(fixture, 40 * STEP, STEP));
	assert_false(lies_in_file(fixture, 0, STEP));

	/* Nothing says that it is right. */
	drop_checksums(fixture, LARGE_FILE);
	open_image_with(fixture, &still);
	assert_false(lies_in_file(fixture, 0, STEP));
}

static void test_inode_without_checksums(void **state)
{
	struct fixture *fixture = *state;

	make_image(fixture, "-d single");
	drop_checksums(fixture, SMALL);
	flip_data(fixture, SMALL, 17, 0);
	assert_int_equal(read_file(fixture, SMALL, 0, SECTOR), 0);
	expect(fixture, SMALL, 0, SECTOR);
	fixture->expected[17] ^= 0x40;
	assert_memory_equal(fixture->have, fixture->expected, SECTOR);
	assert_int_equal(fixture->volume->counters.data_bytes_verified, 0);
}

/* Keep only the checksums of the first @sectors sectors of the file that comes first on disk. */
static void cut_csums(struct fixture *fixture, enum file file, uint32_t sectors)
{
	const uint64_t bytenr = first_bytenr(fixture, file);
	const struct key key = {.objectid = BTRFS_EXTENT_CSUM_OBJECTID,
				.type = BTRFS_EXTENT_CSUM_KEY,
				.offset = bytenr};
	struct btree_path path = {0};
	struct image_item item = {.objectid = key.objectid, .type = key.type};
	uint64_t leaf;
	uint8_t *data;

	find_item(fixture, BTRFS_CSUM_TREE_OBJECTID, &key, &path);
	item.offset = btree_path_key(&path).offset;
	item.size = ((bytenr - item.offset) / SECTOR + sectors) * 4;
	data = malloc(item.size + 1);
	assert_non_null(data);
	memcpy(data, btree_path_data(&path), item.size);
	item.data = data;
	/* A csum that is cut in its middle is not there. */
	item.size++;
	leaf = path.nodes[0]->bytenr;
	btree_path_release(&path);
	image_write_leaf(&fixture->image, leaf, &item, 1);
	free(data);
	open_image(fixture);
}

static void test_missing_checksums(void **state)
{
	struct fixture *fixture = *state;
	char text[128];

	make_image(fixture, "-d single");
	cut_csums(fixture, LARGE_FILE, 3);
	assert_reads(fixture, LARGE_FILE, 0, 3 * SECTOR);
	snprintf(text, sizeof(text),
		 "data at %llu (subvolume 5 inode %llu offset 12288): no checksum in the csum tree",
		 (unsigned long long)first_bytenr(fixture, LARGE_FILE) + 3 * SECTOR,
		 (unsigned long long)fixture->inos[LARGE_FILE]);
	assert_fails(fixture, LARGE_FILE, 0, 4 * SECTOR, -EIO, text);
}

static void test_extents_that_are_not_read(void **state)
{
	struct fixture *fixture = *state;

	make_image(fixture, "-d single");
	PATCH(fixture, SMALL, type, BTRFS_FILE_EXTENT_PREALLOC);
	assert_zeros(fixture, SMALL, 0, 5 * SECTOR);
	PATCH(fixture, SMALL, type, BTRFS_FILE_EXTENT_REG);
	assert_reads(fixture, SMALL, 0, 5 * SECTOR);
	PATCH(fixture, SMALL, disk_bytenr, 0);
	assert_zeros(fixture, SMALL, 0, 5 * SECTOR);
	PATCH(fixture, SMALL, num_bytes, 0);
	assert_zeros(fixture, SMALL, 0, 5 * SECTOR);
}

static void test_impossible_extents(void **state)
{
	struct fixture *fixture = *state;
	uint64_t bytenr;
	char text[128];

	make_image(fixture, "-d single");
	bytenr = first_bytenr(fixture, SMALL);
	PATCH(fixture, SMALL, offset, SECTOR);
	snprintf(text, sizeof(text),
		 "inode %llu offset 0: extent %llu: refers to 16384 bytes at 4096, expect at most "
		 "16384 in all",
		 (unsigned long long)fixture->inos[SMALL], (unsigned long long)bytenr);
	assert_fails(fixture, SMALL, 0, 1, -EUCLEAN, text);
	PATCH(fixture, SMALL, offset, 0);

	PATCH(fixture, SMALL, disk_bytenr, 1ULL << 50);
	assert_fails(fixture, SMALL, 0, SECTOR, -EUCLEAN,
		     "offset 0): address 1125899906842624 is in no chunk");
	PATCH(fixture, SMALL, disk_bytenr, bytenr);
	assert_reads(fixture, SMALL, 0, SECTOR);

	PATCH(fixture, SMALL, compression, BTRFS_COMPRESS_ZSTD);
	assert_fails(fixture, SMALL, 0, SECTOR, -EUCLEAN, "offset 0: extent ");
	assert_fails(fixture, SMALL, 0, SECTOR, -EUCLEAN, ": zstd: ");
	PATCH(fixture, SMALL, ram_bytes, 131073);
	assert_fails(fixture, SMALL, 0, SECTOR, -EUCLEAN,
		     ": 16384 compressed for 131073 bytes, expect at most 131072");
	PATCH(fixture, INLINE, compression, BTRFS_COMPRESS_LZO);
	assert_fails(fixture, INLINE, 0, 10, -EUCLEAN, "offset 0: inline extent: lzo: ");
	assert_reads(fixture, LARGE_FILE, 0, LARGE);
}

/*
 * Move copy @copy of the chunk that holds @bytenr so that the image ends 2 sectors behind @bytenr,
 * and these 2 sectors with it.
 */
static void move_to_end(struct fixture *fixture, uint64_t bytenr, unsigned int copy)
{
	const struct key key = {.objectid = BTRFS_FIRST_CHUNK_TREE_OBJECTID,
				.type = BTRFS_CHUNK_ITEM_KEY,
				.offset = bytenr};
	uint64_t to = image_size(&fixture->image) - 2 * SECTOR;
	uint8_t sectors[2 * SECTOR], offset[8];
	struct btree_path path = {0};

	image_read(&fixture->image, find_data(fixture, bytenr, copy), sectors, sizeof(sectors));
	image_write(&fixture->image, to, sectors, sizeof(sectors));
	find_item(fixture, BTRFS_CHUNK_TREE_OBJECTID, &key, &path);
	put_le64(offset, to - (bytenr - btree_path_key(&path).offset));
	btree_path_release(&path);
	patch_item(fixture, BTRFS_CHUNK_TREE_OBJECTID, &key,
		   sizeof(struct btrfs_chunk) + copy * sizeof(struct btrfs_stripe) +
			   offsetof(struct btrfs_stripe, offset),
		   offset, sizeof(offset));
}

static void test_copies_that_cannot_be_read(void **state)
{
	struct fixture *fixture = *state;
	uint64_t bytenr;
	char text[128];

	make_image(fixture, "-d dup");
	bytenr = first_bytenr(fixture, LARGE_FILE);
	move_to_end(fixture, bytenr, 0);
	assert_reads(fixture, LARGE_FILE, 0, 5 * SECTOR);
	assert_int_equal(fixture->volume->counters.bad_copies, 3);
	assert_reads(fixture, LARGE_FILE, 0, LARGE);
	move_to_end(fixture, bytenr, 1);
	assert_reads(fixture, LARGE_FILE, 0, 2 * SECTOR);
	snprintf(text, sizeof(text),
		 "data at %llu (subvolume 5 inode %llu offset 8192): device 1 (",
		 (unsigned long long)bytenr + 2 * SECTOR,
		 (unsigned long long)fixture->inos[LARGE_FILE]);
	assert_fails(fixture, LARGE_FILE, 0, 2 * SECTOR + 1, -ENODATA, text);
}

#define IMAGE_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IMAGE_TEST(test_every_checksum_kind),
		IMAGE_TEST(test_sequential_reads_cost_once),
		IMAGE_TEST(test_views_of_many_windows),
		IMAGE_TEST(test_bad_requests),
		IMAGE_TEST(test_damage_in_the_only_copy),
		IMAGE_TEST(test_damage_in_one_of_two_copies),
		IMAGE_TEST(test_data_that_stays_in_its_file),
		IMAGE_TEST(test_inode_without_checksums),
		IMAGE_TEST(test_missing_checksums),
		IMAGE_TEST(test_extents_that_are_not_read),
		IMAGE_TEST(test_impossible_extents),
		IMAGE_TEST(test_copies_that_cannot_be_read),
	};

	return cmocka_run_group_tests_name("file_data", tests, NULL, NULL);
}

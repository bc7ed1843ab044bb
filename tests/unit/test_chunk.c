/* SPDX-License-Identifier: GPL-2.0 */
/* The chunk map on one device: addresses to copies, missing devices, hostile chunk items. */
#include "engine/volume/chunk.h"

#include "engine/fs/root.h"
#include "engine/tree/btree.h"
#include "tests/unit/image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

enum { NODESIZE = 16384 };

struct fixture {
	struct image image;
	struct volume *volume;
	uint64_t leaf;		 /* place of the chunk tree's only leaf */
	uint8_t block[NODESIZE]; /* as made */
};

static int set_up(void **state)
{
	static struct fixture fixture;

	memset(&fixture, 0, sizeof(fixture));
	image_init(&fixture.image);
	*state = &fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	volume_close(fixture->volume);
	image_release(&fixture->image);
	return 0;
}

static struct fixture *prepare(void **state, const char *options)
{
	struct fixture *fixture = *state;

	image_make(&fixture->image, options);
	image_open(&fixture->image, NULL, &fixture->volume);
	assert_true(image_find_block(&fixture->image, fixture->volume->chunk_tree_bytenr,
				     &fixture->leaf, 1) >= 1);
	image_read(&fixture->image, fixture->leaf, fixture->block, NODESIZE);
	return fixture;
}

static struct btrfs_item *find_item(uint8_t *block, uint64_t type_bit)
{
	struct btrfs_header *header = (struct btrfs_header *)block;
	struct btrfs_item *item = (struct btrfs_item *)(header + 1);
	uint32_t left = from_le32(header->nritems);

	for (; left; left--, item++) {
		const struct btrfs_chunk *chunk =
			(const struct btrfs_chunk *)(block + sizeof(*header) +
						     from_le32(item->offset));

		if (item->key.type == BTRFS_CHUNK_ITEM_KEY && (from_le64(chunk->type) & type_bit))
			return item;
	}
	fail_msg("no such chunk");
	return NULL;
}

static struct btrfs_chunk *item_chunk(uint8_t *block, const struct btrfs_item *item)
{
	return (struct btrfs_chunk *)(block + sizeof(struct btrfs_header) +
				      from_le32(item->offset));
}

static uint64_t chunk_start(struct fixture *fixture, uint64_t type_bit)
{
	return from_le64(find_item(fixture->block, type_bit)->key.offset);
}

static void test_copies(void **state)
{
	struct fixture *fixture = prepare(state, "-m dup -d single");
	uint64_t metadata = chunk_start(fixture, BTRFS_BLOCK_GROUP_METADATA);
	uint64_t data = chunk_start(fixture, BTRFS_BLOCK_GROUP_DATA);
	uint8_t bytes[2][NODESIZE];

	assert_int_equal(chunk_map_mirrors(fixture->volume, metadata), 2);
	assert_int_equal(chunk_map_mirrors(fixture->volume, data), 1);
	assert_int_equal(chunk_map_mirrors(fixture->volume, UINT64_MAX), 0);

	assert_int_equal(chunk_map_read(fixture->volume, fixture->volume->root_tree_bytenr, 0,
					bytes[0], NODESIZE),
			 0);
	assert_int_equal(chunk_map_read(fixture->volume, fixture->volume->root_tree_bytenr, 1,
					bytes[1], NODESIZE),
			 0);
	assert_memory_equal(bytes[0], bytes[1], NODESIZE);
}

static void test_outside(void **state)
{
	struct fixture *fixture = prepare(state, "-m single");
	uint8_t byte;

	assert_int_equal(chunk_map_read(fixture->volume, 0, 0, &byte, 1), -EUCLEAN);
	assert_string_equal(volume_failure(fixture->volume)->text, "address 0 is in no chunk");
	failure_clear(&fixture->volume->failure);
	assert_int_equal(chunk_map_read(fixture->volume, UINT64_MAX, 0, &byte, 1), -EUCLEAN);
}

/* Chunks that follow each other in logical addresses lie anywhere on the device. */
static void test_across_chunks(void **state)
{
	struct fixture *fixture = prepare(state, "-m single -d single");
	const struct btrfs_item *item = find_item(fixture->block, BTRFS_BLOCK_GROUP_METADATA);
	const struct btrfs_chunk *chunk = item_chunk(fixture->block, item);
	const struct btrfs_stripe *stripe = (const struct btrfs_stripe *)(chunk + 1);
	uint64_t end = from_le64(item->key.offset) + from_le64(chunk->length);
	uint8_t bytes[16];

	assert_int_equal(end, chunk_start(fixture, BTRFS_BLOCK_GROUP_DATA));
	image_write(&fixture->image, from_le64(stripe->offset) + from_le64(chunk->length) - 8,
		    "the last", 8);
	item = find_item(fixture->block, BTRFS_BLOCK_GROUP_DATA);
	stripe = (const struct btrfs_stripe *)(item_chunk(fixture->block, item) + 1);
	image_write(&fixture->image, from_le64(stripe->offset), " and the", 8);
	assert_int_equal(chunk_map_read(fixture->volume, end - 8, 0, bytes, 16), 0);
	assert_memory_equal(bytes, "the last and the", 16);
	assert_int_equal(chunk_map_read(fixture->volume, end - 4, 0, bytes, 8), 0);
	assert_memory_equal(bytes, "last and", 8);
}

static void write_leaf(struct fixture *fixture, uint8_t *block)
{
	image_write_block(&fixture->image, fixture->leaf, block, NODESIZE);
}

/* A chunk may be where it cannot be read; that is told when it is asked for. */
static void test_missing_device(void **state)
{
	struct fixture *fixture = prepare(state, "-m single -d single");
	uint64_t data = chunk_start(fixture, BTRFS_BLOCK_GROUP_DATA);
	uint8_t block[NODESIZE], byte;
	struct btrfs_stripe *stripe;
	size_t i;

	for (i = 0; i < 2; i++) {
		memcpy(block, fixture->block, NODESIZE);
		stripe = (struct btrfs_stripe *)(item_chunk(
							 block,
							 find_item(block, BTRFS_BLOCK_GROUP_DATA)) +
						 1);
		/* Not the devid alone makes a device. */
		if (i == 0)
			put_le64(&stripe->devid, 7);
		else
			stripe->dev_uuid[3] ^= 1;
		write_leaf(fixture, block);
		image_open(&fixture->image, NULL, &fixture->volume);
		assert_int_equal(chunk_map_mirrors(fixture->volume, data), 1);
		assert_int_equal(chunk_map_read(fixture->volume, data, 0, &byte, 1), -ENODEV);
		if (!strstr(volume_failure(fixture->volume)->text,
			    i == 0 ? "in profile SINGLE without device 7, which is missing"
				   : "in profile SINGLE without device 1, which is missing"))
			fail_msg("have '%s'", volume_failure(fixture->volume)->text);
	}
}

/* Write @block as the chunk tree, or @super, and expect that opening refuses it. */
static void expect_refused(struct fixture *fixture, uint8_t *block, const char *text)
{
	struct failure failure = {0};
	struct volume *volume;

	write_leaf(fixture, block);
	assert_int_equal(volume_open(fixture->image.path, NULL, &volume, &failure), -EUCLEAN);
	if (!strstr(failure.text, text))
		fail_msg("have '%s' expect '%s' in it", failure.text, text);
	memcpy(block, fixture->block, NODESIZE);
}

static void test_hostile_items(void **state)
{
	struct fixture *fixture = prepare(state, "-m single -d single");
	uint8_t block[NODESIZE];
	struct btrfs_item *item;
	struct btrfs_chunk *chunk;
	struct btrfs_stripe *stripe;

	memcpy(block, fixture->block, NODESIZE);
	item = find_item(block, BTRFS_BLOCK_GROUP_DATA);
	chunk = item_chunk(block, item);
	stripe = (struct btrfs_stripe *)(chunk + 1);

	put_le64(&chunk->length, 0);
	expect_refused(fixture, block, "length 0");
	put_le64(&chunk->length, 1 << 20 | 512);
	expect_refused(fixture, block, "length 1049088");
	put_le64(&chunk->length, -4096ULL);
	expect_refused(fixture, block, "18446744073709547520");
	put_le64(&chunk->stripe_len, 4096);
	expect_refused(fixture, block, "4096, expect 65536");
	put_le16(&chunk->num_stripes, 0);
	expect_refused(fixture, block, "0 stripes");
	put_le16(&chunk->num_stripes, 65535);
	expect_refused(fixture, block, "item of 80 bytes, expect 2097168");
	put_le64(&chunk->type, BTRFS_BLOCK_GROUP_DATA | BTRFS_BLOCK_GROUP_DUP);
	expect_refused(fixture, block, "1 stripes in profile DUP, expect 2");
	put_le64(&chunk->type, 0);
	expect_refused(fixture, block, "type 0x0");
	put_le64(&chunk->type,
		 BTRFS_BLOCK_GROUP_DATA | BTRFS_BLOCK_GROUP_DUP | BTRFS_BLOCK_GROUP_RAID0);
	expect_refused(fixture, block, "profiles");
	chunk = item_chunk(block, find_item(block, BTRFS_BLOCK_GROUP_METADATA));
	put_le64(&chunk->length, from_le64(chunk->length) + 4096);
	expect_refused(fixture, block, "overlaps chunk");
	put_le64(&stripe->offset, -4096ULL);
	expect_refused(fixture, block, "device offset 18446744073709547520 overflows");
	chunk = item_chunk(block, find_item(block, BTRFS_BLOCK_GROUP_DATA));
	put_le64(&stripe->offset, -4096ULL);
	put_le64(&chunk->type, BTRFS_BLOCK_GROUP_DATA | BTRFS_BLOCK_GROUP_RAID0);
	expect_refused(fixture, block, "device offset 18446744073709547520 overflows");
	/* All there is: rounded up to whole stripes, that is 0. */
	item = find_item(block, BTRFS_BLOCK_GROUP_SYSTEM);
	chunk = item_chunk(block, item);
	put_le64(&item->key.offset, 0);
	put_le64(&chunk->length, -4096ULL);
	put_le64(&chunk->type, BTRFS_BLOCK_GROUP_SYSTEM | BTRFS_BLOCK_GROUP_RAID0);
	expect_refused(fixture, block, "chunk 0: device offset");
	put_le64(&item->key.offset, 4095);
	expect_refused(fixture, block, "chunk 4095: expect a multiple of 4096");
}

static void test_stripe_counts(void **state)
{
	static const struct {
		uint64_t bit;
		const char *text;
	} kinds[] = {
		{BTRFS_BLOCK_GROUP_RAID1, "1 stripes in profile RAID1, expect 2"},
		{BTRFS_BLOCK_GROUP_RAID1C3, "1 stripes in profile RAID1C3, expect 3"},
		{BTRFS_BLOCK_GROUP_RAID1C4, "1 stripes in profile RAID1C4, expect 4"},
		{BTRFS_BLOCK_GROUP_RAID10, "1 stripes in profile RAID10, expect a multiple of 2"},
		{BTRFS_BLOCK_GROUP_RAID5, "1 stripes in profile RAID5, expect at least 2"},
		{BTRFS_BLOCK_GROUP_RAID6, "1 stripes in profile RAID6, expect 3 to 257"},
	};
	struct fixture *fixture = prepare(state, "-m dup -d single");
	uint8_t block[NODESIZE];
	struct btrfs_chunk *chunk;
	size_t i;

	memcpy(block, fixture->block, NODESIZE);
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		chunk = item_chunk(block, find_item(block, BTRFS_BLOCK_GROUP_DATA));
		put_le64(&chunk->type, BTRFS_BLOCK_GROUP_DATA | kinds[i].bit);
		expect_refused(fixture, block, kinds[i].text);
	}
	chunk = item_chunk(block, find_item(block, BTRFS_BLOCK_GROUP_METADATA));
	put_le64(&chunk->type, BTRFS_BLOCK_GROUP_METADATA | BTRFS_BLOCK_GROUP_RAID10);
	put_le16(&chunk->sub_stripes, 1);
	expect_refused(fixture, block, "1 sub-stripes in profile RAID10, expect 2");
}

/* RAID1 on one device twice, RAID5 with itself as parity: odd, but nothing that harms a reader. */
static void test_odd_stripes(void **state)
{
	static const uint64_t bits[] = {BTRFS_BLOCK_GROUP_RAID1, BTRFS_BLOCK_GROUP_RAID0,
					BTRFS_BLOCK_GROUP_RAID5};
	struct fixture *fixture = prepare(state, "-m dup -d dup");
	uint64_t data = chunk_start(fixture, BTRFS_BLOCK_GROUP_DATA);
	uint8_t block[NODESIZE], bytes[2 * NODESIZE];
	struct btrfs_chunk *chunk;
	unsigned int mirror;
	size_t i;

	for (i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
		memcpy(block, fixture->block, NODESIZE);
		chunk = item_chunk(block, find_item(block, BTRFS_BLOCK_GROUP_DATA));
		put_le64(&chunk->type, BTRFS_BLOCK_GROUP_DATA | bits[i]);
		write_leaf(fixture, block);
		image_open(&fixture->image, NULL, &fixture->volume);
		for (mirror = 0; mirror < chunk_map_mirrors(fixture->volume, data); mirror++)
			assert_int_equal(chunk_map_read(fixture->volume, data + 65536 - NODESIZE,
							mirror, bytes, sizeof(bytes)),
					 0);
	}
}

static void test_device_items(void **state)
{
	struct fixture *fixture = prepare(state, "-m single");
	struct btrfs_item *item;
	struct btrfs_dev_item *device;
	uint8_t block[NODESIZE];

	memcpy(block, fixture->block, NODESIZE);
	item = (struct btrfs_item *)(block + sizeof(struct btrfs_header));
	assert_int_equal(item->key.type, BTRFS_DEV_ITEM_KEY);
	device = (struct btrfs_dev_item *)item_chunk(block, item);
	put_le64(&device->devid, 2);
	expect_refused(fixture, block, "device item 1: says it is of device 2");
}

static void expect_array_refused(struct fixture *fixture, struct btrfs_super_block *super,
				 const char *text)
{
	static const struct btrfs_super_block zeros;
	struct btrfs_super_block made;

	image_read(&fixture->image, BTRFS_SUPER_INFO_OFFSET, &made, sizeof(made));
	image_write(&fixture->image, 64ULL << 20, &zeros, sizeof(zeros));
	image_write_super(&fixture->image, BTRFS_SUPER_INFO_OFFSET, super);
	expect_refused(fixture, fixture->block, text);
	image_write_super(&fixture->image, BTRFS_SUPER_INFO_OFFSET, &made);
	*super = made;
}

static void test_hostile_array(void **state)
{
	struct fixture *fixture = prepare(state, "-m single");
	struct btrfs_super_block super;
	struct btrfs_disk_key *key = (struct btrfs_disk_key *)super.sys_chunk_array;
	struct btrfs_chunk *chunk = (struct btrfs_chunk *)(key + 1);
	uint32_t size;

	image_read(&fixture->image, BTRFS_SUPER_INFO_OFFSET, &super, sizeof(super));
	size = from_le32(super.sys_chunk_array_size);
	put_le32(&super.sys_chunk_array_size, size - 1);
	expect_array_refused(fixture, &super, "system chunk array entry at");
	put_le32(&super.sys_chunk_array_size, size + 1);
	expect_array_refused(fixture, &super, "system chunk array ends inside an entry");
	put_le32(&super.sys_chunk_array_size, BTRFS_SYSTEM_CHUNK_ARRAY_SIZE);
	expect_array_refused(fixture, &super, "system chunk array entry at");
	put_le32(&super.sys_chunk_array_size, 0);
	expect_array_refused(fixture, &super, "is in no chunk");
	key->type = BTRFS_DEV_ITEM_KEY;
	expect_array_refused(fixture, &super, "system chunk array entry at 0: key type 216");
	put_le16(&chunk->num_stripes, 65535);
	expect_array_refused(fixture, &super, "65535 stripes");
	put_le64(&chunk->length, 0);
	expect_array_refused(fixture, &super, "length 0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_copies, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_outside, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_across_chunks, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_missing_device, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_hostile_items, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_stripe_counts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_odd_stripes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_device_items, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_hostile_array, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("chunk", tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0 */
/* Chunk items of a filesystem on several devices, scrambled: they may say anything. */
#include "tests/unit/array_fixture.h"

enum { NODESIZE = 4096, ROUNDS = 1500 };

static uint32_t next_random(uint32_t limit)
{
	static uint64_t random = 0x853c49e6748fea9bULL;

	random = random * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(random >> 33) % limit;
}

/* Change a few bytes, or put in a number that is worth a try, behind the first @from. */
static void scramble(uint8_t *bytes, size_t from, size_t length)
{
	static const uint64_t numbers[] = {
		0,	    1,		65535, 65536, UINT64_MAX, UINT64_MAX - 65535,
		1ULL << 63, 1ULL << 40, 0x1f8, 0x80,  0x100,	  0x84};
	unsigned int changes = 1 + next_random(3);

	while (changes--) {
		size_t at = from + next_random((uint32_t)(length - from - 8));
		uint64_t number = numbers[next_random(sizeof(numbers) / sizeof(numbers[0]))];

		if (next_random(2))
			bytes[at] ^= (uint8_t)(1 + next_random(255));
		else
			memcpy(bytes + at, &number, 1u << next_random(4));
	}
}

/* Open what was scrambled and read all over it: it has to end, and to say why. */
static void use_hostile(struct fixture *fixture)
{
	struct failure failure = {0};
	unsigned int mirror;
	uint64_t at;
	int ret = try_open(fixture, next_random(3) ? 0 : 2u << next_random(5), &failure);

	if (ret) {
		assert_int_equal(failure.code, ret);
		assert_true(failure.text[0]);
		return;
	}
	walk_trees(fixture->volume);
	for (at = fixture->data; at < fixture->data + (40 << 20); at += 3000000) {
		for (mirror = 0; mirror < chunk_map_mirrors(fixture->volume, at); mirror++) {
			failure_clear(&fixture->volume->failure);
			ret = chunk_map_read(fixture->volume, at, mirror, fixture->have, 100000);
			assert_int_equal(fixture->volume->failure.code, ret);
		}
	}
}

static void test_hostile(void **state)
{
	static const struct array array = {"raid6", "RAID6", 5, 1, 2, true, 5, 2};
	struct fixture *fixture = *state;
	struct btrfs_super_block super;
	uint8_t made[NODESIZE], leaf[NODESIZE];
	struct image device;
	unsigned int number, round;
	uint64_t offset = 0;

	fixture->array = &array;
	image_make_several(&fixture->image, "-f -d raid6 -m raid6 -n 4096", array.devices,
			   DEVICE_SIZE);
	open_without(fixture, 0);
	find_data_chunk(fixture);
	for (number = 1; !offset; number++) {
		device = image_device(&fixture->image, number);
		image_find_block(&device, fixture->volume->chunk_tree_bytenr, &offset, 1);
	}
	image_read(&device, offset, made, sizeof(made));
	for (round = 0; round < ROUNDS; round++) {
		memcpy(leaf, made, sizeof(leaf));
		scramble(leaf, round % 4 ? 2900 : sizeof(struct btrfs_header), sizeof(leaf));
		image_write_block(&device, offset, leaf, sizeof(leaf));
		use_hostile(fixture);
	}
	/* The newest superblock is the one that counts. */
	image_write(&device, offset, made, sizeof(made));
	device = image_device(&fixture->image, array.devices);
	image_read(&device, BTRFS_SUPER_INFO_OFFSET, &super, sizeof(super));
	for (round = 0; round < ROUNDS / 3; round++) {
		struct btrfs_super_block changed = super;

		put_le64(&changed.generation, from_le64(super.generation) + 1);
		scramble(changed.sys_chunk_array, 0, from_le32(super.sys_chunk_array_size));
		image_write_super(&device, BTRFS_SUPER_INFO_OFFSET, &changed);
		use_hostile(fixture);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_hostile, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("devices-hostile", tests, NULL, NULL);
}

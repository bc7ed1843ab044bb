/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tree block checker passes after random damage can be read without a bounds check: a
 * matter for the address sanitizer.
 */
#include "tests/unit/tree_block_builder.h"

#include <errno.h>

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Readers as trusting as the engine's: they follow every length the item gives. */
static uint64_t sum(const uint8_t *data, size_t length)
{
	uint64_t total = 0;

	for (size_t i = 0; i < length; i++)
		total += data[i];
	return total;
}

static uint64_t read_names(const uint8_t *data, uint32_t size, size_t header, size_t name_len_at,
			   size_t data_len_at)
{
	uint64_t total = 0;

	for (uint32_t at = 0; at < size;) {
		size_t length = header + get_le16(data + at + name_len_at);

		if (data_len_at)
			length += get_le16(data + at + data_len_at);
		total += sum(data + at, length);
		at += length;
	}
	return total;
}

static uint64_t read_inline_refs(const uint8_t *data, uint32_t size, uint32_t at)
{
	uint64_t total = 0;

	while (at < size) {
		size_t length = data[at] == BTRFS_EXTENT_DATA_REF_KEY	? 29
				: data[at] == BTRFS_SHARED_DATA_REF_KEY ? 13
									: 9;

		total += sum(data + at, length);
		at += length;
	}
	return total;
}

static uint64_t read_item(const struct tree_block *leaf, uint32_t slot)
{
	const uint8_t *data = tree_block_item_data(leaf, slot);
	uint32_t size = tree_block_item_size(leaf, slot);
	struct key key = tree_block_key(leaf, slot);

	switch (key.type) {
	case BTRFS_INODE_ITEM_KEY:
		return sum(data, sizeof(struct btrfs_inode_item));
	case BTRFS_INODE_REF_KEY:
		return read_names(data, size, 10, 8, 0);
	case BTRFS_INODE_EXTREF_KEY:
		return read_names(data, size, 18, 16, 0);
	case BTRFS_XATTR_ITEM_KEY:
	case BTRFS_DIR_ITEM_KEY:
	case BTRFS_DIR_INDEX_KEY:
		return read_names(data, size, 30, 27, 25);
	case BTRFS_EXTENT_DATA_KEY:
		if (data[20] == BTRFS_FILE_EXTENT_INLINE)
			return sum(data, data[16] ? size : 21 + get_le64(data + 8));
		return sum(data, sizeof(struct btrfs_file_extent_item));
	case BTRFS_ROOT_ITEM_KEY:
		return sum(data, size >= 439 ? 439 : 239);
	case BTRFS_ROOT_REF_KEY:
	case BTRFS_ROOT_BACKREF_KEY:
		return sum(data, 18 + get_le16(data + 16));
	case BTRFS_EXTENT_ITEM_KEY:
		return read_inline_refs(data, size, get_le64(data + 16) & 2 ? 42 : 24);
	case BTRFS_METADATA_ITEM_KEY:
		return read_inline_refs(data, size, 24);
	case BTRFS_CHUNK_ITEM_KEY:
		return sum(data, 48 + 32 * get_le16(data + 44));
	default:
		return sum(data, size);
	}
}

static int compare_base_keys(const void *a, const void *b)
{
	return key_compare(&((const struct base_item *)a)->key,
			   &((const struct base_item *)b)->key);
}

/* One leaf with all good items, in key order. */
static void build_full_leaf(struct builder *builder)
{
	struct base_item *items = malloc(BASE_COUNT * sizeof(*items));

	assert_non_null(items);
	for (enum base base = 0; base < BASE_COUNT; base++)
		items[base] = make_base(base);
	qsort(items, BASE_COUNT, sizeof(*items), compare_base_keys);
	builder_init(builder, 0);
	for (int i = 0; i < BASE_COUNT; i++)
		add_item(builder, &items[i].key, items[i].data, items[i].size);
	free(items);
}

static void test_random_damage(void **state)
{
	enum { ROUNDS = 200000 };
	uint64_t random = 0x9e3779b97f4a7c15, refused = 0, total = 0;
	struct builder good, builder;

	(void)state;
	build_full_leaf(&good);
	assert_good(&good);
	builder_init(&builder, 0);
	for (int round = 0; round < ROUNDS; round++) {
		struct failure failure = {0};
		unsigned int flips = 1 + next_random(&random) % 4;

		memcpy(builder.data, good.data, NODESIZE);
		builder.block.nritems = good.block.nritems;
		for (unsigned int i = 0; i < flips; i++) {
			uint32_t at =
				sizeof(struct btrfs_header) +
				next_random(&random) % (NODESIZE - sizeof(struct btrfs_header));

			builder.data[at] ^= 1 + next_random(&random) % 255;
		}
		if (next_random(&random) % 64 == 0)
			builder.block.nritems ^= 1u << next_random(&random) % 32;
		builder.block.level = next_random(&random) % 256 == 0 ? next_random(&random) : 0;
		if (tree_check(&builder.block, &limits, &failure)) {
			assert_int_equal(failure.code, -EUCLEAN);
			refused++;
			continue;
		}
		for (uint32_t slot = 0; slot < builder.block.nritems && !builder.block.level;
		     slot++)
			total += read_item(&builder.block, slot);
	}
	/* Both outcomes are common, else the damage would prove little. */
	assert_in_range(refused, ROUNDS / 10, ROUNDS - ROUNDS / 10);
	assert_true(total > 0);
	builder_release(&builder);
	builder_release(&good);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_damage),
	};

	return cmocka_run_group_tests_name("tree_check_fuzz", tests, NULL, NULL);
}

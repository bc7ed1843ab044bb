/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tree block checker: a good item of each kind passes, and each way to damage it is refused
 * with block, slot, key and reason.
 */
#include "tests/unit/tree_block_builder.h"

#include <errno.h>
#include <stdio.h>

static const struct key first_key = {0, 0, 0};

/* A leaf with a small item in slot 0 and @item in slot 1. */
static void build_leaf(struct builder *builder, const struct base_item *item)
{
	builder_init(builder, 0);
	add_item(builder, &first_key, "12345678", 8);
	add_item(builder, &item->key, item->data, item->size);
}

static void assert_refused(const struct builder *builder, const char *where, const char *reason)
{
	struct failure failure = {0};
	char expected[512];

	snprintf(expected, sizeof(expected), "%s: %s", where, reason);
	assert_int_equal(tree_check(&builder->block, &limits, &failure), -EUCLEAN);
	assert_int_equal(failure.code, -EUCLEAN);
	assert_string_equal(failure.text, expected);
}

static void test_good_items_pass(void **state)
{
	(void)state;
	for (enum base base = 0; base < BASE_COUNT; base++) {
		struct base_item item = make_base(base);
		struct builder builder;

		build_leaf(&builder, &item);
		assert_good(&builder);
		builder_release(&builder);
	}
}

/* One way to damage a good item and what the checker says about it. */
struct damage {
	enum base base;
	int resize;	    /* added to the item's size */
	unsigned int width; /* bytes of @value written at @at; 0 none */
	unsigned int at;
	uint64_t value;
	uint64_t objectid, offset; /* the key's, if not 0 */
	const char *where;
	const char *reason;
};

#define EXTENT(member)	    sizeof(le64), offsetof(struct btrfs_file_extent_item, member)
#define EXTENT_BYTE(member) 1, offsetof(struct btrfs_file_extent_item, member)
#define HIGH		    (UINT64_MAX - 4095)

static const struct damage damages[] = {
	{INODE, -1, 0, 0, 0, 0, 0, "(257 INODE_ITEM 0)", "item of 159 bytes, expect 160"},
	{INODE, 1, 0, 0, 0, 0, 0, "(257 INODE_ITEM 0)", "item of 161 bytes, expect 160"},

	{REF, 0, 2, 8, 300, 0, 0, "(257 INODE_REF 256)", "name of 300 bytes, expect at most 255"},
	{REF, 0, 2, 8, 0, 0, 0, "(257 INODE_REF 256)", "name of 0 bytes, expect at least 1"},
	{REF, 0, 2, 15 + 8, 256, 0, 0, "(257 INODE_REF 256)",
	 "name of 256 bytes, expect at most 255"},
	{REF, -1, 0, 0, 0, 0, 0, "(257 INODE_REF 256)",
	 "entry of name 255 and data 0 bytes at 15, expect at most 254"},
	{REF, 1, 0, 0, 0, 0, 0, "(257 INODE_REF 256)",
	 "1 bytes left at 280, expect an entry of at least 10"},
	{REF, -280, 0, 0, 0, 0, 0, "(257 INODE_REF 256)",
	 "0 bytes left at 0, expect an entry of at least 10"},

	{EXTREF, 0, 2, 16, 256, 0, 0, "(257 INODE_EXTREF 77)",
	 "name of 256 bytes, expect at most 255"},
	{EXTREF, 0, 2, 23 + 16, 0, 0, 0, "(257 INODE_EXTREF 77)",
	 "name of 0 bytes, expect at least 1"},
	{EXTREF, -1, 0, 0, 0, 0, 0, "(257 INODE_EXTREF 77)",
	 "entry of name 255 and data 0 bytes at 23, expect at most 254"},
	{EXTREF, -256, 0, 0, 0, 0, 0, "(257 INODE_EXTREF 77)",
	 "17 bytes left at 23, expect an entry of at least 18"},

	{XATTR, 0, 2, 25, 65535, 0, 0, "(257 XATTR_ITEM 78)",
	 "entry of name 3 and data 65535 bytes at 0, expect at most 62"},
	{XATTR, 0, 2, 27, 0, 0, 0, "(257 XATTR_ITEM 78)", "name of 0 bytes, expect at least 1"},
	{XATTR, -1, 0, 0, 0, 0, 0, "(257 XATTR_ITEM 78)",
	 "entry of name 9 and data 0 bytes at 53, expect at most 8"},
	{DIR, 0, 2, 27, 256, 0, 0, "(257 DIR_ITEM 79)", "name of 256 bytes, expect at most 255"},
	{DIR, -10, 0, 0, 0, 0, 0, "(257 DIR_ITEM 79)",
	 "29 bytes left at 33, expect an entry of at least 30"},
	{INDEX, -4, 0, 0, 0, 0, 0, "(257 DIR_INDEX 2)",
	 "29 bytes left at 0, expect an entry of at least 30"},
	{INDEX, 0, 2, 25, 1, 0, 0, "(257 DIR_INDEX 2)",
	 "entry of name 3 and data 1 bytes at 0, expect at most 3"},

	{INLINE_EXTENT, -101, 0, 0, 0, 0, 0, "(258 EXTENT_DATA 0)",
	 "item of 20 bytes, expect at least 21"},
	{INLINE_EXTENT, -1, 0, 0, 0, 0, 0, "(258 EXTENT_DATA 0)",
	 "inline extent of 99 bytes, expect 100 as its ram_bytes"},
	{INLINE_EXTENT, 0, EXTENT(ram_bytes), 101, 0, 0, "(258 EXTENT_DATA 0)",
	 "inline extent of 100 bytes, expect 101 as its ram_bytes"},
	{INLINE_EXTENT, 0, EXTENT_BYTE(compression), 4, 0, 0, "(258 EXTENT_DATA 0)",
	 "compression 4, expect at most 3"},
	{INLINE_EXTENT, 0, EXTENT_BYTE(encryption), 1, 0, 0, "(258 EXTENT_DATA 0)",
	 "encryption 1, expect 0"},
	{INLINE_EXTENT, 0, EXTENT_BYTE(type), 3, 0, 0, "(258 EXTENT_DATA 0)",
	 "file extent type 3, expect at most 2"},
	{INLINE_EXTENT, 0, 0, 0, 0, 0, 100, "(258 EXTENT_DATA 100)",
	 "file offset 100, expect a multiple of 4096"},
	{INLINE_EXTENT, 0, 0, 0, 0, 0, HIGH, "(258 EXTENT_DATA 18446744073709547520)",
	 "file offset 18446744073709547520 with 4196 bytes behind it overflows"},
	{INLINE_COMPRESSED, 0, EXTENT(ram_bytes), 131073, 0, 0, "(259 EXTENT_DATA 0)",
	 "inline extent ram_bytes 131073, expect at most 131072"},

	{REGULAR, -1, 0, 0, 0, 0, 0, "(260 EXTENT_DATA 4096)", "item of 52 bytes, expect 53"},
	{REGULAR, 1, 0, 0, 0, 0, 0, "(260 EXTENT_DATA 4096)", "item of 54 bytes, expect 53"},
	{REGULAR, 0, EXTENT(disk_bytenr), 13631489, 0, 0, "(260 EXTENT_DATA 4096)",
	 "disk_bytenr 13631489, expect a multiple of 4096"},
	{REGULAR, 0, EXTENT(disk_num_bytes), 512, 0, 0, "(260 EXTENT_DATA 4096)",
	 "disk_num_bytes 512, expect a multiple of 4096"},
	{REGULAR, 0, EXTENT(offset), 1, 0, 0, "(260 EXTENT_DATA 4096)",
	 "extent offset 1, expect a multiple of 4096"},
	{REGULAR, 0, EXTENT(num_bytes), 4097, 0, 0, "(260 EXTENT_DATA 4096)",
	 "num_bytes 4097, expect a multiple of 4096"},
	{REGULAR, 0, EXTENT(num_bytes), HIGH, 0, 0, "(260 EXTENT_DATA 4096)",
	 "file offset 4096 with 18446744073709547520 bytes behind it overflows"},
	{REGULAR, 0, EXTENT(disk_num_bytes), HIGH, 0, 0, "(260 EXTENT_DATA 4096)",
	 "disk_bytenr 13631488 with 18446744073709547520 bytes behind it overflows"},
	{REGULAR, 0, EXTENT(offset), HIGH, 0, 0, "(260 EXTENT_DATA 4096)",
	 "extent offset 18446744073709547520 with 8192 bytes behind it overflows"},
	{REGULAR, 0, EXTENT(offset), HIGH - 8192, 0, 0, "(260 EXTENT_DATA 4096)",
	 "disk_bytenr 13631488 with 18446744073709547520 bytes behind it overflows"},
	{HOLE, 0, EXTENT(num_bytes), 1, 0, 0, "(260 EXTENT_DATA 12288)",
	 "num_bytes 1, expect a multiple of 4096"},
	{PREALLOC, -30, 0, 0, 0, 0, 0, "(260 EXTENT_DATA 20480)", "item of 23 bytes, expect 53"},

	{CSUM, -20, 0, 0, 0, 0, 0, "(18446744073709551606 EXTENT_CSUM 13631488)",
	 "item of 0 bytes, expect at least 1"},
	{CSUM, 0, 0, 0, 0, 0, 13631489, "(18446744073709551606 EXTENT_CSUM 13631489)",
	 "bytenr 13631489, expect a multiple of 4096"},

	{ROOT, -1, 0, 0, 0, 0, 0, "(261 ROOT_ITEM 0)",
	 "item of 438 bytes, expect 239 or at least 439"},
	{ROOT_LEGACY, -1, 0, 0, 0, 0, 0, "(262 ROOT_ITEM 0)",
	 "item of 238 bytes, expect 239 or at least 439"},
	{ROOT_LEGACY, 1, 0, 0, 0, 0, 0, "(262 ROOT_ITEM 0)",
	 "item of 240 bytes, expect 239 or at least 439"},
	{ROOT, 0, 1, offsetof(struct btrfs_root_item, level), 8, 0, 0, "(261 ROOT_ITEM 0)",
	 "level 8, expect at most 7"},
	{ROOT, 0, 8, offsetof(struct btrfs_root_item, bytenr), 30408705, 0, 0, "(261 ROOT_ITEM 0)",
	 "bytenr 30408705, expect a multiple of 4096"},

	{ROOTREF, -5, 0, 0, 0, 0, 0, "(5 ROOT_REF 261)", "item of 17 bytes, expect at least 18"},
	{ROOTREF, -1, 0, 0, 0, 0, 0, "(5 ROOT_REF 261)", "item of 21 bytes, expect 22"},
	{ROOTREF, 0, 2, 16, 0, 0, 0, "(5 ROOT_REF 261)", "name of 0 bytes, expect 1 to 255"},
	{ROOTBACKREF, 0, 2, 16, 256, 0, 0, "(261 ROOT_BACKREF 5)",
	 "name of 256 bytes, expect 1 to 255"},
	{ROOTBACKREF, 1, 0, 0, 0, 0, 0, "(261 ROOT_BACKREF 5)", "item of 23 bytes, expect 22"},

	{DATA_EXTENT, -52, 0, 0, 0, 0, 0, "(13631488 EXTENT_ITEM 65536)",
	 "item of 23 bytes, expect at least 24"},
	{DATA_EXTENT, -1, 0, 0, 0, 0, 0, "(13631488 EXTENT_ITEM 65536)",
	 "inline reference of 13 bytes at 62, expect at most 12"},
	{DATA_EXTENT, -14, 0, 0, 0, 0, 0, "(13631488 EXTENT_ITEM 65536)",
	 "inline reference of 29 bytes at 33, expect at most 28"},
	{DATA_EXTENT, 1, 0, 0, 0, 0, 0, "(13631488 EXTENT_ITEM 65536)",
	 "inline reference type 0 at 75, expect a known one"},
	{DATA_EXTENT, 0, 1, 24, 180, 0, 0, "(13631488 EXTENT_ITEM 65536)",
	 "inline reference type 180 at 24, expect a known one"},
	{DATA_EXTENT, 0, 8, 16, 0, 0, 0, "(13631488 EXTENT_ITEM 65536)",
	 "flags 0, expect either data or tree block"},
	{DATA_EXTENT, 0, 8, 16, 3, 0, 0, "(13631488 EXTENT_ITEM 65536)",
	 "flags 0x3, expect either data or tree block"},
	{DATA_EXTENT, 0, 0, 0, 0, 13631489, 0, "(13631489 EXTENT_ITEM 65536)",
	 "bytenr 13631489, expect a multiple of 4096"},
	{DATA_EXTENT, 0, 0, 0, 0, 0, HIGH, "(13631488 EXTENT_ITEM 18446744073709547520)",
	 "bytenr 13631488 with 18446744073709547520 bytes behind it overflows"},
	{BLOCK_EXTENT, -19, 0, 0, 0, 0, 0, "(30408704 EXTENT_ITEM 4096)",
	 "item of 41 bytes, expect at least 42"},
	{BLOCK_EXTENT, -1, 0, 0, 0, 0, 0, "(30408704 EXTENT_ITEM 4096)",
	 "inline reference of 9 bytes at 51, expect at most 8"},
	{BLOCK_EXTENT, 0, 1, 24 + 17, 8, 0, 0, "(30408704 EXTENT_ITEM 4096)",
	 "level 8, expect at most 7"},
	{SKINNY, 0, 8, 16, 1, 0, 0, "(30412800 METADATA_ITEM 0)",
	 "flags 0x1, expect a tree block's"},
	{SKINNY, -1, 0, 0, 0, 0, 0, "(30412800 METADATA_ITEM 0)",
	 "inline reference of 9 bytes at 33, expect at most 8"},
	{SKINNY, 0, 0, 0, 0, 0, INT32_MAX, "(30412800 METADATA_ITEM 2147483647)",
	 "level 2147483647, expect at most 7"},

	{BLOCK_REF_KEYED, 1, 0, 0, 0, 0, 0, "(30412800 TREE_BLOCK_REF 257)",
	 "item of 1 bytes, expect 0"},
	{SHARED_BLOCK_KEYED, 8, 0, 0, 0, 0, 0, "(30412800 SHARED_BLOCK_REF 4096)",
	 "item of 8 bytes, expect 0"},
	{DATA_REF_KEYED, -1, 0, 0, 0, 0, 0, "(30412800 EXTENT_DATA_REF 99)",
	 "item of 27 bytes, expect 28"},
	{SHARED_DATA_KEYED, -1, 0, 0, 0, 0, 0, "(30412800 SHARED_DATA_REF 8192)",
	 "item of 3 bytes, expect 4"},

	{CHUNK, -65, 0, 0, 0, 0, 0, "(256 CHUNK_ITEM 22020096)",
	 "item of 47 bytes, expect at least 48"},
	{CHUNK, -1, 0, 0, 0, 0, 0, "(256 CHUNK_ITEM 22020096)", "item of 111 bytes, expect 112"},
	{CHUNK, 0, 2, 44, 0, 0, 0, "(256 CHUNK_ITEM 22020096)", "0 stripes, expect at least 1"},
	{CHUNK, 0, 2, 44, 65535, 0, 0, "(256 CHUNK_ITEM 22020096)",
	 "item of 112 bytes, expect 2097168"},
	{CHUNK, 0, 8, 0, HIGH, 0, 0, "(256 CHUNK_ITEM 22020096)",
	 "bytenr 22020096 with 18446744073709547520 bytes behind it overflows"},
	{DEVICE, -1, 0, 0, 0, 0, 0, "(1 DEV_ITEM 1)", "item of 97 bytes, expect 98"},
};

static void apply_damage(struct base_item *item, const struct damage *damage)
{
	uint8_t value[8];

	put_le64(value, damage->value);
	memcpy(item->data + damage->at, value, damage->width);
	item->size += damage->resize;
	if (damage->objectid)
		item->key.objectid = damage->objectid;
	if (damage->offset)
		item->key.offset = damage->offset;
}

static void test_damaged_items_are_refused(void **state)
{
	char where[128];

	(void)state;
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		struct base_item item = make_base(damages[i].base);
		struct builder builder;

		apply_damage(&item, &damages[i]);
		build_leaf(&builder, &item);
		snprintf(where, sizeof(where), "leaf %d slot 1 key %s", BYTENR, damages[i].where);
		assert_refused(&builder, where, damages[i].reason);
		builder_release(&builder);
	}
}

static void test_unknown_key_type_is_named_by_number(void **state)
{
	const struct key low = {0, 0, 0}, high = {9, 8, 242};
	struct builder builder;

	(void)state;
	builder_init(&builder, 0);
	add_item(&builder, &high, "", 0);
	add_item(&builder, &high, "", 0);
	assert_refused(&builder, "leaf 30408704 slot 1 key (9 242 8)",
		       "key out of order, expect more than (9 242 8)");
	put_key(item_header(&builder, 1), &low);
	assert_refused(&builder, "leaf 30408704 slot 1 key (0 0 0)",
		       "key out of order, expect more than (9 242 8)");
	builder_release(&builder);
}

/* Where an item's data may lie. */
static void test_item_bounds(void **state)
{
	static const struct {
		uint32_t slot, offset, size;
		const char *where, *reason;
	} cases[] = {
		/* The good leaf has 16 bytes of slot 0 at 3979 and 8 of slot 1 at 3971. */
		{0, 3980, 16, "leaf 30408704 slot 0 key (1 60 1)", "item end 3996, expect 3995"},
		{0, 3979, 15, "leaf 30408704 slot 0 key (1 60 1)", "item end 3994, expect 3995"},
		{1, 3972, 8, "leaf 30408704 slot 1 key (1 60 2)", "item end 3980, expect 3979"},
		{1, 3970, 8, "leaf 30408704 slot 1 key (1 60 2)", "item end 3978, expect 3979"},
		{1, 49, 3930, "leaf 30408704 slot 1 key (1 60 2)",
		 "item offset 49 inside the item headers, expect at least 50"},
		{1, 0, 3979, "leaf 30408704 slot 1 key (1 60 2)",
		 "item offset 0 inside the item headers, expect at least 50"},
		{1, 4294967295u, 8, "leaf 30408704 slot 1 key (1 60 2)",
		 "item end 4294967303, expect 3979"},
		{1, 3971, 4294967295u, "leaf 30408704 slot 1 key (1 60 2)",
		 "item end 4294971266, expect 3979"},
	};
	const struct key first = {1, 1, 60}, second = {1, 2, 60};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct builder builder;
		uint8_t *header;

		builder_init(&builder, 0);
		add_item(&builder, &first, "0123456789abcdef", 16);
		add_item(&builder, &second, "01234567", 8);
		assert_good(&builder);
		header = item_header(&builder, cases[i].slot);
		put_le32(header + offsetof(struct btrfs_item, offset), cases[i].offset);
		put_le32(header + offsetof(struct btrfs_item, size), cases[i].size);
		assert_refused(&builder, cases[i].where, cases[i].reason);
		builder_release(&builder);
	}
}

static void test_item_count(void **state)
{
	struct builder builder;

	(void)state;
	builder_init(&builder, 0);
	assert_good(&builder); /* the root of an empty tree */
	for (uint32_t i = 0; i < 159; i++)
		add_item(&builder, &(struct key){1, i, 60}, "", 0);
	assert_good(&builder);
	builder.block.nritems = 160;
	assert_refused(&builder, "leaf 30408704", "160 items, expect at most 159");
	builder.block.nritems = UINT32_MAX;
	assert_refused(&builder, "leaf 30408704", "4294967295 items, expect at most 159");
	builder.block.level = BTRFS_MAX_LEVEL;
	assert_refused(&builder, "node 30408704", "level 8, expect at most 7");
	builder.block.level = 255;
	assert_refused(&builder, "node 30408704", "level 255, expect at most 7");
	builder_release(&builder);
}

static void test_nodes(void **state)
{
	const struct key keys[] = {{256, 0, 1}, {256, 5, 96}, {257, 0, 1}};
	struct builder builder;
	uint8_t *pointer;

	(void)state;
	builder_init(&builder, 7);
	assert_refused(&builder, "node 30408704", "0 items, expect at least 1");
	for (int i = 0; i < 3; i++)
		add_pointer(&builder, &keys[i], 30408704 + 4096 * i);
	assert_good(&builder);

	pointer = builder.data + sizeof(struct btrfs_header) + 2 * sizeof(struct btrfs_key_ptr);
	put_key(pointer, &keys[1]);
	assert_refused(&builder, "node 30408704 slot 2 key (256 DIR_INDEX 5)",
		       "key out of order, expect more than (256 96 5)");
	put_key(pointer, &keys[2]);
	put_le64(pointer + offsetof(struct btrfs_key_ptr, blockptr), 0);
	assert_refused(&builder, "node 30408704 slot 2 key (257 INODE_ITEM 0)",
		       "block pointer 0, expect a multiple of 4096 that is not 0");
	put_le64(pointer + offsetof(struct btrfs_key_ptr, blockptr), 30408705);
	assert_refused(&builder, "node 30408704 slot 2 key (257 INODE_ITEM 0)",
		       "block pointer 30408705, expect a multiple of 4096 that is not 0");
	builder.block.nritems = 122;
	assert_refused(&builder, "node 30408704", "122 items, expect at most 121");
	builder_release(&builder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_items_pass),
		cmocka_unit_test(test_damaged_items_are_refused),
		cmocka_unit_test(test_unknown_key_type_is_named_by_number),
		cmocka_unit_test(test_item_bounds),
		cmocka_unit_test(test_item_count),
		cmocka_unit_test(test_nodes),
	};

	return cmocka_run_group_tests_name("tree_check", tests, NULL, NULL);
}

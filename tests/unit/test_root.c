/* SPDX-License-Identifier: GPL-2.0 */
/* Root items of every age, and subvolumes by path, in trees written item by item. */
#include "engine/fs/root.h"
#include "engine/volume/csum.h"
#include "engine/volume/volume.h"
#include "tests/unit/image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

enum { LEGACY_SIZE = 239, FULL_SIZE = sizeof(struct btrfs_root_item) };

struct fixture {
	struct image image;
	struct volume *volume;
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

/* Where the first filesystem tree begins: all subvolumes below share it. */
static void get_tree(struct fixture *fixture, uint64_t *bytenr, uint64_t *generation)
{
	struct root *root;

	image_make(&fixture->image, "-m single");
	image_open(&fixture->image, NULL, &fixture->volume);
	assert_int_equal(root_get(fixture->volume, BTRFS_FS_TREE_OBJECTID, &root), 0);
	assert_int_equal(root->level, 0);
	*bytenr = root->bytenr;
	*generation = root->generation;
}

static struct btrfs_root_item root_item(uint64_t bytenr, uint64_t generation, uint8_t mark)
{
	struct btrfs_root_item item;

	memset(&item, 0, sizeof(item));
	put_le64(&item.bytenr, bytenr);
	put_le64(&item.generation, generation);
	put_le64(&item.generation_v2, generation);
	put_le32(&item.refs, 1);
	memset(item.uuid, mark, sizeof(item.uuid));
	memset(item.parent_uuid, mark + 1, sizeof(item.parent_uuid));
	memset(item.received_uuid, mark + 2, sizeof(item.received_uuid));
	put_le64(&item.ctransid, mark + 3);
	put_le64(&item.otransid, mark + 4);
	put_le64(&item.inode.generation, 1);
	put_le32(&item.inode.mode, 040755);
	put_le32(&item.inode.nlink, 1);
	put_le64(&item.root_dirid, BTRFS_FIRST_FREE_OBJECTID);
	return item;
}

/* A ROOT_REF or the like: fixed part, then the name. */
struct named_ref {
	struct btrfs_root_ref ref;
	char name[16];
};

static struct named_ref root_ref(uint64_t dir, const char *name)
{
	struct named_ref ref;

	memset(&ref, 0, sizeof(ref));
	put_le64(&ref.ref.dirid, dir);
	put_le64(&ref.ref.sequence, 2);
	put_le16(&ref.ref.name_len, (uint16_t)strlen(name));
	memcpy(ref.name, name, strlen(name));
	return ref;
}

static void write_root_tree(struct fixture *fixture, const struct image_item *items, size_t count)
{
	image_write_leaf(&fixture->image, fixture->volume->root_tree_bytenr, items, count);
	image_open(&fixture->image, NULL, &fixture->volume);
}

static void expect_marks(const struct root *root, uint8_t mark)
{
	uint8_t uuid[BTRFS_UUID_SIZE];

	memset(uuid, mark, sizeof(uuid));
	assert_memory_equal(root->uuid, uuid, sizeof(uuid));
	memset(uuid, mark ? mark + 1 : 0, sizeof(uuid));
	assert_memory_equal(root->parent_uuid, uuid, sizeof(uuid));
	memset(uuid, mark ? mark + 2 : 0, sizeof(uuid));
	assert_memory_equal(root->received_uuid, uuid, sizeof(uuid));
	assert_int_equal(root->ctransid, mark ? mark + 3 : 0);
	assert_int_equal(root->otransid, mark ? mark + 4 : 0);
}

static void test_root_items(void **state)
{
	struct fixture *fixture = *state;
	struct btrfs_root_item top, old, first, second, stale, unreferenced, dead;
	struct subvolume_info info;
	struct root *root, *again;
	uint64_t bytenr, gen;

	get_tree(fixture, &bytenr, &gen);
	top = root_item(bytenr, gen, 10);
	old = root_item(bytenr, gen, 20);
	first = root_item(bytenr, gen, 30);
	second = root_item(bytenr, gen, 40);
	put_le64(&second.flags, BTRFS_ROOT_SUBVOL_RDONLY);
	stale = root_item(bytenr, gen, 50);
	put_le64(&stale.generation_v2, gen - 1);
	unreferenced = root_item(bytenr, gen, 60);
	put_le32(&unreferenced.refs, 0);
	dead = root_item(bytenr, gen, 70);
	put_le64(&dead.flags, BTRFS_ROOT_SUBVOL_DEAD);

	const struct image_item items[] = {
		{5, BTRFS_ROOT_ITEM_KEY, 0, &top, FULL_SIZE},
		{256, BTRFS_ROOT_ITEM_KEY, 0, &old, LEGACY_SIZE},
		{257, BTRFS_ROOT_ITEM_KEY, 3, &first, FULL_SIZE},
		{257, BTRFS_ROOT_ITEM_KEY, 4, &second, FULL_SIZE},
		{258, BTRFS_ROOT_ITEM_KEY, 4, &stale, FULL_SIZE},
		{259, BTRFS_ROOT_ITEM_KEY, 4, &unreferenced, FULL_SIZE},
		{260, BTRFS_ROOT_ITEM_KEY, 4, &dead, FULL_SIZE},
	};

	write_root_tree(fixture, items, sizeof(items) / sizeof(items[0]));
	assert_int_equal(root_get(fixture->volume, 5, &root), 0);
	assert_true(root->is_subvolume);
	assert_false(root->read_only);
	assert_int_equal(root->bytenr, bytenr);
	assert_int_equal(root->generation, gen);
	expect_marks(root, 10);
	assert_int_equal(root_get(fixture->volume, 5, &again), 0);
	assert_ptr_equal(root, again);

	assert_int_equal(root_get(fixture->volume, 256, &root), 0);
	expect_marks(root, 0);
	assert_int_equal(root_get(fixture->volume, 257, &root), 0);
	assert_true(root->read_only);
	expect_marks(root, 40);
	assert_int_equal(root_get(fixture->volume, 258, &root), 0);
	expect_marks(root, 0);

	assert_false(root->is_dead);

	/* Being deleted: still readable, but no subvolumes any more. */
	assert_int_equal(root_get(fixture->volume, 259, &root), 0);
	assert_true(root->is_dead);
	assert_int_equal(root_get(fixture->volume, 260, &root), 0);
	assert_true(root->is_dead);
	assert_int_equal(volume_find_subvolume(fixture->volume, "259", &info), -ENOENT);
	assert_int_equal(volume_find_subvolume(fixture->volume, "260", &info), -ENOENT);
	assert_int_equal(volume_find_subvolume(fixture->volume, "258", &info), 0);

	assert_int_equal(root_get(fixture->volume, 261, &root), -ENOENT);
	assert_int_equal(root_get(fixture->volume, BTRFS_CSUM_TREE_OBJECTID, &root), -ENOENT);
	assert_int_equal(volume_failure(fixture->volume)->code, 0);

	assert_int_equal(root_get(fixture->volume, BTRFS_ROOT_TREE_OBJECTID, &root), 0);
	assert_false(root->is_subvolume);
	assert_int_equal(root->bytenr, fixture->volume->root_tree_bytenr);
	assert_int_equal(root_get(fixture->volume, BTRFS_CHUNK_TREE_OBJECTID, &root), 0);
	assert_int_equal(root->bytenr, fixture->volume->chunk_tree_bytenr);
}

struct named_entry {
	struct btrfs_dir_item item;
	char name[16];
};

static struct named_entry dir_entry(uint64_t objectid, uint8_t key_type, uint8_t type,
				    const char *name)
{
	struct named_entry entry;

	memset(&entry, 0, sizeof(entry));
	put_le64(&entry.item.location.objectid, objectid);
	entry.item.location.type = key_type;
	if (key_type == BTRFS_ROOT_ITEM_KEY)
		put_le64(&entry.item.location.offset, UINT64_MAX);
	put_le64(&entry.item.transid, 1);
	put_le16(&entry.item.name_len, (uint16_t)strlen(name));
	entry.item.type = type;
	memcpy(entry.name, name, strlen(name));
	return entry;
}

/* A DIR_ITEM of @dir for @entry. */
static struct image_item dir_item(uint64_t dir, const struct named_entry *entry)
{
	size_t name_len = strlen(entry->name);

	return (struct image_item){
		.objectid = dir,
		.type = BTRFS_DIR_ITEM_KEY,
		.offset = crc32c(~1u, entry->name, name_len),
		.data = entry,
		.size = (uint32_t)(sizeof(entry->item) + name_len),
	};
}

static void sort_items(struct image_item *items, size_t count)
{
	size_t i, j;

	for (i = 1; i < count; i++) {
		struct image_item item = items[i];

		for (j = i; j > 0 && items[j - 1].objectid == item.objectid &&
			    items[j - 1].offset > item.offset;
		     j--)
			items[j] = items[j - 1];
		items[j] = item;
	}
}

/*
 * One tree, shared by three subvolumes:
 *   /snap   subvolume 257      /d        directory 258
 *   /gone   subvolume 300      /d/snap2  subvolume 258
 *   /f      file 259
 * Below subvolume 257 the entry snap leads nowhere: no reference says that 257 is in 257.
 */
static void write_subvolumes(struct fixture *fixture)
{
	const struct named_entry snap = dir_entry(257, BTRFS_ROOT_ITEM_KEY, BTRFS_FT_DIR, "snap");
	const struct named_entry gone = dir_entry(300, BTRFS_ROOT_ITEM_KEY, BTRFS_FT_DIR, "gone");
	const struct named_entry d = dir_entry(258, BTRFS_INODE_ITEM_KEY, BTRFS_FT_DIR, "d");
	const struct named_entry f = dir_entry(259, BTRFS_INODE_ITEM_KEY, BTRFS_FT_REG_FILE, "f");
	const struct named_entry snap2 = dir_entry(258, BTRFS_ROOT_ITEM_KEY, BTRFS_FT_DIR, "snap2");
	struct image_item files[] = {
		dir_item(256, &snap), dir_item(256, &gone),  dir_item(256, &d),
		dir_item(256, &f),    dir_item(258, &snap2),
	};
	const struct named_ref snap_ref = root_ref(256, "snap");
	const struct named_ref gone_ref = root_ref(256, "gone");
	const struct named_ref snap2_ref = root_ref(258, "snap2");
	struct btrfs_root_item top, read_only;
	uint64_t bytenr, gen;

	get_tree(fixture, &bytenr, &gen);
	top = root_item(bytenr, gen, 10);
	read_only = root_item(bytenr, gen, 20);
	put_le64(&read_only.flags, BTRFS_ROOT_SUBVOL_RDONLY);
	const struct image_item roots[] = {
		{5, BTRFS_ROOT_ITEM_KEY, 0, &top, FULL_SIZE},
		{5, BTRFS_ROOT_REF_KEY, 257, &snap_ref, sizeof(snap_ref.ref) + 4},
		{5, BTRFS_ROOT_REF_KEY, 258, &snap2_ref, sizeof(snap2_ref.ref) + 5},
		{5, BTRFS_ROOT_REF_KEY, 300, &gone_ref, sizeof(gone_ref.ref) + 4},
		{7, BTRFS_ROOT_ITEM_KEY, 0, &top, FULL_SIZE},
		{257, BTRFS_ROOT_ITEM_KEY, 4, &read_only, FULL_SIZE},
		{258, BTRFS_ROOT_ITEM_KEY, 4, &top, FULL_SIZE},
	};

	sort_items(files, 4);
	image_write_leaf(&fixture->image, bytenr, files, sizeof(files) / sizeof(files[0]));
	write_root_tree(fixture, roots, sizeof(roots) / sizeof(roots[0]));
}

static void expect_found(struct fixture *fixture, const char *name, uint64_t id, bool read_only)
{
	struct subvolume_info info;

	if (volume_find_subvolume(fixture->volume, name, &info))
		fail_msg("'%s': %s", name, volume_failure(fixture->volume)->text);
	assert_int_equal(info.id, id);
	assert_int_equal(info.read_only, read_only);
	assert_int_equal(info.uuid[0], read_only ? 20 : 10);
	assert_int_equal(info.ctransid, read_only ? 23 : 13);
}

static void expect_refused(struct fixture *fixture, const char *name, int code, const char *text)
{
	struct subvolume_info info;

	assert_int_equal(volume_find_subvolume(fixture->volume, name, &info), code);
	assert_int_equal(volume_failure(fixture->volume)->code, code);
	assert_string_equal(volume_failure(fixture->volume)->text, text);
}

static void test_find_subvolume(void **state)
{
	struct fixture *fixture = *state;

	write_subvolumes(fixture);
	expect_found(fixture, "5", 5, false);
	expect_found(fixture, "257", 257, true);
	expect_found(fixture, "", 5, false);
	expect_found(fixture, "/", 5, false);
	expect_found(fixture, ".", 5, false);
	expect_found(fixture, "snap", 257, true);
	expect_found(fixture, "/snap/", 257, true);
	expect_found(fixture, "./snap", 257, true);
	expect_found(fixture, "d/snap2", 258, false);
	expect_found(fixture, "//d//snap2/.", 258, false);
}

static void test_missing_subvolume(void **state)
{
	struct fixture *fixture = *state;

	write_subvolumes(fixture);
	expect_refused(fixture, "nothing", -ENOENT,
		       "subvolume 'nothing': 'nothing' in '/' does not exist");
	expect_refused(fixture, "d/x/y", -ENOENT, "subvolume 'd/x/y': 'x' in 'd/' does not exist");
	expect_refused(fixture, "f/x", -ENOTDIR,
		       "subvolume 'f/x': 'x' in 'f/' cannot be: that is not a directory");
	expect_refused(fixture, "d", -EINVAL, "'d' is a directory of subvolume 5, not a subvolume");
	expect_refused(fixture, "f", -EINVAL, "'f' is a file of subvolume 5, not a subvolume");
	expect_refused(fixture, "gone", -ENOENT,
		       "subvolume 'gone': 'gone' in '/' is the empty place of a subvolume that is "
		       "not here");
	expect_refused(fixture, "snap/snap", -ENOENT,
		       "subvolume 'snap/snap': 'snap' in 'snap/' is the empty place of a subvolume "
		       "that is not here");
	expect_refused(fixture, "300", -ENOENT, "no subvolume has the id 300");
	/* Roots, but not of subvolumes. */
	expect_refused(fixture, "7", -ENOENT, "no subvolume has the id 7");
	expect_refused(fixture, "1", -ENOENT, "no subvolume has the id 1");
	/* Too large for an id, so a name. */
	expect_refused(fixture, "99999999999999999999", -ENOENT,
		       "subvolume '99999999999999999999': '99999999999999999999' in '/' does not "
		       "exist");
	expect_refused(fixture, "-5", -ENOENT, "subvolume '-5': '-5' in '/' does not exist");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_root_items, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_find_subvolume, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_missing_subvolume, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("root", tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * fs-verity: descriptors read from items, and sent in protocol 3. Trees are written item by item,
 * since no system call makes what is wrong with them. There is no kernel to compare with; what is
 * expected was derived from process_verity() of 6.1, 6.6 and 6.12, which are alike:
 * - cur_inode_needs_verity is set by a new VERITY_DESC_ITEM and never taken back, so
 * process_verity() runs for each inode that is finished from there on;
 * - btrfs_get_verity_descriptor() is no error for an inode without items: read_key_bytes() copies
 *   nothing, the size stays 0, and the buffer of the send keeps the descriptor read last.
 */
#include "engine/fs/verity.h"
#include "engine/sendengine.h"
#include "engine/volume/csum.h"
#include "engine/volume/volume.h"
#include "tests/unit/image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <sys/stat.h>

enum {
	TOP = BTRFS_FIRST_FREE_OBJECTID,
	SNAPSHOT = 300,
	PARENT = 299,
	ITEMS_MAX = 40,
	SIGNATURE_SIZE = 300,
	PIECE = 200, /* bytes of a descriptor in one item; the kernel's have up to 2048 */
};

struct name {
	struct btrfs_inode_ref ref;
	char name;
};

/* A tree of files in one directory, by their items. */
struct tree {
	struct image_item items[ITEMS_MAX];
	struct btrfs_inode_item inodes[8];
	struct name names[8];
	size_t count, inode_count;
};

struct fixture {
	struct image image;
	struct volume *volume;
	struct tree now, before;
	struct verity_descriptor descriptor, read;
	struct btrfs_verity_descriptor_item head;
	char text[4096]; /* the commands of the last send, a line each */
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	image_init(&fixture->image);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	volume_close(fixture->volume);
	image_release(&fixture->image);
	free(fixture);
	return 0;
}

static void add(struct tree *tree, uint64_t ino, uint8_t type, uint64_t offset, const void *data,
		size_t size)
{
	assert_true(tree->count < ITEMS_MAX);
	tree->items[tree->count++] = (struct image_item){ino, type, offset, data, (uint32_t)size};
}

/* An inode, and its name in the top directory; the top itself is called "..". */
static void add_inode(struct tree *tree, uint64_t ino, uint32_t mode, uint64_t generation,
		      uint32_t uid)
{
	struct btrfs_inode_item *inode = &tree->inodes[tree->inode_count];
	struct name *name = &tree->names[tree->inode_count++];

	put_le64(&inode->generation, generation);
	put_le64(&inode->transid, generation);
	put_le32(&inode->nlink, 1);
	put_le32(&inode->mode, mode);
	put_le32(&inode->uid, uid);
	put_le64(&name->ref.index, ino);
	put_le16(&name->ref.name_len, 1);
	name->name = ino == TOP ? '.' : (char)('a' + ino - TOP - 1);
	add(tree, ino, BTRFS_INODE_ITEM_KEY, 0, inode, sizeof(*inode));
	add(tree, ino, BTRFS_INODE_REF_KEY, TOP, name, sizeof(*name));
}

static void add_file(struct tree *tree, uint64_t ino)
{
	add_inode(tree, ino, S_IFREG | 0644, 1, 0);
}

static void make_descriptor(struct fixture *fixture, uint32_t signature_size)
{
	struct fsverity_descriptor *fixed = &fixture->descriptor.fixed;
	size_t i;

	memset(&fixture->head, 0, sizeof(fixture->head));
	put_le64(&fixture->head.size, sizeof(*fixed) + signature_size);
	memset(&fixture->descriptor, 0, sizeof(fixture->descriptor));
	fixed->version = 1;
	fixed->hash_algorithm = 2;
	fixed->log_blocksize = 12;
	fixed->salt_size = 3;
	memcpy(fixed->salt, "\x01\x02\x03\xff", 4);
	put_le32(&fixed->sig_size, signature_size);
	for (i = 0; i < signature_size; i++)
		fixture->descriptor.signature[i] = (uint8_t)(i * 7);
}

/* The items of the descriptor as it is; in pieces, each with the offset that its first byte has. */
static void add_verity(struct fixture *fixture, uint64_t ino)
{
	size_t size = from_le64(fixture->head.size), at;

	add(&fixture->now, ino, BTRFS_VERITY_DESC_ITEM_KEY, 0, &fixture->head,
	    sizeof(fixture->head));
	for (at = 0; at < size && at < 3 * PIECE; at += PIECE)
		add(&fixture->now, ino, BTRFS_VERITY_DESC_ITEM_KEY, 1 + at,
		    (const uint8_t *)&fixture->descriptor + at,
		    size - at < PIECE ? size - at : PIECE);
}

static struct btrfs_root_item root_item(uint64_t bytenr, uint64_t generation, uint8_t mark)
{
	struct btrfs_root_item item;

	memset(&item, 0, sizeof(item));
	put_le64(&item.bytenr, bytenr);
	put_le64(&item.generation, generation);
	put_le64(&item.generation_v2, generation);
	put_le64(&item.flags, BTRFS_ROOT_SUBVOL_RDONLY);
	put_le32(&item.refs, 1);
	memset(item.uuid, mark, sizeof(item.uuid));
	put_le64(&item.root_dirid, TOP);
	return item;
}

/* The tree at @bytenr was another one's. */
static void give_block(struct fixture *fixture, uint64_t bytenr, uint64_t owner)
{
	uint32_t nodesize = fixture->volume->nodesize;
	uint8_t *block = malloc(nodesize);
	uint64_t offset;

	assert_int_equal(image_find_block(&fixture->image, bytenr, &offset, 1), 1);
	image_read(&fixture->image, offset, block, nodesize);
	put_le64(&((struct btrfs_header *)block)->owner, owner);
	image_write_block(&fixture->image, offset, block, nodesize);
	free(block);
}

/* Write both trees, over two that mkfs made, and a root tree with them as subvolumes. */
static void write_trees(struct fixture *fixture)
{
	struct btrfs_root_item now, before;
	struct root *first, *second;
	struct {
		struct btrfs_root_ref ref;
		char name[2];
	} name = {.name = "s"};

	image_make(&fixture->image, "-f -m single");
	image_open(&fixture->image, NULL, &fixture->volume);
	assert_int_equal(root_get(fixture->volume, BTRFS_FS_TREE_OBJECTID, &first), 0);
	assert_int_equal(root_get(fixture->volume, BTRFS_DATA_RELOC_TREE_OBJECTID, &second), 0);
	now = root_item(first->bytenr, first->generation, 1);
	before = root_item(second->bytenr, second->generation, 2);
	put_le64(&name.ref.dirid, TOP);
	put_le16(&name.ref.name_len, 1);

	const struct image_item roots[] = {
		{PARENT, BTRFS_ROOT_ITEM_KEY, 0, &before, sizeof(before)},
		{SNAPSHOT, BTRFS_ROOT_ITEM_KEY, 0, &now, sizeof(now)},
		{SNAPSHOT, BTRFS_ROOT_BACKREF_KEY, 5, &name, sizeof(name.ref) + 1},
	};

	image_write_leaf(&fixture->image, first->bytenr, fixture->now.items, fixture->now.count);
	image_write_leaf(&fixture->image, second->bytenr, fixture->before.items,
			 fixture->before.count);
	give_block(fixture, second->bytenr, PARENT);
	image_write_leaf(&fixture->image, fixture->volume->root_tree_bytenr, roots,
			 sizeof(roots) / sizeof(roots[0]));
	image_open(&fixture->image, NULL, &fixture->volume);
}

static int read_descriptor(struct fixture *fixture, uint64_t ino)
{
	struct root *root;

	assert_int_equal(root_get(fixture->volume, SNAPSHOT, &root), 0);
	failure_clear(&fixture->volume->failure);
	return verity_read(root, ino, &fixture->read);
}

/* ---- reading ---- */

static void test_descriptor(void **state)
{
	struct fixture *fixture = *state;

	make_descriptor(fixture, SIGNATURE_SIZE);
	add_inode(&fixture->now, TOP, S_IFDIR | 0755, 1, 0);
	add_file(&fixture->now, 257);
	add_verity(fixture, 257);
	add_file(&fixture->now, 258);
	write_trees(fixture);
	assert_int_equal(read_descriptor(fixture, 257), 0);
	assert_memory_equal(&fixture->read, &fixture->descriptor, sizeof(fixture->read));
	/* Without one the last stays. */
	assert_int_equal(read_descriptor(fixture, 258), 1);
	assert_int_equal(read_descriptor(fixture, TOP), 1);
	assert_memory_equal(&fixture->read, &fixture->descriptor, sizeof(fixture->read));
}

static void expect_refused(struct fixture *fixture, const char *message)
{
	memset(&fixture->now, 0, sizeof(fixture->now));
	add_inode(&fixture->now, TOP, S_IFDIR | 0755, 1, 0);
	add_file(&fixture->now, 257);
	add_verity(fixture, 257);
	write_trees(fixture);
	assert_int_equal(read_descriptor(fixture, 257), -EUCLEAN);
	assert_string_equal(volume_failure(fixture->volume)->text, message);
	make_descriptor(fixture, SIGNATURE_SIZE);
}

static void test_hostile_sizes(void **state)
{
	struct fixture *fixture = *state;

	make_descriptor(fixture, SIGNATURE_SIZE);
	put_le64(&fixture->head.reserved[1], 5);
	expect_refused(fixture, "root 300 inode 257: fs-verity reserved bytes: have 5 expect at "
				"most 0");
	put_le64(&fixture->head.size, UINT64_MAX);
	expect_refused(fixture, "root 300 inode 257: fs-verity descriptor size: have "
				"18446744073709551615 expect at most 16384");
	put_le64(&fixture->head.size, 16385);
	expect_refused(fixture, "root 300 inode 257: fs-verity descriptor size: have 16385 expect "
				"at most 16384");
	put_le64(&fixture->head.size, 255);
	expect_refused(fixture, "root 300 inode 257: fs-verity descriptor size: have 255 expect at "
				"least 256");
	/* More than the items hold. */
	put_le64(&fixture->head.size, 601);
	expect_refused(fixture, "root 300 inode 257: fs-verity descriptor: have 600 bytes expect "
				"601");
	fixture->descriptor.fixed.salt_size = 33;
	expect_refused(fixture, "root 300 inode 257: fs-verity salt size: have 33 expect at most "
				"32");
	put_le32(&fixture->descriptor.fixed.sig_size, SIGNATURE_SIZE + 1);
	expect_refused(fixture, "root 300 inode 257: fs-verity signature size: have 301 expect at "
				"most 300");
	put_le32(&fixture->descriptor.fixed.sig_size, UINT32_MAX);
	expect_refused(fixture, "root 300 inode 257: fs-verity signature size: have 4294967295 "
				"expect at most 300");
	fixture->descriptor.fixed.log_blocksize = 32;
	expect_refused(fixture, "root 300 inode 257: fs-verity logarithm of the block size: have "
				"32 expect at most 31");
}

/* Pieces that do not follow one another, byte after byte, end the descriptor. */
static void expect_torn(struct fixture *fixture, int moved)
{
	memset(&fixture->now, 0, sizeof(fixture->now));
	make_descriptor(fixture, SIGNATURE_SIZE);
	add_inode(&fixture->now, TOP, S_IFDIR | 0755, 1, 0);
	add_file(&fixture->now, 257);
	add_verity(fixture, 257);
	fixture->now.items[fixture->now.count - 1].offset += (uint64_t)moved;
	write_trees(fixture);
	assert_int_equal(read_descriptor(fixture, 257), -EUCLEAN);
	assert_string_equal(volume_failure(fixture->volume)->text,
			    "root 300 inode 257: fs-verity descriptor: have 400 bytes expect 556");
}

static void test_torn(void **state)
{
	expect_torn(*state, 1);
	expect_torn(*state, -1);
}

/* ---- sending ---- */

static void note_verity(char *line, size_t size, const struct stream_command *command)
{
	const struct stream_attribute *salt =
		stream_command_find(command, STREAM_A_VERITY_SALT_DATA);
	const struct stream_attribute *signature =
		stream_command_find(command, STREAM_A_VERITY_SIG_DATA);

	snprintf(line, size, " %u %u %u:%02x %u:%02x",
		 stream_command_find(command, STREAM_A_VERITY_ALGORITHM)->data[0],
		 get_le32(stream_command_find(command, STREAM_A_VERITY_BLOCK_SIZE)->data),
		 salt->length, salt->length ? salt->data[salt->length - 1] : 0, signature->length,
		 signature->length ? signature->data[signature->length - 1] : 0);
}

static void note_line(struct fixture *fixture, const struct stream_command *command)
{
	const struct stream_attribute *path = stream_command_find(command, STREAM_A_PATH);
	size_t length = strlen(fixture->text);
	char verity[64] = "";

	if (command->kind == STREAM_C_ENABLE_VERITY)
		note_verity(verity, sizeof(verity), command);
	snprintf(fixture->text + length, sizeof(fixture->text) - length, "%s%s%.*s%s\n",
		 stream_commands[command->kind].name, path && path->length ? " " : "",
		 path ? (int)path->length : 0, path ? (const char *)path->data : "", verity);
}

static int sink(void *context, const void *data, size_t length)
{
	struct fixture *fixture = context;
	struct stream_command command;
	struct failure failure = {0};

	if (stream_parse_command(data, length, 0, STREAM_PROTOCOL_MAX, &command, &failure))
		fail_msg("%s", failure.text);
	/* What is not looked at here, and where every line would be the same. */
	if (command.kind != STREAM_C_CHOWN && command.kind != STREAM_C_UTIMES &&
	    command.kind != STREAM_C_RENAME)
		note_line(fixture, &command);
	return 0;
}

static int send_snapshot(struct fixture *fixture, uint64_t parent, unsigned int protocol)
{
	const struct send_request request = {
		.root_id = SNAPSHOT,
		.parent_id = parent,
		.protocol = protocol,
		.flags = SEND_OMIT_STREAM_HEADER,
		.generation = {GENERATION_6_12, 0},
		.sink = sink,
		.sink_context = fixture,
	};
	struct send_summary summary;

	fixture->text[0] = '\0';
	return send_run(fixture->volume, &request, &summary);
}

static void add_capability(struct tree *tree, uint64_t ino)
{
	static const char name[] = "security.capability";
	static struct {
		struct btrfs_dir_item item;
		char name[sizeof(name)]; /* and a value of one byte in place of its end */
	} xattr;

	xattr.item.type = BTRFS_FT_XATTR;
	put_le16(&xattr.item.name_len, sizeof(name) - 1);
	put_le16(&xattr.item.data_len, 1);
	memcpy(xattr.name, name, sizeof(name));
	add(tree, ino, BTRFS_XATTR_ITEM_KEY, crc32c(~1u, name, sizeof(name) - 1), &xattr,
	    sizeof(xattr));
}

/* Whoever comes after a file with verity gets its descriptor, a fifo as well. */
static void test_full_send(void **state)
{
	struct fixture *fixture = *state;
	struct tree *tree = &fixture->now;

	make_descriptor(fixture, SIGNATURE_SIZE);
	add_inode(tree, TOP, S_IFDIR | 0755, 1, 0);
	add_file(tree, 257);
	add_file(tree, 258);
	add_capability(tree, 258);
	add_verity(fixture, 258);
	add_inode(tree, 259, S_IFIFO | 0600, 1, 0);
	write_trees(fixture);
	assert_int_equal(send_snapshot(fixture, 0, 3), 0);
	assert_string_equal(fixture->text, "SUBVOL s\n"
					   "CHMOD\n"
					   "MKFILE o257-1-0\n"
					   "CHMOD a\n"
					   "MKFILE o258-1-0\n"
					   "CHMOD b\n"
					   "ENABLE_VERITY b 2 4096 3:03 300:2d\n"
					   "SET_XATTR b\n"
					   "MKFIFO o259-1-0\n"
					   "CHMOD c\n"
					   "ENABLE_VERITY c 2 4096 3:03 300:2d\n"
					   "END\n");
	assert_int_equal(send_snapshot(fixture, 0, 2), 0);
	assert_null(strstr(fixture->text, "VERITY"));
}

/* Of a smaller descriptor the sizes count, not what the one before left behind it. */
static void test_second_descriptor(void **state)
{
	struct fixture *fixture = *state;
	struct verity_descriptor small;
	struct btrfs_verity_descriptor_item head;

	make_descriptor(fixture, SIGNATURE_SIZE);
	add_inode(&fixture->now, TOP, S_IFDIR | 0755, 1, 0);
	add_file(&fixture->now, 257);
	add_verity(fixture, 257);
	small = fixture->descriptor;
	head = fixture->head;
	put_le64(&head.size, sizeof(small.fixed));
	put_le32(&small.fixed.sig_size, 0);
	small.fixed.salt_size = 0;
	small.fixed.hash_algorithm = 1;
	small.fixed.log_blocksize = 10;
	add_file(&fixture->now, 258);
	add(&fixture->now, 258, BTRFS_VERITY_DESC_ITEM_KEY, 0, &head, sizeof(head));
	add(&fixture->now, 258, BTRFS_VERITY_DESC_ITEM_KEY, 1, &small, sizeof(small.fixed));
	write_trees(fixture);
	assert_int_equal(send_snapshot(fixture, 0, 3), 0);
	assert_non_null(strstr(fixture->text, "ENABLE_VERITY a 2 4096 3:03 300:2d\n"));
	assert_non_null(strstr(fixture->text, "ENABLE_VERITY b 1 1024 0:00 0:00\n"));
}

/*
 * 257 is another file with an old number, 258 had verity before, and its item differs: the kernel
 * looks at neither.
 * 259 gains it, and flags change with it.
 */
static void test_incremental_send(void **state)
{
	struct fixture *fixture = *state;
	struct btrfs_inode_item *gains;
	struct btrfs_verity_descriptor_item had;

	make_descriptor(fixture, 0);
	add_inode(&fixture->before, TOP, S_IFDIR | 0755, 1, 0);
	add_file(&fixture->before, 257);
	add_file(&fixture->before, 258);
	had = fixture->head;
	had.encryption = 1;
	add(&fixture->before, 258, BTRFS_VERITY_DESC_ITEM_KEY, 0, &had, sizeof(had));
	add(&fixture->before, 258, BTRFS_VERITY_DESC_ITEM_KEY, 1, &fixture->descriptor,
	    sizeof(fixture->descriptor.fixed));
	add_file(&fixture->before, 259);

	add_inode(&fixture->now, TOP, S_IFDIR | 0755, 1, 0);
	add_inode(&fixture->now, 257, S_IFREG | 0644, 2, 0);
	add_verity(fixture, 257);
	add_inode(&fixture->now, 258, S_IFREG | 0600, 1, 0);
	add_verity(fixture, 258);
	gains = &fixture->now.inodes[fixture->now.inode_count];
	add_file(&fixture->now, 259);
	put_le64(&gains->flags, 1);
	add_verity(fixture, 259);
	write_trees(fixture);
	assert_int_equal(send_snapshot(fixture, PARENT, 3), 0);
	assert_string_equal(fixture->text, "SNAPSHOT s\n"
					   "UNLINK a\n"
					   "MKFILE o257-2-0\n"
					   "CHMOD a\n"
					   "CHMOD b\n"
					   "FILEATTR c\n"
					   "ENABLE_VERITY c 2 4096 3:03 0:00\n"
					   "END\n");
}

/* The kernel would send memory that it never wrote. */
static void test_nothing_to_repeat(void **state)
{
	struct fixture *fixture = *state;

	make_descriptor(fixture, 0);
	put_le64(&fixture->head.size, 0);
	add_inode(&fixture->now, TOP, S_IFDIR | 0755, 1, 0);
	add_file(&fixture->now, 257);
	add_verity(fixture, 257);
	write_trees(fixture);
	assert_int_equal(send_snapshot(fixture, 0, 3), -EUCLEAN);
	assert_string_equal(volume_failure(fixture->volume)->text,
			    "inode 257: an item says that a file has fs-verity, but neither this "
			    "inode nor one before has a descriptor");
}

static void test_protocols(void **state)
{
	struct fixture *fixture = *state;

	add_inode(&fixture->now, TOP, S_IFDIR | 0755, 1, 0);
	write_trees(fixture);
	assert_int_equal(send_snapshot(fixture, 0, 3), 0);
	assert_int_equal(send_snapshot(fixture, 0, 4), -EPROTO);
	assert_string_equal(volume_failure(fixture->volume)->text, "protocol 4: expect 1 to 3");
	assert_int_equal(send_snapshot(fixture, 0, 0), -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_descriptor, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_hostile_sizes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_torn, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_full_send, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_second_descriptor, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_incremental_send, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_nothing_to_repeat, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_protocols, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One allocation of the engine fails, the first, the second, and so on through a whole send: each
 * time it ends with -ENOMEM and a message, or goes on without what it had no memory for; nothing is
 * lost, as AddressSanitizer would tell. The linker gives the engine's calls to the functions here
 * (-Wl,--wrap, see the Makefile).
 */
#include "engine/send/recorded_refs.h"
#include "engine/sendengine.h"
#include "engine/tree/btree.h"
#include "tests/unit/image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

enum { SNAPSHOT = BTRFS_FS_TREE_OBJECTID, ITEMS_MAX = 64, NAMES = 20, NEVER = 0 };

/* ---- memory that runs out ---- */

static unsigned long allocations, failing; /* the number of the one that fails, or NEVER */

static bool fails(void)
{
	return ++allocations == failing;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_reallocarray(void *old, size_t count, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_reallocarray(void *old, size_t count, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return fails() ? NULL : __real_realloc(old, size);
}

void *__wrap_reallocarray(void *old, size_t count, size_t size)
{
	return fails() ? NULL : __real_reallocarray(old, count, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
	return fails() ? NULL : __real_aligned_alloc(alignment, size);
}

/* ---- the image ---- */

/* Make the top-level subvolume read-only, and give it the name that a snapshot has. */
static void make_snapshot(const struct image *image)
{
	static struct btrfs_root_item root;
	static struct {
		struct btrfs_root_ref ref;
		char name[2];
	} name = {.name = "s"};
	const struct image_item backref = {SNAPSHOT, BTRFS_ROOT_BACKREF_KEY, SNAPSHOT, &name,
					   sizeof(name.ref) + 1};
	struct image_item items[ITEMS_MAX];
	const struct key first = {0};
	struct failure failure = {0};
	struct btree_path path = {0};
	struct volume *volume;
	struct root *tree;
	size_t count = 0;
	int ret;

	put_le16(&name.ref.name_len, 1);
	assert_int_equal(volume_open(image->path, NULL, &volume, &failure), 0);
	assert_int_equal(root_get(volume, BTRFS_ROOT_TREE_OBJECTID, &tree), 0);
	assert_int_equal(tree->level, 0);
	for (ret = btree_search_from(tree, &first, &path); ret == 0; ret = btree_next(&path)) {
		struct key key = btree_path_key(&path);
		bool is_snapshot = key.objectid == SNAPSHOT && key.type == BTRFS_ROOT_ITEM_KEY;

		assert_true(count + 1 < ITEMS_MAX);
		items[count++] = (struct image_item){key.objectid, key.type, key.offset,
						     is_snapshot ? &root : btree_path_data(&path),
						     btree_path_size(&path)};
		if (!is_snapshot)
			continue;
		memcpy(&root, btree_path_data(&path), sizeof(root));
		put_le64(&root.flags, BTRFS_ROOT_SUBVOL_RDONLY);
		items[count++] = backref;
	}
	image_write_leaf(image, tree->bytenr, items, count);
	btree_path_release(&path);
	volume_close(volume);
}

/* ---- the send ---- */

static int count_bytes(void *context, const void *data, size_t length)
{
	(void)data;
	*(uint64_t *)context += length;
	return 0;
}

static void ignore(void *context, const struct send_notice *notice)
{
	(void)context;
	(void)notice;
}

/* 0, or -ENOMEM with a message. */
static int send_all(const struct image *image, const struct send_request *request)
{
	struct failure failure = {0};
	struct send_summary summary;
	struct volume *volume;
	int ret = volume_open(image->path, NULL, &volume, &failure);

	if (ret == 0) {
		ret = send_run(volume, request, &summary);
		failure = *volume_failure(volume);
		volume_close(volume);
	}
	if (ret && (ret != -ENOMEM || failure.code != ret || !failure.text[0]))
		fail_msg("allocation %lu: status %d, failure %d '%s'", failing, ret, failure.code,
			 failure.text);
	return ret;
}

/* Let one allocation after another fail until none is left to fail. */
static void sweep(const struct image *image, enum generation_id generation, enum send_finder finder)
{
	uint64_t bytes = 0, all;
	const struct send_request request = {.root_id = SNAPSHOT,
					     .protocol = 1,
					     .generation = {.id = generation},
					     .finder = finder,
					     .sink = count_bytes,
					     .sink_context = &bytes,
					     .notify = ignore};
	unsigned long count, failed = 0;

	failing = NEVER;
	allocations = 0;
	assert_int_equal(send_all(image, &request), 0);
	count = allocations;
	all = bytes;
	for (unsigned long i = 1; i <= count; i++) {
		bytes = 0;
		allocations = 0;
		failing = i;
		if (send_all(image, &request))
			failed++;
		else
			assert_int_equal(bytes, all);
	}
	failing = NEVER;
	print_message("%lu allocations, %lu needed\n", count, failed);
	assert_true(failed > count / 2);
}

static void test_send(void **state)
{
	struct image image;
	char data[9000];

	(void)state;
	memset(data, 'x', sizeof(data));
	image_init(&image);
	image_add_file(&image, "a/b/small", data, 100);
	image_add_file(&image, "a/large", data, sizeof(data));
	image_make(&image, "-m single");
	make_snapshot(&image);
	sweep(&image, GENERATION_6_18, SEND_FINDER_FAITHFUL);
	sweep(&image, GENERATION_6_18, SEND_FINDER_INDEXED);
	sweep(&image, GENERATION_2012, SEND_FINDER_FAITHFUL);
	image_release(&image);
}

/* Names of one inode, of which many have an index: without memory for it, none. */
static void test_names(void **state)
{
	struct path_buf path;
	unsigned long count;

	(void)state;
	path_reset(&path);
	failing = NEVER;
	do {
		struct ref_list list = {0};

		failing++;
		allocations = 0;
		for (char name = 'a'; name < 'a' + NAMES; name++) {
			int ret = ref_list_add(&list, 256, 1, &name, 1, &path);

			assert_true(ret == 0 || ret == -ENOMEM);
			assert_int_equal(ref_list_find(&list, 256, 1, &name, 1) != NULL, !ret);
		}
		count = allocations;
		assert_in_range(list.count, NAMES - 1, NAMES);
		ref_list_clear(&list);
		assert_null(list.by_name);
	} while (failing <= count);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_send),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests_name("out of memory", tests, NULL, NULL);
}

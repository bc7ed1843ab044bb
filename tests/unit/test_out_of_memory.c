/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One allocation of the engine fails, the first, the second, and so on through a whole send: each
 * time it ends with -ENOMEM and a message, or goes on without what it had no memory for; nothing is
 * lost, as AddressSanitizer would tell. And so on for figures: none is wrong for want of memory.
 * The linker gives the program's calls to the functions here (-Wl,--wrap, see the Makefile).
 */
#include "engine/send/recorded_refs.h"
#include "engine/sendengine.h"
#include "engine/tree/btree.h"
#include "profiler/compare_observe.h"
#include "profiler/folded.h"
#include "profiler/trace_heavy.h"
#include "tests/unit/image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

enum {
	SNAPSHOT = BTRFS_FS_TREE_OBJECTID,
	ITEMS_MAX = 64,
	NAMES = 20,
	KEYS = 2000, /* so many that tables grow, more than once */
	COSTS = 600,
	NEVER = 0,
};

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

/* What the profiler keeps in tables goes on without what it had no memory for. */
static void test_tables(void **state)
{
	static struct trace_cost top[COSTS];
	unsigned long count = 1;

	(void)state;
	failing = NEVER;
	for (unsigned long number = 1; number <= count; number++) {
		struct folded *folded = folded_new();
		struct trace_heavy *heavy = trace_heavy_new(COSTS);
		uint64_t sum = 0;

		assert_true(folded && heavy);
		failing = number;
		allocations = 0;
		for (unsigned int i = 0; i < KEYS; i++) {
			char line[24];
			int ret;

			snprintf(line, sizeof(line), "a;b%u 1\n", i);
			ret = folded_add(folded, line);
			assert_true(ret == 0 || ret == -ENOMEM);
			trace_heavy_add(heavy, i % (COSTS + COSTS / 2), 1);
		}
		count = allocations;
		failing = NEVER;
		/* Each cost is that of one entry, or of who took its place. */
		for (size_t i = trace_heavy_top(heavy, top, COSTS); i-- > 0;)
			sum += top[i].time_ns;
		assert_int_equal(sum, KEYS);
		folded_free(folded);
		trace_heavy_free(heavy);
	}
}

static const struct compare_key *key_of_form(enum compare_form form)
{
	size_t i = 0;

	while (i < compare_key_count && compare_keys[i].form != form)
		i++;
	assert_true(i < compare_key_count);
	return &compare_keys[i];
}

/* What is observed of a result with three sends a side, at the first to the last failure. */
static void expect_figure(const json_t *json, enum compare_form form, enum side side, double expect)
{
	const struct compare_key *key = key_of_form(form);
	unsigned long count;

	failing = NEVER;
	do {
		struct failure failure = {0};
		const struct json_place top = json_top(json, &failure);
		struct observation seen;
		int ret;

		failing++;
		allocations = 0;
		ret = observe(&top, key, side, 0, &seen);
		count = allocations;
		assert_int_equal(ret, failing <= count ? -ENOMEM : 0);
		assert_int_equal(failure.code, ret);
		if (!ret)
			assert_true(seen.present && seen.value == expect);
		free(seen.samples);
		free(seen.divisors);
	} while (failing <= count);
	assert_true(count > 0);
}

static void test_observed_figures(void **state)
{
	static const char text[] =
		"{\"sides\":{\"kernel\":{\"samples\":[{\"repeat\":1,\"duration_ns\":90},"
		"{\"repeat\":2,\"duration_ns\":60},{\"repeat\":3,\"duration_ns\":80}]},"
		"\"engine\":{\"samples\":[{\"repeat\":1,\"duration_ns\":20},"
		"{\"repeat\":2,\"duration_ns\":10},{\"repeat\":3,\"duration_ns\":70}]}}}";
	json_t *json;

	(void)state;
	failing = NEVER;
	json = json_loads(text, 0, NULL);
	assert_non_null(json);
	expect_figure(json, FORM_SAMPLES, SIDE_KERNEL, 80);
	expect_figure(json, FORM_RATIO, SIDE_COUNT, 4);
	failing = NEVER;
	json_decref(json);
}

/* There is nobody to be told, so they need none. */
static void test_medians(void **state)
{
	static struct run_sample samples[] = {
		{.duration_ns = 50, .repeat = 1},
		{.duration_ns = UINT64_MAX, .repeat = 2},
		{.duration_ns = 0, .repeat = 3},
		{.duration_ns = 53, .repeat = 4},
	};
	static struct result result;

	(void)state;
	result.sides[SIDE_ENGINE].samples = samples;
	result.sides[SIDE_ENGINE].sample_count = sizeof(samples) / sizeof(samples[0]);
	failing = 1;
	allocations = 0;
	assert_int_equal(result_median_ns(&result, SIDE_ENGINE), 51);
	failing = NEVER;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_send),	cmocka_unit_test(test_names),
		cmocka_unit_test(test_tables),	cmocka_unit_test(test_observed_figures),
		cmocka_unit_test(test_medians),
	};

	return cmocka_run_group_tests_name("out of memory", tests, NULL, NULL);
}

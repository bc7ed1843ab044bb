/* SPDX-License-Identifier: GPL-2.0 */
/* The aligner against a table of all common subsequences, and the differ on small and large
 * streams. */
#include "tests/unit/stream_builder.h"

#include "profiler/stream_align.h"
#include "profiler/stream_diff.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

static uint64_t random_state;

/* xorshift64*, so that every run sees the same sequences. */
static uint32_t random_below(uint32_t limit)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (uint32_t)((random_state * UINT64_C(0x2545f4914f6cdd1d)) >> 32) % limit;
}

/* ---- the aligner ---- */

struct sequences {
	uint64_t *left;
	uint64_t *right;
	uint32_t left_count;
	uint32_t right_count;
};

static void sequences_init(struct sequences *sequences, uint32_t left_count, uint32_t right_count)
{
	sequences->left = malloc((left_count + 1) * sizeof(uint64_t));
	sequences->right = malloc((right_count + 1) * sizeof(uint64_t));
	sequences->left_count = left_count;
	sequences->right_count = right_count;
}

static void sequences_release(struct sequences *sequences)
{
	free(sequences->left);
	free(sequences->right);
}

/* Align, check that partners are equal and rise, and return how many there are. */
static uint32_t aligned(const struct sequences *sequences)
{
	struct aligner *aligner = aligner_new();
	struct align_range all = {
		.left_end = sequences->left_count,
		.right_end = sequences->right_count,
	};
	uint32_t *partner = malloc((sequences->left_count + 1) * sizeof(*partner));
	uint32_t pairs = 0, next = 0;

	for (uint32_t i = 0; i < sequences->left_count; i++)
		partner[i] = ALIGN_NONE;
	assert_non_null(aligner);
	assert_int_equal(align_range(aligner, sequences->left, sequences->right, all, partner), 0);
	for (uint32_t i = 0; i < sequences->left_count; i++) {
		if (partner[i] == ALIGN_NONE)
			continue;
		assert_in_range(partner[i], next, sequences->right_count - 1);
		assert_int_equal(sequences->left[i], sequences->right[partner[i]]);
		next = partner[i] + 1;
		pairs++;
	}
	free(partner);
	aligner_free(aligner);
	return pairs;
}

/* The length of a longest common subsequence, from the whole table. */
static uint32_t longest_common(const struct sequences *sequences)
{
	uint32_t width = sequences->right_count + 1;
	uint32_t *row = calloc(2 * width, sizeof(*row));
	uint32_t longest;

	for (uint32_t i = 1; i <= sequences->left_count; i++) {
		uint32_t *now = row + i % 2 * width, *above = row + (i + 1) % 2 * width;

		now[0] = 0;
		for (uint32_t j = 1; j <= sequences->right_count; j++) {
			if (sequences->left[i - 1] == sequences->right[j - 1])
				now[j] = above[j - 1] + 1;
			else
				now[j] = now[j - 1] > above[j] ? now[j - 1] : above[j];
		}
	}
	longest = row[sequences->left_count % 2 * width + sequences->right_count];
	free(row);
	return longest;
}

/* Below the bound on edits the alignment is a longest one, whatever the alphabet. */
static void test_align_is_optimal(void **state)
{
	static const uint32_t alphabets[] = {1, 2, 3, 10, 1000};

	(void)state;
	random_state = 1;
	for (unsigned int round = 0; round < 3000; round++) {
		struct sequences sequences;
		uint32_t alphabet = alphabets[round % 5];

		sequences_init(&sequences, random_below(60), random_below(60));
		for (uint32_t i = 0; i < sequences.left_count; i++)
			sequences.left[i] = random_below(alphabet);
		for (uint32_t i = 0; i < sequences.right_count; i++)
			sequences.right[i] = random_below(alphabet);
		assert_int_equal(aligned(&sequences), longest_common(&sequences));
		sequences_release(&sequences);
	}
}

/* Edited copies, as streams are: up to 400 edits in 1500 elements. */
static void test_align_edited_copy(void **state)
{
	(void)state;
	random_state = 2;
	for (unsigned int round = 0; round < 40; round++) {
		struct sequences sequences;
		uint32_t one_in = 4 + random_below(100), count = 0;

		sequences_init(&sequences, 1500, 3000);
		for (uint32_t i = 0; i < sequences.left_count; i++) {
			sequences.left[i] = random_below(300);
			if (random_below(one_in) == 0)
				sequences.right[count++] = random_below(300);
			if (random_below(one_in))
				sequences.right[count++] = sequences.left[i];
		}
		sequences.right_count = count;
		assert_int_equal(aligned(&sequences), longest_common(&sequences));
		sequences_release(&sequences);
	}
}

/*
 * Beyond the bound: unique elements of which every third is replaced. The anchors find what is
 * common exactly.
 */
static void test_align_by_anchors(void **state)
{
	struct sequences sequences;
	uint32_t common = 0;

	(void)state;
	random_state = 3;
	sequences_init(&sequences, 200000, 200000);
	for (uint32_t i = 0; i < sequences.left_count; i++) {
		bool replaced = random_below(3) == 0;

		sequences.left[i] = i;
		sequences.right[i] = replaced ? 1000000 + i : i;
		common += !replaced;
	}
	assert_int_equal(aligned(&sequences), common);
	/* Blocks of 1000 moved elsewhere: anchors that cross are left out. */
	for (uint32_t i = 0; i < sequences.right_count; i++)
		sequences.right[i] = (i / 1000 * 7 % 200) * 1000 + i % 1000;
	assert_true(aligned(&sequences) >= 1000);
	sequences_release(&sequences);
}

/* Beyond the bound and without anchors: bounded time, and still something sensible. */
static void test_align_without_anchors(void **state)
{
	struct sequences sequences;
	uint32_t pairs;
	clock_t began = clock();

	(void)state;
	random_state = 4;
	sequences_init(&sequences, 150000, 150000);
	for (uint32_t i = 0; i < sequences.left_count; i++) {
		sequences.left[i] = random_below(50);
		sequences.right[i] = random_below(50);
	}
	pairs = aligned(&sequences);
	assert_true(pairs > sequences.left_count / 10);
	/* Nothing in common at all, and nothing unique. */
	for (uint32_t i = 0; i < sequences.right_count; i++)
		sequences.right[i] += 50;
	assert_int_equal(aligned(&sequences), 0);
	sequences_release(&sequences);
	assert_true((double)(clock() - began) / CLOCKS_PER_SEC < 60);
}

/* ---- the differ ---- */

struct pair {
	struct stream_builder left;
	struct stream_builder right;
	struct stream_diff diff;
};

/* Two streams that are open at their end. */
static void pair_begin(struct pair *pair)
{
	pair->diff = (struct stream_diff){0};
	builder_begin(&pair->left, 1);
	builder_begin(&pair->right, 1);
	add_header(&pair->left);
	add_header(&pair->right);
	add_subvol(&pair->left, "s");
	add_subvol(&pair->right, "s");
}

static void pair_compare(struct pair *pair, size_t context, uint64_t ignored)
{
	const struct stream_diff_options options = {
		.context = context,
		.ignored = ignored,
		.data_bytes = 16,
	};
	struct stream_file left, right;

	add_end(&pair->left);
	add_end(&pair->right);
	stream_file_open_memory(&left, "left", pair->left.bytes, pair->left.length);
	stream_file_open_memory(&right, "right", pair->right.bytes, pair->right.length);
	assert_int_equal(stream_diff_run(&left, &right, &options, &pair->diff), 0);
	assert_int_equal(left.failure.code, 0);
	assert_int_equal(right.failure.code, 0);
	stream_file_close(&left);
	stream_file_close(&right);
}

static void pair_release(struct pair *pair)
{
	stream_diff_release(&pair->diff);
	builder_release(&pair->left);
	builder_release(&pair->right);
}

static void expect_total(const struct pair *pair, uint64_t identical, uint64_t changed,
			 uint64_t only_left, uint64_t only_right)
{
	const struct stream_diff_counts *total = &pair->diff.total;

	assert_int_equal(total->identical, identical);
	assert_int_equal(total->changed, changed);
	assert_int_equal(total->only_left, only_left);
	assert_int_equal(total->only_right, only_right);
	assert_int_equal(pair->diff.different, changed || only_left || only_right);
}

static void add_to_both(struct pair *pair, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		char path[16];

		snprintf(path, sizeof(path), "f%u", i);
		add_chmod(&pair->left, path, 0644);
		add_chmod(&pair->right, path, 0644);
	}
}

static void test_equal(void **state)
{
	struct pair pair;

	(void)state;
	pair_begin(&pair);
	add_to_both(&pair, 10);
	pair_compare(&pair, 3, 0);
	expect_total(&pair, 12, 0, 0, 0);
	assert_int_equal(pair.diff.row_count, 0);
	pair_release(&pair);
}

static void test_inserted(void **state)
{
	struct pair pair;
	uint64_t at;

	(void)state;
	pair_begin(&pair);
	add_to_both(&pair, 10);
	at = pair.right.length;
	add_simple(&pair.right, STREAM_C_UNLINK, "new");
	add_to_both(&pair, 10);
	pair_compare(&pair, 2, 0);
	expect_total(&pair, 22, 0, 0, 1);
	assert_int_equal(pair.diff.kinds[STREAM_C_UNLINK].only_right, 1);
	assert_int_equal(pair.diff.kinds[STREAM_C_CHMOD].identical, 20);
	assert_int_equal(pair.diff.first_command, 11);
	assert_int_equal(pair.diff.left_offset, at);
	assert_int_equal(pair.diff.right_offset, at);
	/* Two before, the divergence, four after. */
	assert_int_equal(pair.diff.row_count, 7);
	assert_int_equal(pair.diff.first_row, 2);
	assert_string_equal(pair.diff.rows[1].left_text,
			    "CHMOD          path=f9                                   mode=0644");
	assert_int_equal(pair.diff.rows[2].state, STREAM_DIFF_ONLY_RIGHT);
	assert_null(pair.diff.rows[2].left_text);
	assert_string_equal(pair.diff.rows[2].right_text, "UNLINK         path=new");
	assert_int_equal(pair.diff.rows[3].state, STREAM_DIFF_SAME);
	assert_int_equal(pair.diff.rows[3].right.offset - pair.diff.rows[3].left.offset,
			 pair.right.length - pair.left.length);
	pair_release(&pair);
}

static void test_deleted(void **state)
{
	struct pair pair;

	(void)state;
	pair_begin(&pair);
	add_simple(&pair.left, STREAM_C_UNLINK, "old");
	add_to_both(&pair, 3);
	pair_compare(&pair, 3, 0);
	expect_total(&pair, 5, 0, 1, 0);
	assert_int_equal(pair.diff.rows[pair.diff.first_row].state, STREAM_DIFF_ONLY_LEFT);
	assert_null(pair.diff.rows[pair.diff.first_row].right_text);
	pair_release(&pair);
}

static void test_changed_attribute(void **state)
{
	struct pair pair;

	(void)state;
	pair_begin(&pair);
	add_to_both(&pair, 5);
	add_chmod(&pair.left, "x", 0600);
	add_chmod(&pair.right, "x", 0640);
	add_write(&pair.left, "x", 0, "some data", 9);
	add_write(&pair.right, "x", 0, "some dots", 9);
	add_to_both(&pair, 5);
	pair_compare(&pair, 0, 0);
	expect_total(&pair, 12, 2, 0, 0);
	assert_int_equal(pair.diff.attributes[STREAM_A_MODE], 1);
	assert_int_equal(pair.diff.attributes[STREAM_A_DATA], 1);
	assert_int_equal(pair.diff.attributes[STREAM_A_PATH], 0);
	assert_int_equal(pair.diff.row_count, 1);
	assert_int_equal(pair.diff.rows[0].state, STREAM_DIFF_CHANGED);
	assert_int_equal(pair.diff.rows[0].attributes, UINT64_C(1) << STREAM_A_MODE);
	pair_release(&pair);
}

static void test_first_byte_of_data(void **state)
{
	struct pair pair;

	(void)state;
	pair_begin(&pair);
	add_write(&pair.left, "x", 0, "some data", 9);
	add_write(&pair.right, "x", 0, "some dots", 9);
	pair_compare(&pair, 3, 0);
	assert_int_equal(pair.diff.rows[pair.diff.first_row].data_difference, 6);
	pair_release(&pair);
}

/* A write that is missing must not shift the partners of those behind it. */
static void test_pairs_by_place(void **state)
{
	struct pair pair;

	(void)state;
	pair_begin(&pair);
	add_write(&pair.left, "f", 0, "a", 1);
	add_write(&pair.left, "f", 4096, "b", 1);
	add_write(&pair.left, "f", 8192, "c", 1);
	add_write(&pair.right, "f", 4096, "B", 1);
	add_write(&pair.right, "f", 8192, "C", 1);
	pair_compare(&pair, 3, 0);
	expect_total(&pair, 2, 2, 1, 0);
	assert_int_equal(pair.diff.attributes[STREAM_A_DATA], 2);
	assert_int_equal(pair.diff.attributes[STREAM_A_FILE_OFFSET], 0);
	pair_release(&pair);
}

static void test_other_kind_or_path_is_no_change(void **state)
{
	struct pair pair;

	(void)state;
	pair_begin(&pair);
	add_simple(&pair.left, STREAM_C_UNLINK, "x");
	add_simple(&pair.right, STREAM_C_RMDIR, "x");
	add_chmod(&pair.left, "a", 0600);
	add_chmod(&pair.right, "b", 0600);
	pair_compare(&pair, 3, 0);
	expect_total(&pair, 2, 0, 2, 2);
	pair_release(&pair);
}

static void test_reordered(void **state)
{
	struct pair pair;

	(void)state;
	pair_begin(&pair);
	add_simple(&pair.left, STREAM_C_UNLINK, "a");
	add_simple(&pair.left, STREAM_C_UNLINK, "b");
	add_simple(&pair.right, STREAM_C_UNLINK, "b");
	add_simple(&pair.right, STREAM_C_UNLINK, "a");
	add_to_both(&pair, 2);
	pair_compare(&pair, 3, 0);
	expect_total(&pair, 5, 0, 1, 1);
	pair_release(&pair);
}

static void test_ignored_attributes(void **state)
{
	struct pair pair;

	(void)state;
	pair_begin(&pair);
	add_chmod(&pair.left, "a", 0600);
	add_chmod(&pair.right, "a", 0640);
	pair_compare(&pair, 3, UINT64_C(1) << STREAM_A_MODE);
	expect_total(&pair, 3, 0, 0, 0);
	pair_release(&pair);

	pair_begin(&pair);
	add_write(&pair.left, "a", 1, "x", 1);
	add_write(&pair.right, "a", 2, "y", 1);
	pair_compare(&pair, 3, UINT64_C(1) << STREAM_A_FILE_OFFSET);
	expect_total(&pair, 2, 1, 0, 0);
	assert_int_equal(pair.diff.rows[pair.diff.first_row].attributes, UINT64_C(1)
										 << STREAM_A_DATA);
	pair_release(&pair);
}

/* The same commands in two encodings differ in the header only. */
static void test_protocols(void **state)
{
	const struct stream_diff_options options = {.context = 3, .data_bytes = 16};
	struct stream_diff_options ignoring = options;
	struct stream_builder builders[2];
	struct stream_file left, right;
	struct stream_diff diff;

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		builder_begin(&builders[i], i + 1);
		add_header(&builders[i]);
		add_subvol(&builders[i], "s");
		add_write(&builders[i], "f", 0, "data", 4);
		add_end(&builders[i]);
	}
	stream_file_open_memory(&left, "1", builders[0].bytes, builders[0].length);
	stream_file_open_memory(&right, "2", builders[1].bytes, builders[1].length);
	assert_int_equal(stream_diff_run(&left, &right, &options, &diff), 0);
	assert_true(diff.different);
	assert_int_equal(diff.total.identical, 3);
	assert_int_equal(diff.total.changed, 1);
	assert_int_equal(diff.kinds[0].changed, 1);
	assert_string_equal(diff.rows[0].right_text, "STREAM         protocol=2");
	stream_diff_release(&diff);

	ignoring.ignored = 1;
	stream_file_open_memory(&left, "1", builders[0].bytes, builders[0].length);
	stream_file_open_memory(&right, "2", builders[1].bytes, builders[1].length);
	assert_int_equal(stream_diff_run(&left, &right, &ignoring, &diff), 0);
	assert_false(diff.different);
	stream_diff_release(&diff);
	builder_release(&builders[0]);
	builder_release(&builders[1]);
}

/* Cut anywhere: the comparison covers what is whole, and the cut side says so. */
static void test_cut_side(void **state)
{
	const struct stream_diff_options options = {.context = 3, .data_bytes = 16};
	struct pair pair;

	(void)state;
	pair_begin(&pair);
	add_to_both(&pair, 3);
	add_end(&pair.left);
	for (size_t cut = 0; cut < pair.left.length; cut++) {
		struct stream_file left, right;
		struct stream_diff diff;

		stream_file_open_memory(&left, "left", pair.left.bytes, pair.left.length);
		stream_file_open_memory(&right, "right", pair.left.bytes, cut);
		assert_int_equal(stream_diff_run(&left, &right, &options, &diff), 0);
		assert_int_equal(left.failure.code, 0);
		assert_int_equal(right.failure.code, -ENODATA);
		assert_true(diff.different);
		assert_int_equal(diff.total.changed + diff.total.only_right, 0);
		assert_int_equal(diff.left_offset, diff.right_offset);
		stream_diff_release(&diff);
	}
	pair_release(&pair);
}

static void test_all_different(void **state)
{
	struct pair pair;

	(void)state;
	pair_begin(&pair);
	for (unsigned int i = 0; i < 20000; i++) {
		char path[16];

		snprintf(path, sizeof(path), "l%u", i);
		add_chmod(&pair.left, path, 0644);
		path[0] = 'r';
		add_chmod(&pair.right, path, 0644);
	}
	pair_compare(&pair, 3, 0);
	expect_total(&pair, 2, 0, 20000, 20000);
	assert_int_equal(pair.diff.row_count, 2 + 7);
	pair_release(&pair);
}

/* Random edits with known counts, more than the bound of the shortest edit script. */
static void test_large(void **state)
{
	struct pair pair;
	uint64_t counts[4] = {0};

	(void)state;
	random_state = 5;
	pair_begin(&pair);
	for (unsigned int i = 0; i < 100000; i++) {
		unsigned int edit = random_below(20);
		char path[16];

		snprintf(path, sizeof(path), "f%u", i);
		if (edit != 3)
			add_chmod(&pair.left, path, 0644);
		if (edit != 2)
			add_chmod(&pair.right, path, edit == 1 ? 0600 : 0644);
		counts[edit < 4 ? edit : 0]++;
	}
	pair_compare(&pair, 3, 0);
	expect_total(&pair, counts[0] + 2, counts[1], counts[2], counts[3]);
	assert_int_equal(pair.diff.attributes[STREAM_A_MODE], counts[1]);
	pair_release(&pair);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_align_is_optimal),
		cmocka_unit_test(test_align_edited_copy),
		cmocka_unit_test(test_align_by_anchors),
		cmocka_unit_test(test_align_without_anchors),
		cmocka_unit_test(test_equal),
		cmocka_unit_test(test_inserted),
		cmocka_unit_test(test_deleted),
		cmocka_unit_test(test_changed_attribute),
		cmocka_unit_test(test_first_byte_of_data),
		cmocka_unit_test(test_pairs_by_place),
		cmocka_unit_test(test_other_kind_or_path_is_no_change),
		cmocka_unit_test(test_reordered),
		cmocka_unit_test(test_ignored_attributes),
		cmocka_unit_test(test_protocols),
		cmocka_unit_test(test_cut_side),
		cmocka_unit_test(test_all_different),
		cmocka_unit_test(test_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

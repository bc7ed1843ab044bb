/* SPDX-License-Identifier: GPL-2.0 */
/* The account of data that was written: its classes, its sums, the files that lost most. */
#include "engine/send/clone_loss.h"
#include "engine/send/clone_sharing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include <stdbool.h>

static void test_rows(void **state)
{
	(void)state;
	for (int i = 0; i < CLONE_LOSS_COUNT; i++) {
		const struct clone_loss_row *row = &clone_losses[i];

		assert_true(*row->name && *row->what);
		assert_int_equal(strspn(row->name, "abcdefghijklmnopqrstuvwxyz_"),
				 strlen(row->name));
		assert_in_range(row->group, 0, CLONE_LOSS_GROUP_COUNT - 1);
		/* Sentences are put together with others. */
		assert_false(row->what[strlen(row->what) - 1] == '.');
		for (int j = 0; j < i; j++) {
			assert_string_not_equal(row->name, clone_losses[j].name);
			assert_string_not_equal(row->what, clone_losses[j].what);
		}
	}
	assert_string_equal(clone_losses[CLONE_LOSS_OVER_LIMIT].name, "over_limit");
	assert_int_equal(clone_losses[CLONE_LOSS_UNSHARED].group, CLONE_LOSS_GROUP_NONE);
	assert_int_equal(clone_losses[CLONE_LOSS_FIRST_COPY].group, CLONE_LOSS_GROUP_FIRST);
	assert_int_equal(clone_losses[CLONE_LOSS_MOVED].group, CLONE_LOSS_GROUP_LOST);
}

static void test_sums(void **state)
{
	uint64_t bytes[CLONE_LOSS_COUNT] = {0};

	(void)state;
	assert_int_equal(clone_loss_sum(bytes), 0);
	bytes[CLONE_LOSS_UNSHARED] = 1;
	bytes[CLONE_LOSS_HOLE] = 2;
	bytes[CLONE_LOSS_FIRST_COPY] = 4;
	bytes[CLONE_LOSS_OVER_LIMIT] = 8;
	bytes[CLONE_LOSS_MOVED] = 1ull << 40;
	assert_int_equal(clone_loss_sum(bytes), 15 + (1ull << 40));
	assert_int_equal(clone_loss_group_sum(bytes, CLONE_LOSS_GROUP_NONE), 3);
	assert_int_equal(clone_loss_group_sum(bytes, CLONE_LOSS_GROUP_FIRST), 4);
	assert_int_equal(clone_loss_group_sum(bytes, CLONE_LOSS_GROUP_LOST), 8 + (1ull << 40));
}

/* Of several who have a byte the first kind is the reason; where none has it, it is our own. */
static void test_reasons(void **state)
{
	static const enum clone_loss losses[SHARING_KINDS] = {
		CLONE_LOSS_MOVED,
		CLONE_LOSS_OVER_LIMIT,
		CLONE_LOSS_UNALIGNED_END, /* what is asked for */
		CLONE_LOSS_SAME_FILE,
		CLONE_LOSS_LATER_PART,
		CLONE_LOSS_METADATA_OVER_LIMIT,
		CLONE_LOSS_NO_CLONE_SOURCE,
		CLONE_LOSS_FIRST_COPY,
	};
	struct clone_sharing sharing = {0};
	uint64_t bytes = 100;

	(void)state;
	assert_int_equal(clone_sharing_loss(&sharing, 4096, &bytes, CLONE_LOSS_UNALIGNED_END,
					    CLONE_LOSS_UNSHARED),
			 CLONE_LOSS_UNSHARED);
	assert_int_equal(bytes, 100);
	for (int kind = SHARING_KINDS - 1; kind >= 0; kind--) {
		clone_sharing_add(&sharing, kind, 4096, 8192);
		assert_int_equal(clone_sharing_loss(&sharing, 4096, &bytes,
						    CLONE_LOSS_UNALIGNED_END, CLONE_LOSS_UNSHARED),
				 losses[kind]);
	}
	assert_int_equal(bytes, 100);
	assert_int_equal(clone_sharing_loss(&sharing, 8192, &bytes, CLONE_LOSS_UNALIGNED_END,
					    CLONE_LOSS_UNSHARED),
			 CLONE_LOSS_OWN_PART);
	assert_int_equal(clone_sharing_loss(&sharing, 8192, &bytes, CLONE_LOSS_UNALIGNED_END,
					    CLONE_LOSS_HOLE),
			 CLONE_LOSS_HOLE);
}

/* A range is taken apart where the reason changes, to its very end. */
static void test_pieces(void **state)
{
	static const struct {
		uint64_t bytes;
		enum clone_loss loss;
	} pieces[] = {
		{10, CLONE_LOSS_SOURCE_EOF}, /* usable */
		{10, CLONE_LOSS_FIRST_COPY}, {10, CLONE_LOSS_LATER_PART},
		{10, CLONE_LOSS_LATER_PART}, {10, CLONE_LOSS_OWN_PART},
	};
	struct clone_sharing sharing = {0};
	uint64_t start = UINT64_MAX - 50, position = start;

	(void)state;
	clone_sharing_add(&sharing, SHARING_LATER, start + 5, start + 30);
	clone_sharing_add(&sharing, SHARING_LATER, start, start + 20);
	clone_sharing_add(&sharing, SHARING_LATER_PART, start + 30, start + 40);
	clone_sharing_add(&sharing, SHARING_LATER_PART, start + 20, start + 21);
	clone_sharing_add(&sharing, SHARING_USABLE, start, start + 10);
	/* Nothing. */
	clone_sharing_add(&sharing, SHARING_UNKNOWN, start + 10, start + 10);
	clone_sharing_add(&sharing, SHARING_UNKNOWN, start + 10, start + 5);
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		uint64_t bytes = start + 50 - position;

		assert_int_equal(clone_sharing_loss(&sharing, position, &bytes,
						    CLONE_LOSS_SOURCE_EOF, CLONE_LOSS_UNSHARED),
				 pieces[i].loss);
		assert_int_equal(bytes, pieces[i].bytes);
		position += bytes;
	}
	assert_true(position == start + 50);
}

static void test_account(void **state)
{
	struct clone_loss_account account = {0};
	struct clone_loss_counters counters;

	(void)state;
	clone_loss_get(&account, &counters);
	assert_int_equal(counters.file_count, 0);
	assert_int_equal(clone_loss_sum(counters.bytes), 0);

	clone_loss_add(&account, 257, CLONE_LOSS_UNSHARED, 100);
	clone_loss_add(&account, 258, CLONE_LOSS_FIRST_COPY, 1000);
	clone_loss_add(&account, 258, CLONE_LOSS_OVER_LIMIT, 10);
	clone_loss_add(&account, 259, CLONE_LOSS_SOURCE_EOF, 7);
	clone_loss_add(&account, 259, CLONE_LOSS_UNSHARED, 5);
	clone_loss_add(&account, 259, CLONE_LOSS_SOURCE_EOF, 8);
	/* The last file counts, and is not ranked twice when more of it comes. */
	clone_loss_get(&account, &counters);
	assert_int_equal(counters.file_count, 2);
	clone_loss_add(&account, 259, CLONE_LOSS_SOURCE_EOF, 5);
	clone_loss_get(&account, &counters);
	assert_int_equal(counters.file_count, 2);
	assert_int_equal(counters.files[0].ino, 259);
	assert_int_equal(counters.files[0].bytes[CLONE_LOSS_SOURCE_EOF], 20);
	assert_int_equal(counters.files[0].bytes[CLONE_LOSS_UNSHARED], 5);
	assert_int_equal(counters.files[1].ino, 258);
	assert_int_equal(counters.files[1].bytes[CLONE_LOSS_OVER_LIMIT], 10);
	assert_int_equal(counters.bytes[CLONE_LOSS_UNSHARED], 105);
	assert_int_equal(counters.bytes[CLONE_LOSS_FIRST_COPY], 1000);
	assert_int_equal(counters.bytes[CLONE_LOSS_SOURCE_EOF], 20);
	assert_int_equal(clone_loss_sum(counters.bytes), 1135);
}

static uint64_t lost(const struct clone_loss_file *file)
{
	return clone_loss_group_sum(file->bytes, CLONE_LOSS_GROUP_LOST);
}

/* More files than are kept, in several orders: those that lost most stay, of equals the first. */
static void test_ranks(void **state)
{
	enum { FILES = 101 };

	(void)state;
	for (unsigned int step = 1; step < FILES; step += 7) {
		struct clone_loss_account account = {0};
		struct clone_loss_counters counters;
		uint64_t bytes[FILES];

		for (unsigned int i = 0; i < FILES; i++) {
			bytes[i] = i * step % FILES / 2;
			clone_loss_add(&account, 1000 + i, CLONE_LOSS_UNALIGNED_END, bytes[i]);
		}
		clone_loss_get(&account, &counters);
		assert_int_equal(counters.file_count, CLONE_LOSS_FILES);
		for (unsigned int i = 0; i < CLONE_LOSS_FILES; i++) {
			const struct clone_loss_file *file = &counters.files[i];

			/* Two files of each size; 50 of one alone, since 101 is odd. */
			assert_int_equal(lost(file), bytes[file->ino - 1000]);
			assert_int_equal(lost(file), (FILES - 1 - i) / 2);
			if (i > 0 && lost(file) == lost(file - 1))
				assert_true(file->ino > file[-1].ino);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),	cmocka_unit_test(test_sums),
		cmocka_unit_test(test_reasons), cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_account), cmocka_unit_test(test_ranks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

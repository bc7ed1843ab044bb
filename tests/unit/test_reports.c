/* SPDX-License-Identifier: GPL-2.0 */
/* What a report says of the streams, of what explains their difference, and of lost data. */
#include "tests/unit/report_check.h"

static void test_text_of_equal_streams(void **state)
{
	static const char *const wanted[] = {
		"\n  Snapshot      /mnt/child (id 261, transid 38)\n",
		"\n  Parent        /mnt/base (id 258, transid 21)\n",
		"\n  Clone source  /mnt/other (id 259, transid 27)\n",
		"\n  Send          incremental, protocol 1, engine as kernel 6.18\n",
		"\n  Filesystem    /mnt on /dev/loop3\n",
		"\n  Method        pipe tier, warm caches, 3 repeats after a warm-up\n",
		"\n  Run again     1 pair of sends, because a commit came in between\n",
		/* The warm-up and the discarded pair count nowhere. */
		"\n  kernel  960 ms   900 ms   990 ms      960 µs  480 ms  5.31 MiB/s       1,285\n",
		"\n  engine  320 ms   300 ms   330 ms      320 µs  160 ms  15.9 MiB/s       3,856\n",
		"\n  engine 3.00× faster\n",
		/* What is not known of the kernel's memory is no figure. */
		"\nResources\n             User   System  Faults  Major  From device  Peak memory\n"
		"  kernel   120 ms   240 ms     702      2     8.00 KiB            –\n"
		"  engine  40.0 ms  80.0 ms     702      2     8.00 KiB     50.0 MiB\n",
		"\n  names of inodes    engine    2,000  1,500  75.0%     500      244        0\n",
		"\n  roots of leaves    engine        0      0      –       0        0        0\n",
		"\n  a clone source was found            engine    200  50.0%\n",
		"\n  kernel cache hits  the pipe hides them\n",
		"\n  Batched, so not timed, over all repeats: 308 of the kernel's commands (19.9%),\n"
		"  308 of the engine's commands (19.9%).\n",
	};
	char *text;

	(void)state;
	setenv("LC_ALL", "C.UTF-8", 1);
	sample_equal(&sample);
	text = render_text(false, 80);
	expect_first_line(text, "IDENTICAL  1,234 commands, 5.09 MiB, byte for byte");
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		expect_in(text, wanted[i]);
	expect_not_in(text, "First divergence");
	expect_not_in(text, "\033");
	free(text);
}

/* The kind that took the most time stands first, kernel above engine. */
static void test_latency_rows(void **state)
{
	char *text, *write, *utimes;

	(void)state;
	sample_equal(&sample);
	text = render_text(false, 120);
	write = strstr(text, "\n  WRITE      kernel    120  80.1%");
	utimes = strstr(text, "\n  UTIMES     kernel    600  80.0%");
	assert_non_null(write);
	assert_non_null(utimes);
	assert_true(write < utimes);
	expect_in(write, "\n             engine    120  80.1%");
	/* p50 and the largest are those of the buckets and the samples. */
	expect_in(write, "   900 µs  ");
	free(text);
}

static void test_text_of_different_streams(void **state)
{
	static const char *const wanted[] = {
		"\n  Where       command 1,001, offset 0x9f3c (40,764)\n",
		"\n  Attributes  file_offset\n",
		"\n  Aligned     1,231 identical, 2 changed, 1 only in the kernel's, 0 only in the\n",
		"\n    MKFILE path=a ino=257\n  - WRITE path=a file_offset=0\n"
		"  + WRITE path=a file_offset=4096\n  - CHMOD path=a mode=0644\n"
		"  - the kernel's, + the engine's\n",
		"\n  Kernel's stream  1,234 commands, 5.09 MiB\n",
		NULL,
	};
	char *text;

	(void)state;
	sample_different(&sample);
	text = render_text(false, 80);
	expect_first_line(text, "DIFFERENT  first at command 1,001 (offset 0x9f3c)");
	expect_all_in(text, wanted);
	free(text);

	/* What is the same is cut, what differs is not; columns become words. */
	sample.divergence.kernel_context[0] = sample.divergence.engine_context[0] =
		"WRITE      path=a  data=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
	sample.divergence.kernel_context[1] =
		"WRITE      path=a  data=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
	text = render_text(false, 40);
	expect_in(text, "\n    WRITE path=a data=aaaaaaaaaaaaaaaaa…\n"
			"  - WRITE path=a\n    data=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n    aaaaa\n");
	free(text);
}

static void test_text_of_an_explanation(void **state)
{
	static const char *const wanted[] = {
		"\nWhat explains it\n  This kernel          behaves as 6.18 but without "
		"CLONE_UNALIGNED_EOF\n"
		"  CLONE_UNALIGNED_EOF  the engine was asked with it, the kernel lacks it: an ",
		"\n  Equal as a whole     6.6\n",
		"\n  Tried                19 sends of the engine in 84.0 ms\n",
		NULL,
	};
	char *text;

	(void)state;
	sample_explained(&sample);
	text = render_text(false, 100);
	expect_first_line(text, "DIFFERENT  first at command 1,001 (offset 0x9f3c): this kernel "
				"behaves as 6.18 but without");
	expect_all_in(text, wanted);
	expect_not_in(text, "In part");
	free(text);

	/* With an engine that was asked without the row. */
	sample.turned = sample.attribution.asked.turned = sample.attribution.rows;
	sample.attribution.found[0].turned = 0;
	text = render_text(false, 100);
	expect_in(text,
		  "\n  This kernel          behaves as 6.18\n  CLONE_UNALIGNED_EOF  the kernel "
		  "has it, the engine was asked without: an ");
	expect_in(text, "engine as kernel 6.18 but without CLONE_UNALIGNED_EOF\n");
	free(text);
}

static void test_text_without_an_explanation(void **state)
{
	static const char *const wanted[] = {
		"\n  This kernel         behaves as no generation, with or without what was tried\n",
		"\n  Rows that touch it  CLONE_LARGEST\n",
		"\n  In part             as 6.12 it agrees up to offset 0xa000\n",
		"\n  Engine's decisions  inode 258: new\n"
		"                        offset 0, 4096 bytes: cloned\n",
		"\n  Tried               1,234 sends of the engine in 30.0 s; the limit of 30 s was "
		"reached\n",
		NULL,
	};
	char *text;

	(void)state;
	sample_unexplained(&sample);
	text = render_text(false, 100);
	expect_first_line(text, "DIFFERENT  first at command 1,001 (offset 0x9f3c)");
	expect_all_in(text, wanted);
	free(text);

	sample.attribution.state = ATTRIBUTION_NOT_SOUGHT;
	text = render_text(false, 100);
	expect_not_in(text, "What explains it");
	free(text);
}

static void test_pages_of_an_explanation(void **state)
{
	char *text;

	(void)state;
	sample_explained(&sample);
	text = render_markdown();
	expect_in(text, "## What explains it\n");
	expect_in(text, "this kernel behaves as 6.18 but without CLONE");
	free(text);
	text = render_html();
	expect_in(text, "<h2>What explains it</h2>");
	expect_in(text, "behaves as 6.18 but without CLONE_UNALIGNED_EOF</td>");
	free(text);
}

static void test_text_without_figures(void **state)
{
	char *text;

	(void)state;
	sample_incomplete(&sample);
	text = render_text(false, 80);
	expect_first_line(text, "INCOMPLETE  engine: /dev/loop3: leaf 30408704 slot 12: item end "
				"17032 beyond");
	expect_in(text, "\n  kernel  960 ms");
	expect_not_in(text, "faster");
	expect_not_in(text, "Caches");
	free(text);

	sample_empty(&sample);
	text = render_text(false, 80);
	expect_first_line(text, "INCOMPLETE  no pair of sends was completed");
	expect_not_in(text, "Latency");
	free(text);

	sample_recorded(&sample);
	text = render_text(false, 80);
	expect_first_line(text, "IDENTICAL  1,234 commands, 5.09 MiB, byte for byte with the "
				"recorded stream");
	expect_in(text, "\n  Kernel's send  not run: its stream was read from a file\n");
	expect_in(text, "\n  engine  320 ms");
	expect_in(text, "over all repeats: 308 of the engine's commands (19.9%).\n");
	expect_not_in(text, "\n  kernel  ");
	expect_not_in(text, "faster");
	free(text);
}

/* The sentence, the reasons, the files; advice where there is room for it. */
static void test_losses(void **state)
{
	static const char *const wanted[] = {
		"\n\nData written although shared\n"
		"  260 MiB of the 300 MiB that were written are shared with data the receiver has\n"
		"  or gets: 60.0 MiB as the first copy, 200 MiB lost; 100 MiB were cloned. Most\n"
		"  was lost here: over the reference limit, 190 MiB.\n",
		"\n  not shared with what the receiver has or gets           40.0 MiB  13.3%\n",
		"\n  lost: over the reference limit                           190 MiB  63.3%\n",
		"\n  What would help: dedupe less,",
		"\n  40.0 MiB  vm/disk-0 (over the reference limit 30.0 MiB; a source has it, but\n"
		"            not the extent's first byte 10.0 MiB)\n",
		"\n  29.0 MiB  inode 301 (over the reference limit)\n",
		"\n  26.0 MiB  vm/disk-4 (over the reference limit)\n"
		"  More of them stand in report.md",
		NULL,
	};
	struct clone_loss_counters *counters = &sample.losses.counters;
	char *text;

	(void)state;
	sample_equal(&sample);
	text = render_text(false, 80);
	expect_all_in(text, wanted);
	free(text);
	text = render_text(false, 250);
	expect_in(text, "  63.3%  dedupe less, delete snapshots");
	expect_in(text, "extents with up to 5,000 references");
	expect_in(text, "1.00 MiB, 19.6% of 5.09 MiB");
	expect_in(text, "  20.0%  nothing: once it has to be data\n");
	free(text);

	sample.no_data = true;
	counters->bytes[CLONE_LOSS_OVER_LIMIT] = counters->bytes[CLONE_LOSS_LATER_PART] = 0;
	counters->file_count = 0;
	text = render_text(false, 80);
	expect_in(text,
		  "\n  60.0 MiB of the 100 MiB that were named as changed are shared, all as");
	expect_not_in(text, "Files with the most");
	expect_not_in(text, "What would help:");
	free(text);

	counters->bytes[CLONE_LOSS_FIRST_COPY] = 0;
	text = render_text(false, 80);
	expect_in(text, "\n  Nothing of the 40.0 MiB that were named as changed is shared");
	free(text);

	memset(counters->bytes, 0, sizeof(counters->bytes));
	text = render_text(false, 80);
	expect_not_in(text, "Data written although shared");
	free(text);
}

/* How sure the comparison is stands beside it. */
static void test_cautions(void **state)
{
	char *text;

	(void)state;
	sample_equal(&sample);
	sample.sides[SIDE_ENGINE].samples[1].duration_ns = 950000000;
	text = render_text(false, 80);
	expect_in(text,
		  "\n  engine 2.91× faster; the spreads overlap: the difference may be noise\n");
	free(text);

	sample_equal(&sample);
	for (int side = 0; side < SIDE_COUNT; side++)
		sample.sides[side].sample_count = 2;
	text = render_text(false, 80);
	expect_in(text, "\n  engine 3.00× faster; one measured repeat: the spread is unknown\n");
	free(text);

	sample_equal(&sample);
	for (unsigned int i = 0; i < SAMPLE_REPEATS + 2; i++)
		sample.sides[SIDE_ENGINE].samples[i].duration_ns *= 6;
	text = render_text(false, 80);
	expect_in(text, "\n  engine 2.00× slower\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_of_equal_streams),
		cmocka_unit_test(test_latency_rows),
		cmocka_unit_test(test_text_of_different_streams),
		cmocka_unit_test(test_text_of_an_explanation),
		cmocka_unit_test(test_text_without_an_explanation),
		cmocka_unit_test(test_pages_of_an_explanation),
		cmocka_unit_test(test_text_without_figures),
		cmocka_unit_test(test_losses),
		cmocka_unit_test(test_cautions),
	};

	return cmocka_run_group_tests_name("reports", tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0 */
/* What the renderers say about results, and that nothing in a result can break their formats. */
#include "reports/format.h"
#include "reports/report.h"
#include "tests/unit/html_check.h"
#include "tests/unit/sample_result.h"

#include <errno.h>

static struct result sample; /* too large for a stack */

static char *render_text(bool colour, unsigned int width)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_int_equal(report_text(&sample, out, colour, width), 0);
	fclose(out);
	return text;
}

static char *render_markdown(void)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_int_equal(report_markdown(&sample, out), 0);
	fclose(out);
	return text;
}

static char *render_html(void)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_int_equal(report_html(&sample, NULL, out), 0);
	fclose(out);
	return text;
}

static void expect_in(const char *text, const char *wanted)
{
	if (!strstr(text, wanted))
		fail_msg("no '%s' in:\n%s", wanted, text);
}

static void expect_not_in(const char *text, const char *unwanted)
{
	if (strstr(text, unwanted))
		fail_msg("'%s' in:\n%s", unwanted, text);
}

static void expect_all_in(const char *text, const char *const *wanted)
{
	for (; *wanted; wanted++)
		expect_in(text, *wanted);
}

static void expect_first_line(const char *text, const char *line)
{
	size_t length = strlen(line);

	if (strncmp(text, line, length) || text[length] != '\n')
		fail_msg("have '%.120s' expect '%s'", text, line);
}

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

/* The kernel's counts beside the engine's. */
static void test_text_of_a_traced_run(void **state)
{
	static const char *const wanted[] = {
		"\n  backrefs                 400 ms  50.0% ███████████████\n",
		"\n  off the processor       10.0 ms   1.3% ▍\n",
		"\n  800 ms in all. The parts on the processor are shares of",
		"\n  names of inodes    kernel    2,000  1,500  75.0%     500      244        1     –\n"
		"                     engine    2,000  1,500  75.0%     500      244        1   256\n",
		"\n  Kernel and engine agree in all 20 counts.\n",
		"\n  a clone source was found            kernel    200  50.0%\n"
		"                                      engine    200  50.0%\n",
		"\n  Kernel and engine agree in all 8 counts.\n",
		"\n  1              300 ████████████████     300 ████████████████\n"
		"  2 to 3           0                        0\n"
		"  4 to 7           0                        0\n"
		"  8 to 15        100 █████▍               100 █████▍\n"
		"  On average 4, at most 12, over 400 searches. Kernel and engine agree.\n",
		"\n  30408704         20          12         240  800 µs  50.0% █████\n"
		"  13631488          7           1           7  200 µs  12.5% █▎\n"
		"  From the kernel's events.\n",
		"\n  257         800  4.77 MiB       300         700  200 ms  25.0%  "
		"srv/machin… a long name/disk.img\n",
		"\n  Tier          function\n  Measured      everything\n"
		"  Events        4,000, none lost\n"
		"  Restarts      1, because of a relocation\n  Inodes        60\n"
		"  Paths         70 resolved in 350 µs\n  Device reads  44, 6.00 MiB\n",
		NULL,
	};
	char *text;

	(void)state;
	sample_traced(&sample);
	text = render_text(false, 100);
	expect_all_in(text, wanted);
	expect_not_in(text, "INCOMPLETE");
	expect_not_in(text, "Samples");
	expect_not_in(text, "Waits");
	expect_not_in(text, "Not measured");
	expect_not_in(text, "Kernel's stack"); /* pictures are for pages */
	free(text);

	/* Bars go before figures do. */
	text = render_text(false, 65);
	expect_in(text, "\n  30408704         20          12         240  800 µs  50.0%\n");
	free(text);
	/* Where there is no room for bars the figures stay; ASCII has bars, too. */
	text = render_text(false, 45);
	expect_in(text, "\n  backrefs                 400 ms  50.0%\n");
	free(text);
	setenv("LC_ALL", "C", 1);
	text = render_text(false, 100);
	expect_in(text, "\n  backrefs                 400 ms  50.0% ###############\n");
	expect_in(text, "\n  off the processor       10.0 ms   1.3% #\n");
	free(text);
	setenv("LC_ALL", "C.UTF-8", 1);
}

/* What was not measured leaves a gap, what was lost is said, and what differs is marked. */
static void test_text_of_a_run_traced_in_part(void **state)
{
	static const char *const wanted[] = {
		"\n  Kernel and engine differ in 1 of 10 counts.\n",
		"\n  created dirs       engine ",
		"\n  preliminary references              kernel    888\n",
		"\n  a clone source was found            engine    200  50.0%\n",
		"\n  1                –     300 ████████████████\n",
		/* Of extents the kernel's events do not tell here. */
		"\n  13631488          7           1           7  100 µs  12.5% █▎\n"
		"  From the engine's events.\n",
		"\n  INCOMPLETE: 1,000 of the kernel's 5,000 events were lost. ",
		" There were too many to watch each: times\n  may be up to 7.00 µs too high.\n",
		"\n  Tier      tracepoint; not a higher one: no fentry in this kernel\n"
		"  Measured  4 of 17 things; the others are listed with their reasons\n"
		"  Events    INCOMPLETE: 4,000 taken, 1,000 lost for want of room;",
		"\n  Samples   INCOMPLETE: 17 lost for want of room, or without their stack\n",
		"\n  Waits     3 not seen to end, where the kernel did not tell of it: each",
		NULL,
	};
	char *text;

	(void)state;
	sample_traced_in_part(&sample);
	text = render_text(false, 100);
	expect_all_in(text, wanted);
	expect_not_in(text, "Where the kernel's time went");
	expect_not_in(text, "Restarts");
	free(text);

	text = render_text(true, 100);
	expect_in(text, "\033[33m1,499\033[0m");
	expect_in(text, "\033[33mKernel and engine differ in 1 of 10 counts.\033[0m");
	free(text);
}

/* Of what is listed by cost a terminal gets the first. */
static void test_long_lists(void **state)
{
	struct trace_details *details;
	char *text;

	(void)state;
	sample_traced(&sample);
	details = sample.sides[SIDE_KERNEL].details;
	for (unsigned int i = 0; i < TRACE_COSTS; i++)
		details->inodes[i] = (struct trace_cost){.key = 9000 + i, .time_ns = 5};
	details->inode_count = TRACE_COSTS;
	text = render_text(false, 100);
	expect_in(text, "\n  9004 ");
	expect_not_in(text, "9005");
	free(text);
	text = render_markdown();
	expect_in(text, "\n| 9019 |");
	/* A page has the whole path. */
	expect_in(text, "| srv/machines/of the tests/with a long name/disk.img |\n");
	free(text);
}

static void test_pages_of_a_traced_run(void **state)
{
	static const char *const wanted[] = {
		"<div class=\"parts\" aria-hidden=\"true\"><i style=\"flex-grow:5000\" "
		"title=\"backrefs: 50.0%\"></i>",
		"<title>find_clone: 70 samples, 70.0%</title>",
		"<p class=\"note \">100 samples.",
		"<div class=\"timeline kernel\">",
		"<div class=\"timeline engine\">",
		/* Bars are as high as their share of the highest, waits as their share of a slot.
		 */
		"<path d=\"M0 100v-100h1v100zM1 100v-7h1v7z\"/>",
		"<path d=\"M0 100v-13h1v13z\"/>",
		"<path class=\"level\" d=\"M0.5 17L1.5 0\"/>",
		"<path class=\"restart\" d=\"M1.5 0v100\"/>",
		"<span class=\"peak\">4.77 MiB</span>",
		"<span>800 ms, in steps of 400 ms</span>",
		"Upright lines: 1 restart after a relocation.",
		"<p class=\"note good\">Kernel and engine agree in all 20 counts.</p>",
		NULL,
	};
	char *text;

	(void)state;
	sample_traced(&sample);
	text = render_html();
	expect_all_in(text, wanted);
	expect_not_in(text, "INCOMPLETE");
	free(text);
	text = render_markdown();
	expect_in(text, "\n| WRITE | 120 | 600 ms | 90.0 ms | 5.75 ms | 98.6% |\n");
	expect_in(text, "\n| from 2.05 µs | 400 | 400 |\n");
	expect_in(text, "\n| 2 to 3 | 350 | 350 |\n");
	free(text);

	sample_traced_in_part(&sample);
	text = render_html();
	expect_in(text, "<p class=\"note warn\">INCOMPLETE: 1,000 of the kernel&#39;s events were "
			"lost, its curves are too low.</p>");
	expect_in(text, "<td class=\"num warn\">1,499</td>");
	free(text);

	sample_equal(&sample);
	text = render_html();
	expect_not_in(text, "id=\"timeline\"");
	expect_not_in(text, "id=\"flame\"");
	expect_not_in(text, "id=\"parts\"");
	free(text);
}

/* The engine alone, as when the kernel's stream came from a file. */
static void test_engine_watched_alone(void **state)
{
	char *text;

	(void)state;
	sample_traced(&sample);
	sample.sides[SIDE_KERNEL].trace = NULL;
	sample.sides[SIDE_KERNEL].details = NULL;
	text = render_text(false, 100);
	expect_in(text, "\n  From the engine's events.\n");
	expect_in(text, "\n  30408704         20          12         240  400 µs  50.0% █████\n");
	expect_not_in(text, "agree");
	expect_not_in(text, "How the kernel was watched");
	free(text);
}

/* Lines fit the width; no control character but our own colours; ASCII for an ASCII locale. */
static void test_text_form(void **state)
{
	(void)state;
	for (int i = 0; i < SAMPLE_MAKERS; i++) {
		char *text;

		sample_makers[i](&sample);
		setenv("LC_ALL", "C.UTF-8", 1);
		text = render_text(false, 80);
		for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
			assert_in_range(format_width(line), 0, 80);
			assert_true(line[strlen(line) - 1] != ' ');
			for (const char *c = line; *c; c++)
				assert_true((unsigned char)*c >= ' ' && *c != 0x7f);
		}
		free(text);

		setenv("LC_ALL", "C", 1);
		text = render_text(true, 80);
		assert_non_null(strstr(text, "\033[1m"));
		for (const char *c = text; *c; c++)
			assert_true((unsigned char)*c < 0x7f);
		free(text);
		setenv("LC_ALL", "C.UTF-8", 1);
	}
}

static void test_markdown(void **state)
{
	static const char *const wanted[] = {
		"\n**engine 3.00× faster**\n",
		"\n| Snapshot | /mnt/child (id 261, transid 38) |\n",
		"\n| Command | Sender | Count | Timed | p50 | p90 | p99 | Max | Total |\n"
		"|---|---|---:|---:|---:|---:|---:|---:|---:|\n| WRITE | kernel | 120 |",
		"\n| SET_XATTR | 512 | 41.5% | 11.6 KiB | 0.2% |\n",
		"\n| 3 | kernel | 2.00 s | 2.00 ms | 1.00 s | 1,234 | 5,342,011 | 42 | a commit came "
		"in between: run again |\n",
		"\n| Snapshot UUID | 01020000-0000-0000-0000-000000000000 |\n",
		"\n## Data written although shared\n\n260 MiB of the 300 MiB that were written",
		"\n| lost: over the reference limit | 190 MiB | 63.3% | dedupe less, ",
		"\n| 24.0 MiB | vm/disk-6 (over the reference limit) |\n",
		NULL,
	};
	char *text;

	(void)state;
	sample_equal(&sample);
	text = render_markdown();
	expect_first_line(text, "# IDENTICAL: 1,234 commands, 5.09 MiB, byte for byte");
	expect_all_in(text, wanted);
	free(text);

	sample_different(&sample);
	text = render_markdown();
	expect_in(text, "\n      MKFILE path=a ino=257\n    - WRITE path=a file_offset=0\n"
			"    + WRITE path=a file_offset=4096\n    - CHMOD path=a mode=0644\n");
	expect_in(text, "\n| WRITE | 120 | 119 | 5,300,000 | 5,300,000 |\n");
	free(text);

	sample_hostile(&sample);
	text = render_markdown();
	expect_in(text,
		  "\n| Snapshot | \\</td\\>\\<script\\>alert(1)\\</script\\>\"'\\&\\|\\`\\*\\_"
		  "\\\\x1b\\[31m\\\\u{202e}\\\\xff\\\\x0a\\# x (id 261, transid 38) |\n");
	expect_not_in(text, "\n# x");
	free(text);
}

static void test_html(void **state)
{
	static const char *const wanted[] = {
		"<title>sendprof: IDENTICAL</title>",
		"<h1>IDENTICAL</h1>\n<p class=\"detail\">1,234 commands, 5.09 MiB, byte for byte</p>",
		"<dd>3.00× faster <small>the spreads do not overlap</small></dd>",
		"Plots are missing: none were drawn; that needs gnuplot (Debian, Ubuntu: apt "
		"install gnuplot-nox).",
		"@media (prefers-color-scheme:dark)",
		"<section id=\"missing\">",
		"<h2>Data written although shared</h2>\n<p class=\"lead\">260 MiB of the 300 MiB",
		"class=\" warn\">lost: over the reference limit</th>",
		"vm/disk-6 (over the reference limit)</td>",
		NULL,
	};
	static const char *const different[] = {
		"<h1>DIFFERENT</h1>",
		"<code class=\"kernel\"><b>WRITE</b> <span>path=a</span> <mark>file_offset=0</mark>",
		"<code class=\"engine\"><b>WRITE</b> <span>path=a</span> <mark>file_offset=4096</mark>",
		"<td class=\"num bad\">119</td>",
		NULL,
	};
	char *text;

	(void)state;
	sample_equal(&sample);
	text = render_html();
	expect_all_in(text, wanted);
	expect_not_in(text, "id=\"divergence\"");
	free(text);

	sample_different(&sample);
	text = render_html();
	expect_all_in(text, different);
	free(text);

	/* A word that begins like another is another. */
	sample.divergence.kernel_context[1] = "TRUNCATE path=a size=1";
	sample.divergence.engine_context[1] = "TRUNCATE path=a size=10";
	text = render_html();
	expect_in(text, "<mark>size=1</mark></code>");
	free(text);
}

/* Whatever the result, the page is whole, asks for nothing and runs nothing. */
static void test_html_form(void **state)
{
	static const char *const forbidden[] = {
		"<script", "<img", "<link", "javascript:", "@import", "url(", "http:", "https:"};

	(void)state;
	for (int i = 0; i < SAMPLE_MAKERS; i++) {
		char *text;

		sample_makers[i](&sample);
		text = render_html();
		assert_in_range(html_check(text), 20, 5000);
		for (size_t j = 0; j < sizeof(forbidden) / sizeof(forbidden[0]); j++)
			expect_not_in(text, forbidden[j]);
		free(text);
	}
}

/* Random bytes as names. Deterministic: a failure is found again. */
static void test_random_names(void **state)
{
	static const char alphabet[] = "<>&\"'`|\\/\n\033\x7f\x80\xbf\xc2\xe2\xf0\xff -=#a";
	uint32_t random = 1;
	char name[40];

	(void)state;
	for (int round = 0; round < 300; round++) {
		char *text;

		for (size_t i = 0; i < sizeof(name) - 1; i++) {
			random = random * 1664525 + 1013904223;
			name[i] = alphabet[(random >> 16) % (sizeof(alphabet) - 1)];
		}
		name[sizeof(name) - 1] = '\0';
		sample_different(&sample);
		sample.snapshot.path = name;
		sample.divergence.engine_context[1] = name;
		text = render_html();
		html_check(text);
		free(text);
		text = render_text(false, 60);
		assert_null(strpbrk(text, "\033\x7f\r\b"));
		free(text);
	}
}

static void test_full_disk(void **state)
{
	FILE *full = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(full);
	sample_equal(&sample);
	assert_int_equal(report_text(&sample, full, false, 80), -ENOSPC);
	clearerr(full);
	assert_int_equal(report_markdown(&sample, full), -ENOSPC);
	clearerr(full);
	assert_int_equal(report_html(&sample, NULL, full), -ENOSPC);
	fclose(full);
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
		cmocka_unit_test(test_text_of_a_traced_run),
		cmocka_unit_test(test_text_of_a_run_traced_in_part),
		cmocka_unit_test(test_long_lists),
		cmocka_unit_test(test_pages_of_a_traced_run),
		cmocka_unit_test(test_engine_watched_alone),
		cmocka_unit_test(test_text_form),
		cmocka_unit_test(test_markdown),
		cmocka_unit_test(test_html),
		cmocka_unit_test(test_html_form),
		cmocka_unit_test(test_random_names),
		cmocka_unit_test(test_full_disk),
	};

	return cmocka_run_group_tests_name("reports", tests, NULL, NULL);
}

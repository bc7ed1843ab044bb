/* SPDX-License-Identifier: GPL-2.0 */
/* What a report says of a kernel's send that was watched. */
#include "tests/unit/report_check.h"

/* What was not told apart is not shown as nothing; what was not watched is no zero. */
static void test_what_is_not_known(void **state)
{
	static const char *const wanted[] = {
		"\n  backrefs                      –      –\n",
		"\n  writing commands              –      –\n",
		"\n  on the processor ",
		"\n  waiting for the reader  60.0 ms",
		" What was done on the processor could not be told apart: too few",
		"\n  30408704         20          12           –  800 µs  50.0%",
		"\n  257         800  4.77 MiB       300           –  200 ms  25.0%",
		"\n  Result        interrupted (-512)\n",
		NULL,
	};
	struct trace_figures *kernel;
	char *text;

	(void)state;
	sample_traced(&sample);
	kernel = sample.sides[SIDE_KERNEL].trace;
	for (enum trace_part part = 0; part < PART_OTHER; part++)
		kernel->parts_ns[part] = 0;
	kernel->metrics &= ~(UINT64_C(1) << METRIC_CANDIDATES);
	kernel->result = -512;
	text = render_text(false, 100);
	expect_all_in(text, wanted);
	expect_not_in(text, "are shares of");
	expect_not_in(text, "other work");
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
		"\n  Kernel and engine agree in all 10 counts.\n",
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
		"\n  Command     Bytes     Work  Output  Begun at     Offset  Path\n"
		"  WRITE    48.1 KiB  6.00 ms  200 µs    100 ms  1,048,576  "
		"srv/machin… a long name/disk.img\n"
		"  UTIMES   3.96 KiB  40.0 µs       –      0 ns          –  …end/of/a/long/path\n"
		"  END          10 B     9 ns       –      0 ns          –  –\n"
		"  From the kernel's events.\n",
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
		"  Measured  4 of 21 things; the others are listed with their reasons\n"
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
		details->inodes[i] = (struct trace_cost){
			.key = 9000 + i, .time_ns = 5, .path = i ? NULL : details->inodes[0].path};
	details->inode_count = TRACE_COSTS;
	text = render_text(false, 100);
	expect_in(text, "\n  9004 ");
	expect_not_in(text, "9005");
	free(text);
	text = render_markdown();
	expect_in(text, "\n| 9019 |");
	/* A page has the whole path. */
	expect_in(text, "| srv/machines/of the tests/with a long name/disk.img |\n");
	expect_in(text, "\n| UTIMES | 3.96 KiB | 40.0 µs | – | 0 ns | – | …end/of/a/long/path |\n");
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_of_a_traced_run),
		cmocka_unit_test(test_what_is_not_known),
		cmocka_unit_test(test_text_of_a_run_traced_in_part),
		cmocka_unit_test(test_long_lists),
		cmocka_unit_test(test_pages_of_a_traced_run),
		cmocka_unit_test(test_engine_watched_alone),
	};

	return cmocka_run_group_tests_name("reports_traced", tests, NULL, NULL);
}

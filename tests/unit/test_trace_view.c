/* SPDX-License-Identifier: GPL-2.0 */
/* Sends under way, as lines and as a summary: what they say, and that they fit their place. */
#include "profiler/trace_view.h"
#include "reports/format.h"

#include <errno.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SECOND	    UINT64_C(1000000000)
#define ALL_METRICS ((UINT64_C(1) << METRIC_COUNT) - 1)

/* A send that began at 100 s, as it was @seconds later. */
static struct traced_send send_after(uint64_t seconds)
{
	struct traced_send send = {
		.process = 4711,
		.command = "btrfs",
		.root_id = 258,
		.ino = 300,
		.path = "srv/machines/disk.img",
	};
	struct trace_figures *figures = &send.figures;

	figures->thread = 4712;
	figures->tier = TIER_FUNCTION;
	figures->metrics = ALL_METRICS;
	figures->began_ns = 100 * SECOND;
	figures->output_bytes = seconds * 10 << 20;
	figures->commands[STREAM_C_WRITE].count = seconds * 1000;
	figures->commands[STREAM_C_UTIMES].count = seconds * 234;
	figures->caches[CACHE_NAME].lookups = seconds * 100;
	figures->caches[CACHE_NAME].hits = seconds * 87;
	figures->caches[CACHE_BACKREF].lookups = 1000 + seconds * 10;
	figures->caches[CACHE_BACKREF].hits = seconds * 10;
	figures->backrefs.searches = seconds * 7;
	figures->parts_ns[PART_BACKREF] = seconds * SECOND * 6 / 10;
	figures->parts_ns[PART_OUTPUT_BLOCKED] = seconds * SECOND * 4 / 10;
	return send;
}

static char *shown(struct trace_view *view, const struct trace_moment *now,
		   const struct trace_moment *before)
{
	char *text;
	size_t size;

	view->out = open_memstream(&text, &size);
	assert_non_null(view->out);
	assert_int_equal(trace_view_show(view, now, before), 0);
	fclose(view->out);
	return text;
}

static void expect(struct trace_view *view, const struct trace_moment *now,
		   const struct trace_moment *before, const char *expected)
{
	char *text = shown(view, now, before);

	assert_string_equal(text, expected);
	free(text);
}

static void test_intervals(void **state)
{
	const struct traced_send earlier = send_after(4);
	struct traced_send later = send_after(6);
	const struct trace_moment before = {104 * SECOND, &earlier, 1};
	const struct trace_moment now = {106 * SECOND, &later, 1};
	struct trace_interval interval;

	(void)state;
	trace_interval_of(&later, &now, &before, &interval);
	assert_int_equal(interval.ns, 2 * SECOND);
	assert_int_equal(interval.bytes, 20 << 20);
	assert_int_equal(interval.commands, 2468);
	assert_int_equal(interval.caches[CACHE_NAME].hits, 174);
	assert_int_equal(interval.caches[CACHE_BACKREF].lookups, 20);
	assert_int_equal(interval.searches, 14);
	assert_int_equal(interval.parts_ns[PART_BACKREF], 12 * SECOND / 10);
	/* Seen for the first time: since it began. */
	trace_interval_of(&later, &now, NULL, &interval);
	assert_int_equal(interval.ns, 6 * SECOND);
	assert_int_equal(interval.commands, 6 * 1234);
	/* The thread's next send is another one. */
	later.figures.began_ns += SECOND;
	trace_interval_of(&later, &now, &before, &interval);
	assert_int_equal(interval.ns, 5 * SECOND);
	assert_int_equal(interval.commands, 6 * 1234);
	/* It ended between the moments, and stays so. */
	later = send_after(6);
	later.figures.ended_ns = 105 * SECOND;
	trace_interval_of(&later, &now, &before, &interval);
	assert_int_equal(interval.ns, SECOND);
	trace_interval_of(&later, &(struct trace_moment){107 * SECOND, &later, 1}, &now, &interval);
	assert_int_equal(interval.ns, 0);
	/* What is read while it changes may seem to go back. */
	later.figures.output_bytes = 5;
	trace_interval_of(&later, &now, &before, &interval);
	assert_int_equal(interval.bytes, 0);
}

static void test_lines(void **state)
{
	const struct traced_send earlier = send_after(4), later = send_after(6);
	const struct trace_moment before = {104 * SECOND, &earlier, 1};
	const struct trace_moment now = {106 * SECOND, &later, 1};
	struct trace_view view = {.form = TRACE_VIEW_LINES, .width = 160, .utf8 = true};

	(void)state;
	expect(&view, &now, &before,
	       "process  command             since      sent        rate  commands/s  name hits  "
	       "root hits  most time             at\n"
	       "   4711  btrfs              6.00 s  60.0 MiB  10.0 MiB/s       1,234        87%  "
	       "     100%  60% backrefs          srv/machines/disk.img\n");
	/* The heading stands once. */
	view.width = 80;
	expect(&view, &now, &before,
	       "   4711  60.0 MiB  10.0 MiB/s       100%  60% backrefs          srv/m…s/disk.img\n");
	/* Of columns that have no room none keeps out a narrower one. */
	view.width = 92;
	expect(&view, &now, &before,
	       "   4711  60.0 MiB  10.0 MiB/s       1,234       100%  60% backrefs          "
	       "srv/m…s/disk.img\n");
	view.width = 38;
	expect(&view, &now, &before, "   4711  60.0 MiB  srv/ma…nes/disk.img\n");
	/* Below what can be shown: no path, and no harm. */
	view.width = 1;
	expect(&view, &now, &before, "   4711  60.0 MiB  \n");
}

static void test_what_is_not_known(void **state)
{
	struct traced_send sends[2] = {send_after(6)};
	const struct trace_moment now = {106 * SECOND, sends, 1};
	struct trace_view view = {
		.form = TRACE_VIEW_LINES, .width = 160, .utf8 = true, .headed = true};

	(void)state;
	sends[0].figures.metrics = UINT64_C(1) << METRIC_CACHE_NAME;
	*sends[0].path = '\0';
	sends[1] = sends[0];
	expect(&view, &now, NULL,
	       "   4711  btrfs              6.00 s         –        87%  inode 300\n");
	/* A column stays while one of the sends has something for it. */
	sends[1].figures.metrics |= UINT64_C(1) << METRIC_CACHE_BACKREF;
	expect(&view, &(struct trace_moment){106 * SECOND, sends, 2}, NULL,
	       "   4711  btrfs              6.00 s         –        87%          –  inode 300\n"
	       "   4711  btrfs              6.00 s         –        87%         6%  inode 300\n");
	/* Without UTF-8. */
	view.utf8 = false;
	view.width = 40;
	expect(&view, &now, NULL, "   4711         -  inode 300\n");
}

static void test_ends(void **state)
{
	struct traced_send send = send_after(6);
	const struct trace_moment now = {110 * SECOND, &send, 1};
	struct trace_view view = {
		.form = TRACE_VIEW_LINES, .width = 60, .utf8 = true, .headed = true};

	(void)state;
	send.figures.ended_ns = 106 * SECOND;
	expect(&view, &now, NULL, "   4711  60.0 MiB  10.0 MiB/s       1,234  done\n");
	/* However often it is shown: what it was on the whole. */
	expect(&view, &now, &now, "   4711  60.0 MiB  10.0 MiB/s       1,234  done\n");
	send.figures.result = -EIO;
	view.width = 73;
	expect(&view, &now, NULL,
	       "   4711  60.0 MiB  10.0 MiB/s  60% backrefs          Input/output error\n");
	view.width = 38;
	expect(&view, &now, NULL, "   4711  60.0 MiB  Input/output error\n");
	view.width = 57;
	expect(&view, &now, NULL, "   4711  60.0 MiB  10.0 MiB/s  failed: Input/output error\n");
}

/* Among them what only the kernel calls an error. */
static void test_results(void **state)
{
	static const struct {
		int64_t result;
		const char *text;
	} cases[] = {
		{0, "done"},
		{-ENOSPC, "No space left on device"},
		{1, "ended, how was not seen"},
		{-EINTR, "interrupted"},
		{-512, "interrupted"},
		{-516, "interrupted"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(trace_result_text(cases[i].result), cases[i].text);
}

/* What a short send did on the processor nobody can tell. */
static void test_not_divided(void **state)
{
	struct traced_send send = send_after(6);
	const struct trace_moment now = {106 * SECOND, &send, 1};
	struct trace_view view = {
		.form = TRACE_VIEW_LINES, .width = 80, .utf8 = true, .headed = true};

	(void)state;
	send.figures.parts_ns[PART_OTHER] = send.figures.parts_ns[PART_BACKREF];
	send.figures.parts_ns[PART_BACKREF] = 0;
	expect(&view, &now, NULL,
	       "   4711  60.0 MiB  10.0 MiB/s         6%  60% on processor      srv/m…s/disk.img\n");
	send.figures.parts_ns[PART_PATH] = 1;
	expect(&view, &now, NULL,
	       "   4711  60.0 MiB  10.0 MiB/s         6%  60% other work        srv/m…s/disk.img\n");
}

/* A hit is seen after its lookup: both may be of different intervals. */
static void test_late_hits(void **state)
{
	struct traced_send earlier = send_after(6), later = send_after(6);
	const struct trace_moment before = {106 * SECOND, &earlier, 1};
	const struct trace_moment now = {107 * SECOND, &later, 1};
	struct trace_view view = {
		.form = TRACE_VIEW_LINES, .width = 160, .utf8 = true, .headed = true};

	(void)state;
	later.figures.caches[CACHE_NAME].lookups += 2;
	later.figures.caches[CACHE_NAME].hits += 3;
	expect(&view, &now, &before,
	       "   4711  btrfs              7.00 s  60.0 MiB       0 B/s           0       100%  "
	       "        –  –                     srv/machines/disk.img\n");
}

static void test_live(void **state)
{
	struct traced_send sends[4] = {send_after(6), send_after(6), send_after(6), send_after(6)};
	struct trace_moment now = {106 * SECOND, sends, 2};
	struct trace_view view = {.form = TRACE_VIEW_LIVE, .width = 40, .rows = 5, .utf8 = true};
	char *text;

	(void)state;
	text = shown(&view, &now, NULL);
	assert_null(strchr(text, '\033'));
	free(text);
	/* Heading and two lines are drawn over. */
	text = shown(&view, &now, &now);
	assert_int_equal(strncmp(text, "\r\033[3A\033[J", 8), 0);
	free(text);
	/* With the cursor below the last line no more than the terminal has. */
	now.count = 4;
	text = shown(&view, &now, NULL);
	assert_non_null(strstr(text, "\nand 2 more\n"));
	free(text);
	text = shown(&view, &now, NULL);
	assert_int_equal(strncmp(text, "\r\033[4A\033[J", 8), 0);
	free(text);
	/* No send at all. */
	now.count = 0;
	text = shown(&view, &now, NULL);
	assert_null(strstr(text, "4711"));
	free(text);
	text = shown(&view, &now, NULL);
	assert_int_equal(strncmp(text, "\r\033[1A\033[J", 8), 0);
	free(text);
	/* Of another width the terminal may have broken what stands there into other lines. */
	trace_view_resize(&view, 40, 9);
	text = shown(&view, &now, NULL);
	assert_int_equal(strncmp(text, "\r\033[1A\033[J", 8), 0);
	free(text);
	trace_view_resize(&view, 60, 9);
	text = shown(&view, &now, NULL);
	assert_int_equal(strncmp(text, "\033[H\033[2Jprocess ", 15), 0);
	free(text);
	text = shown(&view, &now, NULL);
	assert_int_equal(strncmp(text, "\r\033[1A\033[J", 8), 0);
	free(text);
}

/* However wide, and whatever a path or a name holds: no line is wider, and no byte is obeyed. */
static void test_widths(void **state)
{
	struct traced_send send = send_after(36000);
	const struct trace_moment now = {40000 * SECOND, &send, 1};

	(void)state;
	send.process = 4194304;
	strcpy(send.command, "\033[31m\xff\xe2\x80\xae;rm");
	strcpy(send.path, "a\033]0;x\007/\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e/\xff\n/Caf\xc3\xa9/"
			  "dir/dir/dir/dir/dir/dir/file");
	for (unsigned int width = 40; width <= 250; width++) {
		struct trace_view view = {.form = TRACE_VIEW_LINES, .width = width, .utf8 = true};
		char *text = shown(&view, &now, NULL), *line = strchr(text, '\n') + 1;

		assert_null(strchr(text, '\033'));
		assert_null(strchr(text, '\007'));
		*strchr(line, '\n') = '\0';
		assert_in_range(format_width(line), width > 50 ? width / 2 : 20, width);
		free(text);
	}
}

static void test_paths(void **state)
{
	static const char path[] = "srv/日本語/Café/some/long/name.img";
	static const struct {
		unsigned int columns;
		const char *cut;
	} cases[] = {
		{100, path},	    {34, path}, {33, "srv/日本語…afé/some/long/name.img"},
		{10, "srv…me.img"}, {3, "…mg"}, {2, "sr"},
		{1, "s"},	    {0, ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *cut = format_path(path, cases[i].columns);

		assert_non_null(cut);
		assert_in_range(format_width(cut), 0, cases[i].columns);
		assert_string_equal(cut, cases[i].cut);
		free(cut);
	}
}

static void test_json(void **state)
{
	const struct traced_send earlier = send_after(4);
	struct traced_send later = send_after(6);
	const struct trace_moment before = {104 * SECOND, &earlier, 1};
	const struct trace_moment now = {106 * SECOND, &later, 1};
	struct trace_view view = {.form = TRACE_VIEW_JSON, .realtime_ns = 1700000000 * SECOND};
	const char *path;
	json_int_t root, commands, hits, realtime_ns;
	char *text;
	json_t *json;

	(void)state;
	strcpy(later.path, "a\xff\n");
	text = shown(&view, &now, &before);
	/* A line is an object, whatever is in it. */
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
	json = json_loads(text, 0, NULL);
	assert_non_null(json);
	assert_int_equal(json_unpack(json, "{s:I, s:I, s:s, s:I, s:{s:{s:{s:I}}}}", "realtime_ns",
				     &realtime_ns, "root", &root, "path", &path,
				     "interval_commands", &commands, "trace", "caches", "name",
				     "hits", &hits),
			 0);
	assert_int_equal(realtime_ns, 1700000000 * SECOND);
	assert_int_equal(root, 258);
	assert_string_equal(path, "a\\xff\n");
	assert_int_equal(commands, 2468);
	assert_int_equal(hits, 6 * 87);
	json_decref(json);
	free(text);
}

static void test_summary(void **state)
{
	static const char *const wanted[] = {
		"\nWhere the kernel's time went\n",
		"\n  backrefs                3.60 s  60.0%",
		"\nKernel's work and output by command\n",
		"\n  WRITE    6,000",
		"\n  names of inodes        600   522  87.0%",
		"\nMost costly inodes\n",
		"\n  257 ",
		"\n  Tier          tracepoint; not a higher one: no fentry\n",
		"\nNot measured\n  restarts after a relocation\n",
	};
	struct traced_send send = send_after(6);
	struct trace_details details = {.inodes = {{.key = 257, .time_ns = SECOND}},
					.inode_count = 1};
	struct trace_summary summary = {
		.send = &send, .details = &details, .tier_reason = "no fentry"};
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	setenv("LC_ALL", "C.UTF-8", 1);
	send.figures.tier = TIER_TRACEPOINT;
	send.figures.metrics &= ~(UINT64_C(1) << METRIC_RESTARTS);
	summary.missing[METRIC_RESTARTS] = "no such tracepoint";
	assert_int_equal(trace_view_summary(&summary, out, false, 80), 0);
	fclose(out);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (!strstr(text, wanted[i]))
			fail_msg("no '%s' in:\n%s", wanted[i], text);
	/* There is nothing that was compared, and nobody else. */
	assert_null(strstr(text, "Sender"));
	assert_null(strstr(text, "Engine"));
	assert_null(strstr(text, "engine"));
	assert_null(strstr(text, "IDENTICAL"));
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		assert_in_range(format_width(line), 0, 80);
	free(text);

	/* Of one of several the tier is not told again. */
	out = open_memstream(&text, &size);
	assert_non_null(out);
	summary.tier_reason = NULL;
	assert_int_equal(trace_view_summary(&summary, out, false, 80), 0);
	fclose(out);
	assert_non_null(strstr(text, "\nWhere the kernel's time went\n"));
	assert_null(strstr(text, "  Tier "));
	assert_null(strstr(text, "  Measured "));
	free(text);
}

static void test_full_disk(void **state)
{
	const struct traced_send send = send_after(6);
	const struct trace_moment now = {106 * SECOND, &send, 1};
	struct trace_view view = {.width = 80, .out = fopen("/dev/full", "w")};
	struct trace_summary summary = {.send = &send};

	(void)state;
	assert_non_null(view.out);
	for (enum trace_view_form form = 0; form <= TRACE_VIEW_JSON; form++) {
		view.form = form;
		assert_int_equal(trace_view_show(&view, &now, NULL), -ENOSPC);
		clearerr(view.out);
	}
	assert_int_equal(trace_view_summary(&summary, view.out, false, 80), -ENOSPC);
	fclose(view.out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_intervals),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_what_is_not_known),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_results),
		cmocka_unit_test(test_not_divided),
		cmocka_unit_test(test_late_hits),
		cmocka_unit_test(test_live),
		cmocka_unit_test(test_widths),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_summary),
		cmocka_unit_test(test_full_disk),
	};

	return cmocka_run_group_tests_name("trace_view", tests, NULL, NULL);
}

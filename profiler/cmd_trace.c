/* SPDX-License-Identifier: GPL-2.0 */
/* sendprof trace: sends of the kernel that others start, watched from inside. */
#include "profiler/commands.h"
#include "profiler/held_command.h"
#include "profiler/interrupt.h"
#include "profiler/outcome.h"
#include "profiler/terminal.h"
#include "profiler/watch.h"
#include "reports/flame.h"
#include "reports/format.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

/* Samples a second: no divisor of what else happens each second. Bytes: for single events. */
enum { PLAIN_WIDTH = 120, STACK_HERTZ = 997, RING_BYTES = 32 << 20 };

struct trace_options {
	uint64_t process; /* 0: any */
	uint64_t interval_s;
	unsigned int tier; /* index into tiers */
	const char *file;
	const char *stacks;
	const char *flame;
	bool details;
	bool all;
	bool full;
	bool quiet;
	bool json;
};

/* After "auto" those that have programs in the kernel, by name, in their order. */
static const char *const tiers[] = {"auto", "tracepoint", "function", NULL};

static const struct option_row rows[] = {
	OPTION_ROW_U64('p', "pid", "P", struct trace_options, process, 1, 1 << 22,
		       "watch sends of this process and of those it starts, until it ends"),
	OPTION_ROW_FLAG('a', "all", struct trace_options, all,
			"watch every send on this machine; so it is without --pid and COMMAND"),
	OPTION_ROW_U64('i', "interval", "S", struct trace_options, interval_s, 1, 86400,
		       "seconds from line to line"),
	OPTION_ROW_CHOICE(0, "tier", "TIER", struct trace_options, tier, tiers,
			  "how sends are watched; auto: as well as this machine allows"),
	OPTION_ROW_FLAG(
		0, "full", struct trace_options, full,
		"count also what costs more: candidates, preliminary references, roots, paths, "
		"inodes, and the times of commands and searches"),
	OPTION_ROW_FLAG('d', "details", struct trace_options, details,
			"take single events, too: the most costly extents and inodes and the "
			"slowest commands of each send, with paths; in the function tier"),
	OPTION_ROW_STRING(0, "stacks", "FILE", struct trace_options, stacks,
			  "sample the senders' stacks in the kernel and write them there, folded: "
			  "functions from the outermost in, and how often"),
	OPTION_ROW_STRING(0, "flame", "FILE", struct trace_options, flame,
			  "the same as a picture, a flame graph (SVG)"),
	OPTION_ROW_STRING('o', "out", "FILE", struct trace_options, file,
			  "write there; else on stdout, or, with COMMAND, on stderr"),
	OPTION_ROW_FLAG('q', "quiet", struct trace_options, quiet,
			"no lines while sends are under way, only the summary"),
	OPTION_ROW_FLAG(0, "json", struct trace_options, json,
			"print JSON, an object a line: one for each send and interval, and a "
			"summary"),
	OPTION_ROW_END,
};

/* What is open while sends are watched. */
struct trace_run {
	const struct trace_options *options;
	struct held_command command;
	struct watch watch;
	FILE *out;
	FILE *stacks; /* NULL: not asked for */
	FILE *flame;  /* as that */
	bool colour;
	unsigned int width;
};

/* Whose sends, and those of its descendants, are watched; 0: all. */
static pid_t process_of(const struct trace_run *run)
{
	return run->command.process ? run->command.process : (pid_t)run->options->process;
}

static int open_extras(struct trace_run *run, struct failure *failure)
{
	const struct trace_options *options = run->options;
	struct watch *watch = &run->watch;

	if (options->details)
		watch->details = watch_details_new();
	if (options->stacks || options->flame)
		watch->stacks = folded_new();
	if ((options->details && !watch->details) ||
	    ((options->stacks || options->flame) && !watch->stacks))
		return failure_set(failure, -ENOMEM, "out of memory");
	return 0;
}

static int open_tracer(struct trace_run *run, struct failure *failure)
{
	const struct trace_options *options = run->options;
	const struct tracer_options wanted = {
		.forced = options->tier > 0,
		.tier = options->tier ? TIER_PIPE + options->tier : TIER_COUNT - 1,
		.process = process_of(run),
		.groups = options->full ? (UINT64_C(1) << METRIC_COUNT) - 1 : 0,
		.records = options->details,
		.ring_bytes = RING_BYTES,
		.stack_hertz = options->stacks || options->flame ? STACK_HERTZ : 0,
	};
	struct failure cause = {0};
	const char *reason = cause.text;
	int ret = tracer_open(&wanted, &run->watch.tracer, &cause);

	if (!ret && tracer_tier(run->watch.tracer) == TIER_PIPE) {
		ret = -EOPNOTSUPP;
		reason = tracer_tier_reason(run->watch.tracer);
	}
	if (!ret)
		return open_extras(run, failure);
	return failure_set(failure, ret,
			   "cannot watch sends: %.300s; 'sendprof doctor' says what this machine "
			   "allows and what to do",
			   reason);
}

static int create(const char *path, FILE **file, struct failure *failure)
{
	if (!path)
		return 0;
	*file = fopen(path, "we");
	return *file ? 0
		     : failure_set(failure, -errno, "cannot create %s: %s", path, strerror(errno));
}

/* Those that are written in the end, too: a command may run for hours until then. */
static int create_files(struct trace_run *run, struct failure *failure)
{
	const struct trace_options *options = run->options;
	int ret = create(options->file, &run->out, failure);

	if (!ret)
		ret = create(options->stacks, &run->stacks, failure);
	if (!ret)
		ret = create(options->flame, &run->flame, failure);
	return ret;
}

static int open_output(struct trace_run *run, struct failure *failure)
{
	const struct trace_options *options = run->options;
	struct trace_view *view = &run->watch.view;
	unsigned int rows_of_terminal = 0;
	bool terminal;
	int ret = create_files(run, failure);

	if (ret)
		return ret;
	if (!run->out)
		run->out = run->command.process ? stderr : stdout;
	run->width = PLAIN_WIDTH;
	terminal = terminal_size(run->out, &run->width, &rows_of_terminal);
	run->colour = colour_wanted(run->out);
	*view = (struct trace_view){
		.out = options->quiet ? NULL : run->out,
		.form = TRACE_VIEW_LINES,
		.width = run->width,
		.rows = rows_of_terminal,
		.colour = run->colour,
		.utf8 = format_locale_is_utf8(),
	};
	if (options->json)
		view->form = TRACE_VIEW_JSON;
	else if (terminal && !run->command.process)
		view->form = TRACE_VIEW_LIVE; /* a command's own output is not drawn over */
	return 0;
}

static void pass_on(void *context, int number)
{
	const struct trace_run *run = context;

	kill(run->command.process, number);
}

static int open_end(struct trace_run *run, struct failure *failure)
{
	pid_t process = process_of(run);

	run->watch.end = -1;
	if (!process)
		return 0;
	run->watch.end = pidfd_open(process, 0);
	if (run->watch.end < 0)
		return failure_set(failure, -errno, "cannot watch process %d: %s", process,
				   strerror(errno));
	return 0;
}

static void tell_begin(const struct trace_run *run)
{
	const struct tracer *tracer = run->watch.tracer;
	const char *tier = trace_tier_name(tracer_tier(tracer));

	if (run->options->details && tracer_missing(tracer, METRIC_INODES) &&
	    tracer_missing(tracer, METRIC_CLONE_SEARCHES))
		fprintf(stderr,
			"sendprof: note: --details: extents, inodes and commands are not seen in the "
			"%s tier\n",
			tier);
	if (run->options->quiet)
		return;
	if (*tracer_tier_reason(tracer))
		fprintf(stderr, "sendprof: %s\n", tracer_tier_reason(tracer));
	fprintf(stderr, "sendprof: watching sends in the %s tier%s\n", tier,
		process_of(run) ? "" : "; Ctrl-C ends it");
}

static int summarize(const struct trace_run *run, struct failure *failure)
{
	int ret;

	if (run->options->json) {
		json_t *json = watch_summary_to_json(&run->watch);

		ret = json ? 0 : -ENOMEM;
		if (json && json_dumpf(json, run->out, JSON_COMPACT))
			ret = -EIO;
		fputc('\n', run->out);
		json_decref(json);
	} else {
		ret = watch_summarize(&run->watch, run->out, run->colour, run->width);
	}
	if (!ret && fflush(run->out))
		ret = -errno;
	return ret ? failure_set(failure, ret, "cannot write the summary: %s", strerror(-ret)) : 0;
}

static int write_lines(const char *lines, FILE *out)
{
	fputs(lines, out);
	return 0;
}

/* Into a file that was created as @path, or NULL. */
static int write_file(FILE *out, const char *path, const char *lines,
		      int (*write)(const char *, FILE *), struct failure *failure)
{
	int ret;

	if (!out)
		return 0;
	ret = write(lines, out);
	if (!ret && (fflush(out) || ferror(out)))
		ret = errno ? -errno : -EIO;
	return ret ? failure_set(failure, ret, "cannot write %s: %s", path, strerror(-ret)) : 0;
}

static int write_stacks(struct trace_run *run, struct failure *failure)
{
	char *lines = NULL;
	size_t size;
	FILE *out;
	int ret;

	if (!run->watch.stacks)
		return 0;
	ret = watch_add_running_stacks(&run->watch, failure);
	out = ret ? NULL : open_memstream(&lines, &size);
	if (!ret && (!out || folded_write(run->watch.stacks, out)))
		ret = failure_set(failure, -ENOMEM, "out of memory for stacks");
	if (out && fclose(out) && !ret)
		ret = failure_set(failure, -ENOMEM, "out of memory for stacks");
	if (!ret && !*lines && !run->options->quiet)
		fputs("sendprof: no send was sampled: there are no stacks\n", stderr);
	if (!ret)
		ret = write_file(run->stacks, run->options->stacks, lines, write_lines, failure);
	if (!ret)
		ret = write_file(run->flame, run->options->flame, lines, flame_file, failure);
	free(lines);
	return ret;
}

/* 0 or a negative errno; the command, if there is one, has been let go and has ended after 0. */
static int start_and_watch(struct trace_run *run, char *const *arguments, int *status,
			   struct failure *failure)
{
	int ret = 0;

	if (*arguments)
		ret = held_command_start(&run->command, arguments, failure);
	if (!ret)
		ret = open_end(run, failure);
	if (!ret)
		ret = open_output(run, failure);
	if (!ret)
		ret = open_tracer(run, failure);
	if (ret) {
		held_command_drop(&run->command);
		return ret;
	}
	tell_begin(run);
	if (*arguments) {
		run->watch.interrupted = pass_on;
		run->watch.context = run;
		ret = held_command_release(&run->command, failure);
		if (ret)
			return ret;
	}
	run->watch.interval_ns = run->options->interval_s * UINT64_C(1000000000);
	ret = watch_sends(&run->watch, failure);
	if (!ret)
		ret = summarize(run, failure);
	if (!ret)
		ret = write_stacks(run, failure);
	/* Also when watching failed: the command goes on without. */
	if (*arguments)
		*status = held_command_wait(&run->command);
	return ret;
}

/* What was created as @path; @ret is what came of all before. */
static int close_file(FILE *file, const char *path, int ret, struct failure *failure)
{
	if (path && file && fclose(file) && !ret)
		ret = failure_set(failure, -errno, "cannot write %s: %s", path, strerror(errno));
	return ret;
}

static int trace(const struct trace_options *options, char *const *arguments)
{
	struct trace_run run = {.options = options, .watch.end = -1};
	struct failure failure = {0};
	int status = STATUS_OK;
	int ret = start_and_watch(&run, arguments, &status, &failure);

	tracer_close(run.watch.tracer);
	watch_release(&run.watch);
	if (run.watch.end >= 0)
		close(run.watch.end);
	ret = close_file(run.out, options->file, ret, &failure);
	ret = close_file(run.stacks, options->stacks, ret, &failure);
	ret = close_file(run.flame, options->flame, ret, &failure);
	if (!ret)
		return status;
	fflush(stdout);
	fprintf(stderr, "sendprof: %s\n", failure.text);
	/* A command that failed says more. */
	return status ? status : outcome_status(failure.code);
}

static int trace_main(int argc, char **argv)
{
	struct trace_options options = {.interval_s = 1};
	int first, status = options_parse(&command_trace, argc, argv, &options, &first);

	if (status != OPTIONS_PROCEED)
		return status;
	if (options.process && options.all)
		return usage_error(&command_trace, "--pid and --all exclude each other");
	if (argv[first] && (options.process || options.all))
		return usage_error(&command_trace, "%s and a command exclude each other",
				   options.all ? "--all" : "--pid");
	interrupt_install();
	return trace(&options, argv + first);
}

const struct command command_trace = {
	.name = "trace",
	.summary = "watch sends that others start: where their time goes",
	.operands = "[--pid P | --all]\n-- COMMAND [ARGUMENT]...",
	.operands_max = SIZE_MAX,
	.description =
		"Watches sends of the kernel from inside, whoever started them: 'btrfs send', btrbk, "
		"snapper. Of each it prints a line an interval: how much was sent, how fast, how "
		"often the kernel's caches had what was looked up, what takes most of the time, and "
		"the file at work on. When a send has ended its line is printed once more. A "
		"terminal shows them in place; elsewhere one line follows another."
		"\n\n"
		"In a line, rate, commands, hits and most time are of the interval, or of all when the "
		"send has ended. Name hits are lookups of names of inodes that the kernel's cache "
		"answered, root hits those of who shares a leaf of metadata, in the search for clone "
		"sources. Most time names the part that took the largest share: what the processor "
		"did, or what was waited for. Columns that have no room are left out."
		"\n\n"
		"Ctrl-C or SIGTERM ends watching with a summary of the last sends, a line for each "
		"before what was found out about each, and exit status "
		"0. Nothing of it stays in the kernel, however it ends. A send that had begun "
		"before is watched from then on: its totals are of the rest."
		"\n\n"
		"With COMMAND only sends of COMMAND and of what it starts are watched, until it "
		"ends; its exit status is the exit status, and signals go on to it. A process that "
		"leaves its parents behind, like a daemon, does not belong to them any more."
		"\n\n"
		"Needs root, or CAP_BPF and CAP_PERFMON, and a kernel with type information. What "
		"a tier of watching gives: docs/tracing.md.",
	.options = rows,
	.examples =
		"sendprof trace\n"
		"sendprof trace -- btrbk run\n"
		"sendprof trace --json --out sends.jsonl -- btrfs send -f today.stream /mnt/today\n"
		"sendprof trace --details --flame flame.svg -- btrbk run\n"
		"sendprof trace --pid $(pgrep -o btrbk)",
	.run = trace_main,
};

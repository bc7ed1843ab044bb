/* SPDX-License-Identifier: GPL-2.0 */
/* sendprof run: both sends, compared and reported. */
#include "profiler/commands.h"
#include "profiler/explain.h"
#include "profiler/interrupt.h"
#include "profiler/json_build.h"
#include "profiler/outcome.h"
#include "profiler/recording.h"
#include "profiler/run.h"
#include "profiler/terminal.h"
#include "reports/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CACHE_STATE_WARM, CACHE_STATE_COLD };

struct run_options {
	struct send_names names;
	const char *kernel_stream;
	const char *kernel_trace;
	const char *record;
	const char *directory;
	uint64_t repeat;
	unsigned int cache; /* CACHE_STATE_* */
	unsigned int tier;  /* index into run_tier_words */
	struct stream_form_options form;
	uint64_t explain_s;
	const char *why;
	struct why_filter why_filter;
	const char *max_refs;
	uint64_t max_references;
	bool keep_streams;
	bool batch;
	bool quiet;
	bool json;
};

static const char *const cache_states[] = {"warm", "cold", NULL};

static const struct option_row rows[] = {
	OPTION_ROW_STRING('s', "snap", "SNAPSHOT", struct run_options, names.snapshot,
			  "the read-only snapshot to send (required)"),
	OPTION_ROW_STRING('p', "parent", "PARENT", struct run_options, names.parent,
			  "send the difference to this snapshot; it is also a clone source"),
	OPTION_ROW_LIST('c', "clone-src", "SRC", struct run_options, names.clone_sources,
			"clone from this snapshot; may be repeated"),
	STREAM_FORM_ROWS(struct run_options, form),
	OPTION_ROW_U64('n', "repeat", "N", struct run_options, repeat, 1, 10000,
		       "measured pairs of sends, after a warm-up"),
	OPTION_ROW_CHOICE(0, "cache", "STATE", struct run_options, cache, cache_states,
			  "caches at the start of each send"),
	OPTION_ROW_CHOICE(0, "tier", "TIER", struct run_options, tier, run_tier_words,
			  "how the kernel's send is traced, in one more pair of sends that is not "
			  "timed; auto: as well as this machine allows; pipe: not at all"),
	OPTION_ROW_STRING('o', "out", "DIR", struct run_options, directory,
			  "where the report is written"),
	OPTION_ROW_FLAG(
		0, "batch", struct run_options, batch,
		"let the engine write small commands together, as 'sendprof send' does: it is "
		"faster, but its commands have no times of their own"),
	OPTION_ROW_STRING(
		0, "max-refs", "N|unlimited", struct run_options, max_refs,
		"in the end, report what size the stream would have if extents with up to "
		"N references, or with any number, were cloned, as 'sendprof send' does"),
	OPTION_ROW_FLAG(0, "keep-streams", struct run_options, keep_streams,
			"write the streams to kernel.stream and engine.stream in DIR"),
	OPTION_ROW_U64(0, "explain-limit", "SECONDS", struct run_options, explain_s, 0, 86400,
		       "when the streams differ, look so long for the rows of 'sendprof "
		       "generations' that explain it; 0: do not look"),
	OPTION_ROW_STRING(0, "why", "INODE[:OFFSET]", struct run_options, why,
			  "print the engine's decisions on this inode, or on this byte of it, on "
			  "stderr"),
	OPTION_ROW_LIST('i', "image", "FILE|DEVICE", struct run_options, names.images,
			"compare the engine on this image with --kernel-stream; snapshots are "
			"paths from its top level, or subvolume ids; repeated for each device of a "
			"filesystem"),
	OPTION_ROW_STRING(0, "kernel-stream", "FILE", struct run_options, kernel_stream,
			  "the kernel's stream, recorded from the very state that is in the image"),
	OPTION_ROW_STRING(0, "kernel-trace", "FILE", struct run_options, kernel_trace,
			  "the same, written by --record: also what tracing told is compared"),
	OPTION_ROW_STRING(0, "record", "FILE", struct run_options, record,
			  "write the kernel's stream and what tracing told into a recording"),
	OPTION_ROW_FLAG('q', "quiet", struct run_options, quiet,
			"print errors only; the exit status and the report tell"),
	OPTION_ROW_FLAG(0, "json", struct run_options, json,
			"print the result as JSON instead of the summary"),
	OPTION_ROW_END,
};

/* The directory must exist and be writable before anything is measured. */
static int prepare_directory(const char *directory, bool *created, struct failure *failure)
{
	struct stat status;

	*created = !mkdir(directory, 0777);
	if (!*created && errno != EEXIST)
		return failure_set(failure, -errno, "cannot create %s: %s", directory,
				   strerror(errno));
	if (stat(directory, &status) || !S_ISDIR(status.st_mode))
		return failure_set(failure, -ENOTDIR,
				   "cannot write into %s: have a file expect a "
				   "directory",
				   directory);
	if (access(directory, W_OK | X_OK))
		return failure_set(failure, -errno, "cannot write into %s: %s", directory,
				   strerror(errno));
	return 0;
}

static int save_json(const char *directory, const json_t *json, struct failure *failure)
{
	char *path;
	int ret;

	if (asprintf(&path, "%s/result.json", directory) < 0)
		return failure_set(failure, -ENOMEM, "out of memory");
	ret = json_save(json, path);
	if (ret)
		failure_set(failure, ret, "cannot write %s: %s", path, strerror(-ret));
	free(path);
	return ret;
}

/* After each pair, so that a crash loses nothing; @context is the struct run_options. */
static int save_result(void *context, const struct result *result, struct failure *failure)
{
	const struct run_options *options = context;
	json_t *json = result_to_json(result);
	int ret;

	if (!json)
		return failure_set(failure, -ENOMEM, "out of memory");
	ret = save_json(options->directory, json, failure);
	json_decref(json);
	return ret;
}

static int print_json(const struct result *result)
{
	json_t *json = result_to_json(result);
	int ret;

	if (!json)
		return -ENOMEM;
	ret = json_dumpf(json, stdout, JSON_INDENT(1)) ? -EIO : 0;
	putchar('\n');
	json_decref(json);
	return ret;
}

static int print_summary(const struct run_options *options, const struct result *result)
{
	bool coloured = *colour(stdout, COLOUR_BOLD);
	int ret;

	if (options->json)
		return print_json(result);
	if (options->quiet)
		return 0;
	ret = report_text(result, stdout, coloured, terminal_width());
	return ret ? ret : report_text_files(options->directory, stdout, coloured);
}

/* Write what the renderers make of @result; a run that failed is reported too. */
static int report(const struct run_options *options, const struct result *result,
		  struct progress *progress, struct failure *failure)
{
	struct failure plots = {0};
	int ret = save_result((void *)options, result, failure);

	if (ret)
		return ret;
	ret = report_write_all(result, options->directory, &plots);
	if (ret)
		return failure_set(failure, ret, "cannot write the report into %s: %s",
				   options->directory, plots.code ? plots.text : strerror(-ret));
	if (plots.code)
		progress_note(progress, "%s", plots.text);
	ret = print_summary(options, result);
	if (ret && !ferror(stdout)) /* main() tells of a stdout that failed */
		return failure_set(failure, ret, "cannot print the summary: %s", strerror(-ret));
	if (result->verdict == VERDICT_DIFFERENT && !options->keep_streams)
		progress_note(progress, "to look into the streams, run again with --keep-streams "
					"and use 'sendprof stream diff'");
	return 0;
}

static int run_and_report(const struct run_options *options, const struct stream_form *form,
			  struct result *result)
{
	struct progress progress;
	bool created;
	struct failure failure = {0}, report_failure = {0};
	struct run_request request = {
		.names = options->names,
		.kernel_stream =
			options->kernel_trace ? options->kernel_trace : options->kernel_stream,
		.kernel_trace = options->kernel_trace != NULL,
		.record = options->record,
		.directory = options->directory,
		.repeat = options->repeat,
		.form = *form,
		.cold = options->cache == CACHE_STATE_COLD,
		.keep_streams = options->keep_streams,
		.batch = options->batch,
		.max_references = options->max_references,
		.explain_ns = options->explain_s * 1000000000,
		.why = options->why ? &options->why_filter : NULL,
		.progress = &progress,
		.after_pair = save_result,
		.context = (void *)options,
	};

	run_request_set_tier(&request, options->tier);
	progress_init(&progress, options->quiet);
	if (prepare_directory(options->directory, &created, &failure))
		return outcome_fail(&failure);
	run(&request, result, &failure);
	if (!result->snapshot.path && created)
		rmdir(options->directory); /* nothing was found to report on */
	if (result->snapshot.path && !interrupt_signal())
		report(options, result, &progress, &report_failure);
	if (failure.code)
		return outcome_fail(&failure);
	if (report_failure.code)
		return outcome_fail(&report_failure);
	if (interrupt_signal())
		return interrupt_status(); /* nothing failed any more, but there is no report */
	return result->verdict == VERDICT_EQUAL ? STATUS_OK : STATUS_DIFFERENT;
}

/* Without --generation the engine does as the kernel that was recorded. */
static int follow_recording(const struct run_options *options, struct stream_form *form,
			    struct failure *failure)
{
	struct recording recording;
	int ret;

	if (!options->kernel_trace || options->form.generation)
		return 0;
	ret = recording_load_facts(options->kernel_trace, &recording, failure);
	if (!ret)
		form->generation = recording.generation;
	recording_release(&recording);
	return ret;
}

static int check_options(struct run_options *options, struct stream_form *form)
{
	struct failure failure = {0};

	if (!options->names.snapshot)
		return usage_error(&command_run, "--snap is missing");
	if (options->kernel_trace && options->kernel_stream)
		return usage_error(&command_run,
				   "--kernel-trace and --kernel-stream exclude each other");
	if (!options->names.images.count != !(options->kernel_stream || options->kernel_trace))
		return usage_error(&command_run, "--image and --kernel-stream or --kernel-trace "
						 "need each other");
	if (options->record && options->names.images.count)
		return usage_error(&command_run, "--record needs the kernel's send, not an image");
	if (options->why && !why_parse(options->why, &options->why_filter))
		return usage_error(&command_run, WHY_EXPECTED, options->why);
	if (options->kernel_trace && options->form.turned.count && !options->form.generation)
		return usage_error(&command_run, "--turn with --kernel-trace needs --generation");
	if (stream_form_parse_references(options->max_refs, &options->max_references, &failure) ||
	    stream_form_resolve(&options->form, form, &failure))
		return usage_error(&command_run, "%s", failure.text);
	if (follow_recording(options, form, &failure))
		return outcome_fail(&failure);
	return OPTIONS_PROCEED;
}

static int run_main(int argc, char **argv)
{
	struct run_options options = {
		.repeat = 3,
		.directory = "sendprof-report",
		.form = STREAM_FORM_DEFAULTS,
		.explain_s = EXPLAIN_LIMIT_S,
	};
	struct stream_form form;
	struct result *result;
	int first, status;

	status = options_parse(&command_run, argc, argv, &options, &first);
	if (status != OPTIONS_PROCEED)
		return status;
	status = check_options(&options, &form);
	result = calloc(1, sizeof(*result));
	if (status == OPTIONS_PROCEED && result) {
		interrupt_install();
		status = run_and_report(&options, &form, result);
	} else if (!result) {
		status = outcome_fail(&(struct failure){-ENOMEM, "out of memory"});
	}
	if (result)
		result_release(result);
	free(result);
	option_list_release(&options.names.clone_sources);
	option_list_release(&options.names.images);
	stream_form_release(&options.form);
	return status;
}

const struct command command_run = {
	.name = "run",
	.summary = "run the kernel's send and the engine's, compare and measure them",
	.operands = "--snap SNAPSHOT [--parent PARENT]",
	.description =
		"Sends SNAPSHOT with the running kernel and with the engine in user space, by turns, "
		"in the same committed state of the filesystem; compares their streams byte for byte "
		"and reports verdict, sizes, durations and the latency of each kind of command. "
		"Needs root. The report goes into DIR: result.json, report.md, report.html and "
		"plots."
		"\n\n"
		"When the streams differ, the engine sends again with single behaviours of other "
		"kernels, then with several, and the report names those that make the streams "
		"equal."
		"\n\n"
		"With --image and --kernel-stream the engine's stream of an image is compared with a "
		"recorded one; that needs neither a mount nor, for an image file, root.",
	.options = rows,
	.examples = "sendprof run --snap /mnt/snap2 --parent /mnt/snap1\n"
		    "sendprof run --snap /mnt/snap2 --cache cold --repeat 5 --out cold-report\n"
		    "sendprof run --image disk.img --snap snap2 --kernel-stream snap2.stream",
	.run = run_main,
};

/* SPDX-License-Identifier: GPL-2.0 */
/* sendprof stream diff: two streams, or one and the engine's. */
#include "profiler/explain.h"
#include "profiler/interrupt.h"
#include "profiler/outcome.h"
#include "profiler/stream_commands.h"
#include "profiler/stream_diff_engine.h"
#include "profiler/stream_diff_show.h"
#include "profiler/stream_text.h"
#include "profiler/terminal.h"
#include "reports/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct diff_options {
	bool json;
	bool quiet;
	uint64_t context;
	uint64_t data_bytes;
	struct option_list ignored;
	bool explain;
	uint64_t explain_s;
	struct send_names names;
	struct stream_form_options form;
};

static const struct option_row rows[] = {
	OPTION_ROW_U64('c', "context", "N", struct diff_options, context, 0,
		       STREAM_DIFF_CONTEXT_MAX,
		       "show N identical commands before the first divergence, and 2N "
		       "commands after it"),
	OPTION_ROW_LIST('i', "ignore", "ATTRIBUTE", struct diff_options, ignored,
			"do not compare this attribute (uuid, ctransid, atime, ...), or the "
			"protocol of the stream header; may be given several times"),
	OPTION_ROW_U64('b', "bytes", "N", struct diff_options, data_bytes, 0, UINT32_MAX,
		       "show at most N bytes of file data and extended attribute values"),
	OPTION_ROW_FLAG('q', "quiet", struct diff_options, quiet, "print nothing"),
	OPTION_ROW_FLAG('j', "json", struct diff_options, json, "print one JSON object"),
	OPTION_ROW_FLAG('e', "explain", struct diff_options, explain,
			"compare RECORDED with what the engine sends of --snap, and name the rows "
			"of 'sendprof generations' that explain the difference"),
	OPTION_ROW_STRING('s', "snap", "SNAPSHOT", struct diff_options, names.snapshot,
			  "with --explain: the snapshot that was sent"),
	OPTION_ROW_STRING('p', "parent", "PARENT", struct diff_options, names.parent,
			  "with --explain: its parent, which is also a clone source"),
	OPTION_ROW_LIST(0, "clone-src", "SRC", struct diff_options, names.clone_sources,
			"with --explain: a further clone source; may be repeated"),
	OPTION_ROW_LIST(0, "image", "FILE|DEVICE", struct diff_options, names.images,
			"with --explain: read this image or device; snapshots are paths from its "
			"top level, or subvolume ids"),
	STREAM_CONTENT_ROWS(struct diff_options, form),
	OPTION_ROW_U64(0, "explain-limit", "SECONDS", struct diff_options, explain_s, 0, 86400,
		       "how long to look for what explains the difference; 0: do not look"),
	OPTION_ROW_END,
};

static int ignored_attributes(const struct diff_options *options, uint64_t *mask)
{
	for (size_t i = 0; i < options->ignored.count; i++) {
		const char *name = options->ignored.items[i];
		unsigned int id = stream_text_attribute_find(name);

		if (!id && strcmp(name, "protocol"))
			return usage_error(&command_stream_diff, "--ignore: no attribute '%s'",
					   name);
		*mask |= UINT64_C(1) << id;
	}
	return STATUS_OK;
}

/* Compare two open files; an exit status, STATUS_OK also when they are damaged or differ. */
static int compare(struct diff_view *view, const struct diff_options *options, uint64_t ignored)
{
	const struct stream_diff_options how = {
		.context = options->context,
		.ignored = ignored,
		.data_bytes = options->data_bytes,
	};

	if (stream_file_make_seekable(&view->left))
		return stream_file_complain(&view->left);
	if (stream_file_make_seekable(&view->right))
		return stream_file_complain(&view->right);
	if (!stream_diff_run(&view->left, &view->right, &how, &view->diff))
		return STATUS_OK;
	if (view->left.failure.code)
		return stream_file_complain(&view->left);
	if (view->right.failure.code)
		return stream_file_complain(&view->right);
	fprintf(stderr, "sendprof: stream diff: out of memory\n");
	return STATUS_INTERNAL;
}

static int print_json(struct diff_view *view, const struct attribution *attribution)
{
	json_t *object = diff_view_json(view);
	int ret;

	if (object && attribution)
		ret = json_object_set_new(object, "attribution", attribution_to_json(attribution));
	else
		ret = object ? 0 : -1;
	if (ret) {
		fprintf(stderr, "sendprof: stream diff: cannot make the JSON object\n");
		json_decref(object);
		return STATUS_INTERNAL;
	}
	ret = json_dumpf(object, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(object);
	return ret ? STATUS_ENVIRONMENT : STATUS_OK;
}

static int print(struct diff_view *view, const struct diff_options *options)
{
	if (options->json)
		return print_json(view, NULL);
	if (!options->quiet)
		diff_view_print(view);
	return STATUS_OK;
}

static int diff_files(const struct diff_options *options, const char *left, const char *right,
		      uint64_t ignored)
{
	struct diff_view view = {.data_bytes = options->data_bytes,
				 .coloured = colour_wanted(stdout)};
	int status;

	if (stream_file_open(&view.left, left))
		return stream_file_complain(&view.left);
	if (stream_file_open(&view.right, right)) {
		status = stream_file_complain(&view.right);
		stream_file_close(&view.left);
		return status;
	}
	status = compare(&view, options, ignored);
	if (status == STATUS_OK) {
		status = print(&view, options);
		if (view.left.failure.code)
			status = stream_file_complain(&view.left);
		else if (view.right.failure.code)
			status = stream_file_complain(&view.right);
		else if (status == STATUS_OK && view.diff.different)
			status = STATUS_DIFFERENT;
	}
	stream_diff_release(&view.diff);
	stream_file_close(&view.left);
	stream_file_close(&view.right);
	return status;
}

static int print_explained(struct diff_view *view, const struct diff_options *options,
			   const struct diff_engine *engine, const struct result *result)
{
	int status = STATUS_OK;

	if (options->json) {
		status = print_json(view, &result->attribution);
	} else if (!options->quiet) {
		diff_view_print(view);
		if (report_text_explanation(result, stdout, view->coloured, terminal_width()))
			status = STATUS_ENVIRONMENT;
	}
	fflush(stdout);
	if (engine->send_failure.code)
		fprintf(stderr, "sendprof: the engine's send failed: %s\n",
			engine->send_failure.text);
	else if (view->right.failure.code)
		return stream_file_complain(&view->right);
	if (view->left.failure.code)
		return stream_file_complain(&view->left);
	if (status == STATUS_OK && engine->comparison.differs)
		status = STATUS_DIFFERENT;
	return status;
}

/* Both streams are there: compare, explain, print. */
static int explain_view(struct diff_view *view, const struct diff_options *options,
			const struct diff_engine *engine)
{
	struct result *result = calloc(1, sizeof(*result)); /* too large for a stack */
	struct failure failure = {0};
	int status = compare(view, options, 0);

	if (!result)
		failure_set(&failure, -ENOMEM, "out of memory");
	else if (status == STATUS_OK && engine->comparison.differs && options->explain_s)
		diff_engine_explain(engine, options->explain_s * 1000000000, &result->attribution,
				    &failure);
	if (failure.code)
		status = outcome_fail(&failure);
	else if (status == STATUS_OK)
		status = print_explained(view, options, engine, result);
	if (result)
		result_release(result);
	free(result);
	return status;
}

static int diff_engine(const struct diff_options *options, const char *recorded)
{
	struct diff_view view = {.data_bytes = options->data_bytes,
				 .coloured = colour_wanted(stdout)};
	struct diff_engine engine;
	struct failure failure = {0};
	int status;

	interrupt_install();
	if (diff_engine_open(&engine, &options->names, &options->form, recorded, &failure)) {
		status = outcome_fail(&failure);
	} else if (stream_file_open(&view.left, recorded)) {
		status = stream_file_complain(&view.left);
	} else if (stream_store_read(diff_engine_stream(&engine), "the engine's stream",
				     &view.right)) {
		status = stream_file_complain(&view.right);
		stream_file_close(&view.left);
	} else {
		status = explain_view(&view, options, &engine);
		stream_diff_release(&view.diff);
		stream_file_close(&view.left);
		stream_file_close(&view.right);
	}
	diff_engine_close(&engine);
	return status;
}

/* What does not depend on the recorded stream. */
static int check_form(const struct diff_options *options)
{
	struct stream_form_options form = options->form;
	struct stream_form resolved;
	struct failure failure = {0};

	form.protocol = SEND_PROTOCOL_MAX;
	form.protocol_is_found = true;
	if (stream_form_resolve(&form, &resolved, &failure))
		return usage_error(&command_stream_diff, "%s", failure.text);
	return STATUS_OK;
}

static bool names_given(const struct send_names *names)
{
	return names->snapshot || names->parent || names->clone_sources.count ||
	       names->images.count;
}

static int check_operands(const struct diff_options *options, int count, char **operands)
{
	if (options->explain && !options->names.snapshot)
		return usage_error(&command_stream_diff, "--explain needs --snap");
	if (options->explain && options->ignored.count)
		return usage_error(&command_stream_diff,
				   "--explain compares every byte: --ignore has no place there");
	if (!options->explain && names_given(&options->names))
		return usage_error(&command_stream_diff,
				   "--snap, --parent, --clone-src and --image need --explain");
	if (options->explain && count != 1)
		return usage_error(&command_stream_diff,
				   "unexpected operand '%s': the engine's stream is the other one",
				   operands[1]);
	if (!options->explain && count != 2)
		return usage_error(&command_stream_diff, "operand missing: expect LEFT RIGHT");
	if (count == 2 && !strcmp(operands[0], "-") && !strcmp(operands[1], "-"))
		return usage_error(&command_stream_diff, "only one side can be standard input");
	return check_form(options);
}

static int diff_main(int argc, char **argv)
{
	struct diff_options options = {.context = 3,
				       .data_bytes = STREAM_TEXT_DATA_BYTES,
				       .explain_s = EXPLAIN_LIMIT_S,
				       .form = STREAM_FORM_DEFAULTS};
	uint64_t ignored = 0;
	int first, status;

	status = options_parse(&command_stream_diff, argc, argv, &options, &first);
	if (status != OPTIONS_PROCEED)
		return status;
	status = ignored_attributes(&options, &ignored);
	if (status == STATUS_OK)
		status = check_operands(&options, argc - first, argv + first);
	if (status == STATUS_OK && options.explain)
		status = diff_engine(&options, argv[first]);
	else if (status == STATUS_OK)
		status = diff_files(&options, argv[first], argv[first + 1], ignored);
	option_list_release(&options.ignored);
	option_list_release(&options.names.clone_sources);
	option_list_release(&options.names.images);
	stream_form_release(&options.form);
	return status;
}

const struct command command_stream_diff = {
	.name = "stream diff",
	.summary = "compare two streams command by command",
	.operands = "LEFT RIGHT\n--explain --snap SNAPSHOT [--parent PARENT] RECORDED",
	.operands_min = 1,
	.operands_max = 2,
	.description =
		"Aligns the commands of two streams and prints whether they are equal, the first "
		"divergence with the commands around it, and how many commands are identical, "
		"changed (same kind and path, other attributes), or only in one of them. Reads "
		"streams of any size: an identical beginning costs no memory, a command after it "
		"less than 100 bytes.\n\n"
		"In the listing '<' marks commands of LEFT and '>' commands of RIGHT, each with "
		"its byte offset there.\n\n"
		"With --explain the engine sends the same snapshots, in the protocol of RECORDED, "
		"and its stream is the right one. When they differ, it sends again with single "
		"rows of the generations table turned, as the other generations, and with several "
		"rows, until the streams are equal: those rows are what the kernel that wrote "
		"RECORDED does differently. When none do, the engine's decisions on the inode in "
		"which they differ are shown.",
	.options = rows,
	.examples =
		"sendprof stream diff kernel.stream engine.stream\n"
		"sendprof stream diff --ignore uuid --ignore ctransid old.stream new.stream\n"
		"btrfs send /mnt/snap | sendprof stream diff --context 10 recorded.stream -\n"
		"sendprof stream diff --explain --image disk.img --snap snaps/2 --parent snaps/1 "
		"2.stream",
	.run = diff_main,
};

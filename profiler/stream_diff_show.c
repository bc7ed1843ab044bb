/* SPDX-License-Identifier: GPL-2.0 */
/* sendprof stream diff: what the differ found, for a person or as JSON. */
#include "profiler/stream_commands.h"
#include "profiler/stream_diff.h"
#include "profiler/stream_text.h"
#include "profiler/terminal.h"

#include <inttypes.h>

struct diff_options {
	bool json;
	bool quiet;
	uint64_t context;
	uint64_t data_bytes;
	struct option_list ignored;
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
	OPTION_ROW_END,
};

struct view {
	struct stream_file left;
	struct stream_file right;
	const struct diff_options *options;
	struct stream_diff diff;
	bool coloured;
};

static void print_line(const struct view *view, char mark, enum colour shade, uint64_t offset,
		       const char *text)
{
	printf("%s%c %12" PRIu64 "  %s%s\n", colour_if(view->coloured, shade), mark, offset, text,
	       colour_if(view->coloured && shade != COLOUR_NONE, COLOUR_NONE));
}

static void print_row(const struct view *view, const struct stream_diff_row *row)
{
	const char *separator = "";
	char name[STREAM_TEXT_NAME_SIZE];

	if (row->state == STREAM_DIFF_SAME) {
		print_line(view, ' ', COLOUR_NONE, row->left.offset, row->left_text);
		return;
	}
	if (row->left_text)
		print_line(view, '<', COLOUR_BAD, row->left.offset, row->left_text);
	if (row->right_text)
		print_line(view, '>', COLOUR_GOOD, row->right.offset, row->right_text);
	if (!row->attributes)
		return;
	printf("%17s%sdiffers in ", "", colour_if(view->coloured, COLOUR_NOTE));
	for (unsigned int id = 0; id < STREAM_A_COUNT; id++) {
		if (!(row->attributes >> id & 1))
			continue;
		printf("%s%s", separator, stream_text_attribute_name(id, name));
		if (id == STREAM_A_DATA)
			printf(" (from byte %" PRIu32 " on)", row->data_difference);
		separator = ", ";
	}
	printf("%s\n", colour_if(view->coloured, COLOUR_NONE));
}

static void print_counts(const char *name, const struct stream_diff_counts *counts)
{
	char text[4][HUMAN_TEXT_SIZE];

	printf("%-14s %12s %12s %12s %12s\n", name, human_count(counts->identical, text[0]),
	       human_count(counts->changed, text[1]), human_count(counts->only_left, text[2]),
	       human_count(counts->only_right, text[3]));
}

static void print_summary(const struct view *view)
{
	const struct stream_diff *diff = &view->diff;
	const char *intro = "\nchanged commands differ in:";
	char name[STREAM_TEXT_NAME_SIZE], number[HUMAN_TEXT_SIZE];

	printf("\n%s%-14s %12s %12s %12s %12s%s\n", colour_if(view->coloured, COLOUR_BOLD),
	       "command", "identical", "changed", "only left", "only right",
	       colour_if(view->coloured, COLOUR_NONE));
	for (unsigned int kind = 0; kind < STREAM_C_COUNT; kind++) {
		const struct stream_diff_counts *counts = &diff->kinds[kind];

		if (counts->changed || counts->only_left || counts->only_right)
			print_counts(kind ? stream_commands[kind].name : "STREAM", counts);
	}
	print_counts("total", &diff->total);
	for (unsigned int id = 0; id < STREAM_A_COUNT; id++) {
		if (!diff->attributes[id])
			continue;
		printf("%s %s %s", intro, stream_text_attribute_name(id, name),
		       human_count(diff->attributes[id], number));
		intro = ",";
	}
	if (intro[0] == ',')
		putchar('\n');
}

static void print_text(const struct view *view)
{
	const struct stream_diff *diff = &view->diff;
	bool damaged = view->left.failure.code || view->right.failure.code;
	char number[HUMAN_TEXT_SIZE], size[HUMAN_TEXT_SIZE];

	if (!diff->different) {
		printf("%s%s%s: %s commands, %s\n",
		       colour_if(view->coloured, damaged ? COLOUR_NOTE : COLOUR_GOOD),
		       damaged ? "EQUAL AS FAR AS READ" : "EQUAL",
		       colour_if(view->coloured, COLOUR_NONE),
		       human_count(diff->total.identical, number),
		       human_size(view->left.offset, size));
		return;
	}
	printf("%sDIFFERENT%s after %s identical commands, at offset %" PRIu64
	       " of %s (<) and %" PRIu64 " of %s (>)\n\n",
	       colour_if(view->coloured, COLOUR_BAD), colour_if(view->coloured, COLOUR_NONE),
	       human_count(diff->first_command, number), diff->left_offset, view->left.name,
	       diff->right_offset, view->right.name);
	for (size_t i = 0; i < diff->row_count; i++)
		print_row(view, &diff->rows[i]);
	print_summary(view);
}

static json_t *counts_json(const struct stream_diff_counts *counts)
{
	return json_pack("{s:I, s:I, s:I, s:I}", "identical", (json_int_t)counts->identical,
			 "changed", (json_int_t)counts->changed, "only_left",
			 (json_int_t)counts->only_left, "only_right",
			 (json_int_t)counts->only_right);
}

static json_t *item_json(struct stream_file *file, const struct stream_position *at,
			 size_t data_bytes)
{
	struct stream_item item;

	return stream_file_read_at(file, at, &item) ? NULL : stream_text_json(&item, data_bytes);
}

static json_t *row_json(struct view *view, const struct stream_diff_row *row)
{
	static const char *const states[] = {
		[STREAM_DIFF_SAME] = "same",
		[STREAM_DIFF_CHANGED] = "changed",
		[STREAM_DIFF_ONLY_LEFT] = "only_left",
		[STREAM_DIFF_ONLY_RIGHT] = "only_right",
	};
	json_t *object = json_pack("{s:s}", "state", states[row->state]);
	json_t *attributes = json_array();
	char name[STREAM_TEXT_NAME_SIZE];

	if (row->left_text)
		json_object_set_new(object, "left",
				    item_json(&view->left, &row->left, view->options->data_bytes));
	if (row->right_text)
		json_object_set_new(
			object, "right",
			item_json(&view->right, &row->right, view->options->data_bytes));
	for (unsigned int id = 0; id < STREAM_A_COUNT; id++) {
		if (row->attributes >> id & 1)
			json_array_append_new(attributes,
					      json_string(stream_text_attribute_name(id, name)));
	}
	json_object_set_new(object, "attributes", attributes);
	if (row->attributes >> STREAM_A_DATA & 1)
		json_object_set_new(object, "data_difference", json_integer(row->data_difference));
	return object;
}

static json_t *first_json(struct view *view)
{
	const struct stream_diff *diff = &view->diff;
	json_t *shown = json_array();

	if (!diff->different) {
		json_decref(shown);
		return json_null();
	}
	for (size_t i = 0; i < diff->row_count; i++)
		json_array_append_new(shown, row_json(view, &diff->rows[i]));
	return json_pack("{s:I, s:I, s:I, s:o}", "command", (json_int_t)diff->first_command,
			 "left_offset", (json_int_t)diff->left_offset, "right_offset",
			 (json_int_t)diff->right_offset, "rows", shown);
}

static int print_json(struct view *view)
{
	const struct stream_diff *diff = &view->diff;
	json_t *kinds = json_object(), *attributes = json_object();
	char name[STREAM_TEXT_NAME_SIZE];
	json_t *object;
	int ret;

	for (unsigned int kind = 1; kind < STREAM_C_COUNT; kind++) {
		const struct stream_diff_counts *counts = &diff->kinds[kind];

		if (counts->identical || counts->changed || counts->only_left || counts->only_right)
			json_object_set_new(kinds, stream_commands[kind].name, counts_json(counts));
	}
	for (unsigned int id = 0; id < STREAM_A_COUNT; id++) {
		if (diff->attributes[id])
			json_object_set_new(attributes, stream_text_attribute_name(id, name),
					    json_integer((json_int_t)diff->attributes[id]));
	}
	object = json_pack("{s:b, s:s, s:s, s:o, s:o, s:o, s:o}", "equal", !diff->different, "left",
			   view->left.name, "right", view->right.name, "total",
			   counts_json(&diff->total), "kinds", kinds, "attributes", attributes,
			   "first", first_json(view));
	if (!object) {
		fprintf(stderr, "sendprof: stream diff: cannot make the JSON object\n");
		return STATUS_INTERNAL;
	}
	ret = json_dumpf(object, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(object);
	return ret ? STATUS_ENVIRONMENT : STATUS_OK;
}

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

/* Compare two open files; returns an exit status. */
static int diff_files(struct view *view, uint64_t ignored)
{
	const struct stream_diff_options options = {
		.context = view->options->context,
		.ignored = ignored,
		.data_bytes = view->options->data_bytes,
	};
	int status = STATUS_OK;

	if (stream_file_make_seekable(&view->left))
		return stream_file_complain(&view->left);
	if (stream_file_make_seekable(&view->right))
		return stream_file_complain(&view->right);
	if (stream_diff_run(&view->left, &view->right, &options, &view->diff)) {
		if (view->left.failure.code)
			return stream_file_complain(&view->left);
		if (view->right.failure.code)
			return stream_file_complain(&view->right);
		fprintf(stderr, "sendprof: stream diff: out of memory\n");
		return STATUS_INTERNAL;
	}
	if (view->options->json)
		status = print_json(view);
	else if (!view->options->quiet)
		print_text(view);
	if (view->left.failure.code)
		return stream_file_complain(&view->left);
	if (view->right.failure.code)
		return stream_file_complain(&view->right);
	return status ? status : view->diff.different ? STATUS_DIFFERENT : STATUS_OK;
}

static int diff_main(int argc, char **argv)
{
	struct diff_options options = {.context = 3, .data_bytes = STREAM_TEXT_DATA_BYTES};
	struct view view = {.options = &options, .coloured = colour_wanted(stdout)};
	uint64_t ignored = 0;
	int first, status;

	status = options_parse(&command_stream_diff, argc, argv, &options, &first);
	if (status != OPTIONS_PROCEED)
		return status;
	status = ignored_attributes(&options, &ignored);
	if (!status && !strcmp(argv[first], "-") && !strcmp(argv[first + 1], "-"))
		status = usage_error(&command_stream_diff, "only one side can be standard input");
	option_list_release(&options.ignored);
	if (status)
		return status;
	if (stream_file_open(&view.left, argv[first])) {
		status = stream_file_complain(&view.left);
	} else if (stream_file_open(&view.right, argv[first + 1])) {
		status = stream_file_complain(&view.right);
		stream_file_close(&view.left);
	} else {
		status = diff_files(&view, ignored);
		stream_diff_release(&view.diff);
		stream_file_close(&view.left);
		stream_file_close(&view.right);
	}
	return status;
}

const struct command command_stream_diff = {
	.name = "stream diff",
	.summary = "compare two streams command by command",
	.operands = "LEFT RIGHT",
	.operands_min = 2,
	.operands_max = 2,
	.description =
		"Aligns the commands of two streams and prints whether they are equal, the first "
		"divergence with the commands around it, and how many commands are identical, "
		"changed (same kind and path, other attributes), or only in one of them. Reads "
		"streams of any size: an identical beginning costs no memory, a command after it "
		"less than 100 bytes.\n\n"
		"In the listing '<' marks commands of LEFT and '>' commands of RIGHT, each with "
		"its byte offset there.",
	.options = rows,
	.examples = "sendprof stream diff kernel.stream engine.stream\n"
		    "sendprof stream diff --ignore uuid --ignore ctransid old.stream new.stream\n"
		    "btrfs send /mnt/snap | sendprof stream diff --context 10 recorded.stream -",
	.run = diff_main,
};

/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/stream_diff_show.h"
#include "profiler/json_build.h"
#include "profiler/stream_text.h"
#include "profiler/terminal.h"
#include "reports/format.h"

#include <inttypes.h>

static void print_line(const struct diff_view *view, char mark, enum colour shade, uint64_t offset,
		       const char *text)
{
	printf("%s%c %12" PRIu64 "  %s%s\n", colour_if(view->coloured, shade), mark, offset, text,
	       colour_if(view->coloured && shade != COLOUR_NONE, COLOUR_NONE));
}

static void print_row(const struct diff_view *view, const struct stream_diff_row *row)
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

	printf("%-14s %12s %12s %12s %12s\n", name, COUNT(counts->identical),
	       COUNT(counts->changed), COUNT(counts->only_left), COUNT(counts->only_right));
}

static void print_summary(const struct diff_view *view)
{
	const struct stream_diff *diff = &view->diff;
	const char *intro = "\nchanged commands differ in:";
	char name[STREAM_TEXT_NAME_SIZE];

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
		       COUNT(diff->attributes[id]));
		intro = ",";
	}
	if (intro[0] == ',')
		putchar('\n');
}

void diff_view_print(const struct diff_view *view)
{
	const struct stream_diff *diff = &view->diff;
	bool damaged = view->left.failure.code || view->right.failure.code;

	if (!diff->different) {
		printf("%s%s%s: %s commands, %s\n",
		       colour_if(view->coloured, damaged ? COLOUR_NOTE : COLOUR_GOOD),
		       damaged ? "EQUAL AS FAR AS READ" : "EQUAL",
		       colour_if(view->coloured, COLOUR_NONE), COUNT(diff->total.identical),
		       BYTES(view->left.offset));
		return;
	}
	printf("%sDIFFERENT%s after %s identical commands, at offset %" PRIu64
	       " of %s (<) and %" PRIu64 " of %s (>)\n\n",
	       colour_if(view->coloured, COLOUR_BAD), colour_if(view->coloured, COLOUR_NONE),
	       COUNT(diff->first_command), diff->left_offset, view->left.name, diff->right_offset,
	       view->right.name);
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

static json_t *row_json(struct diff_view *view, const struct stream_diff_row *row)
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
				    item_json(&view->left, &row->left, view->data_bytes));
	if (row->right_text)
		json_object_set_new(object, "right",
				    item_json(&view->right, &row->right, view->data_bytes));
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

static json_t *first_json(struct diff_view *view)
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

json_t *diff_view_json(struct diff_view *view)
{
	const struct stream_diff *diff = &view->diff;
	json_t *kinds = json_object(), *attributes = json_object();
	char name[STREAM_TEXT_NAME_SIZE];

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
	return json_pack("{s:b, s:o, s:o, s:o, s:o, s:o, s:o}", "equal", !diff->different, "left",
			 json_text_or_null(view->left.name), "right",
			 json_text_or_null(view->right.name), "total", counts_json(&diff->total),
			 "kinds", kinds, "attributes", attributes, "first", first_json(view));
}

/* SPDX-License-Identifier: GPL-2.0 */
/* sendprof stream dump: every command, one line each. */
#include "profiler/stream_commands.h"
#include "profiler/stream_file.h"
#include "profiler/stream_text.h"
#include "profiler/terminal.h"

#include <inttypes.h>
#include <stdlib.h>

struct dump_options {
	bool json;
	uint64_t data_bytes;
};

static const struct option_row rows[] = {
	OPTION_ROW_FLAG('j', "json", struct dump_options, json, "print one JSON object per line"),
	OPTION_ROW_U64('b', "bytes", "N", struct dump_options, data_bytes, 0, UINT32_MAX,
		       "show at most N bytes of file data and extended attribute values"),
	OPTION_ROW_END,
};

static void print_text(const struct stream_item *item, const struct dump_options *options,
		       bool coloured)
{
	bool command = item->at.type == STREAM_ITEM_COMMAND;
	bool wrong = command && item->command.crc_stored != item->command.crc_computed;

	printf("%12" PRIu64 "  %s%-3s%s  ", item->at.offset,
	       colour_if(coloured && wrong, COLOUR_BAD),
	       !command ? "-"
	       : wrong	? "BAD"
			: "ok",
	       colour_if(coloured && wrong, COLOUR_NONE));
	stream_text_print(stdout, item, options->data_bytes, coloured);
	putchar('\n');
}

static int print_json(const struct stream_item *item, const struct dump_options *options)
{
	json_t *object = stream_text_json(item, options->data_bytes);
	int ret;

	if (!object)
		return -1;
	ret = json_dumpf(object, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(object);
	return ret;
}

/* Print all items; returns an exit status. */
static int dump(struct stream_file *file, const struct dump_options *options)
{
	bool coloured = colour_wanted(stdout);
	struct stream_item item;

	if (!options->json)
		printf("%s#     offset  crc  %-13s  %s%s\n", colour_if(coloured, COLOUR_DIM),
		       "command", "attributes", colour_if(coloured, COLOUR_NONE));
	while (!stream_file_next(file, &item)) {
		/* The first wrong checksum is complained about at the end; go on until then. */
		stream_file_judge(file, &item);
		if (!options->json) {
			print_text(&item, options, coloured);
		} else if (print_json(&item, options)) {
			fprintf(stderr, "sendprof: %s: cannot make a JSON object\n", file->name);
			return STATUS_INTERNAL;
		}
		if (ferror(stdout))
			return STATUS_ENVIRONMENT;
	}
	return file->failure.code ? stream_file_complain(file) : STATUS_OK;
}

static int dump_main(int argc, char **argv)
{
	struct dump_options options = {.data_bytes = STREAM_TEXT_DATA_BYTES};
	struct stream_file file;
	int first, status;

	status = options_parse(&command_stream_dump, argc, argv, &options, &first);
	if (status != OPTIONS_PROCEED)
		return status;
	if (stream_file_open(&file, argv[first]))
		return stream_file_complain(&file);
	status = dump(&file, &options);
	stream_file_close(&file);
	return status;
}

const struct command command_stream_dump = {
	.name = "stream dump",
	.summary = "print every command with all its attributes",
	.operands = "FILE",
	.operands_min = 1,
	.operands_max = 1,
	.description =
		"Prints one line for each command: its byte offset, whether its checksum is "
		"right (ok, BAD), its name, and its attributes by name, the path first. "
		"Columns are separated by spaces and hold none: bytes of paths and data that "
		"are not printable ASCII, spaces and backslashes are written as in C, "
		"with three octal digits.\n\n"
		"Lengths, offsets and times (UTC) are complete; of data, its length and its "
		"first bytes are shown. A damaged stream is printed as far as it is good.",
	.options = rows,
	.examples = "sendprof stream dump snap.stream\n"
		    "btrfs send /mnt/snap | sendprof stream dump - | grep ' CLONE '\n"
		    "sendprof stream dump --json snap.stream | jq 'select(.command == \"RENAME\")'",
	.run = dump_main,
};

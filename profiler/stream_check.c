/* SPDX-License-Identifier: GPL-2.0 */
/* sendprof stream check: is this a whole and undamaged stream? */
#include "profiler/stream_commands.h"
#include "profiler/stream_file.h"
#include "profiler/terminal.h"
#include "reports/format.h"

#include <errno.h>
#include <inttypes.h>

struct check_options {
	bool quiet;
};

static const struct option_row rows[] = {
	OPTION_ROW_FLAG('q', "quiet", struct check_options, quiet, "print nothing for a good file"),
	OPTION_ROW_END,
};

struct tally {
	uint64_t streams;
	uint64_t commands;
	unsigned int protocol; /* of the last stream */
	bool first;	       /* the next command is the first of its stream */
};

/* What the decoder cannot see, because it looks at one command at a time. */
static int check_item(struct stream_file *file, const struct stream_item *item, struct tally *tally)
{
	if (item->at.type == STREAM_ITEM_HEADER) {
		tally->streams++;
		tally->protocol = item->at.protocol;
		tally->first = true;
		return 0;
	}
	if (tally->first && item->at.kind != STREAM_C_SUBVOL && item->at.kind != STREAM_C_SNAPSHOT)
		return failure_set(&file->failure, -EPROTO,
				   "offset %" PRIu64 ": first command have %s expect SUBVOL or "
				   "SNAPSHOT",
				   item->at.offset, stream_commands[item->at.kind].name);
	tally->first = false;
	tally->commands++;
	return stream_file_judge(file, item);
}

static int check(struct stream_file *file, const struct check_options *options)
{
	struct tally tally = {0};
	struct stream_item item;
	int ret;

	while (!(ret = stream_file_next(file, &item))) {
		ret = check_item(file, &item, &tally);
		if (ret)
			break;
	}
	if (ret < 0)
		return stream_file_complain(file);
	if (!options->quiet)
		printf("%s: %sok%s, %s commands, %s, protocol %u%s\n", file->name,
		       colour(stdout, COLOUR_GOOD), colour(stdout, COLOUR_NONE),
		       COUNT(tally.commands), BYTES(file->offset), tally.protocol,
		       tally.streams > 1 ? ", several streams" : "");
	return STATUS_OK;
}

static int check_main(int argc, char **argv)
{
	struct check_options options = {0};
	int first, status, worst = STATUS_OK;

	status = options_parse(&command_stream_check, argc, argv, &options, &first);
	if (status != OPTIONS_PROCEED)
		return status;
	for (int i = first; i < argc; i++) {
		struct stream_file file;

		if (stream_file_open(&file, argv[i]))
			status = stream_file_complain(&file);
		else
			status = check(&file, &options);
		stream_file_close(&file);
		worst = status > worst ? status : worst;
	}
	return worst;
}

const struct command command_stream_check = {
	.name = "stream check",
	.summary = "verify structure and checksums",
	.operands = "FILE...",
	.operands_min = 1,
	.operands_max = SIZE_MAX,
	.description = "Verifies the header, that every command is one of the protocol with the "
		       "attributes it has to have, every checksum, and that END is there and last. "
		       "The first thing wrong is reported with its byte offset.",
	.options = rows,
	.examples = "sendprof stream check snap.stream\n"
		    "btrfs send /mnt/snap | tee snap.stream | sendprof stream check -",
	.run = check_main,
};

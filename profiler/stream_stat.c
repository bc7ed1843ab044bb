/* SPDX-License-Identifier: GPL-2.0 */
/* sendprof stream stat: what a stream is made of. */
#include "profiler/stream_commands.h"
#include "profiler/stream_file.h"
#include "profiler/terminal.h"
#include "reports/format.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <xxhash.h>

struct stat_options {
	bool json;
};

static const struct option_row rows[] = {
	OPTION_ROW_FLAG('j', "json", struct stat_options, json, "print one JSON object"),
	OPTION_ROW_END,
};

/* A set of 64-bit hashes: open addressing, 0 is an empty slot. */
struct hash_set {
	uint64_t *slots;
	size_t size; /* a power of two, or 0 */
	uint64_t count;
};

struct tally {
	uint64_t commands;
	uint64_t headers;
	uint64_t kinds[STREAM_C_COUNT];
	uint64_t kind_bytes[STREAM_C_COUNT];
	uint64_t data_bytes; /* payload of DATA attributes of writes */
	uint64_t file_bytes; /* what they become in files: decompressed */
	uint64_t cloned_bytes;
	uint64_t zero_writes;
	uint64_t zero_bytes;
	uint64_t wrong_checksums;
	struct hash_set paths;
	struct hash_set inodes; /* created by the stream */
};

static int set_grow(struct hash_set *set)
{
	struct hash_set larger = {.size = set->size ? set->size * 2 : 1024};

	larger.slots = calloc(larger.size, sizeof(*larger.slots));
	if (!larger.slots)
		return -ENOMEM;
	for (size_t i = 0; i < set->size; i++) {
		size_t at = set->slots[i] & (larger.size - 1);

		if (!set->slots[i])
			continue;
		while (larger.slots[at])
			at = (at + 1) & (larger.size - 1);
		larger.slots[at] = set->slots[i];
	}
	larger.count = set->count;
	free(set->slots);
	*set = larger;
	return 0;
}

static int set_add(struct hash_set *set, const struct stream_attribute *attribute)
{
	uint64_t hash = XXH3_64bits(attribute->data, attribute->length);
	size_t at;
	int ret;

	hash += !hash;
	if (set->count >= set->size / 2) {
		ret = set_grow(set);
		if (ret)
			return ret;
	}
	for (at = hash & (set->size - 1); set->slots[at]; at = (at + 1) & (set->size - 1)) {
		if (set->slots[at] == hash)
			return 0;
	}
	set->slots[at] = hash;
	set->count++;
	return 0;
}

static bool is_zero(const uint8_t *data, size_t length)
{
	return length && !data[0] && !memcmp(data, data + 1, length - 1);
}

static uint64_t u64_of(const struct stream_command *command, enum stream_attribute_id id)
{
	return get_le64(stream_command_find(command, id)->data);
}

/* What is written, encoded or cloned. */
static void count_data(struct tally *tally, const struct stream_command *command)
{
	const struct stream_attribute *data = stream_command_find(command, STREAM_A_DATA);

	if (data)
		tally->data_bytes += data->length;
	switch (command->kind) {
	case STREAM_C_WRITE:
		tally->file_bytes += data->length;
		if (is_zero(data->data, data->length)) {
			tally->zero_writes++;
			tally->zero_bytes += data->length;
		}
		break;
	case STREAM_C_ENCODED_WRITE:
		tally->file_bytes += u64_of(command, STREAM_A_UNENCODED_FILE_LEN);
		break;
	case STREAM_C_CLONE:
		tally->cloned_bytes += u64_of(command, STREAM_A_CLONE_LEN);
		break;
	default:
		break;
	}
}

static int count_command(struct tally *tally, const struct stream_command *command)
{
	int ret = 0;

	tally->commands++;
	tally->kinds[command->kind]++;
	tally->kind_bytes[command->kind] += command->length;
	tally->wrong_checksums += command->crc_stored != command->crc_computed;
	count_data(tally, command);
	for (unsigned int i = 0; i < command->attribute_count && !ret; i++) {
		const struct stream_attribute *attribute = &command->attributes[i];

		if (attribute->id == STREAM_A_PATH || attribute->id == STREAM_A_PATH_TO)
			ret = set_add(&tally->paths, attribute);
		else if (attribute->id == STREAM_A_INO)
			ret = set_add(&tally->inodes, attribute);
	}
	return ret;
}

static uint64_t percent_tenths(uint64_t part, uint64_t whole)
{
	return whole ? (uint64_t)((double)part * 1000 / (double)whole + 0.5) : 0;
}

static void print_row(const char *name, uint64_t count, uint64_t bytes, uint64_t total)
{
	uint64_t tenths = percent_tenths(bytes, total);

	printf("%-14s %12s %16s %11s %5" PRIu64 ".%" PRIu64 "%%\n", name, COUNT(count),
	       COUNT(bytes), BYTES(bytes), tenths / 10, tenths % 10);
}

static void print_fact(const char *name, uint64_t bytes, const char *note)
{

	printf("%-27s %16s %11s  %s\n", name, COUNT(bytes), BYTES(bytes), note);
}

static void print_text(const struct tally *tally, uint64_t total)
{
	char note[64];

	printf("%s%-14s %12s %16s %11s %7s%s\n", colour(stdout, COLOUR_BOLD), "command", "count",
	       "bytes", "", "share", colour(stdout, COLOUR_NONE));
	for (unsigned int kind = 1; kind < STREAM_C_COUNT; kind++) {
		if (tally->kinds[kind])
			print_row(stream_commands[kind].name, tally->kinds[kind],
				  tally->kind_bytes[kind], total);
	}
	print_row("stream header", tally->headers, tally->headers * STREAM_HEADER_SIZE, total);
	print_row("total", tally->commands, total, total);
	putchar('\n');
	print_fact("file data in the stream", tally->data_bytes, "");
	print_fact("everything else", total - tally->data_bytes, "");
	print_fact("written to files", tally->file_bytes, "");
	snprintf(note, sizeof(note), "in %s WRITE", COUNT(tally->zero_writes));
	print_fact("  of these, zeros", tally->zero_bytes, tally->zero_writes ? note : "");
	print_fact("cloned", tally->cloned_bytes, "");
	printf("%-27s %16s\n", "paths touched", COUNT(tally->paths.count));
	printf("%-27s %16s\n", "inodes created", COUNT(tally->inodes.count));
}

static int print_json(const struct tally *tally, uint64_t total)
{
	json_t *kinds = json_object();
	json_t *object;
	int ret;

	for (unsigned int kind = 1; kind < STREAM_C_COUNT; kind++) {
		if (tally->kinds[kind])
			json_object_set_new(kinds, stream_commands[kind].name,
					    json_pack("{s:I, s:I}", "count",
						      (json_int_t)tally->kinds[kind], "bytes",
						      (json_int_t)tally->kind_bytes[kind]));
	}
	object = json_pack("{s:I, s:I, s:I, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
			   "bytes", (json_int_t)total, "streams", (json_int_t)tally->headers,
			   "commands", (json_int_t)tally->commands, "kinds", kinds, "data_bytes",
			   (json_int_t)tally->data_bytes, "metadata_bytes",
			   (json_int_t)(total - tally->data_bytes), "written_bytes",
			   (json_int_t)tally->file_bytes, "zero_writes",
			   (json_int_t)tally->zero_writes, "zero_bytes",
			   (json_int_t)tally->zero_bytes, "cloned_bytes",
			   (json_int_t)tally->cloned_bytes, "paths", (json_int_t)tally->paths.count,
			   "inodes", (json_int_t)tally->inodes.count, "wrong_checksums",
			   (json_int_t)tally->wrong_checksums);
	if (!object)
		return STATUS_INTERNAL;
	ret = json_dumpf(object, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(object);
	return ret ? STATUS_ENVIRONMENT : STATUS_OK;
}

static int collect(struct stream_file *file, struct tally *tally)
{
	struct stream_item item;
	int ret = 0;

	while (!ret && !stream_file_next(file, &item)) {
		stream_file_judge(file, &item);
		if (item.at.type == STREAM_ITEM_HEADER)
			tally->headers++;
		else
			ret = count_command(tally, &item.command);
	}
	return ret ? failure_set(&file->failure, ret, "out of memory") : 0;
}

static int stat_main(int argc, char **argv)
{
	struct stat_options options = {0};
	struct stream_file file;
	struct tally tally = {0};
	int first, status;

	status = options_parse(&command_stream_stat, argc, argv, &options, &first);
	if (status != OPTIONS_PROCEED)
		return status;
	if (stream_file_open(&file, argv[first]))
		return stream_file_complain(&file);
	collect(&file, &tally);
	/* Of a damaged stream this counts what was good; the complaint follows. */
	if (options.json)
		status = print_json(&tally, file.offset);
	else
		print_text(&tally, file.offset);
	if (file.failure.code)
		status = stream_file_complain(&file);
	else if (!options.json)
		status = STATUS_OK;
	free(tally.paths.slots);
	free(tally.inodes.slots);
	stream_file_close(&file);
	return status;
}

const struct command command_stream_stat = {
	.name = "stream stat",
	.summary = "count commands and bytes by kind",
	.operands = "FILE",
	.operands_min = 1,
	.operands_max = 1,
	.description =
		"Counts the commands of each kind and their bytes, headers included, so that the "
		"bytes add up to the size of the file; then file data against everything else, what "
		"is written to files (decompressed) and how much of that is zeros, what is cloned, "
		"and how many different paths and inodes are named.",
	.options = rows,
	.examples = "sendprof stream stat snap.stream\n"
		    "sendprof stream stat --json snap.stream | jq .kinds.WRITE.count",
	.run = stat_main,
};

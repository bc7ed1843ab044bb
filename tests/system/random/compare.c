/* SPDX-License-Identifier: GPL-2.0 */
#include "tests/system/random/compare.h"
#include <errno.h>

#include "engine/core/le.h"
#include "engine/stream/stream_read.h"

#include <inttypes.h>
#include <string.h>

enum {
	CONTEXT_COMMANDS = 6,
	TEXT_SHOWN_MAX = 80,
};

static size_t first_difference(const struct stream *a, const struct stream *b)
{
	size_t shorter = a->length < b->length ? a->length : b->length, at;

	if (!shorter || !memcmp(a->data, b->data, shorter))
		return shorter;
	for (at = 0; a->data[at] == b->data[at];)
		at++;
	return at;
}

bool streams_equal(const struct stream *kernel, const struct stream *engine)
{
	size_t same = first_difference(kernel, engine);

	/* One that fails may have said a little more before it noticed. */
	if (kernel->code || engine->code)
		return kernel->code && engine->code &&
		       (same == kernel->length || same == engine->length);
	return same == kernel->length && same == engine->length;
}

static void print_text(const struct stream_attribute *attribute, FILE *out)
{
	fputc('"', out);
	for (uint32_t i = 0; i < attribute->length && i < TEXT_SHOWN_MAX; i++) {
		uint8_t byte = attribute->data[i];

		if (byte < ' ' || byte > '~' || byte == '"' || byte == '\\')
			fprintf(out, "\\x%02x", byte);
		else
			fputc(byte, out);
	}
	if (attribute->length > TEXT_SHOWN_MAX)
		fprintf(out, "...(%u bytes)", attribute->length);
	fputc('"', out);
}

static void print_attribute(const struct stream_attribute *attribute, FILE *out)
{
	const struct stream_attribute_format *format = &stream_attributes[attribute->id];

	fprintf(out, " %s=", format->name);
	switch (format->type) {
	case STREAM_TYPE_U64:
		fprintf(out, "%" PRIu64, get_le64(attribute->data));
		break;
	case STREAM_TYPE_TIMESPEC:
		fprintf(out, "%" PRId64 ".%09u", (int64_t)get_le64(attribute->data),
			get_le32(attribute->data + 8));
		break;
	case STREAM_TYPE_UUID:
		for (uint32_t i = 0; i < 4; i++)
			fprintf(out, "%02x", attribute->data[i]);
		break;
	case STREAM_TYPE_STRING:
	case STREAM_TYPE_PATH:
		print_text(attribute, out);
		break;
	default:
		fprintf(out, "(%u bytes)", attribute->length);
		break;
	}
}

static void print_command(const char *side, const struct stream_command *command, FILE *out)
{
	fprintf(out, "    %s %" PRIu64 ": %s", side, command->offset,
		stream_commands[command->kind].name);
	for (unsigned int i = 0; i < command->attribute_count; i++)
		print_attribute(&command->attributes[i], out);
	fputc('\n', out);
}

/* The command of @stream at @offset, or why there is none. */
static void print_at(const char *side, const struct stream *stream, size_t offset, FILE *out)
{
	struct failure failure = {0};
	struct stream_command command;

	if (offset >= stream->length)
		fprintf(out, "    %s: ends at %zu\n", side, stream->length);
	else if (stream_parse_command(stream->data + offset, stream->length - offset, offset, 1,
				      &command, &failure))
		fprintf(out, "    %s: %s\n", side, failure.text);
	else
		print_command(side, &command, out);
}

/* The commands up to the one that has byte @difference; the number of the latter. */
static unsigned int print_context(const struct stream *stream, size_t difference, size_t *offset,
				  FILE *out)
{
	size_t offsets[CONTEXT_COMMANDS];
	struct failure failure = {0};
	unsigned int number = 0;
	uint32_t length;

	*offset = STREAM_HEADER_SIZE;
	while (*offset < difference &&
	       !stream_parse_command_length(stream->data + *offset, stream->length - *offset,
					    *offset, 1, &length, &failure) &&
	       *offset + length <= difference) {
		offsets[number++ % CONTEXT_COMMANDS] = *offset;
		*offset += length;
	}
	for (unsigned int i = number < CONTEXT_COMMANDS ? 0 : number - CONTEXT_COMMANDS; i < number;
	     i++)
		print_at("both  ", stream, offsets[i % CONTEXT_COMMANDS], out);
	return number;
}

void streams_report(const struct stream *kernel, const struct stream *engine,
		    const char *engine_message, FILE *out)
{
	size_t difference = first_difference(kernel, engine), offset;
	unsigned int number;

	fprintf(out, "  kernel: %s, %zu bytes; engine: %s%s%s, %zu bytes\n",
		kernel->code ? strerror(-kernel->code) : "ok", kernel->length,
		engine->code ? strerror(-engine->code) : "ok", engine->code ? ": " : "",
		engine->code ? engine_message : "", engine->length);
	if (difference < STREAM_HEADER_SIZE) {
		fprintf(out, "  the streams differ at byte %zu, in the stream header\n",
			difference);
		return;
	}
	fprintf(out, "  the streams differ at byte %zu:\n", difference);
	number = print_context(kernel, difference, &offset, out);
	fprintf(out, "   command %u:\n", number);
	print_at("kernel", kernel, offset, out);
	print_at("engine", engine, offset, out);
}

int stream_check(const struct stream *stream, struct failure *failure)
{
	struct stream_command command = {0};
	uint64_t at = STREAM_HEADER_SIZE;
	unsigned int protocol;
	int ret = 0;

	/* Failed before the beginning. */
	if (stream->code && stream->length == 0)
		return 0;
	ret = stream_parse_header(stream->data, stream->length, &protocol, failure);
	while (ret == 0 && at < stream->length) {
		ret = stream_parse_command(stream->data + at, stream->length - at, at, protocol,
					   &command, failure);
		if (ret == 0 && command.crc_stored != command.crc_computed)
			ret = failure_set(failure, -EPROTO, "command at %llu: wrong checksum",
					  (unsigned long long)at);
		at += command.length;
	}
	if (ret == 0 && (command.kind == STREAM_C_END) != (stream->code == 0))
		ret = failure_set(failure, -EPROTO,
				  "the last command is %u, the send ended with %d", command.kind,
				  stream->code);
	return ret;
}

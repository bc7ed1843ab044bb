/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/stream_text.h"

#include "profiler/terminal.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/sysmacros.h>
#include <time.h>

enum {
	COMMAND_COLUMN = 13, /* the longest names have 13 letters */
	PATH_COLUMN = 40,    /* narrower paths are padded, so that what follows lines up */
	VALUE_SIZE = 96,     /* the text of any number, uuid or time */
	ESCAPED_BYTE_SIZE = 4,
};

/* How a number is shown; what is not listed is decimal. */
enum number_style {
	NUMBER_DECIMAL,
	NUMBER_OCTAL,
	NUMBER_HEXADECIMAL,
	NUMBER_DEVICE,
	NUMBER_COMPRESSION,
};

static const uint8_t number_styles[STREAM_A_COUNT] = {
	[STREAM_A_MODE] = NUMBER_OCTAL,
	[STREAM_A_RDEV] = NUMBER_DEVICE,
	[STREAM_A_FALLOCATE_MODE] = NUMBER_HEXADECIMAL,
	[STREAM_A_FILEATTR] = NUMBER_HEXADECIMAL,
	[STREAM_A_COMPRESSION] = NUMBER_COMPRESSION,
};

const char *stream_text_attribute_name(unsigned int id, char name[STREAM_TEXT_NAME_SIZE])
{
	size_t i;

	for (i = 0; i + 1 < STREAM_TEXT_NAME_SIZE && stream_attributes[id].name[i]; i++)
		name[i] = (char)tolower((unsigned char)stream_attributes[id].name[i]);
	name[i] = '\0';
	return name;
}

unsigned int stream_text_attribute_find(const char *name)
{
	for (unsigned int id = 0; id < STREAM_A_COUNT; id++) {
		if (stream_attributes[id].name && !strcasecmp(stream_attributes[id].name, name))
			return id;
	}
	return 0;
}

/* Write @byte escaped to @text; returns the end of what was written. */
static char *escape_byte(uint8_t byte, char *text)
{
	static const char letters[] = {['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't', ['\\'] = '\\'};

	if (byte < sizeof(letters) && letters[byte]) {
		*text++ = '\\';
		*text++ = letters[byte];
	} else if (byte > ' ' && byte < 0x7f) {
		*text++ = (char)byte;
	} else {
		*text++ = '\\';
		*text++ = (char)('0' + (byte >> 6));
		*text++ = (char)('0' + (byte >> 3 & 7));
		*text++ = (char)('0' + (byte & 7));
	}
	return text;
}

/* The number of characters printed. */
static size_t print_escaped(FILE *file, const uint8_t *data, size_t length)
{
	char text[64 * ESCAPED_BYTE_SIZE];
	size_t width = 0;

	while (length) {
		size_t part = length < 64 ? length : 64;
		char *end = text;

		for (size_t i = 0; i < part; i++)
			end = escape_byte(data[i], end);
		width += fwrite(text, 1, end - text, file);
		data += part;
		length -= part;
	}
	return width;
}

static json_t *json_escaped(const uint8_t *data, size_t length)
{
	char *text = malloc(length * ESCAPED_BYTE_SIZE + 1);
	char *end = text;
	json_t *string;

	if (!text)
		return NULL;
	for (size_t i = 0; i < length; i++)
		end = escape_byte(data[i], end);
	string = json_stringn(text, end - text);
	free(text);
	return string;
}

static uint64_t number(const struct stream_attribute *attribute)
{
	switch (stream_attributes[attribute->id].type) {
	case STREAM_TYPE_U8:
		return attribute->data[0];
	case STREAM_TYPE_U32:
		return get_le32(attribute->data);
	default:
		return get_le64(attribute->data);
	}
}

/* Source: COMPRESSION in fs/btrfs/send.h; lzo is told apart by its sector size. */
static const char *compression_name(uint64_t compression)
{
	static const char *const names[] = {"none",  "zlib",   "zstd",	 "lzo4k",
					    "lzo8k", "lzo16k", "lzo32k", "lzo64k"};

	return compression < sizeof(names) / sizeof(names[0]) ? names[compression] : "unknown";
}

static void format_number(const struct stream_attribute *attribute, char text[VALUE_SIZE])
{
	uint64_t value = number(attribute);

	switch ((enum number_style)number_styles[attribute->id]) {
	case NUMBER_DECIMAL:
		snprintf(text, VALUE_SIZE, "%" PRIu64, value);
		break;
	case NUMBER_OCTAL:
		snprintf(text, VALUE_SIZE, "0%" PRIo64, value);
		break;
	case NUMBER_HEXADECIMAL:
		snprintf(text, VALUE_SIZE, "0x%" PRIx64, value);
		break;
	case NUMBER_DEVICE:
		/* The kernel's new_encode_dev(): minor above and below twelve bits of major. */
		snprintf(text, VALUE_SIZE, "0x%" PRIx64 "(%" PRIu64 ":%" PRIu64 ")", value,
			 value >> 8 & 0xfff, (value & 0xff) | (value >> 12 & 0xfff00));
		break;
	case NUMBER_COMPRESSION:
		snprintf(text, VALUE_SIZE, "%" PRIu64 "(%s)", value, compression_name(value));
		break;
	}
}

static void format_uuid(const uint8_t *uuid, char text[VALUE_SIZE])
{
	size_t used = 0;

	for (size_t i = 0; i < 16; i++)
		used += snprintf(text + used, VALUE_SIZE - used, "%s%02x",
				 i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", uuid[i]);
}

/* "2023-11-14T22:13:20Z", or "" for a year that no calendar has. */
static void format_utc(int64_t seconds, char text[VALUE_SIZE])
{
	time_t time = seconds;
	struct tm tm;

	text[0] = '\0';
	if (gmtime_r(&time, &tm))
		strftime(text, VALUE_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

static void format_time(const uint8_t *data, char text[VALUE_SIZE])
{
	int64_t seconds = (int64_t)get_le64(data);
	char utc[VALUE_SIZE];

	format_utc(seconds, utc);
	snprintf(text, VALUE_SIZE, "%" PRId64 ".%09" PRIu32 "(%.40s)", seconds, get_le32(data + 8),
		 utc);
}

/* The number of characters printed. */
static size_t print_value(FILE *file, const struct stream_attribute *attribute, size_t data_bytes)
{
	size_t shown = attribute->length < data_bytes ? attribute->length : data_bytes;
	char text[VALUE_SIZE];

	switch (stream_attributes[attribute->id].type) {
	case STREAM_TYPE_U8:
	case STREAM_TYPE_U32:
	case STREAM_TYPE_U64:
		format_number(attribute, text);
		break;
	case STREAM_TYPE_UUID:
		format_uuid(attribute->data, text);
		break;
	case STREAM_TYPE_TIMESPEC:
		format_time(attribute->data, text);
		break;
	case STREAM_TYPE_STRING:
	case STREAM_TYPE_PATH:
		return print_escaped(file, attribute->data, attribute->length);
	case STREAM_TYPE_DATA:
		fprintf(file, "%" PRIu32 ":", attribute->length);
		return print_escaped(file, attribute->data, shown);
	}
	fputs(text, file);
	return strlen(text);
}

static size_t print_attribute(FILE *file, const struct stream_attribute *attribute,
			      size_t data_bytes, bool coloured)
{
	char name[STREAM_TEXT_NAME_SIZE];

	stream_text_attribute_name(attribute->id, name);
	fprintf(file, "%s%s=%s", colour_if(coloured, COLOUR_DIM), name,
		colour_if(coloured, COLOUR_NONE));
	return strlen(name) + 1 + print_value(file, attribute, data_bytes);
}

static void print_name(FILE *file, const char *name, bool coloured)
{
	fprintf(file, "%s%s%s", colour_if(coloured, COLOUR_BOLD), name,
		colour_if(coloured, COLOUR_NONE));
}

static void print_attributes(FILE *file, const struct stream_command *command, size_t data_bytes,
			     bool coloured)
{
	const struct stream_attribute *path = stream_command_find(command, STREAM_A_PATH);
	size_t width;

	if (path) {
		/* First whatever its place in the command, so that it is always the same column. */
		fputs("  ", file);
		width = print_attribute(file, path, data_bytes, coloured);
		if (command->attribute_count > 1 && width < PATH_COLUMN)
			fprintf(file, "%*s", (int)(PATH_COLUMN - width), "");
	}
	for (unsigned int i = 0; i < command->attribute_count; i++) {
		if (&command->attributes[i] == path)
			continue;
		fputs("  ", file);
		print_attribute(file, &command->attributes[i], data_bytes, coloured);
	}
}

void stream_text_print(FILE *file, const struct stream_item *item, size_t data_bytes, bool coloured)
{
	const char *name = "STREAM";

	if (item->at.type == STREAM_ITEM_COMMAND)
		name = stream_commands[item->at.kind].name;
	print_name(file, name, coloured);
	if (item->at.type == STREAM_ITEM_COMMAND && !item->command.attribute_count)
		return;
	fprintf(file, "%*s", (int)(COMMAND_COLUMN - strlen(name)), "");
	if (item->at.type == STREAM_ITEM_COMMAND)
		print_attributes(file, &item->command, data_bytes, coloured);
	else
		fprintf(file, "  protocol=%u", item->at.protocol);
}

char *stream_text_line(const struct stream_item *item, size_t data_bytes)
{
	char *line = NULL;
	size_t length;
	FILE *file = open_memstream(&line, &length);

	if (!file)
		return NULL;
	stream_text_print(file, item, data_bytes, false);
	if (fclose(file)) {
		free(line);
		return NULL;
	}
	return line;
}

static json_t *json_number(const struct stream_attribute *attribute)
{
	uint64_t value = number(attribute);
	char text[VALUE_SIZE];

	if (number_styles[attribute->id] == NUMBER_OCTAL) {
		format_number(attribute, text);
		return json_string(text);
	}
	if (value <= INT64_MAX)
		return json_integer((json_int_t)value);
	snprintf(text, sizeof(text), "%" PRIu64, value);
	return json_string(text);
}

static json_t *json_time(const uint8_t *data)
{
	int64_t seconds = (int64_t)get_le64(data);
	char utc[VALUE_SIZE];

	format_utc(seconds, utc);
	return json_pack("{s:I, s:I, s:s}", "seconds", (json_int_t)seconds, "nanoseconds",
			 (json_int_t)get_le32(data + 8), "utc", utc);
}

static json_t *json_value(const struct stream_attribute *attribute, size_t data_bytes)
{
	size_t shown = attribute->length < data_bytes ? attribute->length : data_bytes;
	char text[VALUE_SIZE];

	switch (stream_attributes[attribute->id].type) {
	case STREAM_TYPE_U8:
	case STREAM_TYPE_U32:
	case STREAM_TYPE_U64:
		return json_number(attribute);
	case STREAM_TYPE_UUID:
		format_uuid(attribute->data, text);
		return json_string(text);
	case STREAM_TYPE_TIMESPEC:
		return json_time(attribute->data);
	case STREAM_TYPE_STRING:
	case STREAM_TYPE_PATH:
		return json_escaped(attribute->data, attribute->length);
	case STREAM_TYPE_DATA:
		return json_pack("{s:I, s:o}", "length", (json_int_t)attribute->length, "head",
				 json_escaped(attribute->data, shown));
	}
	return NULL;
}

json_t *stream_text_json(const struct stream_item *item, size_t data_bytes)
{
	const struct stream_command *command = &item->command;
	bool right = command->crc_stored == command->crc_computed;
	json_t *attributes;

	if (item->at.type == STREAM_ITEM_HEADER)
		return json_pack("{s:I, s:s, s:i}", "offset", (json_int_t)item->at.offset,
				 "command", "STREAM", "protocol", (int)item->at.protocol);
	attributes = json_object();
	for (unsigned int i = 0; attributes && i < command->attribute_count; i++) {
		char name[STREAM_TEXT_NAME_SIZE];

		stream_text_attribute_name(command->attributes[i].id, name);
		if (json_object_set_new(attributes, name,
					json_value(&command->attributes[i], data_bytes))) {
			json_decref(attributes);
			return NULL;
		}
	}
	return json_pack("{s:I, s:s, s:I, s:{s:b, s:I, s:I}, s:o}", "offset",
			 (json_int_t)command->offset, "command",
			 stream_commands[command->kind].name, "length", (json_int_t)command->length,
			 "checksum", "right", right, "stored", (json_int_t)command->crc_stored,
			 "computed", (json_int_t)command->crc_computed, "attributes", attributes);
}

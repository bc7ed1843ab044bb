/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The stream decoder.
 *
 *	command:    length le32 | kind le16 | crc le32 | payload of `length` bytes
 *	attribute:  id le16 | length le16 | data
 *	DATA, from protocol 2 on:  id le16 | data to the end of the payload
 *
 * The checksum is CRC-32C from 0 without inversion over the whole command, its own field taken as
 * zero. Source: the kernel's fs/btrfs/send.h and streams of real kernels.
 */
#include "engine/stream/stream_read.h"

#include "engine/volume/csum.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

enum { CRC_AT = 6 };

/* A command whose payload is being taken apart. */
struct cursor {
	struct stream_command *command;
	const uint8_t *at;
	const uint8_t *end;
	unsigned int protocol;
	struct failure *failure;
};

int stream_parse_header(const void *data, size_t length, unsigned int *protocol,
			struct failure *failure)
{
	const uint8_t *bytes = data;
	size_t magic = length < STREAM_MAGIC_SIZE ? length : STREAM_MAGIC_SIZE;
	uint32_t version;

	if (magic && memcmp(bytes, STREAM_MAGIC, magic))
		return failure_set(failure, -EPROTO, "not a btrfs send stream: bad magic");
	if (length < STREAM_HEADER_SIZE)
		return failure_set(failure, -ENODATA,
				   "stream header cut short: have %zu bytes expect %d", length,
				   STREAM_HEADER_SIZE);
	version = get_le32(bytes + STREAM_MAGIC_SIZE);
	if (version < 1 || version > STREAM_PROTOCOL_MAX)
		return failure_set(failure, -EPROTO,
				   "stream header: protocol have %" PRIu32 " expect 1 to %d",
				   version, STREAM_PROTOCOL_MAX);
	*protocol = version;
	return 0;
}

int stream_parse_command_length(const void *data, size_t length, uint64_t offset,
				unsigned int protocol, uint32_t *command_length,
				struct failure *failure)
{
	uint32_t limit = protocol == 1 ? STREAM_COMMAND_SIZE_V1 : STREAM_COMMAND_SIZE_MAX;
	uint32_t payload;

	if (length < STREAM_COMMAND_HEADER_SIZE)
		return failure_set(failure, -ENODATA,
				   "offset %" PRIu64
				   ": command header cut short: have %zu bytes expect %d",
				   offset, length, STREAM_COMMAND_HEADER_SIZE);
	payload = get_le32(data);
	if (payload > limit - STREAM_COMMAND_HEADER_SIZE)
		return failure_set(failure, -EPROTO,
				   "offset %" PRIu64 ": command length have %" PRIu32
				   " expect at most %" PRIu32 " in protocol %u",
				   offset, payload, limit - STREAM_COMMAND_HEADER_SIZE, protocol);
	*command_length = payload + STREAM_COMMAND_HEADER_SIZE;
	return 0;
}

static uint32_t command_crc(const uint8_t *bytes, uint32_t length)
{
	static const uint8_t zero[sizeof(uint32_t)];
	uint32_t crc = crc32c(0, bytes, CRC_AT);

	crc = crc32c(crc, zero, sizeof(zero));
	return crc32c(crc, bytes + STREAM_COMMAND_HEADER_SIZE, length - STREAM_COMMAND_HEADER_SIZE);
}

/* One malformed command; a wrong checksum besides tells damage from a faulty sender. */
static int malformed(const struct cursor *cursor, const char *cause)
{
	const struct stream_command *command = cursor->command;
	const char *name =
		command->kind < STREAM_C_COUNT ? stream_commands[command->kind].name : NULL;
	char crc[80] = ", though its checksum is right";

	if (command->crc_stored != command->crc_computed)
		snprintf(crc, sizeof(crc),
			 ", and its checksum is wrong: have 0x%08" PRIx32 " expect 0x%08" PRIx32,
			 command->crc_stored, command->crc_computed);
	return failure_set(cursor->failure, -EPROTO, "offset %" PRIu64 ": %s: %s%s",
			   command->offset, name ? name : "command", cause, crc);
}

static const char *attribute_name(unsigned int id)
{
	return id < STREAM_A_COUNT && stream_attributes[id].name ? stream_attributes[id].name
								 : "unknown";
}

/* What is wrong with the size or content of @attribute, or NULL. */
static const char *attribute_fault(const struct stream_attribute *attribute)
{
	static const uint8_t sizes[] = {
		[STREAM_TYPE_U8] = 1,	 [STREAM_TYPE_U32] = 4,	      [STREAM_TYPE_U64] = 8,
		[STREAM_TYPE_UUID] = 16, [STREAM_TYPE_TIMESPEC] = 12,
	};

	switch (stream_attributes[attribute->id].type) {
	case STREAM_TYPE_U8:
	case STREAM_TYPE_U32:
	case STREAM_TYPE_U64:
	case STREAM_TYPE_UUID:
	case STREAM_TYPE_TIMESPEC:
		if (attribute->length == sizes[stream_attributes[attribute->id].type])
			return NULL;
		return "length does not fit its type";
	case STREAM_TYPE_STRING:
	case STREAM_TYPE_PATH:
		/* Nowhere in a file system can a name or a link target hold one. */
		return memchr(attribute->data, 0, attribute->length) ? "NUL byte inside" : NULL;
	case STREAM_TYPE_DATA:
		return NULL;
	}
	return "unknown type";
}

/* Take the attribute at the cursor, whose id has been read and is @id. */
static int take_attribute(struct cursor *cursor, uint16_t id)
{
	struct stream_command *command = cursor->command;
	struct stream_attribute *attribute = &command->attributes[command->attribute_count];
	bool to_the_end = id == STREAM_A_DATA && cursor->protocol >= 2;
	size_t header = to_the_end ? sizeof(uint16_t) : STREAM_ATTRIBUTE_HEADER_SIZE;
	size_t left = cursor->end - cursor->at;
	const char *fault;
	char cause[128];

	if (left < header)
		return malformed(cursor, "attribute header cut short");
	attribute->id = id;
	attribute->data = cursor->at + header;
	attribute->length = to_the_end ? left - header : get_le16(cursor->at + sizeof(uint16_t));
	if (attribute->length > left - header) {
		snprintf(cause, sizeof(cause), "%s: length have %" PRIu32 " expect at most %zu",
			 attribute_name(id), attribute->length, left - header);
		return malformed(cursor, cause);
	}
	fault = attribute_fault(attribute);
	if (fault) {
		snprintf(cause, sizeof(cause), "%s of %" PRIu32 " bytes: %s", attribute_name(id),
			 attribute->length, fault);
		return malformed(cursor, cause);
	}
	cursor->at = attribute->data + attribute->length;
	command->attribute_count++;
	return 0;
}

static int parse_attributes(struct cursor *cursor)
{
	const uint16_t *row = stream_commands[cursor->command->kind].attributes;
	char cause[128];

	for (unsigned int i = 0; i < STREAM_COMMAND_ATTRIBUTES_MAX && row[i]; i++) {
		uint16_t expected = row[i] & ~STREAM_ATTRIBUTE_OPTIONAL;
		size_t left = cursor->end - cursor->at;
		uint16_t id;
		int ret;

		if (!left && (row[i] & STREAM_ATTRIBUTE_OPTIONAL))
			continue;
		if (left < sizeof(id)) {
			snprintf(cause, sizeof(cause), "attribute %s is missing",
				 attribute_name(expected));
			return malformed(cursor, cause);
		}
		id = get_le16(cursor->at);
		if (id != expected && (row[i] & STREAM_ATTRIBUTE_OPTIONAL))
			continue;
		if (id != expected) {
			snprintf(cause, sizeof(cause), "attribute have %u (%s) expect %u (%s)", id,
				 attribute_name(id), expected, attribute_name(expected));
			return malformed(cursor, cause);
		}
		ret = take_attribute(cursor, id);
		if (ret)
			return ret;
	}
	if (cursor->at == cursor->end)
		return 0;
	snprintf(cause, sizeof(cause), "%zu bytes after its last attribute",
		 (size_t)(cursor->end - cursor->at));
	return malformed(cursor, cause);
}

int stream_parse_command(const void *data, size_t length, uint64_t offset, unsigned int protocol,
			 struct stream_command *command, struct failure *failure)
{
	const uint8_t *bytes = data;
	struct cursor cursor = {
		.command = command,
		.protocol = protocol,
		.failure = failure,
	};
	uint32_t command_length;
	char cause[64];
	int ret;

	ret = stream_parse_command_length(data, length, offset, protocol, &command_length, failure);
	if (ret)
		return ret;
	if (length < command_length)
		return failure_set(failure, -ENODATA,
				   "offset %" PRIu64
				   ": command cut short: have %zu bytes expect %" PRIu32,
				   offset, length, command_length);
	command->offset = offset;
	command->length = command_length;
	command->kind = get_le16(bytes + sizeof(uint32_t));
	command->crc_stored = get_le32(bytes + CRC_AT);
	command->crc_computed = command_crc(bytes, command_length);
	command->bytes = bytes;
	command->attribute_count = 0;
	cursor.at = bytes + STREAM_COMMAND_HEADER_SIZE;
	cursor.end = bytes + command_length;
	if (command->kind >= STREAM_C_COUNT || !stream_commands[command->kind].name) {
		snprintf(cause, sizeof(cause), "unknown command %u", command->kind);
		return malformed(&cursor, cause);
	}
	if (stream_commands[command->kind].since > protocol) {
		snprintf(cause, sizeof(cause), "not a command of protocol %u", protocol);
		return malformed(&cursor, cause);
	}
	return parse_attributes(&cursor);
}

const struct stream_attribute *stream_command_find(const struct stream_command *command,
						   enum stream_attribute_id id)
{
	for (unsigned int i = 0; i < command->attribute_count; i++) {
		if (command->attributes[i].id == id)
			return &command->attributes[i];
	}
	return NULL;
}

/* SPDX-License-Identifier: GPL-2.0 */
/* The stream decoder: pushes no policy, trusts no field. */
#ifndef ENGINE_STREAM_STREAM_READ_H
#define ENGINE_STREAM_STREAM_READ_H

#include "engine/core/failure.h"
#include "engine/stream/stream_format.h"

#include <stddef.h>

struct stream_attribute {
	uint16_t id;	     /* enum stream_attribute_id */
	uint32_t length;     /* of data, bytes */
	const uint8_t *data; /* borrowed from the command's bytes */
};

struct stream_command {
	uint64_t offset; /* of the command header in the stream */
	uint32_t length; /* whole command, its header included */
	uint16_t kind;	 /* enum stream_command_id */
	uint32_t crc_stored;
	uint32_t crc_computed;
	const uint8_t *bytes; /* the command's header; borrowed */
	unsigned int attribute_count;
	struct stream_attribute attributes[STREAM_COMMAND_ATTRIBUTES_MAX];
};

/*
 * Parse the stream header at the start of @data. 0 with *@protocol set; -ENODATA when @length is
 * too short; -EPROTO for another magic or a protocol of 0 or above STREAM_PROTOCOL_MAX.
 */
int stream_parse_header(const void *data, size_t length, unsigned int *protocol,
			struct failure *failure);

/*
 * Length of the whole command (header included) at @data, from its header alone: what a reader of
 * a pipe needs to find the next boundary. 0, -ENODATA when @length is below the command header's
 * size, -EPROTO for a length no command of @protocol can have. @offset is only for the message.
 */
int stream_parse_command_length(const void *data, size_t length, uint64_t offset,
				unsigned int protocol, uint32_t *command_length,
				struct failure *failure);

/*
 * Parse the command at @data, which lies at @offset of its stream. Attributes must be those of the
 * command's row in stream_commands, in that order; sizes must fit their types. The checksum is
 * computed but not judged: compare crc_stored with crc_computed. The command borrows from @data.
 * 0, -ENODATA when cut short, -EPROTO malformed (the message gives offset, command and cause).
 */
int stream_parse_command(const void *data, size_t length, uint64_t offset, unsigned int protocol,
			 struct stream_command *command, struct failure *failure);

/* The attribute @id of @command, or NULL. */
const struct stream_attribute *stream_command_find(const struct stream_command *command,
						   enum stream_attribute_id id);

#endif

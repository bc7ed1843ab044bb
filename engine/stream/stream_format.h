/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The send stream format: numbers, names and attribute lists from commands.def and attributes.def.
 * Encoder, decoder, dumper, differ and the format page all read these tables.
 * Source: fs/btrfs/send.h and the protocol page of btrfs-progs' documentation.
 */
#ifndef ENGINE_STREAM_STREAM_FORMAT_H
#define ENGINE_STREAM_STREAM_FORMAT_H

#include "engine/core/le.h"

#include <stdbool.h>
#include <stddef.h>

#define STREAM_MAGIC "btrfs-stream" /* with its NUL: 13 bytes */

enum {
	STREAM_MAGIC_SIZE = 13,
	STREAM_HEADER_SIZE = 17,
	STREAM_COMMAND_HEADER_SIZE = 10,
	STREAM_ATTRIBUTE_HEADER_SIZE = 4,
	STREAM_PROTOCOL_MAX = 3,
	STREAM_COMMAND_SIZE_V1 = 65536,	    /* largest command of protocol 1, its header included */
	STREAM_COMMAND_SIZE_MAX = 16 << 20, /* accepted from protocol 2 on, which sets no limit */
	STREAM_WRITE_MAX_V1 = 49152,	    /* most data in one WRITE of protocol 1 */
	STREAM_WRITE_MAX_V2 = 131072,	    /* the same from protocol 2 on */
	STREAM_COMMAND_ATTRIBUTES_MAX = 8,
};

enum stream_attribute_id {
#define ATTRIBUTE(name, number, type, since) STREAM_A_##name = number,
#include "engine/stream/attributes.def"
#undef ATTRIBUTE
	STREAM_A_COUNT,
};

enum stream_command_id {
#define COMMAND(name, number, since, ...) STREAM_C_##name = number,
#include "engine/stream/commands.def"
#undef COMMAND
	STREAM_C_COUNT,
};

enum stream_attribute_type {
	STREAM_TYPE_U8,
	STREAM_TYPE_U32,
	STREAM_TYPE_U64,
	STREAM_TYPE_UUID,
	STREAM_TYPE_TIMESPEC,
	STREAM_TYPE_STRING, /* xattr names */
	STREAM_TYPE_PATH,
	STREAM_TYPE_DATA,
};

struct stream_attribute_format {
	const char *name; /* NULL: no such attribute */
	enum stream_attribute_type type;
	unsigned int since; /* protocol */
};

struct stream_command_format {
	const char *name;   /* NULL: no such command */
	unsigned int since; /* protocol */
	/* In stream order, 0 ends the list; those with STREAM_ATTRIBUTE_OPTIONAL may be missing. */
	uint16_t attributes[STREAM_COMMAND_ATTRIBUTES_MAX];
};
#define STREAM_ATTRIBUTE_OPTIONAL 0x8000

/* Data of a command that lies elsewhere, and is not copied behind the rest of it. */
struct stream_data {
	const uint8_t *bytes;
	size_t length;
	/*
	 * The file that the same bytes can be had from, at @offset, also after the command is
	 * written: splice(2) then saves the copy. -1: none.
	 */
	int fd;
	uint64_t offset;
};

extern const struct stream_attribute_format stream_attributes[STREAM_A_COUNT];
extern const struct stream_command_format stream_commands[STREAM_C_COUNT];

#endif

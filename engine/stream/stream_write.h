/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The stream encoder: begin a command, put its attributes in order, end it; the sink gets it whole.
 * An error sticks until the command's end, so a sequence of puts needs one check.
 */
#ifndef ENGINE_STREAM_STREAM_WRITE_H
#define ENGINE_STREAM_STREAM_WRITE_H

#include "engine/stream/stream_format.h"

#include <stddef.h>

typedef int (*stream_write_fn)(void *context, const void *data, size_t length);
/* For a command whose data lies elsewhere: head and data are one command. */
typedef int (*stream_write_parts_fn)(void *context, const void *head, size_t head_length,
				     const struct stream_data *data);

struct crc32c_blocks;

struct stream_writer {
	stream_write_fn write;
	stream_write_parts_fn write_parts; /* NULL: what lies elsewhere is copied */
	void *context;
	unsigned int protocol;
	uint8_t *buffer;
	size_t capacity; /* a command larger than this is -EOVERFLOW, as in the kernel */
	size_t size;	 /* of the command being built; 0 between commands */
	enum stream_command_id command; /* being built, or the last one */
	const uint8_t *path;		/* its first one, in the buffer; NULL: it has none */
	size_t path_length;
	struct stream_data data; /* of stream_put_data_at(), behind what is in the buffer */
	const struct crc32c_blocks *blocks; /* what the sums of that data are of; NULL: ignored */
	const uint8_t *data_sums;
	int error;
	uint64_t commands;
	uint64_t bytes;
};

/* 0 or -ENOMEM. Release with stream_writer_release(). */
int stream_writer_init(struct stream_writer *writer, unsigned int protocol, stream_write_fn write,
		       void *context);
void stream_writer_release(struct stream_writer *writer);

int stream_write_header(struct stream_writer *writer);

void stream_begin(struct stream_writer *writer, enum stream_command_id command);
void stream_put(struct stream_writer *writer, enum stream_attribute_id attribute, const void *data,
		size_t length);
void stream_put_u64(struct stream_writer *writer, enum stream_attribute_id attribute,
		    uint64_t value);
void stream_put_u32(struct stream_writer *writer, enum stream_attribute_id attribute,
		    uint32_t value);
/*
 * Reserve @length bytes of the DATA attribute and return where to fill them in (NULL after an
 * error). It has to be the last attribute of the command.
 */
uint8_t *stream_put_data(struct stream_writer *writer, size_t length);
/*
 * The DATA attribute with @data, whose bytes have to stay as they are until the command's end.
 * @sums: of each whole block of it, as crc32c_of_blocks() wants them; or NULL.
 */
void stream_put_data_at(struct stream_writer *writer, const struct stream_data *data,
			const uint8_t *sums);
/* Checksum and write the command. 0, -EOVERFLOW when it did not fit, or the sink's error. */
int stream_end(struct stream_writer *writer);
/* Drop the command being built. */
void stream_abort(struct stream_writer *writer);

#endif

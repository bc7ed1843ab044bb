/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The stream encoder. One buffer of the largest command's size, allocated once: a command is built
 * in it, except for data that is left where it lies, and handed to the sink in one call.
 */
#include "engine/stream/stream_write.h"

#include "engine/volume/csum.h"

#include <errno.h>
#include <stdlib.h>

enum {
	/* Protocol 2: room for a whole compressed extent and 16 KiB for everything else. */
	WRITER_CAPACITY_V2 = (16 + 128) * 1024,
	ATTRIBUTE_LENGTH_MAX = UINT16_MAX,
	/* Where the fields of a command header lie. */
	HEADER_LENGTH = 0,
	HEADER_KIND = 4,
	HEADER_CRC = 6,
};

int stream_writer_init(struct stream_writer *writer, unsigned int protocol, stream_write_fn write,
		       void *context)
{
	*writer = (struct stream_writer){
		.write = write,
		.context = context,
		.protocol = protocol,
		.capacity = protocol == 1 ? STREAM_COMMAND_SIZE_V1 : WRITER_CAPACITY_V2,
	};
	writer->buffer = malloc(writer->capacity);
	return writer->buffer ? 0 : -ENOMEM;
}

void stream_writer_release(struct stream_writer *writer)
{
	free(writer->buffer);
	writer->buffer = NULL;
	writer->size = 0;
}

int stream_write_header(struct stream_writer *writer)
{
	uint8_t header[STREAM_HEADER_SIZE] = STREAM_MAGIC;
	int ret;

	put_le32(header + STREAM_MAGIC_SIZE, writer->protocol);
	ret = writer->write(writer->context, header, sizeof(header));
	if (ret < 0)
		return ret;
	writer->bytes += sizeof(header);
	return 0;
}

void stream_begin(struct stream_writer *writer, enum stream_command_id command)
{
	writer->error = 0;
	writer->command = command;
	writer->path = NULL;
	writer->size = STREAM_COMMAND_HEADER_SIZE;
	put_le16(writer->buffer + HEADER_KIND, command);
	put_le32(writer->buffer + HEADER_CRC, 0);
}

/* Room for @length bytes of an attribute with its header in front, or NULL with the error kept. */
static uint8_t *reserve(struct stream_writer *writer, enum stream_attribute_id attribute,
			size_t header, size_t length)
{
	uint8_t *at = writer->buffer + writer->size;

	if (writer->error)
		return NULL;
	if (writer->capacity - writer->size < header ||
	    writer->capacity - writer->size - header < length) {
		writer->error = -EOVERFLOW;
		return NULL;
	}
	put_le16(at, attribute);
	writer->size += header + length;
	return at + header;
}

static uint8_t *reserve_with_length(struct stream_writer *writer,
				    enum stream_attribute_id attribute, size_t length)
{
	uint8_t *at;

	if (length > ATTRIBUTE_LENGTH_MAX && !writer->error)
		writer->error = -EOVERFLOW;
	at = reserve(writer, attribute, STREAM_ATTRIBUTE_HEADER_SIZE, length);
	if (at)
		put_le16(at - sizeof(uint16_t), length);
	return at;
}

void stream_put(struct stream_writer *writer, enum stream_attribute_id attribute, const void *data,
		size_t length)
{
	uint8_t *at = attribute == STREAM_A_DATA ? stream_put_data(writer, length)
						 : reserve_with_length(writer, attribute, length);

	if (at && length)
		memcpy(at, data, length);
	if (at && attribute == STREAM_A_PATH) {
		writer->path = at;
		writer->path_length = length;
	}
}

void stream_put_u64(struct stream_writer *writer, enum stream_attribute_id attribute,
		    uint64_t value)
{
	uint8_t *at = reserve_with_length(writer, attribute, sizeof(value));

	if (at)
		put_le64(at, value);
}

void stream_put_u32(struct stream_writer *writer, enum stream_attribute_id attribute,
		    uint32_t value)
{
	uint8_t *at = reserve_with_length(writer, attribute, sizeof(value));

	if (at)
		put_le32(at, value);
}

uint8_t *stream_put_data(struct stream_writer *writer, size_t length)
{
	/* From protocol 2 on DATA has no length of its own: it may be larger than 64 KiB. */
	if (writer->protocol >= 2)
		return reserve(writer, STREAM_A_DATA, sizeof(uint16_t), length);
	return reserve_with_length(writer, STREAM_A_DATA, length);
}

void stream_put_data_at(struct stream_writer *writer, const struct stream_data *data,
			const uint8_t *sums)
{
	if (!stream_put_data(writer, data->length))
		return;
	writer->data = *data;
	writer->data_sums = sums;
}

static int write_with_data(struct stream_writer *writer, size_t head_size,
			   const struct stream_data *data)
{
	if (writer->write_parts)
		return writer->write_parts(writer->context, writer->buffer, head_size, data);
	memcpy(writer->buffer + head_size, data->bytes, data->length);
	return writer->write(writer->context, writer->buffer, head_size + data->length);
}

/* Go on with @crc over the data that lies elsewhere. */
static uint32_t sum_data(const struct stream_writer *writer, uint32_t crc)
{
	const struct crc32c_blocks *blocks = writer->blocks;
	const uint8_t *data = writer->data.bytes;
	size_t length = writer->data.length;

	if (writer->data_sums && blocks) {
		size_t count = length / blocks->length;

		crc = crc32c_of_blocks(blocks, crc, writer->data_sums, count);
		data += count * blocks->length;
		length -= count * blocks->length;
	}
	return length ? crc32c(crc, data, length) : crc;
}

int stream_end(struct stream_writer *writer)
{
	const struct stream_data data = writer->data;
	size_t size = writer->size;
	int ret = writer->error;
	uint32_t crc;

	if (ret == 0) {
		put_le32(writer->buffer + HEADER_LENGTH, size - STREAM_COMMAND_HEADER_SIZE);
		crc = crc32c(0, writer->buffer, size - data.length);
		if (data.length)
			crc = sum_data(writer, crc);
		put_le32(writer->buffer + HEADER_CRC, crc);
	}
	stream_abort(writer);
	if (ret)
		return ret;
	if (data.length)
		ret = write_with_data(writer, size - data.length, &data);
	else
		ret = writer->write(writer->context, writer->buffer, size);
	if (ret < 0)
		return ret;
	writer->commands++;
	writer->bytes += size;
	return 0;
}

void stream_abort(struct stream_writer *writer)
{
	writer->size = 0;
	writer->error = 0;
	writer->data.length = 0;
}

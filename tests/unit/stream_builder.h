/* SPDX-License-Identifier: GPL-2.0 */
/* For tests of streams: a growing stream in memory, written by the real encoder. */
#ifndef TESTS_UNIT_STREAM_BUILDER_H
#define TESTS_UNIT_STREAM_BUILDER_H

#include "engine/stream/stream_write.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

struct stream_builder {
	struct stream_writer writer;
	uint8_t *bytes;
	size_t length;
	size_t capacity;
};

static inline int builder_sink(void *context, const void *data, size_t length)
{
	struct stream_builder *builder = context;

	if (builder->length + length > builder->capacity) {
		builder->capacity = 2 * (builder->length + length);
		builder->bytes = realloc(builder->bytes, builder->capacity);
		assert_non_null(builder->bytes);
	}
	memcpy(builder->bytes + builder->length, data, length);
	builder->length += length;
	return 0;
}

/* An empty stream, without a header yet. */
static inline void builder_begin(struct stream_builder *builder, unsigned int protocol)
{
	*builder = (struct stream_builder){0};
	assert_int_equal(stream_writer_init(&builder->writer, protocol, builder_sink, builder), 0);
}

static inline void builder_release(struct stream_builder *builder)
{
	stream_writer_release(&builder->writer);
	free(builder->bytes);
}

static inline void add_header(struct stream_builder *builder)
{
	assert_int_equal(stream_write_header(&builder->writer), 0);
}

static inline void add_simple(struct stream_builder *builder, enum stream_command_id kind,
			      const char *path)
{
	stream_begin(&builder->writer, kind);
	stream_put(&builder->writer, STREAM_A_PATH, path, strlen(path));
	assert_int_equal(stream_end(&builder->writer), 0);
}

static inline void add_subvol(struct stream_builder *builder, const char *path)
{
	static const uint8_t uuid[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

	stream_begin(&builder->writer, STREAM_C_SUBVOL);
	stream_put(&builder->writer, STREAM_A_PATH, path, strlen(path));
	stream_put(&builder->writer, STREAM_A_UUID, uuid, sizeof(uuid));
	stream_put_u64(&builder->writer, STREAM_A_CTRANSID, 7);
	assert_int_equal(stream_end(&builder->writer), 0);
}

static inline void add_write(struct stream_builder *builder, const char *path, uint64_t offset,
			     const void *data, size_t length)
{
	stream_begin(&builder->writer, STREAM_C_WRITE);
	stream_put(&builder->writer, STREAM_A_PATH, path, strlen(path));
	stream_put_u64(&builder->writer, STREAM_A_FILE_OFFSET, offset);
	stream_put(&builder->writer, STREAM_A_DATA, data, length);
	assert_int_equal(stream_end(&builder->writer), 0);
}

static inline void add_chmod(struct stream_builder *builder, const char *path, uint64_t mode)
{
	stream_begin(&builder->writer, STREAM_C_CHMOD);
	stream_put(&builder->writer, STREAM_A_PATH, path, strlen(path));
	stream_put_u64(&builder->writer, STREAM_A_MODE, mode);
	assert_int_equal(stream_end(&builder->writer), 0);
}

static inline void add_end(struct stream_builder *builder)
{
	stream_begin(&builder->writer, STREAM_C_END);
	assert_int_equal(stream_end(&builder->writer), 0);
}

/* A value for every attribute, of the right size; what has no fixed size gets @length bytes. */
static inline void put_any(struct stream_builder *builder, unsigned int id, size_t length)
{
	static const uint8_t sizes[] = {
		[STREAM_TYPE_U8] = 1,	 [STREAM_TYPE_U32] = 4,	      [STREAM_TYPE_U64] = 8,
		[STREAM_TYPE_UUID] = 16, [STREAM_TYPE_TIMESPEC] = 12,
	};
	enum stream_attribute_type type = stream_attributes[id].type;
	uint8_t value[64];

	for (size_t i = 0; i < sizeof(value); i++)
		value[i] = (uint8_t)(id * 7 + i * 3 + 1);
	if (type < sizeof(sizes))
		length = sizes[type];
	for (size_t i = 0; type == STREAM_TYPE_PATH && i < length; i++)
		value[i] = (uint8_t)('a' + (id + i) % 26);
	stream_put(&builder->writer, id, value, length);
}

/* The command @kind as its row says, its optional attributes included or not. */
static inline void add_any(struct stream_builder *builder, unsigned int kind, bool with_optional,
			   size_t length)
{
	const uint16_t *row = stream_commands[kind].attributes;

	stream_begin(&builder->writer, kind);
	for (unsigned int i = 0; i < STREAM_COMMAND_ATTRIBUTES_MAX && row[i]; i++) {
		if (with_optional || !(row[i] & STREAM_ATTRIBUTE_OPTIONAL))
			put_any(builder, row[i] & ~STREAM_ATTRIBUTE_OPTIONAL, length);
	}
	assert_int_equal(stream_end(&builder->writer), 0);
}

/* One command of each kind that the protocol has, END last. */
static inline void add_all_kinds(struct stream_builder *builder)
{
	for (unsigned int kind = 1; kind < STREAM_C_COUNT; kind++) {
		if (stream_commands[kind].since <= builder->writer.protocol && kind != STREAM_C_END)
			add_any(builder, kind, true, 5 + kind);
	}
	add_end(builder);
}

#endif

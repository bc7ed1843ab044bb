/* SPDX-License-Identifier: GPL-2.0 */
/* The stream encoder and decoder: round trips, cuts, mutations, hostile fields. */
#include "tests/unit/stream_builder.h"

#include "engine/stream/stream_read.h"
#include "engine/volume/csum.h"

#include <errno.h>

static const unsigned int protocols[] = {1, 2, 3};

#define for_each_protocol(protocol) \
	for (size_t i_ = 0; i_ < 3 && (protocol = protocols[i_], true); i_++)

static int parse(const struct stream_builder *builder, size_t length,
		 struct stream_command *command)
{
	struct failure failure = {0};
	int ret = stream_parse_command(builder->bytes, length, 0, builder->writer.protocol, command,
				       &failure);

	/* A failure has a message, a success has none. */
	assert_int_equal(failure.code, ret);
	assert_int_equal(ret != 0, failure.text[0] != '\0');
	return ret;
}

/* END of a stream of Linux 6.18: the checksum convention against an outside oracle. */
static void test_kernel_vector(void **state)
{
	static const uint8_t end[] = {0, 0, 0, 0, 0x15, 0, 0x50, 0x6c, 0xc9, 0x9d};
	static const uint8_t header[] = "btrfs-stream\0\1\0\0";
	struct stream_builder builder;

	(void)state;
	builder_begin(&builder, 1);
	add_header(&builder);
	add_end(&builder);
	assert_int_equal(builder.length, STREAM_HEADER_SIZE + sizeof(end));
	assert_memory_equal(builder.bytes, header, STREAM_HEADER_SIZE);
	assert_memory_equal(builder.bytes + STREAM_HEADER_SIZE, end, sizeof(end));
	builder_release(&builder);
}

static void check_round_trip(unsigned int protocol, unsigned int kind, bool with_optional,
			     size_t length)
{
	const uint16_t *row = stream_commands[kind].attributes;
	struct stream_command command;
	struct stream_builder builder, again;
	unsigned int expected = 0;

	builder_begin(&builder, protocol);
	builder_begin(&again, protocol);
	add_any(&builder, kind, with_optional, length);
	assert_int_equal(parse(&builder, builder.length, &command), 0);
	assert_int_equal(command.kind, kind);
	assert_int_equal(command.length, builder.length);
	assert_int_equal(command.crc_stored, command.crc_computed);
	stream_begin(&again.writer, kind);
	for (unsigned int i = 0; i < STREAM_COMMAND_ATTRIBUTES_MAX && row[i]; i++) {
		const struct stream_attribute *attribute;
		unsigned int id = row[i] & ~STREAM_ATTRIBUTE_OPTIONAL;

		attribute = stream_command_find(&command, id);
		if (!with_optional && (row[i] & STREAM_ATTRIBUTE_OPTIONAL)) {
			assert_null(attribute);
			continue;
		}
		assert_ptr_equal(attribute, &command.attributes[expected++]);
		stream_put(&again.writer, id, attribute->data, attribute->length);
	}
	assert_int_equal(command.attribute_count, expected);
	assert_int_equal(stream_end(&again.writer), 0);
	assert_int_equal(again.length, builder.length);
	assert_memory_equal(again.bytes, builder.bytes, builder.length);
	builder_release(&builder);
	builder_release(&again);
}

static void test_round_trip(void **state)
{
	unsigned int protocol;

	(void)state;
	for_each_protocol(protocol)
	{
		for (unsigned int kind = 1; kind < STREAM_C_COUNT; kind++) {
			if (stream_commands[kind].since > protocol)
				continue;
			for (size_t length = 0; length < 64; length += 9) {
				check_round_trip(protocol, kind, true, length);
				check_round_trip(protocol, kind, false, length);
			}
		}
	}
}

/* What lies where, written by hand from the format page. */
static void test_layout(void **state)
{
	static const uint8_t v1[] = {
		0x19, 0, 0, 0, 15,  0,	  0,   0,   0, 0,	/* length, WRITE, checksum */
		15,   0, 1, 0, 'f',				/* PATH */
		18,   0, 8, 0, 0,   0x10, 0,   0,   0, 0, 0, 0, /* FILE_OFFSET 4096 */
		19,   0, 4, 0, 'd', 'a',  't', 'a',		/* DATA with its length */
	};
	static const uint8_t v2[] = {
		0x17, 0, 0, 0,	  15, 0, 0, 0, 0, 0, 15, 0, 1,	 0,   'f', 18,	0,
		8,    0, 0, 0x10, 0,  0, 0, 0, 0, 0, 19, 0, 'd', 'a', 't', 'a', /* DATA to the end
										 */
	};
	unsigned int protocol;

	(void)state;
	for_each_protocol(protocol)
	{
		const uint8_t *expected = protocol == 1 ? v1 : v2;
		size_t size = protocol == 1 ? sizeof(v1) : sizeof(v2);
		struct stream_builder builder;

		builder_begin(&builder, protocol);
		add_write(&builder, "f", 4096, "data", 4);
		assert_int_equal(builder.length, size);
		memset(builder.bytes + 6, 0, 4);
		assert_memory_equal(builder.bytes, expected, size);
		builder_release(&builder);
	}
}

static void test_cut_at_each_byte(void **state)
{
	unsigned int protocol;

	(void)state;
	for_each_protocol(protocol)
	{
		for (unsigned int kind = 1; kind < STREAM_C_COUNT; kind++) {
			struct stream_builder builder;
			struct stream_command command;

			if (stream_commands[kind].since > protocol)
				continue;
			builder_begin(&builder, protocol);
			add_any(&builder, kind, true, 20);
			for (size_t cut = 0; cut < builder.length; cut++) {
				/* A copy of its own size, so that a read beyond it is caught. */
				uint8_t *copy = malloc(cut + !cut);
				struct stream_builder part = builder;

				memcpy(copy, builder.bytes, cut);
				part.bytes = copy;
				assert_int_equal(parse(&part, cut, &command), -ENODATA);
				free(copy);
			}
			builder_release(&builder);
		}
	}
}

static void test_mutations_are_noticed(void **state)
{
	unsigned int protocol;

	(void)state;
	for_each_protocol(protocol)
	{
		for (unsigned int kind = 1; kind < STREAM_C_COUNT; kind++) {
			struct stream_builder builder;
			struct stream_command command;

			if (stream_commands[kind].since > protocol)
				continue;
			builder_begin(&builder, protocol);
			add_any(&builder, kind, true, 20);
			for (size_t bit = 0; bit < builder.length * 8; bit++) {
				int ret;

				builder.bytes[bit / 8] ^= 1 << bit % 8;
				ret = parse(&builder, builder.length, &command);
				assert_true(ret == -EPROTO || ret == -ENODATA ||
					    command.crc_stored != command.crc_computed);
				builder.bytes[bit / 8] ^= 1 << bit % 8;
			}
			assert_int_equal(parse(&builder, builder.length, &command), 0);
			builder_release(&builder);
		}
	}
}

static void test_command_length_limits(void **state)
{
	static const struct {
		unsigned int protocol;
		uint32_t payload;
		int ret;
	} cases[] = {
		{1, 0, 0},
		{1, STREAM_COMMAND_SIZE_V1 - STREAM_COMMAND_HEADER_SIZE, 0},
		{1, STREAM_COMMAND_SIZE_V1 - STREAM_COMMAND_HEADER_SIZE + 1, -EPROTO},
		{1, UINT32_MAX, -EPROTO},
		{2, STREAM_COMMAND_SIZE_V1, 0},
		{2, STREAM_COMMAND_SIZE_MAX - STREAM_COMMAND_HEADER_SIZE, 0},
		{2, STREAM_COMMAND_SIZE_MAX - STREAM_COMMAND_HEADER_SIZE + 1, -EPROTO},
		{3, STREAM_COMMAND_SIZE_MAX - STREAM_COMMAND_HEADER_SIZE, 0},
		{3, UINT32_MAX - 9, -EPROTO},
		{3, UINT32_MAX, -EPROTO},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t header[STREAM_COMMAND_HEADER_SIZE] = {0};
		struct failure failure = {0};
		uint32_t length = 0;

		put_le32(header, cases[i].payload);
		assert_int_equal(stream_parse_command_length(header, sizeof(header), 1234,
							     cases[i].protocol, &length, &failure),
				 cases[i].ret);
		if (!cases[i].ret)
			assert_int_equal(length, cases[i].payload + STREAM_COMMAND_HEADER_SIZE);
		else
			assert_non_null(strstr(failure.text, "offset 1234: "));
		for (size_t cut = 0; cut < sizeof(header); cut++) {
			failure_clear(&failure);
			assert_int_equal(
				stream_parse_command_length(header, cut, 0, 1, &length, &failure),
				-ENODATA);
		}
	}
}

static void test_header(void **state)
{
	static const struct {
		uint32_t version;
		int ret;
	} cases[] = {{0, -EPROTO}, {1, 0}, {2, 0}, {3, 0}, {4, -EPROTO}, {UINT32_MAX, -EPROTO}};
	uint8_t header[STREAM_HEADER_SIZE] = STREAM_MAGIC;
	struct failure failure = {0};
	unsigned int protocol = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put_le32(header + STREAM_MAGIC_SIZE, cases[i].version);
		assert_int_equal(stream_parse_header(header, sizeof(header), &protocol, &failure),
				 cases[i].ret);
		assert_true(cases[i].ret || protocol == cases[i].version);
		failure_clear(&failure);
	}
	put_le32(header + STREAM_MAGIC_SIZE, 1);
	for (size_t cut = 0; cut < sizeof(header); cut++) {
		assert_int_equal(stream_parse_header(header, cut, &protocol, &failure), -ENODATA);
		failure_clear(&failure);
	}
	for (size_t i = 0; i < STREAM_MAGIC_SIZE; i++) {
		header[i] ^= 0x20;
		assert_int_equal(stream_parse_header(header, sizeof(header), &protocol, &failure),
				 -EPROTO);
		failure_clear(&failure);
		/* Not cut short but something else: more bytes would not help. */
		assert_int_equal(stream_parse_header(header, i + 1, &protocol, &failure), -EPROTO);
		failure_clear(&failure);
		header[i] ^= 0x20;
	}
}

/* A command from its payload, with a right checksum or not. */
struct hostile {
	const char *name;
	unsigned int protocol;
	uint16_t kind;
	size_t length;
	uint8_t payload[40];
	const char *cause;
};

static const struct hostile hostiles[] = {
	{"unknown command", 1, 27, 0, {0}, "unknown command 27"},
	{"command 0", 3, 0, 0, {0}, "unknown command 0"},
	{"command 65535", 3, 65535, 0, {0}, "unknown command 65535"},
	{"of a later protocol",
	 1,
	 STREAM_C_FILEATTR,
	 17,
	 {15, 0, 1, 0, 'f', 26, 0, 8, 0, 1},
	 "FILEATTR: not a command of protocol 1"},
	{"no attributes", 1, STREAM_C_UNLINK, 0, {0}, "attribute PATH is missing"},
	{"half an id", 1, STREAM_C_UNLINK, 1, {15}, "attribute PATH is missing"},
	{"half a header", 1, STREAM_C_UNLINK, 3, {15, 0, 1}, "attribute header cut short"},
	{"length beyond the command",
	 1,
	 STREAM_C_UNLINK,
	 5,
	 {15, 0, 2, 0, 'f'},
	 "PATH: length have 2 expect at most 1"},
	{"greatest length", 1, STREAM_C_UNLINK, 5, {15, 0, 0xff, 0xff, 'f'}, "have 65535"},
	{"another attribute",
	 1,
	 STREAM_C_UNLINK,
	 5,
	 {16, 0, 1, 0, 'f'},
	 "attribute have 16 (PATH_TO) expect 15 (PATH)"},
	{"attribute 0", 1, STREAM_C_UNLINK, 5, {0, 0, 1, 0, 'f'}, "attribute have 0 (unknown)"},
	{"attribute 36", 3, STREAM_C_UNLINK, 5, {36, 0, 1, 0, 'f'}, "attribute have 36 (unknown)"},
	{"one too many",
	 1,
	 STREAM_C_UNLINK,
	 10,
	 {15, 0, 1, 0, 'f', 15, 0, 1, 0, 'g'},
	 "5 bytes after its last attribute"},
	{"END with a payload", 1, STREAM_C_END, 1, {0}, "1 bytes after its last attribute"},
	{"NUL in a path", 1, STREAM_C_UNLINK, 6, {15, 0, 2, 0, 'f', 0}, "NUL byte inside"},
	{"short number",
	 1,
	 STREAM_C_TRUNCATE,
	 16,
	 {15, 0, 1, 0, 'f', 4, 0, 7, 0},
	 "SIZE of 7 bytes: length does not fit its type"},
	{"long number",
	 1,
	 STREAM_C_TRUNCATE,
	 18,
	 {15, 0, 1, 0, 'f', 4, 0, 9, 0},
	 "SIZE of 9 bytes: length does not fit its type"},
	{"empty number",
	 1,
	 STREAM_C_TRUNCATE,
	 9,
	 {15, 0, 1, 0, 'f', 4, 0, 0, 0},
	 "SIZE of 0 bytes"},
	{"DATA before the offset",
	 2,
	 STREAM_C_WRITE,
	 19,
	 {15, 0, 1, 0, 'f', 19, 0, 18, 0, 8},
	 "attribute have 19 (DATA) expect 18 (FILE_OFFSET)"},
};

static void test_hostile_fields(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(hostiles) / sizeof(hostiles[0]); i++) {
		const struct hostile *hostile = &hostiles[i];
		size_t size = STREAM_COMMAND_HEADER_SIZE + hostile->length;
		uint8_t *bytes = calloc(1, size);
		struct stream_command command;
		struct failure failure = {0};

		put_le32(bytes, hostile->length);
		put_le16(bytes + 4, hostile->kind);
		put_le32(bytes + 6, 0xdeadbeef);
		memcpy(bytes + STREAM_COMMAND_HEADER_SIZE, hostile->payload, hostile->length);
		assert_int_equal(stream_parse_command(bytes, size, 99, hostile->protocol, &command,
						      &failure),
				 -EPROTO);
		if (!strstr(failure.text, hostile->cause))
			fail_msg("%s: have \"%s\" expect \"%s\"", hostile->name, failure.text,
				 hostile->cause);
		assert_non_null(strstr(failure.text, "offset 99: "));
		assert_non_null(strstr(failure.text, "checksum is wrong: have 0xdeadbeef"));
		free(bytes);
	}
}

static void test_right_checksum_is_told(void **state)
{
	struct stream_builder builder;
	struct stream_command command;
	struct failure failure = {0};

	(void)state;
	builder_begin(&builder, 1);
	stream_begin(&builder.writer, STREAM_C_RENAME);
	stream_put(&builder.writer, STREAM_A_PATH_TO, "x", 1);
	assert_int_equal(stream_end(&builder.writer), 0);
	assert_int_equal(
		stream_parse_command(builder.bytes, builder.length, 0, 1, &command, &failure),
		-EPROTO);
	assert_non_null(strstr(failure.text, "checksum is right"));
	builder_release(&builder);
}

/* Largest write of protocol 1, and one byte more than a command holds. */
static void test_writer_overflow(void **state)
{
	static uint8_t data[STREAM_COMMAND_SIZE_V1];
	struct stream_builder builder;
	struct stream_writer *writer = &builder.writer;

	(void)state;
	builder_begin(&builder, 1);
	add_write(&builder, "f", 0, data, STREAM_WRITE_MAX_V1);
	stream_begin(writer, STREAM_C_WRITE);
	stream_put(writer, STREAM_A_PATH, "f", 1);
	stream_put_u64(writer, STREAM_A_FILE_OFFSET, 0);
	stream_put(writer, STREAM_A_DATA, data, sizeof(data) - 1);
	stream_put_u64(writer, STREAM_A_SIZE, 1); /* the error sticks */
	assert_int_equal(stream_end(writer), -EOVERFLOW);
	stream_begin(writer, STREAM_C_WRITE);
	assert_null(stream_put_data(writer, SIZE_MAX));
	assert_int_equal(stream_end(writer), -EOVERFLOW);
	/* To the last byte of the buffer, which the kernel has at 64 KiB too. */
	stream_begin(writer, STREAM_C_SET_XATTR);
	stream_put(writer, STREAM_A_XATTR_DATA, data,
		   sizeof(data) - STREAM_COMMAND_HEADER_SIZE - STREAM_ATTRIBUTE_HEADER_SIZE);
	assert_int_equal(stream_end(writer), 0);
	stream_begin(writer, STREAM_C_SET_XATTR);
	stream_put(writer, STREAM_A_XATTR_DATA, data,
		   sizeof(data) - STREAM_COMMAND_HEADER_SIZE - STREAM_ATTRIBUTE_HEADER_SIZE + 1);
	assert_int_equal(stream_end(writer), -EOVERFLOW);
	/* What failed left nothing behind. */
	assert_int_equal(writer->commands, 2);
	assert_int_equal(writer->bytes, builder.length);
	builder_release(&builder);
}

static void write_elsewhere(struct stream_builder *builder, const uint8_t *data, size_t length,
			    const uint8_t *sums)
{
	const struct stream_data elsewhere = {.bytes = data, .length = length, .fd = -1};
	struct stream_writer *writer = &builder->writer;

	stream_begin(writer, STREAM_C_WRITE);
	stream_put(writer, STREAM_A_PATH, "f", 1);
	stream_put_u64(writer, STREAM_A_FILE_OFFSET, 0);
	stream_put_data_at(writer, &elsewhere, sums);
	assert_int_equal(stream_end(writer), 0);
}

/* Data that lies elsewhere makes the same command, with the sums of its sectors or without. */
static void test_writer_data_elsewhere(void **state)
{
	enum { SECTOR = 4096, SECTORS = 11 };
	static uint8_t data[SECTORS * SECTOR];
	static struct crc32c_blocks blocks;
	const size_t lengths[] = {1,	      SECTOR - 1,	SECTOR,
				  SECTOR + 1, sizeof(data) - 5, sizeof(data)};
	uint8_t sums[SECTORS * sizeof(uint32_t)];
	size_t i;

	(void)state;
	crc32c_blocks_init(&blocks, SECTOR);
	for (i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 40503u >> 8);
	for (i = 0; i < SECTORS; i++)
		put_le32(sums + i * sizeof(uint32_t), ~crc32c(~0u, data + i * SECTOR, SECTOR));
	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct stream_builder copied, direct, summed;

		builder_begin(&copied, 1);
		builder_begin(&direct, 1);
		builder_begin(&summed, 1);
		summed.writer.blocks = &blocks;
		add_write(&copied, "f", 0, data, lengths[i]);
		write_elsewhere(&direct, data, lengths[i], NULL);
		write_elsewhere(&summed, data, lengths[i], sums);
		assert_int_equal(direct.length, copied.length);
		assert_memory_equal(direct.bytes, copied.bytes, copied.length);
		assert_int_equal(summed.length, copied.length);
		assert_memory_equal(summed.bytes, copied.bytes, copied.length);
		builder_release(&copied);
		builder_release(&direct);
		builder_release(&summed);
	}
}

static void test_writer_protocol_2(void **state)
{
	static uint8_t data[128 * 1024];
	struct stream_builder builder;
	struct stream_command command;

	(void)state;
	builder_begin(&builder, 2);
	add_write(&builder, "f", 0, data, sizeof(data));
	assert_int_equal(parse(&builder, builder.length, &command), 0);
	assert_int_equal(stream_command_find(&command, STREAM_A_DATA)->length, sizeof(data));
	/* Any other attribute still has a length of 16 bits. */
	stream_begin(&builder.writer, STREAM_C_SET_XATTR);
	stream_put(&builder.writer, STREAM_A_XATTR_DATA, data, 65536);
	assert_int_equal(stream_end(&builder.writer), -EOVERFLOW);
	builder_release(&builder);
}

static void test_abort_drops_the_command(void **state)
{
	struct stream_builder builder;

	(void)state;
	builder_begin(&builder, 1);
	stream_begin(&builder.writer, STREAM_C_UNLINK);
	stream_put(&builder.writer, STREAM_A_PATH, "x", 1);
	stream_abort(&builder.writer);
	assert_int_equal(builder.writer.size, 0);
	add_end(&builder);
	assert_int_equal(builder.length, STREAM_COMMAND_HEADER_SIZE);
	assert_int_equal(builder.writer.commands, 1);
	builder_release(&builder);
}

static int failing_sink(void *context, const void *data, size_t length)
{
	(void)context, (void)data, (void)length;
	return -EPIPE;
}

static void test_sink_error(void **state)
{
	struct stream_writer writer;

	(void)state;
	assert_int_equal(stream_writer_init(&writer, 1, failing_sink, NULL), 0);
	assert_int_equal(stream_write_header(&writer), -EPIPE);
	stream_begin(&writer, STREAM_C_END);
	assert_int_equal(stream_end(&writer), -EPIPE);
	assert_int_equal(writer.commands, 0);
	assert_int_equal(writer.bytes, 0);
	stream_writer_release(&writer);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kernel_vector),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_layout),
		cmocka_unit_test(test_cut_at_each_byte),
		cmocka_unit_test(test_mutations_are_noticed),
		cmocka_unit_test(test_command_length_limits),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_hostile_fields),
		cmocka_unit_test(test_right_checksum_is_told),
		cmocka_unit_test(test_writer_overflow),
		cmocka_unit_test(test_writer_data_elsewhere),
		cmocka_unit_test(test_writer_protocol_2),
		cmocka_unit_test(test_abort_drops_the_command),
		cmocka_unit_test(test_sink_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

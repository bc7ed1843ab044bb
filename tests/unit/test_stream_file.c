/* SPDX-License-Identifier: GPL-2.0 */
/* Files of streams: sequences, cuts at each byte, pipes, and the text of their commands. */
#include "tests/unit/stream_builder.h"

#include "profiler/stream_file.h"
#include "profiler/stream_text.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

enum { EVERYTHING = 0xffff };

/* Items read until the end or an error, which *@ret tells. */
static size_t count_items(struct stream_file *file, int *ret)
{
	struct stream_item item;
	size_t count = 0;

	for (;;) {
		*ret = stream_file_next(file, &item);
		if (*ret)
			return count;
		assert_int_equal(stream_file_judge(file, &item), 0);
		count++;
	}
}

static void test_cut_at_each_byte(void **state)
{
	(void)state;
	for (unsigned int protocol = 1; protocol <= 3; protocol++) {
		struct stream_builder builder;
		size_t ends[STREAM_C_COUNT + 1], items = 0;
		struct stream_file file;
		struct stream_item item;
		int ret;

		builder_begin(&builder, protocol);
		add_header(&builder);
		add_all_kinds(&builder);
		stream_file_open_memory(&file, "whole", builder.bytes, builder.length);
		while (!(ret = stream_file_next(&file, &item)))
			ends[items++] = item.at.offset + item.at.length;
		assert_int_equal(ret, 1);
		assert_int_equal(ends[items - 1], builder.length);
		stream_file_close(&file);
		for (size_t cut = 0; cut < builder.length; cut++) {
			uint8_t *copy = malloc(cut + !cut);
			size_t whole = 0;

			while (ends[whole] <= cut)
				whole++;
			memcpy(copy, builder.bytes, cut);
			stream_file_open_memory(&file, "cut", copy, cut);
			assert_int_equal(count_items(&file, &ret), whole);
			assert_int_equal(ret, -ENODATA);
			assert_int_equal(file.failure.code, -ENODATA);
			stream_file_close(&file);
			free(copy);
		}
		builder_release(&builder);
	}
}

static void test_several_streams(void **state)
{
	struct stream_builder builder, second;
	struct stream_file file;
	int ret;

	(void)state;
	builder_begin(&builder, 1);
	builder_begin(&second, 2);
	add_header(&builder);
	add_subvol(&builder, "a");
	/* btrfs send -e: the next snapshot follows without END and header. */
	add_subvol(&builder, "b");
	add_end(&builder);
	add_header(&second);
	add_subvol(&second, "c");
	add_write(&second, "f", 0, "data", 4);
	add_end(&second);
	builder_sink(&builder, second.bytes, second.length);
	stream_file_open_memory(&file, "two", builder.bytes, builder.length);
	assert_int_equal(count_items(&file, &ret), 8);
	assert_int_equal(ret, 1);
	assert_int_equal(file.offset, builder.length);
	stream_file_close(&file);
	/* What follows END has to be a header. */
	builder_sink(&builder, "junk", 4);
	stream_file_open_memory(&file, "junk", builder.bytes, builder.length);
	assert_int_equal(count_items(&file, &ret), 8);
	assert_int_equal(ret, -EPROTO);
	assert_non_null(strstr(file.failure.text, "after END"));
	stream_file_close(&file);
	builder_release(&builder);
	builder_release(&second);
}

static void test_wrong_checksum(void **state)
{
	struct stream_builder builder;
	struct stream_file file;
	struct stream_item item;

	(void)state;
	builder_begin(&builder, 1);
	add_header(&builder);
	add_write(&builder, "f", 0, "data", 4);
	add_end(&builder);
	builder.bytes[builder.length - STREAM_COMMAND_HEADER_SIZE - 1] ^= 1;
	stream_file_open_memory(&file, "flipped", builder.bytes, builder.length);
	assert_int_equal(stream_file_next(&file, &item), 0);
	assert_int_equal(stream_file_next(&file, &item), 0);
	assert_int_equal(stream_file_judge(&file, &item), -EBADMSG);
	assert_non_null(strstr(file.failure.text, "offset 17: WRITE: checksum have 0x"));
	/* It is remembered, and reading goes on. */
	assert_int_equal(stream_file_next(&file, &item), 0);
	assert_int_equal(stream_file_next(&file, &item), 1);
	assert_int_equal(file.failure.code, -EBADMSG);
	stream_file_close(&file);
	builder_release(&builder);
}

/* A stream larger than the window, in a file of its own. */
static void build_large(struct stream_builder *builder)
{
	static uint8_t data[128 * 1024];

	builder_begin(builder, 2);
	add_header(builder);
	add_subvol(builder, "s");
	for (unsigned int i = 0; i < 40; i++) {
		memset(data, (int)i, sizeof(data));
		add_write(builder, "f", i * sizeof(data), data, sizeof(data) - i * 1000);
	}
	add_end(builder);
}

static void check_large(struct stream_file *file, const struct stream_builder *builder)
{
	struct stream_position at[64];
	struct stream_item item;
	size_t count = 0;
	int ret;

	while (!(ret = stream_file_next(file, &item))) {
		assert_true(item.at.offset + item.at.length <= builder->length);
		assert_memory_equal(item.bytes, builder->bytes + item.at.offset, item.at.length);
		at[count++] = item.at;
	}
	assert_int_equal(ret, 1);
	assert_int_equal(count, 43);
	while (count--) {
		assert_int_equal(stream_file_read_at(file, &at[count], &item), 0);
		assert_memory_equal(item.bytes, builder->bytes + at[count].offset,
				    at[count].length);
	}
}

static void test_regular_file(void **state)
{
	char path[] = "/tmp/test_stream_file-XXXXXX";
	int fd = mkstemp(path);
	struct stream_builder builder;
	struct stream_file file;

	(void)state;
	assert_true(fd >= 0);
	build_large(&builder);
	assert_int_equal(write(fd, builder.bytes, builder.length), builder.length);
	close(fd);
	assert_int_equal(stream_file_open(&file, path), 0);
	assert_int_equal(stream_file_make_seekable(&file), 0);
	check_large(&file, &builder);
	stream_file_close(&file);
	unlink(path);
	builder_release(&builder);
}

/* From a pipe whose reads return little, and read again from the temporary copy. */
static void test_pipe(void **state)
{
	struct stream_builder builder;
	struct stream_file file;
	int ends[2];
	char path[32];

	(void)state;
	build_large(&builder);
	assert_int_equal(pipe(ends), 0);
	if (!fork()) {
		size_t done = 0;

		close(ends[0]);
		while (done < builder.length) {
			size_t part = builder.length - done < 4097 ? builder.length - done : 4097;
			ssize_t written = write(ends[1], builder.bytes + done, part);

			if (written < 0)
				_exit(1);
			done += written;
		}
		_exit(0);
	}
	close(ends[1]);
	snprintf(path, sizeof(path), "/dev/fd/%d", ends[0]);
	assert_int_equal(stream_file_open(&file, path), 0);
	close(ends[0]);
	assert_int_equal(stream_file_make_seekable(&file), 0);
	check_large(&file, &builder);
	stream_file_close(&file);
	builder_release(&builder);
}

static void test_unreadable(void **state)
{
	struct stream_file file;
	struct stream_item item;

	(void)state;
	assert_int_equal(stream_file_open(&file, "/nonexistent/stream"), -ENOENT);
	assert_string_equal(file.failure.text, "cannot open: No such file or directory");
	stream_file_close(&file);
	assert_int_equal(stream_file_open(&file, "/"), 0);
	assert_int_equal(stream_file_next(&file, &item), -EISDIR);
	stream_file_close(&file);
}

/* The only command of the builder as an item. */
static void only_item(const struct stream_builder *builder, struct stream_item *item)
{
	struct failure failure = {0};

	assert_int_equal(stream_parse_command(builder->bytes, builder->length, 0,
					      builder->writer.protocol, &item->command, &failure),
			 0);
	item->at = (struct stream_position){
		.length = item->command.length,
		.type = STREAM_ITEM_COMMAND,
		.protocol = builder->writer.protocol,
		.kind = item->command.kind,
	};
	item->bytes = builder->bytes;
}

static void check_text(const struct stream_builder *builder, const char *expected)
{
	struct stream_item item;
	char *line;

	only_item(builder, &item);
	line = stream_text_line(&item, STREAM_TEXT_DATA_BYTES);
	assert_string_equal(line, expected);
	free(line);
}

static void test_lines(void **state)
{
	static const uint8_t time[12] = {0x00, 0xf1, 0x53, 0x65, 0,    0,
					 0,    0,    0x15, 0xcd, 0x5b, 0x07};
	struct stream_builder builder;

	(void)state;
	builder_begin(&builder, 1);
	add_subvol(&builder, "snap 1");
	check_text(&builder, "SUBVOL         path=snap\\0401                            "
			     "uuid=01020304-0506-0708-090a-0b0c0d0e0f10  ctransid=7");
	builder.length = 0;
	add_end(&builder);
	check_text(&builder, "END");
	builder.length = 0;
	add_simple(&builder, STREAM_C_UNLINK, "");
	check_text(&builder, "UNLINK         path=");
	builder.length = 0;
	add_chmod(&builder, "\xff", 04755);
	check_text(&builder,
		   "CHMOD          path=\\377                                 mode=04755");
	builder.length = 0;
	add_write(&builder, "f", UINT64_MAX, "\0\n\t\r\\=more than sixteen bytes", 29);
	check_text(&builder, "WRITE          path=f                                    "
			     "file_offset=18446744073709551615  "
			     "data=29:\\000\\n\\t\\r\\\\=more\\040than\\040");
	builder.length = 0;
	stream_begin(&builder.writer, STREAM_C_MKNOD);
	stream_put(&builder.writer, STREAM_A_PATH, "n", 1);
	stream_put_u64(&builder.writer, STREAM_A_INO, 260);
	stream_put_u64(&builder.writer, STREAM_A_RDEV, 0x11110370);
	assert_int_equal(stream_end(&builder.writer), 0);
	check_text(&builder, "MKNOD          path=n                                    "
			     "ino=260  rdev=0x11110370(259:70000)");
	builder.length = 0;
	stream_begin(&builder.writer, STREAM_C_UTIMES);
	stream_put(&builder.writer, STREAM_A_PATH, "t", 1);
	stream_put(&builder.writer, STREAM_A_ATIME, time, 12);
	stream_put(&builder.writer, STREAM_A_MTIME, "\377\377\377\377\377\377\377\377\0\0\0\0", 12);
	stream_put(&builder.writer, STREAM_A_CTIME, "\0\0\0\0\0\0\0\200\0\0\0\0", 12);
	assert_int_equal(stream_end(&builder.writer), 0);
	check_text(&builder, "UTIMES         path=t                                    "
			     "atime=1700000000.123456789(2023-11-14T22:13:20Z)  "
			     "mtime=-1.000000000(1969-12-31T23:59:59Z)  "
			     "ctime=-9223372036854775808.000000000()");
	builder_release(&builder);
}

/* Every byte can be read back, and the line stays one line of one column per attribute. */
static void test_escapes(void **state)
{
	uint8_t name[255];
	struct stream_builder builder;
	struct stream_item item;
	size_t decoded = 0;
	char *line, *at;

	(void)state;
	for (size_t i = 0; i < sizeof(name); i++)
		name[i] = (uint8_t)(i + 1);
	builder_begin(&builder, 1);
	stream_begin(&builder.writer, STREAM_C_RMDIR);
	stream_put(&builder.writer, STREAM_A_PATH, name, sizeof(name));
	assert_int_equal(stream_end(&builder.writer), 0);
	only_item(&builder, &item);
	line = stream_text_line(&item, EVERYTHING);
	at = strchr(line, '=') + 1;
	for (const char *c = line; *c; c++)
		assert_in_range(*c, ' ', '~');
	assert_null(strchr(at, ' '));
	while (*at) {
		unsigned int byte = (unsigned char)*at++;

		if (byte == '\\' && *at >= '0' && *at <= '3') {
			byte = (at[0] - '0') * 64 + (at[1] - '0') * 8 + at[2] - '0';
			at += 3;
		} else if (byte == '\\') {
			byte = *at == 'n' ? '\n' : *at == 'r' ? '\r' : *at == 't' ? '\t' : *at;
			at++;
		}
		assert_int_equal(byte, name[decoded++]);
	}
	assert_int_equal(decoded, sizeof(name));
	free(line);
	builder_release(&builder);
}

static void test_json(void **state)
{
	(void)state;
	for (unsigned int kind = 1; kind < STREAM_C_COUNT; kind++) {
		struct stream_builder builder;
		struct stream_item item;
		json_t *object, *attributes;

		builder_begin(&builder, 3);
		add_any(&builder, kind, true, 20);
		only_item(&builder, &item);
		object = stream_text_json(&item, 4);
		assert_non_null(object);
		assert_string_equal(json_string_value(json_object_get(object, "command")),
				    stream_commands[kind].name);
		assert_int_equal(json_integer_value(json_object_get(object, "length")),
				 item.command.length);
		attributes = json_object_get(object, "attributes");
		assert_int_equal(json_object_size(attributes), item.command.attribute_count);
		for (unsigned int i = 0; i < item.command.attribute_count; i++) {
			char name[STREAM_TEXT_NAME_SIZE];
			unsigned int id = item.command.attributes[i].id;

			assert_non_null(
				json_object_get(attributes, stream_text_attribute_name(id, name)));
			assert_int_equal(stream_text_attribute_find(name), id);
		}
		json_decref(object);
		builder_release(&builder);
	}
	assert_int_equal(stream_text_attribute_find("nothing"), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut_at_each_byte),
		cmocka_unit_test(test_several_streams),
		cmocka_unit_test(test_wrong_checksum),
		cmocka_unit_test(test_regular_file),
		cmocka_unit_test(test_pipe),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

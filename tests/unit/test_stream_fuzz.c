/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Streams damaged at random, with checksums made right again half of the time so that the damage is
 * believed: whatever the decoder accepts has to lie inside the stream, encode to the same bytes,
 * and be printable. Deterministic: round N damages in the same way every time.
 */
#include "tests/unit/stream_builder.h"

#include "engine/volume/csum.h"
#include "profiler/stream_diff.h"
#include "profiler/stream_text.h"

#include <errno.h>

enum { ROUNDS = 4000 };

static uint64_t random_state;

static uint32_t random_below(uint32_t limit)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (uint32_t)((random_state * UINT64_C(0x2545f4914f6cdd1d)) >> 32) % limit;
}

static void damage(uint8_t *bytes, size_t *length)
{
	static const uint8_t values[] = {0, 1, 0x7f, 0x80, 0xff, 13, 15, 19};

	for (uint32_t edits = 1 + random_below(4); edits; edits--) {
		size_t at = random_below((uint32_t)*length);

		switch (random_below(5)) {
		case 0:
			bytes[at] ^= 1 << random_below(8);
			break;
		case 1:
			bytes[at] = values[random_below(sizeof(values))];
			break;
		case 2: /* a number of four bytes, as lengths are */
			if (at + 4 <= *length)
				put_le32(bytes + at, random_below(3) * (UINT32_MAX / 2));
			break;
		case 3: /* a piece from elsewhere */
			memmove(bytes + at, bytes + random_below((uint32_t)at + 1),
				(*length - at) / 8);
			break;
		default: /* a piece less */
			if (*length > 64) {
				size_t gone = random_below(20);

				gone = gone > *length - at ? *length - at : gone;
				memmove(bytes + at, bytes + at + gone, *length - at - gone);
				*length -= gone;
			}
		}
	}
}

/* Make the checksums right as far as the lengths lead. */
static void mend(uint8_t *bytes, size_t length)
{
	size_t at = STREAM_HEADER_SIZE;

	while (length > at && length - at >= STREAM_COMMAND_HEADER_SIZE) {
		uint32_t payload = get_le32(bytes + at);

		if (payload > length - at - STREAM_COMMAND_HEADER_SIZE)
			return;
		put_le32(bytes + at + 6, 0);
		put_le32(bytes + at + 6,
			 crc32c(0, bytes + at, payload + STREAM_COMMAND_HEADER_SIZE));
		at += payload + STREAM_COMMAND_HEADER_SIZE;
	}
}

/* What was accepted is what the encoder would write, up to the checksum. */
static void check_encodes_the_same(const struct stream_item *item)
{
	struct stream_builder again;

	builder_begin(&again, item->at.protocol);
	stream_begin(&again.writer, item->at.kind);
	for (unsigned int i = 0; i < item->command.attribute_count; i++) {
		const struct stream_attribute *attribute = &item->command.attributes[i];

		stream_put(&again.writer, attribute->id, attribute->data, attribute->length);
	}
	assert_int_equal(stream_end(&again.writer), 0);
	assert_int_equal(again.length, item->at.length);
	memcpy(again.bytes + 6, item->bytes + 6, 4);
	assert_memory_equal(again.bytes, item->bytes, again.length);
	builder_release(&again);
}

static void check_shows(const struct stream_item *item)
{
	char *line = stream_text_line(item, 100);
	json_t *object = stream_text_json(item, 100);

	assert_non_null(line);
	assert_non_null(object);
	for (const char *c = line; *c; c++)
		assert_in_range(*c, ' ', '~');
	free(line);
	json_decref(object);
}

static void read_all(const uint8_t *bytes, size_t length)
{
	struct stream_file file;
	struct stream_item item;
	uint64_t end = 0;
	int ret;

	stream_file_open_memory(&file, "damaged", bytes, length);
	while (!(ret = stream_file_next(&file, &item))) {
		assert_int_equal(item.at.offset, end);
		end += item.at.length;
		assert_true(end <= length);
		assert_ptr_equal(item.bytes, bytes + item.at.offset);
		check_shows(&item);
		if (item.at.type == STREAM_ITEM_COMMAND)
			check_encodes_the_same(&item);
	}
	assert_true(ret == 1 || ret == -ENODATA || ret == -EPROTO);
	assert_true(ret != 1 || end == length);
	stream_file_close(&file);
}

static void compare(const struct stream_builder *whole, const uint8_t *bytes, size_t length)
{
	const struct stream_diff_options options = {.context = 3, .data_bytes = 16};
	struct stream_file left, right;
	struct stream_diff diff;

	stream_file_open_memory(&left, "whole", whole->bytes, whole->length);
	stream_file_open_memory(&right, "damaged", bytes, length);
	assert_int_equal(stream_diff_run(&left, &right, &options, &diff), 0);
	assert_int_equal(left.failure.code, 0);
	if (!diff.different && !right.failure.code) {
		assert_int_equal(length, whole->length);
		assert_memory_equal(bytes, whole->bytes, length);
	}
	stream_diff_release(&diff);
}

static void test_damaged_streams(void **state)
{
	(void)state;
	for (unsigned int round = 0; round < ROUNDS; round++) {
		struct stream_builder whole;
		uint8_t *bytes;
		size_t length;

		random_state = round + 1;
		builder_begin(&whole, 1 + round % 3);
		add_header(&whole);
		add_all_kinds(&whole);
		length = whole.length;
		/* Of its own size, so that a read beyond the end is caught. */
		bytes = malloc(length);
		memcpy(bytes, whole.bytes, length);
		damage(bytes, &length);
		bytes = realloc(bytes, length);
		if (round % 2)
			mend(bytes, length);
		read_all(bytes, length);
		compare(&whole, bytes, length);
		free(bytes);
		builder_release(&whole);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_damaged_streams),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/stream_tap.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

enum {
	PROGRESS_STEP_NS = 50000, /* at first; doubled whenever the points are used up */
	COMMAND_KIND = 4,	  /* offset in a command header, after its length */
};

void stream_tap_init(struct stream_tap *tap, uint64_t start_ns)
{
	memset(tap, 0, sizeof(*tap));
	tap->start_ns = start_ns;
	tap->last_end_ns = start_ns;
	tap->last_read_ns = start_ns;
	tap->progress_step_ns = PROGRESS_STEP_NS;
}

static void halve_progress(struct tap_figures *figures)
{
	size_t kept = 0;

	for (size_t i = 0; i < figures->progress_count; i += 2)
		figures->progress[kept++] = figures->progress[i];
	figures->progress_count = kept;
}

static void add_progress_point(struct stream_tap *tap)
{
	struct tap_figures *figures = &tap->figures;

	if (figures->progress_count == RESULT_PROGRESS_POINTS) {
		halve_progress(figures);
		tap->progress_step_ns *= 2;
	}
	figures->progress[figures->progress_count++] = (struct progress_point){
		.time_ns = tap->last_read_ns - tap->start_ns,
		.bytes = figures->bytes,
		.commands = figures->commands,
	};
}

static void record_progress(struct stream_tap *tap)
{
	const struct tap_figures *figures = &tap->figures;
	uint64_t time_ns = tap->last_read_ns - tap->start_ns;

	if (!figures->progress_count ||
	    time_ns - figures->progress[figures->progress_count - 1].time_ns >=
		    tap->progress_step_ns)
		add_progress_point(tap);
}

/* Collect a header of @size bytes that may come in pieces. True when it is whole. */
static bool collect(struct stream_tap *tap, size_t size, const uint8_t **data, size_t *length)
{
	size_t wanted = size - tap->header_used;
	size_t taken = wanted < *length ? wanted : *length;

	memcpy(tap->header + tap->header_used, *data, taken);
	tap->header_used += taken;
	*data += taken;
	*length -= taken;
	tap->figures.bytes += taken;
	return taken == wanted;
}

static int begin_stream(struct stream_tap *tap, struct failure *failure)
{
	tap->header_used = 0;
	return stream_parse_header(tap->header, STREAM_HEADER_SIZE, &tap->protocol, failure);
}

static int begin_command(struct stream_tap *tap, struct failure *failure)
{
	uint64_t offset = tap->figures.bytes - STREAM_COMMAND_HEADER_SIZE;
	uint16_t kind = get_le16(tap->header + COMMAND_KIND);
	int ret = stream_parse_command_length(tap->header, STREAM_COMMAND_HEADER_SIZE, offset,
					      tap->protocol, &tap->command_length, failure);

	if (ret)
		return ret;
	if (kind >= STREAM_C_COUNT || !stream_commands[kind].name)
		return failure_set(failure, -EPROTO, "offset %" PRIu64 ": unknown command %u",
				   offset, kind);
	tap->command_offset = offset;
	tap->command_kind = kind;
	tap->command_left = tap->command_length - STREAM_COMMAND_HEADER_SIZE;
	return 0;
}

/* @batched: the same read brought the end of an earlier command too, so the time is not known. */
static void end_command(struct stream_tap *tap, bool batched)
{
	struct kind_stats *kind = &tap->figures.kinds[tap->command_kind];

	tap->header_used = 0;
	tap->ended = tap->command_kind == STREAM_C_END;
	tap->figures.commands++;
	kind->count++;
	kind->bytes += tap->command_length;
	if (batched)
		kind->latency.batched++;
	else
		latency_add(&kind->latency, tap->last_read_ns - tap->last_end_ns);
	tap->last_end_ns = tap->last_read_ns;
}

static void skip_payload(struct stream_tap *tap, const uint8_t **data, size_t *length)
{
	size_t taken = tap->command_left < *length ? tap->command_left : *length;

	tap->command_left -= taken;
	*data += taken;
	*length -= taken;
	tap->figures.bytes += taken;
}

int stream_tap_feed(struct stream_tap *tap, const void *data, size_t length, uint64_t now_ns,
		    struct failure *failure)
{
	const uint8_t *at = data;
	bool batched = false;
	int ret = 0;

	if (!tap->figures.bytes && length)
		tap->figures.first_byte_ns = now_ns - tap->start_ns;
	tap->last_read_ns = now_ns;
	while (!ret && length) {
		if (tap->ended)
			return failure_set(failure, -EPROTO,
					   "offset %" PRIu64 ": data after the END command",
					   tap->figures.bytes);
		if (!tap->protocol) {
			if (collect(tap, STREAM_HEADER_SIZE, &at, &length))
				ret = begin_stream(tap, failure);
			continue;
		}
		if (tap->header_used < STREAM_COMMAND_HEADER_SIZE) {
			if (!collect(tap, STREAM_COMMAND_HEADER_SIZE, &at, &length))
				break;
			ret = begin_command(tap, failure);
			if (ret)
				break;
		}
		skip_payload(tap, &at, &length);
		if (!tap->command_left) {
			end_command(tap, batched);
			batched = true;
		}
	}
	record_progress(tap);
	return ret;
}

int stream_tap_finish(struct stream_tap *tap, struct failure *failure)
{
	if (tap->figures.bytes)
		add_progress_point(tap);
	if (tap->ended)
		return 0;
	if (!tap->protocol)
		return failure_set(failure, -ENODATA,
				   "stream header cut short: have %" PRIu64 " bytes expect %d",
				   tap->figures.bytes, STREAM_HEADER_SIZE);
	if (!tap->header_used)
		return failure_set(failure, -ENODATA,
				   "offset %" PRIu64 ": the stream ends without an END command",
				   tap->figures.bytes);
	if (tap->header_used < STREAM_COMMAND_HEADER_SIZE)
		return failure_set(failure, -ENODATA,
				   "offset %" PRIu64
				   ": command header cut short: have %zu bytes expect %d",
				   tap->figures.bytes - tap->header_used, tap->header_used,
				   STREAM_COMMAND_HEADER_SIZE);
	return failure_set(failure, -ENODATA,
			   "offset %" PRIu64 ": %s cut short: have %" PRIu64
			   " bytes expect %" PRIu32,
			   tap->command_offset, stream_commands[tap->command_kind].name,
			   tap->figures.bytes - tap->command_offset, tap->command_length);
}

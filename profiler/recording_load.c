/* SPDX-License-Identifier: GPL-2.0 */
/* Recordings are read: files that may say anything. */
#include "profiler/recording_format.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

enum { BUFFER = 1 << 16 };

struct reader {
	FILE *file;
	ZSTD_DCtx *zstd;
	ZSTD_inBuffer in;
	bool ended; /* the compressed part */
	uint32_t version;
	struct failure *failure;
	uint8_t raw[BUFFER];
	uint8_t data[BUFFER];
};

static int damaged(struct reader *reader, const char *what)
{
	return failure_set(reader->failure, -EPROTO, "%s", what);
}

/* Decompress up to @length bytes; fewer at the end of the compressed part. */
static ssize_t take_some(struct reader *reader, void *data, size_t length)
{
	ZSTD_outBuffer out = {data, length, 0};

	while (!reader->ended && out.pos < out.size) {
		size_t left;

		if (reader->in.pos == reader->in.size) {
			reader->in.size = fread(reader->raw, 1, sizeof(reader->raw), reader->file);
			reader->in.pos = 0;
			if (!reader->in.size && ferror(reader->file))
				return failure_set(reader->failure, -EIO, "%s", strerror(EIO));
			if (!reader->in.size)
				return damaged(reader, "the recording is cut off");
		}
		left = ZSTD_decompressStream(reader->zstd, &out, &reader->in);
		if (ZSTD_isError(left))
			return failure_set(reader->failure, -EPROTO, "the recording is damaged: %s",
					   ZSTD_getErrorName(left));
		reader->ended = left == 0;
	}
	return (ssize_t)out.pos;
}

static int take(struct reader *reader, void *data, size_t length)
{
	ssize_t got = take_some(reader, data, length);

	if (got < 0)
		return (int)got;
	return (size_t)got == length ? 0 : damaged(reader, "the recording lacks its end");
}

static int read_begin(struct reader *reader, uint32_t *facts_bytes)
{
	uint8_t begin[RECORDING_BEGIN_BYTES];
	uint32_t numbers[2];
	size_t got = fread(begin, 1, sizeof(begin), reader->file);

	if (got < RECORDING_MAGIC_BYTES || memcmp(begin, RECORDING_MAGIC, RECORDING_MAGIC_BYTES))
		return damaged(reader, "no recording of sendprof");
	if (got < sizeof(begin))
		return damaged(reader, "the recording is cut off");
	memcpy(numbers, begin + RECORDING_MAGIC_BYTES, sizeof(numbers));
	reader->version = le32toh(numbers[0]);
	if (reader->version < RECORDING_VERSION_MIN || reader->version > RECORDING_VERSION)
		return failure_set(reader->failure, -EOPNOTSUPP,
				   "have a recording of version %" PRIu32 " expect %d to %d",
				   reader->version, RECORDING_VERSION_MIN, RECORDING_VERSION);
	*facts_bytes = le32toh(numbers[1]);
	if (*facts_bytes > RECORDING_FACTS_MAX)
		return failure_set(reader->failure, -EPROTO,
				   "facts of the recording: have %" PRIu32
				   " bytes expect at most %d",
				   *facts_bytes, RECORDING_FACTS_MAX);
	return 0;
}

static int read_facts(struct reader *reader, uint32_t bytes, struct recording *recording)
{
	char *text = malloc(bytes + 1);
	json_error_t error;
	json_t *json;
	int ret;

	if (!text)
		return failure_set(reader->failure, -ENOMEM, "out of memory");
	ret = take(reader, text, bytes);
	if (ret) {
		free(text);
		return ret;
	}
	json = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &error);
	free(text);
	if (!json_is_object(json))
		ret = failure_set(reader->failure, -EPROTO, "facts of the recording: %s",
				  json ? "have no object expect one" : error.text);
	else
		ret = recording_facts_from_json(json, recording, reader->failure);
	json_decref(json);
	return ret;
}

static int read_event(struct reader *reader, uint64_t number, struct event_with_path *event)
{
	uint8_t bytes[RECORDING_EVENT_BYTES];
	uint32_t path_size;
	int ret = take(reader, bytes, sizeof(bytes));

	if (ret)
		return ret;
	if (!recording_event_decode(bytes, reader->version, &event->event))
		return failure_set(reader->failure, -EPROTO,
				   "event %" PRIu64 " of the recording is none", number);
	if (!event_path(&event->event))
		return 0;
	path_size = event->event.command.path_size;
	ret = take(reader, event->path, path_size);
	if (!ret && event->path[path_size - 1])
		ret = failure_set(reader->failure, -EPROTO,
				  "the path of event %" PRIu64 " of the recording has no end",
				  number);
	return ret;
}

static int read_events(struct reader *reader, uint64_t count, event_fn consume, void *context)
{
	if (count > RECORDING_EVENTS_MAX)
		return failure_set(reader->failure, -EPROTO,
				   "the recording: have %" PRIu64 " events expect at most %" PRIu64,
				   count, RECORDING_EVENTS_MAX);
	for (uint64_t i = 0; i < count; i++) {
		struct event_with_path event;
		int ret = read_event(reader, i, &event);

		if (ret)
			return ret;
		if (consume)
			consume(context, &event.event);
	}
	return 0;
}

static int copy_stream(struct reader *reader, uint64_t bytes, struct stream_comparison *stream)
{
	while (bytes) {
		size_t length = bytes < sizeof(reader->data) ? bytes : sizeof(reader->data);
		int ret = take(reader, reader->data, length);

		if (!ret)
			ret = stream_comparison_feed(stream, reader->data, length, reader->failure);
		if (ret)
			return ret;
		bytes -= length;
	}
	return stream_comparison_finish(stream, reader->failure);
}

/* Compared with nothing it differs from its first byte on, and is kept. */
static int read_stream(struct reader *reader, uint64_t bytes, const char *directory,
		       struct stream_store *stream)
{
	const struct stream_store nothing = STREAM_STORE_EMPTY;
	struct stream_comparison comparison;
	int ret = stream_comparison_begin(&comparison, &nothing, directory, reader->failure);

	if (ret)
		return ret;
	ret = copy_stream(reader, bytes, &comparison);
	if (!ret) {
		*stream = comparison.own;
		comparison.own = STREAM_STORE_EMPTY;
	}
	stream_comparison_release(&comparison);
	return ret;
}

/* The end of the compressed part has its checksum, and nothing comes after it. */
static int read_end(struct reader *reader)
{
	uint8_t more;
	ssize_t got = take_some(reader, &more, 1);

	if (got < 0)
		return (int)got;
	if (got || reader->in.pos < reader->in.size || fgetc(reader->file) != EOF)
		return damaged(reader, "the recording goes on after its end");
	return 0;
}

static int read_all(struct reader *reader, const char *directory, struct recording *recording,
		    event_fn consume, void *context, struct stream_store *stream)
{
	uint32_t facts_bytes = 0;
	int ret = read_begin(reader, &facts_bytes);

	if (!ret)
		ret = read_facts(reader, facts_bytes, recording);
	if (ret || !stream)
		return ret;
	if (!ret)
		ret = read_events(reader, recording->event_count, consume, context);
	if (!ret)
		ret = read_stream(reader, recording->stream_bytes, directory, stream);
	if (!ret)
		ret = read_end(reader);
	return ret;
}

static int load(const char *path, const char *directory, struct recording *recording,
		event_fn consume, void *context, struct stream_store *stream,
		struct failure *failure)
{
	struct reader *reader = calloc(1, sizeof(*reader));
	int ret;

	if (!reader)
		return failure_set(failure, -ENOMEM, "out of memory");
	reader->failure = failure;
	reader->in.src = reader->raw;
	reader->zstd = ZSTD_createDCtx();
	reader->file = fopen(path, "re");
	if (!reader->zstd || ZSTD_isError(ZSTD_DCtx_setParameter(reader->zstd, ZSTD_d_windowLogMax,
								 RECORDING_WINDOW_LOG)))
		ret = failure_set(failure, -ENOMEM, "out of memory");
	else if (!reader->file)
		ret = failure_set(failure, -errno, "%s", strerror(errno));
	else
		ret = read_all(reader, directory, recording, consume, context, stream);
	ZSTD_freeDCtx(reader->zstd);
	if (reader->file)
		fclose(reader->file);
	free(reader);
	return ret;
}

int recording_load(const char *path, const char *directory, struct recording *recording,
		   event_fn consume, void *context, struct stream_store *stream,
		   struct failure *failure)
{
	struct failure cause = {0};
	int ret;

	*recording = (struct recording){0};
	*stream = STREAM_STORE_EMPTY;
	ret = load(path, directory, recording, consume, context, stream, &cause);
	if (!ret)
		return 0;
	recording_release(recording);
	stream_store_close(stream);
	return failure_set(failure, ret, "%s: %s", path, cause.text);
}

int recording_load_facts(const char *path, struct recording *recording, struct failure *failure)
{
	struct failure cause = {0};
	int ret;

	*recording = (struct recording){0};
	ret = load(path, NULL, recording, NULL, NULL, NULL, &cause);
	if (!ret)
		return 0;
	recording_release(recording);
	return failure_set(failure, ret, "%s: %s", path, cause.text);
}

void recording_release(struct recording *recording)
{
	free(recording->snapshot.path);
	free(recording->parent.path);
	*recording = (struct recording){0};
}

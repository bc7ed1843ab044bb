/* SPDX-License-Identifier: GPL-2.0 */
/* Recordings are written. */
#include "profiler/recording_format.h"
#include "profiler/whole_file.h"

#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

enum { LEVEL = 12, BUFFER = 1 << 16 };

struct writer {
	FILE *file;
	ZSTD_CCtx *zstd;
	uint8_t out[BUFFER];
	uint8_t in[BUFFER];
};

/* Compress; with ZSTD_e_end to the end of the frame. */
static int put(struct writer *writer, const void *data, size_t length, ZSTD_EndDirective end)
{
	ZSTD_inBuffer in = {data, length, 0};
	size_t left;

	do {
		ZSTD_outBuffer out = {writer->out, sizeof(writer->out), 0};

		left = ZSTD_compressStream2(writer->zstd, &out, &in, end);
		if (ZSTD_isError(left))
			return -ENOMEM;
		if (fwrite(writer->out, 1, out.pos, writer->file) != out.pos)
			return -errno;
	} while (in.pos < in.size || (end == ZSTD_e_end && left));
	return 0;
}

static int put_facts(struct writer *writer, const struct recording *recording)
{
	uint32_t numbers[2] = {htole32(RECORDING_VERSION)};
	json_t *json = recording_facts_to_json(recording);
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
	int ret = 0;

	json_decref(json);
	if (!text)
		return -ENOMEM;
	numbers[1] = htole32((uint32_t)strlen(text));
	if (fwrite(RECORDING_MAGIC, RECORDING_MAGIC_BYTES, 1, writer->file) != 1 ||
	    fwrite(numbers, sizeof(numbers), 1, writer->file) != 1)
		ret = -errno;
	if (!ret)
		ret = put(writer, text, strlen(text), ZSTD_e_continue);
	free(text);
	return ret;
}

static int put_events(struct writer *writer, const struct event_list *events)
{
	const struct event *event = NULL;
	int ret = 0;

	while (!ret && (event = event_list_next(events, event))) {
		const char *path = event_path(event);
		uint8_t bytes[RECORDING_EVENT_BYTES];

		recording_event_encode(event, bytes);
		ret = put(writer, bytes, sizeof(bytes), ZSTD_e_continue);
		if (!ret && path)
			ret = put(writer, path, event->command.path_size, ZSTD_e_continue);
	}
	return ret;
}

static int put_stream(struct writer *writer, const struct stream_store *stream)
{
	for (uint64_t offset = 0; offset < stream->size;) {
		ssize_t got = pread(stream->fd, writer->in, sizeof(writer->in), (off_t)offset);
		int ret;

		if (got <= 0)
			return got ? -errno : -EIO;
		ret = put(writer, writer->in, (size_t)got, ZSTD_e_continue);
		if (ret)
			return ret;
		offset += (uint64_t)got;
	}
	return put(writer, NULL, 0, ZSTD_e_end);
}

static int put_all(struct writer *writer, const struct recording *recording,
		   const struct event_list *events, const struct stream_store *stream)
{
	struct recording facts = *recording;
	int ret;

	facts.event_count = events->count;
	facts.stream_bytes = stream->size;
	writer->zstd = ZSTD_createCCtx();
	if (!writer->zstd ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(writer->zstd, ZSTD_c_compressionLevel, LEVEL)) ||
	    ZSTD_isError(
		    ZSTD_CCtx_setParameter(writer->zstd, ZSTD_c_windowLog, RECORDING_WINDOW_LOG)) ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(writer->zstd, ZSTD_c_checksumFlag, 1)))
		return -ENOMEM;
	ret = put_facts(writer, &facts);
	if (!ret)
		ret = put_events(writer, events);
	return ret ? ret : put_stream(writer, stream);
}

int recording_save(const char *path, const struct recording *recording,
		   const struct event_list *events, const struct stream_store *stream,
		   struct failure *failure)
{
	struct writer *writer = calloc(1, sizeof(*writer));
	struct whole_file whole;
	int ret = writer ? whole_file_open(&whole, path) : -ENOMEM;

	if (!ret) {
		writer->file = whole.file;
		ret = whole_file_close(&whole, put_all(writer, recording, events, stream));
		ZSTD_freeCCtx(writer->zstd);
	}
	free(writer);
	return ret ? failure_set(failure, ret, "cannot write the recording %s: %s", path,
				 strerror(-ret))
		   : 0;
}

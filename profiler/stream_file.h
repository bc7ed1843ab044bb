/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A file of send streams, read command by command in bounded memory: a path, "-" for standard
 * input, or memory. It may hold several streams one after another; after END comes the end of the
 * file or another header.
 */
#ifndef PROFILER_STREAM_FILE_H
#define PROFILER_STREAM_FILE_H

#include "engine/stream/stream_read.h"
#include "profiler/status.h"

struct stream_file {
	const char *name;	/* for messages; borrowed */
	struct failure failure; /* of the last negative return, without the name */
	/* The rest is private. */
	int fd;	       /* -1: memory */
	uint64_t base; /* where in the descriptor's file the stream begins */
	const uint8_t *memory;
	uint64_t memory_length;
	uint8_t *window; /* bytes [start, end) were read and not yet consumed */
	size_t capacity;
	size_t start;
	size_t end;
	uint64_t offset; /* of the next item */
	unsigned int protocol;
	bool in_stream; /* a header was read, its END not yet */
	uint8_t *again; /* for stream_file_read_at() */
	size_t again_capacity;
};

enum stream_item_type { STREAM_ITEM_HEADER, STREAM_ITEM_COMMAND };

/* Where an item lies: enough to read it again. */
struct stream_position {
	uint64_t offset;
	uint32_t length;
	uint8_t type; /* enum stream_item_type */
	uint8_t protocol;
	uint16_t kind; /* 0 for a header */
};

/* A header or a command. What it points at is valid until the next call with the same file. */
struct stream_item {
	struct stream_position at;
	const uint8_t *bytes;
	struct stream_command command; /* of a STREAM_ITEM_COMMAND */
};

/* Open @path. 0 or the negative errno of the open. Close with stream_file_close(). */
int stream_file_open(struct stream_file *file, const char *path);
/* Read from @data, which is borrowed until the close. */
void stream_file_open_memory(struct stream_file *file, const char *name, const void *data,
			     uint64_t length);
void stream_file_close(struct stream_file *file);

/*
 * The next item: 0, or 1 after the last one. -ENODATA when the file ends inside an item or before
 * END, -EPROTO for a malformed one, another negative errno when reading failed. A wrong checksum is
 * no error here: see stream_file_judge().
 */
int stream_file_next(struct stream_file *file, struct stream_item *item);

/* -EBADMSG with the message in file->failure when the checksum of @item is wrong, else 0. */
int stream_file_judge(struct stream_file *file, const struct stream_item *item);

/*
 * Make stream_file_read_at() possible: what cannot be read twice (a pipe) is copied into an
 * unlinked file in TMPDIR first. To be called before the first stream_file_next(). 0 or a negative
 * errno.
 */
int stream_file_make_seekable(struct stream_file *file);

/*
 * Read an item again; sequential reading is not disturbed. Two items of one file cannot be held at
 * once. 0, -ENODATA or -EPROTO if the file changed meanwhile, or a read error.
 */
int stream_file_read_at(struct stream_file *file, const struct stream_position *at,
			struct stream_item *item);

/* Print "sendprof: NAME: <failure>" on stderr and return the exit status that fits. */
int stream_file_complain(const struct stream_file *file);

#endif

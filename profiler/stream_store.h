/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Whole streams in files, and the comparison of a stream with a stored one while it arrives. A
 * stream that equals the stored one is not stored again.
 */
#ifndef PROFILER_STREAM_STORE_H
#define PROFILER_STREAM_STORE_H

#include "profiler/stream_file.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stream_store {
	int fd; /* -1: empty, nothing on disk */
	uint64_t size;
};

#define STREAM_STORE_EMPTY ((struct stream_store){.fd = -1})

/* A recorded stream; it is only read. */
int stream_store_open(const char *path, struct stream_store *store, struct failure *failure);
/* Write the stream to the file @path. */
int stream_store_save(const struct stream_store *store, const char *path, struct failure *failure);
/* Read the whole stream once, so that comparing with it does not wait for a disk. */
int stream_store_prefetch(const struct stream_store *store, struct failure *failure);
/* Write out what is dirty, so that this does not happen later, while something is measured. */
void stream_store_settle(const struct stream_store *store);
/* Open the store as a file of commands, to be closed before the store; @name is for messages. */
int stream_store_read(const struct stream_store *store, const char *name, struct stream_file *file);
/* Leaves an empty store. */
void stream_store_close(struct stream_store *store);

struct stream_comparison {
	const struct stream_store *reference; /* borrowed */
	const char *directory;		      /* for the file of a stream that differs; borrowed */
	uint8_t *buffer;
	uint64_t position;
	bool differs;
	uint64_t first_difference; /* byte offset, valid when it differs */
	struct stream_store own;   /* the whole stream when it differs; take it or close it */
};

int stream_comparison_begin(struct stream_comparison *comparison,
			    const struct stream_store *reference, const char *directory,
			    struct failure *failure);
int stream_comparison_feed(struct stream_comparison *comparison, const void *data, size_t length,
			   struct failure *failure);
/* The stream is at its end; a reference that goes on is a difference too. */
int stream_comparison_finish(struct stream_comparison *comparison, struct failure *failure);
/* Frees everything but what was moved out of ->own. */
void stream_comparison_release(struct stream_comparison *comparison);

#endif

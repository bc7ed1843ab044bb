/* SPDX-License-Identifier: GPL-2.0 */
/* Where `sendprof send` writes its stream: a file that is removed again unless it is complete, or
 * standard output. */
#ifndef PROFILER_STREAM_OUTPUT_H
#define PROFILER_STREAM_OUTPUT_H

#include "engine/core/failure.h"
#include "engine/stream/stream_format.h"

#include <stdbool.h>
#include <stddef.h>

struct stream_output {
	int fd;
	const char *name; /* for messages, borrowed */
	bool is_file;	  /* opened and, unless it becomes complete, removed by us */
	bool is_pipe;
	char *buffer;
	size_t used;
	struct failure failure; /* of the first write that failed */
};

/* @path NULL: standard output. The path is borrowed until the output is closed. */
int stream_output_open(const char *path, struct stream_output *output, struct failure *failure);

/* The same for a descriptor that stays the caller's, named @name in messages. */
int stream_output_attach(int fd, const char *name, struct stream_output *output,
			 struct failure *failure);

/* A stream_sink_fn for send_run(); @output is a struct stream_output. -EINTR after a Ctrl-C. */
int stream_output_write(void *output, const void *data, size_t length);

/* A stream_sink_parts_fn beside it. Pages of a file with the data go into a pipe uncopied. */
int stream_output_write_parts(void *output, const void *head, size_t head_length,
			      const struct stream_data *data);

/* Write what is still buffered and see that it arrived. */
int stream_output_finish(struct stream_output *output);

/*
 * @complete: the stream is whole; else the file is removed. To standard output goes what came
 * before the failure. 0, or what closing a whole file failed with, as in @output's failure; then it
 * is removed, too.
 */
int stream_output_close(struct stream_output *output, bool complete);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/* Which sends a seed tries, and the two senders that do them. */
#ifndef TESTS_RANDOM_SENDS_H
#define TESTS_RANDOM_SENDS_H

#include "engine/sendengine.h"
#include "tests/system/random/accounting.h"
#include "tests/system/random/world.h"

#include <stddef.h>
#include <stdint.h>

struct send_plan {
	const struct subvolume *snapshot;
	const struct subvolume *parent; /* NULL: full send */
	const struct subvolume *clones[WORLD_SUBVOLUMES_MAX];
	unsigned int clone_count;
	bool no_file_data;
	bool compressed_data; /* with protocol 2 only */
	unsigned int protocol;
};

struct send_list {
	struct send_plan *sends;
	unsigned int count;
};

/* Every snapshot in full, every ordered pair, or some of those if there are many. */
int sends_plan(const struct world *world, struct send_list *list);
void sends_release(struct send_list *list);
/* One line: names and ids of snapshot, parent and clone sources. */
void send_describe(const struct send_plan *plan, char *text, size_t size);

/* Write the list for tests/system/replay.c, a line a send. 0 or a negative errno. */
int sends_write(const struct send_list *list, const char *path);

struct stream {
	uint8_t *data;
	size_t length;
	size_t capacity;
	uint64_t notices; /* of what a receiver gets wrong; the engine's stream only */
	int code;	  /* 0, or the negative errno that the send ended with */
};

void stream_release(struct stream *stream);

/* The kernel's stream, of the filesystem mounted at @mount_fd. A failed send is stream->code. */
void send_by_kernel(const struct send_plan *plan, int mount_fd, struct stream *stream);
/* The engine's as a kernel of @generation, from @volume, and what it says about its data. */
void send_by_engine(const struct send_plan *plan, struct volume *volume,
		    enum generation_id generation, struct stream *stream,
		    struct accounting *accounting);

/*
 * The engine's again, in the generation that @number picks and with little memory now and then: by
 * the faithful finder into @faithful, by the indexed one into @indexed.
 */
void send_by_both_finders(const struct send_plan *plan, unsigned int number, struct volume *volume,
			  struct stream *faithful, struct stream *indexed);

#endif

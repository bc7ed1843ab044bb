/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Windows of data that a thread of its own reads and sums, while the caller works on the one
 * before. A caller that comes too early does not wait idly but takes the next one itself. What is
 * read is as raw as the device has it: whoever uses it has to compare the checksums.
 */
#ifndef ENGINE_VOLUME_READ_AHEAD_H
#define ENGINE_VOLUME_READ_AHEAD_H

#include "engine/volume/volume.h"

/*
 * A window is a multiple of both sizes of WRITE commands, so that few of them lie in two; and
 * together all windows stay in a processor's cache until they are written.
 */
enum {
	READ_AHEAD_WINDOW = 384 * 1024,
	/* Before each: room for what the caller still needs of the window before. */
	READ_AHEAD_FRONT = 128 * 1024,
	READ_AHEAD_BUFFER = READ_AHEAD_FRONT + READ_AHEAD_WINDOW,
	READ_AHEAD_WINDOWS = 3, /* that can be under way */
};

/* What is known of a sector in a buffer. */
enum sector_state { SECTOR_RAW, SECTOR_SUMMED, SECTOR_CHECKED };

struct read_buffer {
	uint8_t *bytes;	 /* READ_AHEAD_BUFFER, page aligned */
	uint8_t *sums;	 /* volume->csum->size for each sector, of those that are not raw */
	uint8_t *states; /* an enum sector_state for each sector */
};

struct read_ahead;

/* NULL without memory. The thread starts with the first read. */
struct read_ahead *read_ahead_new(struct volume *volume);
/* Ends the read under way. Accepts NULL. */
void read_ahead_free(struct read_ahead *ahead);

/* The buffer that is the caller's until read_ahead_take() gives another. */
struct read_buffer *read_ahead_buffer(struct read_ahead *ahead);

/*
 * Go on reading, up to @windows of them, from where the last one that was begun ends; with none
 * under way at the logical address @bytenr. What does not lie in one piece on one device is left
 * out. @sums: sum the sectors, too.
 */
void read_ahead_start(struct read_ahead *ahead, uint64_t bytenr, unsigned int windows, bool sums);

/*
 * The next window if it begins at @bytenr and was begun in the volume's present state: it lies
 * behind READ_AHEAD_FRONT in the caller's new buffer, and the one before stays as it is until the
 * next read_ahead_start(). NULL if it is another one, or could not be read: then none is under way
 * any more.
 */
struct read_buffer *read_ahead_take(struct read_ahead *ahead, uint64_t bytenr);

/* Nothing that is under way is wanted. */
void read_ahead_drop(struct read_ahead *ahead);

#endif

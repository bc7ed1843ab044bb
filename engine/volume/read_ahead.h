/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One read at a time by a thread of its own, while the caller works on what it read before. What
 * is read is as raw as the device has it; whoever uses it has to check it.
 */
#ifndef ENGINE_VOLUME_READ_AHEAD_H
#define ENGINE_VOLUME_READ_AHEAD_H

#include "engine/volume/volume.h"

struct read_ahead;

/* NULL if there cannot be one: then nothing is read ahead. The thread starts with the first read.
 */
struct read_ahead *read_ahead_new(struct volume *volume);
/* Ends the read under way. Accepts NULL. */
void read_ahead_free(struct read_ahead *ahead);

/*
 * Begin to read @length bytes at the logical address @bytenr into @buffer, which is page aligned
 * and the reader's until read_ahead_wait(). Nothing happens if they are not in one piece on one
 * device.
 */
void read_ahead_start(struct read_ahead *ahead, uint64_t bytenr, void *buffer, size_t length);

/*
 * Wait for the read that was begun last. True if it has brought @length bytes at @bytenr, and was
 * begun in the volume's present state.
 */
bool read_ahead_wait(struct read_ahead *ahead, uint64_t bytenr, size_t length);

#endif

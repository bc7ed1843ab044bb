/* SPDX-License-Identifier: GPL-2.0 */
/* Subvolumes of the filesystem being built, and the mount they are reached through. */
#ifndef TESTS_RANDOM_SUBVOLUME_H
#define TESTS_RANDOM_SUBVOLUME_H

#include "tests/system/random/world.h"

/* All that return a number: 0 or a negative errno with world->error. */

/* Records the message; returns @code. */
int world_fail(struct world *world, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int world_mount(struct world *world);
void world_unmount(struct world *world);
/* Unmount and mount again; no file of the filesystem may be open but those of @world. */
int world_remount(struct world *world);
/* Move all metadata, or all data. */
int world_balance(struct world *world, bool metadata);

int subvolume_create(struct world *world, struct subvolume **out);
int subvolume_snapshot(struct world *world, struct subvolume *source, bool read_only,
		       struct subvolume **out);
/*
 * Make @subvolume the current one. Its first operation is in a transaction of its own, so that no
 * inodes of two subvolumes have both number and generation in common without being related, which
 * the sender rightly never expects.
 */
int subvolume_enter(struct world *world, struct subvolume *subvolume);
int subvolume_set_read_only(struct world *world, struct subvolume *subvolume);
/* Give it the identity that receiving a stream gives. */
int subvolume_set_received(struct world *world, struct subvolume *subvolume);
/*
 * With @wait until the cleaner has dropped its last reference. One with subvolumes nested in it
 * stays, without an error.
 */
int subvolume_delete(struct world *world, struct subvolume *subvolume, bool wait);
void subvolume_close_all(struct world *world);

#endif

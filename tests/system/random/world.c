/* SPDX-License-Identifier: GPL-2.0 */
/* The rounds of a seed: bursts of operations, and the snapshots, deletions and balances between. */
#include "tests/system/random/world.h"

#include "tests/system/random/operations.h"
#include "tests/system/random/subvolume.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	WORLD_STREAM = 2, /* of the random numbers */
	POPULATE_FILES = 8,
	POPULATE_DIRECTORIES = 3,
};

int world_fail(struct world *world, int code, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vsnprintf(world->error, sizeof(world->error), format, list);
	va_end(list);
	return code;
}

static void close_held(struct world *world)
{
	while (world->held_count)
		close(world->held[--world->held_count]);
}

/* @count operations on @subvolume. */
static int burst(struct world *world, struct subvolume *subvolume, unsigned int count)
{
	int ret = subvolume_enter(world, subvolume);

	while (!ret && count--)
		operation_run(world);
	return ret;
}

/* Something for the first operations to work on. */
static int populate(struct world *world, struct subvolume *subvolume)
{
	int ret = subvolume_enter(world, subvolume);

	for (unsigned int i = 0; !ret && i < POPULATE_FILES; i++) {
		if (i < POPULATE_DIRECTORIES)
			operation_make_directory(world);
		operation_make_file(world);
	}
	return ret;
}

static struct subvolume *pick_alive(struct world *world)
{
	struct subvolume *subvolume;

	do {
		subvolume = &world->subvolumes[prng_below(&world->prng, world->subvolume_count)];
	} while (subvolume->deleted);
	return subvolume;
}

/*
 * A side line: a writable snapshot of something older, changed, then made read-only. With files
 * that are open and unlinked at that moment, they stay in it as inodes without a name.
 */
static int side_line(struct world *world, bool hold)
{
	struct subvolume *fork;
	int ret = subvolume_snapshot(world, pick_alive(world), false, &fork);

	if (ret)
		return ret;
	ret = burst(world, fork, prng_between(&world->prng, 1, world->plan->operations / 2 + 1));
	if (ret)
		return ret;
	/* Unlinked files of another subvolume are of no use, and would be in the way later. */
	close_held(world);
	for (unsigned int i = 0; hold && i < 4; i++) {
		if (prng_percent(&world->prng, 70))
			operation_hold_unlinked(world);
		else
			operation_make_temporary(world);
	}
	if (prng_percent(&world->prng, 40)) {
		ret = subvolume_set_received(world, fork);
		if (ret)
			return ret;
	}
	return subvolume_set_read_only(world, fork);
}

static int delete_one(struct world *world, bool wait)
{
	unsigned int alive = 0;
	struct subvolume *victim = pick_alive(world);

	for (unsigned int i = 0; i < world->subvolume_count; i++)
		alive += world->subvolumes[i].read_only && !world->subvolumes[i].deleted;
	/* Two snapshots are left at least: otherwise there is nothing to send. */
	if (!victim->read_only || alive < 3)
		return 0;
	return subvolume_delete(world, victim, wait);
}

/* What happens to the filesystem between two rounds. */
static int between_rounds(struct world *world)
{
	int ret = 0;

	if (prng_percent(&world->prng, 20))
		ret = delete_one(world, prng_percent(&world->prng, 80));
	if (!ret && prng_percent(&world->prng, 15))
		ret = world_balance(world, prng_percent(&world->prng, 65));
	/* After a mount inode numbers start again behind the highest in use. */
	if (!ret && prng_percent(&world->prng, 25)) {
		close_held(world);
		ret = world_remount(world);
	}
	return ret;
}

static int run_round(struct world *world, unsigned int round)
{
	struct subvolume *live = &world->subvolumes[0], *other = &world->subvolumes[1], *made;
	unsigned int operations = world->plan->operations;
	int ret = 0;

	if (world->plan->second_tree && prng_percent(&world->prng, 60)) {
		ret = burst(world, other, operations / 2);
		if (!ret && prng_percent(&world->prng, 70))
			ret = subvolume_snapshot(world, other, true, &made);
	}
	if (!ret)
		ret = burst(world, live, operations);
	if (!ret)
		ret = subvolume_snapshot(world, live, true, &made);
	if (!ret && round + 1 < world->plan->rounds)
		ret = between_rounds(world);
	return ret;
}

/* The last things: the ones that only exist while this mount does, and the unmount. */
static int finish(struct world *world)
{
	bool hold = prng_percent(&world->prng, 25);
	int ret = 0;

	if (hold || prng_percent(&world->prng, 35))
		ret = side_line(world, hold);
	if (!ret && prng_percent(&world->prng, 20))
		ret = subvolume_set_read_only(world, &world->subvolumes[0]);
	/* Not waited for: the deleted root is still in the tree, with its references. */
	if (!ret && prng_percent(&world->prng, 15))
		ret = delete_one(world, false);
	if (ret)
		return ret;
	if (!hold) {
		close_held(world);
		world_unmount(world);
		return 0;
	}
	subvolume_close_all(world);
	ret = image_fork_committed(world->image, world->mount_fd, world->held, world->held_count);
	world->mount_fd = -1;
	world->held_count = 0;
	return ret ? world_fail(world, ret, "%s", world->image->error) : 0;
}

int world_build(struct world *world, const struct plan *plan, struct image *image,
		struct coverage *coverage)
{
	struct subvolume *made;
	int ret;

	memset(world, 0, sizeof(*world));
	world->plan = plan;
	world->image = image;
	world->coverage = coverage;
	world->mount_fd = -1;
	world->buffer = malloc(WORLD_BUFFER_SIZE);
	if (!world->buffer)
		return world_fail(world, -ENOMEM, "no memory");
	prng_seed(&world->prng, plan->seed, WORLD_STREAM);
	ret = world_mount(world);
	/* The first mount has the uuid tree checked beside what follows; an unmount waits for that.
	 */
	if (!ret)
		ret = world_remount(world);
	if (!ret)
		ret = subvolume_create(world, &made);
	if (!ret && plan->second_tree)
		ret = subvolume_create(world, &made);
	for (unsigned int i = 0; !ret && i < world->subvolume_count; i++)
		ret = populate(world, &world->subvolumes[i]);
	if (!ret)
		ret = burst(world, &world->subvolumes[0], plan->first_operations);
	for (unsigned int i = 0; !ret && i < plan->first_spreads; i++) {
		operation_make_file(world);
		operation_clone_spread(world);
	}
	for (unsigned int round = 0; !ret && round < plan->rounds; round++) {
		ret = run_round(world, round);
		if (!ret && round + 1 < plan->rounds && prng_percent(&world->prng, 12))
			ret = side_line(world, false);
	}
	return ret ? ret : finish(world);
}

void world_release(struct world *world)
{
	close_held(world);
	subvolume_close_all(world);
	if (world->mount_fd >= 0)
		close(world->mount_fd);
	for (unsigned int i = 0; i < world->subvolume_count; i++)
		tree_release(&world->subvolumes[i].tree);
	free(world->buffer);
	world->buffer = NULL;
}

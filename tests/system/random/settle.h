/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Delayed allocation brought to the disk at chosen moments, one file after the other. Left to a
 * commit, the files would be written by workers beside one another, and where leaves split and
 * which address they get, which is what decides the order of clone candidates, would differ from
 * run to run.
 */
#ifndef TESTS_RANDOM_SETTLE_H
#define TESTS_RANDOM_SETTLE_H

#include "tests/system/random/world.h"

/* Write the file's data and wait until its extents are in the tree. */
void settle_file(int fd);
/* The same later, at the latest in settle_all(); @fd is closed then. */
void settle_later(struct world *world, int fd);
void settle_all(struct world *world);
/* settle_all() and a commit. 0 or a negative errno. */
int settle_and_commit(struct world *world);

#endif

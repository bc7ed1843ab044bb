/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Why file data was written and not cloned: counters for a send, and the files that lost most. What
 * counts as shared is what the search for a clone source came across; nothing is looked up for the
 * counters alone.
 */
#ifndef ENGINE_SEND_CLONE_LOSS_H
#define ENGINE_SEND_CLONE_LOSS_H

#include <stddef.h>
#include <stdint.h>

enum clone_loss {
#define CLONE_LOSS(id, ...) CLONE_LOSS_##id,
#include "engine/send/clone_loss.def"
#undef CLONE_LOSS
	CLONE_LOSS_COUNT,
};

enum clone_loss_group {
	CLONE_LOSS_GROUP_NONE,	/* nobody else has it: there was nothing to clone from */
	CLONE_LOSS_GROUP_FIRST, /* shared, and needed once as data */
	CLONE_LOSS_GROUP_LOST,	/* shared, and written all the same */
	CLONE_LOSS_GROUP_COUNT,
};

struct clone_loss_row {
	const char *name; /* for programs */
	enum clone_loss_group group;
	const char *what; /* for a person */
	const char *help; /* what would help; "" for nothing */
};

extern const struct clone_loss_row clone_losses[CLONE_LOSS_COUNT];

/* How many files are kept: those with the most bytes lost. */
enum { CLONE_LOSS_FILES = 20 };

struct clone_loss_file {
	uint64_t ino;
	uint64_t bytes[CLONE_LOSS_COUNT];
};

/* Bytes of files: decompressed, and with SEND_NO_FILE_DATA those that were only named. */
struct clone_loss_counters {
	uint64_t cloned;
	uint64_t bytes[CLONE_LOSS_COUNT];		/* written */
	struct clone_loss_file files[CLONE_LOSS_FILES]; /* most bytes lost first */
	size_t file_count;
};

uint64_t clone_loss_sum(const uint64_t bytes[CLONE_LOSS_COUNT]);
uint64_t clone_loss_group_sum(const uint64_t bytes[CLONE_LOSS_COUNT], enum clone_loss_group group);

/* The counters while they grow; all zeros in the beginning. */
struct clone_loss_account {
	struct clone_loss_counters counters;
	struct clone_loss_file file; /* the one being written */
};

/* All bytes of one file come in a row. */
void clone_loss_add(struct clone_loss_account *account, uint64_t ino, enum clone_loss loss,
		    uint64_t bytes);
/* The counters so far, the last file among them. */
void clone_loss_get(const struct clone_loss_account *account, struct clone_loss_counters *counters);

#endif

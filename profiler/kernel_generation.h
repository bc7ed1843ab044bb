/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which generation a kernel is of, row by row: from what its btrfs shows of itself, else from its
 * release, else from the column of the generation.
 */
#ifndef PROFILER_KERNEL_GENERATION_H
#define PROFILER_KERNEL_GENERATION_H

#include "engine/sendengine.h"

/* The kernel that is looked at. */
struct kernel_identity {
	const char *root;    /* of its /proc and /sys; "" for the running kernel */
	const char *release; /* of uname(2), such as "6.1.0-40-amd64" */
	const char *version; /* the same, such as "#1 SMP Debian 6.1.153-1 (2025-09-20)" */
};

struct kernel_release {
	unsigned int major, minor;
	unsigned int sublevel;
	bool has_sublevel; /* a distribution may hide it, and take fixes without counting them */
};

enum row_basis {
	ROW_BY_GENERATION, /* nothing more is known of this release */
	ROW_BY_RELEASE,
	ROW_SEEN,
};

struct row_verdict {
	bool behaves;
	bool is_unexpected; /* seen, and this release is known to do otherwise */
	enum row_basis basis;
	bool is_there; /* what was seen, else it is missing */
	char sign[64]; /* "send_ctx.cur_inode_path", "store_backref_cache()", "6.12.44" */
};

struct kernel_generation {
	struct kernel_release release;
	struct generation generation;
	const char *seen_in; /* "type information", "symbols", or NULL: btrfs is not loaded, or
				hidden */
	struct row_verdict rows[BEHAVIOUR_COUNT];
	unsigned int seen;	 /* rows */
	unsigned int unexpected; /* of them */
};

void kernel_generation_find(const struct kernel_identity *identity,
			    struct kernel_generation *found);
/* The same of the running kernel. */
void kernel_generation_running(struct kernel_generation *found);

/*
 * In words: the generation with its turned rows, what was seen, and the rows of it that are not
 * what the release says. To be freed; NULL without memory.
 */
char *kernel_generation_text(const struct kernel_generation *found);

/* The version and sublevel a kernel is really of. False for a release that is no version. */
bool kernel_release_parse(const struct kernel_identity *identity, struct kernel_release *release);

/* The newest generation that is not newer. */
enum generation_id generation_of_release(const struct kernel_release *release);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/* What the seeds reached, counted: operations done, commands in the kernel's streams. */
#ifndef TESTS_RANDOM_COVERAGE_H
#define TESTS_RANDOM_COVERAGE_H

#include "engine/send/clone_loss.h"
#include "engine/stream/stream_read.h"

#include <stdint.h>
#include <stdio.h>

enum operation_id {
#define OPERATION(name, ...) OPERATION_##name,
#include "tests/system/random/operations.def"
#undef OPERATION
	OPERATION_COUNT,
};

/* Cases of a command that say more than its kind. */
enum special_case {
	SPECIAL_FULL_SEND,
	SPECIAL_INCREMENTAL_SEND,
	SPECIAL_BACKWARD_SEND,	/* the parent is newer */
	SPECIAL_UNRELATED_SEND, /* the parent is of another line of snapshots */
	SPECIAL_NO_DATA_SEND,
	SPECIAL_KERNEL_FAILED,
	SPECIAL_RENAME_TO_ORPHAN,
	SPECIAL_RENAME_FROM_ORPHAN,
	SPECIAL_RENAME_BELOW_ORPHAN,
	SPECIAL_UNLINK_ORPHAN,
	SPECIAL_RMDIR_ORPHAN,
	SPECIAL_LINK_TO_ORPHAN,
	SPECIAL_WRITE_ZEROS,
	SPECIAL_CLONE_SAME_FILE,
	SPECIAL_CLONE_SAME_ROOT,
	SPECIAL_CLONE_OTHER_ROOT,
	SPECIAL_CLONE_UNALIGNED,
	SPECIAL_CAPABILITY,
	SPECIAL_2012_FAILED,
	SPECIAL_2012_NOTICES,
	SPECIAL_COUNT,
};

struct coverage {
	uint64_t seeds;
	uint64_t seeds_different;
	uint64_t sends;
	uint64_t bytes;
	uint64_t commands[STREAM_C_COUNT];
	uint64_t special[SPECIAL_COUNT];
	uint64_t losses[CLONE_LOSS_COUNT]; /* bytes of the engine's account */
	uint64_t operations_tried[OPERATION_COUNT];
	uint64_t operations_done[OPERATION_COUNT];
	/* Of every stream without uuids, times and transids: equal for two runs of one seed. */
	uint64_t digest;
};

/* Count the commands of a whole stream. 0, or -errno with @failure when it does not parse. */
int coverage_add_stream(struct coverage *coverage, const void *data, size_t length,
			struct failure *failure);
void coverage_add_losses(struct coverage *coverage, const uint64_t bytes[CLONE_LOSS_COUNT]);
void coverage_merge(struct coverage *to, const struct coverage *from);
void coverage_print(const struct coverage *coverage, FILE *out);

#endif

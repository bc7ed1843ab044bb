/* SPDX-License-Identifier: GPL-2.0 */
#include "engine/send/clone_loss.h"

#include <string.h>

const struct clone_loss_row clone_losses[CLONE_LOSS_COUNT] = {
#define CLONE_LOSS(id, name, group, what, help) {name, CLONE_LOSS_GROUP_##group, what, help},
#include "engine/send/clone_loss.def"
#undef CLONE_LOSS
};

uint64_t clone_loss_sum(const uint64_t bytes[CLONE_LOSS_COUNT])
{
	uint64_t sum = 0;

	for (int loss = 0; loss < CLONE_LOSS_COUNT; loss++)
		sum += bytes[loss];
	return sum;
}

uint64_t clone_loss_group_sum(const uint64_t bytes[CLONE_LOSS_COUNT], enum clone_loss_group group)
{
	uint64_t sum = 0;

	for (int loss = 0; loss < CLONE_LOSS_COUNT; loss++) {
		if (clone_losses[loss].group == group)
			sum += bytes[loss];
	}
	return sum;
}

static uint64_t lost(const struct clone_loss_file *file)
{
	return clone_loss_group_sum(file->bytes, CLONE_LOSS_GROUP_LOST);
}

/* Put @file among those that lost most; of equals the first one seen stands first. */
static void rank_file(struct clone_loss_counters *counters, const struct clone_loss_file *file)
{
	uint64_t bytes = lost(file);
	size_t at = counters->file_count;

	if (!bytes)
		return;
	while (at > 0 && lost(&counters->files[at - 1]) < bytes)
		at--;
	if (at == CLONE_LOSS_FILES)
		return;
	if (counters->file_count < CLONE_LOSS_FILES)
		counters->file_count++;
	memmove(&counters->files[at + 1], &counters->files[at],
		(counters->file_count - at - 1) * sizeof(*file));
	counters->files[at] = *file;
}

void clone_loss_add(struct clone_loss_account *account, uint64_t ino, enum clone_loss loss,
		    uint64_t bytes)
{
	if (account->file.ino != ino) {
		rank_file(&account->counters, &account->file);
		account->file = (struct clone_loss_file){.ino = ino};
	}
	account->file.bytes[loss] += bytes;
	account->counters.bytes[loss] += bytes;
}

void clone_loss_get(const struct clone_loss_account *account, struct clone_loss_counters *counters)
{
	*counters = account->counters;
	rank_file(counters, &account->file);
}

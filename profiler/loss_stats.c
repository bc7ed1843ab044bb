/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/loss_stats.h"
#include "reports/format.h"

#include <stdlib.h>

enum { FILES_SHOWN = 5 };

static void print_bytes(FILE *out, uint64_t bytes, bool is_lost, const char *what)
{
	fprintf(out, "%14s  %s%s\n", BYTES(bytes), is_lost ? "lost: " : "", what);
}

static void print_file(FILE *out, const struct clone_loss_file *file, struct volume *volume,
		       uint64_t snapshot_id)
{
	char number[FORMAT_SIZE], *path = NULL, *shown = NULL;

	if (volume_inode_path(volume, snapshot_id, file->ino, &path) == 0)
		shown = format_printable(path);
	snprintf(number, sizeof(number), "inode %llu", (unsigned long long)file->ino);
	print_bytes(out, clone_loss_group_sum(file->bytes, CLONE_LOSS_GROUP_LOST), false,
		    shown ? shown : number);
	free(shown);
	free(path);
}

void loss_stats_print(FILE *out, const struct clone_loss_counters *losses, struct volume *volume,
		      uint64_t snapshot_id)
{
	uint64_t written = clone_loss_sum(losses->bytes);

	if (!written && !losses->cloned)
		return;
	fprintf(out, "data         %s written, %s cloned\n", BYTES(written), BYTES(losses->cloned));
	for (unsigned int i = 0; i < CLONE_LOSS_COUNT; i++) {
		if (losses->bytes[i])
			print_bytes(out, losses->bytes[i],
				    clone_losses[i].group == CLONE_LOSS_GROUP_LOST,
				    clone_losses[i].what);
	}
	if (losses->file_count)
		fprintf(out, "lost         %s of what is shared; most in these files\n",
			BYTES(clone_loss_group_sum(losses->bytes, CLONE_LOSS_GROUP_LOST)));
	for (size_t i = 0; i < losses->file_count && i < FILES_SHOWN; i++)
		print_file(out, &losses->files[i], volume, snapshot_id);
}

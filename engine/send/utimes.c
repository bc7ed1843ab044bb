/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Times of directories. Each entry that comes or goes changes them at the receiver, so they are
 * sent late: the directories wait in a cache. It is trimmed only between inodes; in the middle of
 * one a waiting directory's path could be about to change.
 */
#include "engine/send/context.h"

#include <errno.h>
#include <stdlib.h>

/* MIRRORS: cache_dir_utimes() v6.18 */
int send_dir_utimes(struct send_context *send, uint64_t dir, uint64_t generation)
{
	struct lru_entry *entry;

	if (!send_behaves(send, BEHAVIOUR_DIR_UTIMES_DELAYED))
		return send_utimes(send, dir, generation);
	if (lru_cache_lookup(&send->dir_utimes, dir, generation))
		return 0;
	entry = malloc(sizeof(*entry));
	if (!entry)
		return send_fail(send, -ENOMEM, "out of memory for times of directories");
	entry->key = (struct lru_key){.key = dir, .generation = generation};
	if (!lru_cache_store(&send->dir_utimes, entry))
		free(entry);
	return 0;
}

int send_trim_dir_utimes(struct send_context *send)
{
	int ret = 0;

	while (ret == 0 && send->dir_utimes.size > DIR_UTIMES_CACHE_SIZE) {
		struct lru_entry *oldest = send->dir_utimes.oldest;

		ret = send_utimes(send, oldest->key.key, oldest->key.generation);
		if (ret == 0)
			lru_cache_remove(&send->dir_utimes, oldest);
	}
	return ret;
}

int send_flush_dir_utimes(struct send_context *send)
{
	int ret = 0;

	while (ret == 0 && send->dir_utimes.size > 0) {
		/* utlist: the tail is what comes before the head. */
		struct lru_entry *newest = send->dir_utimes.oldest->prev;

		ret = send_utimes(send, newest->key.key, newest->key.generation);
		if (ret == 0)
			lru_cache_remove(&send->dir_utimes, newest);
	}
	return ret;
}

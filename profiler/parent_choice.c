/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/parent_choice.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int find_by_id(struct volume *volume, uint64_t id, struct subvolume_info *info)
{
	char name[24];

	snprintf(name, sizeof(name), "%" PRIu64, id);
	return volume_find_subvolume(volume, name, info);
}

/* The subvolume that @id was made a snapshot of; -ENOENT: of none, or it is gone. */
static int find_origin(struct volume *volume, uint64_t id, struct subvolume_info *info,
		       struct subvolume_info *origin)
{
	static const uint8_t none[16];
	int ret = find_by_id(volume, id, info);

	if (ret)
		return ret;
	if (!memcmp(info->parent_uuid, none, sizeof(none)))
		return -ENOENT;
	return volume_find_subvolume_by_uuid(volume, info->parent_uuid, origin);
}

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

static int nearest_sibling(struct volume *volume, const struct subvolume_info *origin,
			   const uint64_t *ids, size_t count, size_t *choice)
{
	uint64_t best = UINT64_MAX;
	int found = -ENOENT;

	for (size_t i = 0; i < count; i++) {
		struct subvolume_info info, other;
		int ret = find_origin(volume, ids[i], &info, &other);

		if (ret == -ENOENT)
			continue;
		if (ret)
			return ret;
		if (other.id != origin->id || distance(info.ctransid, origin->ctransid) >= best)
			continue;
		best = distance(info.ctransid, origin->ctransid);
		*choice = i;
		found = 0;
	}
	return found;
}

int parent_choose(struct volume *volume, uint64_t snapshot, const uint64_t *ids, size_t count,
		  size_t *choice, struct failure *failure)
{
	struct subvolume_info info, origin;
	int ret = find_origin(volume, snapshot, &info, &origin);

	for (size_t i = 0; !ret && i < count; i++) {
		if (ids[i] == origin.id) {
			*choice = i;
			return 0;
		}
	}
	if (!ret)
		ret = nearest_sibling(volume, &origin, ids, count, choice);
	if (ret == -ENOENT)
		return failure_set(failure, ret,
				   "none of the clone sources is related to subvolume %" PRIu64
				   ": name a parent with -p, or use --no-parent",
				   snapshot);
	return ret ? failure_set(failure, ret, "%s", volume_failure(volume)->text) : 0;
}

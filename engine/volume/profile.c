/* SPDX-License-Identifier: GPL-2.0 */
#include "engine/volume/profile.h"

#include "engine/format/disk_format.h"
#include "engine/volume/parity.h"

static const struct profile profiles[] = {
	{0, "SINGLE", 1, 0, false, 0, "1"},
	{BTRFS_BLOCK_GROUP_DUP, "DUP", 2, 0, false, 0, "2"},
	{BTRFS_BLOCK_GROUP_RAID0, "RAID0", 1, 0, true, 0, "at least 1"},
	{BTRFS_BLOCK_GROUP_RAID1, "RAID1", 2, 0, false, 0, "2"},
	{BTRFS_BLOCK_GROUP_RAID1C3, "RAID1C3", 3, 0, false, 0, "3"},
	{BTRFS_BLOCK_GROUP_RAID1C4, "RAID1C4", 4, 0, false, 0, "4"},
	{BTRFS_BLOCK_GROUP_RAID10, "RAID10", 2, 0, true, 0, "a multiple of 2"},
	{BTRFS_BLOCK_GROUP_RAID5, "RAID5", 1, 1, true, 0, "at least 2"},
	{BTRFS_BLOCK_GROUP_RAID6, "RAID6", 1, 2, true, PARITY_COLUMNS_MAX + 2, "3 to 257"},
};

const struct profile *profile_find(uint64_t type)
{
	size_t i;

	for (i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
		if ((type & BTRFS_BLOCK_GROUP_PROFILE_MASK) == profiles[i].bit)
			return &profiles[i];
	}
	return NULL;
}

unsigned int profile_columns(const struct profile *profile, unsigned int stripes)
{
	if (!profile->is_striped)
		return stripes == profile->copies;
	if (stripes <= profile->parities || stripes % profile->copies ||
	    (profile->stripes_max && stripes > profile->stripes_max))
		return 0;
	return (stripes - profile->parities) / profile->copies;
}

struct chunk_place profile_locate(const struct profile *profile, unsigned int columns,
				  uint64_t chunk_length, uint64_t within)
{
	struct chunk_place place = {.start = within, .length = chunk_length - within};
	uint64_t number = within / STRIPE_LENGTH, offset = within % STRIPE_LENGTH;

	if (!profile->is_striped)
		return place;
	place.row = number / columns;
	place.column = (unsigned int)(number % columns);
	place.start = place.row * STRIPE_LENGTH + offset;
	if (place.length > STRIPE_LENGTH - offset)
		place.length = STRIPE_LENGTH - offset;
	return place;
}

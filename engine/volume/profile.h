/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Block group profiles: how a chunk is laid out over stripes. One table drives all of them.
 *
 * A chunk that is striped goes over its columns in steps of STRIPE_LENGTH, row after row. A column
 * is kept in as many stripes as the profile has copies, or, with parity, in one that changes from
 * row to row, and so do the parities P and Q behind the last column:
 *
 *	RAID10, 4 stripes     RAID6, 5 stripes
 *	row 0   A A B B       row 0   A B C P Q
 *	row 1   C C D D       row 1   Q D E F P
 */
#ifndef ENGINE_VOLUME_PROFILE_H
#define ENGINE_VOLUME_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { STRIPE_LENGTH = 65536 };

struct profile {
	uint64_t bit; /* BTRFS_BLOCK_GROUP_*, 0 for SINGLE */
	const char *name;
	unsigned int copies;
	unsigned int parities;
	bool is_striped;	    /* else the chunk is one column, in one piece */
	unsigned int stripes_max;   /* 0: any number */
	const char *stripes_wanted; /* how many, for messages */
};

/* NULL if @type (of a chunk) has bits of several profiles. */
const struct profile *profile_find(uint64_t type);

/* How many columns @stripes make; 0 if the profile cannot have that many. */
unsigned int profile_columns(const struct profile *profile, unsigned int stripes);

/* Where a piece of a chunk lies. */
struct chunk_place {
	uint64_t row;
	uint64_t start;	 /* in each stripe */
	uint64_t length; /* until the next piece begins, or the chunk ends */
	unsigned int column;
};

/* The place of @within, an offset in a chunk of @chunk_length, and how far it goes. */
struct chunk_place profile_locate(const struct profile *profile, unsigned int columns,
				  uint64_t chunk_length, uint64_t within);

/*
 * The stripe that holds copy @copy of @column in @row. With parity the columns behind the last are
 * P and Q, and there is one copy.
 */
static inline unsigned int profile_stripe(const struct profile *profile, unsigned int stripes,
					  uint64_t row, unsigned int column, unsigned int copy)
{
	if (profile->parities)
		return (unsigned int)((row + column) % stripes);
	return column * profile->copies + copy;
}

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reading through the chunk map. A chunk's ways of reading have numbers that are the same whatever
 * devices are there: the copies, or with parity
 *
 *	0	the column itself
 *	1	rebuilt from the other columns and P
 *	2	the same and Q: P may be bad too (RAID6 from here on)
 *	3...	from P, Q, and all columns but one other, which may be bad too
 *
 * Mirrors are those of them that the devices allow.
 */
#include "engine/volume/chunk.h"

#include "engine/volume/chunk_map.h"
#include "engine/volume/device.h"
#include "engine/volume/parity.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Half a row is rewritten in less than a few of these: 1, 2, 4, 8 and 16 ms. */
enum { RETRIES = 5 };

/* In the order of preference. */
enum availability { AVAILABLE, AVAILABLE_STALE, UNAVAILABLE };

static unsigned int count_ways(const struct chunk *chunk)
{
	switch (chunk->profile->parities) {
	case 0:
		return chunk->profile->copies;
	case 1:
		return 2;
	default:
		return 3 + chunk->columns - 1;
	}
}

static const struct stripe *find_stripe(const struct chunk *chunk, const struct chunk_place *place,
					unsigned int column, unsigned int copy)
{
	return &chunk->stripes[profile_stripe(chunk->profile, chunk->stripe_count, place->row,
					      column, copy)];
}

static bool is_rebuild(const struct chunk *chunk, unsigned int way)
{
	return chunk->profile->parities && way > 0;
}

static struct parity_rebuild plan_rebuild(const struct chunk *chunk,
					  const struct chunk_place *place, unsigned int way)
{
	struct parity_rebuild rebuild = {.columns = chunk->columns, .wanted = place->column};

	if (way == 1)
		rebuild.omitted = chunk->columns + 1;
	else if (way == 2)
		rebuild.omitted = chunk->columns;
	else
		rebuild.omitted = way - 3 + (way - 3 >= place->column);
	return rebuild;
}

static bool is_read(const struct parity_rebuild *rebuild, unsigned int column)
{
	return column != rebuild->wanted && column != rebuild->omitted;
}

static enum availability stripe_availability(const struct stripe *stripe)
{
	if (!stripe->device)
		return UNAVAILABLE;
	return stripe->device->is_stale ? AVAILABLE_STALE : AVAILABLE;
}

static enum availability way_availability(const struct chunk *chunk,
					  const struct chunk_place *place, unsigned int way)
{
	enum availability worst = AVAILABLE, one;
	struct parity_rebuild rebuild;
	unsigned int column;

	if (!is_rebuild(chunk, way))
		return stripe_availability(find_stripe(chunk, place, place->column, way));
	rebuild = plan_rebuild(chunk, place, way);
	for (column = 0; column < chunk->columns + chunk->profile->parities; column++) {
		if (!is_read(&rebuild, column))
			continue;
		one = stripe_availability(find_stripe(chunk, place, column, 0));
		if (one > worst)
			worst = one;
	}
	return worst;
}

/* The way that is mirror @mirror, or the last one there is; -1 when there is none. */
static int choose_way(const struct chunk *chunk, const struct chunk_place *place,
		      unsigned int mirror)
{
	unsigned int ways = count_ways(chunk), way;
	enum availability wanted;
	int last = -1;

	if (chunk->is_whole)
		return mirror < ways ? (int)mirror : (int)ways - 1;
	for (wanted = AVAILABLE; wanted < UNAVAILABLE; wanted++) {
		for (way = 0; way < ways; way++) {
			if (way_availability(chunk, place, way) != wanted)
				continue;
			last = (int)way;
			if (mirror-- == 0)
				return last;
		}
	}
	return last;
}

unsigned int chunk_map_mirrors(const struct volume *volume, uint64_t logical)
{
	const struct chunk *chunk = chunk_map_find(volume->chunks, logical);
	struct chunk_place place;
	unsigned int way, mirrors = 0;

	if (!chunk)
		return 0;
	if (chunk->is_whole)
		return count_ways(chunk);
	place = profile_locate(chunk->profile, chunk->columns, chunk->length,
			       logical - chunk->logical);
	for (way = 0; way < count_ways(chunk); way++)
		mirrors += way_availability(chunk, &place, way) != UNAVAILABLE;
	/* One attempt says what is missing. */
	return mirrors ? mirrors : 1;
}

/* Name the devices whose absence leaves no way of reading @place. */
static int fail_missing(struct volume *volume, const struct chunk *chunk,
			const struct chunk_place *place)
{
	unsigned int first = 0, count = chunk->stripe_count, missing = 0, i;
	char names[160] = "";
	size_t used = 0;

	if (!chunk->profile->parities) {
		first = profile_stripe(chunk->profile, count, place->row, place->column, 0);
		count = chunk->profile->copies;
	}
	for (i = first; i < first + count; i++) {
		const struct stripe *stripe = &chunk->stripes[i];

		if (stripe->device)
			continue;
		missing++;
		if (used < sizeof(names))
			used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%llu",
						 used ? ", " : "",
						 (unsigned long long)stripe->devid);
	}
	return volume_fail(volume, -ENODEV,
			   "chunk %llu: cannot be read in profile %s without device%s %s, which %s "
			   "missing",
			   (unsigned long long)chunk->logical, chunk->profile->name,
			   missing == 1 ? "" : "s", names, missing == 1 ? "is" : "are");
}

static int read_stripe(struct volume *volume, const struct stripe *stripe, uint64_t start,
		       uint8_t *to, size_t length)
{
	struct device *device = stripe->device->device;
	struct failure cause;
	int ret;

	cause.code = 0;
	ret = device_read(device, stripe->physical + start, to, length, &cause);
	if (ret)
		return volume_fail(volume, ret, "device %llu (%s): %s",
				   (unsigned long long)stripe->devid, device_path(device),
				   cause.text);
	volume->counters.bytes_read += length;
	return 0;
}

static int rebuild_column(struct volume *volume, const struct chunk *chunk,
			  const struct chunk_place *place, unsigned int way, uint8_t *to,
			  size_t length)
{
	const struct parity_rebuild rebuild = plan_rebuild(chunk, place, way);
	struct chunk_map *map = volume->chunks;
	unsigned int column;
	int ret;

	if (!map->scratch)
		map->scratch = malloc(STRIPE_LENGTH);
	if (!map->scratch)
		return volume_fail(volume, -ENOMEM, "out of memory for a stripe");
	memset(to, 0, length);
	for (column = 0; column < chunk->columns + chunk->profile->parities; column++) {
		if (!is_read(&rebuild, column))
			continue;
		ret = read_stripe(volume, find_stripe(chunk, place, column, 0), place->start,
				  map->scratch, length);
		if (ret)
			return ret;
		parity_add(parity_coefficient(&rebuild, column), map->scratch, length, to);
	}
	return 0;
}

static int read_piece(struct volume *volume, const struct chunk *chunk,
		      const struct chunk_place *place, unsigned int mirror, uint8_t *to,
		      size_t length)
{
	int way = choose_way(chunk, place, mirror);

	if (way < 0)
		return fail_missing(volume, chunk, place);
	if (is_rebuild(chunk, (unsigned int)way))
		return rebuild_column(volume, chunk, place, (unsigned int)way, to, length);
	return read_stripe(volume, find_stripe(chunk, place, place->column, (unsigned int)way),
			   place->start, to, length);
}

/*
 * On a mounted filesystem a row is rewritten when another of its columns is, the parities beside
 * it: a rebuild in between is made of old and new.
 */
bool chunk_map_retry(struct volume *volume, uint64_t logical, unsigned int *tries)
{
	const struct chunk *chunk = chunk_map_find(volume->chunks, logical);
	struct timespec pause = {.tv_nsec = 1000000L << *tries};

	if (!volume->live || *tries == RETRIES || !chunk || !chunk->profile->parities)
		return false;
	nanosleep(&pause, NULL);
	device_set_forget(volume->devices);
	++*tries;
	return true;
}

int chunk_map_read(struct volume *volume, uint64_t logical, unsigned int mirror, void *buffer,
		   size_t length)
{
	uint8_t *to = buffer;

	while (length) {
		const struct chunk *chunk = chunk_map_find(volume->chunks, logical);
		struct chunk_place place;
		size_t part;
		int ret;

		if (!chunk)
			return volume_fail(volume, -EUCLEAN, "address %llu is in no chunk",
					   (unsigned long long)logical);
		place = profile_locate(chunk->profile, chunk->columns, chunk->length,
				       logical - chunk->logical);
		part = length < place.length ? length : (size_t)place.length;
		ret = read_piece(volume, chunk, &place, mirror, to, part);
		if (ret)
			return ret;
		to += part;
		logical += part;
		length -= part;
	}
	return 0;
}

bool chunk_map_locate(const struct volume *volume, uint64_t logical, size_t length,
		      struct device **device, uint64_t *physical)
{
	const struct chunk *chunk = chunk_map_find(volume->chunks, logical);
	const struct stripe *stripe;
	struct chunk_place place;

	if (!chunk || !chunk->is_whole)
		return false;
	place = profile_locate(chunk->profile, chunk->columns, chunk->length,
			       logical - chunk->logical);
	if (place.length < length)
		return false;
	stripe = find_stripe(chunk, &place, place.column, 0);
	*device = stripe->device->device;
	*physical = stripe->physical + place.start;
	return true;
}

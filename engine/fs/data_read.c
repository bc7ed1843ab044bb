/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A window on the data of the volume slides over what is asked for. It is read far and raw; a
 * sector is checked when it is first asked for, so that a bad one that nobody wants is nobody's
 * error. Where a file goes on and on, another thread reads what comes next into a second buffer.
 */
#include "engine/fs/data_read.h"

#include "engine/tree/btree.h"
#include "engine/volume/chunk.h"
#include "engine/volume/csum.h"
#include "engine/volume/read_ahead.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

enum {
	WINDOW_BYTES = 1024 * 1024,
	FIRST_AHEAD_BYTES = 256 * 1024,
	LEAST_AHEAD_BYTES = 64 * 1024,
	WINDOW_ALIGNMENT = 4096,
	/* Before what was read ahead: room for what the window before has of the next request. */
	KEPT_BYTES = DATA_READ_MAX,
	BUFFER_BYTES = KEPT_BYTES + WINDOW_BYTES,
};
static_assert((int)DATA_READ_MAX <= (int)WINDOW_BYTES, "a request fits into the window");

struct data_reader {
	struct volume *volume;
	struct btree_path csum_path; /* kept between look-ups: neighbours share its blocks */

	uint8_t *buffers[2]; /* BUFFER_BYTES each: of the window, and to be read ahead into */
	unsigned int current;
	uint8_t *window; /* somewhere in the current buffer */
	struct read_ahead *read_ahead;
	uint64_t start; /* logical address of the window */
	size_t length;	/* bytes in the window, 0 for none */
	unsigned int epoch;
	/*
	 * For data without checksums on a live volume: the state of the volume that the window was
	 * read under was still the committed one afterwards, so the window holds what that state
	 * says. (No place is reused before the commit that frees it.)
	 */
	bool is_confirmed;
	size_t ahead;	  /* how far reading ahead went last */
	uint64_t run;	  /* bytes read one after another up to the window's end, about */
	bool *is_checked; /* one for each sector of the window */
};

int data_reader_new(struct volume *volume, struct data_reader **out)
{
	struct data_reader *reader = calloc(1, sizeof(*reader));

	if (reader) {
		reader->volume = volume;
		/* Aligned, so that direct reads need no copy. */
		reader->buffers[0] = aligned_alloc(WINDOW_ALIGNMENT, BUFFER_BYTES);
		reader->buffers[1] = aligned_alloc(WINDOW_ALIGNMENT, BUFFER_BYTES);
		reader->window = reader->buffers[0];
		reader->read_ahead = read_ahead_new(volume);
		reader->is_checked = calloc(BUFFER_BYTES / volume->sectorsize, sizeof(bool));
	}
	if (!reader || !reader->buffers[0] || !reader->buffers[1] || !reader->is_checked ||
	    !reader->read_ahead) {
		data_reader_free(reader);
		return volume_fail(volume, -ENOMEM, "out of memory for a data reader");
	}
	*out = reader;
	return 0;
}

void data_reader_free(struct data_reader *reader)
{
	if (!reader)
		return;
	btree_path_release(&reader->csum_path);
	free(reader->is_checked);
	read_ahead_free(reader->read_ahead);
	free(reader->buffers[0]);
	free(reader->buffers[1]);
	free(reader);
}

static uint64_t file_offset(const struct data_range *range, uint64_t bytenr)
{
	return range->offset + (range->is_compressed ? 0 : bytenr - range->bytenr);
}

/* A failure at address @at of @range. */
#define range_fail(volume, code, range, at, format, ...)                                           \
	volume_fail(volume, code,                                                                  \
		    "data at %" PRIu64 " (subvolume %" PRIu64 " inode %" PRIu64 " offset %" PRIu64 \
		    "): " format,                                                                  \
		    at, (range)->root_id, (range)->ino, file_offset(range, at), __VA_ARGS__)

/* ---- the window ---- */

static uint8_t *window_at(const struct data_reader *reader, uint64_t bytenr)
{
	return reader->window + (bytenr - reader->start);
}

static bool window_holds(const struct data_reader *reader, const struct data_range *range)
{
	return range->bytenr >= reader->start && range->bytenr - reader->start <= reader->length &&
	       range->length <= reader->length - (range->bytenr - reader->start);
}

/*
 * Move the window to begin at @bytenr. What it holds from there on stays, and is its new length.
 * True if it continues what was read.
 */
static bool slide_window(struct data_reader *reader, uint64_t bytenr)
{
	uint32_t sectorsize = reader->volume->sectorsize;
	size_t gone = 0, kept = 0;
	bool continues;

	continues = reader->length && bytenr >= reader->start &&
		    bytenr - reader->start <= reader->length;
	if (continues) {
		gone = bytenr - reader->start;
		kept = reader->length - gone;
	}
	memmove(reader->buffers[reader->current], reader->window + gone, kept);
	reader->window = reader->buffers[reader->current];
	memmove(reader->is_checked, reader->is_checked + gone / sectorsize, kept / sectorsize);
	memset(reader->is_checked + kept / sectorsize, 0, (BUFFER_BYTES - kept) / sectorsize);
	reader->start = bytenr;
	reader->length = kept;
	reader->is_confirmed = false;
	return continues;
}

/* Forget the failure of something that was tried and has another way. */
static void forgive(struct volume *volume, bool had_failure)
{
	if (!had_failure)
		failure_clear(&volume->failure);
}

/* Say which file a failed read was for. */
static int fail_read(struct volume *volume, const struct data_range *range, uint64_t bytenr,
		     int code)
{
	struct failure cause = volume->failure;

	failure_clear(&volume->failure);
	return range_fail(volume, code, range, bytenr, "%s", cause.text);
}

/* Append one sector to the window, from any copy that can be read. */
static int append_sector(struct data_reader *reader, const struct data_range *range)
{
	struct volume *volume = reader->volume;
	uint64_t bytenr = reader->start + reader->length;
	unsigned int mirrors = chunk_map_mirrors(volume, bytenr), mirror = 0;
	bool had_failure = volume->failure.code != 0;
	int ret;

	do {
		ret = chunk_map_read(volume, bytenr, mirror, window_at(reader, bytenr),
				     volume->sectorsize);
	} while (ret && ++mirror < mirrors);
	if (ret)
		return had_failure ? ret : fail_read(volume, range, bytenr, ret);
	forgive(volume, had_failure);
	volume->counters.bad_copies += mirror;
	reader->length += volume->sectorsize;
	return 0;
}

/* Append bytes to the window until it is @length long, from the first copy. */
static int append(struct data_reader *reader, size_t length)
{
	int ret = chunk_map_read(reader->volume, reader->start + reader->length, 0,
				 reader->window + reader->length, length - reader->length);

	if (!ret)
		reader->length = length;
	return ret;
}

/*
 * How long the window should be that begins with @range. A first read of an extent stays inside
 * what the file has of it; one that continues where the last ended goes as far again as the reads
 * before it, into whatever lies there: files are mostly written in one go.
 */
static size_t wanted_length(struct data_reader *reader, const struct data_range *range,
			    bool continues)
{
	uint64_t run = continues ? reader->run : 0;
	size_t want;

	reader->ahead = continues ? LEAST_AHEAD_BYTES : FIRST_AHEAD_BYTES;
	if (run > reader->ahead)
		reader->ahead = run < WINDOW_BYTES ? run : WINDOW_BYTES;
	want = reader->ahead;
	if (!continues && want > range->extent_left)
		want = range->extent_left;
	if (want < range->length)
		want = range->length;
	reader->run = run + want;
	return want;
}

/*
 * Go on with what was read ahead, if it begins where the window ends and has the rest of @range.
 * What the window has of that already moves in front of it.
 */
static bool take_read_ahead(struct data_reader *reader, const struct data_range *range)
{
	uint64_t end = reader->start + reader->length;
	bool was_read = read_ahead_wait(reader->read_ahead, end, WINDOW_BYTES);
	uint32_t sectorsize = reader->volume->sectorsize;
	unsigned int other = !reader->current;
	size_t kept;

	if (!was_read || range->bytenr < reader->start || range->bytenr > end)
		return false;
	kept = end - range->bytenr;
	if (kept > KEPT_BYTES)
		return false;
	memcpy(reader->buffers[other] + KEPT_BYTES - kept, window_at(reader, range->bytenr), kept);
	memmove(reader->is_checked,
		reader->is_checked + (range->bytenr - reader->start) / sectorsize,
		kept / sectorsize);
	memset(reader->is_checked + kept / sectorsize, 0, WINDOW_BYTES / sectorsize);
	reader->current = other;
	reader->window = reader->buffers[other] + KEPT_BYTES - kept;
	reader->start = range->bytenr;
	reader->length = kept + WINDOW_BYTES;
	reader->epoch = reader->volume->epoch;
	reader->is_confirmed = false;
	return true;
}

/* Let the other thread read on behind the window. */
static void begin_read_ahead(struct data_reader *reader)
{
	read_ahead_start(reader->read_ahead, reader->start + reader->length,
			 reader->buffers[!reader->current] + KEPT_BYTES, WINDOW_BYTES);
}

static int read_window(struct data_reader *reader, const struct data_range *range)
{
	struct volume *volume = reader->volume;
	bool had_failure = volume->failure.code != 0;
	bool continues = slide_window(reader, range->bytenr);
	size_t want = wanted_length(reader, range, continues);
	int ret;

	reader->epoch = volume->epoch;
	ret = append(reader, want);
	if (ret && want > range->length) {
		/* Perhaps only what lies behind @range cannot be read. */
		forgive(volume, had_failure);
		reader->ahead = 0;
		reader->run = 0;
		ret = append(reader, range->length);
	}
	if (!ret)
		return 0;
	forgive(volume, had_failure);
	do {
		ret = append_sector(reader, range);
	} while (!ret && reader->length < range->length);
	return ret;
}

static int fill_window(struct data_reader *reader, const struct data_range *range)
{
	int ret = 0;

	if (!take_read_ahead(reader, range))
		ret = read_window(reader, range);
	if (!ret && reader->ahead == WINDOW_BYTES)
		begin_read_ahead(reader);
	return ret;
}

/* ---- checksums ---- */

/* Checksums of the sectors from @bytenr on, as far as one item goes. */
struct csum_run {
	const uint8_t *csums; /* valid while the csum tree's path is not moved */
	uint64_t sectors;
};

/* 0 found, 1 none, negative errno. */
static int find_csums(struct data_reader *reader, uint64_t bytenr, struct csum_run *run)
{
	const struct key key = {.objectid = BTRFS_EXTENT_CSUM_OBJECTID,
				.type = BTRFS_EXTENT_CSUM_KEY,
				.offset = bytenr};
	struct volume *volume = reader->volume;
	uint64_t skip, count;
	struct root *root;
	struct key found;
	int ret;

	ret = root_get(volume, BTRFS_CSUM_TREE_OBJECTID, &root);
	if (ret)
		return ret == -ENOENT ? 1 : ret;
	ret = btree_search_before(root, &key, &reader->csum_path);
	if (ret)
		return ret;
	found = btree_path_key(&reader->csum_path);
	if (found.objectid != key.objectid || found.type != key.type)
		return 1;
	skip = (bytenr - found.offset) / volume->sectorsize;
	count = btree_path_size(&reader->csum_path) / volume->csum->size;
	if (skip >= count)
		return 1;
	run->csums =
		(const uint8_t *)btree_path_data(&reader->csum_path) + skip * volume->csum->size;
	run->sectors = count - skip;
	return 0;
}

static bool sector_fits(const struct data_reader *reader, uint64_t bytenr, const uint8_t *expected,
			uint8_t *computed)
{
	const struct volume *volume = reader->volume;

	volume->csum->compute(window_at(reader, bytenr), volume->sectorsize, computed);
	return memcmp(computed, expected, volume->csum->size) == 0;
}

static void format_csum(char *text, const uint8_t *csum, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		*text++ = "0123456789abcdef"[csum[i] >> 4];
		*text++ = "0123456789abcdef"[csum[i] & 15];
	}
	*text = '\0';
}

/* True with a sector in the window that fits its checksum. */
static bool find_good_copy(struct data_reader *reader, uint64_t bytenr, unsigned int mirrors,
			   const uint8_t *expected, uint8_t *computed)
{
	struct volume *volume = reader->volume;
	bool had_failure = volume->failure.code != 0;
	unsigned int mirror;

	/* The first one again too: the window may be of before a write on a live device. */
	for (mirror = 0; mirror < mirrors; mirror++) {
		if (chunk_map_read(volume, bytenr, mirror, window_at(reader, bytenr),
				   volume->sectorsize)) {
			forgive(volume, had_failure);
			continue;
		}
		if (sector_fits(reader, bytenr, expected, computed)) {
			volume->counters.bad_copies += mirror;
			return true;
		}
	}
	return false;
}

/* Look for a copy of a sector that fits its checksum, when the one in the window does not. */
static int replace_sector(struct data_reader *reader, const struct data_range *range,
			  uint64_t bytenr, const uint8_t *expected, uint8_t *computed)
{
	char have[2 * BTRFS_CSUM_SIZE + 1], expect[2 * BTRFS_CSUM_SIZE + 1];
	struct volume *volume = reader->volume;
	unsigned int mirrors = chunk_map_mirrors(volume, bytenr), tries = 0;

	format_csum(have, computed, volume->csum->size);
	do {
		if (find_good_copy(reader, bytenr, mirrors, expected, computed))
			return 0;
	} while (chunk_map_retry(volume, bytenr, &tries));
	reader->length = 0;
	format_csum(expect, expected, volume->csum->size);
	return range_fail(volume, -EUCLEAN, range, bytenr,
			  "%s checksum %s, expect %s, no good copy of %u", volume->csum->name, have,
			  expect, mirrors);
}

static bool *checked_flag(const struct data_reader *reader, uint64_t bytenr)
{
	return &reader->is_checked[(bytenr - reader->start) / reader->volume->sectorsize];
}

/* Check the sectors of @range that were not checked before. */
static int check_range(struct data_reader *reader, const struct data_range *range)
{
	struct volume *volume = reader->volume;
	uint64_t end = range->bytenr + range->length, bytenr;
	struct csum_run run = {0};
	uint8_t computed[BTRFS_CSUM_SIZE];
	int ret;

	for (bytenr = range->bytenr; bytenr < end; bytenr += volume->sectorsize) {
		if (*checked_flag(reader, bytenr)) {
			run.sectors = 0;
			continue;
		}
		if (run.sectors == 0) {
			ret = find_csums(reader, bytenr, &run);
			if (ret < 0)
				return ret;
			if (reader->epoch != volume->epoch)
				return -ESTALE;
			if (ret)
				return range_fail(volume, -EIO, range, bytenr, "%s",
						  "no checksum in the csum tree");
		}
		if (!sector_fits(reader, bytenr, run.csums, computed)) {
			ret = replace_sector(reader, range, bytenr, run.csums, computed);
			if (ret)
				return ret;
		}
		*checked_flag(reader, bytenr) = true;
		volume->counters.data_bytes_verified += volume->sectorsize;
		run.csums += volume->csum->size;
		run.sectors--;
	}
	return 0;
}

static int confirm_window(struct data_reader *reader)
{
	int ret;

	if (!reader->volume->live || reader->is_confirmed)
		return 0;
	ret = volume_reread(reader->volume);
	if (ret)
		return ret;
	if (reader->epoch != reader->volume->epoch)
		return -ESTALE;
	reader->is_confirmed = true;
	return 0;
}

void data_reader_confirm(struct data_reader *reader, uint64_t bytenr, uint64_t length)
{
	uint64_t end = reader->start + reader->length;

	if (bytenr + length < end)
		end = bytenr + length;
	if (bytenr < reader->start)
		bytenr = reader->start;
	if (bytenr >= end)
		return;
	slide_window(reader, bytenr);
	reader->length = end - bytenr;
	reader->epoch = reader->volume->epoch;
	reader->is_confirmed = true;
}

int data_reader_get(struct data_reader *reader, const struct data_range *range,
		    const uint8_t **data)
{
	int ret = 0;

	if (reader->epoch != reader->volume->epoch)
		reader->length = 0;
	if (!window_holds(reader, range))
		ret = fill_window(reader, range);
	if (!ret)
		ret = range->has_csums ? check_range(reader, range) : confirm_window(reader);
	if (!ret)
		*data = window_at(reader, range->bytenr);
	return ret;
}

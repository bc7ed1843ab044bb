/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A window on the data of the volume slides over what is asked for. It is read far and raw; a
 * sector is checked when it is first asked for, so that a bad one that nobody wants is nobody's
 * error. Where a file goes on and on, what comes next is read and summed in other buffers
 * meanwhile, and the window goes on there.
 */
#include "engine/fs/data_read.h"

#include "engine/tree/btree.h"
#include "engine/volume/chunk.h"
#include "engine/volume/csum.h"
#include "engine/volume/device.h"
#include "engine/volume/read_ahead.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

enum {
	FIRST_AHEAD_BYTES = 256 * 1024,
	LEAST_AHEAD_BYTES = 64 * 1024,
	LEAST_FILE_BYTES = 32 * 1024, /* less is cheaper to copy */
};
static_assert((int)DATA_READ_MAX <= (int)READ_AHEAD_BUFFER, "a request fits into the window");

struct data_reader {
	struct volume *volume;
	struct btree_path csum_path; /* kept between look-ups: neighbours share its blocks */
	bool is_crc32c;		     /* the volume's kind of checksum */

	struct read_ahead *read_ahead;
	struct read_buffer *buffer; /* that the window lies in */
	size_t begin;		    /* where it begins there, a multiple of the sectorsize */
	uint64_t start;		    /* logical address of the window */
	size_t length;		    /* bytes in the window, 0 for none */
	unsigned int epoch;
	/*
	 * For data without checksums on a live volume: the state of the volume that the window was
	 * read under was still the committed one afterwards, so the window holds what that state
	 * says. (No place is reused before the commit that frees it.)
	 */
	bool is_confirmed;
	/* Some sector was not right where it lies first, or could not be read there. */
	bool is_mended;
	size_t ahead;	      /* how far reading ahead went last */
	uint64_t run;	      /* bytes read one after another up to the window's end, about */
	unsigned int windows; /* how many of them may be under way */
};

int data_reader_new(struct volume *volume, struct data_reader **out)
{
	struct data_reader *reader = calloc(1, sizeof(*reader));

	if (reader) {
		reader->volume = volume;
		reader->is_crc32c = volume->csum == csum_algorithm_find(BTRFS_CSUM_TYPE_CRC32);
		reader->read_ahead = read_ahead_new(volume);
	}
	if (!reader || !reader->read_ahead) {
		data_reader_free(reader);
		return volume_fail(volume, -ENOMEM, "out of memory for a data reader");
	}
	reader->buffer = read_ahead_buffer(reader->read_ahead);
	*out = reader;
	return 0;
}

void data_reader_free(struct data_reader *reader)
{
	if (!reader)
		return;
	btree_path_release(&reader->csum_path);
	read_ahead_free(reader->read_ahead);
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
	return reader->buffer->bytes + reader->begin + (bytenr - reader->start);
}

/* The number in the buffer of the sector at @bytenr. */
static size_t sector_at(const struct data_reader *reader, uint64_t bytenr)
{
	return (reader->begin + (bytenr - reader->start)) / reader->volume->sectorsize;
}

static uint8_t *sum_at(const struct data_reader *reader, uint64_t bytenr)
{
	return reader->buffer->sums + sector_at(reader, bytenr) * reader->volume->csum->size;
}

/* Move @length bytes with all that is known of them; the buffers may be one. */
static void move_sectors(const struct data_reader *reader, struct read_buffer *to, size_t to_at,
			 const struct read_buffer *from, size_t from_at, size_t length)
{
	size_t sectorsize = reader->volume->sectorsize, size = reader->volume->csum->size;
	size_t to_sector = to_at / sectorsize, from_sector = from_at / sectorsize;

	memmove(to->bytes + to_at, from->bytes + from_at, length);
	memmove(to->sums + to_sector * size, from->sums + from_sector * size,
		length / sectorsize * size);
	memmove(to->states + to_sector, from->states + from_sector, length / sectorsize);
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
	struct read_buffer *buffer = reader->buffer;
	size_t gone = 0, kept = 0;
	bool continues;

	continues = reader->length && bytenr >= reader->start &&
		    bytenr - reader->start <= reader->length;
	if (continues) {
		gone = bytenr - reader->start;
		kept = reader->length - gone;
	}
	move_sectors(reader, buffer, 0, buffer, reader->begin + gone, kept);
	memset(buffer->states + kept / sectorsize, SECTOR_RAW,
	       (READ_AHEAD_BUFFER - kept) / sectorsize);
	reader->begin = 0;
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
	reader->is_mended = reader->is_mended || mirror > 0;
	reader->length += volume->sectorsize;
	return 0;
}

/* Append bytes to the window until it is @length long, from the first copy. */
static int append(struct data_reader *reader, size_t length)
{
	int ret = chunk_map_read(reader->volume, reader->start + reader->length, 0,
				 window_at(reader, reader->start + reader->length),
				 length - reader->length);

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
		reader->ahead = run < READ_AHEAD_WINDOW ? run : READ_AHEAD_WINDOW;
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
	uint64_t end = reader->start + reader->length, kept = end - range->bytenr;
	const struct read_buffer *before = reader->buffer;
	struct read_buffer *next = NULL;

	if (range->bytenr >= reader->start && range->bytenr <= end && kept <= READ_AHEAD_FRONT &&
	    range->length <= kept + READ_AHEAD_WINDOW)
		next = read_ahead_take(reader->read_ahead, end);
	else
		read_ahead_drop(reader->read_ahead);
	if (!next)
		return false;
	move_sectors(reader, next, READ_AHEAD_FRONT - kept, before,
		     reader->begin + (range->bytenr - reader->start), kept);
	reader->buffer = next;
	reader->begin = READ_AHEAD_FRONT - kept;
	reader->start = range->bytenr;
	reader->length = kept + READ_AHEAD_WINDOW;
	reader->epoch = reader->volume->epoch;
	reader->is_confirmed = false;
	return true;
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

	if (take_read_ahead(reader, range)) {
		reader->windows++;
	} else {
		reader->windows = 1;
		ret = read_window(reader, range);
	}
	if (!ret && reader->ahead == READ_AHEAD_WINDOW)
		read_ahead_start(reader->read_ahead, reader->start + reader->length,
				 reader->windows, range->has_csums);
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

/* Sum the sector at @bytenr anew: does it fit? */
static bool sector_fits(const struct data_reader *reader, uint64_t bytenr, const uint8_t *expected)
{
	const struct volume *volume = reader->volume;
	uint8_t *sum = sum_at(reader, bytenr);

	volume->csum->compute(window_at(reader, bytenr), volume->sectorsize, sum);
	return memcmp(sum, expected, volume->csum->size) == 0;
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
			   const uint8_t *expected)
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
		if (sector_fits(reader, bytenr, expected)) {
			volume->counters.bad_copies += mirror;
			return true;
		}
	}
	return false;
}

/* Look for a copy of a sector that fits its checksum, when the one in the window does not. */
static int replace_sector(struct data_reader *reader, const struct data_range *range,
			  uint64_t bytenr, const uint8_t *expected)
{
	char have[2 * BTRFS_CSUM_SIZE + 1], expect[2 * BTRFS_CSUM_SIZE + 1];
	struct volume *volume = reader->volume;
	unsigned int mirrors = chunk_map_mirrors(volume, bytenr), tries = 0;

	reader->is_mended = true;
	format_csum(have, sum_at(reader, bytenr), volume->csum->size);
	do {
		if (find_good_copy(reader, bytenr, mirrors, expected))
			return 0;
	} while (chunk_map_retry(volume, bytenr, &tries));
	reader->length = 0;
	format_csum(expect, expected, volume->csum->size);
	return range_fail(volume, -EUCLEAN, range, bytenr,
			  "%s checksum %s, expect %s, no good copy of %u", volume->csum->name, have,
			  expect, mirrors);
}

static uint8_t *state_at(const struct data_reader *reader, uint64_t bytenr)
{
	return reader->buffer->states + sector_at(reader, bytenr);
}

/* How many of the sectors of @range from @bytenr on were not checked before, in one run. */
static uint64_t count_unchecked(const struct data_reader *reader, const struct data_range *range,
				uint64_t bytenr)
{
	uint64_t left = (range->bytenr + range->length - bytenr) / reader->volume->sectorsize;
	const uint8_t *states = state_at(reader, bytenr);
	uint64_t count = 0;

	while (count < left && states[count] != SECTOR_CHECKED)
		count++;
	return count;
}

/* Check @count sectors from @bytenr on against @expected. */
static int check_sectors(struct data_reader *reader, const struct data_range *range,
			 uint64_t bytenr, const uint8_t *expected, uint64_t count)
{
	struct volume *volume = reader->volume;
	uint8_t *states = state_at(reader, bytenr), *sums = sum_at(reader, bytenr);
	size_t size = volume->csum->size;
	uint64_t i;

	for (i = 0; i < count; i++) {
		uint64_t at = bytenr + i * volume->sectorsize;

		if (states[i] == SECTOR_RAW)
			volume->csum->compute(window_at(reader, at), volume->sectorsize,
					      sums + i * size);
		if (memcmp(sums + i * size, expected + i * size, size)) {
			int ret = replace_sector(reader, range, at, expected + i * size);

			if (ret)
				return ret;
		}
		states[i] = SECTOR_CHECKED;
	}
	volume->counters.data_bytes_verified += count * volume->sectorsize;
	return 0;
}

/* Check the sectors of @range that were not checked before. */
static int check_range(struct data_reader *reader, const struct data_range *range)
{
	struct volume *volume = reader->volume;
	uint64_t end = range->bytenr + range->length, bytenr = range->bytenr;

	while (bytenr < end) {
		uint64_t count = count_unchecked(reader, range, bytenr);
		struct csum_run run;
		int ret;

		if (count == 0) {
			bytenr += volume->sectorsize;
			continue;
		}
		ret = find_csums(reader, bytenr, &run);
		if (ret < 0)
			return ret;
		if (reader->epoch != volume->epoch)
			return -ESTALE;
		if (ret)
			return range_fail(volume, -EIO, range, bytenr, "%s",
					  "no checksum in the csum tree");
		if (count > run.sectors)
			count = run.sectors;
		ret = check_sectors(reader, range, bytenr, run.csums, count);
		if (ret)
			return ret;
		bytenr += count * volume->sectorsize;
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

/* Where else the bytes of a checked @range can be had from, if they stay as they are there. */
static void find_file(const struct data_reader *reader, const struct data_range *range,
		      struct data_view *view)
{
	const struct volume *volume = reader->volume;
	struct device *device;
	uint64_t physical;

	view->fd = -1;
	if (volume->still && range->has_csums && range->length >= LEAST_FILE_BYTES &&
	    !reader->is_mended &&
	    chunk_map_locate(volume, range->bytenr, range->length, &device, &physical))
		view->fd = device_file(device, physical, &view->offset);
}

int data_reader_get(struct data_reader *reader, const struct data_range *range,
		    struct data_view *view)
{
	int ret = 0;

	if (reader->epoch != reader->volume->epoch)
		reader->length = 0;
	if (!window_holds(reader, range))
		ret = fill_window(reader, range);
	if (!ret)
		ret = range->has_csums ? check_range(reader, range) : confirm_window(reader);
	if (ret)
		return ret;
	view->bytes = window_at(reader, range->bytenr);
	view->crcs = range->has_csums && reader->is_crc32c ? sum_at(reader, range->bytenr) : NULL;
	find_file(reader, range, view);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0 */
/* One function for each compression; all accept what the kernel's reader accepts. */
/* Input pointers of zlib are then const. */
#define ZLIB_CONST 1

#include "engine/volume/decompress.h"

#include <errno.h>
#include <lzo/lzo1x.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

enum {
	/* Stored in front of each LZO segment, and of the whole. */
	LZO_LENGTH_SIZE = 4,
	/* The kernel compresses with, and reads, windows of at most 128 KiB. */
	ZSTD_WINDOW_LOG = 17,
};

struct bytes_in {
	const uint8_t *data;
	size_t length;
};

struct bytes_out {
	uint8_t *data;
	size_t length; /* room */
	size_t used;
};

/*
 * Behind the two header bytes of an ordinary zlib stream lies raw deflate, and then a checksum that
 * the kernel never looks at. Returns how many header bytes to skip and the window that the header
 * names, or 0: the library shall judge the header.
 */
static size_t zlib_header(const struct bytes_in *in, int *window_bits)
{
	enum { METHOD_DEFLATE = 8, PRESET_DICTIONARY = 0x20, WINDOW_BITS_MAX = 15 };

	if (in->length < 2 || (in->data[0] & 0xf) != METHOD_DEFLATE ||
	    (in->data[1] & PRESET_DICTIONARY) || (in->data[0] << 8 | in->data[1]) % 31)
		return 0;
	*window_bits = (in->data[0] >> 4) + 8;
	return *window_bits <= WINDOW_BITS_MAX ? 2 : 0;
}

static int decompress_zlib(const struct bytes_in *in, struct bytes_out *out, uint32_t sectorsize,
			   struct failure *failure)
{
	z_stream stream = {0};
	int window_bits = 0, ret;
	size_t skip = zlib_header(in, &window_bits);

	(void)sectorsize;
	ret = inflateInit2(&stream, skip ? -window_bits : MAX_WBITS);
	if (ret != Z_OK)
		return failure_set(failure, -ENOMEM, "zlib: out of memory");
	stream.next_in = in->data + skip;
	stream.avail_in = in->length - skip;
	stream.next_out = out->data;
	stream.avail_out = out->length;
	ret = inflate(&stream, Z_FINISH);
	out->used = out->length - stream.avail_out;
	inflateEnd(&stream);
	if (ret == Z_STREAM_END || out->used == out->length)
		return 0;
	if (ret == Z_MEM_ERROR)
		return failure_set(failure, -ENOMEM, "zlib: out of memory");
	return failure_set(failure, -EUCLEAN, "zlib: %s after %zu of %zu bytes",
			   ret == Z_DATA_ERROR || ret == Z_NEED_DICT ? "malformed stream"
								     : "stream cut short",
			   out->used, out->length);
}

/*
 * le32 length of all of this | le32 length, segment | le32 length, segment | ... with at most a
 * sector's worth of output in each segment. No length crosses the end of a sector of the input: if
 * fewer than 4 bytes are left there, they are padding.
 */
struct lzo_input {
	const uint8_t *data;
	size_t length; /* as the first length says */
	size_t at;
};

static int open_lzo(const struct bytes_in *in, uint32_t sectorsize, struct lzo_input *input,
		    struct failure *failure)
{
	size_t length;

	if (in->length < LZO_LENGTH_SIZE)
		return failure_set(failure, -EUCLEAN, "lzo: %zu bytes, expect at least %d",
				   in->length, LZO_LENGTH_SIZE);
	length = get_le32(in->data);
	/* An extent is its stream and less than a sector of padding. */
	if (length > in->length || length < LZO_LENGTH_SIZE || in->length - length >= sectorsize)
		return failure_set(failure, -EUCLEAN, "lzo: stream of %zu bytes in %zu", length,
				   in->length);
	*input = (struct lzo_input){.data = in->data, .length = length, .at = LZO_LENGTH_SIZE};
	return 0;
}

/* Step to the next segment. 0, or 1 at the end. */
static int next_segment(struct lzo_input *input, uint32_t sectorsize, struct bytes_in *segment,
			struct failure *failure)
{
	size_t left_in_sector = sectorsize - input->at % sectorsize;
	size_t length, left;

	if (left_in_sector < LZO_LENGTH_SIZE)
		input->at += left_in_sector;
	if (input->at >= input->length)
		return 1;
	left = input->length - input->at;
	if (left < LZO_LENGTH_SIZE)
		return failure_set(failure, -EUCLEAN,
				   "lzo: %zu bytes left at %zu, expect a segment", left, input->at);
	length = get_le32(input->data + input->at);
	input->at += LZO_LENGTH_SIZE;
	left -= LZO_LENGTH_SIZE;
	if (length > left)
		return failure_set(failure, -EUCLEAN,
				   "lzo: segment of %zu bytes at %zu, expect at most %zu", length,
				   input->at, left);
	*segment = (struct bytes_in){input->data + input->at, length};
	input->at += length;
	return 0;
}

/* Decompress a segment behind what is there; @bounce holds a sector. */
static int decompress_segment(const struct bytes_in *segment, struct bytes_out *out,
			      uint32_t sectorsize, uint8_t *bounce, struct failure *failure)
{
	size_t room = out->length - out->used;
	/* The last sector may be cut: it must not end in an error for want of room. */
	uint8_t *to = room < sectorsize ? bounce : out->data + out->used;
	lzo_uint written = sectorsize;
	int ret = lzo1x_decompress_safe(segment->data, segment->length, to, &written, NULL);

	if (ret != LZO_E_OK)
		return failure_set(failure, -EUCLEAN,
				   "lzo: malformed segment of %zu bytes after %zu of %zu bytes",
				   segment->length, out->used, out->length);
	if (written > room)
		written = room;
	if (to == bounce)
		memcpy(out->data + out->used, bounce, written);
	out->used += written;
	return 0;
}

static int decompress_lzo(const struct bytes_in *in, struct bytes_out *out, uint32_t sectorsize,
			  struct failure *failure)
{
	struct lzo_input input = {0};
	struct bytes_in segment = {0};
	uint8_t *bounce;
	int ret = open_lzo(in, sectorsize, &input, failure);

	if (ret)
		return ret;
	bounce = malloc(sectorsize);
	if (!bounce)
		return failure_set(failure, -ENOMEM, "lzo: out of memory");
	while (!ret && out->used < out->length) {
		ret = next_segment(&input, sectorsize, &segment, failure);
		if (!ret)
			ret = decompress_segment(&segment, out, sectorsize, bounce, failure);
	}
	free(bounce);
	return ret < 0 ? ret : 0;
}

/* The first frame only: sector padding follows it. */
static int decompress_zstd(const struct bytes_in *in, struct bytes_out *out, uint32_t sectorsize,
			   struct failure *failure)
{
	ZSTD_inBuffer input = {.src = in->data, .size = in->length};
	ZSTD_outBuffer output = {.dst = out->data, .size = out->length};
	ZSTD_DCtx *context = ZSTD_createDCtx();
	size_t before, left;

	(void)sectorsize;
	if (!context)
		return failure_set(failure, -ENOMEM, "zstd: out of memory");
	left = ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG);
	do {
		before = input.pos + output.pos;
		if (!ZSTD_isError(left))
			left = ZSTD_decompressStream(context, &output, &input);
	} while (!ZSTD_isError(left) && left && output.pos < output.size &&
		 input.pos + output.pos > before);
	ZSTD_freeDCtx(context);
	out->used = output.pos;
	if (left == 0 || output.pos == output.size)
		return 0;
	if (ZSTD_getErrorCode(left) == ZSTD_error_memory_allocation)
		return failure_set(failure, -ENOMEM, "zstd: out of memory");
	return failure_set(failure, -EUCLEAN, "zstd: %s after %zu of %zu bytes",
			   ZSTD_isError(left) ? ZSTD_getErrorName(left) : "stream cut short",
			   output.pos, output.size);
}

int decompress(enum btrfs_compression compression, const uint8_t *in, size_t in_length,
	       uint8_t *out, size_t out_length, uint32_t sectorsize, struct failure *failure)
{
	static int (*const methods[])(const struct bytes_in *in, struct bytes_out *out,
				      uint32_t sectorsize, struct failure *failure) = {
		[BTRFS_COMPRESS_ZLIB] = decompress_zlib,
		[BTRFS_COMPRESS_LZO] = decompress_lzo,
		[BTRFS_COMPRESS_ZSTD] = decompress_zstd,
	};
	const struct bytes_in from = {in, in_length};
	struct bytes_out to = {.data = out, .length = out_length};
	int ret;

	if ((size_t)compression >= sizeof(methods) / sizeof(methods[0]) || !methods[compression])
		return failure_set(failure, -EOPNOTSUPP, "compression %d is not known",
				   (int)compression);
	if (in_length > DECOMPRESS_MAX || out_length > DECOMPRESS_MAX)
		return failure_set(failure, -EUCLEAN,
				   "compressed extent of %zu for %zu bytes, expect at most %d",
				   in_length, out_length, DECOMPRESS_MAX);
	ret = methods[compression](&from, &to, sectorsize, failure);
	if (!ret)
		memset(out + to.used, 0, out_length - to.used);
	return ret;
}

/* SPDX-License-Identifier: GPL-2.0 */
/* File offsets to extents, and extents to the bytes that read(2) gives. */
#include "engine/fs/file_data.h"

#include "engine/fs/data_read.h"
#include "engine/fs/inode.h"
#include "engine/tree/btree.h"
#include "engine/volume/decompress.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

/* Commits that may pass under one piece of a file on a live volume before reading gives up. */
enum { MAX_RESTARTS = 16 };

enum extent_kind {
	EXTENT_ZEROS, /* a hole, or prealloc */
	EXTENT_INLINE,
	EXTENT_PLAIN,
	EXTENT_COMPRESSED,
};

/* A run of bytes of a file that come from one place. */
struct file_extent {
	enum extent_kind kind;
	uint64_t start, end; /* in the file, @end exclusive */
	/* Of extents with a place on disk. */
	uint64_t disk_bytenr;
	uint64_t disk_num_bytes;
	uint64_t ram_bytes;
	uint64_t offset; /* where @start is in the extent's (decompressed) bytes */
	uint8_t compression;
	/* The leaf that says so: nothing writes to it, to change it is to write another one. */
	uint64_t leaf_bytenr;
	uint64_t leaf_generation;
};

/* The inode that was read last. */
struct file_inode {
	struct root *root; /* NULL: none */
	uint64_t ino;
	unsigned int epoch;
	bool has_csums;
};

struct file_data {
	struct volume *volume;
	struct data_reader *data;
	struct btree_path path; /* kept between look-ups: neighbours share its blocks */
	struct file_inode inode;
	struct file_extent extent; /* of that inode, the last one read; empty: none */
	unsigned int epoch;	   /* of @extent */
	/*
	 * The extent that was read, without checksums, when a commit passed on a live volume;
	 * empty: none. If the new state has it too, what was read is good.
	 */
	struct file_extent doubtful;

	uint8_t *bytes;	       /* DECOMPRESS_MAX: of the last inline or compressed extent */
	struct data_view view; /* what view_once() found */
	struct file_extent decompressed; /* whose @bytes are, if its kind is compressed */
	unsigned int decompressed_epoch;
};

int file_data_new(struct volume *volume, struct file_data **out)
{
	struct file_data *reader = calloc(1, sizeof(*reader));
	int ret;

	if (!reader)
		return volume_fail(volume, -ENOMEM, "out of memory for a file reader");
	reader->volume = volume;
	reader->bytes = malloc(DECOMPRESS_MAX);
	ret = reader->bytes ? data_reader_new(volume, &reader->data)
			    : volume_fail(volume, -ENOMEM, "out of memory for a file reader");
	if (ret) {
		file_data_free(reader);
		return ret;
	}
	*out = reader;
	return 0;
}

void file_data_free(struct file_data *reader)
{
	if (!reader)
		return;
	btree_path_release(&reader->path);
	data_reader_free(reader->data);
	free(reader->bytes);
	free(reader);
}

#define file_fail(reader, code, at, format, ...)                                           \
	volume_fail((reader)->volume, code,                                                \
		    "subvolume %" PRIu64 " inode %" PRIu64 " offset %" PRIu64 ": " format, \
		    (reader)->inode.root->id, (reader)->inode.ino, at, __VA_ARGS__)

/* ---- from offsets to extents ---- */

/* Turn to inode @ino of @root. */
static int select_inode(struct file_data *reader, struct root *root, uint64_t ino)
{
	struct file_inode *inode = &reader->inode;
	struct inode_info info;
	int ret;

	if (inode->root == root && inode->ino == ino && inode->epoch == reader->volume->epoch)
		return 0;
	inode->root = NULL;
	reader->extent.end = 0;
	ret = inode_get_info(root, ino, &info);
	if (ret)
		return ret;
	*inode = (struct file_inode){.root = root,
				     .ino = ino,
				     .epoch = reader->volume->epoch,
				     .has_csums = !(info.flags & BTRFS_INODE_NODATASUM)};
	return 0;
}

/* Put the bytes of the inline extent that the path is at into the reader. */
static int load_inline(struct file_data *reader, const struct file_extent *extent)
{
	const uint8_t *item = btree_path_data(&reader->path);
	const uint8_t *data = item + BTRFS_FILE_EXTENT_INLINE_DATA_START;
	size_t length = btree_path_size(&reader->path) - BTRFS_FILE_EXTENT_INLINE_DATA_START;
	struct failure failure = {0};
	int ret;

	reader->decompressed.kind = EXTENT_INLINE;
	if (extent->compression == BTRFS_COMPRESS_NONE) {
		memcpy(reader->bytes, data, length);
		return 0;
	}
	ret = decompress(extent->compression, data, length, reader->bytes, extent->ram_bytes,
			 reader->volume->sectorsize, &failure);
	if (ret)
		return file_fail(reader, ret, extent->start, "inline extent: %s", failure.text);
	return 0;
}

/* What an extent item refers to must lie inside the extent. */
static int check_extent(struct file_data *reader, const struct file_extent *extent)
{
	bool is_compressed = extent->kind == EXTENT_COMPRESSED;
	uint64_t bytes = is_compressed ? extent->ram_bytes : extent->disk_num_bytes;

	if (is_compressed &&
	    (extent->disk_num_bytes > DECOMPRESS_MAX || extent->ram_bytes > DECOMPRESS_MAX))
		return file_fail(reader, -EUCLEAN, extent->start,
				 "extent %" PRIu64 ": %" PRIu64 " compressed for %" PRIu64
				 " bytes, expect at most %d",
				 extent->disk_bytenr, extent->disk_num_bytes, extent->ram_bytes,
				 DECOMPRESS_MAX);
	if (extent->offset + (extent->end - extent->start) > bytes)
		return file_fail(reader, -EUCLEAN, extent->start,
				 "extent %" PRIu64 ": refers to %" PRIu64 " bytes at %" PRIu64
				 ", expect at most %" PRIu64 " in all",
				 extent->disk_bytenr, extent->end - extent->start, extent->offset,
				 bytes);
	return 0;
}

/* The extent of the EXTENT_DATA item that the path is at. */
static struct file_extent read_extent_item(const struct btree_path *path)
{
	const struct btrfs_file_extent_item *item = btree_path_data(path);
	struct file_extent extent = {.start = btree_path_key(path).offset,
				     .ram_bytes = from_le64(item->ram_bytes),
				     .compression = item->compression,
				     .leaf_bytenr = path->nodes[0]->bytenr,
				     .leaf_generation = path->nodes[0]->generation};

	if (item->type == BTRFS_FILE_EXTENT_INLINE) {
		extent.kind = EXTENT_INLINE;
		extent.end = extent.start + extent.ram_bytes;
		return extent;
	}
	extent.end = extent.start + from_le64(item->num_bytes);
	extent.disk_bytenr = from_le64(item->disk_bytenr);
	extent.disk_num_bytes = from_le64(item->disk_num_bytes);
	extent.offset = from_le64(item->offset);
	if (item->type == BTRFS_FILE_EXTENT_PREALLOC || extent.disk_bytenr == 0)
		extent.kind = EXTENT_ZEROS;
	else
		extent.kind = item->compression ? EXTENT_COMPRESSED : EXTENT_PLAIN;
	return extent;
}

static bool at_extent_of(const struct btree_path *path, uint64_t ino)
{
	struct key key = btree_path_key(path);

	return key.objectid == ino && key.type == BTRFS_EXTENT_DATA_KEY;
}

/*
 * The hole at @pos, where no item is: up to the next item of the inode, or without end. The path is
 * at the last item before it.
 */
static int find_hole(struct file_data *reader, uint64_t pos)
{
	uint64_t end = UINT64_MAX;
	int ret = btree_next(&reader->path);

	if (ret < 0)
		return ret;
	if (ret == 0 && at_extent_of(&reader->path, reader->inode.ino))
		end = btree_path_key(&reader->path).offset;
	reader->extent = (struct file_extent){.kind = EXTENT_ZEROS, .start = pos, .end = end};
	return 0;
}

/* Make the reader's extent the one that holds @pos. -ESTALE without a message: search again. */
static int find_extent(struct file_data *reader, uint64_t pos)
{
	const struct key key = {
		.objectid = reader->inode.ino, .type = BTRFS_EXTENT_DATA_KEY, .offset = pos};
	struct file_extent extent;
	int ret;

	if (reader->epoch == reader->volume->epoch && pos >= reader->extent.start &&
	    pos < reader->extent.end)
		return 0;
	reader->extent.end = 0;
	ret = btree_search_before(reader->inode.root, &key, &reader->path);
	/* Before all extents of an inode is the inode itself. */
	if (ret)
		return ret < 0 ? ret : -ENOENT;
	reader->epoch = reader->volume->epoch;
	if (!at_extent_of(&reader->path, reader->inode.ino))
		return find_hole(reader, pos);
	extent = read_extent_item(&reader->path);
	if (pos >= extent.end)
		return find_hole(reader, pos);
	if (extent.kind == EXTENT_INLINE)
		ret = load_inline(reader, &extent);
	else if (extent.kind != EXTENT_ZEROS)
		ret = check_extent(reader, &extent);
	if (!ret)
		reader->extent = extent;
	return ret;
}

/* ---- from extents to bytes ---- */

/* Bytes of an extent on disk; the file has @extent_left bytes of it from @bytenr on. */
static int get_data(struct file_data *reader, uint64_t pos, uint64_t bytenr, size_t length,
		    uint64_t extent_left, struct data_view *view)
{
	const struct data_range range = {.bytenr = bytenr,
					 .length = length,
					 .extent_left = extent_left,
					 .has_csums = reader->inode.has_csums,
					 .root_id = reader->inode.root->id,
					 .ino = reader->inode.ino,
					 .offset = pos,
					 .is_compressed = reader->extent.kind == EXTENT_COMPRESSED};

	return data_reader_get(reader->data, &range, view);
}

/* Copy up to @length bytes at @pos, as many as one read gives; *@done says how many. */
static int copy_plain(struct file_data *reader, uint64_t pos, size_t length, uint8_t *buffer,
		      size_t *done)
{
	const struct file_extent *extent = &reader->extent;
	uint32_t sectorsize = reader->volume->sectorsize;
	uint64_t start = pos - pos % sectorsize; /* extents begin with a sector */
	size_t skip = pos - start, whole;
	struct data_view view;
	int ret;

	if (length > DATA_READ_MAX - skip)
		length = DATA_READ_MAX - skip;
	whole = (skip + length + sectorsize - 1) / sectorsize * sectorsize;
	ret = get_data(reader, start,
		       extent->disk_bytenr + extent->offset + (start - extent->start), whole,
		       extent->end - start, &view);
	if (ret)
		return ret;
	memcpy(buffer, view.bytes + skip, length);
	*done = length;
	return 0;
}

static bool is_decompressed(const struct file_data *reader)
{
	const struct file_extent *have = &reader->decompressed, *want = &reader->extent;

	return have->kind == EXTENT_COMPRESSED &&
	       reader->decompressed_epoch == reader->volume->epoch &&
	       have->disk_bytenr == want->disk_bytenr &&
	       have->disk_num_bytes == want->disk_num_bytes && have->ram_bytes == want->ram_bytes &&
	       have->compression == want->compression;
}

/* Put the bytes of the compressed extent into the reader. */
static int load_compressed(struct file_data *reader)
{
	const struct file_extent *extent = &reader->extent;
	struct failure failure = {0};
	struct data_view view;
	int ret;

	if (is_decompressed(reader))
		return 0;
	reader->decompressed.kind = EXTENT_ZEROS;
	ret = get_data(reader, extent->start, extent->disk_bytenr, extent->disk_num_bytes,
		       extent->disk_num_bytes, &view);
	if (ret)
		return ret;
	ret = decompress(extent->compression, view.bytes, extent->disk_num_bytes, reader->bytes,
			 extent->ram_bytes, reader->volume->sectorsize, &failure);
	if (ret)
		return file_fail(reader, ret, extent->start, "extent %" PRIu64 ": %s",
				 extent->disk_bytenr, failure.text);
	reader->decompressed = *extent;
	reader->decompressed_epoch = reader->volume->epoch;
	return 0;
}

/* Copy up to @length bytes at @pos from the reader's extent; *@done says how many. */
static int copy_from_extent(struct file_data *reader, uint64_t pos, size_t length, uint8_t *buffer,
			    size_t *done)
{
	const struct file_extent *extent = &reader->extent;
	int ret;

	if (length > extent->end - pos)
		length = extent->end - pos;
	switch (extent->kind) {
	case EXTENT_ZEROS:
		memset(buffer, 0, length);
		break;
	case EXTENT_INLINE:
		memcpy(buffer, reader->bytes + (pos - extent->start), length);
		break;
	case EXTENT_COMPRESSED:
		ret = load_compressed(reader);
		if (ret)
			return ret;
		memcpy(buffer, reader->bytes + extent->offset + (pos - extent->start), length);
		break;
	case EXTENT_PLAIN:
		return copy_plain(reader, pos, length, buffer, done);
	}
	*done = length;
	return 0;
}

/* ---- a volume that is written while it is read ---- */

/*
 * Reading ended with @code: on a live volume because what it read was given up since, if a commit
 * passed. 0: that may be so, read again; or @code.
 */
static int take_up_refresh(struct volume *volume, int code)
{
	if (!volume->live || code == -ENOMEM || code == -ENOENT)
		return code;
	if (code == -ESTALE && !volume->failure.code)
		return 0;
	return volume_take_up_commit(volume, volume->epoch, code);
}

/* A commit passed after the doubtful extent was read. Is it where it was, all the time? */
static void resolve_doubt(struct file_data *reader)
{
	const struct file_extent *before = &reader->doubtful, *now = &reader->extent;

	if (before->end && before->start == now->start && before->leaf_bytenr == now->leaf_bytenr &&
	    before->leaf_generation == now->leaf_generation)
		data_reader_confirm(reader->data, now->disk_bytenr, now->disk_num_bytes);
	reader->doubtful.end = 0;
}

static int read_piece_once(struct file_data *reader, struct root *root, uint64_t ino, uint64_t pos,
			   size_t length, uint8_t *buffer, size_t *done)
{
	int ret = select_inode(reader, root, ino);

	if (!ret)
		ret = find_extent(reader, pos);
	if (ret)
		return ret;
	if (reader->epoch != reader->volume->epoch)
		return -ESTALE;
	resolve_doubt(reader);
	ret = copy_from_extent(reader, pos, length, buffer, done);
	if (ret == -ESTALE && !reader->inode.has_csums)
		reader->doubtful = reader->extent;
	return ret;
}

/* Bytes that lie in the data reader's window as they are wanted; else the view is NULL. */
static int view_piece_once(struct file_data *reader, struct root *root, uint64_t ino, uint64_t pos,
			   size_t length, uint8_t *buffer, size_t *done)
{
	const struct file_extent *extent = &reader->extent;
	uint32_t sectorsize = reader->volume->sectorsize;
	int ret = select_inode(reader, root, ino);

	(void)buffer;
	*done = length;
	if (!ret)
		ret = find_extent(reader, pos);
	if (ret)
		return ret;
	if (reader->epoch != reader->volume->epoch)
		return -ESTALE;
	resolve_doubt(reader);
	if (extent->kind != EXTENT_PLAIN || pos % sectorsize || length > extent->end - pos ||
	    length > DATA_READ_MAX)
		return 0;
	ret = get_data(reader, pos, extent->disk_bytenr + extent->offset + (pos - extent->start),
		       (length + sectorsize - 1) / sectorsize * sectorsize, extent->end - pos,
		       &reader->view);
	if (ret == -ESTALE && !reader->inode.has_csums)
		reader->doubtful = reader->extent;
	return ret;
}

/* The whole extent on disk behind @pos, @length bytes, which has to be a compressed one. */
static int view_encoded_once(struct file_data *reader, struct root *root, uint64_t ino,
			     uint64_t pos, size_t length, uint8_t *buffer, size_t *done)
{
	const struct file_extent *extent = &reader->extent;
	int ret = select_inode(reader, root, ino);

	(void)buffer;
	*done = length;
	if (!ret)
		ret = find_extent(reader, pos);
	if (ret)
		return ret;
	if (reader->epoch != reader->volume->epoch)
		return -ESTALE;
	if (extent->kind != EXTENT_COMPRESSED || extent->disk_num_bytes != length)
		return file_fail(reader, -EUCLEAN, pos, "no compressed extent of %zu bytes",
				 length);
	return get_data(reader, pos, extent->disk_bytenr, length, length, &reader->view);
}

typedef int (*read_once_fn)(struct file_data *reader, struct root *root, uint64_t ino, uint64_t pos,
			    size_t length, uint8_t *buffer, size_t *done);

/* Read piece after piece, each again when a commit passed under it. */
static int read_pieces(struct file_data *reader, struct root *root, uint64_t ino, uint64_t offset,
		       size_t length, uint8_t *buffer, read_once_fn read_once)
{
	struct volume *volume = reader->volume;
	int restarts = 0, ret;
	size_t done;

	if (length > UINT64_MAX - offset)
		return volume_fail(volume, -EINVAL, "offset %" PRIu64 " with %zu bytes overflows",
				   offset, length);
	reader->doubtful.end = 0;
	while (length) {
		ret = read_once(reader, root, ino, offset, length, buffer, &done);
		if (!ret) {
			if (buffer)
				buffer += done;
			offset += done;
			length -= done;
			restarts = 0;
			continue;
		}
		ret = take_up_refresh(volume, ret);
		if (ret == -ENOENT)
			return volume_fail(volume, ret,
					   "subvolume %" PRIu64 " inode %" PRIu64 ": no such inode",
					   root->id, ino);
		if (ret)
			return ret;
		if (++restarts > MAX_RESTARTS)
			return volume_fail(volume, -EAGAIN,
					   "subvolume %" PRIu64 " inode %" PRIu64 " offset %" PRIu64
					   ": moved %d times while it was read",
					   root->id, ino, offset, restarts);
	}
	return 0;
}

int file_data_read(struct file_data *reader, struct root *root, uint64_t ino, uint64_t offset,
		   size_t length, uint8_t *buffer)
{
	return read_pieces(reader, root, ino, offset, length, buffer, read_piece_once);
}

static int view_with(struct file_data *reader, struct root *root, uint64_t ino, uint64_t offset,
		     size_t length, struct data_view *view, read_once_fn view_once)
{
	int ret;

	reader->view = (struct data_view){.fd = -1};
	ret = read_pieces(reader, root, ino, offset, length, NULL, view_once);
	*view = reader->view;
	return ret;
}

int file_data_view(struct file_data *reader, struct root *root, uint64_t ino, uint64_t offset,
		   size_t length, struct data_view *view)
{
	return view_with(reader, root, ino, offset, length, view, view_piece_once);
}

int file_data_view_encoded(struct file_data *reader, struct root *root, uint64_t ino,
			   uint64_t offset, size_t length, struct data_view *view)
{
	return view_with(reader, root, ino, offset, length, view, view_encoded_once);
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A range is cloned piece by piece: the source may meanwhile hold other extents or holes in parts
 * of the range. What does not match is written. MIRRORS: clone_range() v6.18
 */
#include "engine/send/context.h"

#include "engine/send/page_size.h"

#include <errno.h>

/*
 * The receiver's sector size is not known, and the largest is 64K: a clone that ends unaligned in
 * the middle of a file would fail there or spoil data.
 */
enum { LARGEST_SECTOR_SIZE = 65536 };

struct range {
	struct send_context *send;
	struct clone_root *source; /* its offset moves along */
	struct clone_target left;  /* what is still to be sent */
	uint64_t source_size;
	enum extent_decision rest; /* why what is left at a stop is written; COUNT: no stop */
};

/* One extent of the source, cut at its end of file. */
struct piece {
	uint64_t length;
	uint64_t data_offset;
	bool is_same_extent;
	bool is_compressed;
	bool cut_at_eof;
};

static void advance(struct range *range, uint64_t length)
{
	range->left.offset += length;
	range->left.data_offset += length;
	range->left.length -= length;
	range->source->offset += length;
}

static int write_piece(struct range *range, uint64_t length, enum extent_decision why)
{
	return send_data_range(range->send, range->left.position, range->left.offset, length, why);
}

/* Where the source has no item. */
static enum extent_decision decision_without_item(const struct range *range)
{
	return range->source->offset < range->source_size ? EXTENT_WRITTEN_SOURCE_HOLE
							  : EXTENT_WRITTEN_SOURCE_ENDS;
}

/* A hole of the source without an item. */
static int write_source_hole(struct range *range, uint64_t until)
{
	uint64_t length = until - range->source->offset;
	int ret;

	if (length > range->left.length)
		length = range->left.length;
	ret = write_piece(range, length, decision_without_item(range));
	if (ret == 0)
		advance(range, length);
	return ret;
}

static int clone_whole(struct range *range, uint64_t length)
{
	send_tell_clone(range->send, range->left.offset, length, range->source->offset);
	return send_clone(range->send, range->left.offset, (uint32_t)length, range->source);
}

/* The source's last, unaligned block can be cloned only to an end of file. */
static int clone_piece(struct range *range, uint64_t length)
{
	uint64_t source_end = range->source->offset + length;
	uint64_t aligned = length / LARGEST_SECTOR_SIZE * LARGEST_SECTOR_SIZE;
	int ret = 0;

	if (!send_behaves(range->send, BEHAVIOUR_CLONE_TAIL_WRITTEN) ||
	    source_end != range->source_size || source_end % LARGEST_SECTOR_SIZE == 0 ||
	    range->left.offset + length >= range->send->cur.size)
		return clone_whole(range, length);
	if (aligned > 0)
		ret = clone_whole(range, aligned);
	if (ret)
		return ret;
	return send_data_range(range->send, range->left.position, range->left.offset + aligned,
			       length - aligned, EXTENT_WRITTEN_TAIL);
}

/* What the source's item at @offset offers; the source moves to where it shows the wanted data. */
static struct piece look_at_item(struct range *range, const struct btrfs_file_extent_item *item,
				 uint64_t offset, uint64_t length)
{
	struct piece piece = {.length = length};

	if (offset + length > range->source_size) {
		piece.length = range->source_size - offset;
		piece.cut_at_eof = true;
	}
	/* Inline data takes up the place of these members: it matches no extent. */
	if (item->type == BTRFS_FILE_EXTENT_INLINE)
		return piece;
	piece.data_offset = from_le64(item->offset);
	piece.is_compressed = item->compression != BTRFS_COMPRESS_NONE;
	piece.is_same_extent = from_le64(item->disk_bytenr) == range->left.disk_bytenr;
	if (!piece.is_same_extent)
		return piece;
	range->source->offset = offset;
	if (piece.data_offset < range->left.data_offset &&
	    piece.data_offset + piece.length > range->left.data_offset) {
		uint64_t skipped = range->left.data_offset - piece.data_offset;

		piece.length -= skipped;
		piece.data_offset += skipped;
		range->source->offset += skipped;
	}
	return piece;
}

static uint64_t item_length(const struct btrfs_file_extent_item *item)
{
	if (item->type == BTRFS_FILE_EXTENT_INLINE)
		return page_align(from_le64(item->ram_bytes));
	return from_le64(item->num_bytes);
}

static enum extent_decision decision_on_mismatch(const struct piece *piece)
{
	if (!piece->is_same_extent)
		return EXTENT_WRITTEN_OTHER_EXTENT;
	return piece->is_compressed ? EXTENT_WRITTEN_OTHER_PART_COMPRESSED
				    : EXTENT_WRITTEN_OTHER_PART;
}

enum { GO_ON = 0, STOP = 1 };

static int stop(struct range *range, enum extent_decision rest)
{
	range->rest = rest;
	return STOP;
}

/* Send what the source's item at @offset is good for. GO_ON, STOP (the rest is written), errno. */
static int send_item(struct range *range, const struct btrfs_file_extent_item *item,
		     uint64_t offset)
{
	struct send_context *send = range->send;
	struct clone_root *source = range->source;
	uint64_t length = item_length(item);
	struct piece piece;
	int ret;

	if (offset + length <= source->offset)
		return GO_ON;
	if (offset > source->offset) {
		ret = write_source_hole(range, offset);
		if (ret || range->left.length == 0)
			return ret ? ret : STOP;
	}
	if (offset >= source->offset + range->left.length || offset >= range->source_size)
		return stop(range, EXTENT_WRITTEN_SOURCE_ENDS);
	piece = look_at_item(range, item, offset, length);
	length = piece.length < range->left.length ? piece.length : range->left.length;
	if (piece.is_same_extent && piece.data_offset == range->left.data_offset)
		ret = clone_piece(range, length);
	else if (piece.cut_at_eof && length < range->left.length)
		return stop(range, decision_on_mismatch(&piece));
	else
		ret = write_piece(range, length, decision_on_mismatch(&piece));
	if (ret)
		return ret;
	advance(range, length);
	/* The receiver's file does not go on here yet. */
	if (source->root == send->send_root && source->ino == send->cur.ino &&
	    source->offset >= send->cur.next_write_offset)
		return stop(range, EXTENT_WRITTEN_SOURCE_UNSENT);
	return range->left.length ? GO_ON : STOP;
}

static int send_items(struct range *range, struct btree_path *path)
{
	const struct clone_root *source = range->source;
	const struct key first = {
		.objectid = source->ino, .type = BTRFS_EXTENT_DATA_KEY, .offset = source->offset};
	int ret = btree_search(source->root, &first, path);
	bool is_found = ret == 0;

	if (ret < 0)
		return ret;
	/* The item before may reach into the range, if it lies in the same leaf. */
	if (!is_found && path->slots[0] > 0) {
		struct key before = tree_block_key(path->nodes[0], path->slots[0] - 1);

		if (before.objectid == source->ino && before.type == BTRFS_EXTENT_DATA_KEY)
			path->slots[0]--;
	}
	ret = path->slots[0] < path->nodes[0]->nritems ? 0 : btree_next_leaf(path);
	while (ret == 0) {
		struct key key = btree_path_key(path);

		if (key.objectid != source->ino || key.type != BTRFS_EXTENT_DATA_KEY)
			break;
		ret = send_item(range, btree_path_data(path), key.offset);
		if (ret == GO_ON)
			ret = btree_next(path);
	}
	return ret < 0 ? ret : 0;
}

/* Does the source show the same bytes of the same extent in the whole range? 0, 1, errno. */
static int shows_same(const struct range *range)
{
	const struct clone_root *source = range->source;
	const struct clone_target *left = &range->left;
	const struct key first = {
		.objectid = source->ino, .type = BTRFS_EXTENT_DATA_KEY, .offset = source->offset};
	uint64_t next = source->offset, end = source->offset + left->length;
	struct btree_path path = {0};
	int ret = btree_search_before(source->root, &first, &path);

	for (; ret == 0 && next < end; ret = btree_next(&path)) {
		const struct btrfs_file_extent_item *item = btree_path_data(&path);
		struct key key = btree_path_key(&path);
		uint64_t wanted = left->data_offset + (next - source->offset);

		if (key.objectid != source->ino || key.type != BTRFS_EXTENT_DATA_KEY ||
		    key.offset > next || item->type == BTRFS_FILE_EXTENT_INLINE ||
		    next >= key.offset + from_le64(item->num_bytes) ||
		    from_le64(item->disk_bytenr) != left->disk_bytenr ||
		    from_le64(item->offset) + (next - key.offset) != wanted)
			break;
		next = key.offset + from_le64(item->num_bytes);
	}
	btree_path_release(&path);
	return ret < 0 ? ret : next >= end;
}

/* What the receiver makes of a range that is cloned whatever the source shows. */
static int look_at_whole(struct range *range)
{
	struct send_context *send = range->send;
	uint64_t source_end = range->source->offset + range->left.length;
	struct send_notice notice = {.offset = range->left.offset, .length = range->left.length};
	int ret = shows_same(range);

	if (ret < 0)
		return ret;
	if (source_end > range->source_size) {
		notice.id = NOTICE_CLONE_PAST_END;
		notice.offset = range->source->offset;
		send_notify(send, &notice);
	} else if (source_end % send->volume->sectorsize && source_end != range->source_size) {
		notice.id = NOTICE_CLONE_UNALIGNED;
		send_notify(send, &notice);
	}
	if (ret == 0) {
		notice = (struct send_notice){.id = NOTICE_CLONE_OTHER_EXTENT,
					      .offset = range->left.offset,
					      .length = range->left.length};
		send_notify(send, &notice);
	}
	return 0;
}

int send_clone_range(struct send_context *send, struct clone_root *source,
		     struct clone_target target)
{
	struct range range = {
		.send = send, .source = source, .left = target, .rest = EXTENT_DECISION_COUNT};
	struct btree_path path = {0};
	struct inode_info info;
	int ret;

	/*
	 * One sector at offset 0 may be an inline extent at the receiver, which cannot be cloned to
	 * another offset.
	 */
	if (source->offset == 0 && target.length == send->volume->sectorsize &&
	    send_behaves(send, BEHAVIOUR_FIRST_SECTOR_WRITTEN))
		return write_piece(&range, target.length, EXTENT_WRITTEN_FIRST_SECTOR);
	ret = inode_get_info(source->root, source->ino, &info);
	if (ret)
		return ret;
	range.source_size = info.size;
	if (!send_behaves(send, BEHAVIOUR_CLONE_PIECEWISE)) {
		ret = look_at_whole(&range);
		return ret ? ret : clone_piece(&range, target.length);
	}
	ret = send_items(&range, &path);
	btree_path_release(&path);
	if (ret == 0 && range.left.length > 0)
		ret = write_piece(&range, range.left.length,
				  range.rest == EXTENT_DECISION_COUNT
					  ? decision_without_item(&range)
					  : range.rest);
	return ret;
}

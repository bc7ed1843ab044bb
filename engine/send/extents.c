/* SPDX-License-Identifier: GPL-2.0 */
/* File extent items of the current inode: unchanged, cloned, or written. */
#include "engine/send/context.h"

#include "engine/send/page_size.h"

#include <errno.h>
#include <sys/stat.h>

/* The members of a file extent item that the decisions here need. */
struct extent {
	uint64_t offset; /* in the file */
	uint64_t disk_bytenr;
	uint64_t num_bytes;
	uint64_t data_offset;
	uint64_t generation;
	uint8_t type;
	bool compressed;
};

static struct extent extent_at(const struct btree_path *path)
{
	const struct btrfs_file_extent_item *item = btree_path_data(path);
	struct extent extent = {.offset = btree_path_key(path).offset,
				.generation = from_le64(item->generation),
				.type = item->type,
				.compressed = item->compression != BTRFS_COMPRESS_NONE};

	/* Inline data takes up the place of the other members. */
	if (item->type == BTRFS_FILE_EXTENT_INLINE) {
		extent.num_bytes = page_align(from_le64(item->ram_bytes));
		return extent;
	}
	extent.disk_bytenr = from_le64(item->disk_bytenr);
	extent.num_bytes = from_le64(item->num_bytes);
	extent.data_offset = from_le64(item->offset);
	return extent;
}

uint64_t send_extent_end(const struct send_context *send, const struct btree_path *path)
{
	struct extent extent = extent_at(path);

	if (extent.type == BTRFS_FILE_EXTENT_INLINE &&
	    send_behaves(send, BEHAVIOUR_INLINE_ENDS_WITH_SECTOR))
		return send->volume->sectorsize;
	return extent.offset + extent.num_bytes;
}

/* Do the parts of both that lie over each other show the same bytes of the same extent? */
static bool same_bytes(const struct send_context *send, const struct extent *left,
		       const struct extent *right)
{
	uint64_t left_offset = left->data_offset, right_offset = right->data_offset;

	if (right->offset < left->offset)
		right_offset += left->offset - right->offset;
	else
		left_offset += right->offset - left->offset;
	if (!send_behaves(send, BEHAVIOUR_EXTENTS_COMPARED_WHOLE))
		return left->disk_bytenr + left_offset == right->disk_bytenr + right_offset;
	return left->disk_bytenr == right->disk_bytenr && left_offset == right_offset &&
	       left->generation == right->generation;
}

/* A hole where the parent has nothing changes nothing. */
static bool is_needless_hole(const struct send_context *send, const struct extent *left)
{
	return left->disk_bytenr == 0 && send_behaves(send, BEHAVIOUR_HOLE_FACING_NOTHING);
}

/* The parent's extents end and begin again: then the extent is changed. 0, or errno. */
static int gap_in_parent(struct send_context *send, uint64_t offset)
{
	if (send_behaves(send, BEHAVIOUR_GAP_IS_CHANGE))
		return 0;
	return send_fail(send, -EIO,
			 "inode %llu: the parent's extents have a gap at %llu, and a send of "
			 "this generation stops there",
			 (unsigned long long)send->cur.ino, (unsigned long long)offset);
}

/*
 * Is all of @left covered, without a gap, by extents of the parent that show the same bytes?
 *
 *         |------ left ------|                |------ left ------|
 *     |-- a --|-- b --|-- c --|          |------------ d ------------|
 *
 * 0, 1, errno; @path is at the parent's extent at or before it.
 */
static int covered_by_parent(struct send_context *send, const struct extent *left,
			     struct btree_path *path)
{
	/* Where a gap is no error, an end that touches the beginning ends before it, too. */
	uint64_t ends_before = send_behaves(send, BEHAVIOUR_GAP_IS_CHANGE);
	uint64_t end = left->offset + left->num_bytes, covered;
	bool is_first = true;

	for (;;) {
		struct extent right = extent_at(path);
		struct key key;
		int ret;

		if (right.type != BTRFS_FILE_EXTENT_REG && right.type != BTRFS_FILE_EXTENT_INLINE)
			return 0;
		covered = right.offset + right.num_bytes;
		/* The parent ends before: new data, or a hole that it need not be told of. */
		if (is_first && covered < left->offset + ends_before)
			return is_needless_hole(send, left);
		is_first = false;
		if (right.type == BTRFS_FILE_EXTENT_INLINE || !same_bytes(send, left, &right))
			return 0;
		ret = btree_next(path);
		if (ret < 0)
			return ret;
		if (ret == 0)
			key = btree_path_key(path);
		if (ret > 0 || key.objectid != send->cur.ino || key.type != BTRFS_EXTENT_DATA_KEY)
			return covered >= end;
		if (key.offset != covered)
			return gap_in_parent(send, covered);
		if (covered >= end)
			return 1;
	}
}

/* 0, 1, errno. MIRRORS: is_extent_unchanged() v6.18 */
static int is_unchanged(struct send_context *send, const struct btree_path *position,
			const struct key *key)
{
	struct extent left = extent_at(position);
	struct btree_path path = {0};
	struct key found;
	int ret;

	if (left.type != BTRFS_FILE_EXTENT_REG)
		return 0;
	ret = btree_search_before(send->parent_root, key, &path);
	if (ret == 0) {
		found = btree_path_key(&path);
		if (found.objectid != key->objectid || found.type != key->type)
			/* The parent has no data here: a hole changes nothing. */
			ret = is_needless_hole(send, &left);
		else
			ret = covered_by_parent(send, &left, &path);
	} else if (ret > 0) {
		ret = 0;
	}
	btree_path_release(&path);
	return ret;
}

size_t send_max_data(const struct send_context *send)
{
	return send->writer.protocol == 1 ? STREAM_WRITE_MAX_V1 : STREAM_WRITE_MAX_V2;
}

/* Is the extent compressed, and not longer on disk than what is to be sent of it? */
static bool is_better_encoded(const struct send_context *send, const struct btree_path *position,
			      uint64_t length)
{
	const struct btrfs_file_extent_item *item = btree_path_data(position);

	if (!(send->flags & SEND_COMPRESSED) || item->compression == BTRFS_COMPRESS_NONE)
		return false;
	if (item->type == BTRFS_FILE_EXTENT_INLINE)
		return btree_path_size(position) - BTRFS_FILE_EXTENT_INLINE_DATA_START <= length;
	return from_le64(item->disk_num_bytes) <= length;
}

/* MIRRORS: send_extent_data() v6.18 */
static int write_data(struct send_context *send, const struct btree_path *position, uint64_t offset,
		      uint64_t length)
{
	size_t most = send_max_data(send);
	uint64_t sent = 0;

	/* The kernel passes this length through 32 bits. */
	if (send->flags & SEND_NO_FILE_DATA)
		return send_update_extent(send, offset, (uint32_t)length);
	if (is_better_encoded(send, position, length))
		return send_encoded_write(send, position, offset, length);
	while (sent < length) {
		uint64_t left = length - sent;
		size_t size = left < most ? left : most;
		int ret = send_write(send, offset + sent, size);

		if (ret)
			return ret;
		sent += size;
	}
	return 0;
}

/* The bytes of the file that the commands of write_data() stand for. */
static uint64_t data_bytes(const struct send_context *send, const struct btree_path *position,
			   uint64_t offset, uint64_t length)
{
	if (send->flags & SEND_NO_FILE_DATA)
		return (uint32_t)length;
	if (is_better_encoded(send, position, length))
		return send_encoded_length(position, offset, length);
	return length;
}

int send_data_range(struct send_context *send, const struct btree_path *position, uint64_t offset,
		    uint64_t length, enum extent_decision why)
{
	int ret;

	send_tell_range(send, why, offset, length);
	ret = write_data(send, position, offset, length);
	if (ret == 0)
		send_account_extent(send, why, offset, data_bytes(send, position, offset, length));
	return ret;
}

/* What is written of an extent that nobody else has. */
static enum clone_loss loss_if_unshared(const struct extent *extent)
{
	if (extent->type == BTRFS_FILE_EXTENT_INLINE)
		return CLONE_LOSS_INLINE;
	if (extent->disk_bytenr == 0 || extent->type == BTRFS_FILE_EXTENT_PREALLOC)
		return CLONE_LOSS_HOLE;
	return CLONE_LOSS_UNSHARED;
}

/* Look for a clone source, unless this extent can have none. */
static int find_source(struct send_context *send, const struct btree_path *position,
		       struct clone_root **source)
{
	struct extent extent = extent_at(position);
	struct clone_query query = {.ino = send->cur.ino,
				    .offset = extent.offset,
				    .length = extent.num_bytes,
				    .disk_bytenr = extent.disk_bytenr,
				    .extent_offset = extent.data_offset,
				    .leaf = position->nodes[0]->bytenr,
				    .leaf_owner = position->nodes[0]->owner,
				    .sent_until = send->cur.next_write_offset,
				    .compressed = extent.compressed};
	struct event event = {.type = EVENT_BACKREF_WALK, .ino = send->cur.ino};
	struct clone_search search;
	int ret;

	*source = NULL;
	send->extent = (struct extent_account){.offset = extent.offset,
					       .data_offset = extent.data_offset,
					       .unshared = loss_if_unshared(&extent)};
	if (extent.offset >= send->cur.size || extent.type == BTRFS_FILE_EXTENT_INLINE ||
	    extent.disk_bytenr == 0)
		return 0;
	/* The last extent goes on behind the end of file. */
	if (extent.offset + extent.num_bytes >= send->cur.size)
		query.length = send->cur.size - extent.offset;
	if (send->request->observer)
		event.backref.began_ns = send_now_ns();
	ret = clone_finder_find(send->clones, &query, source, &search);
	send->extent.sharing = search.sharing;
	event.backref.bytenr = extent.disk_bytenr;
	event.backref.references = search.references;
	event.backref.candidates = search.candidates;
	event.backref.leaves = search.leaves;
	event.backref.result = search.result;
	send_observe(send, &event);
	return ret;
}

/*
 * An unaligned end can be cloned only where both files end there. A file that is longer at the
 * receiver has to be cut first; at its start offset, which is aligned. 0 no, 1 yes, errno; *@no is
 * set for 0.
 */
static int can_clone_until(struct send_context *send, const struct clone_root *source,
			   uint64_t offset, uint64_t end, enum extent_decision *no)
{
	struct inode_info info;
	int ret;

	if (end % send->volume->sectorsize == 0 ||
	    !send_behaves(send, BEHAVIOUR_CLONE_ENDS_ALIGNED))
		return 1;
	*no = EXTENT_WRITTEN_UNALIGNED;
	if (end != send->cur.size || !send_behaves(send, BEHAVIOUR_CLONE_UNALIGNED_EOF))
		return 0;
	*no = EXTENT_WRITTEN_SOURCE_LONGER;
	ret = inode_get_info(source->root, source->ino, &info);
	if (ret)
		return ret;
	if (source->offset + (end - offset) != info.size)
		return 0;
	if (send->parent_root && send_behaves(send, BEHAVIOUR_TRUNCATE_BEFORE_EOF_CLONE))
		ret = send_truncate(send, offset);
	return ret ? ret : 1;
}

static enum extent_decision decision_without_source(const struct extent *extent)
{
	if (extent->type == BTRFS_FILE_EXTENT_INLINE)
		return EXTENT_WRITTEN_INLINE;
	return extent->disk_bytenr == 0 ? EXTENT_WRITTEN_HOLE : EXTENT_WRITTEN_NO_SOURCE;
}

/* MIRRORS: send_write_or_clone() v6.18 */
static int write_or_clone(struct send_context *send, const struct btree_path *position,
			  struct clone_root *source)
{
	struct extent extent = extent_at(position);
	uint64_t end = send_extent_end(send, position), length;
	enum extent_decision decision = decision_without_source(&extent);
	int ret = 0;

	if (extent.type == BTRFS_FILE_EXTENT_INLINE &&
	    !send_behaves(send, BEHAVIOUR_INLINE_ENDS_ALIGNED))
		end = extent.offset +
		      from_le64(((const struct btrfs_file_extent_item *)btree_path_data(position))
					->ram_bytes);
	if (end > send->cur.size)
		end = send->cur.size;
	if (extent.offset >= end) {
		send_tell_range(send, EXTENT_BEHIND_END, extent.offset, extent.num_bytes);
		return 0;
	}
	length = end - extent.offset;
	if (source)
		ret = can_clone_until(send, source, extent.offset, end, &decision);
	if (ret < 0)
		return ret;
	if (ret > 0)
		ret = send_clone_range(send, source,
				       (struct clone_target){.position = position,
							     .offset = extent.offset,
							     .length = length,
							     .disk_bytenr = extent.disk_bytenr,
							     .data_offset = extent.data_offset});
	else
		ret = send_data_range(send, position, extent.offset, length, decision);
	send->cur.next_write_offset = end;
	return ret;
}

/* MIRRORS: process_extent() v6.18 */
int send_extent(struct send_context *send, struct btree_path *path, const struct key *key)
{
	struct extent extent = extent_at(path);
	struct clone_root *source;
	int ret;

	if (S_ISLNK(send->cur.mode))
		return 0;
	send_tell_extent(send, path);
	if (send->parent_root && !send->cur.is_new) {
		ret = is_unchanged(send, path, key);
		if (ret < 0)
			return ret;
		if (ret) {
			send_tell_range(send, EXTENT_UNCHANGED, extent.offset, extent.num_bytes);
			return send_hole_before(send, path, key);
		}
	} else if (send_behaves(send, BEHAVIOUR_HOLES_SKIPPED_IN_NEW) &&
		   (extent.type == BTRFS_FILE_EXTENT_PREALLOC ||
		    (extent.type == BTRFS_FILE_EXTENT_REG && extent.disk_bytenr == 0))) {
		/* A new file has holes there anyway. */
		send_tell_range(send, EXTENT_HOLE_IN_NEW_FILE, extent.offset, extent.num_bytes);
		return 0;
	}
	ret = find_source(send, path, &source);
	if (ret == 0)
		ret = write_or_clone(send, path, source);
	return ret ? ret : send_hole_before(send, path, key);
}

int send_all_extents(struct send_context *send)
{
	const struct key first = {.objectid = send->key.objectid, .type = BTRFS_EXTENT_DATA_KEY};
	struct btree_path path = {0};
	int ret;

	for (ret = btree_search_from(send->send_root, &first, &path); ret == 0;
	     ret = btree_next(&path)) {
		struct key key = btree_path_key(&path);

		if (key.objectid != first.objectid || key.type != first.type)
			break;
		ret = send_extent(send, &path, &key);
		if (ret)
			break;
	}
	btree_path_release(&path);
	return ret < 0 ? ret : 0;
}

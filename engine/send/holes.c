/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Holes that were not there before. With NO_HOLES a hole has no item: it is the gap between what
 * two extents cover, and it matters only where the parent has data.
 */
#include "engine/send/context.h"

#include <errno.h>
#include <sys/stat.h>

static bool may_have_new_holes(const struct send_context *send)
{
	return send->parent_root && !send->cur.is_new && !send->cur.new_generation &&
	       !send->cur.is_deleted && S_ISREG(send->cur.mode);
}

/* Set where the last extent at or before @offset ends. MIRRORS: get_last_extent() v6.18 */
static int find_last_extent(struct send_context *send, uint64_t offset)
{
	const struct key last = {
		.objectid = send->cur.ino, .type = BTRFS_EXTENT_DATA_KEY, .offset = offset};
	struct btree_path path = {0};
	int ret = btree_search_before(send->send_root, &last, &path);

	send->cur.last_extent = 0;
	if (ret == 0) {
		struct key key = btree_path_key(&path);

		if (key.objectid == last.objectid && key.type == last.type)
			send->cur.last_extent = send_extent_end(send, &path);
	}
	btree_path_release(&path);
	return ret < 0 ? ret : 0;
}

/* Does this extent of the parent hold data in [@start, ...)? */
static bool is_data(const struct send_context *send, const struct btree_path *path, uint64_t start)
{
	const struct btrfs_file_extent_item *item = btree_path_data(path);
	bool is_inline = item->type == BTRFS_FILE_EXTENT_INLINE;

	if (send_extent_end(send, path) <= start)
		return false;
	if (is_inline && send_behaves(send, BEHAVIOUR_HOLE_CHECK_SEES_INLINE))
		return true;
	/* Where inline data is not told apart, its first bytes are taken for the address. */
	return from_le64(item->disk_bytenr) != 0;
}

/* Has the parent no data in the range? 0, 1, errno. MIRRORS: range_is_hole_in_parent() v6.18 */
static int is_hole_in_parent(struct send_context *send, uint64_t start, uint64_t end)
{
	const struct key first = {
		.objectid = send->cur.ino, .type = BTRFS_EXTENT_DATA_KEY, .offset = start};
	struct btree_path path = {0};
	uint64_t looked_until = start;
	int ret = btree_search(send->parent_root, &first, &path);
	bool has_data = false;

	if (ret > 0 && path.slots[0] > 0)
		path.slots[0]--;
	if (ret >= 0 && path.slots[0] >= path.nodes[0]->nritems)
		ret = btree_next_leaf(&path);
	else if (ret > 0)
		ret = 0;
	for (; ret == 0 && looked_until < end; ret = btree_next(&path)) {
		struct key key = btree_path_key(&path);

		if (key.objectid < first.objectid || key.type < BTRFS_EXTENT_DATA_KEY)
			continue;
		if (key.objectid > first.objectid || key.type > BTRFS_EXTENT_DATA_KEY ||
		    key.offset >= end)
			break;
		has_data = is_data(send, &path, start);
		if (has_data)
			break;
		if (send_extent_end(send, &path) > start)
			looked_until = send_extent_end(send, &path);
	}
	btree_path_release(&path);
	return ret < 0 ? ret : !has_data;
}

/* From the last extent to @end. MIRRORS: send_hole() v6.18 */
static int send_hole(struct send_context *send, uint64_t end)
{
	uint64_t offset = send->cur.last_extent;
	size_t most = send_max_data(send);
	int ret = 0;

	if (send->writer.protocol >= 2 && send_behaves(send, BEHAVIOUR_HOLE_PUNCHED)) {
		send_tell_range(send, EXTENT_HOLE_PUNCHED, offset, end - offset);
		return send_punch_hole(send, offset, end - offset);
	}
	/* Behind the end of file zeros would only have to be cut off again. */
	if (offset >= send->cur.size) {
		send_tell_range(send, EXTENT_HOLE_BEHIND_END, offset, end - offset);
		return 0;
	}
	if (end > send->cur.size)
		end = send->cur.size;
	send_tell_range(send, EXTENT_HOLE_ZEROS, offset, end - offset);
	if (send->flags & SEND_NO_FILE_DATA) {
		ret = send_update_extent(send, offset, (uint32_t)(end - offset));
		if (ret == 0)
			send_account_range(send, EXTENT_HOLE_ZEROS, offset,
					   (uint32_t)(end - offset));
		return ret;
	}
	while (ret == 0 && offset < end) {
		uint64_t left = end - offset;
		size_t length = left < most ? left : most;

		ret = send_zeros(send, offset, length);
		if (ret == 0)
			offset += length;
	}
	send_account_range(send, EXTENT_HOLE_ZEROS, send->cur.last_extent,
			   offset - send->cur.last_extent);
	send->cur.next_write_offset = offset;
	return ret;
}

static int send_new_hole(struct send_context *send, uint64_t end)
{
	int ret;

	if (send->cur.last_extent >= end)
		return 0;
	ret = is_hole_in_parent(send, send->cur.last_extent, end);
	if (ret < 0)
		return ret;
	if (ret == 0 && !send_behaves(send, BEHAVIOUR_HOLES_DETECTED))
		send_notify(send, &(struct send_notice){.id = NOTICE_HOLE_KEPT,
							.offset = send->cur.last_extent,
							.length = end - send->cur.last_extent});
	else if (ret == 0)
		return send_hole(send, end);
	else
		send_tell_range(send, EXTENT_HOLE_IN_PARENT, send->cur.last_extent,
				end - send->cur.last_extent);
	return 0;
}

/* MIRRORS: maybe_send_hole() v6.18 */
int send_hole_before(struct send_context *send, const struct btree_path *path,
		     const struct key *key)
{
	int ret = 0;

	if (send->cur.ino != key->objectid || !may_have_new_holes(send))
		return 0;
	/* At the first slot, leaves that the comparison skipped as shared may lie before. */
	if (send->cur.last_extent == UINT64_MAX ||
	    (path->slots[0] == 0 && send->cur.last_extent < key->offset))
		ret = find_last_extent(send, key->offset - 1);
	if (ret == 0)
		ret = send_new_hole(send, key->offset);
	if (ret == 0)
		send->cur.last_extent = send_extent_end(send, path);
	return ret;
}

int send_hole_at_end(struct send_context *send)
{
	int ret = 0;

	if (!may_have_new_holes(send))
		return 0;
	if (send->cur.last_extent == UINT64_MAX || send->cur.last_extent < send->cur.size)
		ret = find_last_extent(send, UINT64_MAX);
	return ret ? ret : send_new_hole(send, send->cur.size);
}

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

/* What is looked for in the parent. */
enum data_as {
	DATA_AS_SENT, /* what the generation takes for data */
	DATA_AS_READ, /* what a reader tells from zeros, as far as the item shows */
};

/*
 * The first bytes of inline data, where an extent on disk has its address, as one number. They may
 * be fewer than that takes: then what lies behind the item follows. DIFFERS: behind the leaf there
 * are zeros, in the kernel anything.
 */
static uint64_t inline_address(const struct send_context *send, const struct btree_path *path)
{
	const struct tree_block *leaf = path->nodes[0];
	const struct btrfs_file_extent_item *item = btree_path_data(path);
	const uint8_t *at = (const uint8_t *)&item->disk_bytenr;
	size_t left = (size_t)(leaf->data + send->volume->nodesize - at);
	le64 bytes = {0};

	memcpy(&bytes, at, left < sizeof(bytes) ? left : sizeof(bytes));
	return from_le64(bytes);
}

static bool inline_is_data(const struct send_context *send, const struct btree_path *path,
			   enum data_as as)
{
	const struct btrfs_file_extent_item *item = btree_path_data(path);
	const uint8_t *byte = (const uint8_t *)item + BTRFS_FILE_EXTENT_INLINE_DATA_START;
	const uint8_t *end = (const uint8_t *)item + btree_path_size(path);

	if (as == DATA_AS_SENT)
		return send_behaves(send, BEHAVIOUR_HOLE_CHECK_SEES_INLINE) ||
		       inline_address(send, path) != 0;
	while (byte < end && !*byte)
		byte++;
	return byte < end;
}

/* Does this extent of the parent hold data in [@start, ...)? */
static bool is_data(const struct send_context *send, const struct btree_path *path, uint64_t start,
		    enum data_as as)
{
	const struct btrfs_file_extent_item *item = btree_path_data(path);

	if (send_extent_end(send, path) <= start)
		return false;
	if (item->type == BTRFS_FILE_EXTENT_INLINE)
		return inline_is_data(send, path, as);
	return from_le64(item->disk_bytenr) != 0;
}

/* Has the parent no data in the range? 0, 1, errno. MIRRORS: range_is_hole_in_parent() v6.18 */
static int is_hole_in_parent(struct send_context *send, uint64_t start, uint64_t end,
			     enum data_as as)
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
		has_data = is_data(send, &path, start, as);
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
	bool is_looked_for = send_behaves(send, BEHAVIOUR_HOLES_DETECTED);
	uint64_t start = send->cur.last_extent;
	int ret;

	if (start >= end)
		return 0;
	if (is_looked_for) {
		ret = is_hole_in_parent(send, start, end, DATA_AS_SENT);
		if (ret < 0)
			return ret;
		if (ret == 0)
			return send_hole(send, end);
		send_tell_range(send, EXTENT_HOLE_IN_PARENT, start, end - start);
		if (send_behaves(send, BEHAVIOUR_HOLE_CHECK_SEES_INLINE))
			return 0;
	}
	/* Nothing is sent: is that right? */
	ret = is_hole_in_parent(send, start, end, DATA_AS_READ);
	if (ret < 0)
		return ret;
	if (ret == 0)
		send_notify(send, &(struct send_notice){.id = NOTICE_HOLE_KEPT,
							.offset = start,
							.length = end - start});
	else if (!is_looked_for)
		send_tell_range(send, EXTENT_HOLE_IN_PARENT, start, end - start);
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

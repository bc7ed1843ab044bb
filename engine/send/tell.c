/* SPDX-License-Identifier: GPL-2.0 */
/* Decisions, told to an observer that wants them; otherwise each call is one comparison. */
#include "engine/send/context.h"

static bool is_wanted(const struct send_context *send)
{
	return send->request->observe_decisions && send->request->observer;
}

void send_tell_fate(struct send_context *send, enum inode_fate fate, const struct inode_info *info)
{
	struct event event = {.type = EVENT_INODE_FATE, .ino = send->cur.ino};

	if (!is_wanted(send))
		return;
	event.inode.generation = info->generation;
	event.inode.size = info->size;
	event.inode.mode = info->mode;
	event.inode.fate = fate;
	send_observe(send, &event);
}

void send_tell_name(struct send_context *send, enum name_decision decision, uint64_t ino,
		    uint64_t dir, uint64_t other)
{
	struct event event = {.type = EVENT_NAME_DECISION, .ino = send->cur.ino};

	if (!is_wanted(send))
		return;
	event.name.ino = ino;
	event.name.dir = dir;
	event.name.other = other;
	event.name.decision = decision;
	send_observe(send, &event);
}

void send_tell_extent(struct send_context *send, const struct btree_path *position)
{
	const struct btrfs_file_extent_item *item;
	struct event event = {.type = EVENT_EXTENT, .ino = send->cur.ino};

	if (!is_wanted(send))
		return;
	item = btree_path_data(position);
	event.extent.offset = btree_path_key(position).offset;
	event.extent.is_inline = item->type == BTRFS_FILE_EXTENT_INLINE;
	event.extent.is_preallocated = item->type == BTRFS_FILE_EXTENT_PREALLOC;
	event.extent.is_compressed = item->compression != BTRFS_COMPRESS_NONE;
	if (event.extent.is_inline) {
		event.extent.num_bytes = from_le64(item->ram_bytes);
	} else {
		event.extent.num_bytes = from_le64(item->num_bytes);
		event.extent.bytenr = from_le64(item->disk_bytenr);
		event.extent.data_offset = from_le64(item->offset);
	}
	send_observe(send, &event);
}

static void tell_range(struct send_context *send, enum extent_decision decision, uint64_t ino,
		       uint64_t offset, uint64_t length, uint64_t source_offset)
{
	struct event event = {.type = EVENT_EXTENT_DECISION, .ino = ino};

	if (!is_wanted(send))
		return;
	event.decision.offset = offset;
	event.decision.length = length;
	event.decision.source_offset = source_offset;
	event.decision.decision = decision;
	send_observe(send, &event);
}

void send_tell_range(struct send_context *send, enum extent_decision decision, uint64_t offset,
		     uint64_t length)
{
	tell_range(send, decision, send->cur.ino, offset, length, 0);
}

void send_tell_clone(struct send_context *send, uint64_t offset, uint64_t length,
		     uint64_t source_offset)
{
	tell_range(send, EXTENT_CLONED, send->cur.ino, offset, length, source_offset);
}

void send_tell_passed_over(struct send_context *send, const struct btree_path *position)
{
	struct key key;

	if (!is_wanted(send))
		return;
	key = btree_path_key(position);
	tell_range(send, EXTENT_ITEM_ONLY, key.objectid, key.offset,
		   send_extent_end(send, position) - key.offset, 0);
}

void send_tell_candidate(void *context, enum clone_rule rule,
			 const struct backref_candidate *candidate)
{
	struct send_context *send = context;
	struct event event = {.type = EVENT_CLONE_CANDIDATE, .ino = send->cur.ino};

	event.candidate.root = candidate->root_id;
	event.candidate.ino = candidate->ino;
	event.candidate.offset = candidate->offset;
	event.candidate.num_bytes = candidate->num_bytes;
	event.candidate.rule = rule;
	send_observe(send, &event);
}

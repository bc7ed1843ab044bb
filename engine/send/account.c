/* SPDX-License-Identifier: GPL-2.0 */
/* The account of the data that was written: for each byte one reason why it was not cloned. */
#include "engine/send/context.h"

/* The classes of the decisions to write; of the others none. */
static const enum clone_loss losses[EXTENT_DECISION_COUNT] = {
#define EXTENT_WRITTEN(id, loss, sentence) [EXTENT_##id] = CLONE_LOSS_##loss,
#include "engine/decisions.def"
};

static void account(struct send_context *send, enum clone_loss loss, uint64_t offset,
		    uint64_t bytes)
{
	struct event event = {.type = EVENT_DATA_WRITTEN, .ino = send->cur.ino};

	if (!bytes)
		return;
	clone_loss_add(&send->losses, send->cur.ino, loss, bytes);
	event.written.offset = offset;
	event.written.bytes = bytes;
	event.written.loss = loss;
	send_observe(send, &event);
}

void send_account_range(struct send_context *send, enum extent_decision why, uint64_t offset,
			uint64_t bytes)
{
	account(send, losses[why], offset, bytes);
}

void send_account_extent(struct send_context *send, enum extent_decision why, uint64_t offset,
			 uint64_t bytes)
{
	const struct extent_account *extent = &send->extent;
	uint64_t position = extent->data_offset + (offset - extent->offset);

	while (bytes) {
		uint64_t length = bytes;
		enum clone_loss loss = clone_sharing_loss(&extent->sharing, position, &length,
							  losses[why], extent->unshared);

		account(send, loss, offset, length);
		position += length;
		offset += length;
		bytes -= length;
	}
}

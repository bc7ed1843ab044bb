/* SPDX-License-Identifier: GPL-2.0 */
#include "tests/system/random/accounting.h"

#include "engine/core/le.h"

#include <errno.h>
#include <inttypes.h>

void accounting_observe(void *context, const struct event *event)
{
	struct accounting *accounting = context;

	if (event->type != EVENT_DATA_WRITTEN)
		return;
	if (event->written.loss >= CLONE_LOSS_COUNT || !event->written.bytes || !event->ino) {
		accounting->untold++;
		return;
	}
	accounting->told[event->written.loss] += event->written.bytes;
	if (clone_losses[event->written.loss].group != CLONE_LOSS_GROUP_LOST)
		return;
	accounting->files_told += event->ino != accounting->told_ino;
	accounting->told_ino = event->ino;
}

static uint64_t u64_of(const struct stream_command *command, enum stream_attribute_id id)
{
	return get_le64(stream_command_find(command, id)->data);
}

static uint64_t written_by(const struct stream_command *command)
{
	switch (command->kind) {
	case STREAM_C_WRITE:
		return stream_command_find(command, STREAM_A_DATA)->length;
	case STREAM_C_ENCODED_WRITE:
		return u64_of(command, STREAM_A_UNENCODED_FILE_LEN);
	case STREAM_C_UPDATE_EXTENT:
		return u64_of(command, STREAM_A_SIZE);
	default:
		return 0;
	}
}

static int add_stream(const uint8_t *bytes, size_t length, uint64_t *written, uint64_t *cloned)
{
	size_t offset = STREAM_HEADER_SIZE;
	struct stream_command command;
	struct failure failure = {0};
	unsigned int protocol;
	int ret = stream_parse_header(bytes, length, &protocol, &failure);

	for (; !ret && offset < length; offset += command.length) {
		ret = stream_parse_command(bytes + offset, length - offset, offset, protocol,
					   &command, &failure);
		if (ret)
			break;
		*written += written_by(&command);
		if (command.kind == STREAM_C_CLONE)
			*cloned += u64_of(&command, STREAM_A_CLONE_LEN);
	}
	return ret;
}

static int expect(const char *what, uint64_t have, uint64_t expect, FILE *out)
{
	if (have == expect)
		return 0;
	fprintf(out, "  %s: have %" PRIu64 " expect %" PRIu64 "\n", what, have, expect);
	return -EUCLEAN;
}

int accounting_check(const struct accounting *accounting, const void *stream, size_t length,
		     FILE *out)
{
	const struct clone_loss_counters *losses = &accounting->losses;
	uint64_t written = 0, cloned = 0;
	int ret = add_stream(stream, length, &written, &cloned);

	ret |= expect("bytes written, by reason", clone_loss_sum(losses->bytes), written, out);
	ret |= expect("bytes cloned", losses->cloned, cloned, out);
	for (int i = 0; i < CLONE_LOSS_COUNT; i++)
		ret |= expect(clone_losses[i].name, accounting->told[i], losses->bytes[i], out);
	ret |= expect("events without bytes", accounting->untold, 0, out);
	ret |= expect("files that lost bytes", losses->file_count,
		      accounting->files_told < CLONE_LOSS_FILES ? accounting->files_told
								: CLONE_LOSS_FILES,
		      out);
	return ret ? -EUCLEAN : 0;
}

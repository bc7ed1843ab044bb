/* SPDX-License-Identifier: GPL-2.0 */
#include "tests/system/random/accounting.h"

#include "engine/core/le.h"

#include <errno.h>
#include <inttypes.h>

/* FNV-1a, 64 bit. */
static uint64_t sum_of(uint64_t sum, const void *data, size_t length)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < length; i++)
		sum = (sum ^ bytes[i]) * UINT64_C(0x100000001b3);
	return sum;
}

/* @path NULL: there is none. */
static uint64_t sum_command(uint64_t sum, uint64_t kind, uint64_t length, uint64_t offset,
			    const void *path, uint64_t path_length, size_t kept)
{
	const uint64_t numbers[] = {kind, length, offset, path_length, path != NULL};

	sum = sum_of(sum, numbers, sizeof(numbers));
	return path ? sum_of(sum, path, kept) : sum;
}

static void observe_command(struct accounting *accounting, const struct event *event)
{
	accounting->commands_told =
		sum_command(accounting->commands_told, event->command.kind, event->command.length,
			    event->command.offset, event_path(event), event->command.path_length,
			    event->command.path_size - 1);
}

void accounting_observe(void *context, const struct event *event)
{
	struct accounting *accounting = context;

	if (event->type == EVENT_COMMAND)
		observe_command(accounting, event);
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

/* As the observer has to be told of it: of a long path the end. */
static uint64_t add_command(uint64_t sum, const struct stream_command *command, uint64_t offset)
{
	const struct stream_attribute *path = stream_command_find(command, STREAM_A_PATH);
	size_t cut =
		path && path->length > EVENT_PATH_MAX - 1 ? path->length - EVENT_PATH_MAX + 1 : 0;

	return sum_command(sum, command->kind, command->length, offset,
			   path ? path->data + cut : NULL, path ? path->length : 0,
			   path ? path->length - cut : 0);
}

static int add_stream(const uint8_t *bytes, size_t length, uint64_t *written, uint64_t *cloned,
		      uint64_t *commands)
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
		*commands = add_command(*commands, &command, offset);
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
	uint64_t written = 0, cloned = 0, commands = 0;
	int ret = add_stream(stream, length, &written, &cloned, &commands);

	ret |= expect("bytes written, by reason", clone_loss_sum(losses->bytes), written, out);
	ret |= expect("bytes cloned", losses->cloned, cloned, out);
	for (int i = 0; i < CLONE_LOSS_COUNT; i++)
		ret |= expect(clone_losses[i].name, accounting->told[i], losses->bytes[i], out);
	ret |= expect("sum of the commands told", accounting->commands_told, commands, out);
	ret |= expect("events without bytes", accounting->untold, 0, out);
	ret |= expect("files that lost bytes", losses->file_count,
		      accounting->files_told < CLONE_LOSS_FILES ? accounting->files_told
								: CLONE_LOSS_FILES,
		      out);
	return ret ? -EUCLEAN : 0;
}

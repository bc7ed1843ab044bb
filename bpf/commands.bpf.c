// SPDX-License-Identifier: GPL-2.0
/*
 * Commands: how many of each kind, and, where that is asked for, what each one costs until it is
 * ready and what its output costs. Each one is begun by begin_cmd() and written by send_cmd(),
 * except for an encoded extent: that one's data is read behind its header, and both are written
 * where they are.
 */
#include "bpf/send.h"
#include "bpf/send_ctx.h"

enum {
	COMMAND_HEADER_SIZE = 10, /* le32 length of the rest, le16 kind, le32 checksum */
	COMMAND_KIND_OFFSET = 4,
	COMMAND_SNAPSHOT = 2, /* this one or the one before it, SUBVOL, is the first command */
	COMMAND_ENCODED_WRITE = 25,
	ATTRIBUTE_PATH = 15,
	ATTRIBUTE_DATA = 19, /* the last one, and without a length from protocol 2 on */
	ATTRIBUTES_BEFORE_PATH = 3,
	ANY_BYTES = INT32_MAX, /* of a command that is known to name a path */
	PATH_INTERVAL = 25,    /* ticks of the kernel, a tenth of a second at 250 a second */
};

struct attribute_header {
	uint16_t kind;
	uint16_t length;
};

/* Whether it was long ago that it was seen what the send is at; for who looks on, often enough. */
static __always_inline bool is_time_to_look(struct send_state *state)
{
	uint64_t tick = bpf_jiffies64();

	if (tick - state->path_tick < PATH_INTERVAL)
		return false;
	state->path_tick = tick;
	return true;
}

/*
 * Read the path that the command in @buffer names first. Of its @bytes, for what is behind them may
 * be left from another. How much of it is kept, with the NUL; 0: it names none, or cannot be read.
 */
static __always_inline uint32_t read_path(struct send_state *state, const char *buffer,
					  uint64_t bytes)
{
	struct event_with_path *last = &state->last_command;
	uint64_t offset = COMMAND_HEADER_SIZE;

	for (int i = 0; i < ATTRIBUTES_BEFORE_PATH; i++) {
		struct attribute_header header = {0};

		if (offset >= bytes ||
		    bpf_probe_read_kernel(&header, sizeof(header), buffer + offset))
			return 0;
		offset += sizeof(header);
		if (header.kind == ATTRIBUTE_DATA)
			return 0;
		if (header.kind == ATTRIBUTE_PATH) {
			uint32_t length = header.length;

			/* The end of a long path says more than its beginning. */
			if (length > EVENT_PATH_MAX - 1) {
				offset += length - (EVENT_PATH_MAX - 1);
				length = EVENT_PATH_MAX - 1;
			}
			length &= EVENT_PATH_MAX - 1;
			if (bpf_probe_read_kernel(last->path, length, buffer + offset))
				return 0;
			last->path[length] = 0;
			last->event.command.path_length = header.length;
			return length + 1;
		}
		offset += header.length;
	}
	return 0;
}

/* What a command says of the send as a whole, on the way. */
static __always_inline void look_around(struct send_state *state, struct send_ctx *send_ctx)
{
	if (!state->send_ctx)
		send_ctx_found(state, send_ctx);
	state->ino = send_ctx->cur_ino;
	/* With records it is looked at each command. */
	if ((settings.records && settings.commands_timed) || !is_time_to_look(state))
		return;
	state->path_of = state->ino;
	if (settings.output_accounted)
		note_output(state);
	read_path(state, send_ctx->send_buf, send_ctx->send_size);
}

static __always_inline void command_begins(struct send_state *state, uint32_t kind, uint64_t bytes,
					   uint64_t now)
{
	state->command_kind = kind;
	state->command_bytes = bytes;
	state->command_output_ns = now;
}

static __always_inline struct state_command *count_command(struct send_state *state, uint32_t kind,
							   uint64_t bytes)
{
	struct state_command *command = &state->commands[kind & (STATE_COMMANDS - 1)];

	/* Else it is counted already. */
	if (!settings.commands_begun) {
		command->count++;
		command->bytes += bytes;
	}
	return command;
}

/*
 * As long as the command with its path, which bpf_ringbuf_reserve() cannot be: made up in the
 * state, and copied.
 */
static __always_inline void record_command(struct send_state *state, const char *buffer,
					   uint64_t now)
{
	struct event *event = &state->last_command.event;
	uint64_t bytes = state->command_bytes;
	uint32_t path_size;

	if (!settings.records)
		return;
	if (settings.output_accounted)
		note_output(state);
	event->time_ns = now;
	event->ino = state->ino;
	event->type = EVENT_COMMAND;
	event->sender = state->thread;
	event->command.kind = state->command_kind;
	event->command.length = bytes;
	event->command.output_ns = state->command_output_ns;
	event->command.began_ns = state->last_command_end_ns;
	event->command.offset = 0;
	if (!state->taken_up && state->output_bytes > bytes)
		event->command.offset = state->output_bytes - bytes;
	event->command.path_length = 0;
	path_size = read_path(state, buffer, bytes);
	event->command.path_size = path_size;
	if (path_size)
		state->path_of = state->ino;
	if (bpf_ringbuf_output(&records, event, sizeof(*event) + path_size, BPF_RB_NO_WAKEUP))
		state->dropped++;
	else
		state->records++;
}

static __always_inline void command_ends(struct send_state *state, const char *buffer, uint64_t now)
{
	struct state_command *command =
		count_command(state, state->command_kind, state->command_bytes);

	command->work_ns += state->command_output_ns - state->last_command_end_ns;
	command->output_ns += now - state->command_output_ns;
	record_command(state, buffer, now);
	state->last_command_end_ns = now;
}

/* A send that was under way when the tracer came is seen from its next command on. */
static __always_inline struct send_state *take_up(struct send_ctx *send_ctx)
{
	struct send_state *state = is_watched() ? send_begin() : NULL;

	if (state)
		state->taken_up = 1;
	if (state && bpf_core_field_exists(send_ctx->name_cache_size))
		state->name_entries = send_ctx->name_cache_size;
	return state;
}

/* When a command begins the buffer still has the one before it; the first time there is none. */
static __always_inline void look_back(struct send_state *state, struct send_ctx *send_ctx)
{
	bool first = !state->send_ctx;

	if (first)
		send_ctx_found(state, send_ctx);
	state->ino = send_ctx->cur_ino;
	if (settings.output_accounted)
		note_output(state);
	if (settings.names_begun && bpf_core_field_exists(send_ctx->name_cache_size))
		note_names(state, send_ctx->name_cache_size);
	if (!first)
		read_path(state, send_ctx->send_buf, ANY_BYTES);
}

/*
 * All that the default set sees of a command: its kind; its bytes are what was written until the
 * next one begins. This runs more often than any other program of that set.
 */
SEC("fentry")
int BPF_PROG(command_begun, struct send_ctx *send_ctx, int kind)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct send_state *state = send_of(task->pid);

	if (!state)
		state = take_up(send_ctx);
	if (!state)
		return 0;
	command_was_written(state, task->ioac.wchar);
	state->command_kind = kind;
	state->commands[kind & (STATE_COMMANDS - 1)].count++;
	if (is_time_to_look(state))
		look_back(state, send_ctx);
	/* The walk begins after the first command. */
	if (kind > COMMAND_SNAPSHOT)
		look_for_restart(state, send_ctx->last_reloc_trans);
	return 0;
}

SEC("fentry")
int BPF_PROG(command_enter, struct send_ctx *send_ctx)
{
	struct send_state *state = current_send();
	uint64_t now;
	uint16_t kind = 0;

	if (!state)
		state = take_up(send_ctx);
	if (!state)
		return 0;
	look_around(state, send_ctx);
	bpf_probe_read_kernel(&kind, sizeof(kind), send_ctx->send_buf + COMMAND_KIND_OFFSET);
	/* The walk begins after the first command. */
	if (kind > COMMAND_SNAPSHOT)
		look_for_restart(state, send_ctx->last_reloc_trans);
	/* Length and checksum are not in the header yet. */
	if (!settings.commands_timed) {
		count_command(state, kind, send_ctx->send_size);
		return 0;
	}
	now = bpf_ktime_get_ns();
	command_begins(state, kind, send_ctx->send_size, now);
	step_begins(state, STATE_WRITE, now, &state->write_outer);
	return 0;
}

SEC("fexit")
int BPF_PROG(command_exit, struct send_ctx *send_ctx, int result)
{
	struct send_state *state = current_send();
	uint64_t now;

	if (!state)
		return 0;
	now = bpf_ktime_get_ns();
	step_ends(state, state->write_outer, now);
	if (!result)
		command_ends(state, send_ctx->send_buf, now);
	return 0;
}

/* From here on the output of an encoded extent: its data comes after the header, no send_cmd(). */
SEC("fentry")
int BPF_PROG(encoded_read_enter)
{
	struct send_state *state = current_send();

	if (!state)
		return 0;
	state->encoded_write = 1;
	return 0;
}

static __always_inline void encoded_write_ends(struct send_state *state, const char *buffer)
{
	uint32_t rest = 0;
	uint64_t now;

	bpf_probe_read_kernel(&rest, sizeof(rest), buffer);
	if (!settings.commands_timed) {
		count_command(state, COMMAND_ENCODED_WRITE, (uint64_t)rest + COMMAND_HEADER_SIZE);
		return;
	}
	now = bpf_ktime_get_ns();
	command_begins(state, COMMAND_ENCODED_WRITE, (uint64_t)rest + COMMAND_HEADER_SIZE, now);
	command_ends(state, buffer, now);
}

SEC("fexit")
int BPF_PROG(extent_data_exit, struct send_ctx *send_ctx, void *path, uint64_t offset,
	     uint64_t length, int result)
{
	struct send_state *state = current_send();

	if (!state)
		return 0;
	if (settings.parts_measured)
		part_set(state, state->read_outer, bpf_ktime_get_ns());
	if (!state->encoded_write)
		return 0;
	state->encoded_write = 0;
	if (result)
		return 0;
	look_around(state, send_ctx);
	encoded_write_ends(state, send_ctx->send_buf);
	return 0;
}

SEC("fexit")
int BPF_PROG(output_exit, void *file, const void *buffer, uint64_t count, void *position,
	     int64_t result)
{
	struct send_state *state = current_send();

	if (state && result > 0)
		state->output_bytes += result;
	return 0;
}

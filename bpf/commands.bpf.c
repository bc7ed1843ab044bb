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
	PATH_INTERVAL = 25, /* ticks of the kernel, a tenth of a second at 250 a second */
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

static __always_inline bool read_path(struct send_state *state, const char *buffer)
{
	uint32_t offset = COMMAND_HEADER_SIZE;

	for (int i = 0; i < ATTRIBUTES_BEFORE_PATH; i++) {
		struct attribute_header header = {0};

		if (bpf_probe_read_kernel(&header, sizeof(header), buffer + offset))
			return false;
		offset += sizeof(header);
		if (header.kind == ATTRIBUTE_DATA)
			return false;
		if (header.kind == ATTRIBUTE_PATH) {
			uint32_t length = header.length;

			/* The end of a long path says more than its beginning. */
			if (length > STATE_PATH_MAX - 1) {
				offset += length - (STATE_PATH_MAX - 1);
				length = STATE_PATH_MAX - 1;
			}
			length &= STATE_PATH_MAX - 1;
			bpf_probe_read_kernel(state->path, length, buffer + offset);
			state->path[length] = 0;
			return true;
		}
		offset += header.length;
	}
	return false;
}

/*
 * Commands of these kinds name the inode at work on, by the name that it has in the end; others
 * name its folder, or what it is called for now.
 */
enum {
	SET_XATTR_TO_CHOWN = ((1U << 7) - 1) << 13,
	UPDATE_EXTENT_TO_ENABLE_VERITY = ((1U << 5) - 1) << 22,
	OWN_PATH_KINDS = SET_XATTR_TO_CHOWN | UPDATE_EXTENT_TO_ENABLE_VERITY,
};

static __always_inline void record_path(struct send_state *state, struct send_ctx *send_ctx,
					uint32_t kind)
{
	struct inode_path_record *record;

	if (!settings.paths || state->path_ino == state->ino ||
	    !(OWN_PATH_KINDS >> (kind & 31) & 1) || !read_path(state, send_ctx->send_buf))
		return;
	/* Without room the inode's next command gets it. */
	record = bpf_ringbuf_reserve(&records, sizeof(*record), 0);
	if (!record)
		return;
	record->time_ns = bpf_ktime_get_ns();
	record->ino = state->ino;
	record->thread = state->thread;
	record->reserved = 0;
	__builtin_memcpy(record->path, state->path, sizeof(record->path));
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
	state->path_ino = state->ino;
}

/* What a command says of the send as a whole, on the way. */
static __always_inline void look_around(struct send_state *state, struct send_ctx *send_ctx)
{
	if (!state->send_ctx)
		send_ctx_found(state, send_ctx);
	state->ino = send_ctx->cur_ino;
	if (!is_time_to_look(state))
		return;
	state->path_of = state->ino;
	if (settings.output_accounted)
		note_output(state);
	read_path(state, send_ctx->send_buf);
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

static __always_inline void command_ends(struct send_state *state, uint64_t now)
{
	struct state_command *command =
		count_command(state, state->command_kind, state->command_bytes);
	struct event *event;

	command->work_ns += state->command_output_ns - state->last_command_end_ns;
	command->output_ns += now - state->command_output_ns;
	state->last_command_end_ns = now;
	event = record_begin(state, EVENT_COMMAND, now);
	if (!event)
		return;
	event->command.kind = state->command_kind;
	event->command.length = state->command_bytes;
	event->command.output_ns = state->command_output_ns;
	record_submit(event);
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
		read_path(state, send_ctx->send_buf);
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
	record_path(state, send_ctx, kind);
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
		command_ends(state, now);
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
	command_ends(state, now);
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
	record_path(state, send_ctx, COMMAND_ENCODED_WRITE);
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

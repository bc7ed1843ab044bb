/* SPDX-License-Identifier: GPL-2.0 */
#include "tests/system/random/sends.h"

#include "engine/sendengine.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/btrfs.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
	SENDS_STREAM = 3, /* of the random numbers */
	FORMS_STREAM = 4, /* its own, so that a seed's sends stay the same */
	PAIRS_MAX = 20,	  /* beyond, pairs are drawn */
	FULL_MAX = 8,
	PIPE_SIZE = 1 << 20,
	STREAM_FIRST_CAPACITY = 1 << 20,
};

static void pick_clones(struct prng *prng, const struct subvolume *const *snapshots,
			unsigned int count, bool all, struct send_plan *plan)
{
	unsigned int kind = prng_below(prng, 100);

	if (plan->parent && (all || kind < 70))
		plan->clones[plan->clone_count++] = plan->parent;
	/* Only the parent, or the parent and others, or others, or none. */
	if (!all && (kind < 35 || kind >= 85))
		return;
	for (unsigned int i = 0; i < count; i++)
		if (snapshots[i] != plan->snapshot && snapshots[i] != plan->parent &&
		    (all || prng_percent(prng, 45)))
			plan->clones[plan->clone_count++] = snapshots[i];
}

static void add_send(struct send_list *list, struct prng *prng,
		     const struct subvolume *const *snapshots, unsigned int count,
		     unsigned int snapshot, const struct subvolume *parent)
{
	struct send_plan *plan = &list->sends[list->count++];

	plan->snapshot = snapshots[snapshot];
	plan->parent = parent;
	plan->no_file_data = prng_percent(prng, 12);
	pick_clones(prng, snapshots, count, prng_percent(prng, count > 8 ? 60 : 20), plan);
}

/* Half of the sends with protocol 1, the others with 2, some of those with compressed data. */
static void pick_forms(const struct world *world, struct send_list *list)
{
	struct prng prng;

	prng_seed(&prng, world->plan->seed, FORMS_STREAM);
	for (unsigned int i = 0; i < list->count; i++) {
		struct send_plan *plan = &list->sends[i];

		plan->protocol = 1 + prng_percent(&prng, 50);
		plan->compressed_data = plan->protocol == 2 && prng_percent(&prng, 50);
	}
}

int sends_plan(const struct world *world, struct send_list *list)
{
	const struct subvolume *snapshots[WORLD_SUBVOLUMES_MAX];
	unsigned int count = 0, pairs;
	struct prng prng;

	prng_seed(&prng, world->plan->seed, SENDS_STREAM);
	for (unsigned int i = 0; i < world->subvolume_count; i++)
		if (world->subvolumes[i].read_only && !world->subvolumes[i].deleted)
			snapshots[count++] = &world->subvolumes[i];
	list->count = 0;
	list->sends = calloc(FULL_MAX + PAIRS_MAX, sizeof(*list->sends));
	if (!list->sends)
		return -ENOMEM;
	for (unsigned int i = 0; i < count && i < FULL_MAX; i++)
		add_send(list, &prng, snapshots, count,
			 count <= FULL_MAX ? i : prng_below(&prng, count), NULL);
	pairs = count * (count - 1);
	for (unsigned int i = 0; i < pairs && i < PAIRS_MAX; i++) {
		unsigned int pair = pairs <= PAIRS_MAX ? i : prng_below(&prng, pairs);
		unsigned int snapshot = pair / (count - 1), parent = pair % (count - 1);

		parent += parent >= snapshot;
		add_send(list, &prng, snapshots, count, snapshot, snapshots[parent]);
	}
	pick_forms(world, list);
	return 0;
}

void sends_release(struct send_list *list)
{
	free(list->sends);
	memset(list, 0, sizeof(*list));
}

void send_describe(const struct send_plan *plan, char *text, size_t size)
{
	size_t used = snprintf(text, size, "%s (id %llu)", plan->snapshot->name,
			       (unsigned long long)plan->snapshot->id);

	if (plan->parent && used < size)
		used += snprintf(text + used, size - used, " parent %s (id %llu)",
				 plan->parent->name, (unsigned long long)plan->parent->id);
	for (unsigned int i = 0; i < plan->clone_count && used < size; i++)
		used += snprintf(text + used, size - used, "%s%llu", i ? " " : " clone sources ",
				 (unsigned long long)plan->clones[i]->id);
	if (used < size)
		used += snprintf(text + used, size - used, " protocol %u%s", plan->protocol,
				 plan->compressed_data ? " compressed" : "");
	if (plan->no_file_data && used < size)
		snprintf(text + used, size - used, " without file data");
}

int sends_write(const struct send_list *list, const char *path)
{
	FILE *file = fopen(path, "we");
	int code = file ? 0 : -errno;

	for (unsigned int i = 0; file && i < list->count; i++) {
		const struct send_plan *plan = &list->sends[i];

		fprintf(file, "%u %" PRIu64 " %" PRIu64 " %u %s%s ", i, plan->snapshot->id,
			plan->parent ? plan->parent->id : 0, plan->protocol,
			plan->no_file_data ? "n" : "-", plan->compressed_data ? "z" : "");
		for (unsigned int j = 0; j < plan->clone_count; j++)
			fprintf(file, "%s%" PRIu64, j ? "," : "", plan->clones[j]->id);
		fprintf(file, "%s %s\n", plan->clone_count ? "" : "-", plan->snapshot->name);
	}
	if (file && fclose(file))
		code = -errno;
	return code;
}

void stream_release(struct stream *stream)
{
	free(stream->data);
	memset(stream, 0, sizeof(*stream));
}

/* Room for @length bytes behind what is there; NULL without memory. */
static uint8_t *stream_room(struct stream *stream, size_t length)
{
	size_t capacity = stream->capacity ? stream->capacity : STREAM_FIRST_CAPACITY;
	uint8_t *data;

	while (capacity - stream->length < length)
		capacity *= 2;
	if (capacity != stream->capacity) {
		data = realloc(stream->data, capacity);
		if (!data)
			return NULL;
		stream->data = data;
		stream->capacity = capacity;
	}
	return stream->data + stream->length;
}

struct drain {
	int fd;
	struct stream *stream;
	int code;
};

static void *drain_pipe(void *context)
{
	struct drain *drain = context;
	ssize_t got = 1;

	while (got > 0) {
		uint8_t *room = stream_room(drain->stream, PIPE_SIZE);

		/* Without memory the pipe is closed below, which ends the send. */
		got = room ? read(drain->fd, room, PIPE_SIZE) : -1;
		if (got > 0)
			drain->stream->length += got;
	}
	if (got < 0)
		drain->code = -errno;
	close(drain->fd);
	return NULL;
}

/* The ioctl, into @pipe_fd. */
/* Known to the running kernel, perhaps not to the headers. */
#ifndef BTRFS_SEND_FLAG_VERSION
#define BTRFS_SEND_FLAG_VERSION 0x8
#endif
#ifndef BTRFS_SEND_FLAG_COMPRESSED
#define BTRFS_SEND_FLAG_COMPRESSED 0x10
#endif

static int run_ioctl(const struct send_plan *plan, int mount_fd, int pipe_fd)
{
	uint64_t clones[WORLD_SUBVOLUMES_MAX];
	struct btrfs_ioctl_send_args arguments = {
		.send_fd = pipe_fd,
		.clone_sources_count = plan->clone_count,
		.clone_sources = (__u64 *)clones,
		.parent_root = plan->parent ? plan->parent->id : 0,
		.flags = (plan->no_file_data ? BTRFS_SEND_FLAG_NO_FILE_DATA : 0) |
			 (plan->protocol > 1 ? BTRFS_SEND_FLAG_VERSION : 0) |
			 (plan->compressed_data ? BTRFS_SEND_FLAG_COMPRESSED : 0),
		.version = plan->protocol > 1 ? plan->protocol : 0,
	};
	int fd, code;

	for (unsigned int i = 0; i < plan->clone_count; i++)
		clones[i] = plan->clones[i]->id;
	fd = openat(mount_fd, plan->snapshot->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	code = ioctl(fd, BTRFS_IOC_SEND, &arguments) ? -errno : 0;
	close(fd);
	return code;
}

void send_by_kernel(const struct send_plan *plan, int mount_fd, struct stream *stream)
{
	struct drain drain = {.stream = stream};
	pthread_t thread;
	int fds[2];

	stream->length = 0;
	if (pipe2(fds, O_CLOEXEC)) {
		stream->code = -errno;
		return;
	}
	/* Only a matter of speed. */
	fcntl(fds[1], F_SETPIPE_SZ, PIPE_SIZE);
	drain.fd = fds[0];
	stream->code = -pthread_create(&thread, NULL, drain_pipe, &drain);
	if (stream->code) {
		close(fds[0]);
		close(fds[1]);
		return;
	}
	stream->code = run_ioctl(plan, mount_fd, fds[1]);
	close(fds[1]);
	pthread_join(thread, NULL);
	if (!stream->code)
		stream->code = drain.code;
}

static int append(void *context, const void *data, size_t length)
{
	struct stream *stream = context;
	uint8_t *room = stream_room(stream, length);

	if (!room)
		return -ENOMEM;
	memcpy(room, data, length);
	stream->length += length;
	return 0;
}

/* Data with a file is taken from there, and has to be what the engine checked. */
static int append_parts(void *context, const void *head, size_t head_length,
			const struct stream_data *data)
{
	struct stream *stream = context;
	uint8_t *room;
	int ret = append(context, head, head_length);

	if (ret || data->fd < 0)
		return ret ? ret : append(context, data->bytes, data->length);
	room = stream_room(stream, data->length);
	if (!room)
		return -ENOMEM;
	if (pread(data->fd, room, data->length, (off_t)data->offset) != (ssize_t)data->length ||
	    memcmp(room, data->bytes, data->length))
		return -EBADMSG;
	stream->length += data->length;
	return 0;
}

static void count_notice(void *context, const struct send_notice *notice)
{
	char text[256];

	/* Made for each: what it is made of may be wrong, too. */
	send_notice_text(notice, text, sizeof(text));
	(*(uint64_t *)context)++;
}

/* @clones: room for the ids of the clone sources. */
static struct send_request engine_request(const struct send_plan *plan,
					  enum generation_id generation,
					  uint64_t clones[WORLD_SUBVOLUMES_MAX],
					  struct stream *stream)
{
	for (unsigned int i = 0; i < plan->clone_count; i++)
		clones[i] = plan->clones[i]->id;
	stream->length = 0;
	stream->notices = 0;
	return (struct send_request){
		.root_id = plan->snapshot->id,
		.parent_id = plan->parent ? plan->parent->id : 0,
		.clone_ids = clones,
		.clone_count = plan->clone_count,
		.flags = (plan->no_file_data ? SEND_NO_FILE_DATA : 0) |
			 (plan->compressed_data ? SEND_COMPRESSED : 0),
		.protocol = plan->protocol,
		.generation = {.id = generation},
		.sink = append,
		.sink_parts = append_parts,
		.sink_context = stream,
		.notify = count_notice,
		.notify_context = &stream->notices,
	};
}

void send_by_engine(const struct send_plan *plan, struct volume *volume,
		    enum generation_id generation, struct stream *stream,
		    struct accounting *accounting)
{
	uint64_t clones[WORLD_SUBVOLUMES_MAX];
	struct send_request request = engine_request(plan, generation, clones, stream);
	struct send_summary summary;

	request.observer = accounting_observe;
	request.observer_context = accounting;
	*accounting = (struct accounting){0};
	stream->code = send_run(volume, &request, &summary);
	accounting->losses = summary.losses;
}

void send_by_both_finders(const struct send_plan *plan, unsigned int number, struct volume *volume,
			  struct stream *faithful, struct stream *indexed)
{
	/* As 2012 only the faithful one sends. */
	enum generation_id generation =
		GENERATION_6_1 + number % (GENERATION_COUNT - GENERATION_6_1);
	uint64_t clones[WORLD_SUBVOLUMES_MAX];
	struct send_request request = engine_request(plan, generation, clones, faithful);
	struct send_summary summary;

	faithful->code = send_run(volume, &request, &summary);
	request = engine_request(plan, generation, clones, indexed);
	request.finder = SEND_FINDER_INDEXED;
	request.memory_bytes = number % 3 == 2;
	indexed->code = send_run(volume, &request, &summary);
}

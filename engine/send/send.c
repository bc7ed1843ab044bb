/* SPDX-License-Identifier: GPL-2.0 */
/* One send from request to END. */
#include "engine/send/context.h"

#include <errno.h>
#include <stdlib.h>

/* Windows on the data and on a device, the stream's buffer: whatever is sent. */
enum { WINDOWS_BYTES = 10 << 20 };

/* Of what a send may keep, half is for tree blocks, which are cheapest to use again. */
static size_t memory_of(const struct send_request *request)
{
	size_t bytes = request->memory_bytes ? request->memory_bytes : SEND_MEMORY_DEFAULT;

	return bytes > WINDOWS_BYTES ? bytes - WINDOWS_BYTES : 0;
}

static void init_cache(struct send_context *send, struct lru_cache *cache, enum cache_id id,
		       size_t max_size)
{
	cache->id = id;
	cache->max_size = max_size;
	if (send->request->observer) {
		cache->observe = send_observe_cache;
		cache->context = send;
	}
}

static int get_snapshot(struct send_context *send, uint64_t id, const char *role,
			struct root **root)
{
	int ret = root_get(send->volume, id, root);

	if (ret == -ENOENT || (ret == 0 && (!(*root)->is_subvolume || (*root)->is_dead)))
		return send_fail(send, -ENOENT, "%s %llu: no such subvolume", role,
				 (unsigned long long)id);
	if (ret == 0 && !(*root)->read_only)
		return send_fail(send, -EPERM, "%s %llu: not a read-only snapshot", role,
				 (unsigned long long)id);
	return ret;
}

static int compare_clone_roots(const void *a, const void *b)
{
	const struct clone_root *left = a, *right = b;

	return (left->root->id > right->root->id) - (left->root->id < right->root->id);
}

/* The clone sources and the sent root itself, by id. */
static int get_clone_roots(struct send_context *send)
{
	const struct send_request *request = send->request;
	size_t i;

	send->clone_roots = calloc(request->clone_count + 1, sizeof(*send->clone_roots));
	if (!send->clone_roots)
		return send_fail(send, -ENOMEM, "out of memory for clone sources");
	for (i = 0; i < request->clone_count; i++) {
		int ret = get_snapshot(send, request->clone_ids[i], "clone source",
				       &send->clone_roots[i].root);

		if (ret)
			return ret;
	}
	send->clone_roots[i].root = send->send_root;
	send->clone_root_count = i + 1;
	qsort(send->clone_roots, send->clone_root_count, sizeof(*send->clone_roots),
	      compare_clone_roots);
	return 0;
}

/* What the index does not do: the walk and the candidates of the first send. */
static bool can_be_indexed(const struct send_context *send)
{
	return send_behaves(send, BEHAVIOUR_BACKREFS_COMPLETE) &&
	       send_behaves(send, BEHAVIOUR_COMPRESSED_FROM_START) &&
	       send_behaves(send, BEHAVIOUR_CLONE_SHORT_SOURCE) &&
	       send_behaves(send, BEHAVIOUR_REFERENCES_LIMITED);
}

static int make_clone_finder(struct send_context *send)
{
	const struct send_request *request = send->request;
	bool is_told = request->observer && request->observe_decisions;
	const struct clone_finder_setup setup = {
		.kind = is_told || !can_be_indexed(send) ? SEND_FINDER_FAITHFUL : request->finder,
		.index_bytes = memory_of(request) / 4,
		.max_references = request->max_references,
		.send_root = send->send_root,
		.roots = send->clone_roots,
		.root_count = send->clone_root_count,
		.generation = &request->generation,
	};
	int ret;

	if (request->max_references && setup.kind != SEND_FINDER_INDEXED)
		return send_fail(send, -EOPNOTSUPP,
				 "cloning beyond the kernel's limit of references needs the "
				 "indexed finder, which does not do as generation %s or tell what "
				 "it decides",
				 generation_name(request->generation.id));
	ret = clone_finder_new(send->volume, &setup, &send->clones);

	if (ret == 0 && is_told)
		clone_finder_tell(send->clones, send_tell_candidate, send);
	return ret;
}

/*
 * MIRRORS: name_cache_clean_unused() v6.1
 * DIFFERS: no row of the generations is about this alone, as it changes a stream only where old
 * names stay in the cache. The LRU caches came a release after roots of leaves were remembered.
 */
static bool loses_half_of_names(const struct send_context *send)
{
	return !send_behaves(send, BEHAVIOUR_ORPHANS_FORGOTTEN) ||
	       !send_behaves(send, BEHAVIOUR_LEAF_ROOTS_CACHED);
}

static int prepare(struct send_context *send)
{
	const struct send_request *request = send->request;
	struct lru_cache *leaf_cache;
	int ret;

	if (request->protocol < 1 || request->protocol > SEND_PROTOCOL_MAX)
		return send_fail(send, -EPROTO, "protocol %u: expect 1 to %d", request->protocol,
				 SEND_PROTOCOL_MAX);
	if (request->protocol > 1 && !send_behaves(send, BEHAVIOUR_PROTOCOL_2))
		return send_fail(send, -EPROTO,
				 "protocol %u: kernels of generation %s know protocol 1 only",
				 request->protocol, generation_name(request->generation.id));
	if ((request->flags & SEND_COMPRESSED) && request->protocol < 2)
		return send_fail(send, -EINVAL, "compressed data needs protocol 2");
	tree_block_cache_limit(send->volume->blocks, memory_of(request) / 2);
	send->flags = request->flags;
	if (request->flags && !send_behaves(send, BEHAVIOUR_FLAGS_HONOURED)) {
		send->flags = 0;
		send_notify(send, &(struct send_notice){.id = NOTICE_FLAGS_UNKNOWN});
	}
	ret = get_snapshot(send, request->root_id, "snapshot", &send->send_root);
	if (ret == 0 && request->parent_id)
		ret = get_snapshot(send, request->parent_id, "parent", &send->parent_root);
	if (ret == 0)
		ret = get_clone_roots(send);
	if (ret)
		return ret;
	ret = make_clone_finder(send);
	if (ret == 0)
		ret = file_data_new(send->volume, &send->data);
	if (ret == 0 && stream_writer_init(&send->writer, request->protocol, request->sink,
					   request->sink_context))
		ret = send_fail(send, -ENOMEM, "out of memory for the stream buffer");
	if (ret)
		return ret;
	send->writer.write_parts = request->sink_parts;
	crc32c_blocks_init(&send->blocks, send->volume->sectorsize);
	send->writer.blocks = &send->blocks;
	ret = receiver_new(send, &send->receiver);
	if (ret)
		return ret;
	leaf_cache = clone_finder_cache(send->clones);
	init_cache(send, leaf_cache, CACHE_BACKREF, LEAF_CACHE_SIZE);
	init_cache(send, &send->names, CACHE_NAME, NAME_CACHE_SIZE);
	if (loses_half_of_names(send))
		send->names.keep = NAME_CACHE_SIZE / 2;
	init_cache(send, &send->dirs_created, CACHE_DIR_CREATED, DIR_CREATED_CACHE_SIZE);
	init_cache(send, &send->dir_utimes, CACHE_DIR_UTIMES, 0);
	return 0;
}

static int send_trees(struct send_context *send)
{
	const struct key first = {.objectid = BTRFS_FIRST_FREE_OBJECTID,
				  .type = BTRFS_INODE_ITEM_KEY};

	if (send->parent_root)
		return tree_compare(send->send_root, send->parent_root, send_changed, send);
	return tree_walk(send->send_root, &first, send_changed, send);
}

static int write_stream(struct send_context *send)
{
	unsigned int flags = send->flags;
	int ret = 0;

	if (!(flags & SEND_OMIT_STREAM_HEADER))
		ret = stream_write_header(&send->writer);
	if (ret)
		return send_fail(send, ret, "cannot write the stream: %s", strerror(-ret));
	ret = send_subvolume_command(send);
	if (ret == 0)
		ret = send_trees(send);
	if (ret == 0)
		ret = send_finish_inode(send, true);
	if (ret == 0)
		ret = send_flush_dir_utimes(send);
	if (ret || (flags & SEND_OMIT_END_CMD))
		return ret;
	receiver_finish(send->receiver);
	stream_begin(&send->writer, STREAM_C_END);
	return send_end_command(send);
}

static void summarize(const struct send_context *send, struct send_summary *summary)
{
	const struct lru_cache *const caches[CACHE_COUNT] = {
		[CACHE_NAME] = &send->names,
		[CACHE_BACKREF] = send->clones ? clone_finder_cache(send->clones) : NULL,
		[CACHE_DIR_CREATED] = &send->dirs_created,
		[CACHE_DIR_UTIMES] = &send->dir_utimes,
	};
	size_t i;

	*summary = (struct send_summary){.commands = send->writer.commands,
					 .bytes = send->writer.bytes,
					 .peak_bytes = WINDOWS_BYTES +
						       tree_block_cache_peak(send->volume->blocks)};
	for (i = 0; i < CACHE_COUNT; i++) {
		if (caches[i])
			summary->caches[i] = caches[i]->counters;
	}
	clone_loss_get(&send->losses, &summary->losses);
	memcpy(summary->notices, send->notices, sizeof(summary->notices));
	if (send->clones) {
		clone_finder_get_counters(send->clones, &summary->backrefs);
		summary->peak_bytes += clone_finder_peak_bytes(send->clones);
	}
}

/* What is thrown away in the end is no event any more. */
static void empty_cache(struct lru_cache *cache)
{
	cache->observe = NULL;
	lru_cache_clear(cache);
}

static void release(struct send_context *send)
{
	ref_list_clear(&send->new_refs);
	ref_list_clear(&send->deleted_refs);
	send_release_moves(send);
	send_release_orphan_dirs(send);
	empty_cache(&send->names);
	empty_cache(&send->dirs_created);
	empty_cache(&send->dir_utimes);
	if (send->clones)
		empty_cache(clone_finder_cache(send->clones));
	receiver_free(send->receiver);
	clone_finder_free(send->clones);
	file_data_free(send->data);
	stream_writer_release(&send->writer);
	free(send->verity);
	free(send->clone_roots);
}

int send_run(struct volume *volume, const struct send_request *request,
	     struct send_summary *summary)
{
	struct send_context *send = calloc(1, sizeof(*send));
	int ret;

	failure_clear(&volume->failure);
	*summary = (struct send_summary){0};
	if (!send)
		return volume_fail(volume, -ENOMEM, "out of memory for a send");
	send->volume = volume;
	send->request = request;
	ret = prepare(send);
	if (ret == 0)
		ret = write_stream(send);
	/* Not every failure has a message of its own; what was being done says where. */
	if (ret)
		send_fail(send, ret, "root %llu inode %llu: %s",
			  (unsigned long long)request->root_id, (unsigned long long)send->cur.ino,
			  strerror(-ret));
	summarize(send, summary);
	release(send);
	free(send);
	return ret;
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The cache of tree blocks. Held blocks (references > 0) are in the index only; blocks nobody holds
 * are in the order of last use too, and the oldest go when the cache is over its size. A block that
 * was superseded while held leaves the index and is freed when it is put.
 */
#include "engine/tree/tree_block.h"

#include "engine/core/slabs.h"
#include "engine/core/u64_map.h"
#include "engine/tree/tree_check.h"
#include "engine/volume/chunk.h"
#include "engine/volume/csum.h"
#include "engine/volume/device_set.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

struct cached_block {
	struct tree_block block;
	struct tree_block_cache *cache;
	bool is_indexed;
	uint8_t bytes[]; /* nodesize */
};

struct tree_block_cache {
	struct u64_map by_bytenr;
	struct tree_block *newest, *oldest; /* of those nobody holds */
	struct slabs slabs;		    /* the memory of blocks */
	size_t bytes;
	size_t max_bytes;
	size_t peak_bytes;
};

static struct cached_block *cached(struct tree_block *block)
{
	return (struct cached_block *)((char *)block - offsetof(struct cached_block, block));
}

int tree_block_cache_new(struct volume *volume, size_t max_bytes, struct tree_block_cache **out)
{
	struct tree_block_cache *cache = calloc(1, sizeof(*cache));

	if (!cache)
		return volume_fail(volume, -ENOMEM, "out of memory for the tree block cache");
	cache->slabs.piece = sizeof(struct cached_block) + volume->nodesize;
	cache->max_bytes = max_bytes;
	*out = cache;
	return 0;
}

static void unlink_unheld(struct tree_block_cache *cache, struct tree_block *block)
{
	if (block->newer)
		block->newer->older = block->older;
	else
		cache->newest = block->older;
	if (block->older)
		block->older->newer = block->newer;
	else
		cache->oldest = block->newer;
	block->newer = block->older = NULL;
}

static void link_newest(struct tree_block_cache *cache, struct tree_block *block)
{
	block->newer = NULL;
	block->older = cache->newest;
	if (cache->newest)
		cache->newest->newer = block;
	else
		cache->oldest = block;
	cache->newest = block;
}

static void free_block(struct tree_block_cache *cache, struct tree_block *block)
{
	cache->bytes -= cache->slabs.piece;
	slabs_put(&cache->slabs, cached(block));
}

/* From now on reads of its address do not find @block; it goes at once unless somebody holds it. */
static void forget_block(struct tree_block_cache *cache, struct tree_block *block)
{
	u64_map_remove(&cache->by_bytenr, block->bytenr);
	cached(block)->is_indexed = false;
	if (block->references)
		return;
	unlink_unheld(cache, block);
	free_block(cache, block);
}

void tree_block_cache_clear(struct tree_block_cache *cache)
{
	struct u64_map old = cache->by_bytenr;
	size_t i;

	cache->by_bytenr = (struct u64_map){0};
	for (i = 0; i < old.capacity; i++) {
		if (old.slots[i].value)
			forget_block(cache, old.slots[i].value);
	}
	u64_map_release(&old);
}

void tree_block_cache_free(struct tree_block_cache *cache)
{
	if (!cache)
		return;
	tree_block_cache_clear(cache);
	slabs_release(&cache->slabs);
	free(cache);
}

void tree_block_cache_limit(struct tree_block_cache *cache, size_t max_bytes)
{
	cache->max_bytes = max_bytes;
	while (cache->oldest && cache->bytes > max_bytes)
		forget_block(cache, cache->oldest);
}

size_t tree_block_cache_peak(const struct tree_block_cache *cache)
{
	return cache->peak_bytes;
}

static struct tree_block *new_block(struct volume *volume)
{
	struct tree_block_cache *cache = volume->blocks;
	struct cached_block *entry;

	while (cache->oldest && cache->bytes + cache->slabs.piece > cache->max_bytes)
		forget_block(cache, cache->oldest);
	entry = slabs_take(&cache->slabs);
	if (!entry) {
		volume_fail(volume, -ENOMEM, "out of memory for a tree block");
		return NULL;
	}
	memset(entry, 0, sizeof(*entry));
	entry->cache = cache;
	entry->block.data = entry->bytes;
	cache->bytes += cache->slabs.piece;
	if (cache->bytes > cache->peak_bytes)
		cache->peak_bytes = cache->bytes;
	return &entry->block;
}

#define block_fail(volume, code, id, format, ...)                                               \
	volume_fail(volume, code, "tree block %llu: " format, (unsigned long long)(id)->bytenr, \
		    __VA_ARGS__)

/* A whole block of this filesystem, wherever it belongs. */
static int verify_header(struct volume *volume, const struct tree_block_id *id,
			 const struct tree_block *block)
{
	const struct btrfs_header *header = (const struct btrfs_header *)block->data;
	uint8_t sum[BTRFS_CSUM_SIZE];

	volume->csum->compute(block->data + BTRFS_CSUM_SIZE, volume->nodesize - BTRFS_CSUM_SIZE,
			      sum);
	if (memcmp(sum, header->csum, volume->csum->size))
		return block_fail(volume, -EUCLEAN, id, "wrong %s checksum", volume->csum->name);
	if (memcmp(header->fsid, volume->metadata_uuid, sizeof(header->fsid)) &&
	    !device_set_has_seed(volume->devices, header->fsid))
		return block_fail(volume, -EUCLEAN, id, "%s", "of another filesystem");
	return 0;
}

/* The block that @id names. */
static int verify_identity(struct volume *volume, const struct tree_block_id *id,
			   const struct tree_block *block)
{
	if (block->bytenr != id->bytenr)
		return block_fail(volume, -EUCLEAN, id, "says it is at %llu",
				  (unsigned long long)block->bytenr);
	if (id->generation && block->generation != id->generation)
		return block_fail(volume, -EUCLEAN, id, "generation %llu, expect %llu",
				  (unsigned long long)block->generation,
				  (unsigned long long)id->generation);
	if (id->level >= 0 && block->level != id->level)
		return block_fail(volume, -EUCLEAN, id, "level %u, expect %d", block->level,
				  id->level);
	return 0;
}

static int read_copy(struct volume *volume, const struct tree_block_id *id, unsigned int mirror,
		     struct tree_block *block)
{
	const struct tree_check_limits limits = {.nodesize = volume->nodesize,
						 .sectorsize = volume->sectorsize};
	struct cached_block *entry = cached(block);
	const struct btrfs_header *header = (const struct btrfs_header *)entry->bytes;
	int ret = chunk_map_read(volume, id->bytenr, mirror, entry->bytes, volume->nodesize);

	if (ret)
		return ret;
	block->bytenr = from_le64(header->bytenr);
	block->generation = from_le64(header->generation);
	block->owner = from_le64(header->owner);
	block->nritems = from_le32(header->nritems);
	block->level = header->level;
	ret = verify_header(volume, id, block);
	if (!ret)
		ret = verify_identity(volume, id, block);
	if (!ret)
		ret = tree_check(block, &limits, &volume->failure);
	return ret;
}

/* Try the copies in turn. A failure recorded on the way is dropped when one is good. */
static int try_mirrors(struct volume *volume, const struct tree_block_id *id,
		       struct tree_block *block)
{
	unsigned int mirrors = chunk_map_mirrors(volume, id->bytenr);
	bool had_failure = volume->failure.code != 0;
	unsigned int mirror;
	int ret, first = 0;

	if (!mirrors)
		return block_fail(volume, -EUCLEAN, id, "%s", "address is in no chunk");
	for (mirror = 0; mirror < mirrors; mirror++) {
		ret = read_copy(volume, id, mirror, block);
		if (!ret)
			break;
		if (!first)
			first = ret;
	}
	if (mirror == mirrors)
		return first;
	if (mirror && !had_failure)
		failure_clear(&volume->failure);
	volume->counters.bad_copies += mirror;
	volume->counters.blocks_read++;
	return 0;
}

static int read_block(struct volume *volume, const struct tree_block_id *id,
		      struct tree_block *block)
{
	bool had_failure = volume->failure.code != 0;
	unsigned int tries = 0;
	int ret;

	do {
		if (tries && !had_failure)
			failure_clear(&volume->failure);
		ret = try_mirrors(volume, id, block);
	} while (ret == -EUCLEAN && chunk_map_retry(volume, id->bytenr, &tries));
	return ret;
}

static int read_and_insert(struct volume *volume, const struct tree_block_id *id,
			   struct tree_block **out)
{
	struct tree_block_cache *cache = volume->blocks;
	struct tree_block *block = new_block(volume);
	int ret;

	if (!block)
		return -ENOMEM;
	ret = read_block(volume, id, block);
	/*
	 * On a mounted device the place may since hold another block, data, or nothing: only after
	 * a look at the superblock can the reader tell that from damage.
	 */
	if (volume->live && (ret == -EUCLEAN || ret == -ENODATA)) {
		if (volume->failure.code == ret)
			volume->failure.code = -ESTALE;
		ret = -ESTALE;
	}
	if (ret) {
		free_block(cache, block);
		return ret;
	}
	if (u64_map_add(&cache->by_bytenr, block->bytenr, block)) {
		free_block(cache, block);
		return volume_fail(volume, -ENOMEM, "out of memory for the tree block index");
	}
	cached(block)->is_indexed = true;
	block->references = 1;
	*out = block;
	return 0;
}

int tree_block_get(struct volume *volume, const struct tree_block_id *id, struct tree_block **out)
{
	struct tree_block_cache *cache = volume->blocks;
	struct tree_block *block;

	block = u64_map_find(&cache->by_bytenr, id->bytenr);
	if (block) {
		if ((!id->generation || block->generation == id->generation) &&
		    (id->level < 0 || block->level == id->level)) {
			if (!block->references++)
				unlink_unheld(cache, block);
			volume->counters.block_cache_hits++;
			*out = block;
			return 0;
		}
		/* Not what is asked for: what lies there now decides whether that is damage. */
		forget_block(cache, block);
	}
	return read_and_insert(volume, id, out);
}

void tree_block_put(struct tree_block *block)
{
	struct tree_block_cache *cache;

	if (!block || --block->references)
		return;
	cache = cached(block)->cache;
	if (!cached(block)->is_indexed) {
		free_block(cache, block);
		return;
	}
	link_newest(cache, block);
	if (cache->bytes > cache->max_bytes)
		forget_block(cache, cache->oldest);
}

int tree_block_fail_child(struct volume *volume, const struct tree_block *parent, uint32_t slot,
			  const struct tree_block *child)
{
	struct key first;

	if (!child->nritems)
		return volume_fail(volume, -EUCLEAN,
				   "tree block %llu: no items, expect some below node %llu slot %u",
				   (unsigned long long)child->bytenr,
				   (unsigned long long)parent->bytenr, slot);
	first = tree_block_key(child, 0);
	return volume_fail(
		volume, -EUCLEAN,
		"tree block %llu: first key (%llu %u %llu), node %llu slot %u has another",
		(unsigned long long)child->bytenr, (unsigned long long)first.objectid, first.type,
		(unsigned long long)first.offset, (unsigned long long)parent->bytenr, slot);
}

/* SPDX-License-Identifier: GPL-2.0 */
#include "bench/count.h"

#include <endian.h>
#include <err.h>
#include <fcntl.h>
#include <fts.h>
#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { SEARCH_BUFFER = 1 << 20, NAMES_MAX = 65536 };

typedef void (*item_fn)(const struct btrfs_ioctl_search_header *header, const void *item,
			void *context);

/* Where to go on behind an item: the next key, in the order of the tree. False at the end. */
static bool step(struct btrfs_ioctl_search_key *key, const struct btrfs_ioctl_search_header *last)
{
	key->min_objectid = last->objectid;
	key->min_type = last->type;
	key->min_offset = last->offset + 1;
	if (key->min_offset)
		return true;
	key->min_type++;
	if (key->min_type <= UINT8_MAX)
		return true;
	key->min_type = 0;
	return ++key->min_objectid;
}

/* Call @found with each item of @type in a tree. */
static void for_each_item(int fd, uint64_t tree, uint32_t type, item_fn found, void *context)
{
	struct btrfs_ioctl_search_args_v2 *search = malloc(sizeof(*search) + SEARCH_BUFFER);
	struct btrfs_ioctl_search_key *key;
	struct btrfs_ioctl_search_header header = {0};

	if (!search)
		err(1, "a search");
	key = &search->key;
	*key = (struct btrfs_ioctl_search_key){
		.tree_id = tree,
		.max_objectid = UINT64_MAX,
		.max_type = UINT8_MAX,
		.max_offset = UINT64_MAX,
		.max_transid = UINT64_MAX,
	};
	do {
		const char *at = (const char *)search->buf;

		search->buf_size = SEARCH_BUFFER;
		key->nr_items = UINT32_MAX;
		if (ioctl(fd, BTRFS_IOC_TREE_SEARCH_V2, search))
			err(1, "search in tree %llu", (unsigned long long)tree);
		for (uint32_t i = 0; i < key->nr_items; i++) {
			memcpy(&header, at, sizeof(header));
			at += sizeof(header);
			if (header.type == type)
				found(&header, at, context);
			at += header.len;
		}
	} while (key->nr_items && step(key, &header));
	free(search);
}

static void count_extent(const struct btrfs_ioctl_search_header *header, const void *item,
			 void *context)
{
	struct filesystem_counts *counts = context;
	struct btrfs_extent_item extent;

	if (header->len < sizeof(extent))
		errx(1, "extent item of %u bytes", header->len);
	memcpy(&extent, item, sizeof(extent));
	if (!(le64toh(extent.flags) & BTRFS_EXTENT_FLAG_DATA))
		return;
	counts->extents++;
	counts->tree_references += le64toh(extent.refs);
}

static void count_reference(const struct btrfs_ioctl_search_header *header, const void *item,
			    void *context)
{
	struct filesystem_counts *counts = context;
	struct btrfs_file_extent_item extent;

	/* Of an inline one there is no more than up to its data. */
	if (header->len < sizeof(extent))
		return;
	memcpy(&extent, item, sizeof(extent));
	if (extent.type != BTRFS_FILE_EXTENT_INLINE && extent.disk_bytenr)
		counts->references++;
}

struct subvolume_walk {
	int fd;
	struct filesystem_counts *counts;
};

static void count_subvolume(const struct btrfs_ioctl_search_header *header, const void *item,
			    void *context)
{
	struct subvolume_walk *walk = context;

	(void)item;
	if (header->objectid != BTRFS_FS_TREE_OBJECTID &&
	    (header->objectid < BTRFS_FIRST_FREE_OBJECTID ||
	     header->objectid > BTRFS_LAST_FREE_OBJECTID))
		return;
	for_each_item(walk->fd, header->objectid, BTRFS_EXTENT_DATA_KEY, count_reference,
		      walk->counts);
}

/* Extended attributes of users: a security module may have its own on every file. */
static uint64_t user_attributes(const char *path)
{
	static char names[NAMES_MAX];
	ssize_t length = llistxattr(path, names, sizeof(names));
	uint64_t count = 0;

	if (length < 0)
		err(1, "attributes of %s", path);
	for (const char *name = names; name < names + length; name += strlen(name) + 1)
		count += !strncmp(name, "user.", 5);
	return count;
}

static void count_entries(const char *path, struct filesystem_counts *counts)
{
	char *paths[] = {(char *)path, NULL};
	FTS *walk = fts_open(paths, FTS_PHYSICAL, NULL);
	FTSENT *entry;

	if (!walk)
		err(1, "walk %s", path);
	while ((entry = fts_read(walk))) {
		if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR ||
		    entry->fts_info == FTS_NS)
			errx(1, "walk %s: %s", entry->fts_path, strerror(entry->fts_errno));
		if (entry->fts_info == FTS_DP || entry->fts_level == 0)
			continue;
		counts->files += S_ISREG(entry->fts_statp->st_mode);
		counts->folders += entry->fts_info == FTS_D;
		if ((uint64_t)entry->fts_level > counts->depth)
			counts->depth = (uint64_t)entry->fts_level;
		if (entry->fts_info == FTS_F)
			counts->attributes += user_attributes(entry->fts_accpath);
	}
	fts_close(walk);
}

void count_filesystem(const char *path, const char *subvolume, struct filesystem_counts *counts)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct subvolume_walk walk = {.fd = fd, .counts = counts};

	if (fd < 0)
		err(1, "open %s", path);
	*counts = (struct filesystem_counts){0};
	count_entries(subvolume, counts);
	for_each_item(fd, BTRFS_EXTENT_TREE_OBJECTID, BTRFS_EXTENT_ITEM_KEY, count_extent, counts);
	for_each_item(fd, BTRFS_ROOT_TREE_OBJECTID, BTRFS_ROOT_ITEM_KEY, count_subvolume, &walk);
	close(fd);
}

/* SPDX-License-Identifier: GPL-2.0 */
#include "engine/send/context.h"

#include <errno.h>
#include <sys/stat.h>

static void remember_created(struct send_context *send, uint64_t dir)
{
	struct lru_entry *entry = calloc(1, sizeof(*entry));

	/* The cache only saves looking through the directory. */
	if (!entry)
		return;
	entry->key.key = dir;
	if (!lru_cache_store(&send->dirs_created, entry))
		free(entry);
}

/*
 * Was this directory made before its turn? It was if the send root has an entry in it whose inode
 * was processed already. 0, 1, errno. MIRRORS: did_create_dir() v6.18
 */
static int was_created_early(struct send_context *send, uint64_t dir)
{
	const struct key first = {.objectid = dir, .type = BTRFS_DIR_INDEX_KEY};
	struct btree_path path = {0};
	int ret, created = 0;

	if (lru_cache_lookup(&send->dirs_created, dir, 0))
		return 1;
	for (ret = btree_search_from(send->send_root, &first, &path); ret == 0 && !created;
	     ret = btree_next(&path)) {
		struct key key = btree_path_key(&path);
		const struct btrfs_dir_item *item = btree_path_data(&path);
		struct key location = key_from_disk(&item->location);

		if (key.objectid != dir || key.type != BTRFS_DIR_INDEX_KEY)
			break;
		if (location.objectid < send->progress &&
		    (location.type != BTRFS_ROOT_ITEM_KEY ||
		     !send_behaves(send, BEHAVIOUR_SUBVOLUMES_IGNORED))) {
			created = 1;
			break;
		}
	}
	btree_path_release(&path);
	if (ret < 0)
		return ret;
	if (created)
		remember_created(send, dir);
	return created;
}

static const struct {
	uint32_t type;
	enum stream_command_id command;
	bool is_node; /* carries a device number and its mode */
} creators[] = {
	{S_IFREG, STREAM_C_MKFILE, false},  {S_IFDIR, STREAM_C_MKDIR, false},
	{S_IFLNK, STREAM_C_SYMLINK, false}, {S_IFCHR, STREAM_C_MKNOD, true},
	{S_IFBLK, STREAM_C_MKNOD, true},    {S_IFIFO, STREAM_C_MKFIFO, true},
	{S_IFSOCK, STREAM_C_MKSOCK, true},
};

/* From major << 20 | minor, as on disk, to the kernel's huge device encoding. */
static uint64_t encode_device(uint64_t rdev)
{
	uint64_t major = (rdev >> 20) & 0xfff, minor = rdev & 0xfffff;

	return (minor & 0xff) | major << 8 | (minor & ~0xffULL) << 12;
}

/* What the receiver's mknod is told. */
static uint64_t device_number(struct send_context *send, uint64_t rdev)
{
	uint64_t encoded = encode_device(rdev);

	if (send_behaves(send, BEHAVIOUR_DEVICE_ENCODED))
		return encoded;
	if (rdev != encoded)
		send_notify(send, &(struct send_notice){.id = NOTICE_DEVICE_NUMBER,
							.offset = rdev,
							.length = encoded});
	return rdev;
}

static int put_link_target(struct send_context *send, uint64_t ino)
{
	const struct key key = {.objectid = ino, .type = BTRFS_EXTENT_DATA_KEY};
	const struct btrfs_file_extent_item *extent;
	struct btree_path path = {0};
	uint64_t length;
	int ret = btree_search(send->send_root, &key, &path);

	if (ret > 0)
		ret = send_fail(send, -EIO, "symlink inode %llu of root %llu is empty",
				(unsigned long long)ino, (unsigned long long)send->send_root->id);
	if (ret == 0) {
		extent = btree_path_data(&path);
		length = from_le64(extent->ram_bytes);
		if (extent->type != BTRFS_FILE_EXTENT_INLINE || extent->compression ||
		    length > btree_path_size(&path) - BTRFS_FILE_EXTENT_INLINE_DATA_START)
			ret = send_fail(send, -EUCLEAN,
					"symlink inode %llu of root %llu: target is not inline",
					(unsigned long long)ino,
					(unsigned long long)send->send_root->id);
		else
			stream_put(&send->writer, STREAM_A_PATH_LINK,
				   (const uint8_t *)extent + BTRFS_FILE_EXTENT_INLINE_DATA_START,
				   length);
	}
	btree_path_release(&path);
	return ret;
}

static int current_or_other_info(struct send_context *send, uint64_t ino, struct inode_info *info)
{
	if (ino != send->cur.ino)
		return inode_get_info(send->send_root, ino, info);
	info->generation = send->cur.generation;
	info->mode = send->cur.mode;
	info->rdev = send->cur.rdev;
	return 0;
}

/* MIRRORS: send_create_inode() v6.18 */
int send_create_inode(struct send_context *send, uint64_t ino)
{
	struct inode_info info;
	struct path_buf name;
	size_t i;
	int ret = current_or_other_info(send, ino, &info);

	if (ret)
		return ret;
	for (i = 0; i < sizeof(creators) / sizeof(creators[0]); i++) {
		if (creators[i].type == (info.mode & S_IFMT))
			break;
	}
	if (i == sizeof(creators) / sizeof(creators[0]))
		return send_fail(send, -EOPNOTSUPP, "inode %llu has unknown type %o",
				 (unsigned long long)ino, info.mode & S_IFMT);
	path_reset(&name);
	ret = send_orphan_name(send, ino, info.generation, &name);
	if (ret)
		return ret;
	stream_begin(&send->writer, creators[i].command);
	stream_put(&send->writer, STREAM_A_PATH, name.text, name.length);
	stream_put_u64(&send->writer, STREAM_A_INO, ino);
	if (creators[i].command == STREAM_C_SYMLINK)
		ret = put_link_target(send, ino);
	if (creators[i].is_node) {
		stream_put_u64(&send->writer, STREAM_A_RDEV, device_number(send, info.rdev));
		if (send_behaves(send, BEHAVIOUR_NODE_MODE))
			stream_put_u64(&send->writer, STREAM_A_MODE, info.mode);
	}
	return ret ? ret : send_end_command(send);
}

int send_create_current(struct send_context *send)
{
	bool is_dir = S_ISDIR(send->cur.mode);
	int ret;

	if (is_dir) {
		ret = was_created_early(send, send->cur.ino);
		if (ret)
			return ret < 0 ? ret : 0;
	}
	ret = send_create_inode(send, send->cur.ino);
	if (ret == 0 && is_dir)
		remember_created(send, send->cur.ino);
	return ret;
}

int send_create_dir_early(struct send_context *send, uint64_t dir)
{
	int ret = was_created_early(send, dir);

	if (ret)
		return ret < 0 ? ret : 0;
	ret = send_create_inode(send, dir);
	if (ret == 0)
		remember_created(send, dir);
	return ret;
}

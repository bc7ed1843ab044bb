/* SPDX-License-Identifier: GPL-2.0 */
/* One function a command: its attributes in the order of the stream format. */
#include "engine/send/context.h"

#include <errno.h>
#include <linux/falloc.h>

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* The command that was just written; its path is in the writer's buffer still. */
static void observe_command(struct send_context *send, uint32_t length, uint64_t offset)
{
	const struct stream_writer *writer = &send->writer;
	size_t kept = smaller(writer->path_length, EVENT_PATH_MAX - 1);
	struct event_with_path told;

	if (!send->request->observer)
		return;
	memset(&told.event, 0, sizeof(told.event));
	told.event.type = EVENT_COMMAND;
	told.event.ino = send->cur.ino;
	told.event.command.kind = writer->command;
	told.event.command.length = length;
	told.event.command.offset = offset;
	if (writer->path) {
		memcpy(told.path, writer->path + writer->path_length - kept, kept);
		told.path[kept] = '\0';
		told.event.command.path_size = (uint32_t)kept + 1;
		told.event.command.path_length = (uint32_t)writer->path_length;
	}
	send_observe(send, &told.event);
}

int send_end_command(struct send_context *send)
{
	const uint32_t length = (uint32_t)send->writer.size;
	const uint64_t offset = send->writer.bytes;
	int ret;

	receiver_follow(send->receiver, &send->writer);
	ret = stream_end(&send->writer);
	if (ret == 0)
		observe_command(send, length, offset);
	else if (ret == -EOVERFLOW)
		send_fail(send, ret, "inode %llu: a command %s does not fit its buffer",
			  (unsigned long long)send->cur.ino,
			  stream_commands[send->writer.command].name);
	else
		send_fail(send, ret, "cannot write the stream: %s", strerror(-ret));
	return ret;
}

static void put_path(struct send_context *send, enum stream_attribute_id attribute,
		     const struct path_buf *path)
{
	stream_put(&send->writer, attribute, path->text, path->length);
}

/* Begin a command about the current inode: its path comes first. */
static int begin_with_path(struct send_context *send, enum stream_command_id command)
{
	const struct path_buf *path;
	int ret = send_inode_path(send, &path);

	if (ret)
		return ret;
	stream_begin(&send->writer, command);
	put_path(send, STREAM_A_PATH, path);
	return 0;
}

/* What identifies a subvolume to a receiver: a received one goes by the uuid it was sent with. */
static void put_identity(struct send_context *send, const struct root *root,
			 enum stream_attribute_id uuid, enum stream_attribute_id transid)
{
	static const uint8_t none[BTRFS_UUID_SIZE];
	bool received = memcmp(root->received_uuid, none, sizeof(none)) != 0;

	if (received && !send_behaves(send, BEHAVIOUR_RECEIVED_UUID)) {
		received = false;
		send_notify(send, &(struct send_notice){.id = NOTICE_OWN_UUID, .offset = root->id});
	}
	stream_put(&send->writer, uuid, received ? root->received_uuid : root->uuid,
		   BTRFS_UUID_SIZE);
	stream_put_u64(&send->writer, transid, root->ctransid);
}

/* Position @path at the first ROOT_BACKREF of the sent subvolume, which has its name. */
static int find_subvolume_name(struct send_context *send, struct btree_path *path)
{
	const struct key first = {.objectid = send->send_root->id, .type = BTRFS_ROOT_BACKREF_KEY};
	struct root *tree_root;
	struct key key;
	int ret = root_get(send->volume, BTRFS_ROOT_TREE_OBJECTID, &tree_root);

	if (ret == 0)
		ret = btree_search_from(tree_root, &first, path);
	if (ret < 0)
		return ret;
	if (ret == 0)
		key = btree_path_key(path);
	if (ret > 0 || key.objectid != first.objectid || key.type != first.type)
		return send_fail(send, -ENOENT,
				 "subvolume %llu has no name: it lies in no directory",
				 (unsigned long long)send->send_root->id);
	return 0;
}

/* MIRRORS: send_subvol_begin() v6.18 */
int send_subvolume_command(struct send_context *send)
{
	const struct btrfs_root_ref *ref;
	struct btree_path path = {0};
	int ret = find_subvolume_name(send, &path);

	if (ret == 0) {
		ref = btree_path_data(&path);
		stream_begin(&send->writer,
			     send->parent_root ? STREAM_C_SNAPSHOT : STREAM_C_SUBVOL);
		stream_put(&send->writer, STREAM_A_PATH, ref + 1, from_le16(ref->name_len));
		put_identity(send, send->send_root, STREAM_A_UUID, STREAM_A_CTRANSID);
		if (send->parent_root)
			put_identity(send, send->parent_root, STREAM_A_CLONE_UUID,
				     STREAM_A_CLONE_CTRANSID);
		ret = send_end_command(send);
	}
	btree_path_release(&path);
	return ret;
}

int send_rename(struct send_context *send, const struct path_buf *from, const char *to,
		size_t to_length)
{
	stream_begin(&send->writer, STREAM_C_RENAME);
	put_path(send, STREAM_A_PATH, from);
	stream_put(&send->writer, STREAM_A_PATH_TO, to, to_length);
	return send_end_command(send);
}

int send_link(struct send_context *send, const char *path, size_t length,
	      const struct path_buf *target)
{
	stream_begin(&send->writer, STREAM_C_LINK);
	stream_put(&send->writer, STREAM_A_PATH, path, length);
	put_path(send, STREAM_A_PATH_LINK, target);
	return send_end_command(send);
}

int send_unlink(struct send_context *send, const char *path, size_t length)
{
	stream_begin(&send->writer, STREAM_C_UNLINK);
	stream_put(&send->writer, STREAM_A_PATH, path, length);
	return send_end_command(send);
}

int send_rmdir(struct send_context *send, const struct path_buf *path)
{
	stream_begin(&send->writer, STREAM_C_RMDIR);
	put_path(send, STREAM_A_PATH, path);
	return send_end_command(send);
}

int send_truncate(struct send_context *send, uint64_t size)
{
	int ret = begin_with_path(send, STREAM_C_TRUNCATE);

	if (ret)
		return ret;
	stream_put_u64(&send->writer, STREAM_A_SIZE, size);
	return send_end_command(send);
}

int send_chmod(struct send_context *send, uint32_t mode)
{
	int ret = begin_with_path(send, STREAM_C_CHMOD);

	if (ret)
		return ret;
	stream_put_u64(&send->writer, STREAM_A_MODE, mode & 07777);
	return send_end_command(send);
}

int send_chown(struct send_context *send, uint32_t uid, uint32_t gid)
{
	int ret = begin_with_path(send, STREAM_C_CHOWN);

	if (ret)
		return ret;
	stream_put_u64(&send->writer, STREAM_A_UID, uid);
	stream_put_u64(&send->writer, STREAM_A_GID, gid);
	return send_end_command(send);
}

static void put_time(struct send_context *send, enum stream_attribute_id attribute,
		     const struct btrfs_timespec *time)
{
	stream_put(&send->writer, attribute, time, sizeof(*time));
}

static int put_times(struct send_context *send, uint64_t ino)
{
	const struct inode_info *info;
	int ret = inode_find(send->send_root, ino, &info);

	if (ret)
		return ret;
	put_time(send, STREAM_A_ATIME, &info->atime);
	put_time(send, STREAM_A_MTIME, &info->mtime);
	put_time(send, STREAM_A_CTIME, &info->ctime);
	if (send->writer.protocol >= 2)
		put_time(send, STREAM_A_OTIME, &info->otime);
	return 0;
}

/* For any inode: times of directories are sent when others are current. */
int send_utimes(struct send_context *send, uint64_t ino, uint64_t generation)
{
	const struct path_buf *path;
	struct path_buf other;
	int ret;

	if (is_current_inode(send, ino, generation)) {
		ret = send_inode_path(send, &path);
	} else {
		path = &other;
		ret = send_current_path(send, ino, generation, &other);
	}
	if (ret)
		return ret;
	stream_begin(&send->writer, STREAM_C_UTIMES);
	put_path(send, STREAM_A_PATH, path);
	ret = put_times(send, ino);
	return ret ? ret : send_end_command(send);
}

int send_set_xattr(struct send_context *send, const char *name, size_t name_length,
		   const void *value, size_t value_length)
{
	int ret = begin_with_path(send, STREAM_C_SET_XATTR);

	if (ret)
		return ret;
	stream_put(&send->writer, STREAM_A_XATTR_NAME, name, name_length);
	stream_put(&send->writer, STREAM_A_XATTR_DATA, value, value_length);
	return send_end_command(send);
}

int send_remove_xattr(struct send_context *send, const char *name, size_t name_length)
{
	int ret = begin_with_path(send, STREAM_C_REMOVE_XATTR);

	if (ret)
		return ret;
	stream_put(&send->writer, STREAM_A_XATTR_NAME, name, name_length);
	return send_end_command(send);
}

/* The DATA attribute, left where it was read to. */
static void put_view(struct send_context *send, const struct data_view *view, size_t length)
{
	const struct stream_data data = {
		.bytes = view->bytes, .length = length, .fd = view->fd, .offset = view->offset};

	stream_put_data_at(&send->writer, &data, view->crcs);
}

/* Begin a WRITE; the caller fills in the data. NULL leaves the error to send_end_command(). */
static int begin_write(struct send_context *send, uint64_t offset, size_t length, uint8_t **data)
{
	int ret = begin_with_path(send, STREAM_C_WRITE);

	if (ret)
		return ret;
	stream_put_u64(&send->writer, STREAM_A_FILE_OFFSET, offset);
	*data = stream_put_data(&send->writer, length);
	return 0;
}

int send_write(struct send_context *send, uint64_t offset, size_t length)
{
	uint8_t *data;
	struct data_view view;
	int ret = file_data_view(send->data, send->send_root, send->cur.ino, offset, length, &view);

	if (ret)
		return ret;
	if (view.bytes) {
		ret = begin_with_path(send, STREAM_C_WRITE);
		if (ret)
			return ret;
		stream_put_u64(&send->writer, STREAM_A_FILE_OFFSET, offset);
		put_view(send, &view, length);
		return send_end_command(send);
	}
	ret = begin_write(send, offset, length, &data);
	if (ret == 0 && data)
		ret = file_data_read(send->data, send->send_root, send->cur.ino, offset, length,
				     data);
	return ret ? ret : send_end_command(send);
}

int send_zeros(struct send_context *send, uint64_t offset, size_t length)
{
	uint8_t *data;
	int ret = begin_write(send, offset, length, &data);

	if (ret)
		return ret;
	if (data)
		memset(data, 0, length);
	return send_end_command(send);
}

/* The stream's number of a compression; LZO's depends on the size of its sectors. */
static uint32_t stream_compression(const struct send_context *send, uint8_t compression)
{
	uint32_t lzo = 3, sectorsize;

	for (sectorsize = 4096; sectorsize < send->volume->sectorsize; sectorsize *= 2)
		lzo++;
	switch (compression) {
	case BTRFS_COMPRESS_ZLIB:
		return 1;
	case BTRFS_COMPRESS_ZSTD:
		return 2;
	default:
		return lzo;
	}
}

uint64_t send_encoded_length(const struct btree_path *position, uint64_t offset, uint64_t length)
{
	const struct btrfs_file_extent_item *item = btree_path_data(position);
	uint64_t bytes = from_le64(item->type == BTRFS_FILE_EXTENT_INLINE ? item->ram_bytes
									  : item->num_bytes);

	return smaller(btree_path_key(position).offset + bytes - offset, length);
}

/* MIRRORS: send_encoded_inline_extent() v6.18 */
static int put_encoded_inline(struct send_context *send, const struct btree_path *position,
			      uint64_t offset, uint64_t length)
{
	const struct btrfs_file_extent_item *item = btree_path_data(position);
	struct stream_writer *writer = &send->writer;
	uint64_t start = btree_path_key(position).offset;
	uint64_t ram_bytes = from_le64(item->ram_bytes);

	stream_put_u64(writer, STREAM_A_UNENCODED_FILE_LEN,
		       send_encoded_length(position, offset, length));
	stream_put_u64(writer, STREAM_A_UNENCODED_LEN, ram_bytes);
	stream_put_u64(writer, STREAM_A_UNENCODED_OFFSET, offset - start);
	stream_put_u32(writer, STREAM_A_COMPRESSION, stream_compression(send, item->compression));
	stream_put(writer, STREAM_A_DATA,
		   (const uint8_t *)item + BTRFS_FILE_EXTENT_INLINE_DATA_START,
		   btree_path_size(position) - BTRFS_FILE_EXTENT_INLINE_DATA_START);
	return 0;
}

/* MIRRORS: send_encoded_extent() v6.18 */
static int put_encoded_extent(struct send_context *send, const struct btree_path *position,
			      uint64_t offset, uint64_t length)
{
	const struct btrfs_file_extent_item *item = btree_path_data(position);
	struct stream_writer *writer = &send->writer;
	uint64_t start = btree_path_key(position).offset;
	size_t size = from_le64(item->disk_num_bytes);
	struct data_view view;
	int ret;

	stream_put_u64(writer, STREAM_A_UNENCODED_FILE_LEN,
		       send_encoded_length(position, offset, length));
	stream_put_u64(writer, STREAM_A_UNENCODED_LEN, from_le64(item->ram_bytes));
	stream_put_u64(writer, STREAM_A_UNENCODED_OFFSET, offset - start + from_le64(item->offset));
	stream_put_u32(writer, STREAM_A_COMPRESSION, stream_compression(send, item->compression));
	stream_put_u32(writer, STREAM_A_ENCRYPTION, 0);
	ret = file_data_view_encoded(send->data, send->send_root, send->cur.ino, offset, size,
				     &view);
	if (ret == 0)
		put_view(send, &view, size);
	return ret;
}

int send_encoded_write(struct send_context *send, const struct btree_path *position,
		       uint64_t offset, uint64_t length)
{
	const struct btrfs_file_extent_item *item = btree_path_data(position);
	int ret = begin_with_path(send, STREAM_C_ENCODED_WRITE);

	if (ret)
		return ret;
	stream_put_u64(&send->writer, STREAM_A_FILE_OFFSET, offset);
	ret = item->type == BTRFS_FILE_EXTENT_INLINE
		      ? put_encoded_inline(send, position, offset, length)
		      : put_encoded_extent(send, position, offset, length);
	return ret ? ret : send_end_command(send);
}

int send_punch_hole(struct send_context *send, uint64_t offset, uint64_t length)
{
	int ret = begin_with_path(send, STREAM_C_FALLOCATE);

	if (ret)
		return ret;
	stream_put_u32(&send->writer, STREAM_A_FALLOCATE_MODE,
		       FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE);
	stream_put_u64(&send->writer, STREAM_A_FILE_OFFSET, offset);
	stream_put_u64(&send->writer, STREAM_A_SIZE, length);
	return send_end_command(send);
}

int send_fileattr(struct send_context *send, uint64_t flags)
{
	int ret = begin_with_path(send, STREAM_C_FILEATTR);

	if (ret)
		return ret;
	stream_put_u64(&send->writer, STREAM_A_FILEATTR, flags);
	return send_end_command(send);
}

int send_enable_verity(struct send_context *send, const struct verity_descriptor *descriptor)
{
	const struct fsverity_descriptor *fixed = &descriptor->fixed;
	int ret = begin_with_path(send, STREAM_C_ENABLE_VERITY);

	if (ret)
		return ret;
	stream_put(&send->writer, STREAM_A_VERITY_ALGORITHM, &fixed->hash_algorithm,
		   sizeof(fixed->hash_algorithm));
	stream_put_u32(&send->writer, STREAM_A_VERITY_BLOCK_SIZE, 1u << fixed->log_blocksize);
	stream_put(&send->writer, STREAM_A_VERITY_SALT_DATA, fixed->salt, fixed->salt_size);
	stream_put(&send->writer, STREAM_A_VERITY_SIG_DATA, descriptor->signature,
		   from_le32(fixed->sig_size));
	return send_end_command(send);
}

int send_update_extent(struct send_context *send, uint64_t offset, uint32_t length)
{
	int ret = begin_with_path(send, STREAM_C_UPDATE_EXTENT);

	if (ret)
		return ret;
	stream_put_u64(&send->writer, STREAM_A_FILE_OFFSET, offset);
	stream_put_u64(&send->writer, STREAM_A_SIZE, length);
	return send_end_command(send);
}

/* Sources in the sent root are named as the receiver has them now, others as in their root. */
static int source_path(struct send_context *send, const struct clone_root *source,
		       struct path_buf *path)
{
	uint64_t generation;
	int ret;

	if (source->root != send->send_root)
		return inode_path(source->root, source->ino, path);
	ret = inode_get_generation(send->send_root, source->ino, &generation);
	return ret ? ret : send_current_path(send, source->ino, generation, path);
}

/* MIRRORS: send_clone() v6.18 */
int send_clone(struct send_context *send, uint64_t offset, uint32_t length,
	       const struct clone_root *source)
{
	const struct path_buf *path;
	struct path_buf from;
	int ret = send_inode_path(send, &path);

	if (ret == 0)
		ret = source_path(send, source, &from);
	if (ret)
		return ret;
	stream_begin(&send->writer, STREAM_C_CLONE);
	stream_put_u64(&send->writer, STREAM_A_FILE_OFFSET, offset);
	stream_put_u64(&send->writer, STREAM_A_CLONE_LEN, length);
	put_path(send, STREAM_A_PATH, path);
	put_identity(send, source->root, STREAM_A_CLONE_UUID, STREAM_A_CLONE_CTRANSID);
	put_path(send, STREAM_A_CLONE_PATH, &from);
	stream_put_u64(&send->writer, STREAM_A_CLONE_OFFSET, source->offset);
	ret = send_end_command(send);
	if (ret == 0)
		send->losses.counters.cloned += length;
	return ret;
}

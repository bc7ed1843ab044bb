/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A model of the names at the receiver. Old generations send names that are not there (yet), or
 * moves that cannot be made; this says where. It holds what differs from the parent snapshot: a
 * name, and which inode it leads to or that it is gone. Inodes of the parent go by their numbers,
 * those made meanwhile by numbers of their own. A command that cannot be done is left out, as a
 * receiver that goes on after errors does.
 */
#include "engine/send/context.h"

#include <errno.h>
#include <sys/stat.h>

/* Behind so many changed names the model ends: memory is not without bounds. */
enum { CHANGED_NAMES_MAX = 1 << 20 };

static const uint64_t MADE = UINT64_C(1) << 63; /* not in the parent snapshot */

struct node {
	uint64_t id;
	bool is_dir;
};

struct name_key {
	uint64_t dir;
	char name[];
};

struct changed_name {
	UT_hash_handle hh;
	struct node node;
	bool exists;
	size_t length;
	struct name_key key; /* last: the name follows */
};

/* How many changed names that exist a directory has. */
struct changed_dir {
	uint64_t dir;
	uint64_t names;
	UT_hash_handle hh;
};

struct receiver {
	struct send_context *send;
	struct changed_name *names;
	struct changed_dir *dirs;
	uint64_t made;
	uint64_t capability_ino; /* got security.capability, and kept it so far; 0: none */
	bool stopped;
	enum stream_command_id command; /* being followed */
};

/* A path in a command; borrowed. */
struct path {
	const char *text;
	size_t length;
};

/* Where a path leads: the directory it ends in, the name there, and the inode behind it. */
struct place {
	struct node dir;
	struct path name;
	bool exists;
	struct node node;
	bool is_below;	     /* the inode asked for was passed on the way to the directory */
	struct path missing; /* the part up to the directory that is not there */
	bool is_no_dir;	     /* something else is there in its place */
};

enum { THERE = 1, NOT_THERE = 0 };

static void stop(struct receiver *receiver)
{
	receiver->stopped = true;
}

static size_t key_size(size_t name_length)
{
	return sizeof(struct name_key) + name_length;
}

static struct changed_name *find_changed(const struct receiver *receiver, uint64_t dir,
					 struct path name)
{
	_Alignas(struct name_key) char buffer[sizeof(struct name_key) + NAME_MAX];
	struct name_key *key = (struct name_key *)buffer;
	struct changed_name *found;

	key->dir = dir;
	memcpy(key->name, name.text, name.length);
	HASH_FIND(hh, receiver->names, key, key_size(name.length), found);
	return found;
}

static bool is_dots(struct path name)
{
	return (name.length == 1 && name.text[0] == '.') ||
	       (name.length == 2 && name.text[0] == '.' && name.text[1] == '.');
}

/* Subvolumes in a snapshot are not sent: the receiver does not have them. */
static int look_up_in_parent(struct receiver *receiver, uint64_t dir, struct path name,
			     struct node *node)
{
	struct root *parent = receiver->send->parent_root;
	struct inode_info info;
	struct key key;
	int ret = -ENOENT;

	if (parent && !(dir & MADE))
		ret = dir_lookup(parent, dir, name.text, name.length, &key);
	if (ret == 0 && key.type == BTRFS_ROOT_ITEM_KEY)
		ret = -ENOENT;
	if (ret == 0)
		ret = inode_get_info(parent, key.objectid, &info);
	if (ret && ret != -ENOENT)
		stop(receiver);
	if (ret)
		return NOT_THERE;
	*node = (struct node){key.objectid, S_ISDIR(info.mode)};
	return THERE;
}

static int look_up(struct receiver *receiver, struct node dir, struct path name, struct node *node)
{
	const struct changed_name *changed;

	if (!dir.is_dir || name.length > NAME_MAX)
		return NOT_THERE;
	if (is_dots(name)) {
		*node = dir;
		return THERE;
	}
	changed = find_changed(receiver, dir.id, name);
	if (!changed)
		return look_up_in_parent(receiver, dir.id, name, node);
	*node = changed->node;
	return changed->exists ? THERE : NOT_THERE;
}

/* Find @path; @through is an inode whose being passed is noted. */
static struct place find_place(struct receiver *receiver, struct path path, uint64_t through)
{
	struct node top = {BTRFS_FIRST_FREE_OBJECTID, true};
	struct place place = {.dir = top, .node = top, .exists = true};
	const char *next = path.text, *end = path.text + path.length;

	while (next < end) {
		const char *slash = memchr(next, '/', (size_t)(end - next));
		struct path name = {next, (size_t)((slash ? slash : end) - next)};

		if (!place.exists || !place.node.is_dir) {
			place.missing = (struct path){path.text, (size_t)(next - 1 - path.text)};
			place.is_no_dir = place.exists;
			place.exists = false;
			return place;
		}
		place.is_below = place.is_below || place.node.id == through;
		place.dir = place.node;
		place.name = name;
		place.exists = look_up(receiver, place.dir, name, &place.node) == THERE;
		next = slash ? slash + 1 : end;
	}
	return place;
}

static void tell(struct receiver *receiver, enum send_notice_id id, struct path path,
		 struct path other)
{
	send_notify(receiver->send, &(struct send_notice){.id = id,
							  .command = receiver->command,
							  .path = path.text,
							  .path_length = path.length,
							  .other = other.text,
							  .other_length = other.length});
}

/* The directory that the path ends in has to be there. */
static bool need_dir(struct receiver *receiver, struct path path, const struct place *place)
{
	if (!place->missing.text)
		return true;
	tell(receiver, place->is_no_dir ? NOTICE_WRONG_TYPE : NOTICE_PATH_MISSING, path,
	     place->missing);
	return false;
}

/* The path has to lead to something; else say what is missing. */
static bool need(struct receiver *receiver, struct path path, const struct place *place)
{
	if (place->exists)
		return true;
	if (need_dir(receiver, path, place))
		tell(receiver, NOTICE_PATH_MISSING, path, path);
	return false;
}

static struct changed_dir *get_changed_dir(struct receiver *receiver, uint64_t id)
{
	struct changed_dir *dir;

	HASH_FIND(hh, receiver->dirs, &id, sizeof(id), dir);
	if (dir)
		return dir;
	dir = calloc(1, sizeof(*dir));
	if (!dir)
		return NULL;
	dir->dir = id;
	HASH_ADD(hh, receiver->dirs, dir, sizeof(dir->dir), dir);
	if (hash_has_added(dir))
		return dir;
	free(dir);
	return NULL;
}

static struct changed_name *get_changed_name(struct receiver *receiver, const struct place *place)
{
	struct changed_name *changed = find_changed(receiver, place->dir.id, place->name);

	if (changed)
		return changed;
	changed = calloc(1, sizeof(*changed) + place->name.length);
	if (!changed)
		return NULL;
	changed->key.dir = place->dir.id;
	changed->length = place->name.length;
	memcpy(changed->key.name, place->name.text, place->name.length);
	HASH_ADD_KEYPTR(hh, receiver->names, &changed->key, key_size(changed->length), changed);
	if (hash_has_added(changed))
		return changed;
	free(changed);
	return NULL;
}

/* Let the name at @place lead to @node, or (NULL) be gone. */
static void set_name(struct receiver *receiver, const struct place *place, const struct node *node)
{
	struct changed_dir *dir = get_changed_dir(receiver, place->dir.id);
	struct changed_name *name = get_changed_name(receiver, place);

	if (!dir || !name) {
		stop(receiver);
		return;
	}
	dir->names -= name->exists;
	name->exists = node != NULL;
	dir->names += name->exists;
	if (node)
		name->node = *node;
	if (HASH_COUNT(receiver->names) < CHANGED_NAMES_MAX)
		return;
	stop(receiver);
	send_notify(receiver->send,
		    &(struct send_notice){.id = NOTICE_NOT_FOLLOWED, .length = CHANGED_NAMES_MAX});
}

/* Has the directory of the parent snapshot a name that did not change meanwhile? */
static bool has_unchanged_names(struct receiver *receiver, uint64_t dir)
{
	const struct key first = {.objectid = dir, .type = BTRFS_DIR_INDEX_KEY};
	struct root *parent = receiver->send->parent_root;
	struct btree_path path = {0};
	bool found = false;
	int ret;

	if (!parent || (dir & MADE))
		return false;
	for (ret = btree_search_from(parent, &first, &path); ret == 0 && !found;
	     ret = btree_next(&path)) {
		struct key key = btree_path_key(&path);
		struct dir_entry_iterator iterator;
		struct dir_entry entry;

		if (key.objectid != dir || key.type != BTRFS_DIR_INDEX_KEY)
			break;
		dir_entry_iterate(&iterator, &path);
		if (dir_entry_next(&iterator, &entry) && entry.name_length <= NAME_MAX)
			found = entry.location.type != BTRFS_ROOT_ITEM_KEY &&
				!find_changed(receiver, dir,
					      (struct path){entry.name, entry.name_length});
		if (found)
			break;
	}
	btree_path_release(&path);
	if (ret < 0)
		stop(receiver);
	return found;
}

static bool is_empty(struct receiver *receiver, uint64_t id)
{
	struct changed_dir *dir;

	HASH_FIND(hh, receiver->dirs, &id, sizeof(id), dir);
	return (!dir || dir->names == 0) && !has_unchanged_names(receiver, id);
}

/* Each attribute's bytes; NULL text when the command does not have it. */
static struct path find_attribute(const struct stream_writer *writer, enum stream_attribute_id id)
{
	const uint8_t *next = writer->buffer + STREAM_COMMAND_HEADER_SIZE;
	const uint8_t *end = writer->buffer + writer->size;

	while (end - next >= STREAM_ATTRIBUTE_HEADER_SIZE) {
		uint16_t type = (uint16_t)(next[0] | next[1] << 8);
		size_t length = (size_t)(next[2] | next[3] << 8);

		next += STREAM_ATTRIBUTE_HEADER_SIZE;
		if (type == id)
			return (struct path){(const char *)next, length};
		/* The last one; from protocol 2 on it has no length. */
		if (type == STREAM_A_DATA)
			break;
		next += length;
	}
	return (struct path){0};
}

static void make(struct receiver *receiver, const struct stream_writer *writer, struct path path)
{
	struct place place = find_place(receiver, path, 0);
	struct node node = {MADE | receiver->made++, writer->command == STREAM_C_MKDIR};

	if (!need_dir(receiver, path, &place))
		return;
	if (place.exists) {
		tell(receiver, NOTICE_NAME_TAKEN, path, path);
		return;
	}
	/* It is followed all the same: one notice says it. */
	if ((writer->command == STREAM_C_MKNOD || writer->command == STREAM_C_MKFIFO ||
	     writer->command == STREAM_C_MKSOCK) &&
	    !find_attribute(writer, STREAM_A_MODE).text)
		tell(receiver, NOTICE_NODE_WITHOUT_MODE, path, path);
	set_name(receiver, &place, &node);
}

/* Can @from replace what stands at @to? It can for the receiver, but something is lost. */
static bool can_replace(struct receiver *receiver, const struct place *from, const struct place *to)
{
	if (from->node.is_dir != to->node.is_dir || is_dots(to->name))
		return false;
	return !to->node.is_dir || is_empty(receiver, to->node.id);
}

static void follow_rename(struct receiver *receiver, struct path path, struct path path_to)
{
	struct place from = find_place(receiver, path, 0);
	struct place to = find_place(receiver, path_to, from.exists ? from.node.id : 0);

	if (!need(receiver, path, &from))
		return;
	if (from.node.is_dir && to.is_below) {
		tell(receiver, NOTICE_INTO_ITSELF, path, path_to);
		return;
	}
	if (!need_dir(receiver, path_to, &to))
		return;
	if (to.exists && to.node.id == from.node.id && !is_dots(to.name))
		return;
	if (to.exists) {
		tell(receiver, NOTICE_NAME_TAKEN, path, path_to);
		if (!can_replace(receiver, &from, &to))
			return;
	}
	set_name(receiver, &to, &from.node);
	set_name(receiver, &from, NULL);
}

static void follow_link(struct receiver *receiver, struct path path, struct path target)
{
	struct place to = find_place(receiver, path, 0);
	struct place from = find_place(receiver, target, 0);

	if (!need(receiver, target, &from) || !need_dir(receiver, path, &to))
		return;
	if (from.node.is_dir)
		tell(receiver, NOTICE_WRONG_TYPE, path, target);
	else if (to.exists)
		tell(receiver, NOTICE_NAME_TAKEN, path, path);
	else
		set_name(receiver, &to, &from.node);
}

static void follow_removal(struct receiver *receiver, struct path path, bool is_rmdir)
{
	struct place place = find_place(receiver, path, 0);

	if (!need(receiver, path, &place))
		return;
	if (place.node.is_dir != is_rmdir || !place.name.text)
		tell(receiver, NOTICE_WRONG_TYPE, path, path);
	else if (is_rmdir && !is_empty(receiver, place.node.id))
		tell(receiver, NOTICE_NOT_EMPTY, path, path);
	else
		set_name(receiver, &place, NULL);
}

/* Changing data, size or owner of a file takes its capabilities away. */
static void follow_capability(struct receiver *receiver, const struct stream_writer *writer,
			      struct path path)
{
	static const char capability[] = "security.capability";
	struct path name = find_attribute(writer, STREAM_A_XATTR_NAME);
	uint64_t ino = receiver->send->cur.ino;

	if (writer->command == STREAM_C_SET_XATTR) {
		if (name.length == sizeof(capability) - 1 &&
		    memcmp(name.text, capability, name.length) == 0)
			receiver->capability_ino = ino;
	} else if (receiver->capability_ino == ino &&
		   (writer->command == STREAM_C_WRITE || writer->command == STREAM_C_TRUNCATE ||
		    writer->command == STREAM_C_CHOWN)) {
		tell(receiver, NOTICE_CAPABILITY_LOST, path, path);
		receiver->capability_ino = 0;
	}
}

/* What is cloned from the sent snapshot has to be at the receiver by now. */
static void follow_clone(struct receiver *receiver, const struct stream_writer *writer)
{
	const struct root *sent = receiver->send->send_root;
	struct path uuid = find_attribute(writer, STREAM_A_CLONE_UUID);
	struct path path = find_attribute(writer, STREAM_A_CLONE_PATH);
	struct place place;

	if (uuid.length != BTRFS_UUID_SIZE ||
	    (memcmp(uuid.text, sent->uuid, uuid.length) != 0 &&
	     memcmp(uuid.text, sent->received_uuid, uuid.length) != 0))
		return;
	place = find_place(receiver, path, 0);
	need(receiver, path, &place);
}

static void follow_other(struct receiver *receiver, const struct stream_writer *writer,
			 struct path path)
{
	struct place place = find_place(receiver, path, 0);

	if (!need(receiver, path, &place))
		return;
	follow_capability(receiver, writer, path);
	if (writer->command == STREAM_C_CLONE)
		follow_clone(receiver, writer);
}

void receiver_follow(struct receiver *receiver, const struct stream_writer *writer)
{
	struct path path;

	if (!receiver || receiver->stopped || writer->error)
		return;
	receiver->command = writer->command;
	path = find_attribute(writer, STREAM_A_PATH);
	switch (writer->command) {
	case STREAM_C_SUBVOL:
	case STREAM_C_SNAPSHOT:
	case STREAM_C_END:
		break;
	case STREAM_C_MKFILE:
	case STREAM_C_MKDIR:
	case STREAM_C_MKNOD:
	case STREAM_C_MKFIFO:
	case STREAM_C_MKSOCK:
	case STREAM_C_SYMLINK:
		make(receiver, writer, path);
		break;
	case STREAM_C_RENAME:
		follow_rename(receiver, path, find_attribute(writer, STREAM_A_PATH_TO));
		break;
	case STREAM_C_LINK:
		follow_link(receiver, path, find_attribute(writer, STREAM_A_PATH_LINK));
		break;
	case STREAM_C_UNLINK:
	case STREAM_C_RMDIR:
		follow_removal(receiver, path, writer->command == STREAM_C_RMDIR);
		break;
	default:
		follow_other(receiver, writer, path);
		break;
	}
}

void receiver_finish(struct receiver *receiver)
{
	struct changed_name *name;
	struct key key;

	if (!receiver || receiver->stopped)
		return;
	for (name = receiver->names; name; name = name->hh.next) {
		struct path path = {name->key.name, name->length};
		int ret;

		if (!name->exists || name->key.dir != BTRFS_FIRST_FREE_OBJECTID)
			continue;
		ret = dir_lookup(receiver->send->send_root, BTRFS_FIRST_FREE_OBJECTID, path.text,
				 path.length, &key);
		if (ret == -ENOENT)
			tell(receiver, NOTICE_LEFT_BEHIND, path, path);
	}
}

/* Rows without which commands can come out that cannot be done. */
static const enum behaviour_id needed[] = {
	BEHAVIOUR_NODE_MODE,
	BEHAVIOUR_LINKLESS_IGNORED,
	BEHAVIOUR_TOP_DIR_STAYS,
	BEHAVIOUR_CAPABILITIES_LAST,
	BEHAVIOUR_EXTREFS,
	BEHAVIOUR_SUBVOLUMES_IGNORED,
	BEHAVIOUR_ORPHANIZE_FIRST,
	BEHAVIOUR_PROGRESS_AFTER_NEW_REFS,
	BEHAVIOUR_REFS_REFRESHED,
	BEHAVIOUR_ORPHANS_FORGOTTEN,
	BEHAVIOUR_DIR_MOVES_WAIT,
	BEHAVIOUR_OVERWRITE_BY_CURRENT,
	BEHAVIOUR_OVERWRITE_SAME_DIR,
	BEHAVIOUR_REFS_CANCELLED,
	BEHAVIOUR_REFS_OF_NEW_DIR,
	BEHAVIOUR_CHECK_DIRS_BY_GENERATION,
};

int receiver_new(struct send_context *send, struct receiver **out)
{
	struct receiver *receiver;
	bool has_all = true;

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		has_all = has_all && send_behaves(send, needed[i]);
	*out = NULL;
	if (has_all || !send->request->notify)
		return 0;
	receiver = calloc(1, sizeof(*receiver));
	if (!receiver)
		return send_fail(send, -ENOMEM, "out of memory for the receiver's names");
	receiver->send = send;
	*out = receiver;
	return 0;
}

void receiver_free(struct receiver *receiver)
{
	struct changed_name *name, *next_name;
	struct changed_dir *dir, *next_dir;

	if (!receiver)
		return;
	HASH_ITER(hh, receiver->names, name, next_name)
	{
		HASH_DEL(receiver->names, name);
		free(name);
	}
	HASH_ITER(hh, receiver->dirs, dir, next_dir)
	{
		HASH_DEL(receiver->dirs, dir);
		free(dir);
	}
	free(receiver);
}

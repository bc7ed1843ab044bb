/* SPDX-License-Identifier: GPL-2.0 */
#include "engine/send/context.h"

#include <errno.h>
#include <linux/limits.h>

#define CAPABILITY_NAME "security.capability"

static const char *const acl_names[] = {"system.posix_acl_access", "system.posix_acl_default"};

/* The kernel compares only as many bytes as the name has, so a prefix is taken for the whole. */
static bool is_prefix_of(const struct dir_entry *xattr, const char *name)
{
	return strncmp(xattr->name, name, xattr->name_length) == 0;
}

static int check_sizes(struct send_context *send, const struct dir_entry *xattr)
{
	if (xattr->type == BTRFS_FT_XATTR && xattr->name_length <= XATTR_NAME_MAX)
		return 0;
	return send_fail(send, -EUCLEAN,
			 "inode %llu: xattr item with an entry of type %u, name of %u bytes",
			 (unsigned long long)send->cur.ino, xattr->type, xattr->name_length);
}

/* MIRRORS: __process_new_xattr() v6.18 */
static int send_new_xattr(struct send_context *send, const struct dir_entry *xattr)
{
	/* An ACL without entries is stored empty; the receiver can only set one with its version.
	 */
	static const uint8_t empty_acl[] = {2, 0, 0, 0};
	const void *value = xattr->data;
	size_t length = xattr->data_length, i;

	/* Sent when owner and mode are: changing those takes it away. */
	if (is_prefix_of(xattr, CAPABILITY_NAME) && send_behaves(send, BEHAVIOUR_CAPABILITIES_LAST))
		return 0;
	for (i = 0; i < sizeof(acl_names) / sizeof(acl_names[0]); i++) {
		if (length == 0 && is_prefix_of(xattr, acl_names[i])) {
			value = empty_acl;
			length = sizeof(empty_acl);
		}
	}
	return send_set_xattr(send, xattr->name, xattr->name_length, value, length);
}

static bool find_xattr(const struct btree_path *position, const struct dir_entry *wanted,
		       struct dir_entry *found)
{
	struct dir_entry_iterator iterator;

	dir_entry_iterate(&iterator, position);
	while (dir_entry_next(&iterator, found)) {
		if (found->name_length == wanted->name_length &&
		    memcmp(found->name, wanted->name, wanted->name_length) == 0)
			return true;
	}
	return false;
}

/* Set what is new or different in the item at @position compared with @old (NULL: nothing). */
static int send_set_xattrs(struct send_context *send, const struct btree_path *position,
			   const struct btree_path *old)
{
	struct dir_entry_iterator iterator;
	struct dir_entry xattr, before;
	int ret = 0;

	dir_entry_iterate(&iterator, position);
	while (ret == 0 && dir_entry_next(&iterator, &xattr)) {
		ret = check_sizes(send, &xattr);
		if (ret)
			return ret;
		if (old && find_xattr(old, &xattr, &before) &&
		    before.data_length == xattr.data_length &&
		    memcmp(before.data, xattr.data, xattr.data_length) == 0)
			continue;
		ret = send_new_xattr(send, &xattr);
	}
	return ret;
}

/* Remove what the item at @position has and @kept (NULL: nothing) has not. */
static int send_removed_xattrs(struct send_context *send, const struct btree_path *position,
			       const struct btree_path *kept)
{
	struct dir_entry_iterator iterator;
	struct dir_entry xattr, still;
	int ret = 0;

	dir_entry_iterate(&iterator, position);
	while (ret == 0 && dir_entry_next(&iterator, &xattr)) {
		ret = check_sizes(send, &xattr);
		if (ret)
			return ret;
		if (kept && find_xattr(kept, &xattr, &still))
			continue;
		ret = send_remove_xattr(send, xattr.name, xattr.name_length);
	}
	return ret;
}

/* MIRRORS: changed_xattr() v6.18 and what it calls */
int send_changed_xattrs(struct send_context *send, enum change change)
{
	int ret;

	if (change == CHANGE_NEW)
		return send_set_xattrs(send, send->left, NULL);
	if (change == CHANGE_DELETED)
		return send_removed_xattrs(send, send->right, NULL);
	ret = send_set_xattrs(send, send->left, send->right);
	return ret ? ret : send_removed_xattrs(send, send->right, send->left);
}

int send_all_xattrs(struct send_context *send)
{
	const struct key first = {.objectid = send->key.objectid, .type = BTRFS_XATTR_ITEM_KEY};
	struct btree_path path = {0};
	int ret;

	for (ret = btree_search_from(send->send_root, &first, &path); ret == 0;
	     ret = btree_next(&path)) {
		struct key key = btree_path_key(&path);

		if (key.objectid != first.objectid || key.type != first.type)
			break;
		ret = send_set_xattrs(send, &path, NULL);
		if (ret)
			break;
	}
	btree_path_release(&path);
	return ret < 0 ? ret : 0;
}

int send_capabilities(struct send_context *send)
{
	struct dir_entry xattr;
	int ret;

	if (!send_behaves(send, BEHAVIOUR_CAPABILITIES_LAST))
		return 0;
	/* In a full send all items have passed. */
	if (!send->parent_root && !send->cur.has_xattrs)
		return 0;
	ret = inode_get_xattr(send->send_root, send->cur.ino, CAPABILITY_NAME,
			      strlen(CAPABILITY_NAME), &xattr);
	if (ret == 0)
		ret = send_set_xattr(send, xattr.name, xattr.name_length, xattr.data,
				     xattr.data_length);
	return ret == -ENOENT ? 0 : ret;
}

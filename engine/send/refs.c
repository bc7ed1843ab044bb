/* SPDX-License-Identifier: GPL-2.0 */
/* Recording the names of the current inode while its items pass. */
#include "engine/send/context.h"

/*
 * One name found in @root: add it to @list, unless the other list has the same name, which then has
 * neither appeared nor gone. The path is the one that is true now, before anything is renamed.
 */
static int record_ref(struct send_context *send, struct root *root, struct ref_list *list,
		      struct ref_list *opposite, const struct inode_ref *name)
{
	struct recorded_ref *same;
	struct path_buf path;
	uint64_t generation;
	int ret = inode_get_generation(root, name->dir, &generation);

	if (ret)
		return ret;
	same = NULL;
	if (send_behaves(send, BEHAVIOUR_REFS_CANCELLED))
		same = ref_list_find(opposite, name->dir, generation, name->name,
				     name->name_length);
	if (same) {
		ref_list_remove(opposite, same);
		return 0;
	}
	ret = send_current_path(send, name->dir, generation, &path);
	if (ret == 0)
		ret = path_append(&path, name->name, name->name_length);
	if (ret)
		return ret;
	if (ref_list_add(list, name->dir, generation, name->name, name->name_length, &path))
		return send_no_memory(send, "the names");
	return 0;
}

static bool item_has_name(const struct btree_path *position, const struct inode_ref *wanted)
{
	struct inode_ref_iterator iterator;
	struct inode_ref name;

	inode_ref_iterate(&iterator, position);
	while (inode_ref_next(&iterator, &name)) {
		if (name.dir == wanted->dir && name.name_length == wanted->name_length &&
		    memcmp(name.name, wanted->name, name.name_length) == 0)
			return true;
	}
	return false;
}

/*
 * @other is the same item in the other root, NULL if it is not there. MIRRORS:
 * record_new_ref_if_needed(), record_deleted_ref_if_needed() v6.18
 */
static int record_item(struct send_context *send, const struct btree_path *position,
		       const struct btree_path *other, bool is_new)
{
	bool skip_same = other && !send_behaves(send, BEHAVIOUR_REFS_CANCELLED);
	struct root *root = is_new ? send->send_root : send->parent_root;
	struct ref_list *list = is_new ? &send->new_refs : &send->deleted_refs;
	struct ref_list *opposite = is_new ? &send->deleted_refs : &send->new_refs;
	struct inode_ref_iterator iterator;
	struct inode_ref name;
	int ret = 0;

	inode_ref_iterate(&iterator, position);
	while (ret == 0 && inode_ref_next(&iterator, &name)) {
		if (!skip_same || !item_has_name(other, &name))
			ret = record_ref(send, root, list, opposite, &name);
	}
	return ret;
}

int send_record_refs(struct send_context *send, enum change change)
{
	bool both = change == CHANGE_CHANGED;
	int ret = 0;

	if (both || change == CHANGE_NEW)
		ret = record_item(send, send->left, both ? send->right : NULL, true);
	if (ret == 0 && (both || change == CHANGE_DELETED))
		ret = record_item(send, send->right, both ? send->left : NULL, false);
	return ret;
}

/* MIRRORS: process_all_refs() v6.18 */
int send_all_refs(struct send_context *send, enum change change)
{
	const struct key first = {.objectid = send->key.objectid, .type = BTRFS_INODE_REF_KEY};
	bool is_new = change == CHANGE_NEW;
	bool extended = send_behaves(send, BEHAVIOUR_EXTREFS);
	struct root *root = is_new ? send->send_root : send->parent_root;
	struct btree_path path = {0};
	bool pending_move = false;
	int ret;

	for (ret = btree_search_from(root, &first, &path); ret == 0; ret = btree_next(&path)) {
		struct key key = btree_path_key(&path);

		if (!key_is_inode_ref(&key, first.objectid) ||
		    (key.type == BTRFS_INODE_EXTREF_KEY && !extended))
			break;
		ret = record_item(send, &path, NULL, is_new);
		if (ret)
			break;
	}
	btree_path_release(&path);
	if (ret < 0)
		return ret;
	/* The inode is made anew: it gets its place when the directory it waits for has moved. */
	return send_process_refs(send, &pending_move);
}

/* SPDX-License-Identifier: GPL-2.0 */
#include "engine/send/recorded_refs.h"

#include <errno.h>
#include <stdlib.h>
#include <utlist.h>

/* Most inodes have one name: an index is only made for more than a few. */
enum { UNINDEXED_MAX = 8 };

static size_t key_size(size_t name_length)
{
	return sizeof(struct ref_key) + name_length;
}

static struct recorded_ref *new_ref(uint64_t dir, uint64_t dir_generation, const char *name,
				    size_t name_length)
{
	struct recorded_ref *ref = malloc(sizeof(*ref) + name_length);

	if (!ref)
		return NULL;
	ref->path = NULL;
	ref->path_length = 0;
	ref->name_length = name_length;
	ref->key.dir = dir;
	ref->key.dir_generation = dir_generation;
	if (name_length)
		memcpy(ref->key.name, name, name_length);
	return ref;
}

/* Without memory for all of it there is no index: then names are compared one by one. */
static bool index_ref(struct ref_list *list, struct recorded_ref *ref)
{
	HASH_ADD_KEYPTR(hh, list->by_name, &ref->key, key_size(ref->name_length), ref);
	if (hash_has_added(ref))
		return true;
	HASH_CLEAR(hh, list->by_name);
	return false;
}

static void add(struct ref_list *list, struct recorded_ref *ref)
{
	struct recorded_ref *unindexed;

	DL_APPEND(list->first, ref);
	list->count++;
	if (list->by_name) {
		index_ref(list, ref);
	} else if (list->count > UNINDEXED_MAX) {
		DL_FOREACH(list->first, unindexed)
		{
			if (!index_ref(list, unindexed))
				break;
		}
	}
}

int ref_list_add(struct ref_list *list, uint64_t dir, uint64_t dir_generation, const char *name,
		 size_t name_length, const struct path_buf *path)
{
	struct recorded_ref *ref = new_ref(dir, dir_generation, name, name_length);

	if (!ref)
		return -ENOMEM;
	if (recorded_ref_set_path(ref, path)) {
		free(ref);
		return -ENOMEM;
	}
	add(list, ref);
	return 0;
}

int ref_list_add_dir(struct ref_list *list, const struct recorded_ref *ref)
{
	struct recorded_ref *dir = new_ref(ref->key.dir, ref->key.dir_generation, NULL, 0);

	if (!dir)
		return -ENOMEM;
	add(list, dir);
	return 0;
}

int ref_list_add_dir_once(struct ref_list *list, const struct recorded_ref *ref)
{
	if (ref_list_find(list, ref->key.dir, ref->key.dir_generation, NULL, 0))
		return 0;
	return ref_list_add_dir(list, ref);
}

static bool is_ref(const struct recorded_ref *ref, uint64_t dir, uint64_t dir_generation,
		   const char *name, size_t name_length)
{
	return ref->key.dir == dir && ref->key.dir_generation == dir_generation &&
	       ref->name_length == name_length &&
	       (!name_length || memcmp(ref->key.name, name, name_length) == 0);
}

static struct recorded_ref *find_in_index(const struct ref_list *list, uint64_t dir,
					  uint64_t dir_generation, const char *name,
					  size_t name_length)
{
	_Alignas(struct ref_key) char buffer[sizeof(struct ref_key) + NAME_MAX];
	struct ref_key *wanted = (struct ref_key *)buffer;
	struct recorded_ref *found;

	if (name_length > NAME_MAX)
		return NULL;
	wanted->dir = dir;
	wanted->dir_generation = dir_generation;
	if (name_length)
		memcpy(wanted->name, name, name_length);
	HASH_FIND(hh, list->by_name, wanted, key_size(name_length), found);
	return found;
}

struct recorded_ref *ref_list_find(const struct ref_list *list, uint64_t dir,
				   uint64_t dir_generation, const char *name, size_t name_length)
{
	struct recorded_ref *ref;

	if (list->by_name)
		return find_in_index(list, dir, dir_generation, name, name_length);
	DL_FOREACH(list->first, ref)
	{
		if (is_ref(ref, dir, dir_generation, name, name_length))
			return ref;
	}
	return NULL;
}

void ref_list_remove(struct ref_list *list, struct recorded_ref *ref)
{
	DL_DELETE(list->first, ref);
	list->count--;
	if (list->by_name)
		HASH_DEL(list->by_name, ref);
	free(ref->path);
	free(ref);
}

void ref_list_clear(struct ref_list *list)
{
	struct recorded_ref *ref, *next;

	DL_FOREACH_SAFE(list->first, ref, next)
	ref_list_remove(list, ref);
}

int recorded_ref_set_path(struct recorded_ref *ref, const struct path_buf *path)
{
	char *copy = malloc(path->length + 1);

	if (!copy)
		return -ENOMEM;
	memcpy(copy, path->text, path->length);
	free(ref->path);
	ref->path = copy;
	ref->path_length = path->length;
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0 */
/* Lists of names: which directory, which name in it, and the whole path when it was recorded. */
#ifndef ENGINE_SEND_RECORDED_REFS_H
#define ENGINE_SEND_RECORDED_REFS_H

#include "engine/core/hash_table.h"
#include "engine/core/path_buf.h"

#include <stdint.h>

/* What makes a name equal to another: same directory of same generation, same bytes. */
struct ref_key {
	uint64_t dir;
	uint64_t dir_generation;
	char name[]; /* not NUL terminated */
};

struct recorded_ref {
	struct recorded_ref *prev, *next;
	UT_hash_handle hh;
	char *path; /* ends with the name; NULL in lists of directories */
	size_t path_length;
	size_t name_length;
	struct ref_key key; /* last: the name follows */
};

struct ref_list {
	struct recorded_ref *first;
	struct recorded_ref *by_name; /* index; NULL as long as the list is short */
	size_t count;
};

/* Add a name at the end. 0 or -ENOMEM. */
int ref_list_add(struct ref_list *list, uint64_t dir, uint64_t dir_generation, const char *name,
		 size_t name_length, const struct path_buf *path);

/* Add the directory of a name, without the name. 0 or -ENOMEM. */
int ref_list_add_dir(struct ref_list *list, const struct recorded_ref *ref);

/* The same unless that directory is in the list already. */
int ref_list_add_dir_once(struct ref_list *list, const struct recorded_ref *ref);

struct recorded_ref *ref_list_find(const struct ref_list *list, uint64_t dir,
				   uint64_t dir_generation, const char *name, size_t name_length);

void ref_list_remove(struct ref_list *list, struct recorded_ref *ref);

/* Remove and free everything. */
void ref_list_clear(struct ref_list *list);

/* Replace the path. 0 or -ENOMEM. */
int recorded_ref_set_path(struct recorded_ref *ref, const struct path_buf *path);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/* Facts of one inode: its item, its names, the entries of a directory. */
#ifndef ENGINE_FS_INODE_H
#define ENGINE_FS_INODE_H

#include "engine/core/path_buf.h"
#include "engine/tree/btree.h"

struct inode_info {
	uint64_t generation;
	uint64_t size;
	uint64_t rdev; /* as on disk: major << 20 | minor */
	uint64_t flags;
	uint32_t nlink;
	uint32_t uid;
	uint32_t gid;
	uint32_t mode;
	struct btrfs_timespec atime, ctime, mtime, otime; /* as on disk */
};

/*
 * The facts of the inode whose item @path is at. They are remembered, so that looking them up
 * later costs no search.
 */
int inode_info_at(const struct btree_path *path, struct inode_info *info);

/*
 * The facts of inode @ino; borrowed, valid until the next look-up of an inode in @root. 0, -ENOENT
 * (no message recorded), or a read error.
 */
int inode_find(struct root *root, uint64_t ino, const struct inode_info **info);

/* The same, copied. */
int inode_get_info(struct root *root, uint64_t ino, struct inode_info *info);
int inode_get_generation(struct root *root, uint64_t ino, uint64_t *generation);

/*
 * Going up from @ino one more level: @depth counts, and parents that form a loop (a damaged image)
 * end with -EUCLEAN. No path of a real filesystem that can be sent is nearly as deep.
 */
int inode_check_depth(struct root *root, uint64_t ino, unsigned int *depth);

/* One name of an inode, from an INODE_REF or INODE_EXTREF item; borrows the name from the leaf. */
struct inode_ref {
	uint64_t dir; /* parent directory */
	const char *name;
	uint16_t name_length;
};

/* The names in one INODE_REF or INODE_EXTREF item, in item order. */
struct inode_ref_iterator {
	const uint8_t *next, *end;
	uint64_t dir; /* of an INODE_REF; an EXTREF names its directory in each entry */
	bool extended;
};
void inode_ref_iterate(struct inode_ref_iterator *iterator, const struct btree_path *path);
bool inode_ref_next(struct inode_ref_iterator *iterator, struct inode_ref *ref);

static inline bool key_is_inode_ref(const struct key *key, uint64_t ino)
{
	return key->objectid == ino &&
	       (key->type == BTRFS_INODE_REF_KEY || key->type == BTRFS_INODE_EXTREF_KEY);
}

/*
 * The first name of @ino in key order: its parent, the parent's generation (when @dir_generation is
 * not NULL), and the name, appended to @name. 0, -ENOENT, -ENAMETOOLONG, or a read error.
 */
int inode_first_ref(struct root *root, uint64_t ino, uint64_t *dir, uint64_t *dir_generation,
		    struct path_buf *name);

/* The path of @ino through first names up to the subvolume's root. Errors as above. */
int inode_path(struct root *root, uint64_t ino, struct path_buf *path);

/* One entry of a DIR_ITEM, DIR_INDEX or XATTR_ITEM; borrows from the leaf. */
struct dir_entry {
	struct key location;
	const char *name;
	const uint8_t *data; /* xattr value */
	uint16_t name_length;
	uint16_t data_length;
	uint8_t type;
};

struct dir_entry_iterator {
	const uint8_t *next, *end;
};
void dir_entry_iterate(struct dir_entry_iterator *iterator, const struct btree_path *path);
bool dir_entry_next(struct dir_entry_iterator *iterator, struct dir_entry *entry);

/*
 * Find @name in the item of @type (DIR_ITEM or XATTR_ITEM) of inode @ino that its hash selects.
 * @path is positioned there, so what @entry borrows stays valid until its release. 0, -ENOENT.
 */
int dir_entry_lookup(struct root *root, uint64_t ino, uint8_t type, const char *name,
		     size_t name_length, struct btree_path *path, struct dir_entry *entry);

/*
 * The extended attribute @name of inode @ino; what @entry borrows is valid until the next call
 * for @root. 0, -ENOENT (no message recorded), or a read error.
 */
int inode_get_xattr(struct root *root, uint64_t ino, const char *name, size_t name_length,
		    struct dir_entry *entry);

/* Where the entry @name of directory @dir leads. 0, -ENOENT, or a read error. */
int dir_lookup(struct root *root, uint64_t dir, const char *name, size_t name_length,
	       struct key *location);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the programs in bpf/ read of btrfs' types, as kernel.h says. A member that only some kernels
 * have is asked for with bpf_core_field_exists() first.
 */
#ifndef VMLINUX_BTRFS_H
#define VMLINUX_BTRFS_H

#include "vmlinux/kernel.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct btrfs_key {
	uint64_t objectid;
	uint8_t type;
	uint64_t offset;
};

struct btrfs_fs_info {
	uint64_t last_reloc_trans;
};

struct btrfs_root {
	struct btrfs_fs_info *fs_info;
	struct btrfs_key root_key;
};

struct extent_buffer {
	void *addr;		/* since 6.8 */
	struct page *pages[16]; /* before 6.8 */
	struct folio *folios[16];
};

struct btrfs_path {
	struct extent_buffer *nodes[8];
	int slots[8];
};

struct btrfs_lru_cache {	   /* since 6.4 */
	struct list_head lru_list; /* oldest first */
	struct maple_tree entries;
	unsigned int size;
	unsigned int max_size; /* 0: unlimited */
};

struct btrfs_lru_cache_entry {
	struct list_head lru_list;
	uint64_t key;
};

/* A snapshot that may be cloned from. */
struct clone_root {
	uint64_t found_refs; /* before 6.2: by the last search */
};

struct send_ctx {
	char *send_buf;
	unsigned int send_size;
	uint64_t flags;
	struct btrfs_root *send_root;
	struct btrfs_root *parent_root; /* NULL: a full send */
	struct clone_root *clone_roots;
	unsigned int clone_roots_cnt; /* the sent one among them */
	uint64_t last_reloc_trans;
	uint64_t cur_ino;
	struct btrfs_lru_cache name_cache; /* these four since 6.4 */
	struct btrfs_lru_cache backref_cache;
	uint64_t backref_cache_last_reloc_trans;
	struct btrfs_lru_cache dir_created_cache;
	struct btrfs_lru_cache dir_utimes_cache;
	int name_cache_size; /* before 6.4 */
};

/* The context of one search for a clone source. */
struct backref_ctx {
	uint64_t found;
	uint64_t bytenr; /* since 6.2 */
};

struct ulist {
	unsigned long nnodes;
};

struct btrfs_backref_walk_ctx { /* since 6.2 */
	uint64_t bytenr;
	struct ulist *roots;
};

struct prelim_ref {
	unsigned int level;
	unsigned int count;
};

#pragma clang attribute pop

#endif

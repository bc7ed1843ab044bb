/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The state of one send, and how its modules call each other. Data flows one way:
 *
 *   tree comparison -> changes.c (what happened to which item)
 *     -> refs.c, xattrs.c, extents.c (names, attributes, data of the current inode)
 *     -> names.c, dir_moves.c, rmdir.c (where things are at the receiver right now)
 *     -> commands.c (one function a command) -> stream writer -> sink
 *
 * The current inode is the one whose items are passing by; inodes come in ascending order.
 */
#ifndef ENGINE_SEND_CONTEXT_H
#define ENGINE_SEND_CONTEXT_H

#include "engine/core/lru_cache.h"
#include "engine/core/path_buf.h"
#include "engine/fs/file_data.h"
#include "engine/fs/inode.h"
#include "engine/fs/verity.h"
#include "engine/send/clone_finder.h"
#include "engine/send/recorded_refs.h"
#include "engine/stream/stream_write.h"
#include "engine/tree/compare.h"
#include "engine/volume/csum.h"

#include <errno.h>

struct move_list;
struct waiting_move;
struct orphan_dir;
struct receiver;

struct current_inode {
	uint64_t ino; /* 0 before the first one */
	uint64_t generation;
	uint64_t size;
	uint64_t rdev;
	uint32_t mode;
	bool is_new;
	bool new_generation; /* another inode had this number in the parent: deleted, then new */
	bool is_deleted;
	bool is_ignored;	    /* no link is left: the receiver never sees it */
	bool has_xattrs;	    /* an item of them has passed */
	uint64_t last_extent;	    /* where the last extent looked at ends; UINT64_MAX: none yet */
	uint64_t next_write_offset; /* the receiver has the data before it */
	struct path_buf path;	    /* at the receiver, from first use on; empty while not known */
};

/* What is known of the names in a top directory that could be those of orphans. */
struct orphan_like {
	unsigned int epoch; /* of the volume that all this is true in */
	bool is_known;
	bool exist;	   /* once it is known */
	uint64_t look_ups; /* until it is */
};

/* Who else has bytes of the extent at hand: for the account of what is written of it. */
struct extent_account {
	uint64_t offset;      /* of its item, in the file */
	uint64_t data_offset; /* where the item begins in the extent */
	enum clone_loss unshared;
	struct clone_sharing sharing;
};

struct send_context {
	struct volume *volume;
	const struct send_request *request;
	struct root *send_root;
	struct root *parent_root;	/* NULL: full send */
	struct clone_root *clone_roots; /* by id; the send root is one of them */
	size_t clone_root_count;
	struct clone_finder *clones;
	struct file_data *data;
	struct stream_writer writer;
	struct crc32c_blocks blocks; /* sectors, of which the sums are known */
	struct clone_loss_account losses;
	struct extent_account extent;

	/* The item that is passing by. */
	struct btree_path *left;  /* in the send root */
	struct btree_path *right; /* in the parent root */
	struct key key;

	struct current_inode cur;
	/*
	 * The receiver's point in time: inodes below it are as in the send root, the others still
	 * as in the parent root.
	 */
	uint64_t progress;

	/* Names of the current inode that appeared or went, in the order in which they passed. */
	struct ref_list new_refs;
	struct ref_list deleted_refs;
	struct move_list *pending_moves;    /* by the directory they wait for */
	struct waiting_move *waiting_moves; /* by the directory that waits */
	struct orphan_dir *orphan_dirs;	    /* deleted, but not empty yet */
	struct orphan_like orphan_like[2];  /* in the send root, in the parent root */

	unsigned int flags;	   /* of the request, as far as the generation knows them */
	struct receiver *receiver; /* NULL: nobody asks what becomes of the stream */
	uint64_t notices[NOTICE_COUNT];

	struct lru_cache names;
	struct lru_cache dirs_created;
	struct lru_cache dir_utimes;

	bool needs_verity; /* the current inode, and all after it */
	bool has_verity;   /* a descriptor was read */
	struct verity_descriptor *verity;
};

static inline bool send_behaves(const struct send_context *send, enum behaviour_id behaviour)
{
	return generation_behaves(&send->request->generation, behaviour);
}

/* Record a failure of this send; see failure_set(). */
#define send_fail(send, code, ...) volume_fail((send)->volume, code, __VA_ARGS__)

/* There is none for @what of the current inode, such as "the names". Returns -ENOMEM. */
static inline int send_no_memory(struct send_context *send, const char *what)
{
	return send_fail(send, -ENOMEM, "out of memory for %s of inode %llu", what,
			 (unsigned long long)send->cur.ino);
}

static inline bool is_current_inode(const struct send_context *send, uint64_t ino,
				    uint64_t generation)
{
	return ino == send->cur.ino && generation == send->cur.generation;
}

/* ---- changes.c: what passes by, inode after inode ---- */

/* A change_fn for tree_walk() and tree_compare(). MIRRORS: changed_cb() v6.18 */
int send_changed(void *context, struct btree_path *left, struct btree_path *right,
		 const struct key *key, enum change change);

/* ---- inodes.c: the beginning and the end of an inode ---- */

/* The current item is an inode item: make its inode the current one. */
int send_begin_inode(struct send_context *send, enum change change);

/*
 * Another item has come (or, with @at_end, none): do what had to wait until all names, or all items
 * of the current inode were known. MIRRORS: finish_inode_if_needed() v6.18
 */
int send_finish_inode(struct send_context *send, bool at_end);

/* ---- names.c: where an inode is at the receiver now ---- */

enum inode_state {
	INODE_NO_CHANGE,
	INODE_WILL_CREATE,
	INODE_DID_CREATE,
	INODE_WILL_DELETE,
	INODE_DID_DELETE,
};

/*
 * The state of inode @ino of @generation at this point in time. The generations in the two roots
 * are stored too where wanted (0: no inode there). -ENOENT (no message recorded) when neither root
 * has this inode with this generation.
 */
int send_inode_state(struct send_context *send, uint64_t ino, uint64_t generation,
		     enum inode_state *state, uint64_t *send_generation,
		     uint64_t *parent_generation);

/* The path of an inode at the receiver now. MIRRORS: get_cur_path() v6.18 */
int send_current_path(struct send_context *send, uint64_t ino, uint64_t generation,
		      struct path_buf *path);

/* The path of the current inode; borrowed, valid until the inode is renamed or left. */
int send_inode_path(struct send_context *send, const struct path_buf **path);

/*
 * The current name (which may be an orphan name: then 1) and parent of an inode, through the name
 * cache. 0, 1 or a negative errno.
 */
int send_current_name(struct send_context *send, uint64_t ino, uint64_t generation,
		      uint64_t *parent, uint64_t *parent_generation, struct path_buf *name);

/* Forget a name that is not the inode's any more. */
void send_forget_name(struct send_context *send, uint64_t ino, uint64_t generation);

/* ---- orphan_names.c ---- */

/* Append the temporary name of an inode, which no name in either top directory equals. */
int send_orphan_name(struct send_context *send, uint64_t ino, uint64_t generation,
		     struct path_buf *path);

/* ---- overwrites.c: names that are taken from one inode by another ---- */

/* An inode that stands where a new name has to go. */
struct overwritten {
	uint64_t ino;
	uint64_t generation;
	uint32_t mode;
};

/* Does @ref take a name that an inode not processed yet has at the receiver? 0, 1, errno. */
int send_will_overwrite(struct send_context *send, const struct recorded_ref *ref,
			struct overwritten *victim);

/* Was this name of @ino in the parent root taken by an inode processed already? 0, 1, errno. */
int send_did_overwrite(struct send_context *send, uint64_t dir, uint64_t dir_generation,
		       uint64_t ino, uint64_t generation, const char *name, size_t length);

/* The same for the first name of an inode: then it has its orphan name. 0, 1, errno. */
int send_did_overwrite_first(struct send_context *send, uint64_t ino, uint64_t generation);

/* ---- refs.c, recorded_refs.h: the names of the current inode ---- */

/* Record the names in the current item. */
int send_record_refs(struct send_context *send, enum change change);

/* Record all names that the current inode number has in one root (new or deleted), and do them. */
int send_all_refs(struct send_context *send, enum change change);

/*
 * Bring the receiver's names of the current inode up to date. *@pending_move tells that the inode,
 * a directory, has to wait until another one has moved. MIRRORS: process_recorded_refs() v6.18
 */
int send_process_refs(struct send_context *send, bool *pending_move);

/*
 * Is directory @ino1 above any name of inode @ino2? 0, 1, errno. MIRRORS: is_ancestor() v6.18
 */
int send_is_ancestor(struct root *root, uint64_t ino1, uint64_t generation1, uint64_t ino2);

/* ---- dir_moves.c: directories that have to wait for others to move ---- */

struct waiting_move {
	uint64_t ino;	    /* the directory that waits */
	uint64_t rmdir_ino; /* when it has moved, this one may be empty; 0: none */
	uint64_t rmdir_generation;
	bool is_orphanized; /* it has its orphan name meanwhile */
	UT_hash_handle hh;
};

struct waiting_move *send_find_waiting_move(struct send_context *send, uint64_t ino);

/* Has the current directory to wait for whoever stands at its new place? 0, 1, errno. */
int send_wait_for_destination(struct send_context *send, const struct recorded_ref *ref,
			      bool is_orphan);
/* Has it to wait for a directory above its new place? 0, 1, errno. */
int send_wait_for_ancestor(struct send_context *send, const struct recorded_ref *ref,
			   bool is_orphan);
/* Move all directories that waited for the current one. */
int send_apply_moves(struct send_context *send);
void send_release_moves(struct send_context *send);

/* ---- rmdir.c: directories that wait to become empty ---- */

/* Can the deleted directory go now? It is remembered if not. 0, 1, errno. */
int send_can_rmdir(struct send_context *send, uint64_t dir, uint64_t generation);
/* Deleted, not removed yet: it has its orphan name. */
bool send_is_orphan_dir(struct send_context *send, uint64_t dir, uint64_t generation);
void send_release_orphan_dirs(struct send_context *send);

/* ---- create.c: inodes that come into being ---- */

/* Create an inode under its orphan name. */
int send_create_inode(struct send_context *send, uint64_t ino);
/* Create the current inode unless it is a directory that was created before its turn. */
int send_create_current(struct send_context *send);
/* Create a directory that is needed before its turn, unless that was done already. */
int send_create_dir_early(struct send_context *send, uint64_t dir);

/* ---- utimes.c: times of directories ---- */

/* Send the times of a directory, now or when nothing more changes in it. */
int send_dir_utimes(struct send_context *send, uint64_t dir, uint64_t generation);
/* Send what is too much to keep waiting. */
int send_trim_dir_utimes(struct send_context *send);
/* Send all that is left, the latest first. */
int send_flush_dir_utimes(struct send_context *send);

/* ---- xattrs.c ---- */

int send_changed_xattrs(struct send_context *send, enum change change);
int send_all_xattrs(struct send_context *send);
int send_capabilities(struct send_context *send);

/* ---- verity.c ---- */

/* The item before the descriptor of the current inode. */
void send_changed_verity(struct send_context *send, enum change change);
/* Enable verity of the current inode, if that is due. */
int send_verity(struct send_context *send);

/* ---- extents.c, holes.c, clone_range.c: data ---- */

/* The extent item at @path belongs to the current inode: send what is needed of it. */
int send_extent(struct send_context *send, struct btree_path *path, const struct key *key);
int send_all_extents(struct send_context *send);

/* Where the extent at the path ends in its file. */
uint64_t send_extent_end(const struct send_context *send, const struct btree_path *path);

/* Is there a hole before the extent at @path where the parent has data? Then send zeros. */
int send_hole_before(struct send_context *send, const struct btree_path *path,
		     const struct key *key);
/* The same between the last extent and the end of file. */
int send_hole_at_end(struct send_context *send);

/*
 * Send a range of the extent item at @position as data: as it lies on disk if that is asked for and
 * is not longer. With SEND_NO_FILE_DATA only say that it changed. @why it is not cloned is told
 * and accounted for.
 */
int send_data_range(struct send_context *send, const struct btree_path *position, uint64_t offset,
		    uint64_t length, enum extent_decision why);

/* The most data in one command. */
size_t send_max_data(const struct send_context *send);

/* A range of the current inode and the extent behind it. */
struct clone_target {
	const struct btree_path *position; /* its file extent item */
	uint64_t offset;
	uint64_t length;
	uint64_t disk_bytenr;
	uint64_t data_offset; /* in the extent */
};
/* Send a range by cloning what @source shares with it and writing the rest. */
int send_clone_range(struct send_context *send, struct clone_root *source,
		     struct clone_target target);

/* ---- commands.c: one function a command ---- */

/* End the command begun in send->writer and tell the observer. */
int send_end_command(struct send_context *send);

int send_subvolume_command(struct send_context *send);
int send_rename(struct send_context *send, const struct path_buf *from, const char *to,
		size_t to_length);
int send_link(struct send_context *send, const char *path, size_t length,
	      const struct path_buf *target);
int send_unlink(struct send_context *send, const char *path, size_t length);
int send_rmdir(struct send_context *send, const struct path_buf *path);
int send_truncate(struct send_context *send, uint64_t size);
int send_chmod(struct send_context *send, uint32_t mode);
int send_chown(struct send_context *send, uint32_t uid, uint32_t gid);
int send_utimes(struct send_context *send, uint64_t ino, uint64_t generation);
int send_set_xattr(struct send_context *send, const char *name, size_t name_length,
		   const void *value, size_t value_length);
int send_remove_xattr(struct send_context *send, const char *name, size_t name_length);
int send_write(struct send_context *send, uint64_t offset, size_t length);
int send_zeros(struct send_context *send, uint64_t offset, size_t length);
int send_encoded_write(struct send_context *send, const struct btree_path *position,
		       uint64_t offset, uint64_t length);
/* The bytes of the file that such a command stands for. */
uint64_t send_encoded_length(const struct btree_path *position, uint64_t offset, uint64_t length);
int send_punch_hole(struct send_context *send, uint64_t offset, uint64_t length);
int send_fileattr(struct send_context *send, uint64_t flags);
int send_enable_verity(struct send_context *send, const struct verity_descriptor *descriptor);
int send_update_extent(struct send_context *send, uint64_t offset, uint32_t length);
int send_clone(struct send_context *send, uint64_t offset, uint32_t length,
	       const struct clone_root *source);

/* ---- notices.c, receiver.c: what the receiver gets wrong ---- */

/* Count @notice and tell it; its inode is the current one. */
void send_notify(struct send_context *send, struct send_notice *notice);

/*
 * A model of the receiver's names: it starts as the parent snapshot and does what each command
 * says. Only for generations that send what cannot be done; else, and when nobody asks,
 * *@out is NULL, which the other functions accept.
 */
int receiver_new(struct send_context *send, struct receiver **out);
void receiver_free(struct receiver *receiver);
/* The command in @writer is complete but for its checksum. */
void receiver_follow(struct receiver *receiver, const struct stream_writer *writer);
/* No command follows but the end: what is left behind? */
void receiver_finish(struct receiver *receiver);

/* ---- observe.c ---- */

/* CLOCK_MONOTONIC, as events have it. */
uint64_t send_now_ns(void);
void send_observe(struct send_context *send, struct event *event);
/* The observer of the caches; @context is the send. */
void send_observe_cache(void *context, enum cache_id cache, enum cache_operation operation);

/* ---- tell.c: decisions, for an observer that asks for them ---- */

/* @info is that of the sent snapshot, of a deleted inode that of the parent. */
void send_tell_fate(struct send_context *send, enum inode_fate fate, const struct inode_info *info);
void send_tell_name(struct send_context *send, enum name_decision decision, uint64_t ino,
		    uint64_t dir, uint64_t other);
/* The file extent item at @position is looked at. */
void send_tell_extent(struct send_context *send, const struct btree_path *position);
void send_tell_range(struct send_context *send, enum extent_decision decision, uint64_t offset,
		     uint64_t length);
void send_tell_clone(struct send_context *send, uint64_t offset, uint64_t length,
		     uint64_t source_offset);
/* An extent item of an inode that does not differ otherwise, and so is not the current one. */
void send_tell_passed_over(struct send_context *send, const struct btree_path *position);
/* A clone_told_fn; @context is the send. */
void send_tell_candidate(void *context, enum clone_rule rule,
			 const struct backref_candidate *candidate);

/* ---- account.c: data that was written, by reason ---- */

/* A range of the current inode was written: account for it by the class of @why, tell. */
void send_account_range(struct send_context *send, enum extent_decision why, uint64_t offset,
			uint64_t bytes);
/*
 * The same for a range of the extent at hand: of its bytes, the class of @why holds for those that
 * could be cloned, and who else has the others tells theirs.
 */
void send_account_extent(struct send_context *send, enum extent_decision why, uint64_t offset,
			 uint64_t bytes);

#endif

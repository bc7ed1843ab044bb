/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The one vocabulary of events. A sender, the kernel watched from outside or the engine through its
 * observer, tells what it does in these records; whoever consumes them never asks which sender it
 * was. Fixed-width members only: BPF programs fill the same records, and are compiled without a C
 * library's headers.
 */
#ifndef ENGINE_EVENTS_H
#define ENGINE_EVENTS_H

#include <stdint.h>

enum event_type {
	EVENT_COMMAND,	   /* a command was emitted */
	EVENT_INODE_BEGIN, /* work on an inode begins */
	EVENT_INODE_END,
	EVENT_BACKREF_WALK,  /* one search for a clone source, walked or answered without */
	EVENT_CACHE,	     /* one cache operation */
	EVENT_PATH_RESOLVED, /* the current path of an inode was built */
	EVENT_RESTART,	     /* blocks moved: roots re-read, last keys searched again */
	EVENT_DATA_WRITTEN,  /* a range of a file was written, all of it for one reason */
	EVENT_BLOCKED,	     /* the sending thread waited */
	/* From here on: decisions, for an observer that asks for them. */
	EVENT_INODE_FATE,      /* what the inode is between the snapshots */
	EVENT_NAME_DECISION,   /* what happens to a name */
	EVENT_EXTENT,	       /* a file extent item is looked at */
	EVENT_CLONE_CANDIDATE, /* a reference to it was judged as clone source */
	EVENT_EXTENT_DECISION, /* what becomes of a range of the file */
	EVENT_TYPE_COUNT,
};

/* The caches of the kernel's send, at the kernel's sizes. */
enum cache_id {
	CACHE_NAME,	   /* inode -> current name and parent, 256 entries */
	CACHE_BACKREF,	   /* leaf -> roots that reach it, 128 entries */
	CACHE_DIR_CREATED, /* directories known to be created, 64 entries */
	CACHE_DIR_UTIMES,  /* directories whose times are sent later, trimmed to 64 */
	CACHE_COUNT,
};

enum cache_operation {
	CACHE_LOOKUP_HIT,
	CACHE_LOOKUP_MISS,
	CACHE_STORE,
	CACHE_EVICT,
	CACHE_CLEAR,
};

enum blocked_for {
	BLOCKED_FOR_OUTPUT, /* the reader of the stream */
	BLOCKED_FOR_IO,	    /* the device */
};

enum backref_result {
	BACKREF_NO_CLONE,   /* walked, nothing usable */
	BACKREF_CLONE,	    /* a clone source was found */
	BACKREF_OVER_LIMIT, /* more references than are looked at */
	BACKREF_SINGLE_REF, /* the only reference is our own: not walked */
};

enum inode_fate {
#define INODE_FATE(id, sentence) FATE_##id,
#include "engine/decisions.def"
	FATE_COUNT,
};

enum name_decision {
#define NAME_DECISION(id, sentence) NAME_##id,
#include "engine/decisions.def"
	NAME_DECISION_COUNT,
};

enum clone_rule {
#define CLONE_RULE(id, ...) CLONE_##id,
#include "engine/decisions.def"
	CLONE_RULE_COUNT,
};

enum extent_decision {
#define EXTENT_DECISION(id, sentence) EXTENT_##id,
#include "engine/decisions.def"
	EXTENT_DECISION_COUNT,
};

struct event {
	uint64_t time_ns; /* CLOCK_MONOTONIC, when the thing ended */
	uint64_t ino;	  /* the inode being sent, 0 for none */
	uint32_t type;	  /* enum event_type */
	uint32_t sender;  /* the thread of a kernel's send; 0: the engine */
	union {
		struct {
			uint32_t kind;	 /* command number of the stream format */
			uint32_t length; /* whole command with its header, bytes */
			/* From the kernel, else 0: when its output began, after the work on it. */
			uint64_t output_ns;
			/* From the kernel, else 0: when the work began, as the one before ended. */
			uint64_t began_ns;
			uint64_t offset; /* of its first byte in the stream; 0: not known */
			/*
			 * The path that it names first stands behind the event, of a long one the
			 * end: so many bytes with the NUL, 0 for none or not known; and the length
			 * of all of it.
			 */
			uint32_t path_size;
			uint32_t path_length;
		} command;
		struct {
			uint32_t cache;	    /* enum cache_id */
			uint32_t operation; /* enum cache_operation */
		} cache;
		struct {
			uint64_t began_ns;
			uint32_t reason; /* enum blocked_for */
			uint32_t reserved;
		} blocked;
		struct {
			uint64_t began_ns; /* from the kernel, else 0 */
		} path;			   /* the header's inode is whose path it is */
		struct {
			uint64_t bytenr;     /* of the data extent */
			uint64_t references; /* count in its extent item */
			uint64_t candidates; /* references evaluated as clone source */
			uint64_t began_ns;
			/*
			 * Leaves that refer to it, as far as walked; from the kernel 0: its walk
			 * counts them in variables of its own, where no program can look.
			 */
			uint32_t leaves;
			uint32_t result; /* enum backref_result */
		} backref;
		struct {
			uint64_t offset; /* in the file */
			uint64_t bytes;	 /* of the file, more than 0 */
			uint32_t loss;	 /* enum clone_loss: why it was not cloned */
			uint32_t reserved;
		} written;
		struct {
			uint64_t generation;
			uint64_t size; /* in the sent snapshot; if deleted, in the parent */
			uint32_t mode;
			uint32_t fate; /* enum inode_fate */
		} inode;
		struct {
			uint64_t ino; /* whose name it is: not always the inode being sent */
			uint64_t dir; /* 0: none */
			uint64_t other;
			uint32_t decision; /* enum name_decision */
			uint32_t reserved;
		} name;
		struct {
			uint64_t offset; /* in the file */
			uint64_t num_bytes;
			uint64_t bytenr;      /* 0: a hole, or inline */
			uint64_t data_offset; /* in the extent */
			uint8_t is_inline;
			uint8_t is_preallocated;
			uint8_t is_compressed;
			uint8_t reserved[5];
		} extent;
		/*
		 * Of CLONE_BLOCK_OVER_LIMIT the tree block at offset and its references, of
		 * CLONE_LEAF_UNREACHED the leaf at offset.
		 */
		struct {
			uint64_t root;
			uint64_t ino;
			uint64_t offset;    /* in its file, where it shows the wanted data */
			uint64_t num_bytes; /* of its file extent item; 0: not looked at */
			uint32_t rule;	    /* enum clone_rule */
			uint32_t reserved;
		} candidate;
		struct {
			uint64_t offset; /* in the file */
			uint64_t length;
			uint64_t source_offset; /* of EXTENT_CLONED, in the chosen source */
			uint32_t decision;	/* enum extent_decision */
			uint32_t reserved;
		} decision;
	};
};

_Static_assert(sizeof(struct event) == 64, "an event is 64 bytes for every producer");

enum { EVENT_PATH_MAX = 256 }; /* path_size is at most */

/* One as it is handed over, by those that have a path to tell. */
struct event_with_path {
	struct event event;
	char path[EVENT_PATH_MAX]; /* path_size bytes of it are used */
};
_Static_assert(sizeof(struct event_with_path) == sizeof(struct event) + EVENT_PATH_MAX,
	       "the path stands right behind the event");

/* The path behind @event, valid as long as it is; a null pointer: there is none. */
static inline const char *event_path(const struct event *event)
{
	if (event->type != EVENT_COMMAND || !event->command.path_size)
		return 0;
	return (const char *)(event + 1);
}

static inline uint64_t event_size(const struct event *event)
{
	return sizeof(*event) + (event_path(event) ? event->command.path_size : 0);
}

/*
 * For each event, which is valid during the call. Who keeps it keeps event_size() bytes, or clears
 * path_size: nothing else tells whether a path is behind it.
 */
typedef void (*event_fn)(void *context, const struct event *event);

struct cache_counters {
	uint64_t lookups;
	uint64_t hits;
	uint64_t stores;
	uint64_t evictions;
	uint64_t clears;
	uint64_t max_entries;
};

struct backref_counters {
	uint64_t searches;   /* extents for which a clone source was looked for */
	uint64_t results[4]; /* by enum backref_result */
	uint64_t candidates;
	uint64_t preliminary_references;
	uint64_t leaves_resolved; /* leaf to roots walks */
	uint64_t roots_found;	  /* by them, over all leaves */
	uint64_t early_stops;	  /* walks that a perfect candidate ended */
};

#endif

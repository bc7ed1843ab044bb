/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is kept in the kernel of one sending thread. Only that thread writes it, by the programs
 * that run in it, so that nothing here is atomic. Read by user space as it is: fixed-width members
 * only, and the same size on both sides.
 */
#ifndef BPF_SEND_STATE_H
#define BPF_SEND_STATE_H

#include "engine/events.h"

enum {
	STATE_SLOTS = 64,     /* sends at a time; a power of two */
	STATE_PROBES = 8,     /* slots that are tried for a thread */
	STATE_ENDED = 256,    /* ended sends that wait for being read */
	STATE_COMMANDS = 32,  /* command numbers; a power of two */
	STATE_BUCKETS = 32,   /* of a histogram, as struct trace_histogram says */
	STATE_PARTS = 8,      /* enum trace_part */
	STATE_SAMPLES = 8192, /* different stacks of all sends */
	STATE_STACKS = 16384,
	STATE_STACK_DEPTH = 64,
	STATE_RESULT_UNSEEN = 1, /* a send returns 0 or a negative errno */
};

#define STATE_NO_TRANSACTION UINT64_MAX

/* The parts of a send's duration, in the order of enum trace_part. */
enum state_part {
	STATE_BACKREF,
	STATE_PATH,
	STATE_READ,
	STATE_WRITE,
	STATE_OTHER,
	STATE_OUTPUT_BLOCKED,
	STATE_IO_BLOCKED,
	STATE_OFF_CPU,
};

struct state_histogram {
	uint64_t count;
	uint64_t sum;
	uint64_t max;
	uint64_t buckets[STATE_BUCKETS];
};

struct state_command {
	uint64_t count;
	uint64_t bytes;
	uint64_t work_ns;
	uint64_t output_ns;
};

/* One search for a clone source, while it lasts. */
struct state_search {
	uint64_t began_ns; /* 0: it is not timed */
	uint64_t context;  /* address of its struct backref_ctx */
	uint64_t bytenr;
	uint64_t references;
	uint64_t candidates;
	uint32_t result; /* enum backref_result, as far as it is clear before the end */
	uint32_t outer;	 /* enum state_part to go back to */
	uint32_t under_way;
	uint32_t reserved;
};

/* A cache whose tree is watched, not its functions: what was seen of it last. */
struct state_cache_watch {
	uint64_t key;	 /* of the last lookup */
	uint64_t newest; /* address of the newest entry's list head at that lookup; 0: none */
	uint32_t size_at_lookup;
	uint32_t size;	    /* as far as stores are counted */
	uint8_t pending;    /* whether that lookup hit is not known yet */
	uint8_t full_erase; /* an eviction, if the cache is full again afterwards */
	uint8_t clearing;
	uint8_t reserved[5];
	uint64_t newest_key;
};

struct send_state {
	/* Who sends what. thread 0: this slot is free. */
	uint32_t thread;
	uint32_t process;
	char command[16];
	uint64_t began_ns; /* CLOCK_MONOTONIC */
	uint64_t ended_ns; /* 0: under way */
	int64_t result;	   /* of the call, or STATE_RESULT_UNSEEN */
	uint64_t send_ctx; /* address of the struct send_ctx; 0: not known yet */
	uint64_t root_id;
	uint64_t parent_id;   /* 0: a full send */
	uint64_t flags;	      /* of the ioctl */
	uint64_t clone_roots; /* from which it may clone, the sent one among them */
	uint64_t ino;
	uint64_t path_tick;		     /* when path was read */
	uint64_t path_of;		     /* and at which inode */
	struct event_with_path last_command; /* with records; the path: of the last one read */

	/* Totals. */
	struct state_command commands[STATE_COMMANDS];
	uint64_t output_bytes;
	struct cache_counters caches[CACHE_COUNT];
	struct backref_counters backrefs;
	struct state_histogram references;
	struct state_histogram candidates;
	struct state_histogram search_ns;
	struct state_histogram path_resolution_ns;
	uint64_t parts_ns[STATE_PARTS];
	uint64_t disk_reads;
	uint64_t disk_read_bytes;
	uint64_t restarts;
	uint64_t inodes;
	uint64_t records;
	uint64_t dropped;
	uint64_t samples_lost;	 /* no room for them, or for their stack */
	uint64_t returns_unseen; /* to the processor: until it left again, it seemed to wait */

	/* Where the thread is at the moment. */
	uint64_t part_since_ns; /* since when its time belongs to part */
	uint32_t part;		/* enum state_part */
	uint32_t command_kind;	/* of the command under way */
	uint64_t command_bytes;
	uint64_t command_output_ns;   /* when its output began */
	uint64_t last_command_end_ns; /* or when the send began */
	uint64_t path_began_ns;
	uint64_t last_reloc_trans; /* STATE_NO_TRANSACTION: the walk has not begun */
	uint64_t walk_ino;	   /* the last one that began */
	uint32_t write_outer;	   /* the parts to go back to */
	uint32_t read_outer;
	uint32_t path_outer;
	uint32_t reserved;
	uint8_t encoded_write; /* an encoded extent was read straight into the output */
	uint8_t send_ends;     /* it frees its caches */
	uint8_t cache_full;    /* the one that is stored into */
	uint8_t name_cleaning; /* the name cache drops its older half, before 6.4 */
	uint8_t taken_up;      /* it had begun before: no program sees its function return */
	uint8_t slot;	       /* which one this is */
	uint8_t reserved_too[2];
	uint32_t name_entries;	 /* at the last lookup in the name cache, before 6.4 */
	uint32_t name_dropped;	 /* since then */
	uint32_t off_cpu_outer;	 /* the part to go back to */
	uint64_t name_lookups;	 /* as far as they are counted when they begin */
	uint64_t written_before; /* by the thread, before it began to send */
	uint64_t written_so_far; /* by the thread, when the command under way began */
	struct state_search search;
	uint64_t place;		     /* address, while it is turned into a number */
	uint64_t trees[CACHE_COUNT]; /* addresses of what they keep their entries in */
	struct state_cache_watch watches[CACHE_COUNT];
};

/* Set before loading. */
struct trace_settings {
	uint32_t process; /* only its sends and those of its descendants; 0: all */
	uint32_t records; /* bool */
	/* What programs do that others of them, if they are loaded, do better; each a bool. */
	uint32_t commands_timed;   /* a command counts when it was written, not before */
	uint32_t commands_begun;   /* it counts when it is begun, ahead of all its data */
	uint32_t parts_measured;   /* time on CPU is split at each step, not by samples */
	uint32_t output_accounted; /* what was written is what the thread is accounted for */
	uint32_t names_begun;	   /* lookups before 6.4 are counted when they begin */
	uint32_t candidates_seen;
	uint32_t searches_timed;
	uint32_t commands_unseen; /* sends under way are found when their thread leaves */
	/* Addresses of the variables that say where page structs and memory begin; 0: unknown. */
	uint64_t pages_variable;
	uint64_t memory_variable;
	/* Where btrfs_lru_cache_lookup() and btrfs_lru_cache_store() begin and end; 0: unknown. */
	uint64_t lookup_begin;
	uint64_t lookup_end;
	uint64_t store_begin;
	uint64_t store_end;
};

/* Samples of one stack. */
struct sample_key {
	uint64_t began_ns; /* of the send */
	uint32_t thread;
	int32_t stack; /* in the map of stacks; negative: not recorded */
};

/* Threads may begin in the same nanosecond. */
struct ended_key {
	uint64_t began_ns;
	uint64_t thread;
};

_Static_assert(sizeof(struct send_state) % 8 == 0, "the kernel rounds values up to 8 bytes");
_Static_assert((EVENT_PATH_MAX & (EVENT_PATH_MAX - 1)) == 0, "a path is cut by masking");
_Static_assert((STATE_SLOTS & (STATE_SLOTS - 1)) == 0, "a slot is found by masking");
_Static_assert(STATE_SLOTS <= UINT8_MAX + 1, "a slot's number fits");
_Static_assert(STATE_OFF_CPU + 1 == STATE_PARTS, "a total for each part");

#endif

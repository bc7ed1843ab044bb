/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The result model: everything `sendprof run` found out, and nothing about how it is shown. The
 * runner fills it, result_json.c writes and reads it, the renderers in reports/ only read it.
 */
#ifndef PROFILER_RESULT_H
#define PROFILER_RESULT_H

#include "engine/core/failure.h"
#include "profiler/notice_log.h"
#include "profiler/trace_details.h"
#include "profiler/trace_figures.h"

#include <jansson.h>

enum { RESULT_SCHEMA_VERSION = 1, RESULT_PROGRESS_POINTS = 200, RESULT_CONTEXT_MAX = 16 };

enum side {
	SIDE_KERNEL,
	SIDE_ENGINE,
	SIDE_COUNT,
};

enum verdict {
	VERDICT_EQUAL, /* every pair of streams was byte-identical */
	VERDICT_DIFFERENT,
	VERDICT_INCOMPLETE, /* a sender failed, or the filesystem would not hold still */
};

/*
 * Latency of one command kind: time from the end of the previous command to the end of this one, as
 * the reader of the pipe saw it. Buckets are logarithmic: bucket i holds latencies below
 * latency_bucket_limit_ns(i), 8 buckets for each power of two.
 */
enum { LATENCY_BUCKETS = 320 };
struct latency {
	uint64_t count;
	uint64_t batched; /* arrived in the same read as the command before: latency unknown, not in
			     the buckets */
	uint64_t total_ns;
	uint64_t max_ns;
	uint64_t buckets[LATENCY_BUCKETS];
};
uint64_t latency_bucket_limit_ns(unsigned int bucket);
void latency_add(struct latency *latency, uint64_t ns);
/* The latency that @per_mille of the timed commands stay below; 0 when there are none. */
uint64_t latency_percentile_ns(const struct latency *latency, unsigned int per_mille);

struct kind_stats {
	uint64_t count; /* in one stream: the last */
	uint64_t bytes;
	struct latency latency; /* over all measured repeats */
};

struct progress_point {
	uint64_t time_ns; /* since the send began */
	uint64_t bytes;
	uint64_t commands;
};

/* Where the senders write to, both to the same. */
enum send_sink {
	SINK_PIPE, /* a reader takes each command, its time, and compares it */
	SINK_NULL, /* what is measured is dropped unread; the streams are compared before */
};
enum { SEND_SINKS = SINK_NULL + 1 };
extern const char *const send_sink_names[]; /* ended by NULL */

/* What a send used, in all threads of the process but the one that reads the stream. */
struct run_usage {
	bool known;
	uint64_t user_ns, system_ns;
	uint64_t minor_faults, major_faults;
	bool has_device_bytes;
	uint64_t device_bytes; /* what had to be read from block devices, not from caches */
	bool has_peak_bytes;
	uint64_t peak_bytes; /* the most of the process that was in memory at a time */
};

/* One send by one side. Raw samples are kept: medians are computed by whoever shows them. */
struct run_sample {
	uint64_t duration_ns;
	uint64_t first_byte_ns;
	uint64_t cpu_ns; /* of the sending thread */
	uint64_t bytes;
	uint64_t commands;
	uint64_t generation;	  /* committed transaction that was sent */
	unsigned int repeat;	  /* 0 is the warm-up, which no figure counts */
	bool traced;		  /* not timed either: the kernel's send was watched */
	bool repeated_for_commit; /* a commit came in between: the pair was run again after this */
	struct run_usage usage;
};

struct side_result {
	struct run_sample *samples;
	size_t sample_count;
	struct kind_stats kinds[STREAM_C_COUNT];		/* by command number */
	struct progress_point progress[RESULT_PROGRESS_POINTS]; /* of the last repeat */
	size_t progress_count;
	bool has_caches; /* of the traced pair, else the last; the pipe tier cannot see the
			    kernel's */
	struct cache_counters caches[CACHE_COUNT];
	struct backref_counters backrefs;
	struct volume_counters volume; /* engine only */
	struct notice_log notices;     /* engine only, of the last repeat */
	/*
	 * What watching the send gave; owned, NULL: not watched. The kernel's is of the
	 * traced pair. The engine is watched in the warm-up, since that costs it time; its thread
	 * is 0.
	 */
	struct trace_figures *trace;
	struct trace_details *details; /* of the same send; owned, NULL: events were not taken */
	char *folded_stacks;	       /* kernel only, of the traced send; owned, may be NULL */
	char error[512];	       /* empty when every send succeeded */
};

/* A metric this run does not have, and why. */
struct missing_metric {
	const char *metric; /* a constant */
	char reason[224];
};

struct snapshot_fact {
	char *path;
	uint64_t id;
	uint8_t uuid[16];
	uint64_t ctransid;
};

/* What the engine's last send that counts wrote, and why it did not clone it. */
struct loss_result {
	bool known;
	struct clone_loss_counters counters;
	/* Of counters.files, in the snapshot; owned, NULL: not found. */
	char *paths[CLONE_LOSS_FILES];
};

/* What the engine's stream would be if it cloned extents with more references than the kernel. */
struct beyond_result {
	bool known;		 /* it was asked for */
	uint64_t max_references; /* 0: any number */
	uint64_t commands;
	uint64_t bytes;
	uint64_t cloned_extents;
	uint64_t duration_ns; /* of one send, to nowhere */
};

struct divergence {
	bool found;
	uint64_t command_index; /* of the first command that differs */
	uint64_t byte_offset;
	uint64_t identical, only_kernel, only_engine, changed; /* aligned commands */
	/* One line of text a command around the divergence; owned. NULL where a side has none. */
	char *kernel_context[RESULT_CONTEXT_MAX];
	char *engine_context[RESULT_CONTEXT_MAX];
	size_t context_count;
	size_t context_first_different; /* index into the contexts */
	char *attributes; /* names of the attributes that differ, comma separated; owned, may be
			     NULL */
};

/* A generation the engine was tried with, and how far its stream then is the kernel's. */
struct tried_generation {
	struct generation generation;
	uint64_t agrees_until; /* offset of the first command that differs */
};

enum attribution_state {
	ATTRIBUTION_NOT_SOUGHT,
	ATTRIBUTION_FOUND,
	ATTRIBUTION_NOT_FOUND, /* all that could explain the difference was tried */
	ATTRIBUTION_STOPPED,   /* before that; why is told */
};

enum { ATTRIBUTION_FOUND_MAX = 8, ATTRIBUTION_FURTHER_MAX = 4 };

/* Which rows of the generations table explain the divergence. */
struct attribution {
	enum attribution_state state;
	struct generation asked;
	uint64_t differs_at; /* offset of the command in which the engine as asked leaves off */
	/*
	 * The engine's stream as these is the kernel's: with each row that explains all alone, else
	 * one of as few rows turned as can be, where another generation counts as one.
	 */
	struct generation found[ATTRIBUTION_FOUND_MAX];
	size_t found_count;
	uint64_t whole; /* 1 << enum generation_id of those equal with no row turned */
	/*
	 * Rows, 1 << enum behaviour_id, that turned in what was asked explain all, too: those of
	 * the first one found that show in this stream. None of them can be left out.
	 */
	uint64_t rows;
	/* While nothing is found: what agrees further than the engine as asked, best first. */
	struct tried_generation further[ATTRIBUTION_FURTHER_MAX];
	size_t further_count;
	uint64_t relevant; /* rows that change the stream up to that command, 1 << behaviour */
	uint64_t sends;
	uint64_t duration_ns;
	uint64_t limit_ns;
	char stopped[256]; /* why not all was tried; empty when it was */
	/* While nothing is found: the engine's decisions on the inode, up to the command; owned. */
	char **decisions;
	size_t decision_count;
};

enum { AGREEMENT_MAX = 40 };

/* Where the kernel's counters are not the engine's though both sent the same in the same way. */
struct trace_disagreement {
	char what[96];
	uint64_t kernel;
	uint64_t engine;
};

struct trace_agreement {
	unsigned int compared; /* counters; 0: nothing to compare */
	struct trace_disagreement found[AGREEMENT_MAX];
	size_t count;
};

struct environment {
	char kernel[65];
	char machine[65];
	char cpu[128];
	unsigned int cpus;
	uint64_t memory_bytes;
	char sendprof[32];
	char created[32]; /* ISO 8601, UTC */
	char *filesystem; /* mount point or image */
	char *device;
	char *mount_options;
	struct volume_info volume;
};

struct result {
	enum verdict verdict;
	struct environment environment;
	struct snapshot_fact snapshot;
	struct snapshot_fact parent; /* path NULL: full send */
	struct snapshot_fact *clone_sources;
	size_t clone_source_count;
	bool no_data;
	bool compressed_data; /* compressed extents sent as they are */
	unsigned int protocol;
	enum generation_id generation;
	uint64_t turned; /* rows of it that were turned, 1 << enum behaviour_id */
	bool cold;	 /* caches dropped before each send */
	enum send_sink sink;
	enum send_finder finder; /* of the engine, in what is measured */
	uint64_t memory_bytes;	 /* what the engine may keep in memory */
	bool batch;		 /* the engine wrote small commands together */
	unsigned int repeat;
	bool kernel_recorded; /* the kernel's stream came from a file: no kernel timings */
	enum trace_tier tier;
	char tier_reason[256]; /* why not a higher one; empty for the highest, or if it was asked
				  for */
	struct side_result sides[SIDE_COUNT];
	struct loss_result losses;
	struct beyond_result beyond;
	struct divergence divergence;
	struct attribution attribution;
	struct trace_agreement agreement;
	struct missing_metric *missing;
	size_t missing_count;
	json_t *source; /* what it was read from, which owns the texts that are const here */
};

/* Free the paths and forget everything. */
void loss_result_release(struct loss_result *losses);

/* Free what a result owns; the struct itself is the caller's. */
void result_release(struct result *result);
void attribution_release(struct attribution *attribution);

/* "6.18", "6.18 but without ROW, with ROW"; the caller frees it, NULL when there is no memory. */
char *generation_text(const struct generation *generation);
/* Rows by which two generations differ, 1 << enum behaviour_id. */
uint64_t generation_difference(const struct generation *left, const struct generation *right);

/* Medians over measured samples (repeat > 0, not repeated for a commit); 0 when there are none. */
uint64_t result_median_ns(const struct result *result, enum side side);
/* The same of each figure; of those that any sample lacks it is said that they are not there. */
void result_median_usage(const struct result *result, enum side side, struct run_usage *usage);
/* Kernel median / engine median; 0 when either is missing. */
double result_ratio(const struct result *result);

/* docs/result-json.md documents the schema. The caller owns the reference. */
json_t *result_to_json(const struct result *result);
/*
 * Fill @result, which is zeroed before and the caller's to release in any case. It keeps a
 * reference to @json. 0, -ENOMEM, -EPROTO for what is no result and -EOPNOTSUPP for one of another
 * schema, with @failure set. Keys that are missing are as if nothing was known.
 */
int result_from_json(json_t *json, struct result *result, struct failure *failure);
/* The same from a file, "-" being standard input; also -errno of the file. */
int result_load(const char *path, struct result *result, struct failure *failure);
json_t *attribution_to_json(const struct attribution *attribution);
/* The names of rows, given as 1 << enum behaviour_id. */
json_t *behaviours_to_json(uint64_t rows);

#endif

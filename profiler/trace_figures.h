/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What tracing found out about one send of the kernel: figures that are right whether or not single
 * records were lost. Filled by the tracer, part of the result model, read by whoever shows it.
 */
#ifndef PROFILER_TRACE_FIGURES_H
#define PROFILER_TRACE_FIGURES_H

#include "engine/sendengine.h"

enum trace_tier {
	TIER_PIPE,	 /* the stream and the clock; no program in the kernel */
	TIER_TRACEPOINT, /* tracepoints, also typed ones; samples */
	TIER_FUNCTION,	 /* entry and exit of the send path's functions, too */
	TIER_COUNT,
};

enum trace_metric {
#define TRACE_METRIC(id, key, sentence) METRIC_##id,
#include "profiler/trace_metric.def"
#undef TRACE_METRIC
	METRIC_COUNT,
};

/*
 * Parts of a send's duration that do not overlap: their sum is the duration. Time off the processor
 * belongs to what the thread waited for, whatever function it was in.
 */
enum trace_part {
	PART_BACKREF,	     /* on CPU: searching for clone sources */
	PART_PATH,	     /* on CPU: paths and names */
	PART_READ,	     /* on CPU: reading file data */
	PART_WRITE,	     /* on CPU: checksum of a command, copying into the output */
	PART_OTHER,	     /* on CPU: everything else, the comparison of the trees above all */
	PART_OUTPUT_BLOCKED, /* the reader of the stream was slower */
	PART_IO_BLOCKED,     /* waiting for the device */
	PART_OFF_CPU,	     /* other things ran, or waiting for locks */
	PART_COUNT,
};

/* Bucket 0 counts zeros, bucket i values from 2^(i-1) up to 2^i - 1; the last one all above. */
enum { TRACE_HISTOGRAM_BUCKETS = 32 };
struct trace_histogram {
	uint64_t count;
	uint64_t sum;
	uint64_t max;
	uint64_t buckets[TRACE_HISTOGRAM_BUCKETS];
};

struct trace_command_figures {
	uint64_t count;
	uint64_t bytes;
	uint64_t work_ns;   /* from the end of the command before to its own output */
	uint64_t output_ns; /* checksum and output */
};

struct trace_figures {
	uint32_t thread;
	enum trace_tier tier;
	uint64_t metrics; /* 1 << enum trace_metric: those that are known; the others below are 0 */
	uint64_t began_ns; /* CLOCK_MONOTONIC */
	uint64_t ended_ns; /* 0: under way */
	int64_t result;	   /* what the ioctl returned */

	struct trace_command_figures commands[STREAM_C_COUNT]; /* by command number */
	uint64_t output_bytes;
	struct cache_counters caches[CACHE_COUNT];
	struct backref_counters backrefs;
	struct trace_histogram references; /* of the extents searched for */
	struct trace_histogram candidates; /* looked at in one search */
	struct trace_histogram search_ns;
	struct trace_histogram path_ns;
	uint64_t parts_ns[PART_COUNT];
	bool parts_sampled; /* the parts on CPU are shares of samples, not measured */
	uint64_t disk_reads, disk_read_bytes;
	uint64_t restarts;
	uint64_t inodes;

	uint64_t records;	 /* single events handed over */
	uint64_t dropped;	 /* events for which there was no room: records, never totals */
	uint64_t samples_lost;	 /* samples of the stack that found no room */
	uint64_t returns_unseen; /* to the processor: the time up to the next wait was counted as
				    waiting */
};

const char *trace_tier_name(enum trace_tier tier);
/* False when no tier has this name. */
bool trace_tier_find(const char *name, enum trace_tier *tier);
const char *trace_metric_key(enum trace_metric metric);
const char *trace_metric_sentence(enum trace_metric metric);
const char *trace_part_name(enum trace_part part);

/*
 * Whether the time on the processor is divided: if not, all of it is in PART_OTHER, for it was too
 * short to be sampled, or what was sampled has no names.
 */
bool trace_is_divided(const struct trace_figures *figures);

/* What a send came to, by what it returned in the kernel. Valid until the next call. */
const char *trace_result_text(int64_t result);

static inline bool trace_knows(const struct trace_figures *figures, enum trace_metric metric)
{
	return figures->metrics >> metric & 1;
}

enum { SEARCH_COUNTERS = 10 };

/* A member of struct backref_counters, as reports and messages call it. */
struct search_counter {
	const char *name;
	size_t offset;
	bool of_searches;	  /* a part of the searches */
	enum trace_metric metric; /* by which a trace knows it */
};

extern const struct search_counter search_counters[SEARCH_COUNTERS];
uint64_t search_count(const struct backref_counters *counters,
		      const struct search_counter *counter);

#endif

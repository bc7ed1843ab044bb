/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tracer: programs in the kernel that watch sends, in the best tier that this machine allows.
 * Totals are kept in the kernel, one set a sending thread; single events (engine/events.h, with the
 * thread as sender) come through a ring buffer to whoever wants them.
 */
#ifndef PROFILER_TRACER_H
#define PROFILER_TRACER_H

#include "engine/core/failure.h"
#include "profiler/trace_figures.h"

#include <inttypes.h>
#include <stdio.h>

struct tracer;

struct tracer_options {
	bool forced;	      /* @tier or nothing */
	enum trace_tier tier; /* the highest that is tried */
	uint32_t process;     /* sends of this process and those it started only; 0: of all */
	uint64_t groups; /* metrics that may cost something, 1 << enum trace_metric; 0: the default
			    set */
	bool records;	 /* hand over single events */
	size_t ring_bytes;	  /* for them; 0: the default of 4 MiB */
	unsigned int stack_hertz; /* samples of the stack a second; 0: none */
	/* For tests, up to NULL: "TARGET" is taken as missing, "TARGET=OTHER" as if renamed. */
	const char *const *hidden;
};

/*
 * Load and attach. The tier taken is the highest in which anything can be attached; why a higher
 * one was not is in tracer_tier_reason(). 0, or a negative errno with @failure set when @options
 * forces a tier that cannot be had. TIER_PIPE needs no tracer: *@out is NULL then, and 0 is
 * returned.
 */
int tracer_open(const struct tracer_options *options, struct tracer **out, struct failure *failure);
/* Detach everything. Accepts NULL. */
void tracer_close(struct tracer *tracer);

enum trace_tier tracer_tier(const struct tracer *tracer);
/* Why a higher tier could not be had, one line; empty for the highest. */
const char *tracer_tier_reason(const struct tracer *tracer);
/* Why a metric is not measured, one line; NULL when it is. */
const char *tracer_missing(const struct tracer *tracer, enum trace_metric metric);
/* Whether that is for no other reason than that it was not asked for. */
bool tracer_unasked(const struct tracer *tracer, enum trace_metric metric);

/*
 * Take what waits in the ring buffer, at most until it is empty, after waiting up to @timeout_ms
 * for something to come (0: do not wait; less than a second). Records of one sender come in its
 * order. Samples of stacks are taken as well, twice a second, so while a send goes on this is
 * called without records, too. The number of records or a negative errno.
 */
int tracer_poll(struct tracer *tracer, int timeout_ms, event_fn consume, void *context);

/* A send that was seen since the tracer was opened or last reset. */
struct traced_send {
	struct trace_figures figures;
	uint32_t process;
	char command[16];	   /* of the thread */
	uint64_t root_id;	   /* sent snapshot; 0: not known */
	uint64_t parent_id;	   /* 0: a full send, or not known */
	uint64_t flags;		   /* of the ioctl; 0 also when not known */
	uint64_t ino;		   /* at work on */
	uint64_t path_of;	   /* the inode that it was at when the path was seen */
	char path[EVENT_PATH_MAX]; /* of the last command that has one, cut at the front; "" if not
				      known */
};

/*
 * The sends seen, those under way and those that ended, in the order of their beginning. *@sends is
 * the caller's to free(). 0 or a negative errno.
 */
int tracer_sends(struct tracer *tracer, struct traced_send **sends, size_t *count,
		 struct failure *failure);
/* How many sends are not among them, since too many ran at a time or waited for a reset. */
uint64_t tracer_unseen(const struct tracer *tracer);
/*
 * How many runs of programs the kernel left out since they were loaded, each because that program
 * was at work on that processor already: what these would have counted is missing. @names, unless
 * @size is 0, becomes the list of these programs.
 */
#define TRACER_MISSED_FORMAT                                                                 \
	"%" PRIu64 " runs of programs were left out by the kernel, which counts nothing in " \
	"them: %s"
uint64_t tracer_missed(const struct tracer *tracer, char *names, size_t size);
/* Forget one of these, if it ended: then it makes room for others. */
int tracer_forget(struct tracer *tracer, const struct traced_send *send, struct failure *failure);
/* Forget the sends that ended. */
int tracer_reset(struct tracer *tracer, struct failure *failure);

/*
 * Folded stacks of the samples taken of @send, or, if it is NULL, of all that were not forgotten,
 * "a;b;c count" a line, kernel functions, outermost first.
 */
int tracer_folded_stacks(struct tracer *tracer, const struct traced_send *send, FILE *out,
			 struct failure *failure);

#endif

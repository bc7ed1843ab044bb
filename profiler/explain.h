/* SPDX-License-Identifier: GPL-2.0 */
/* The engine asked why: what explains that its stream is not the kernel's, and why it decides. */
#ifndef PROFILER_EXPLAIN_H
#define PROFILER_EXPLAIN_H

#include "profiler/progress.h"
#include "profiler/send_source.h"
#include "profiler/stream_form.h"
#include "profiler/stream_store.h"
#include "profiler/why.h"

enum { EXPLAIN_LIMIT_S = 30 }; /* unless told otherwise */

struct explain_request {
	const struct send_source *source;
	struct volume *volume; /* of that source; the engine reads from it */
	struct stream_form form;
	const struct stream_store *reference; /* the kernel's stream */
	uint64_t committed; /* generation in the superblock when it was made; 0: not known */
	uint64_t limit_ns;
	struct progress *progress; /* may be NULL */
};

/*
 * Find which rows of the generations table explain the difference, and if none does, what the
 * engine decided about the inode in which it differs. @attribution is empty before and the caller's
 * to release in any case. 0 or a negative errno with @failure: -EINTR, -ENOMEM, a read error.
 */
int explain(const struct explain_request *request, struct attribution *attribution,
	    struct failure *failure);

/* Send once, the stream goes nowhere, and print the decisions on stderr. */
int explain_why(const struct explain_request *request, const struct why_filter *filter,
		struct failure *failure);

/* The engine's request for @source in @form, without a sink. */
struct send_request explain_send_request(const struct send_source *source,
					 const struct stream_form *form);

#endif

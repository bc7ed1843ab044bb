/* SPDX-License-Identifier: GPL-2.0 */
/* What the differ found, for a person or as JSON. */
#ifndef PROFILER_STREAM_DIFF_SHOW_H
#define PROFILER_STREAM_DIFF_SHOW_H

#include "profiler/stream_diff.h"

#include <jansson.h>

struct diff_view {
	struct stream_file left;
	struct stream_file right;
	struct stream_diff diff; /* of the two */
	size_t data_bytes;	 /* of DATA that JSON shows */
	bool coloured;
};

/* On standard output. */
void diff_view_print(const struct diff_view *view);
/* The caller owns the reference; NULL without memory. */
json_t *diff_view_json(struct diff_view *view);

#endif

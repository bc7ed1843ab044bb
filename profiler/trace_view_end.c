/* SPDX-License-Identifier: GPL-2.0 */
/* A watched send as JSON, and its summary. */
#include "profiler/result_fields.h"
#include "profiler/trace_view.h"
#include "reports/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

json_t *trace_view_to_json(const struct traced_send *send, const struct trace_interval *interval,
			   uint64_t now_ns, uint64_t realtime_ns)
{
	struct json_builder object = json_begin_object();

	json_put_number(&object, "time_ns", now_ns);
	json_put_number(&object, "realtime_ns", realtime_ns);
	json_put_number(&object, "process", send->process);
	json_put_text(&object, "command", send->command);
	json_put_number(&object, "root", send->root_id);
	json_put_number(&object, "ino", send->ino);
	json_put_text(&object, "path", *send->path ? send->path : NULL);
	json_put_bool(&object, "ended", send->figures.ended_ns != 0);
	json_put_number(&object, "interval_ns", interval->ns);
	json_put_number(&object, "interval_bytes", interval->bytes);
	json_put_number(&object, "interval_commands", interval->commands);
	json_put(&object, "trace", trace_to_json(&send->figures));
	return json_finish(&object);
}

static size_t list_missing(const struct trace_summary *summary, struct missing_metric *missing)
{
	size_t count = 0;

	for (unsigned int i = 0; i < METRIC_COUNT; i++) {
		if (!summary->missing[i])
			continue;
		missing[count].metric = trace_metric_sentence(i);
		snprintf(missing[count].reason, sizeof(missing[count].reason), "%s",
			 summary->missing[i]);
		count++;
	}
	return count;
}

/* The result model with nothing but one side watched; what it points to stays the caller's. */
int trace_view_summary(const struct trace_summary *summary, FILE *out, bool colour,
		       unsigned int width)
{
	struct missing_metric missing[METRIC_COUNT];
	struct trace_figures figures = summary->send->figures;
	struct result *result = calloc(1, sizeof(*result));
	struct side_result *kernel;
	int ret;

	if (!result)
		return -ENOMEM;
	result->tier = TIER_PIPE;
	if (summary->tier_reason) {
		result->tier = figures.tier;
		snprintf(result->tier_reason, sizeof(result->tier_reason), "%s",
			 summary->tier_reason);
	}
	kernel = &result->sides[SIDE_KERNEL];
	kernel->trace = &figures;
	kernel->details = (struct trace_details *)summary->details;
	kernel->folded_stacks = (char *)summary->folded_stacks;
	result->missing = missing;
	result->missing_count = list_missing(summary, missing);
	ret = report_text_trace(result, out, colour, width);
	free(result);
	return ret;
}

/* SPDX-License-Identifier: GPL-2.0 */
/* What is said when watching has ended. */
#include "profiler/json_build.h"
#include "profiler/result_fields.h"
#include "profiler/terminal.h"
#include "profiler/watch.h"
#include "reports/format.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *outcome_of(const struct traced_send *send, bool ended)
{
	if (!ended)
		return "still under way";
	return trace_result_text(send->figures.result);
}

/* Why there is no @metric, and which option asks for it; NULL: there is. */
static const char *reason_missing(const struct watch *watch, enum trace_metric metric)
{
	if (!tracer_unasked(watch->tracer, metric))
		return tracer_missing(watch->tracer, metric);
	return metric == METRIC_STACKS ? "not asked for: --stacks or --flame"
				       : "not asked for: --full";
}

/* What is not measured is so for all of them: it stands once, below the @last one. */
static int put_send(const struct watch *watch, const struct traced_send *send, bool last, FILE *out,
		    bool colour, unsigned int width)
{
	char *command = format_printable(send->command);
	bool ended = send->figures.ended_ns != 0;
	char duration[FORMAT_SIZE];
	struct traced_send measured = *send;
	struct trace_summary summary = {
		.send = &measured,
		.details = watch->details ? watch_details_of(watch->details, send) : NULL,
		.tier_reason = tracer_tier_reason(watch->tracer),
	};

	if (!command)
		return -ENOMEM;
	/* One that goes on is measured up to when it was last looked at. */
	if (!ended)
		measured.figures.ended_ns = watch->before_ns;
	fprintf(out, "\n%sprocess %" PRIu32 " (%s)", colour_if(colour, COLOUR_BOLD), send->process,
		command);
	free(command);
	if (send->root_id)
		fprintf(out, ", subvolume %" PRIu64, send->root_id);
	fprintf(out, ": %s after ", outcome_of(send, ended));
	format_duration(duration, measured.figures.ended_ns - measured.figures.began_ns);
	format_ascii(out, duration, strlen(duration));
	if (trace_knows(&measured.figures, METRIC_OUTPUT))
		fprintf(out, ", %" PRIu64 " bytes", measured.figures.output_bytes);
	fprintf(out, "%s\n", colour_if(colour, COLOUR_NONE));
	for (unsigned int i = 0; last && i < METRIC_COUNT; i++)
		summary.missing[i] = reason_missing(watch, i);
	return trace_view_summary(&summary, out, colour, width);
}

int watch_summarize(const struct watch *watch, FILE *out, bool colour, unsigned int width)
{
	uint64_t unseen = tracer_unseen(watch->tracer);
	const struct send_list *lists[] = {&watch->ended, &watch->running};
	size_t kept = watch->ended.count, running = watch->running.count, told = 0;
	char programs[128];
	uint64_t missed = tracer_missed(watch->tracer, programs, sizeof(programs));
	int ret = 0;

	fprintf(out, "%" PRIu64 " %s ended", watch->seen, watch->seen == 1 ? "send" : "sends");
	if (running)
		fprintf(out, ", %zu %s under way", running, running == 1 ? "is" : "are");
	if (unseen)
		fprintf(out, ", %" PRIu64 " %s not watched: too many at a time", unseen,
			unseen == 1 ? "was" : "were");
	if (missed)
		fprintf(out, "; " TRACER_MISSED_FORMAT, missed, programs);
	fputs(kept < watch->seen ? "; the last ones:\n" : "\n", out);
	for (size_t list = 0; list < 2; list++) {
		for (size_t i = 0; !ret && i < lists[list]->count; i++)
			ret = put_send(watch, &lists[list]->sends[i], ++told == kept + running, out,
				       colour, width);
	}
	if (!ret && (fflush(out) || ferror(out)))
		ret = errno ? -errno : -EIO;
	return ret;
}

static void put_details(const struct watch *watch, const struct send_list *list,
			struct json_builder *array)
{
	for (size_t i = 0; watch->details && i < list->count; i++) {
		const struct traced_send *send = &list->sends[i];
		struct json_builder row = json_begin_object();

		json_put_number(&row, "thread", send->figures.thread);
		json_put_number(&row, "began_ns", send->figures.began_ns);
		json_put(&row, "details",
			 trace_details_to_json(watch_details_of(watch->details, send)));
		json_append(array, json_finish(&row));
	}
}

json_t *watch_summary_to_json(const struct watch *watch)
{
	struct json_builder line = json_begin_object(), object = json_begin_object();
	struct json_builder missing = json_begin_array();
	struct json_builder details = json_begin_array();
	const char *reason = tracer_tier_reason(watch->tracer);

	put_details(watch, &watch->ended, &details);
	put_details(watch, &watch->running, &details);
	for (unsigned int i = 0; i < METRIC_COUNT; i++) {
		const char *why = reason_missing(watch, i);
		struct json_builder row;

		if (!why)
			continue;
		row = json_begin_object();
		json_put_text(&row, "metric", trace_metric_key(i));
		json_put_text(&row, "reason", why);
		json_append(&missing, json_finish(&row));
	}
	json_put_text(&object, "tier", trace_tier_name(tracer_tier(watch->tracer)));
	json_put_text(&object, "tier_reason", *reason ? reason : NULL);
	json_put_number(&object, "ended", watch->seen);
	json_put_number(&object, "under_way", watch->running.count);
	json_put_number(&object, "not_watched", tracer_unseen(watch->tracer));
	json_put_number(&object, "runs_missed", tracer_missed(watch->tracer, NULL, 0));
	json_put(&object, "missing", json_finish(&missing));
	json_put(&object, "sends", json_finish(&details));
	json_put(&line, "summary", json_finish(&object));
	return json_finish(&line);
}

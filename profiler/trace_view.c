/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/trace_view.h"
#include "profiler/result_fields.h"
#include "profiler/terminal.h"
#include "reports/format.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { GAP = 2, WIDTH_MIN = 20, PATH_MIN = 16, PATH_GOOD = 30 };

/* ---- what happened between two moments ---- */

static const struct traced_send *same_send(const struct traced_send *send,
					   const struct trace_moment *moment)
{
	for (size_t i = 0; moment && i < moment->count; i++) {
		const struct traced_send *other = &moment->sends[i];

		if (other->figures.thread == send->figures.thread &&
		    other->figures.began_ns == send->figures.began_ns)
			return other;
	}
	return NULL;
}

/* Totals are read one after another while the send goes on: none goes back, but parts may. */
static uint64_t increase(uint64_t now, uint64_t before)
{
	return now > before ? now - before : 0;
}

static uint64_t commands_of(const struct trace_figures *figures)
{
	uint64_t commands = 0;

	for (unsigned int i = 0; i < STREAM_C_COUNT; i++)
		commands += figures->commands[i].count;
	return commands;
}

static struct cache_counters cache_increase(const struct cache_counters *now,
					    const struct cache_counters *before)
{
	return (struct cache_counters){
		.lookups = increase(now->lookups, before->lookups),
		.hits = increase(now->hits, before->hits),
		.stores = increase(now->stores, before->stores),
		.evictions = increase(now->evictions, before->evictions),
		.clears = increase(now->clears, before->clears),
		.max_entries = now->max_entries,
	};
}

static uint64_t end_of(const struct trace_figures *figures, uint64_t now_ns)
{
	return figures->ended_ns ? figures->ended_ns : now_ns;
}

void trace_interval_of(const struct traced_send *send, const struct trace_moment *now,
		       const struct trace_moment *before, struct trace_interval *interval)
{
	static const struct trace_figures none;
	const struct traced_send *earlier = same_send(send, before);
	const struct trace_figures *new = &send->figures;
	const struct trace_figures *old = earlier ? &earlier->figures : &none;
	uint64_t from_ns = earlier ? end_of(old, before->time_ns) : new->began_ns;

	*interval = (struct trace_interval){
		.ns = increase(end_of(new, now->time_ns), from_ns),
		.bytes = increase(new->output_bytes, old->output_bytes),
		.commands = increase(commands_of(new), commands_of(old)),
		.searches = increase(new->backrefs.searches, old->backrefs.searches),
	};
	for (unsigned int i = 0; i < CACHE_COUNT; i++)
		interval->caches[i] = cache_increase(&new->caches[i], &old->caches[i]);
	for (unsigned int i = 0; i < PART_COUNT; i++)
		interval->parts_ns[i] = increase(new->parts_ns[i], old->parts_ns[i]);
}

/* ---- a line ---- */

struct row {
	const struct traced_send *send;
	const struct trace_interval *interval;
	uint64_t now_ns;
};

typedef void (*column_fn)(const struct row *row, char out[FORMAT_SIZE]);

static void put_none(char out[FORMAT_SIZE])
{
	snprintf(out, FORMAT_SIZE, FORMAT_NONE);
}

static void put_who(const struct row *row, char out[FORMAT_SIZE])
{
	snprintf(out, FORMAT_SIZE, "%" PRIu32, row->send->process);
}

static void put_command(const struct row *row, char out[FORMAT_SIZE])
{
	char *printable = format_printable(row->send->command);

	snprintf(out, FORMAT_SIZE, "%.*s", printable ? (int)format_fit(printable, 12) : 0,
		 printable ? printable : "");
	free(printable);
}

static void put_age(const struct row *row, char out[FORMAT_SIZE])
{
	const struct trace_figures *figures = &row->send->figures;

	format_duration(out, increase(end_of(figures, row->now_ns), figures->began_ns));
}

static bool knows_bytes(const struct trace_figures *figures)
{
	return trace_knows(figures, METRIC_OUTPUT) || trace_knows(figures, METRIC_COMMANDS);
}

static void put_sent(const struct row *row, char out[FORMAT_SIZE])
{
	if (knows_bytes(&row->send->figures))
		format_bytes(out, row->send->figures.output_bytes);
	else
		put_none(out);
}

static void put_rate(const struct row *row, char out[FORMAT_SIZE])
{
	if (knows_bytes(&row->send->figures))
		format_rate(out, row->interval->bytes, row->interval->ns);
	else
		put_none(out);
}

static void put_commands(const struct row *row, char out[FORMAT_SIZE])
{
	if (trace_knows(&row->send->figures, METRIC_COMMANDS) && row->interval->ns)
		format_count(out, (uint64_t)((double)row->interval->commands * 1e9 /
					     (double)row->interval->ns));
	else
		put_none(out);
}

static void put_hits(const struct row *row, enum trace_metric metric, enum cache_id cache,
		     char out[FORMAT_SIZE])
{
	const struct cache_counters *counters = &row->interval->caches[cache];
	/* In the tracepoint tier a hit is seen after its lookup, perhaps in the next interval. */
	uint64_t hits = counters->hits < counters->lookups ? counters->hits : counters->lookups;

	if (trace_knows(&row->send->figures, metric) && counters->lookups)
		snprintf(out, FORMAT_SIZE, "%.0f%%",
			 100.0 * (double)hits / (double)counters->lookups);
	else
		put_none(out);
}

static void put_name_hits(const struct row *row, char out[FORMAT_SIZE])
{
	put_hits(row, METRIC_CACHE_NAME, CACHE_NAME, out);
}

static void put_backref_hits(const struct row *row, char out[FORMAT_SIZE])
{
	put_hits(row, METRIC_CACHE_BACKREF, CACHE_BACKREF, out);
}

/* The names of the parts, shorter: what they take is taken from the path. */
static const char *const part_labels[PART_COUNT] = {
	[PART_BACKREF] = "backrefs",	       [PART_PATH] = "paths",
	[PART_READ] = "reading data",	       [PART_WRITE] = "writing",
	[PART_OTHER] = "other work",	       [PART_OUTPUT_BLOCKED] = "wait for reader",
	[PART_IO_BLOCKED] = "wait for device", [PART_OFF_CPU] = "off processor",
};

void trace_view_most_time(const struct trace_figures *figures, const uint64_t parts_ns[PART_COUNT],
			  char out[FORMAT_SIZE])
{
	uint64_t sum = 0;
	enum trace_part most = 0;

	for (enum trace_part part = 0; part < PART_COUNT; part++) {
		sum += parts_ns[part];
		if (parts_ns[part] > parts_ns[most])
			most = part;
	}
	if (!sum || !trace_knows(figures, METRIC_TIME_SPLIT)) {
		put_none(out);
		return;
	}
	/* Too short to be sampled: what it did is not known. */
	snprintf(out, FORMAT_SIZE, "%.0f%% %s", 100.0 * (double)parts_ns[most] / (double)sum,
		 most == PART_OTHER && !trace_is_divided(figures) ? "on processor"
								  : part_labels[most]);
}

static void put_part(const struct row *row, char out[FORMAT_SIZE])
{
	trace_view_most_time(&row->send->figures, row->interval->parts_ns, out);
}

enum { SPARE_SINCE = 6, SPARE_MAX };

#define KNOWN_BY(metric) (UINT64_C(1) << METRIC_##metric)

/*
 * The path takes what these leave. Where not all have room, those with a lower spare come first,
 * and a narrow one may have it where a wide one has not; the last two leave the path a good part.
 * Where no send's metrics tell of it no column is wasted.
 */
static const struct view_column {
	const char *heading;
	unsigned int width;
	bool right;
	unsigned int spare; /* 0: never left out */
	uint64_t metrics;   /* of which one is needed; 0: none */
	column_fn put;
} columns[] = {
	{"process", 7, true, 0, 0, put_who},
	{"command", 12, false, SPARE_MAX, 0, put_command},
	{"since", 11, true, SPARE_SINCE, 0, put_age},
	{"sent", 8, true, 0, 0, put_sent},
	{"rate", 10, true, 1, KNOWN_BY(OUTPUT) | KNOWN_BY(COMMANDS), put_rate},
	{"commands/s", 10, true, 3, KNOWN_BY(COMMANDS), put_commands},
	{"name hits", 9, true, 5, KNOWN_BY(CACHE_NAME), put_name_hits},
	{"root hits", 9, true, 4, KNOWN_BY(CACHE_BACKREF), put_backref_hits},
	{"most time", 20, false, 2, KNOWN_BY(TIME_SPLIT), put_part},
};
enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

struct view_layout {
	bool shown[COLUMNS];
	unsigned int path; /* columns for it; 0: no path */
};

static unsigned int columns_width(const struct view_layout *layout)
{
	unsigned int width = 0;

	for (size_t i = 0; i < COLUMNS; i++)
		width += layout->shown[i] ? columns[i].width + GAP : 0;
	return width;
}

/* The path's columns that one of this @spare must leave. */
static unsigned int path_beside(unsigned int spare)
{
	return spare < SPARE_SINCE ? PATH_MIN : PATH_GOOD;
}

static struct view_layout lay_out(unsigned int width, uint64_t metrics)
{
	struct view_layout layout = {0};

	for (unsigned int spare = 0; spare <= SPARE_MAX; spare++) {
		for (size_t i = 0; i < COLUMNS; i++) {
			if (columns[i].spare != spare ||
			    (columns[i].metrics && !(columns[i].metrics & metrics)))
				continue;
			layout.shown[i] = true;
			if (spare && columns_width(&layout) + path_beside(spare) > width)
				layout.shown[i] = false;
		}
	}
	if (columns_width(&layout) + 3 <= width)
		layout.path = width - columns_width(&layout);
	return layout;
}

static void put_text(const struct trace_view *view, const char *text)
{
	if (view->utf8)
		fputs(text, view->out);
	else
		format_ascii(view->out, text, strlen(text));
}

static void put_field(const struct trace_view *view, const struct view_column *column,
		      const char *text)
{
	unsigned int width = format_width(text);
	int space = width < column->width ? (int)(column->width - width) : 0;

	if (column->right)
		fprintf(view->out, "%*s", space, "");
	put_text(view, text);
	fprintf(view->out, "%*s", column->right ? GAP : space + GAP, "");
}

static void put_headings(const struct trace_view *view, const struct view_layout *layout)
{
	fputs(colour_if(view->colour, COLOUR_DIM), view->out);
	for (size_t i = 0; i < COLUMNS; i++)
		if (layout->shown[i])
			put_field(view, &columns[i], columns[i].heading);
	fputs(layout->path ? "at" : "", view->out);
	fprintf(view->out, "%s\n", colour_if(view->colour, COLOUR_NONE));
}

/* How it ended. Without room it is the error that counts. */
static char *result_of(const struct trace_figures *figures, unsigned int width)
{
	const char *result = trace_result_text(figures->result);
	bool fits = strlen("failed: ") + format_width(result) <= width;
	char *text, *cut;

	if (asprintf(&text, "%s%s", figures->result < 0 && fits ? "failed: " : "", result) < 0)
		return NULL;
	cut = format_path(text, width);
	free(text);
	return cut;
}

static char *place_of(const struct traced_send *send, unsigned int width)
{
	char *printable = format_printable(send->path), *cut;

	if (!printable)
		return NULL;
	if (!*printable && send->ino) {
		free(printable);
		if (asprintf(&printable, "inode %" PRIu64, send->ino) < 0)
			return NULL;
	}
	cut = format_path(printable, width);
	free(printable);
	return cut;
}

static int put_row(const struct trace_view *view, const struct view_layout *layout,
		   const struct row *row)
{
	const struct trace_figures *figures = &row->send->figures;
	char *place = figures->ended_ns ? result_of(figures, layout->path)
					: place_of(row->send, layout->path);

	if (!place)
		return -ENOMEM;
	for (size_t i = 0; i < COLUMNS; i++) {
		char text[FORMAT_SIZE] = "";

		if (!layout->shown[i])
			continue;
		columns[i].put(row, text);
		put_field(view, &columns[i], text);
	}
	put_text(view, place);
	fputc('\n', view->out);
	free(place);
	return 0;
}

/* ---- all of them ---- */

static int put_json(const struct trace_view *view, const struct row *row)
{
	json_t *json = trace_view_to_json(row->send, row->interval, row->now_ns, view->realtime_ns);
	int ret;

	if (!json)
		return -ENOMEM;
	ret = json_dumpf(json, view->out, JSON_COMPACT) ? -EIO : 0;
	fputc('\n', view->out);
	json_decref(json);
	return ret;
}

/* With the cursor where the last lines began. What is below them goes. */
static void begin_drawing(struct trace_view *view, const struct view_layout *layout)
{
	if (view->resized)
		fputs("\033[H\033[2J", view->out);
	else if (view->form == TRACE_VIEW_LIVE && view->drawn)
		fprintf(view->out, "\r\033[%zuA\033[J", view->drawn);
	view->drawn = 0;
	view->resized = false;
	if (view->form == TRACE_VIEW_LIVE || !view->headed) {
		put_headings(view, layout);
		view->drawn++;
		view->headed = true;
	}
}

/* A terminal shows as many as fit, with the heading and a line that counts the rest. */
static size_t sends_shown(const struct trace_view *view, size_t count)
{
	bool fits = view->form != TRACE_VIEW_LIVE || !view->rows || count + 2 <= view->rows;

	return fits ? count : view->rows > 3 ? view->rows - 3 : 1;
}

/* Before there are any, everything may come to be known. */
static uint64_t metrics_of(const struct trace_moment *now)
{
	uint64_t metrics = 0;

	for (size_t i = 0; i < now->count; i++)
		metrics |= now->sends[i].figures.metrics;
	return now->count ? metrics : UINT64_MAX;
}

/* Of one that has ended everything, unless whoever reads it adds up. */
static void interval_shown(const struct trace_view *view, const struct traced_send *send,
			   const struct trace_moment *now, const struct trace_moment *before,
			   struct trace_interval *interval)
{
	bool whole = send->figures.ended_ns && view->form != TRACE_VIEW_JSON;

	trace_interval_of(send, now, whole ? NULL : before, interval);
}

static int show_rows(struct trace_view *view, const struct trace_moment *now,
		     const struct trace_moment *before)
{
	unsigned int width = view->width < WIDTH_MIN ? WIDTH_MIN : view->width;
	const struct view_layout layout = lay_out(width, metrics_of(now));
	size_t shown = sends_shown(view, now->count);
	int ret = 0;

	if (view->form != TRACE_VIEW_JSON)
		begin_drawing(view, &layout);
	for (size_t i = 0; i < shown && ret == 0; i++) {
		struct trace_interval interval;
		const struct row row = {&now->sends[i], &interval, now->time_ns};

		interval_shown(view, row.send, now, before, &interval);
		ret = view->form == TRACE_VIEW_JSON ? put_json(view, &row)
						    : put_row(view, &layout, &row);
		view->drawn++;
	}
	if (shown < now->count) {
		fprintf(view->out, "and %zu more\n", now->count - shown);
		view->drawn++;
	}
	return ret;
}

void trace_view_resize(struct trace_view *view, unsigned int width, size_t rows)
{
	view->resized |= view->form == TRACE_VIEW_LIVE && view->drawn && width != view->width;
	view->width = width;
	view->rows = rows;
}

int trace_view_show(struct trace_view *view, const struct trace_moment *now,
		    const struct trace_moment *before)
{
	int ret = show_rows(view, now, before);

	if (ret == 0 && (fflush(view->out) != 0 || ferror(view->out)))
		ret = errno ? -errno : -EIO;
	return ret;
}

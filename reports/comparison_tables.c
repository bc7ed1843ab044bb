/* SPDX-License-Identifier: GPL-2.0 */
#include "reports/comparison_tables.h"
#include "reports/comparison.h"
#include "reports/format.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *format_value(char out[FORMAT_SIZE], enum compare_unit unit, double value)
{
	switch (unit) {
	case UNIT_TIME:
		return format_duration(out, (uint64_t)value);
	case UNIT_BYTES:
		return format_bytes(out, (uint64_t)value);
	case UNIT_FACTOR:
		return format_factor(out, value);
	case UNIT_SHARE:
		return format_percent(out, (uint64_t)(value * 1e6 + 0.5), 1000000);
	default:
		return format_count(out, (uint64_t)value);
	}
}
#define VALUE(unit, value) format_value((char[FORMAT_SIZE]){0}, unit, value)

/* With a sign; from 100 on without decimals. By whole numbers: a locale cannot change the point. */
static void put_signed(char out[FORMAT_SIZE], double number, const char *unit)
{
	unsigned long long tenths = (unsigned long long)(fmin(fabs(number), 1e15) * 10 + 0.5);
	const char *sign = !tenths ? "" : number < 0 ? "-" : "+";

	if (tenths >= 1000)
		snprintf(out, FORMAT_SIZE, "%s%llu%s", sign, (tenths + 5) / 10, unit);
	else
		snprintf(out, FORMAT_SIZE, "%s%llu.%llu%s", sign, tenths / 10, tenths % 10, unit);
}

/*
 * A change relative to @base: "+12.3%"; of shares the difference in points, since "10% fewer of
 * 90%" is easily misread; as a value where the base is 0.
 */
static const char *format_change(char out[FORMAT_SIZE], enum compare_unit unit, double base,
				 double change)
{
	if (unit == UNIT_SHARE)
		put_signed(out, change * 100, " points");
	else if (base > 0)
		put_signed(out, change / base * 100, "%");
	else
		snprintf(out, FORMAT_SIZE, "%s%.30s", change < 0 ? "-" : "+",
			 VALUE(unit, fabs(change)));
	return out;
}
#define CHANGE(unit, base, change) format_change((char[FORMAT_SIZE]){0}, unit, base, change)

char *comparison_sentence(const struct comparison *comparison, const struct metric *metric)
{
	const struct observation *base = comparison_base(metric);
	const struct observation *changed = comparison_new(comparison, metric);
	enum compare_unit unit = metric->key->unit;

	if (!base->present)
		return printable_text("%s: %s", metric->name, VALUE(unit, changed->value));
	if (!metric->has_interval)
		return printable_text("%s: %s, was %s (%s)", metric->name,
				      VALUE(unit, changed->value), VALUE(unit, base->value),
				      CHANGE(unit, base->value, changed->value - base->value));
	return printable_text("%s: %s, was %s (%s, %d%%: %s to %s)", metric->name,
			      VALUE(unit, changed->value), VALUE(unit, base->value),
			      CHANGE(unit, base->value, changed->value - base->value),
			      COMPARISON_CONFIDENCE, CHANGE(unit, base->value, metric->low),
			      CHANGE(unit, base->value, metric->high));
}

static const enum tone judgement_tones[JUDGEMENTS] = {
	[JUDGED_NOTHING] = TONE_WARN, [JUDGED_SAME] = TONE_MUTED,  [JUDGED_NOISE] = TONE_MUTED,
	[JUDGED_UNSURE] = TONE_WARN,  [JUDGED_BETTER] = TONE_GOOD, [JUDGED_WORSE] = TONE_BAD,
	[JUDGED_CHANGED] = TONE_WARN,
};

static size_t streams_failing(const struct comparison *comparison)
{
	size_t count = 0;

	for (size_t i = 0; i < comparison->outcome_count; i++) {
		const struct gate_outcome *outcome = &comparison->outcomes[i];

		count += outcome->gate->op == GATE_STREAMS && outcome->result == GATE_FAILED;
	}
	return count;
}

static void count_judgements(const struct comparison *comparison, size_t judged[JUDGEMENTS])
{
	for (size_t i = 0; i < comparison->workload_count; i++)
		for (size_t j = 0; j < comparison->workloads[i].metric_count; j++)
			judged[comparison->workloads[i].metrics[j].judgement]++;
}

int comparison_headline(const struct comparison *comparison, struct comparison_headline *headline)
{
	size_t gates = comparison->passed + comparison->failed;
	size_t differ = streams_failing(comparison);

	*headline = (struct comparison_headline){
		.tone = comparison->failed ? TONE_BAD : TONE_GOOD,
		.word = comparison->failed ? "FAILED" : "PASSED",
	};
	count_judgements(comparison, headline->judged);
	if (!comparison->failed)
		headline->detail = printable_text(
			"%zu gate%s; %zu figures better, %zu worse, %zu within noise", gates,
			gates == 1 ? "" : "s", headline->judged[JUDGED_BETTER],
			headline->judged[JUDGED_WORSE], headline->judged[JUDGED_NOISE]);
	else if (!differ)
		headline->detail = printable_text("%zu of %zu gates", comparison->failed, gates);
	else
		headline->detail = printable_text(
			"%zu of %zu gates; streams of %zu workload%s are not identical",
			comparison->failed, gates, differ, differ == 1 ? "" : "s");
	return headline->detail ? 0 : -ENOMEM;
}

void comparison_headline_release(struct comparison_headline *headline)
{
	free(headline->detail);
	*headline = (struct comparison_headline){0};
}

void build_compared_files(const struct comparison *comparison, struct table *table)
{
	static const struct column columns[] = {
		{"", ALIGN_LEFT, 0},	      {"Result", ALIGN_LEFT, 0},
		{"Measured", ALIGN_LEFT, 1},  {"Kernel", ALIGN_LEFT, 2},
		{"Processor", ALIGN_LEFT, 4}, {"sendprof", ALIGN_LEFT, 3},
	};

	table_init(table, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < comparison->file_count; i++) {
		const struct compared_file *file = &comparison->files[i];

		if (i == 0)
			table_cell(table, TONE_MUTED, "base");
		else if (i + 1 == comparison->file_count)
			table_cell(table, TONE_MUTED, "new");
		else
			table_cell(table, TONE_MUTED, "%zu", i);
		table_cell(table, TONE_PLAIN, "%s", file->path);
		table_cell(table, TONE_PLAIN, "%s", *file->created ? file->created : FORMAT_NONE);
		table_cell(table, TONE_PLAIN, "%s", *file->kernel ? file->kernel : FORMAT_NONE);
		table_cell(table, TONE_PLAIN, "%s", *file->cpu ? file->cpu : FORMAT_NONE);
		table_cell(table, TONE_PLAIN, "%s", *file->sendprof ? file->sendprof : FORMAT_NONE);
	}
	if (comparison->note_count) {
		char *notes = strdup("");

		for (size_t i = 0; notes && i < comparison->note_count; i++) {
			char *more;

			if (asprintf(&more, "%s%s%s.", notes, i ? " " : "", comparison->notes[i]) <
			    0)
				more = NULL;
			free(notes);
			notes = more;
		}
		table_note(table, "Note: %s", notes ? notes : "");
		free(notes);
	}
}

void compared_file_when(const struct compared_file *files, size_t count, size_t index, char *text,
			size_t size)
{
	const char *created = files[index].created;

	/* "2025-11-21T09:31:07Z" */
	if (strlen(created) < 16 || strspn(created, "0123456789-") != 10)
		snprintf(text, size, "%zu", index + 1);
	else if (!strncmp(files[0].created, files[count - 1].created, 10))
		snprintf(text, size, "%.5s", created + 11);
	else
		snprintf(text, size, "%.5s", created + 5);
}

static void put_result(const struct comparison *comparison, const struct gate_outcome *outcome,
		       struct table *table)
{
	if (comparison_fails(comparison, outcome))
		table_cell(table, TONE_BAD, "%s", gate_result_names[outcome->result]);
	else if (outcome->result == GATE_MISSING || !outcome->checked)
		table_cell(table, TONE_WARN, "skipped");
	else if (outcome->noise)
		table_cell(table, TONE_GOOD, "passed, noise");
	else
		table_cell(table, TONE_GOOD, "passed");
}

static void put_observed(const struct metric *metric, const struct observation *seen,
			 struct table *table)
{
	if (seen->present)
		table_cell(table, TONE_PLAIN, "%s", VALUE(metric->key->unit, seen->value));
	else
		table_cell(table, TONE_MUTED, FORMAT_NONE);
}

static void put_change(const struct comparison *comparison, const struct metric *metric,
		       struct table *table)
{
	const struct observation *base = comparison_base(metric);
	const struct observation *changed = comparison_new(comparison, metric);

	if (base->present && changed->present)
		table_cell(table, judgement_tones[metric->judgement], "%s",
			   CHANGE(metric->key->unit, base->value, changed->value - base->value));
	else
		table_cell(table, TONE_MUTED, FORMAT_NONE);
}

static void put_outcome(const struct comparison *comparison, const struct gate_outcome *outcome,
			bool several, struct table *table)
{
	const struct compared_workload *workload = outcome->workload;
	const struct metric *metric = outcome->metric;

	put_result(comparison, outcome, table);
	if (several)
		table_cell(table, TONE_PLAIN, "%s", workload->label);
	table_cell(table, TONE_PLAIN, "%s", outcome->gate->text);
	if (outcome->gate->op == GATE_STREAMS) {
		table_cell(table, TONE_PLAIN, "%s", workload_state_names[workload->states[0]]);
		table_cell(table, TONE_PLAIN, "%s",
			   workload_state_names[workload->states[comparison->file_count - 1]]);
		table_cell(table, TONE_PLAIN, "%s", "");
	} else if (metric) {
		put_observed(metric, comparison_base(metric), table);
		put_observed(metric, comparison_new(comparison, metric), table);
		put_change(comparison, metric, table);
	} else {
		for (unsigned int i = 0; i < 3; i++)
			table_cell(table, TONE_MUTED, FORMAT_NONE);
	}
}

void build_gates(const struct comparison *comparison, struct table *table)
{
	static const struct column columns[] = {
		{"", ALIGN_LEFT, 0},	  {"Workload", ALIGN_LEFT, 0}, {"Gate", ALIGN_LEFT, 0},
		{"Base", ALIGN_RIGHT, 2}, {"New", ALIGN_RIGHT, 2},     {"Change", ALIGN_RIGHT, 1},
	};
	static const struct column of_one[] = {
		{"", ALIGN_LEFT, 0},	 {"Gate", ALIGN_LEFT, 0},    {"Base", ALIGN_RIGHT, 2},
		{"New", ALIGN_RIGHT, 2}, {"Change", ALIGN_RIGHT, 1},
	};
	bool several = comparison->workload_count > 1;

	if (several)
		table_init(table, columns, sizeof(columns) / sizeof(columns[0]));
	else
		table_init(table, of_one, sizeof(of_one) / sizeof(of_one[0]));
	for (size_t i = 0; i < comparison->outcome_count; i++)
		put_outcome(comparison, &comparison->outcomes[i], several, table);
}

void build_reasons(const struct comparison *comparison, struct table *table)
{
	table_init_facts(table);
	for (size_t i = 0; i < comparison->outcome_count; i++) {
		const struct gate_outcome *outcome = &comparison->outcomes[i];
		const char *label = comparison->workload_count > 1 ? outcome->workload->label : "";

		if (comparison_fails(comparison, outcome))
			table_fact(table, outcome->gate->text, "%s%s%s", label, *label ? ": " : "",
				   outcome->reason);
	}
}

enum { LEVELS = 8 };

/* A character of a bar chart for each value, from the least to the greatest of them. */
static void put_course(const struct comparison *comparison, const struct metric *metric,
		       struct table *table)
{
	static const char *const levels[LEVELS] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
	double *values = calloc(comparison->file_count, sizeof(*values));
	double least = INFINITY, greatest = -INFINITY;
	char *text = NULL;
	size_t size;
	FILE *out = values ? open_memstream(&text, &size) : NULL;

	for (size_t i = 0; values && i < comparison->file_count; i++) {
		values[i] = metric->seen[i].present ? metric->seen[i].value : NAN;
		least = fmin(least, values[i]);
		greatest = fmax(greatest, values[i]);
	}
	for (size_t i = 0; out && i < comparison->file_count; i++) {
		double height = greatest > least ? (values[i] - least) / (greatest - least) : 0;

		fputs(isnan(values[i]) ? " " : levels[(unsigned int)(height * (LEVELS - 1) + 0.5)],
		      out);
	}
	if (out && fclose(out) == 0) {
		table_cell(table, TONE_PLAIN, "%s", text);
		table_course(table, values, comparison->file_count);
	} else {
		table->error = -ENOMEM;
	}
	free(text);
	free(values);
}

static void put_interval(const struct metric *metric, struct table *table)
{
	double base = comparison_base(metric)->value;

	if (metric->judgement == JUDGED_NOTHING || !metric->has_interval)
		table_cell(table, TONE_MUTED, "%s", "");
	else
		table_cell(table, TONE_MUTED, "%s to %s",
			   CHANGE(metric->key->unit, base, metric->low),
			   CHANGE(metric->key->unit, base, metric->high));
}

/* What may be left out: what did not change, and of the many latencies what tells nothing. */
static bool is_dull(const struct metric *metric)
{
	bool telling = metric->judgement == JUDGED_BETTER || metric->judgement == JUDGED_WORSE;

	return metric->judgement == JUDGED_SAME ||
	       (metric->key->scope == SCOPE_COMMANDS && !telling);
}

void build_changes(const struct comparison *comparison, const struct compared_workload *workload,
		   bool all, struct table *table)
{
	static const struct column columns[] = {
		{"Key", ALIGN_LEFT, 0},		 {"Base", ALIGN_RIGHT, 0},
		{"New", ALIGN_RIGHT, 0},	 {"Change", ALIGN_RIGHT, 0},
		{"95% interval", ALIGN_LEFT, 2}, {"", ALIGN_LEFT, 0},
		{"Course", ALIGN_LEFT, 1},
	};
	bool history = comparison->file_count > 2;
	size_t same = 0, noise = 0;

	table_init(table, columns, sizeof(columns) / sizeof(columns[0]) - !history);
	for (size_t i = 0; i < workload->metric_count; i++) {
		const struct metric *metric = &workload->metrics[i];

		if (!all && is_dull(metric)) {
			same += metric->judgement == JUDGED_SAME;
			noise += metric->judgement != JUDGED_SAME;
			continue;
		}
		table_cell(table, TONE_PLAIN, "%s", metric->name);
		put_observed(metric, comparison_base(metric), table);
		put_observed(metric, comparison_new(comparison, metric), table);
		put_change(comparison, metric, table);
		put_interval(metric, table);
		table_cell(table, judgement_tones[metric->judgement], "%s",
			   judgement_names[metric->judgement]);
		if (history)
			put_course(comparison, metric, table);
	}
	if (noise)
		table_note(table,
			   "Not shown: %zu that are the same, %zu latencies that are noise, of "
			   "too few commands, or not in both.",
			   same, noise);
	else if (same)
		table_note(table, "Not shown: %zu that are the same.", same);
}

char *changes_title(const struct comparison *comparison, const struct compared_workload *workload)
{
	if (comparison->workload_count == 1)
		return printable_text("Changes");
	return printable_text("Changes of %s", workload->label);
}

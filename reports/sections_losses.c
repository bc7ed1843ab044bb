/* SPDX-License-Identifier: GPL-2.0 */
/* Sections about data that was written although others share it. */
#include "reports/format.h"
#include "reports/sections.h"

#include <errno.h>
#include <stdlib.h>

/* As many files as fit under the figures of a terminal. */
enum { FEW_FILES = 5 };

/* The row of the lost data that has the most bytes; CLONE_LOSS_COUNT: nothing is lost. */
static unsigned int largest_loss(const uint64_t bytes[CLONE_LOSS_COUNT])
{
	unsigned int largest = CLONE_LOSS_COUNT;

	for (unsigned int i = 0; i < CLONE_LOSS_COUNT; i++) {
		if (clone_losses[i].group == CLONE_LOSS_GROUP_LOST && bytes[i] &&
		    (largest == CLONE_LOSS_COUNT || bytes[i] > bytes[largest]))
			largest = i;
	}
	return largest;
}

static void loss_lead(const struct result *result, struct table *table)
{
	const struct clone_loss_counters *counters = &result->losses.counters;
	const char *written = result->no_data ? "named as changed" : "written";
	uint64_t all = clone_loss_sum(counters->bytes);
	uint64_t first = clone_loss_group_sum(counters->bytes, CLONE_LOSS_GROUP_FIRST);
	uint64_t lost = clone_loss_group_sum(counters->bytes, CLONE_LOSS_GROUP_LOST);
	unsigned int largest = largest_loss(counters->bytes);

	if (!first && !lost)
		table_lead(table,
			   "Nothing of the %s that were %s is shared with data the receiver has or "
			   "gets; %s were cloned.",
			   BYTES(all), written, BYTES(counters->cloned));
	else if (!lost)
		table_lead(
			table,
			"%s of the %s that were %s are shared, all as the first copy, from which "
			"others can be cloned; %s were cloned.",
			BYTES(first), BYTES(all), written, BYTES(counters->cloned));
	else
		table_lead(table,
			   "%s of the %s that were %s are shared with data the receiver has or "
			   "gets: %s as the first copy, %s lost; %s were cloned. Most was lost "
			   "here: %s, %s.",
			   BYTES(first + lost), BYTES(all), written, BYTES(first), BYTES(lost),
			   BYTES(counters->cloned), clone_losses[largest].what,
			   BYTES(counters->bytes[largest]));
	if (lost && *clone_losses[largest].help)
		table_note(table, "What would help: %s.", clone_losses[largest].help);
}

static const char *help_of(const struct clone_loss_row *row)
{
	if (*row->help)
		return row->help;
	if (row->group == CLONE_LOSS_GROUP_FIRST)
		return "nothing: once it has to be data";
	return row->group == CLONE_LOSS_GROUP_LOST ? "nothing" : "";
}

void build_losses(const struct result *result, struct table *table)
{
	static const struct column columns[] = {
		{"Data", ALIGN_LEFT, 0},
		{"Bytes", ALIGN_RIGHT, 0},
		{"Share", ALIGN_RIGHT, 0},
		{"What would help", ALIGN_LEFT, 1},
	};
	static const enum tone tones[CLONE_LOSS_GROUP_COUNT] = {
		[CLONE_LOSS_GROUP_LOST] = TONE_WARN,
	};
	const uint64_t *bytes = result->losses.counters.bytes;
	uint64_t all = clone_loss_sum(bytes);

	table_init(table, columns, sizeof(columns) / sizeof(columns[0]));
	if (!all)
		return;
	loss_lead(result, table);
	for (unsigned int i = 0; i < CLONE_LOSS_COUNT; i++) {
		const struct clone_loss_row *row = &clone_losses[i];

		if (!bytes[i])
			continue;
		table_cell(table, tones[row->group], "%s%s",
			   row->group == CLONE_LOSS_GROUP_LOST ? "lost: " : "", row->what);
		table_cell(table, TONE_PLAIN, "%s", BYTES(bytes[i]));
		table_cell(table, TONE_PLAIN, "%s", PERCENT(bytes[i], all));
		table_bar(table, (double)bytes[i] / (double)all);
		table_cell(table, TONE_MUTED, "%s", help_of(row));
	}
}

/* "over the reference limit 260 MiB; unaligned end 3.00 MiB", a single one without its bytes. */
static char *reasons_of(const struct clone_loss_file *file, uint64_t lost)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	const char *between = "";

	if (!out)
		return NULL;
	for (unsigned int i = 0; i < CLONE_LOSS_COUNT; i++) {
		if (!file->bytes[i] || clone_losses[i].group != CLONE_LOSS_GROUP_LOST)
			continue;
		fprintf(out, "%s%s", between, clone_losses[i].what);
		if (file->bytes[i] != lost)
			fprintf(out, " %s", BYTES(file->bytes[i]));
		between = "; ";
	}
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

static void loss_files(const struct result *result, size_t most, struct table *table)
{
	const struct loss_result *losses = &result->losses;

	table_init_facts(table);
	for (size_t i = 0; i < losses->counters.file_count && i < most; i++) {
		const struct clone_loss_file *file = &losses->counters.files[i];
		uint64_t lost = clone_loss_group_sum(file->bytes, CLONE_LOSS_GROUP_LOST);
		char *reasons = reasons_of(file, lost);

		if (!reasons)
			table->error = -ENOMEM;
		else if (losses->paths[i])
			table_fact(table, BYTES(lost), "%s (%s)", losses->paths[i], reasons);
		else
			table_fact(table, BYTES(lost), "inode %llu (%s)",
				   (unsigned long long)file->ino, reasons);
		free(reasons);
	}
}

void build_loss_files(const struct result *result, struct table *table)
{
	loss_files(result, CLONE_LOSS_FILES, table);
}

void build_few_loss_files(const struct result *result, struct table *table)
{
	loss_files(result, FEW_FILES, table);
	if (result->losses.counters.file_count > FEW_FILES)
		table_note(table, "More of them stand in report.md, report.html and result.json.");
}

void build_beyond(const struct result *result, struct table *table)
{
	const struct beyond_result *beyond = &result->beyond;
	const struct side_result *engine = &result->sides[SIDE_ENGINE];
	uint64_t bytes = engine->sample_count ? engine->samples[engine->sample_count - 1].bytes : 0;

	table_init_facts(table);
	if (!beyond->known)
		return;
	if (beyond->max_references)
		table_fact(table, "Cloned", "extents with up to %s references",
			   COUNT(beyond->max_references));
	else
		table_fact(table, "Cloned", "extents with any number of references");
	table_fact(table, "Stream", "%s, %s of %s", BYTES(beyond->bytes),
		   PERCENT(beyond->bytes, bytes), BYTES(bytes));
	table_fact(table, "Commands", "%s", COUNT(beyond->commands));
	table_fact(table, "Extents cloned", "%s", COUNT(beyond->cloned_extents));
	table_fact(table, "Engine", "sent it in %s, to nowhere", DURATION(beyond->duration_ns));
}

/* SPDX-License-Identifier: GPL-2.0 */
/* The section that says which behaviour explains the difference, or what is behind it. */
#include "reports/format.h"
#include "reports/sections.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* The names of the bits that are set, comma separated; the caller frees it. */
static char *names_of(uint64_t bits, unsigned int count, const char *(*name)(unsigned int))
{
	const char *separator = "";
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	if (!file)
		return NULL;
	for (unsigned int i = 0; i < count; i++) {
		if (!(bits >> i & 1))
			continue;
		fprintf(file, "%s%s", separator, name(i));
		separator = ", ";
	}
	if (fclose(file)) {
		free(text);
		return NULL;
	}
	return text;
}

static const char *row_name(unsigned int row)
{
	return behaviours[row].id;
}

static const char *whole_name(unsigned int id)
{
	return generation_name(id);
}

static void names_fact(struct table *table, const char *fact, uint64_t bits, unsigned int count,
		       const char *(*name)(unsigned int))
{
	char *names = names_of(bits, count, name);

	if (!names)
		table->error = -ENOMEM;
	else
		table_fact(table, fact, "%s", *names ? names : "none");
	free(names);
}

/* The rows by which, as far as it shows, the kernel is not what the engine was asked to be. */
static void row_facts(const struct attribution *attribution, struct table *table)
{
	for (unsigned int row = 0; row < BEHAVIOUR_COUNT; row++) {
		if (attribution->rows >> row & 1)
			table_fact(table, behaviours[row].id, "%s: %s",
				   generation_behaves(&attribution->found[0], row)
					   ? "the kernel has it, the engine was asked without"
					   : "the engine was asked with it, the kernel lacks it",
				   behaviours[row].sentence);
	}
}

static void found_facts(const struct attribution *attribution, struct table *table)
{
	for (size_t i = 0; i < attribution->found_count; i++) {
		char *text = generation_text(&attribution->found[i]);

		if (!text)
			table->error = -ENOMEM;
		else
			table_fact(table, i ? "Or" : "This kernel", "behaves as %s", text);
		free(text);
		if (i == 0)
			row_facts(attribution, table);
	}
	if (attribution->whole)
		names_fact(table, "Equal as a whole", attribution->whole, GENERATION_COUNT,
			   whole_name);
}

static void further_facts(const struct attribution *attribution, struct table *table)
{
	for (size_t i = 0; i < attribution->further_count; i++) {
		const struct tried_generation *tried = &attribution->further[i];
		char *text = generation_text(&tried->generation);

		if (!text)
			table->error = -ENOMEM;
		else
			table_fact(table, i ? "" : "In part", "as %s it agrees up to offset %s",
				   text, OFFSET(tried->agrees_until));
		free(text);
	}
}

static void not_found_facts(const struct attribution *attribution, struct table *table)
{
	table_fact(table, "This kernel", "behaves as no generation, with or without %s",
		   attribution->state == ATTRIBUTION_STOPPED
			   ? "what was tried"
			   : "the rows that touch the difference");
	names_fact(table, "Rows that touch it", attribution->relevant, BEHAVIOUR_COUNT, row_name);
	further_facts(attribution, table);
	for (size_t i = 0; i < attribution->decision_count; i++)
		table_fact(table, i ? "" : "Engine's decisions", "%s", attribution->decisions[i]);
}

void build_explanation(const struct result *result, struct table *table)
{
	const struct attribution *attribution = &result->attribution;

	table_init_facts(table);
	if (attribution->state == ATTRIBUTION_NOT_SOUGHT)
		return;
	if (attribution->found_count)
		found_facts(attribution, table);
	else
		not_found_facts(attribution, table);
	table_fact(table, "Tried", "%s send%s of the engine in %s%s%s", COUNT(attribution->sends),
		   attribution->sends == 1 ? "" : "s", DURATION(attribution->duration_ns),
		   *attribution->stopped ? "; " : "", attribution->stopped);
}

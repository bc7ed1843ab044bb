/* SPDX-License-Identifier: GPL-2.0 */
/* sendprof generations: what differs between kernels, from the engine's own table. */
#include "engine/sendengine.h"
#include "profiler/commands.h"
#include "profiler/terminal.h"

#include <string.h>

struct generations_options {
	bool markdown;
};

static const struct option_row rows[] = {
	OPTION_ROW_FLAG(0, "markdown", struct generations_options, markdown,
			"print the page docs/generations.md"),
	OPTION_ROW_END,
};

enum { TEXT_WIDTH = 76, INDENT = 4 };

/* @text in lines of TEXT_WIDTH, indented. */
static void print_wrapped(const char *text)
{
	size_t column = 0;

	while (*text) {
		size_t word = strcspn(text, " ");

		if (column && column + 1 + word > TEXT_WIDTH) {
			putchar('\n');
			column = 0;
		}
		printf("%*s%.*s", column ? 1 : INDENT, "", (int)word, text);
		column += word + 1;
		text += word;
		text += strspn(text, " ");
	}
	putchar('\n');
}

static void print_text(void)
{
	const char *bold = colour(stdout, COLOUR_BOLD), *plain = colour(stdout, COLOUR_NONE);
	int generation, row;

	printf("%s%-27s", bold, "Behaviour");
	for (generation = 0; generation < GENERATION_COUNT; generation++)
		printf("%6s", generation_name((enum generation_id)generation));
	printf("%s\n", plain);
	for (row = 0; row < BEHAVIOUR_COUNT; row++) {
		printf("%s%-27s%s", bold, behaviours[row].id, plain);
		for (generation = 0; generation < GENERATION_COUNT; generation++)
			printf("%6s", behaviours[row].columns[generation] ? "yes" : "-");
		putchar('\n');
		print_wrapped(behaviours[row].sentence);
	}
}

static void print_markdown_head(void)
{
	int generation;

	printf("# Generations of btrfs send\n\n"
	       "What kernels do differently in ways that show in the stream, as the engine knows it. "
	       "Printed by\n`sendprof generations --markdown`; the table is "
	       "`engine/send/generation.def`.\n\n");
	for (generation = 0; generation < GENERATION_COUNT; generation++)
		printf("- **%s**: %s\n", generation_name((enum generation_id)generation),
		       generation_source((enum generation_id)generation));
	printf("\n| Behaviour |");
	for (generation = 0; generation < GENERATION_COUNT; generation++)
		printf(" %s |", generation_name((enum generation_id)generation));
	printf(" What a kernel with it does | The change that brought it |\n|---|");
	for (generation = 0; generation < GENERATION_COUNT; generation++)
		printf(":-:|");
	printf("---|---|\n");
}

static void print_markdown(void)
{
	int generation, row;

	print_markdown_head();
	for (row = 0; row < BEHAVIOUR_COUNT; row++) {
		printf("| `%s` |", behaviours[row].id);
		for (generation = 0; generation < GENERATION_COUNT; generation++)
			printf(" %s |", behaviours[row].columns[generation] ? "yes" : "–");
		printf(" %s | %s |\n", behaviours[row].sentence, behaviours[row].change);
	}
}

static int generations_main(int argc, char **argv)
{
	struct generations_options options = {0};
	int first, status;

	status = options_parse(&command_generations, argc, argv, &options, &first);
	if (status != OPTIONS_PROCEED)
		return status;
	if (options.markdown)
		print_markdown();
	else
		print_text();
	return STATUS_OK;
}

const struct command command_generations = {
	.name = "generations",
	.summary = "list what kernels do differently in their streams",
	.description =
		"Prints the table by which the engine does as one kernel or another: a row for "
		"each behaviour that shows in the stream, a column for each generation of "
		"kernels. send and run take a generation by name.",
	.options = rows,
	.examples = "sendprof generations\n"
		    "sendprof send --generation 6.1 --image disk.img snaps/1 -f 1.stream",
	.run = generations_main,
};

/* SPDX-License-Identifier: GPL-2.0 */
/* sendprof generations: what differs between kernels, from the engine's own table. */
#include "engine/sendengine.h"
#include "profiler/commands.h"
#include "profiler/kernel_generation.h"
#include "profiler/outcome.h"
#include "profiler/terminal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

struct generations_options {
	bool markdown;
	bool running;
};

static const struct option_row rows[] = {
	OPTION_ROW_FLAG(0, "running", struct generations_options, running,
			"say what the running kernel does, and how that is known"),
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

/* Where a row's answer comes from. */
static void print_basis(const struct row_verdict *row, enum generation_id id)
{
	if (row->basis == ROW_SEEN)
		printf("%s %s", row->sign, row->is_there ? "is there" : "is missing");
	else if (row->basis == ROW_BY_RELEASE)
		printf("from %s on", row->sign);
	else
		printf("as %s", generation_name(id));
	if (row->is_unexpected)
		printf(", unlike its release says");
}

/* 0 or -ENOMEM. */
static int print_running(void)
{
	const char *bold = colour(stdout, COLOUR_BOLD), *plain = colour(stdout, COLOUR_NONE);
	struct kernel_generation found;
	struct utsname name = {0};
	char *text;
	int row;

	uname(&name);
	kernel_generation_running(&found);
	text = kernel_generation_text(&found);
	if (!text)
		return -ENOMEM;
	printf("Linux %s behaves as %s\n\n", name.release, text);
	free(text);
	printf("%s%-27s%6s  %s%s\n", bold, "Behaviour", "", "Known from", plain);
	for (row = 0; row < BEHAVIOUR_COUNT; row++) {
		printf("%-27s%6s  ", behaviours[row].id, found.rows[row].behaves ? "yes" : "-");
		print_basis(&found.rows[row], found.generation.id);
		putchar('\n');
	}
	return 0;
}

static int generations_main(int argc, char **argv)
{
	struct generations_options options = {0};
	int first, status;

	status = options_parse(&command_generations, argc, argv, &options, &first);
	if (status != OPTIONS_PROCEED)
		return status;
	if (options.markdown && options.running)
		return usage_error(&command_generations, "--markdown and --running exclude one "
							 "another");
	if (options.running)
		return print_running() ? outcome_fail(&(struct failure){-ENOMEM, "out of memory"})
				       : STATUS_OK;
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
		"kernels. send and run take a generation by name, or find it out: --running prints "
		"what they then take the running kernel for. A row is read from the kernel's type "
		"information or symbols where it shows there, else from the release where it is "
		"known which one brought it, else it is that of the generation.",
	.options = rows,
	.examples = "sendprof generations\n"
		    "sendprof generations --running\n"
		    "sendprof send --generation 6.1 --image disk.img snaps/1 -f 1.stream",
	.run = generations_main,
};

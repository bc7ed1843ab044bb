/* SPDX-License-Identifier: GPL-2.0 */
/* Man pages, printed from a command and its option rows. */
#include "profiler/help.h"

#include <ctype.h>
#include <string.h>

/* "-" would become a hyphen that cannot be copied into a shell, and "\" begins an escape. */
static void print_escaped(FILE *file, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (text[i] == '-')
			fputs("\\-", file);
		else if (text[i] == '\\')
			fputs("\\e", file);
		else
			fputc(text[i], file);
	}
}

static void print_string(FILE *file, const char *text)
{
	print_escaped(file, text, strlen(text));
}

/* One line of the source; a dot or a quote at its start would make it a request. */
static void print_line(FILE *file, const char *text, size_t length)
{
	if (length && (text[0] == '.' || text[0] == '\''))
		fputs("\\&", file);
	print_escaped(file, text, length);
	fputc('\n', file);
}

/* Paragraphs have an empty line between them; a single line break stays one. */
static void print_paragraphs(FILE *file, const char *text)
{
	while (*text) {
		size_t length = strcspn(text, "\n");
		size_t breaks = strspn(text + length, "\n");

		print_line(file, text, length);
		text += length + breaks;
		if (*text)
			fputs(breaks > 1 ? ".PP\n" : ".br\n", file);
	}
}

/* "PATH..." of a usage line: capital letters are what the reader replaces. */
static void print_operands(FILE *file, const char *text, size_t length)
{
	bool italic = false;

	for (size_t i = 0; i < length; i++) {
		bool placeholder = isupper((unsigned char)text[i]) != 0;

		if (placeholder != italic)
			fputs(placeholder ? "\\fI" : "\\fR", file);
		italic = placeholder;
		print_escaped(file, text + i, 1);
	}
	fputs(italic ? "\\fR\n" : "\n", file);
}

/* "sendprof", or "sendprof-stream-dump" as man pages of subcommands are called. */
static void print_page_name(FILE *file, const struct command *command, bool capitals)
{
	const char *parts[] = {"sendprof ", command->name};

	for (size_t i = 0; i < 2; i++) {
		for (const char *c = parts[i]; *c; c++) {
			if (*c != ' ')
				fputc(capitals ? toupper((unsigned char)*c) : *c, file);
			else if (command->name[0])
				fputs("\\-", file);
		}
	}
}

static void print_heading(FILE *file, const char *text)
{
	fprintf(file, ".SH %s\n", text);
}

static void print_synopsis(FILE *file, const struct command *command)
{
	const char *operands = command->operands ? command->operands : "";
	bool first = true;

	print_heading(file, "SYNOPSIS");
	do {
		size_t length = strcspn(operands, "\n");

		fprintf(file, "%s\\fBsendprof%s", first ? "" : ".br\n",
			command->name[0] ? " " : "");
		print_string(file, command->name);
		fprintf(file, "\\fR %s", command->options ? "[\\fIOPTION\\fR]... " : "");
		print_operands(file, operands, length);
		operands += length + (operands[length] == '\n');
		first = false;
	} while (*operands);
}

static void print_option(FILE *file, const struct option_row *row, const void *defaults)
{
	char text[1024];

	fputs(".TP\n", file);
	if (row->letter)
		fprintf(file, "\\fB\\-%c\\fR, ", row->letter);
	fputs("\\fB\\-\\-", file);
	print_string(file, row->name);
	fputs("\\fR", file);
	if (row->argument) {
		fputs(" \\fI", file);
		print_string(file, row->argument);
		fputs("\\fR", file);
	}
	fputc('\n', file);
	help_describe_option(row, defaults, text, sizeof(text));
	print_paragraphs(file, text);
}

static void print_subcommands(FILE *file, const struct command *group)
{
	print_heading(file, "COMMANDS");
	for (size_t i = 0; group->subcommands[i]; i++) {
		fputs(".TP\n\\fB", file);
		print_page_name(file, group->subcommands[i], false);
		fputs("\\fR(1)\n", file);
		print_paragraphs(file, group->subcommands[i]->summary);
	}
}

static void print_examples(FILE *file, const char *examples)
{
	print_heading(file, "EXAMPLES");
	fputs(".nf\n", file);
	while (*examples) {
		size_t length = strcspn(examples, "\n");

		print_line(file, examples, length);
		examples += length + (examples[length] == '\n');
	}
	fputs(".fi\n", file);
}

static void print_statuses(FILE *file)
{
	print_heading(file, "EXIT STATUS");
#define STATUS(name, number, meaning) fprintf(file, ".TP\n\\fB%d\\fR\n%s\n", number, meaning);
	STATUS_TABLE(STATUS)
#undef STATUS
}

/* The pages above this one, up to sendprof(1) itself. */
static void print_see_also(FILE *file, const struct command *command)
{
	const char *name = command->name;

	print_heading(file, "SEE ALSO");
	if (name[0])
		fputs(".BR sendprof (1),\n", file);
	for (const char *space = strchr(name, ' '); space; space = strchr(space + 1, ' ')) {
		fputs(".BR sendprof\\-", file);
		print_escaped(file, name, (size_t)(space - name));
		fputs(" (1),\n", file);
	}
	fputs(".BR btrfs\\-send (8),\n.BR btrfs\\-receive (8)\n", file);
}

void man_print(FILE *file, const struct command *command, const void *defaults)
{
	fputs(".TH ", file);
	print_page_name(file, command, true);
	fputs(" 1 \"\" \"sendprof " SENDPROF_VERSION "\" \"sendprof manual\"\n", file);
	print_heading(file, "NAME");
	print_page_name(file, command, false);
	fputs(" \\- ", file);
	print_paragraphs(file,
			 command->summary ? command->summary : "btrfs send checked and measured");
	print_synopsis(file, command);
	if (command->description) {
		print_heading(file, "DESCRIPTION");
		print_paragraphs(file, command->description);
	}
	if (command->subcommands)
		print_subcommands(file, command);
	print_heading(file, "OPTIONS");
	for (const struct option_row *row = command->options; row && row->name; row++)
		print_option(file, row, defaults);
	print_option(file, &help_option_row, NULL);
	print_statuses(file);
	if (command->examples)
		print_examples(file, command->examples);
	print_see_also(file, command);
}

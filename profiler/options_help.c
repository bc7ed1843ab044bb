/* SPDX-License-Identifier: GPL-2.0 */
/* --help, printed from a command and its option rows. */
#include "profiler/help.h"
#include "profiler/terminal.h"

#include <string.h>

enum {
	HELP_WIDTH = 80,
	OPTION_COLUMN = 28, /* where the text of an option begins */
};

struct status_row {
	int number;
	const char *meaning;
};

static const struct status_row status_rows[] = {
#define STATUS(name, number, meaning) {number, meaning},
	STATUS_TABLE(STATUS)
#undef STATUS
};

const struct option_row help_option_row = {
	.letter = 'h',
	.name = "help",
	.help = "show this help",
};

static enum help_form form = HELP_FORM_TEXT;

void help_set_form(enum help_form new_form)
{
	form = new_form;
}

/* Print @text word by word from @column on, with lines after the first indented by @indent. */
static void print_wrapped(FILE *file, const char *text, size_t column, size_t indent)
{
	bool first = true;

	while (*text) {
		size_t length = strcspn(text, " \n");
		bool paragraph = text[length] == '\n';

		if (!first && column + 1 + length > HELP_WIDTH) {
			fprintf(file, "\n%*s", (int)indent, "");
			column = indent;
			first = true;
		}
		column += length + !first;
		fprintf(file, "%s%.*s", first ? "" : " ", (int)length, text);
		first = false;
		text += length + strspn(text + length, " ");
		if (paragraph) {
			size_t breaks = strspn(text, "\n");

			for (size_t i = 0; i < breaks; i++)
				fputc('\n', file);
			fprintf(file, "%*s", (int)indent, "");
			text += breaks;
			column = indent;
			first = true;
		}
	}
	fputc('\n', file);
}

static void print_heading(FILE *file, const char *text)
{
	fprintf(file, "\n%s%s:%s\n", colour(file, COLOUR_BOLD), text, colour(file, COLOUR_NONE));
}

void help_describe_option(const struct option_row *row, const void *defaults, char *text,
			  size_t size)
{
	const void *member = defaults ? (const char *)defaults + row->offset : NULL;
	size_t used = snprintf(text, size, "%s", row->help);

	if (row->kind == OPTION_CHOICE) {
		for (size_t i = 0; row->choices[i] && used < size; i++)
			used += snprintf(text + used, size - used, "%s%s", i ? ", " : ": ",
					 row->choices[i]);
		if (member && used < size)
			snprintf(text + used, size - used, " (default: %s)",
				 row->choices[*(const unsigned int *)member]);
	} else if (row->kind == OPTION_U64 && member && *(const uint64_t *)member && used < size) {
		snprintf(text + used, size - used, " (default: %ju)",
			 (uintmax_t) * (const uint64_t *)member);
	} else if (row->kind == OPTION_STRING && member && *(const char *const *)member &&
		   used < size) {
		snprintf(text + used, size - used, " (default: %s)", *(const char *const *)member);
	}
}

static void print_option(FILE *file, const struct option_row *row, const void *defaults)
{
	char text[1024];
	int column = 0;

	if (row->letter)
		column += fprintf(file, "  -%c, ", row->letter);
	else
		column += fprintf(file, "      ");
	column += fprintf(file, "--%s", row->name);
	if (row->argument)
		column += fprintf(file, " %s", row->argument);
	if (column + 2 > OPTION_COLUMN)
		fprintf(file, "\n%*s", OPTION_COLUMN, "");
	else
		fprintf(file, "%*s", OPTION_COLUMN - column, "");
	help_describe_option(row, defaults, text, sizeof(text));
	print_wrapped(file, text, OPTION_COLUMN, OPTION_COLUMN);
}

static void print_options(FILE *file, const struct command *command, const void *defaults)
{
	print_heading(file, "Options");
	for (const struct option_row *row = command->options; row && row->name; row++)
		print_option(file, row, defaults);
	print_option(file, &help_option_row, NULL);
}

static void print_subcommands(FILE *file, const struct command *group)
{
	size_t widest = 0;

	for (size_t i = 0; group->subcommands[i]; i++) {
		size_t length = strlen(group->subcommands[i]->name);

		widest = length > widest ? length : widest;
	}
	print_heading(file, "Commands");
	for (size_t i = 0; group->subcommands[i]; i++) {
		fprintf(file, "  %-*s  ", (int)widest, group->subcommands[i]->name);
		print_wrapped(file, group->subcommands[i]->summary, widest + 4, widest + 4);
	}
}

/* One usage line for each alternative of the operands. */
static void print_usage(FILE *file, const struct command *command)
{
	const char *operands = command->operands ? command->operands : "";
	const char *intro = "Usage:";

	do {
		size_t length = strcspn(operands, "\n");

		fprintf(file, "%s sendprof%s%s%s%s%.*s\n", intro, command->name[0] ? " " : "",
			command->name, command->options ? " [OPTION]..." : "", length ? " " : "",
			(int)length, operands);
		operands += length + (operands[length] == '\n');
		intro = "   or:";
	} while (*operands);
}

void options_print_help(FILE *file, const struct command *command, const void *defaults)
{
	if (form == HELP_FORM_MAN) {
		man_print(file, command, defaults);
		return;
	}
	print_usage(file, command);
	if (command->description) {
		fputc('\n', file);
		print_wrapped(file, command->description, 0, 0);
	}
	if (command->subcommands)
		print_subcommands(file, command);
	print_options(file, command, defaults);
	if (command->examples) {
		const char *line = command->examples;

		print_heading(file, "Examples");
		while (*line) {
			size_t length = strcspn(line, "\n");

			fprintf(file, "  %.*s\n", (int)length, line);
			line += length + (line[length] == '\n');
		}
	}
	print_heading(file, "Exit status");
	for (size_t i = 0; i < sizeof(status_rows) / sizeof(status_rows[0]); i++)
		fprintf(file, "  %d  %s\n", status_rows[i].number, status_rows[i].meaning);
}

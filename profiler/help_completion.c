/* SPDX-License-Identifier: GPL-2.0 */
/* Completion for bash, printed from the commands and their option rows. */
#include "profiler/help.h"

#include <string.h>

/*
 * A command is known to the script by its path: "" for sendprof itself, "/stream/dump" for
 * "sendprof stream dump".
 */
static void print_path(FILE *file, const struct command *command)
{
	if (command->name[0])
		fputc('/', file);
	for (const char *c = command->name; *c; c++)
		fputc(*c == ' ' ? '/' : *c, file);
}

static const char *last_word(const struct command *command)
{
	const char *space = strrchr(command->name, ' ');

	return space ? space + 1 : command->name;
}

typedef void (*visit_fn)(FILE *file, const struct command *command);

static void for_each_command(FILE *file, const struct command *command, visit_fn visit)
{
	visit(file, command);
	for (size_t i = 0; command->subcommands && command->subcommands[i]; i++)
		for_each_command(file, command->subcommands[i], visit);
}

static void print_name(FILE *file, const struct command *command)
{
	if (command->name[0])
		fprintf(file, "%s\n", command->name);
}

void help_print_names(FILE *file, const struct command *root)
{
	for_each_command(file, root, print_name);
}

static void print_known_path(FILE *file, const struct command *command)
{
	if (!command->name[0])
		return;
	fputs("\t\t", file);
	print_path(file, command);
	fputs(") path+=/${COMP_WORDS[i]} ;;\n", file);
}

/* What may follow an option that takes an argument: its choices, or a file name. */
static void print_arguments(FILE *file, const struct command *command)
{
	for (const struct option_row *row = command->options; row && row->name; row++) {
		if (!row->argument)
			continue;
		fputs("\t'", file);
		print_path(file, command);
		fprintf(file, " --%s'", row->name);
		if (row->letter) {
			fputs(" | '", file);
			print_path(file, command);
			fprintf(file, " -%c'", row->letter);
		}
		fputs(") words='", file);
		for (size_t i = 0; row->kind == OPTION_CHOICE && row->choices[i]; i++)
			fprintf(file, "%s%s", i ? " " : "", row->choices[i]);
		fputs("' ;;\n", file);
	}
}

static void print_words(FILE *file, const struct command *command)
{
	fputs("\t\t'", file);
	print_path(file, command);
	fputs("') words='", file);
	for (size_t i = 0; command->subcommands && command->subcommands[i]; i++)
		fprintf(file, "%s ", last_word(command->subcommands[i]));
	if (!command->name[0])
		fputs("help --version ", file);
	for (const struct option_row *row = command->options; row && row->name; row++)
		fprintf(file, "--%s ", row->name);
	fprintf(file, "--%s' ;;\n", help_option_row.name);
}

void completion_print(FILE *file, const struct command *root)
{
	fputs("# Completion of sendprof for bash; made by: sendprof help --completion\n"
	      "_sendprof()\n"
	      "{\n"
	      "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
	      "\tlocal path='' words='' i\n"
	      "\n"
	      "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	      "\t\tcase $path/${COMP_WORDS[i]} in\n",
	      file);
	for_each_command(file, root, print_known_path);
	fputs("\t\tesac\n"
	      "\tdone\n"
	      "\tcase \"$path $prev\" in\n",
	      file);
	for_each_command(file, root, print_arguments);
	fputs("\t*)\n"
	      "\t\tcase $path in\n",
	      file);
	for_each_command(file, root, print_words);
	fputs("\t\tesac\n"
	      "\t\t# Operands are files, unless the words are commands.\n"
	      "\t\t[[ $cur == -* || $words != --* ]] || words=''\n"
	      "\t\t;;\n"
	      "\tesac\n"
	      "\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
	      "}\n"
	      "complete -o default -F _sendprof sendprof\n",
	      file);
}

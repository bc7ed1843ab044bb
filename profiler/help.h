/* SPDX-License-Identifier: GPL-2.0 */
/* What else is made from the tables of commands and options: man pages and the completion. */
#ifndef PROFILER_HELP_H
#define PROFILER_HELP_H

#include "profiler/options.h"

enum help_form {
	HELP_FORM_TEXT,
	HELP_FORM_MAN,
};

/*
 * How options_print_help() prints from now on. A state of the process, because it is the command
 * itself, which alone knows its defaults, that asks for its help to be printed.
 */
void help_set_form(enum help_form form);

/* The text of an option with its choices and its default; @defaults as in options_print_help(). */
void help_describe_option(const struct option_row *row, const void *defaults, char *text,
			  size_t size);

/* The row behind "-h, --help", which every command has. */
extern const struct option_row help_option_row;

/* Print the man page of @command, in the man macros. */
void man_print(FILE *file, const struct command *command, const void *defaults);

/* Print a completion script for bash, for @root and everything below it. */
void completion_print(FILE *file, const struct command *root);

/* Print the names of all commands below @root, groups before their members, one a line. */
void help_print_names(FILE *file, const struct command *root);

#endif

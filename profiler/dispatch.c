/* SPDX-License-Identifier: GPL-2.0 */
/* From a word on the command line to the command it names. */
#include "profiler/help.h"
#include "profiler/options.h"

#include <stdlib.h>
#include <string.h>

enum {
	SUBCOMMANDS_MAX = 32,
	NAME_LENGTH_MAX = 40, /* of names a suggestion is looked for */
};

static size_t minimum(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Insertions, deletions, replacements and swaps of neighbours that turn @a into @b. */
static size_t edit_distance(const char *a, const char *b)
{
	size_t rows[3][NAME_LENGTH_MAX + 1];
	size_t a_length = strlen(a), b_length = strlen(b);

	if (a_length > NAME_LENGTH_MAX || b_length > NAME_LENGTH_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= b_length; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a_length; i++) {
		size_t *row = rows[i % 3];
		const size_t *above = rows[(i + 2) % 3];

		row[0] = i;
		for (size_t j = 1; j <= b_length; j++) {
			row[j] = minimum(above[j], row[j - 1]) + 1;
			row[j] = minimum(row[j], above[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = minimum(row[j], rows[(i + 1) % 3][j - 2] + 1);
		}
	}
	return rows[a_length % 3][b_length];
}

const char *closest_name(const char *typed, const char *const *names, size_t count)
{
	const char *closest = NULL;
	size_t best = strlen(typed) / 3 + 1;

	for (size_t i = 0; i < count; i++) {
		size_t distance = edit_distance(typed, names[i]);

		if (distance < best || (distance == best && !closest)) {
			best = distance;
			closest = names[i];
		}
	}
	return closest;
}

/* The last word of a command's name: what is typed after the words of its group. */
static const char *last_word(const struct command *command)
{
	const char *space = strrchr(command->name, ' ');

	return space ? space + 1 : command->name;
}

static const struct command *find(const struct command *group, const char *word)
{
	for (size_t i = 0; group->subcommands[i]; i++) {
		if (!strcmp(last_word(group->subcommands[i]), word))
			return group->subcommands[i];
	}
	return NULL;
}

static int unknown_command(const struct command *group, const char *word)
{
	const char *names[SUBCOMMANDS_MAX];
	const char *closest;
	size_t count = 0;

	while (count < SUBCOMMANDS_MAX && group->subcommands[count]) {
		names[count] = last_word(group->subcommands[count]);
		count++;
	}
	closest = closest_name(word, names, count);
	if (closest)
		return usage_error(group, "unknown command '%s', did you mean '%s'?", word,
				   closest);
	return usage_error(group, "unknown command '%s'", word);
}

static int run(const struct command *command, int argc, char **argv)
{
	/* What does something by itself is a group only for the words that it knows. */
	if (command->run && (!command->subcommands || argc < 2 || !find(command, argv[1])))
		return command->run(argc, argv);
	return command_dispatch(command, argc, argv);
}

/*
 * "help --man", "help --completion", "help --names": what the build makes the man pages and the
 * completion with. OPTIONS_PROCEED when help in the form chosen is to follow.
 */
static int help_for_build(const struct command *root, int argc, const char *option)
{
	if (!strcmp(option, "--man")) {
		help_set_form(HELP_FORM_MAN);
		return OPTIONS_PROCEED;
	}
	if (argc > 3)
		return usage_error(root, "unexpected operand after 'help %s'", option);
	if (!strcmp(option, "--completion"))
		completion_print(stdout, root);
	else if (!strcmp(option, "--names"))
		help_print_names(stdout, root);
	else
		return usage_error(root, "unknown option '%s'", option);
	return STATUS_OK;
}

/* "help NAME...": the command itself prints its help, since it knows its defaults. */
static int help(const struct command *group, int argc, char **argv)
{
	static char help_option[] = "--help";
	const struct command *command = group;
	int first = 2;

	if (argc > 2 && argv[2][0] == '-' && !group->name[0]) {
		int status = help_for_build(group, argc, argv[2]);

		if (status != OPTIONS_PROCEED)
			return status;
		first++;
	}
	for (int i = first; i < argc; i++) {
		if (!command->subcommands)
			return usage_error(group, "'sendprof %s' has no subcommands",
					   command->name);
		group = command;
		command = find(group, argv[i]);
		if (!command)
			return unknown_command(group, argv[i]);
	}
	if (!command->run) {
		options_print_help(stdout, command, NULL);
		return STATUS_OK;
	}
	return command->run(2, (char *[]){argv[argc - 1], help_option, NULL});
}

int command_dispatch(const struct command *group, int argc, char **argv)
{
	const struct command *command;

	if (argc < 2) {
		options_print_help(stderr, group, NULL);
		return STATUS_USAGE;
	}
	if (!strcmp(argv[1], "help") || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		return help(group, argc, argv);
	if (argv[1][0] == '-')
		return usage_error(group, "unknown option '%s'", argv[1]);
	command = find(group, argv[1]);
	if (!command)
		return unknown_command(group, argv[1]);
	return run(command, argc - 1, argv + 1);
}

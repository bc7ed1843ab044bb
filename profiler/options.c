/* SPDX-License-Identifier: GPL-2.0 */
/* The parser of command lines: tables of option rows, getopt_long() underneath. */
#include "profiler/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum {
	OPTIONS_MAX = 48,    /* rows of one command */
	LONG_OPTION = 0x100, /* getopt's value of row i is LONG_OPTION + i */
	HELP_OPTION = LONG_OPTION + OPTIONS_MAX,
};

struct parser {
	const struct command *command;
	const struct option_row *rows;
	size_t count;
	struct option long_options[OPTIONS_MAX + 2];
	char letters[2 * OPTIONS_MAX + 4];
	void *destination;
};

static const struct option_row no_rows[] = {OPTION_ROW_END};

static const char *separator(const struct command *command)
{
	return command->name[0] ? " " : "";
}

int usage_error(const struct command *command, const char *format, ...)
{
	va_list arguments;

	fflush(stdout);
	fprintf(stderr, "sendprof: %s%s", command->name, command->name[0] ? ": " : "");
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fprintf(stderr, "; see 'sendprof%s%s --help'\n", separator(command), command->name);
	return STATUS_USAGE;
}

int option_list_add(struct option_list *list, const char *item)
{
	const char **items = reallocarray(list->items, list->count + 1, sizeof(*items));

	if (!items)
		return -ENOMEM;
	items[list->count++] = item;
	list->items = items;
	return 0;
}

void option_list_release(struct option_list *list)
{
	free(list->items);
	*list = (struct option_list){0};
}

/* Fill getopt's own tables from the rows. */
static void parser_init(struct parser *parser, const struct command *command, void *destination)
{
	char *letter = parser->letters;

	*parser = (struct parser){
		.command = command,
		.rows = command->options ? command->options : no_rows,
		.destination = destination,
	};
	*letter++ = ':'; /* tell a missing argument from an unknown option */
	for (const struct option_row *row = parser->rows; row->name; row++) {
		assert(parser->count < OPTIONS_MAX);
		parser->long_options[parser->count] = (struct option){
			.name = row->name,
			.has_arg = row->argument ? required_argument : no_argument,
			.val = LONG_OPTION + (int)parser->count,
		};
		parser->count++;
		if (!row->letter)
			continue;
		*letter++ = row->letter;
		if (row->argument)
			*letter++ = ':';
	}
	parser->long_options[parser->count] = (struct option){
		.name = "help",
		.val = HELP_OPTION,
	};
	*letter = 'h';
}

static const struct option_row *row_of(const struct parser *parser, int value)
{
	if (value >= LONG_OPTION)
		return &parser->rows[value - LONG_OPTION];
	for (size_t i = 0; i < parser->count; i++) {
		if (parser->rows[i].letter == value)
			return &parser->rows[i];
	}
	return NULL;
}

static int parse_u64(const struct parser *parser, const struct option_row *row, uint64_t *value)
{
	bool hexadecimal = optarg[0] == '0' && (optarg[1] == 'x' || optarg[1] == 'X');
	char *end = NULL;

	errno = 0;
	if (optarg[0] >= '0' && optarg[0] <= '9')
		*value = strtoull(optarg, &end, hexadecimal ? 16 : 10);
	if (!end || *end)
		return usage_error(parser->command, "--%s: '%s' is not a number", row->name,
				   optarg);
	if (errno || *value < row->minimum || *value > row->maximum)
		return usage_error(parser->command, "--%s: have %s expect %ju to %ju", row->name,
				   optarg, (uintmax_t)row->minimum, (uintmax_t)row->maximum);
	return OPTIONS_PROCEED;
}

static int parse_choice(const struct parser *parser, const struct option_row *row,
			unsigned int *value)
{
	char words[256] = "";
	size_t used = 0;

	for (unsigned int i = 0; row->choices[i]; i++) {
		if (!strcmp(row->choices[i], optarg)) {
			*value = i;
			return OPTIONS_PROCEED;
		}
		if (used < sizeof(words))
			used += snprintf(words + used, sizeof(words) - used, "%s%s", i ? ", " : "",
					 row->choices[i]);
	}
	return usage_error(parser->command, "--%s: have '%s' expect one of %s", row->name, optarg,
			   words);
}

static int list_add(const struct parser *parser, struct option_list *list)
{
	if (!option_list_add(list, optarg))
		return OPTIONS_PROCEED;
	fprintf(stderr, "sendprof: %s: out of memory\n", parser->command->name);
	return STATUS_INTERNAL;
}

static int store(const struct parser *parser, const struct option_row *row)
{
	void *member = (char *)parser->destination + row->offset;

	switch (row->kind) {
	case OPTION_FLAG:
		*(bool *)member = true;
		return OPTIONS_PROCEED;
	case OPTION_STRING:
		*(const char **)member = optarg;
		return OPTIONS_PROCEED;
	case OPTION_U64:
		return parse_u64(parser, row, member);
	case OPTION_LIST:
		return list_add(parser, member);
	case OPTION_CHOICE:
		return parse_choice(parser, row, member);
	}
	return STATUS_INTERNAL;
}

/* @word is the argument in which getopt met an unknown or ambiguous option. */
static int unknown_option(const struct parser *parser, const char *word)
{
	const char *names[OPTIONS_MAX + 1];
	const char *closest;
	char typed[64];
	unsigned int prefixed = 0;

	if (strncmp(word, "--", 2) || optopt) {
		if (optopt >= LONG_OPTION)
			return usage_error(parser->command, "'%s' takes no argument", word);
		return usage_error(parser->command, "unknown option '-%c'", optopt);
	}
	snprintf(typed, sizeof(typed), "%.*s", (int)strcspn(word + 2, "="), word + 2);
	for (size_t i = 0; i <= parser->count; i++) {
		names[i] = parser->long_options[i].name;
		prefixed += !strncmp(names[i], typed, strlen(typed));
	}
	if (prefixed > 1)
		return usage_error(parser->command, "option '--%s' is ambiguous", typed);
	closest = closest_name(typed, names, parser->count + 1);
	if (closest)
		return usage_error(parser->command, "unknown option '--%s', did you mean '--%s'?",
				   typed, closest);
	return usage_error(parser->command, "unknown option '%s'", word);
}

static int missing_argument(const struct parser *parser)
{
	const struct option_row *row = row_of(parser, optopt);

	return usage_error(parser->command, "--%s needs its argument %s", row->name, row->argument);
}

static int check_operands(const struct command *command, int argc, char **argv)
{
	const char *operands = command->operands ? command->operands : "";
	size_t first_line = strcspn(operands, "\n"); /* alternatives follow */
	size_t count = argc - optind;

	if (count < command->operands_min)
		return usage_error(command, "operand missing: expect %.*s", (int)first_line,
				   operands);
	if (count > command->operands_max)
		return usage_error(command, "unexpected operand '%s'",
				   argv[optind + command->operands_max]);
	return OPTIONS_PROCEED;
}

static int parse_options(struct parser *parser, int argc, char **argv)
{
	int status = OPTIONS_PROCEED;

	optind = 0;
	while (status == OPTIONS_PROCEED) {
		int value = getopt_long(argc, argv, parser->letters, parser->long_options, NULL);

		switch (value) {
		case -1:
			return check_operands(parser->command, argc, argv);
		case '?':
			return unknown_option(parser, argv[optind - 1]);
		case ':':
			return missing_argument(parser);
		default:
			status = store(parser, row_of(parser, value));
		}
	}
	return status;
}

/*
 * Whether --help is among the options. It is looked for before anything is stored, because it shows
 * the defaults, which lie in the destination.
 */
static bool wants_help(struct parser *parser, int argc, char **argv)
{
	int value;

	opterr = 0;
	optind = 0; /* GNU: start over, a dispatcher may have parsed before */
	do
		value = getopt_long(argc, argv, parser->letters, parser->long_options, NULL);
	while (value != -1 && value != '?' && value != ':' && value != 'h' && value != HELP_OPTION);
	return value == 'h' || value == HELP_OPTION;
}

int options_parse(const struct command *command, int argc, char **argv, void *destination,
		  int *first_operand)
{
	struct parser parser;
	int status;

	parser_init(&parser, command, destination);
	if (wants_help(&parser, argc, argv)) {
		options_print_help(stdout, command, destination);
		return STATUS_OK;
	}
	status = parse_options(&parser, argc, argv);
	if (status == OPTIONS_PROCEED) {
		*first_operand = optind;
		return OPTIONS_PROCEED;
	}
	for (const struct option_row *row = parser.rows; row->name; row++) {
		if (row->kind == OPTION_LIST)
			option_list_release((void *)((char *)destination + row->offset));
	}
	return status;
}

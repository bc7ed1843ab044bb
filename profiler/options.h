/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Command lines of sendprof. A command is described once, by a struct command and a table of option
 * rows; the parser and --help are both made from them.
 *
 *	struct send_options {
 *		const char *parent;
 *		struct option_list clone_sources;
 *		uint64_t repeat;
 *		bool no_data;
 *	};
 *
 *	static const struct option_row rows[] = {
 *		OPTION_ROW_STRING('p', "parent", "PATH", struct send_options, parent,
 *				  "send the difference to this snapshot"),
 *		OPTION_ROW_LIST('c', "clone-src", "PATH", struct send_options, clone_sources,
 *				"may be given several times"),
 *		OPTION_ROW_U64('n', "repeat", "N", struct send_options, repeat, 1, 1000, "runs"),
 *		OPTION_ROW_FLAG(0, "no-data", struct send_options, no_data, "omit file data"),
 *		OPTION_ROW_END,
 *	};
 *
 *	static int send_main(int argc, char **argv)
 *	{
 *		struct send_options options = { .repeat = 3 };	// what the rows' defaults are
 *		int first;
 *		int status = options_parse(&command_send, argc, argv, &options, &first);
 *
 *		if (status != OPTIONS_PROCEED)
 *			return status;
 *		... argv[first .. argc) are the operands ...
 *		option_list_release(&options.clone_sources);
 *		return STATUS_OK;
 *	}
 *
 *	const struct command command_send = {
 *		.name = "send",
 *		.summary = "write the send stream of a snapshot",
 *		.operands = "SNAPSHOT",
 *		.operands_min = 1,
 *		.operands_max = 1,
 *		.description = "...",
 *		.options = rows,
 *		.examples = "sendprof send -p /mnt/a /mnt/b | btrfs receive /backup",
 *		.run = send_main,
 *	};
 */
#ifndef PROFILER_OPTIONS_H
#define PROFILER_OPTIONS_H

#include "profiler/status.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum option_kind {
	OPTION_FLAG,   /* bool, set to true */
	OPTION_STRING, /* const char *, borrowed from argv; the last one given wins */
	OPTION_U64,    /* uint64_t, decimal or 0x hexadecimal, within the row's limits */
	OPTION_LIST,   /* struct option_list, one item each time it is given */
	OPTION_CHOICE, /* unsigned int, the index of the word among the row's choices */
};

struct option_list {
	const char **items; /* the array is owned, the strings are borrowed from argv */
	size_t count;
};

struct option_row {
	char letter;	      /* 0: none */
	const char *name;     /* long name; NULL ends a table */
	const char *argument; /* name of the argument in --help; NULL for a flag */
	enum option_kind kind;
	size_t offset; /* of the member in the destination */
	const char *help;
	uint64_t minimum; /* OPTION_U64 */
	uint64_t maximum;
	const char *const *choices; /* OPTION_CHOICE: ended by NULL */
};

/* The offset of a member, and a compile error when the member is not of the kind's type. */
#define OPTION_OFFSET(type, member, expected)                                                     \
	(offsetof(type, member) +                                                                 \
	 0 * sizeof(struct {                                                                      \
		 static_assert(                                                                   \
			 __builtin_types_compatible_p(__typeof__(((type *)0)->member), expected), \
			 #member " is not of type " #expected);                                   \
		 int unused;                                                                      \
	 }))

#define OPTION_ROW_FLAG(letter, name, type, member, help)                                       \
	{                                                                                       \
		letter, name, NULL, OPTION_FLAG, OPTION_OFFSET(type, member, bool), help, 0, 0, \
			NULL                                                                    \
	}
#define OPTION_ROW_STRING(letter, name, argument, type, member, help)                             \
	{                                                                                         \
		letter, name, argument, OPTION_STRING, OPTION_OFFSET(type, member, const char *), \
			help, 0, 0, NULL                                                          \
	}
#define OPTION_ROW_U64(letter, name, argument, type, member, minimum, maximum, help)             \
	{                                                                                        \
		letter, name, argument, OPTION_U64, OPTION_OFFSET(type, member, uint64_t), help, \
			minimum, maximum, NULL                                                   \
	}
#define OPTION_ROW_LIST(letter, name, argument, type, member, help)                       \
	{                                                                                 \
		letter, name, argument, OPTION_LIST,                                      \
			OPTION_OFFSET(type, member, struct option_list), help, 0, 0, NULL \
	}
#define OPTION_ROW_CHOICE(letter, name, argument, type, member, choices, help)                    \
	{                                                                                         \
		letter, name, argument, OPTION_CHOICE, OPTION_OFFSET(type, member, unsigned int), \
			help, 0, 0, choices                                                       \
	}
#define OPTION_ROW_END                                          \
	{                                                       \
		0, NULL, NULL, OPTION_FLAG, 0, NULL, 0, 0, NULL \
	}

struct command {
	const char *name;     /* as typed after "sendprof": "send", "stream dump" */
	const char *summary;  /* one line, lower case, no full stop */
	const char *operands; /* for the usage line: "SNAPSHOT"; "\n" between alternatives */
	size_t operands_min;
	size_t operands_max;
	const char *description; /* paragraphs with "\n\n" between them; wrapped by --help */
	const struct option_row *options;  /* NULL: only --help */
	const char *examples;		   /* lines, shown as they are */
	int (*run)(int argc, char **argv); /* argv[0] is the command; returns an exit status */
	/* Of a group, ended by NULL. One that also has "run" does that unless one of them is named.
	 */
	const struct command *const *subcommands;
};

enum { OPTIONS_PROCEED = -1 };

/*
 * Parse @argv into @destination, which the caller filled with the defaults (--help shows them).
 * OPTIONS_PROCEED with *@first_operand set (operands are moved behind the options), or the exit
 * status to return at once: STATUS_OK after --help was printed, STATUS_USAGE after the message. On
 * the latter two the option lists of @destination are released already.
 */
int options_parse(const struct command *command, int argc, char **argv, void *destination,
		  int *first_operand);

/* Free the array; the list is empty afterwards. */
void option_list_release(struct option_list *list);

/* Add an item, which is borrowed. 0 or -ENOMEM. */
int option_list_add(struct option_list *list, const char *item);

/* Print the whole help of @command; @defaults is its destination before parsing, or NULL. */
void options_print_help(FILE *file, const struct command *command, const void *defaults);

/*
 * Print "sendprof: COMMAND: <message>; see 'sendprof COMMAND --help'" on stderr and return
 * STATUS_USAGE: for what a table cannot say, like two options that exclude each other.
 */
int usage_error(const struct command *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Run the subcommand of @group that argv[1] names and return its exit status. Answers --help and
 * "help [NAME]..." itself; an unknown name is a usage error with the closest name in it.
 */
int command_dispatch(const struct command *group, int argc, char **argv);

/* The one of the @count @names that @typed was probably meant to be, or NULL. */
const char *closest_name(const char *typed, const char *const *names, size_t count);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/* Command lines: the parser, --help and the dispatcher, all from one table. */
#include "profiler/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { ARGUMENTS_MAX = 24, OUTPUT_MAX = 8192 };

struct test_options {
	bool flag;
	const char *file;
	uint64_t number;
	uint64_t any;
	struct option_list list;
	unsigned int choice;
};

static const char *const temperatures[] = {"warm", "cold", "hot", NULL};

static const struct option_row rows[] = {
	OPTION_ROW_FLAG('q', "quiet", struct test_options, flag, "print nothing"),
	OPTION_ROW_STRING('f', "file", "FILE", struct test_options, file, "write there"),
	OPTION_ROW_U64('n', "number", "N", struct test_options, number, 1, 10, "how often"),
	OPTION_ROW_U64(0, "any", "N", struct test_options, any, 0, UINT64_MAX, "any number"),
	OPTION_ROW_LIST('c', "clone-src", "PATH", struct test_options, list, "several times"),
	OPTION_ROW_CHOICE(0, "cache", "STATE", struct test_options, choice, temperatures,
			  "state of the caches"),
	OPTION_ROW_END,
};

static int run_nothing(int argc, char **argv);

static const struct command command_test = {
	.name = "group test",
	.summary = "something to test",
	.operands = "FIRST [SECOND]\n--other ONE",
	.operands_min = 1,
	.operands_max = 2,
	.description =
		"One paragraph that is long enough to be wrapped when it is shown to a person "
		"on a terminal.\n\nAnother one.",
	.options = rows,
	.examples = "sendprof group test a\nsendprof group test b",
	.run = run_nothing,
};

static const struct command command_other = {
	.name = "group other", .summary = "other", .run = run_nothing};
static const struct command *const subcommands[] = {&command_test, &command_other, NULL};
static const struct command group = {
	.name = "group", .summary = "a group", .subcommands = subcommands};

static int run_itself(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return 55;
}

/* Does something, and is a group. */
static const struct command command_inner = {
	.name = "both inner", .summary = "inner", .run = run_nothing};
static const struct command *const inner[] = {&command_inner, NULL};
static const struct command both = {
	.name = "both", .summary = "both", .run = run_itself, .subcommands = inner};
static const struct command *const groups[] = {&group, &both, NULL};
static const struct command top = {.name = "", .subcommands = groups};

static char output[OUTPUT_MAX]; /* of the last call, both streams */
static struct test_options options;
static int first;

static int run_nothing(int argc, char **argv)
{
	int status = options_parse(&command_test, argc, argv, &options, &first);

	return status == OPTIONS_PROCEED ? 77 : status;
}

/* Call @function with the words of @line, its output caught. */
static int call(int (*function)(int, char **), const char *line)
{
	static char words[512];
	char *argv[ARGUMENTS_MAX + 1] = {NULL};
	FILE *caught = tmpfile();
	int out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO);
	int argc = 0, status;
	size_t length;

	snprintf(words, sizeof(words), "%s", line);
	for (char *word = strtok(words, " "); word && argc < ARGUMENTS_MAX;
	     word = strtok(NULL, " "))
		argv[argc++] = word;
	options = (struct test_options){.number = 3, .file = "-"};
	fflush(stdout);
	dup2(fileno(caught), STDOUT_FILENO);
	dup2(fileno(caught), STDERR_FILENO);
	status = function(argc, argv);
	fflush(stdout);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	close(out);
	close(err);
	rewind(caught);
	length = fread(output, 1, sizeof(output) - 1, caught);
	output[length] = '\0';
	fclose(caught);
	return status;
}

static int parse_test(int argc, char **argv)
{
	return options_parse(&command_test, argc, argv, &options, &first);
}

static int dispatch_top(int argc, char **argv)
{
	return command_dispatch(&top, argc, argv);
}

static void test_every_kind(void **state)
{
	(void)state;
	assert_int_equal(call(parse_test,
			      "test -q --file=out a -n 7 -c x --clone-src y --cache cold "
			      "--any 0xffffffffffffffff"),
			 OPTIONS_PROCEED);
	assert_true(options.flag);
	assert_string_equal(options.file, "out");
	assert_int_equal(options.number, 7);
	assert_true(options.any == UINT64_MAX);
	assert_int_equal(options.list.count, 2);
	assert_string_equal(options.list.items[0], "x");
	assert_string_equal(options.list.items[1], "y");
	assert_int_equal(options.choice, 1);
	assert_string_equal(output, "");
	option_list_release(&options.list);
	assert_int_equal(options.list.count, 0);
}

static void test_defaults_stay(void **state)
{
	(void)state;
	assert_int_equal(call(parse_test, "test operand"), OPTIONS_PROCEED);
	assert_false(options.flag);
	assert_int_equal(options.number, 3);
	assert_string_equal(options.file, "-");
	assert_int_equal(options.list.count, 0);
}

static char *argument_at(char **argv, int i)
{
	return argv[i];
}

static void test_operands_move_behind(void **state)
{
	char *argv[] = {"test", "one", "-q", "two", "--number", "4", NULL};

	(void)state;
	options = (struct test_options){0};
	assert_int_equal(options_parse(&command_test, 6, argv, &options, &first), OPTIONS_PROCEED);
	assert_int_equal(first, 4);
	assert_string_equal(argument_at(argv, first), "one");
	assert_string_equal(argument_at(argv, first + 1), "two");
	assert_true(options.flag);
}

static void test_after_two_dashes(void **state)
{
	(void)state;
	assert_int_equal(call(parse_test, "test -- --help -q"), OPTIONS_PROCEED);
	assert_false(options.flag);
	assert_int_equal(call(parse_test, "test --quiet -"), OPTIONS_PROCEED);
}

/* One line each: what was wrong, and what would be right. */
static void test_usage_errors(void **state)
{
	static const struct {
		const char *line;
		const char *message;
	} cases[] = {
		{"test", "operand missing: expect FIRST [SECOND]"},
		{"test a b c", "unexpected operand 'c'"},
		{"test a --number", "--number needs its argument N"},
		{"test a -n", "--number needs its argument N"},
		{"test a -n 0", "--number: have 0 expect 1 to 10"},
		{"test a -n 11", "--number: have 11 expect 1 to 10"},
		{"test a -n 99999999999999999999", "expect 1 to 10"},
		{"test a -n -1", "--number: '-1' is not a number"},
		{"test a -n 3x", "--number: '3x' is not a number"},
		{"test a --number=", "--number: '' is not a number"},
		{"test a --number=0x", "--number: '0x' is not a number"},
		{"test a --cache tepid", "--cache: have 'tepid' expect one of warm, cold, hot"},
		{"test a --nubmer 3", "unknown option '--nubmer', did you mean '--number'?"},
		{"test a --hlep", "unknown option '--hlep', did you mean '--help'?"},
		{"test a --zzzzzzzzzz", "unknown option '--zzzzzzzzzz';"},
		{"test a --c", "option '--c' is ambiguous"},
		{"test a --quiet=yes", "'--quiet=yes' takes no argument"},
		{"test a -z", "unknown option '-z'"},
		{"test a -qz", "unknown option '-z'"},
		{"test a -c x -c y -z", "unknown option '-z'"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(call(parse_test, cases[i].line), STATUS_USAGE);
		if (!strstr(output, cases[i].message))
			fail_msg("%s: have %s", cases[i].line, output);
		assert_memory_equal(output, "sendprof: group test: ", 22);
		assert_non_null(strstr(output, "; see 'sendprof group test --help'\n"));
		assert_ptr_equal(strchr(output, '\n'), output + strlen(output) - 1);
	}
}

static void test_abbreviation(void **state)
{
	(void)state;
	assert_int_equal(call(parse_test, "test a --num 5"), OPTIONS_PROCEED);
	assert_int_equal(options.number, 5);
}

static void test_help(void **state)
{
	static const char *const expected[] = {
		"Usage: sendprof group test [OPTION]... FIRST [SECOND]\n"
		"   or: sendprof group test [OPTION]... --other ONE\n",
		"One paragraph that is long enough to be wrapped when it is shown to a person on\n"
		"a terminal.\n\nAnother one.\n",
		"  -q, --quiet               print nothing\n",
		"  -f, --file FILE           write there (default: -)\n",
		"  -n, --number N            how often (default: 3)\n",
		"      --any N               any number\n",
		"      --cache STATE         state of the caches: warm, cold, hot (default: warm)\n",
		"  -h, --help                show this help\n",
		"  sendprof group test b\n",
		"  4  corrupt input",
	};

	(void)state;
	/* Defaults are shown whatever else is on the line. */
	assert_int_equal(call(parse_test, "test -n 7 --file x --help"), STATUS_OK);
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		if (!strstr(output, expected[i]))
			fail_msg("no \"%s\" in\n%s", expected[i], output);
	}
	assert_null(strchr(output, '\033'));
	assert_int_equal(call(parse_test, "test -qh"), STATUS_OK);
	assert_non_null(strstr(output, "Usage:"));
	/* The argument of an option is not an option. */
	assert_int_equal(call(parse_test, "test a --file --help"), OPTIONS_PROCEED);
	assert_string_equal(options.file, "--help");
}

static void test_dispatch(void **state)
{
	(void)state;
	assert_int_equal(call(dispatch_top, "sendprof group test a"), 77);
	assert_int_equal(call(dispatch_top, "sendprof"), STATUS_USAGE);
	assert_non_null(strstr(output, "Usage: sendprof"));
	assert_int_equal(call(dispatch_top, "sendprof group"), STATUS_USAGE);
	assert_non_null(strstr(output, "something to test"));
	assert_int_equal(call(dispatch_top, "sendprof --help"), STATUS_OK);
	assert_int_equal(call(dispatch_top, "sendprof group -h"), STATUS_OK);
	assert_int_equal(call(dispatch_top, "sendprof help group test"), STATUS_OK);
	assert_non_null(strstr(output, "--clone-src PATH"));
	assert_int_equal(call(dispatch_top, "sendprof group help test"), STATUS_OK);
	assert_non_null(strstr(output, "--clone-src PATH"));
	assert_int_equal(call(dispatch_top, "sendprof both"), 55);
	assert_int_equal(call(dispatch_top, "sendprof both innner"), 55);
	assert_int_equal(call(dispatch_top, "sendprof both --help"), 55);
	assert_int_equal(call(dispatch_top, "sendprof help both"), 55);
	assert_int_equal(call(dispatch_top, "sendprof both inner a"), 77);
	assert_int_equal(call(dispatch_top, "sendprof help both inner"), STATUS_OK);
	assert_int_equal(call(dispatch_top, "sendprof gruop"), STATUS_USAGE);
	assert_non_null(strstr(output, "unknown command 'gruop', did you mean 'group'?"));
	assert_int_equal(call(dispatch_top, "sendprof group tset"), STATUS_USAGE);
	assert_non_null(strstr(output, "sendprof: group: unknown command 'tset', did you mean "
				       "'test'?; see 'sendprof group --help'"));
	assert_int_equal(call(dispatch_top, "sendprof help group tset"), STATUS_USAGE);
	assert_int_equal(call(dispatch_top, "sendprof help group test more"), STATUS_USAGE);
	assert_int_equal(call(dispatch_top, "sendprof --bogus"), STATUS_USAGE);
	assert_non_null(strstr(output, "unknown option '--bogus'"));
}

static void test_closest_name(void **state)
{
	static const char *const names[] = {"dump", "stat", "diff", "check"};

	(void)state;
	assert_string_equal(closest_name("dupm", names, 4), "dump");
	assert_string_equal(closest_name("stats", names, 4), "stat");
	assert_string_equal(closest_name("chek", names, 4), "check");
	assert_string_equal(closest_name("dif", names, 4), "diff");
	assert_null(closest_name("receive", names, 4));
	assert_null(
		closest_name("a-word-longer-than-any-name-that-a-command-could-have", names, 4));
	assert_null(closest_name("x", names, 0));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_kind),
		cmocka_unit_test(test_defaults_stay),
		cmocka_unit_test(test_operands_move_behind),
		cmocka_unit_test(test_after_two_dashes),
		cmocka_unit_test(test_usage_errors),
		cmocka_unit_test(test_abbreviation),
		cmocka_unit_test(test_help),
		cmocka_unit_test(test_dispatch),
		cmocka_unit_test(test_closest_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

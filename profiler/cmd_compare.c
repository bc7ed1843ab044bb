/* SPDX-License-Identifier: GPL-2.0 */
/* sendprof compare: results of two runs or benches, and whether that passes. */
#include "profiler/commands.h"
#include "profiler/comparison.h"
#include "profiler/gate.h"
#include "profiler/outcome.h"
#include "profiler/terminal.h"
#include "reports/comparison.h"
#include "reports/format.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { RESULTS_MIN = 2, RESULTS_MAX = 200 };
enum { MISSING_FAIL, MISSING_SKIP };

static const char *const missing_words[] = {"fail", "skip", NULL};

struct compare_options {
	struct option_list conditions;
	unsigned int missing; /* MISSING_* */
	const char *markdown, *junit, *html;
	bool all;
	bool json;
	bool quiet;
};

static const struct option_row rows[] = {
	OPTION_ROW_LIST('f', "fail-on", "CONDITION", struct compare_options, conditions,
			"a regression by which this fails: 'kernel.duration>10%'; may be repeated; "
			"'list' shows the keys and how a condition is written"),
	OPTION_ROW_CHOICE(0, "missing", "WORD", struct compare_options, missing, missing_words,
			  "what a condition does whose value or workload is missing"),
	OPTION_ROW_STRING(0, "markdown", "FILE", struct compare_options, markdown,
			  "write Markdown for the summary of a job; - is standard output, then "
			  "in place of the text"),
	OPTION_ROW_STRING(0, "junit", "FILE", struct compare_options, junit,
			  "write JUnit's XML, a test case for each workload and condition"),
	OPTION_ROW_STRING(0, "html", "FILE", struct compare_options, html,
			  "write a page that needs no other file"),
	OPTION_ROW_FLAG('a', "all", struct compare_options, all, "show also what did not change"),
	OPTION_ROW_FLAG('q', "quiet", struct compare_options, quiet,
			"print errors only; the exit status and the files tell"),
	OPTION_ROW_FLAG(0, "json", struct compare_options, json,
			"print the comparison as JSON instead of the text"),
	OPTION_ROW_END,
};

static int list_keys(void)
{
	static const char *const better[] = {"lower", "higher", "equal"};

	printf("%-38s %-7s %s\n", "Key", "Better", "What it is");
	for (size_t i = 0; i < compare_key_count; i++) {
		const struct compare_key *key = &compare_keys[i];
		enum side first, end;

		if (key->scope == SCOPE_COMMANDS) {
			printf("SIDE.latency.COMMAND.%-17s %-7s %s\n", key->name,
			       better[key->better], key->sentence);
			continue;
		}
		compare_scope_sides(key->scope, &first, &end);
		for (enum side side = first; side < end; side++) {
			char *name = compare_key_name(key, side, 0);

			printf("%-38s %-7s %s\n", name ? name : key->name, better[key->better],
			       key->sentence);
			free(name);
		}
	}
	printf("\nSIDE is kernel or engine, COMMAND one of the stream like WRITE or CLONE. The "
	       "condition\n'%s', that the new streams are identical, is always there.\n\n%s",
	       GATE_STREAMS_TEXT, gate_syntax);
	return STATUS_OK;
}

/* The conditions of the command line behind the one that always holds. */
static int parse_gates(const struct option_list *conditions, struct gate **gates, size_t *count,
		       struct failure *failure)
{
	int ret;

	*count = 0;
	*gates = calloc(conditions->count + 1, sizeof(**gates));
	if (!*gates)
		return failure_set(failure, -ENOMEM, "out of memory");
	ret = gate_parse(&(*gates)[(*count)++], GATE_STREAMS_TEXT, failure);
	for (size_t i = 0; ret == 0 && i < conditions->count; i++) {
		if (!strcmp(conditions->items[i], GATE_STREAMS_TEXT))
			continue;
		ret = gate_parse(&(*gates)[(*count)++], conditions->items[i], failure);
	}
	return ret;
}

typedef int (*render_fn)(const struct comparison *comparison, FILE *out);

static int write_file(const struct comparison *comparison, const char *path, render_fn render,
		      struct failure *failure)
{
	FILE *out;
	int ret;

	if (!path)
		return 0;
	if (!strcmp(path, "-"))
		return render(comparison, stdout);
	out = fopen(path, "we");
	ret = out ? render(comparison, out) : -errno;
	if (out && fclose(out) != 0 && ret == 0)
		ret = -errno;
	return ret < 0 ? failure_set(failure, ret, "cannot write %s: %s", path, strerror(-ret)) : 0;
}

static int print_json(const struct comparison *comparison)
{
	json_t *json = comparison_to_json(comparison);

	if (!json)
		return -ENOMEM;
	json_dumpf(json, stdout, JSON_INDENT(1));
	json_decref(json);
	return putchar('\n') == EOF ? -EIO : 0;
}

static bool is_stdout(const char *path)
{
	return path && !strcmp(path, "-");
}

static int put_all(const struct compare_options *options, const struct comparison *comparison,
		   struct failure *failure)
{
	bool taken = options->quiet || is_stdout(options->markdown) || is_stdout(options->junit) ||
		     is_stdout(options->html);
	int ret = write_file(comparison, options->markdown, comparison_markdown, failure);

	if (ret == 0)
		ret = write_file(comparison, options->junit, comparison_junit, failure);
	if (ret == 0)
		ret = write_file(comparison, options->html, comparison_html, failure);
	if (ret == 0 && options->json)
		ret = print_json(comparison);
	else if (ret == 0 && !taken)
		ret = comparison_text(comparison, stdout, colour_wanted(stdout), terminal_width(),
				      options->all);
	/* That a write to standard output failed is told at the end, for all commands. */
	if (ret < 0 && !ferror(stdout))
		return failure_set(failure, ret, "%s", strerror(-ret));
	return 0;
}

static int compare(const struct compare_options *options, char *const *paths, size_t count)
{
	struct comparison comparison = {0};
	struct failure failure = {0};
	struct gate *gates;
	size_t gate_count;
	int ret = parse_gates(&options->conditions, &gates, &gate_count, &failure);
	int status = STATUS_OK;

	if (ret < 0) {
		for (size_t i = 0; i < gate_count; i++)
			gate_release(&gates[i]);
		free(gates);
	} else {
		ret = comparison_build(&comparison, paths, count, gates, gate_count,
				       options->missing == MISSING_FAIL, &failure);
	}
	if (ret == 0)
		ret = put_all(options, &comparison, &failure);
	if (ret == -EINVAL)
		status = usage_error(&command_compare, "--fail-on: %s", failure.text);
	else if (ret < 0)
		status = outcome_fail(&failure);
	else if (comparison.failed)
		status = STATUS_DIFFERENT;
	comparison_release(&comparison);
	return status;
}

static bool wants_list(const struct option_list *conditions)
{
	for (size_t i = 0; i < conditions->count; i++)
		if (!strcmp(conditions->items[i], "list"))
			return true;
	return false;
}

static int compare_main(int argc, char **argv)
{
	struct compare_options options = {0};
	int first, status;

	status = options_parse(&command_compare, argc, argv, &options, &first);
	if (status != OPTIONS_PROCEED)
		return status;
	if (wants_list(&options.conditions))
		status = list_keys();
	else if (argc - first < RESULTS_MIN)
		status =
			usage_error(&command_compare, "operand missing: expect BASE.json NEW.json");
	else if (options.json + is_stdout(options.markdown) + is_stdout(options.junit) +
			 is_stdout(options.html) >
		 1)
		status = usage_error(&command_compare,
				     "standard output takes one of --json, --markdown, --junit and "
				     "--html");
	else
		status = compare(&options, argv + first, (size_t)(argc - first));
	option_list_release(&options.conditions);
	return status;
}

const struct command command_compare = {
	.name = "compare",
	.summary = "compare results, and fail on regressions",
	.operands = "BASE.json [HISTORY.json]... NEW.json",
	.operands_min = 0, /* --fail-on list needs none */
	.operands_max = RESULTS_MAX,
	.description =
		"Reads what 'sendprof run' wrote as result.json, and says what changed from the "
		"first to the last. Figures of several samples are compared by their medians, with "
		"an interval for the change by bootstrap: a change whose interval holds zero is "
		"noise. Results between the two are history; they are shown, not judged."
		"\n\n"
		"Fails, with exit status 1, when the new streams of kernel and engine are not "
		"identical, and on each CONDITION of --fail-on that comes true and is not noise. "
		"Without --fail-on only the streams count.",
	.options = rows,
	.examples = "sendprof compare base/result.json sendprof-report/result.json\n"
		    "sendprof compare --fail-on 'kernel.duration>10%' --junit junit.xml base.json "
		    "new.json\n"
		    "sendprof compare --html course.html monday.json tuesday.json wednesday.json\n"
		    "sendprof compare --fail-on list",
	.run = compare_main,
};

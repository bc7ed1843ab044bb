/* SPDX-License-Identifier: GPL-2.0 */
/* sendprof report: a result that was written as JSON, shown again. */
#include "profiler/bench_history.h"
#include "profiler/commands.h"
#include "profiler/folders.h"
#include "profiler/interrupt.h"
#include "profiler/outcome.h"
#include "profiler/terminal.h"
#include "reports/bench.h"
#include "reports/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { HISTORY_MAX = 1000 };

struct report_options {
	const char *html;
	const char *markdown;
	const char *folder;
	bool text;
};

static const struct option_row rows[] = {
	OPTION_ROW_STRING(0, "html", "FILE", struct report_options, html,
			  "write the page, one file that needs no other; '-' is standard output"),
	OPTION_ROW_STRING(0, "markdown", "FILE", struct report_options, markdown,
			  "write Markdown, without plots, as for the summary of a CI job; '-' is "
			  "standard output"),
	OPTION_ROW_STRING('o', "out", "DIR", struct report_options, folder,
			  "write report.html and report.md, with plots, into this folder"),
	OPTION_ROW_FLAG(0, "text", struct report_options, text,
			"print the summary, also when something else is written"),
	OPTION_ROW_END,
};

/* What is shown: the result of a run, or else a bench or the course of several results. */
struct shown {
	const struct result *result;
	const struct bench_history *history;
};

typedef int (*render_fn)(const struct shown *shown, FILE *out);

static int write_html(const struct shown *shown, const char *plots, FILE *out)
{
	struct failure undrawn = {0};

	/* The page says which plots are missing. */
	if (shown->result)
		report_plots(shown->result, plots, &undrawn);
	else
		bench_plots(shown->history, plots, &undrawn);
	if (interrupt_signal())
		return -EINTR;
	return shown->result ? report_html(shown->result, plots, out)
			     : bench_html(shown->history, plots, out);
}

/* Its plots are inside: however it ends, nobody wants the files that they are drawn into. */
static int render_html(const struct shown *shown, FILE *out)
{
	char *folder;
	int ret;

	interrupt_install();
	if (asprintf(&folder, "%s/sendprof-plots.XXXXXX", folder_temporary()) < 0)
		return -ENOMEM;
	if (!mkdtemp(folder)) {
		ret = -errno;
		free(folder);
		return ret;
	}
	ret = write_html(shown, folder, out);
	folder_remove(folder);
	free(folder);
	return ret;
}

static int render_markdown(const struct shown *shown, FILE *out)
{
	return shown->result ? report_markdown(shown->result, out)
			     : bench_markdown(shown->history, out);
}

static int render_text(const struct shown *shown, FILE *out)
{
	bool colour_bold = *colour(out, COLOUR_BOLD);

	return shown->result ? report_text(shown->result, out, colour_bold, terminal_width())
			     : bench_text(shown->history, out, colour_bold, terminal_width());
}

static int render(const struct shown *shown, const char *path, render_fn fn,
		  struct failure *failure)
{
	bool standard = !strcmp(path, "-");
	FILE *out = standard ? stdout : fopen(path, "we");
	int ret;

	if (!out)
		return failure_set(failure, -errno, "cannot create %s: %s", path, strerror(errno));
	ret = fn(shown, out);
	if (!standard && fclose(out) && !ret)
		ret = -errno;
	/* main() tells of a standard output that failed. */
	return ret && !(standard && ferror(stdout))
		       ? failure_set(failure, ret, "cannot write %s: %s", path, strerror(-ret))
		       : 0;
}

static int render_folder(const struct shown *shown, const char *folder, struct failure *failure)
{
	struct failure plots = {0};
	int ret;

	if (mkdir(folder, 0777) && errno != EEXIST)
		return failure_set(failure, -errno, "cannot create %s: %s", folder,
				   strerror(errno));
	ret = shown->result ? report_write_all(shown->result, folder, &plots)
			    : bench_write_all(shown->history, folder, &plots);
	if (ret)
		return failure_set(failure, ret, "cannot write the report into %s: %s", folder,
				   plots.code ? plots.text : strerror(-ret));
	if (plots.code)
		fprintf(stderr, "sendprof: note: %s\n", plots.text);
	return 0;
}

static int render_all(const struct report_options *options, const struct shown *shown,
		      struct failure *failure)
{
	bool files = options->html || options->markdown || options->folder;
	int ret = 0;

	if (options->html)
		ret = render(shown, options->html, render_html, failure);
	if (!ret && options->markdown)
		ret = render(shown, options->markdown, render_markdown, failure);
	if (!ret && options->folder)
		ret = render_folder(shown, options->folder, failure);
	if (!ret && (options->text || !files))
		ret = render(shown, "-", render_text, failure);
	return ret;
}

static int report_history(const struct report_options *options, char *const *paths, size_t count)
{
	struct bench_history history;
	struct failure failure = {0};
	int ret = bench_history_load(&history, paths, count, &failure);

	if (!ret)
		ret = render_all(options, &(struct shown){.history = &history}, &failure);
	bench_history_release(&history);
	return ret ? outcome_fail(&failure) : STATUS_OK;
}

static int report_run(const struct report_options *options, const char *path)
{
	struct failure failure = {0};
	struct result *result = calloc(1, sizeof(*result));
	int ret;

	if (!result)
		return outcome_fail(&(struct failure){-ENOMEM, "out of memory"});
	ret = result_load(path, result, &failure);
	if (!ret)
		ret = render_all(options, &(struct shown){.result = result}, &failure);
	result_release(result);
	free(result);
	return ret ? outcome_fail(&failure) : STATUS_OK;
}

static int report_main(int argc, char **argv)
{
	struct report_options options = {0};
	int first, status;

	status = options_parse(&command_report, argc, argv, &options, &first);
	if (status != OPTIONS_PROCEED)
		return status;
	if (argc - first > 1 || bench_history_is_bench(argv[first]))
		return report_history(&options, argv + first, (size_t)(argc - first));
	return report_run(&options, argv[first]);
}

static const struct command *const subcommands[] = {&command_report_merge, NULL};

const struct command command_report = {
	.name = "report",
	.summary = "show results again that run or bench wrote as JSON",
	.operands = "[HISTORY.json]... RESULT.json\nmerge BENCH.json... --out FILE",
	.operands_min = 1,
	.operands_max = HISTORY_MAX,
	.description =
		"Reads what 'sendprof run' left as result.json, of this version or an older one, "
		"and renders it: as a summary for the terminal unless something else is asked for. "
		"'-' reads that of a run from standard input. The exit status says whether it "
		"worked, not what the result is."
		"\n\n"
		"What 'sendprof bench' left is shown as tables, by --html as a page with bars and "
		"the curves of sweeps. Of several results, oldest first, the last is shown, and by "
		"--html and --markdown the course of each workload over all of them.",
	.options = rows,
	.examples = "sendprof report sendprof-report/result.json\n"
		    "sendprof report --html page.html result.json\n"
		    "sendprof report --html bench.html sendprof-bench/bench.json\n"
		    "sendprof report --html course.html nightly/*.json\n"
		    "sendprof report --markdown - bench.json >>\"$GITHUB_STEP_SUMMARY\"",
	.run = report_main,
	.subcommands = subcommands,
};

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A comparison as JUnit's XML, in the form that GitLab, Jenkins and the reporters of GitHub Actions
 * read: testsuites, testsuite, testcase with failure or skipped in it.
 */
#include "reports/comparison.h"
#include "reports/format.h"
#include "reports/table.h"

#include <errno.h>
#include <stdlib.h>

static bool is_skipped(const struct comparison *comparison, const struct gate_outcome *outcome)
{
	return !comparison_fails(comparison, outcome) &&
	       (outcome->result == GATE_MISSING || !outcome->checked);
}

/* ' NAME="TEXT"', with whatever is in @text. */
static int put_attribute(const char *name, const char *text, FILE *out)
{
	char *printable = format_printable(text);

	if (!printable)
		return -ENOMEM;
	fprintf(out, " %s=\"", name);
	format_html(out, printable);
	fputc('"', out);
	free(printable);
	return 0;
}

static int put_case(const struct comparison *comparison, const struct gate_outcome *outcome,
		    FILE *out)
{
	const char *reason = *outcome->reason ? outcome->reason : "nothing to compare with";
	int ret;

	fputs("    <testcase", out);
	ret = put_attribute("classname", outcome->workload->label, out);
	if (ret == 0)
		ret = put_attribute("name", outcome->gate->text, out);
	if (ret == 0 && comparison_fails(comparison, outcome)) {
		fprintf(out, ">\n      <failure type=\"%s\"",
			outcome->gate->op == GATE_STREAMS ? "divergence"
			: outcome->result == GATE_MISSING ? "missing"
							  : "regression");
		ret = put_attribute("message", reason, out);
		fputs("/>\n    </testcase>\n", out);
	} else if (ret == 0 && is_skipped(comparison, outcome)) {
		fputs(">\n      <skipped", out);
		ret = put_attribute("message", reason, out);
		fputs("/>\n    </testcase>\n", out);
	} else {
		fputs("/>\n", out);
	}
	return ret;
}

static void put_totals(size_t tests, size_t failures, size_t skipped, FILE *out)
{
	fprintf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"%zu\">\n", tests,
		failures, skipped);
}

static int put_suite(const struct comparison *comparison, const struct compared_workload *workload,
		     FILE *out)
{
	size_t tests = 0, failures = 0, skipped = 0;
	int ret;

	for (size_t i = 0; i < comparison->outcome_count; i++) {
		const struct gate_outcome *outcome = &comparison->outcomes[i];

		if (outcome->workload != workload)
			continue;
		tests++;
		failures += comparison_fails(comparison, outcome);
		skipped += is_skipped(comparison, outcome);
	}
	fputs("  <testsuite", out);
	ret = put_attribute("name", workload->label, out);
	put_totals(tests, failures, skipped, out);
	for (size_t i = 0; ret == 0 && i < comparison->outcome_count; i++)
		if (comparison->outcomes[i].workload == workload)
			ret = put_case(comparison, &comparison->outcomes[i], out);
	fputs("  </testsuite>\n", out);
	return ret;
}

int comparison_junit(const struct comparison *comparison, FILE *out)
{
	int ret = 0;

	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"sendprof compare\"",
	      out);
	put_totals(comparison->outcome_count, comparison->failed, comparison->skipped, out);
	for (size_t i = 0; ret == 0 && i < comparison->workload_count; i++)
		ret = put_suite(comparison, &comparison->workloads[i], out);
	fputs("</testsuites>\n", out);
	if (ret == 0 && (fflush(out) != 0 || ferror(out)))
		ret = errno ? -errno : -EIO;
	return ret;
}

/* SPDX-License-Identifier: GPL-2.0 */
/* sendprof doctor: what this machine allows, on one screen. */
#include "profiler/child.h"
#include "profiler/commands.h"
#include "profiler/doctor.h"
#include "profiler/outcome.h"
#include "profiler/terminal.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum {
	NAME_COLUMN = 15, /* width of a probe's name */
	STATE_COLUMN = 8,
};

struct doctor_options {
	bool json;
};

static const struct option_row rows[] = {
	OPTION_ROW_FLAG(0, "json", struct doctor_options, json, "print the findings as JSON"),
	OPTION_ROW_END,
};

static const struct {
	const char *word;
	enum colour colour;
} states[] = {
	[FINDING_OK] = {"ok", COLOUR_GOOD},
	[FINDING_UNKNOWN] = {"unknown", COLOUR_DIM},
	[FINDING_LIMITED] = {"limited", COLOUR_NOTE},
	[FINDING_MISSING] = {"missing", COLOUR_BAD},
};

static void print_finding(const struct probe *probe, const struct finding *finding)
{
	printf("  %-*s%s%-*s%s  %s\n", NAME_COLUMN, probe->name,
	       colour(stdout, states[finding->state].colour), STATE_COLUMN,
	       states[finding->state].word, colour(stdout, COLOUR_NONE), finding->text);
	if (finding->advice[0])
		printf("  %*s  %s-> %s%s\n", NAME_COLUMN + STATE_COLUMN, "",
		       colour(stdout, COLOUR_DIM), finding->advice, colour(stdout, COLOUR_NONE));
}

static void print_text(const struct machine *machine, const struct finding *findings)
{
	const char *group = "";

	for (size_t i = 0; i < doctor_probe_count; i++) {
		if (strcmp(group, doctor_probes[i].group)) {
			group = doctor_probes[i].group;
			printf("%s%s%s%s\n", i ? "\n" : "", colour(stdout, COLOUR_BOLD), group,
			       colour(stdout, COLOUR_NONE));
		}
		print_finding(&doctor_probes[i], &findings[i]);
	}
	printf("\n%s%s%s\n", colour(stdout, machine->pipe_tier ? COLOUR_GOOD : COLOUR_BAD),
	       machine->pipe_tier ? "sendprof run works here."
				  : "sendprof run does not work here, except on an image.",
	       colour(stdout, COLOUR_NONE));
}

static json_t *findings_json(const struct machine *machine, const struct finding *findings)
{
	json_t *array = json_array();

	for (size_t i = 0; i < doctor_probe_count; i++) {
		const struct finding *finding = &findings[i];
		json_t *object =
			json_pack("{s:s, s:s, s:s, s:s, s:s, s:s*}", "key", doctor_probes[i].key,
				  "group", doctor_probes[i].group, "name", doctor_probes[i].name,
				  "state", states[finding->state].word, "text", finding->text,
				  "advice", finding->advice[0] ? finding->advice : NULL);

		if (json_array_append_new(array, object)) {
			json_decref(array);
			return NULL;
		}
	}
	return json_pack("{s:i, s:b, s:o}", "schema_version", 1, "run_works", machine->pipe_tier,
			 "findings", array);
}

static int print_json(const struct machine *machine, const struct finding *findings)
{
	json_t *json = findings_json(machine, findings);

	if (!json)
		return -ENOMEM;
	json_dumpf(json, stdout, JSON_INDENT(1)); /* main() sees errors of stdout */
	putchar('\n');
	json_decref(json);
	return 0;
}

static int doctor_main(int argc, char **argv)
{
	struct doctor_options options = {0};
	struct failure failure = {0};
	struct machine machine = {0};
	struct finding *findings;
	int first, ret;
	int status = options_parse(&command_doctor, argc, argv, &options, &first);

	if (status != OPTIONS_PROCEED)
		return status;
	ret = child_extend_path(&failure);
	if (ret)
		return outcome_fail(&failure);
	findings = calloc(doctor_probe_count, sizeof(*findings));
	if (!findings)
		return outcome_fail(&(struct failure){-ENOMEM, "out of memory"});
	for (size_t i = 0; i < doctor_probe_count; i++)
		doctor_probes[i].look(&machine, &findings[i]);
	if (options.json)
		ret = print_json(&machine, findings);
	else
		print_text(&machine, findings);
	free(findings);
	if (ret)
		return outcome_fail(&(struct failure){ret, "out of memory"});
	return machine.pipe_tier ? STATUS_OK : STATUS_ENVIRONMENT;
}

const struct command command_doctor = {
	.name = "doctor",
	.summary = "say what this machine allows, and what to do about what is missing",
	.description =
		"Looks at the kernel, permissions, what tracing can stand on and the tools that "
		"reports and the demo use. Programs for tracing are loaded and attached to see "
		"whether that works, and detached at once. The exit status is 0 when "
		"sendprof run works, else 3.",
	.options = rows,
	.examples = "sendprof doctor\n"
		    "sudo sendprof doctor --json",
	.run = doctor_main,
};

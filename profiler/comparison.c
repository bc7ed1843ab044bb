/* SPDX-License-Identifier: GPL-2.0 */
/* From several results to what changed between the first and the last. */
#include "profiler/comparison.h"
#include "profiler/compare_facts.h"
#include "profiler/compare_input.h"
#include "profiler/compare_observe.h"
#include "profiler/compare_statistics.h"
#include "profiler/gate.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

/* The results while they are read. */
struct inputs {
	struct input *items;
	size_t count;
	struct failure *failure;
};

static int no_memory(struct failure *failure)
{
	return failure_set(failure, -ENOMEM, "out of memory");
}

const struct observation *comparison_base(const struct metric *metric)
{
	return &metric->seen[0];
}

const struct observation *comparison_new(const struct comparison *comparison,
					 const struct metric *metric)
{
	return &metric->seen[comparison->file_count - 1];
}

static struct sample_set samples_of(const struct observation *seen)
{
	return (struct sample_set){
		.values = seen->samples,
		.divisors = seen->divisors,
		.count = seen->sample_count,
		.divisor_count = seen->divisor_count,
	};
}

static bool is_sampled(const struct observation *seen, size_t samples)
{
	return seen->sample_count >= samples && (!seen->divisors || seen->divisor_count >= samples);
}

/* The interval of a change, where there is one. */
static int find_interval(const struct observation *base, const struct observation *changed,
			 struct metric *metric)
{
	const struct sample_set before = samples_of(base), after = samples_of(changed);

	if (metric->key->form == FORM_QUANTILE && base->bounded && changed->bounded) {
		metric->has_interval = true;
		metric->low = changed->low - base->high;
		metric->high = changed->high - base->low;
	}
	if (!base->samples || !is_sampled(base, COMPARISON_SAMPLES_MIN) ||
	    !is_sampled(changed, COMPARISON_SAMPLES_MIN))
		return 0;
	metric->has_interval = true;
	return bootstrap_change(&before, &after, COMPARISON_CONFIDENCE, &metric->low,
				&metric->high);
}

static bool has_noise(const struct metric *metric)
{
	return metric->key->form == FORM_SAMPLES || metric->key->form == FORM_RATIO ||
	       metric->key->form == FORM_QUANTILE;
}

static int judge_metric(const struct comparison *comparison, struct metric *metric)
{
	const struct observation *base = comparison_base(metric);
	const struct observation *changed = comparison_new(comparison, metric);
	bool better = metric->key->better == BETTER_HIGHER ? changed->value > base->value
							   : changed->value < base->value;
	int ret;

	metric->judgement = JUDGED_NOTHING;
	if (!base->present || !changed->present)
		return 0;
	ret = find_interval(base, changed, metric);
	if (changed->value == base->value)
		metric->judgement = JUDGED_SAME;
	else if (metric->has_interval && metric->low <= 0 && metric->high >= 0)
		metric->judgement = JUDGED_NOISE;
	else if (has_noise(metric) && !metric->has_interval)
		metric->judgement = JUDGED_UNSURE;
	else if (metric->key->better == BETTER_EQUAL)
		metric->judgement = JUDGED_CHANGED;
	else
		metric->judgement = better ? JUDGED_BETTER : JUDGED_WORSE;
	return ret;
}

static void metric_release(struct metric *metric, size_t files)
{
	for (size_t i = 0; metric->seen && i < files; i++) {
		free(metric->seen[i].samples);
		free(metric->seen[i].divisors);
	}
	free(metric->seen);
	free(metric->name);
	*metric = (struct metric){0};
}

/* What all files say of one key. Left out when neither base nor new has it. */
static int add_metric(struct comparison *comparison, struct compared_workload *workload,
		      const struct inputs *inputs, const struct metric *which)
{
	struct metric *metrics =
		reallocarray(workload->metrics, workload->metric_count + 1, sizeof(*metrics));
	struct metric *metric;
	int ret = 0;

	if (!metrics)
		return no_memory(inputs->failure);
	workload->metrics = metrics;
	metric = &metrics[workload->metric_count];
	*metric = *which;
	metric->name = compare_key_name(which->key, which->side, which->kind);
	metric->seen = calloc(inputs->count, sizeof(*metric->seen));
	if (!metric->name || !metric->seen)
		ret = no_memory(inputs->failure);
	for (size_t i = 0; ret == 0 && i < inputs->count; i++) {
		const struct input_workload *read = input_find(&inputs->items[i], workload->label);

		if (read)
			ret = observe(&read->result, which->key, which->side, which->kind,
				      &metric->seen[i]);
	}
	if (ret == 0 &&
	    (comparison_base(metric)->present || comparison_new(comparison, metric)->present)) {
		workload->metric_count++;
		return judge_metric(comparison, metric) < 0 ? no_memory(inputs->failure) : 0;
	}
	metric_release(metric, inputs->count);
	return ret;
}

static int add_metrics(struct comparison *comparison, struct compared_workload *workload,
		       const struct inputs *inputs)
{
	int ret = 0;

	for (size_t i = 0; i < compare_key_count; i++) {
		struct metric which = {.key = &compare_keys[i]};
		bool of_commands = which.key->scope == SCOPE_COMMANDS;
		enum side first, end;

		compare_scope_sides(which.key->scope, &first, &end);
		for (which.side = first; which.side < end; which.side++) {
			unsigned int kinds = of_commands ? STREAM_C_COUNT : 1;

			for (which.kind = of_commands; ret == 0 && which.kind < kinds; which.kind++)
				if (!of_commands || stream_commands[which.kind].name)
					ret = add_metric(comparison, workload, inputs, &which);
		}
	}
	return ret;
}

/* How the streams differ, or why there are none, in the words of the result. */
static int describe(const struct json_place *result, enum workload_state state, char **detail)
{
	static const char *const errors[] = {"sides.kernel.error", "sides.engine.error"};
	char error[sizeof(((struct side_result *)0)->error)] = "";
	int length = 0;

	free(*detail);
	*detail = NULL;
	if (state == WORKLOAD_DIFFERENT) {
		const struct json_place command = json_along(result, "divergence.command_index");
		const struct json_place offset = json_along(result, "divergence.byte_offset");
		double at, byte;

		json_figure_of(&command, &at);
		length =
			json_figure_of(&offset, &byte)
				? asprintf(
					  detail,
					  "the streams differ, first at command %.0f (offset %.0f)",
					  at, byte)
				: asprintf(detail, "the streams differ");
	}
	if (state == WORKLOAD_INCOMPLETE) {
		for (size_t i = 0; !*error && i < SIDE_COUNT; i++) {
			const struct json_place place = json_along(result, errors[i]);

			json_chars_of(&place, error, sizeof(error));
		}
		length =
			asprintf(detail, "the result is incomplete%s%s", *error ? ": " : "", error);
	}
	if (length < 0) {
		*detail = NULL;
		return no_memory(result->failure);
	}
	return result->failure->code;
}

static int read_state(const struct input_workload *workload, enum workload_state *state,
		      char **detail)
{
	struct json_place verdict;
	const char *text;

	*state = WORKLOAD_ABSENT;
	if (!workload)
		return 0;
	verdict = json_value_at(&workload->result, "verdict");
	text = json_text_of(&verdict);
	while (text && ++*state < WORKLOAD_STATES)
		if (!strcmp(text, workload_state_names[*state]))
			return describe(&workload->result, *state, detail);
	*state = WORKLOAD_ABSENT;
	return json_fail(&verdict, "have '%.40s' expect equal, different or incomplete",
			 text ? text : "");
}

static int add_workload(struct comparison *comparison, const struct inputs *inputs,
			const struct input_workload *known)
{
	struct compared_workload *workload = &comparison->workloads[comparison->workload_count++];
	int ret = 0;

	*workload = (struct compared_workload){
		.label = strdup(known->label),
		.name = strdup(known->name),
		.states = calloc(inputs->count, sizeof(*workload->states)),
	};
	if (!workload->label || !workload->name || !workload->states)
		return no_memory(inputs->failure);
	for (size_t i = 0; ret == 0 && i < inputs->count; i++) {
		ret = read_state(input_find(&inputs->items[i], known->label), &workload->states[i],
				 &workload->detail);
	}
	return ret < 0 ? ret : add_metrics(comparison, workload, inputs);
}

/* Those of the base in its order, then those that only the new result has. */
static int add_workloads(struct comparison *comparison, const struct inputs *inputs)
{
	const struct input *base = &inputs->items[0], *changed = &inputs->items[inputs->count - 1];
	int ret = 0;

	comparison->workloads =
		calloc(base->count + changed->count + 1, sizeof(*comparison->workloads));
	if (!comparison->workloads)
		return no_memory(inputs->failure);
	for (size_t i = 0; ret == 0 && i < base->count; i++)
		ret = add_workload(comparison, inputs, &base->workloads[i]);
	for (size_t i = 0; ret == 0 && i < changed->count; i++)
		if (!input_find(base, changed->workloads[i].label))
			ret = add_workload(comparison, inputs, &changed->workloads[i]);
	if (ret == 0 && !comparison->workload_count)
		return failure_set(inputs->failure, -EPROTO,
				   "%s: workloads: have none with a result expect some",
				   changed->path);
	return ret;
}

static bool gate_matches(const struct gate *gate, const struct compared_workload *workload)
{
	return !fnmatch(gate->workloads, workload->label, 0) ||
	       !fnmatch(gate->workloads, workload->name, 0);
}

static void count_outcome(struct comparison *comparison, const struct gate_outcome *outcome)
{
	if (comparison_fails(comparison, outcome))
		comparison->failed++;
	else if (outcome->result == GATE_PASSED && outcome->checked)
		comparison->passed++;
	else
		comparison->skipped++;
}

static int judge_workload(struct comparison *comparison, const struct compared_workload *workload,
			  struct failure *failure)
{
	for (size_t i = 0; i < comparison->gate_count; i++) {
		struct gate_outcome *outcome = &comparison->outcomes[comparison->outcome_count];

		if (!gate_matches(&comparison->gates[i], workload))
			continue;
		comparison->outcome_count++;
		if (gate_judge(comparison, &comparison->gates[i], workload, outcome) < 0)
			return no_memory(failure);
		count_outcome(comparison, outcome);
	}
	return 0;
}

static int judge_all(struct comparison *comparison, struct failure *failure)
{
	int ret = 0;

	comparison->outcomes = calloc(comparison->workload_count * comparison->gate_count + 1,
				      sizeof(*comparison->outcomes));
	if (!comparison->outcomes)
		return no_memory(failure);
	/* A name that is wrong must not pass for a gate that holds. */
	for (size_t i = 0; i < comparison->gate_count; i++) {
		bool any = false;

		for (size_t j = 0; !any && j < comparison->workload_count; j++)
			any = gate_matches(&comparison->gates[i], &comparison->workloads[j]);
		if (!any)
			return failure_set(failure, -EINVAL, "'%s': no workload '%s' in %s or %s",
					   comparison->gates[i].text,
					   comparison->gates[i].workloads,
					   comparison->files[0].path,
					   comparison->files[comparison->file_count - 1].path);
	}
	for (size_t i = 0; ret == 0 && i < comparison->workload_count; i++)
		ret = judge_workload(comparison, &comparison->workloads[i], failure);
	return ret;
}

static int load_all(struct comparison *comparison, struct inputs *inputs, char *const *paths,
		    size_t count)
{
	int ret = 0;

	inputs->items = calloc(count, sizeof(*inputs->items));
	comparison->files = calloc(count, sizeof(*comparison->files));
	if (!inputs->items || !comparison->files)
		return no_memory(inputs->failure);
	comparison->file_count = count;
	for (size_t i = 0; ret == 0 && i < count; i++) {
		inputs->count++;
		ret = input_load(&inputs->items[i], paths[i], inputs->failure);
		if (ret == 0)
			ret = compared_file_read(&inputs->items[i], &comparison->files[i]);
	}
	return ret;
}

int comparison_build(struct comparison *comparison, char *const *paths, size_t count,
		     struct gate *gates, size_t gate_count, bool missing_fails,
		     struct failure *failure)
{
	struct inputs inputs = {.failure = failure};
	int ret;

	*comparison = (struct comparison){
		.gates = gates,
		.gate_count = gate_count,
		.missing_fails = missing_fails,
	};
	ret = load_all(comparison, &inputs, paths, count);
	if (ret == 0)
		ret = add_workloads(comparison, &inputs);
	if (ret == 0) {
		comparison_add_notes(comparison);
		ret = judge_all(comparison, failure);
	}
	for (size_t i = 0; i < inputs.count; i++)
		input_release(&inputs.items[i]);
	free(inputs.items);
	return ret;
}

static void workload_release(struct compared_workload *workload, size_t files)
{
	for (size_t i = 0; i < workload->metric_count; i++)
		metric_release(&workload->metrics[i], files);
	free(workload->metrics);
	free(workload->label);
	free(workload->name);
	free(workload->states);
	free(workload->detail);
}

void comparison_release(struct comparison *comparison)
{
	for (size_t i = 0; comparison->files && i < comparison->file_count; i++)
		compared_file_release(&comparison->files[i]);
	free(comparison->files);
	for (size_t i = 0; i < comparison->workload_count; i++)
		workload_release(&comparison->workloads[i], comparison->file_count);
	free(comparison->workloads);
	for (size_t i = 0; i < comparison->outcome_count; i++)
		free(comparison->outcomes[i].reason);
	free(comparison->outcomes);
	for (size_t i = 0; i < comparison->gate_count; i++)
		gate_release(&comparison->gates[i]);
	free(comparison->gates);
	for (size_t i = 0; i < comparison->note_count; i++)
		free(comparison->notes[i]);
	*comparison = (struct comparison){0};
}

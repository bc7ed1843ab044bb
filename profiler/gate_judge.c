/* SPDX-License-Identifier: GPL-2.0 */
/* Conditions applied to what was compared. */
#include "profiler/gate.h"
#include "reports/comparison.h"
#include "reports/format.h"

#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

bool comparison_fails(const struct comparison *comparison, const struct gate_outcome *outcome)
{
	return outcome->result == GATE_FAILED ||
	       (outcome->result == GATE_MISSING && comparison->missing_fails);
}

/* How far @changed is beyond the limit, as a factor; 0 when it is not. */
static double excess(const struct gate *gate, double base, double changed)
{
	double by = gate->op == GATE_BELOW ? base - changed : changed - base;
	double limit = gate->limit;

	switch (gate->limit_kind) {
	case LIMIT_VALUE:
		by = gate->op == GATE_BELOW ? limit - changed : changed - limit;
		limit = 0;
		break;
	case LIMIT_PERCENT:
		limit *= base;
		break;
	case LIMIT_DIFFERENCE:
		break;
	}
	if (!(by > limit))
		return 0;
	return base > 0 ? by / base : INFINITY;
}

static bool needs_base(const struct gate *gate)
{
	return gate->op == GATE_NOT || gate->limit_kind != LIMIT_VALUE;
}

/* One outcome being made: reasons are sentences with "; " between them. */
struct judging {
	const struct comparison *comparison;
	const struct gate *gate;
	struct gate_outcome *outcome;
	double worst;
	bool missing;
	FILE *reason;
	bool more;
};

static void put_separator(struct judging *judging)
{
	if (judging->more)
		fputs("; ", judging->reason);
	judging->more = true;
}

/* Of a pattern it is enough that something can be compared. */
static bool is_pattern(const struct gate *gate)
{
	return strpbrk(gate->keys, "*?[") != NULL;
}

static void put_missing(struct judging *judging, const struct metric *metric, const char *why,
			const char *where)
{
	if (is_pattern(judging->gate))
		return;
	judging->missing = true;
	fprintf(judging->reason, "%s: %s%s", metric->name, why, where);
}

static int put_over(struct judging *judging, const struct metric *metric)
{
	char *sentence = comparison_sentence(judging->comparison, metric);

	if (!sentence)
		return -ENOMEM;
	put_separator(judging);
	fputs(sentence, judging->reason);
	free(sentence);
	return 0;
}

static int judge_metric(struct judging *judging, const struct metric *metric)
{
	const struct comparison *comparison = judging->comparison;
	const struct observation *base = comparison_base(metric);
	const struct observation *changed = comparison_new(comparison, metric);
	const struct gate *gate = judging->gate;
	double over;

	if (!changed->present || (needs_base(gate) && !base->present)) {
		bool in_new = changed->present;

		put_missing(judging, metric, "no value in ",
			    comparison->files[in_new ? 0 : comparison->file_count - 1].path);
		return 0;
	}
	if (needs_base(gate) && metric->judgement == JUDGED_UNSURE) {
		put_missing(judging, metric, "too few samples to tell a change from noise", "");
		return 0;
	}
	judging->outcome->checked++;
	over = gate->op == GATE_NOT ? (base->value != changed->value)
				    : excess(gate, base->value, changed->value);
	/* Noise is no change; but a value is over a plain limit whatever the base's is. */
	if (over > 0 && needs_base(gate) && metric->judgement == JUDGED_NOISE) {
		judging->outcome->noise++;
		over = 0;
	}
	if (!judging->outcome->metric || over > judging->worst) {
		judging->outcome->metric = metric;
		judging->worst = over;
	}
	if (!(over > 0))
		return 0;
	judging->outcome->over++;
	return put_over(judging, metric);
}

static void judge_streams(struct judging *judging, const struct compared_workload *workload)
{
	enum workload_state state = workload->states[judging->comparison->file_count - 1];

	judging->outcome->checked = 1;
	if (state == WORKLOAD_EQUAL)
		return;
	judging->outcome->over = 1;
	fputs(workload->detail ? workload->detail : workload_state_names[state], judging->reason);
}

static int judge_keys(struct judging *judging, const struct compared_workload *workload)
{
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < workload->metric_count; i++)
		if (!fnmatch(judging->gate->keys, workload->metrics[i].name, 0))
			ret = judge_metric(judging, &workload->metrics[i]);
	if (ret == 0 && !judging->outcome->checked && !judging->missing) {
		judging->missing = true;
		fprintf(judging->reason, "no value of %s can be compared", judging->gate->keys);
	}
	return ret;
}

static int judge(struct judging *judging, const struct compared_workload *workload)
{
	const struct comparison *comparison = judging->comparison;
	bool in_base = workload->states[0] != WORKLOAD_ABSENT;
	bool in_new = workload->states[comparison->file_count - 1] != WORKLOAD_ABSENT;

	/* What is new has nothing to be compared with; what is gone can pass no gate. */
	if (!in_new) {
		judging->missing = true;
		fprintf(judging->reason, "not in %s",
			comparison->files[comparison->file_count - 1].path);
		return 0;
	}
	if (judging->gate->op == GATE_STREAMS) {
		judge_streams(judging, workload);
		return 0;
	}
	if (!in_base && needs_base(judging->gate))
		return 0;
	return judge_keys(judging, workload);
}

int gate_judge(const struct comparison *comparison, const struct gate *gate,
	       const struct compared_workload *workload, struct gate_outcome *outcome)
{
	struct judging judging = {.comparison = comparison, .gate = gate, .outcome = outcome};
	size_t size;
	int ret;

	*outcome = (struct gate_outcome){.gate = gate, .workload = workload};
	judging.reason = open_memstream(&outcome->reason, &size);
	if (!judging.reason)
		return -ENOMEM;
	ret = judge(&judging, workload);
	if (fclose(judging.reason) != 0)
		ret = -ENOMEM;
	if (outcome->over)
		outcome->result = GATE_FAILED;
	else if (judging.missing)
		outcome->result = GATE_MISSING;
	return ret;
}

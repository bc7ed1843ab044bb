/* SPDX-License-Identifier: GPL-2.0 */
/* A comparison as JSON; docs/comparing.md says what each key means. */
#include "profiler/comparison.h"
#include "profiler/json_text.h"

static const char *const unit_keys[UNIT_KINDS] = {
	[UNIT_TIME] = "ns",	  [UNIT_BYTES] = "bytes", [UNIT_COUNT] = "count",
	[UNIT_FACTOR] = "factor", [UNIT_SHARE] = "share",
};

static const char *const better_keys[] = {
	[BETTER_LOWER] = "lower",
	[BETTER_HIGHER] = "higher",
	[BETTER_EQUAL] = "equal",
};

static const char *const judgement_keys[JUDGEMENTS] = {
	[JUDGED_NOTHING] = "missing",	 [JUDGED_SAME] = "same",     [JUDGED_NOISE] = "noise",
	[JUDGED_UNSURE] = "few_samples", [JUDGED_BETTER] = "better", [JUDGED_WORSE] = "worse",
	[JUDGED_CHANGED] = "changed",
};

/* The element is of @array even when it is NULL: then there was no memory, and there is no array.
 */
static json_t *append(json_t *array, json_t *element)
{
	if (array && json_array_append_new(array, element) == 0)
		return array;
	json_decref(array);
	return NULL;
}

static json_t *files_json(const struct comparison *comparison)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < comparison->file_count; i++) {
		const struct compared_file *file = &comparison->files[i];

		array = append(array, json_pack("{s:o, s:o, s:o, s:o, s:o}", "path",
						json_text_or_null(file->path), "created",
						json_text_or_null(file->created), "kernel",
						json_text_or_null(file->kernel), "cpu",
						json_text_or_null(file->cpu), "sendprof",
						json_text_or_null(file->sendprof)));
	}
	return array;
}

static json_t *values_json(const struct comparison *comparison, const struct metric *metric)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < comparison->file_count; i++)
		array = append(array, metric->seen[i].present ? json_real(metric->seen[i].value)
							      : json_null());
	return array;
}

static json_t *metric_json(const struct comparison *comparison, const struct metric *metric)
{
	json_t *low = metric->has_interval ? json_real(metric->low) : json_null();
	json_t *high = metric->has_interval ? json_real(metric->high) : json_null();

	return json_pack("{s:s, s:s, s:s, s:o, s:s, s:o, s:o}", "key", metric->name, "unit",
			 unit_keys[metric->key->unit], "better", better_keys[metric->key->better],
			 "values", values_json(comparison, metric), "judgement",
			 judgement_keys[metric->judgement], "change_low", low, "change_high", high);
}

static json_t *workload_json(const struct comparison *comparison,
			     const struct compared_workload *workload)
{
	json_t *metrics = json_array(), *verdicts = json_array();

	for (size_t i = 0; verdicts && i < comparison->file_count; i++)
		verdicts = append(verdicts,
				  workload->states[i] == WORKLOAD_ABSENT
					  ? json_null()
					  : json_string(workload_state_names[workload->states[i]]));
	for (size_t i = 0; metrics && i < workload->metric_count; i++)
		metrics = append(metrics, metric_json(comparison, &workload->metrics[i]));
	return json_pack("{s:s, s:o, s:o}", "workload", workload->label, "verdicts", verdicts,
			 "metrics", metrics);
}

static json_t *workloads_json(const struct comparison *comparison)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < comparison->workload_count; i++)
		array = append(array, workload_json(comparison, &comparison->workloads[i]));
	return array;
}

static json_t *gates_json(const struct comparison *comparison)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < comparison->outcome_count; i++) {
		const struct gate_outcome *outcome = &comparison->outcomes[i];

		array = append(array, json_pack("{s:s, s:o, s:s, s:b, s:I, s:I, s:I, s:o}",
						"workload", outcome->workload->label, "condition",
						json_text_or_null(outcome->gate->text), "result",
						gate_result_names[outcome->result], "fails",
						comparison_fails(comparison, outcome), "checked",
						(json_int_t)outcome->checked, "over",
						(json_int_t)outcome->over, "noise",
						(json_int_t)outcome->noise, "reason",
						json_text_or_null(outcome->reason)));
	}
	return array;
}

static json_t *notes_json(const struct comparison *comparison)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < comparison->note_count; i++)
		array = append(array, json_text_or_null(comparison->notes[i]));
	return array;
}

json_t *comparison_to_json(const struct comparison *comparison)
{
	return json_pack("{s:i, s:s, s:b, s:i, s:o, s:o, s:o, s:o}", "schema_version",
			 COMPARISON_SCHEMA_VERSION, "kind", "comparison", "passed",
			 comparison->failed == 0, "confidence", COMPARISON_CONFIDENCE, "files",
			 files_json(comparison), "workloads", workloads_json(comparison), "gates",
			 gates_json(comparison), "notes", notes_json(comparison));
}

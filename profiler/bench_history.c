/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/bench_history.h"
#include "profiler/bench_sweep.h"
#include "profiler/compare_facts.h"
#include "profiler/compare_input.h"
#include "profiler/result_fields.h"
#include "reports/traced.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int out_of_memory(struct failure *failure)
{
	return failure_set(failure, -ENOMEM, "out of memory");
}

const struct bench_seen *bench_newest(const struct bench_history *history, size_t workload)
{
	return &history->workloads[workload].seen[history->file_count - 1];
}

bool bench_curve_has(const struct bench_curve *curve, enum bench_figure figure, enum side side)
{
	for (size_t i = 0; i < curve->point_count; i++) {
		if (!isnan(curve->points[figure][side][i].y))
			return true;
	}
	return false;
}

/* What the search for clone sources did, as far as it is known of the side. */
static void see_work(const struct side_result *sent, enum side side, struct bench_seen *seen)
{
	const struct backref_counters *searched = traced_backrefs(sent, METRIC_CLONE_SEARCHES);
	const struct backref_counters *collected =
		traced_backrefs(sent, METRIC_PRELIMINARY_REFERENCES);
	const struct cache_counters *cache = traced_cache(sent, CACHE_BACKREF);

	if (searched)
		seen->figures[BENCH_WALKS][side] = (double)(searched->results[BACKREF_CLONE] +
							    searched->results[BACKREF_NO_CLONE]);
	if (collected)
		seen->figures[BENCH_REFERENCES][side] = (double)collected->preliminary_references;
	if (cache && cache->lookups)
		seen->figures[BENCH_HIT_RATE][side] = (double)cache->hits / (double)cache->lookups;
}

static void see_side(const struct result *result, enum side side, struct bench_seen *seen)
{
	const struct side_result *sent = &result->sides[side];
	uint64_t bytes = 0;

	seen->median[side] = result_median_ns(result, side);
	result_median_usage(result, side, &seen->usage[side]);
	seen->samples = 0;
	for (size_t i = 0; i < sent->sample_count; i++) {
		const struct run_sample *sample = &sent->samples[i];
		uint64_t ns = sample->duration_ns;

		if (!sample->repeat || sample->repeated_for_commit)
			continue;
		seen->samples++;
		seen->stream_bytes = bytes = sample->bytes;
		if (ns > seen->most[side])
			seen->most[side] = ns;
		if (!seen->least[side] || ns < seen->least[side])
			seen->least[side] = ns;
	}
	for (size_t i = 0; i < BENCH_FIGURES; i++)
		seen->figures[i][side] = NAN;
	if (seen->median[side]) {
		seen->figures[BENCH_TIME][side] = (double)seen->median[side];
		seen->figures[BENCH_STREAM][side] = (double)bytes;
	}
	see_work(sent, side, seen);
}

void bench_see(const struct result *result, struct bench_seen *seen)
{
	*seen = (struct bench_seen){.present = true, .verdict = result->verdict};
	for (enum side side = 0; side < SIDE_COUNT; side++)
		see_side(result, side, seen);
}

static int see(const struct json_place *place, struct bench_seen *seen)
{
	struct result *result = calloc(1, sizeof(*result));
	int ret = result ? result_from_place(place, result) : out_of_memory(place->failure);

	if (!ret)
		bench_see(result, seen);
	if (result)
		result_release(result);
	free(result);
	return ret;
}

static int read_workloads(struct bench_history *history, const struct input *inputs,
			  struct failure *failure)
{
	const struct input *newest = &inputs[history->file_count - 1];

	history->workloads = calloc(newest->count + 1, sizeof(*history->workloads));
	if (!history->workloads)
		return out_of_memory(failure);
	for (size_t i = 0; i < newest->count; i++) {
		struct bench_course *course = &history->workloads[history->workload_count++];

		course->label = strdup(newest->workloads[i].label);
		course->seen = calloc(history->file_count, sizeof(*course->seen));
		if (!course->label || !course->seen)
			return out_of_memory(failure);
		for (size_t file = 0; file < history->file_count; file++) {
			const struct input_workload *there =
				input_find(&inputs[file], course->label);
			int ret = there ? see(&there->result, &course->seen[file]) : 0;

			if (ret)
				return ret;
		}
	}
	return 0;
}

static void count_gone(struct bench_history *history, const struct input *inputs)
{
	for (size_t file = 0; file + 1 < history->file_count; file++) {
		for (size_t i = 0; i < inputs[file].count; i++) {
			const char *label = inputs[file].workloads[i].label;
			bool later = false;

			for (size_t next = file + 1; next < history->file_count; next++)
				later |= input_find(&inputs[next], label) != NULL;
			history->gone += !later;
		}
	}
}

/* "many-refs kib=4 spread=files", in the order of the file. */
static char *curve_label(const json_t *sweep)
{
	const char *workload = json_string_value(json_object_get(sweep, "workload")), *key;
	json_t *value;
	size_t size;
	char *label;
	FILE *out = open_memstream(&label, &size);

	if (!out)
		return NULL;
	fputs(workload ? workload : "", out);
	json_object_foreach(json_object_get(sweep, "parameters"), key, value)
	{
		if (json_is_integer(value))
			fprintf(out, " %s=%" JSON_INTEGER_FORMAT, key, json_integer_value(value));
		else
			fprintf(out, " %s=%s", key,
				json_is_string(value) ? json_string_value(value) : "");
	}
	return fclose(out) ? NULL : label;
}

static int read_points(const struct bench_sweep_member *members, struct bench_curve *curve,
		       struct failure *failure)
{
	for (size_t figure = 0; figure < BENCH_FIGURES; figure++) {
		for (enum side side = 0; side < SIDE_COUNT; side++) {
			curve->points[figure][side] = calloc(curve->point_count + 1,
							     sizeof(*curve->points[figure][side]));
			if (!curve->points[figure][side])
				return out_of_memory(failure);
		}
	}
	for (size_t i = 0; i < curve->point_count; i++) {
		const struct json_place result = json_top(members[i].result, failure);
		struct bench_seen seen;
		int ret = see(&result, &seen);

		if (ret)
			return ret;
		for (size_t figure = 0; figure < BENCH_FIGURES; figure++)
			for (enum side side = 0; side < SIDE_COUNT; side++)
				curve->points[figure][side][i] = (struct bench_point){
					(double)members[i].value, seen.figures[figure][side]};
	}
	for (enum side side = 0; side < SIDE_COUNT; side++)
		curve->fitted[side] = bench_fit(curve->points[BENCH_TIME][side], curve->point_count,
						&curve->fit[side]);
	return 0;
}

static int read_curve(const json_t *document, const json_t *sweep, struct bench_curve *curve,
		      struct failure *failure)
{
	const char *parameter = json_string_value(json_object_get(sweep, "parameter"));
	struct bench_sweep_member *members;
	int ret;

	curve->label = curve_label(sweep);
	curve->parameter = strdup(parameter ? parameter : "");
	if (!curve->label || !curve->parameter ||
	    bench_sweep_members(document, sweep, &members, &curve->point_count))
		return out_of_memory(failure);
	ret = read_points(members, curve, failure);
	free(members);
	return ret;
}

static int read_curves(struct bench_history *history, const json_t *document,
		       struct failure *failure)
{
	const json_t *sweeps = json_object_get(document, "sweeps");
	json_t *sweep;
	size_t i;

	history->curves = calloc(json_array_size(sweeps) + 1, sizeof(*history->curves));
	if (!history->curves)
		return out_of_memory(failure);
	json_array_foreach(sweeps, i, sweep)
	{
		int ret = read_curve(document, sweep, &history->curves[history->curve_count++],
				     failure);

		if (ret)
			return ret;
	}
	return 0;
}

int bench_history_load(struct bench_history *history, char *const *paths, size_t count,
		       struct failure *failure)
{
	struct input *inputs = calloc(count, sizeof(*inputs));
	size_t loaded = 0;
	int ret = 0;

	*history = (struct bench_history){.files = calloc(count, sizeof(*history->files))};
	if (!inputs || !history->files)
		ret = out_of_memory(failure);
	for (; !ret && loaded < count; loaded++) {
		ret = input_load(&inputs[loaded], paths[loaded], failure);
		if (!ret)
			ret = compared_file_read(&inputs[loaded],
						 &history->files[history->file_count++]);
	}
	if (!ret)
		ret = read_workloads(history, inputs, failure);
	if (!ret)
		count_gone(history, inputs);
	if (!ret)
		ret = read_curves(history, inputs[count - 1].document, failure);
	for (size_t i = 0; inputs && i < loaded; i++)
		input_release(&inputs[i]);
	free(inputs);
	return ret;
}

void bench_history_release(struct bench_history *history)
{
	for (size_t i = 0; i < history->file_count; i++)
		compared_file_release(&history->files[i]);
	for (size_t i = 0; i < history->workload_count; i++) {
		free(history->workloads[i].label);
		free(history->workloads[i].seen);
	}
	for (size_t i = 0; i < history->curve_count; i++) {
		free(history->curves[i].label);
		free(history->curves[i].parameter);
		for (size_t figure = 0; figure < BENCH_FIGURES; figure++)
			for (enum side side = 0; side < SIDE_COUNT; side++)
				free(history->curves[i].points[figure][side]);
	}
	free(history->files);
	free(history->workloads);
	free(history->curves);
	*history = (struct bench_history){0};
}

bool bench_history_is_bench(const char *path)
{
	json_error_t error;
	struct stat status;
	json_t *document;
	const char *kind;
	bool is;

	if (stat(path, &status) || !S_ISREG(status.st_mode))
		return false;
	document = json_load_file(path, 0, &error);
	kind = json_string_value(json_object_get(document, "kind"));
	is = kind && !strcmp(kind, "bench");
	json_decref(document);
	return is;
}

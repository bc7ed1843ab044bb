/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/compare_facts.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of a bench the first workload tells where all were measured. */
int compared_file_read(const struct input *input, struct compared_file *file)
{
	const struct json_place *result =
		input->count ? &input->workloads[0].result
			     : &(struct json_place){.failure = input->top.failure};
	const struct {
		const char *path;
		char **text;
	} texts[] = {
		{"environment.created", &file->created}, {"environment.kernel", &file->kernel},
		{"environment.cpu", &file->cpu},	 {"environment.sendprof", &file->sendprof},
		{"request.cache", &file->cache},
	};
	struct json_place place = json_along(result, "environment.cpus");
	struct failure *failure = input->top.failure;
	double cpus;

	file->path = input->path;
	if ((json_figure_of(&place, &cpus) ? asprintf(&file->cpus, "%.0f", cpus)
					   : asprintf(&file->cpus, "%s", "")) < 0)
		return failure_set(failure, -ENOMEM, "out of memory");
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		place = json_along(result, texts[i].path);
		*texts[i].text = json_copy_of(&place);
		if (failure->code)
			return failure->code;
		if (!*texts[i].text)
			*texts[i].text = strdup("");
		if (!*texts[i].text)
			return failure_set(failure, -ENOMEM, "out of memory");
	}
	return failure->code;
}

void compared_file_release(struct compared_file *file)
{
	free(file->created);
	free(file->kernel);
	free(file->cpu);
	free(file->cpus);
	free(file->sendprof);
	free(file->cache);
	*file = (struct compared_file){0};
}

static void add_note(struct comparison *comparison, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void add_note(struct comparison *comparison, const char *format, ...)
{
	char **note = &comparison->notes[comparison->note_count];
	va_list arguments;

	va_start(arguments, format);
	if (comparison->note_count < COMPARISON_NOTES_MAX &&
	    vasprintf(note, format, arguments) >= 0)
		comparison->note_count++;
	va_end(arguments);
}

static void note_difference(struct comparison *comparison, const char *what, const char *base,
			    const char *changed)
{
	if (*base && *changed && strcmp(base, changed) != 0)
		add_note(comparison,
			 "%s: %s in the base, %s in the new result; times are hardly comparable",
			 what, base, changed);
}

/* The fewest samples of anything that is judged by samples. */
static size_t fewest_samples(const struct comparison *comparison)
{
	size_t fewest = COMPARISON_SAMPLES_FEW;

	for (size_t i = 0; i < comparison->workload_count; i++) {
		const struct compared_workload *workload = &comparison->workloads[i];

		for (size_t j = 0; j < workload->metric_count; j++) {
			const struct metric *metric = &workload->metrics[j];
			const struct observation *base = comparison_base(metric);
			const struct observation *changed = comparison_new(comparison, metric);

			if (!base->samples || !changed->samples)
				continue;
			fewest = base->sample_count < fewest ? base->sample_count : fewest;
			fewest = changed->sample_count < fewest ? changed->sample_count : fewest;
		}
	}
	return fewest;
}

void comparison_add_notes(struct comparison *comparison)
{
	const struct compared_file *base = &comparison->files[0];
	const struct compared_file *changed = &comparison->files[comparison->file_count - 1];
	size_t fewest = fewest_samples(comparison);

	note_difference(comparison, "processor", base->cpu, changed->cpu);
	note_difference(comparison, "processors", base->cpus, changed->cpus);
	note_difference(comparison, "caches", base->cache, changed->cache);
	if (fewest < COMPARISON_SAMPLES_MIN)
		add_note(
			comparison,
			"with fewer than %d samples in a result a change cannot be told from noise: "
			"sendprof run --repeat",
			COMPARISON_SAMPLES_MIN);
	else if (fewest < COMPARISON_SAMPLES_FEW)
		add_note(comparison,
			 "with %zu samples in a result the intervals are rough: sendprof run "
			 "--repeat %d or more",
			 fewest, 2 * COMPARISON_SAMPLES_FEW);
}

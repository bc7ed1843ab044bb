/* SPDX-License-Identifier: GPL-2.0 */
/* Verdict line, medians and spreads, the order of command kinds. */
#include "reports/summary.h"
#include "reports/format.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *const side_names[SIDE_COUNT] = {
	[SIDE_KERNEL] = "kernel",
	[SIDE_ENGINE] = "engine",
};

const enum tone side_tones[SIDE_COUNT] = {
	[SIDE_KERNEL] = TONE_KERNEL,
	[SIDE_ENGINE] = TONE_ENGINE,
};

bool sample_is_measured(const struct run_sample *sample)
{
	return sample->repeat > 0 && !sample->repeated_for_commit;
}

const struct run_sample *sample_last(const struct side_result *side)
{
	const struct run_sample *last = NULL;

	for (size_t i = 0; i < side->sample_count; i++)
		if (!last || sample_is_measured(&side->samples[i]) || !sample_is_measured(last))
			last = &side->samples[i];
	return last;
}

uint64_t sample_value(const struct run_sample *sample, enum sample_field field)
{
	return field == SAMPLE_DURATION	    ? sample->duration_ns
	       : field == SAMPLE_FIRST_BYTE ? sample->first_byte_ns
					    : sample->cpu_ns;
}

static int compare_values(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return left < right ? -1 : left > right;
}

int sample_figures(const struct side_result *side, enum sample_field field,
		   struct sample_figures *figures)
{
	uint64_t *values;
	size_t count = 0;

	*figures = (struct sample_figures){0};
	if (!side->sample_count)
		return 0;
	values = calloc(side->sample_count, sizeof(*values));
	if (!values)
		return -ENOMEM;
	for (size_t i = 0; i < side->sample_count; i++)
		if (sample_is_measured(&side->samples[i]))
			values[count++] = sample_value(&side->samples[i], field);
	if (count) {
		uint64_t low, high;

		qsort(values, count, sizeof(*values), compare_values);
		low = values[(count - 1) / 2];
		high = values[count / 2];
		*figures = (struct sample_figures){count, low + (high - low) / 2, values[0],
						   values[count - 1]};
	}
	free(values);
	return 0;
}

const char *kind_name(unsigned int kind)
{
	return kind < STREAM_C_COUNT && stream_commands[kind].name ? stream_commands[kind].name
								   : "unknown";
}

static uint64_t kind_time(const struct result *result, unsigned int kind)
{
	uint64_t kernel = result->sides[SIDE_KERNEL].kinds[kind].latency.total_ns;
	uint64_t engine = result->sides[SIDE_ENGINE].kinds[kind].latency.total_ns;

	return kernel > engine ? kernel : engine;
}

static bool kind_occurs(const struct result *result, unsigned int kind)
{
	return result->sides[SIDE_KERNEL].kinds[kind].count ||
	       result->sides[SIDE_ENGINE].kinds[kind].count;
}

size_t kinds_by_time(const struct result *result, unsigned int *kinds)
{
	size_t count = 0;

	for (unsigned int kind = 0; kind < STREAM_C_COUNT; kind++) {
		size_t place = count;

		if (!kind_occurs(result, kind))
			continue;
		for (; place && kind_time(result, kinds[place - 1]) < kind_time(result, kind);
		     place--)
			kinds[place] = kinds[place - 1];
		kinds[place] = kind;
		count++;
	}
	return count;
}

enum side kinds_shown_once(const struct result *result)
{
	const struct kind_stats *kernel = result->sides[SIDE_KERNEL].kinds;
	const struct kind_stats *engine = result->sides[SIDE_ENGINE].kinds;
	uint64_t kernel_count = 0, engine_count = 0;
	bool equal = true;

	for (size_t kind = 0; kind < STREAM_C_COUNT; kind++) {
		kernel_count += kernel[kind].count;
		engine_count += engine[kind].count;
		equal = equal && kernel[kind].count == engine[kind].count &&
			kernel[kind].bytes == engine[kind].bytes;
	}
	if (equal || !kernel_count)
		return SIDE_ENGINE;
	return engine_count ? SIDE_COUNT : SIDE_KERNEL;
}

static char *incomplete_reason(const struct result *result)
{
	const char *kernel = result->sides[SIDE_KERNEL].error;
	const char *engine = result->sides[SIDE_ENGINE].error;

	if (*kernel && *engine)
		return printable_text("kernel: %s; engine: %s", kernel, engine);
	if (*kernel || *engine)
		return printable_text("%s: %s", *kernel ? "kernel" : "engine",
				      *kernel ? kernel : engine);
	for (size_t i = 0; i < result->sides[SIDE_ENGINE].sample_count; i++)
		if (result->sides[SIDE_ENGINE].samples[i].repeated_for_commit)
			return printable_text("the filesystem kept committing: no pair of sends "
					      "saw the same transaction");
	return printable_text("no pair of sends was completed");
}

static char *equal_detail(const struct result *result)
{
	const struct run_sample *sample = sample_last(&result->sides[SIDE_ENGINE]);

	if (!sample)
		return printable_text("byte for byte");
	return printable_text("%s commands, %s, byte for byte%s", COUNT(sample->commands),
			      BYTES(sample->bytes),
			      result->kernel_recorded ? " with the recorded stream" : "");
}

static char *different_detail(const struct result *result)
{
	const struct divergence *divergence = &result->divergence;

	const struct attribution *attribution = &result->attribution;
	char *kernel, *detail;

	if (!divergence->found)
		return printable_text("the streams are not the same bytes");
	if (!attribution->found_count)
		return printable_text("first at command %s (offset %s)",
				      COUNT(divergence->command_index),
				      OFFSET(divergence->byte_offset));
	kernel = generation_text(&attribution->found[0]);
	if (!kernel)
		return NULL;
	detail = printable_text("first at command %s (offset %s): this kernel behaves as %s",
				COUNT(divergence->command_index), OFFSET(divergence->byte_offset),
				kernel);
	free(kernel);
	return detail;
}

/* Medians mean little while the fastest of one side is within the spread of the other. */
static char *comparison_caution(const struct sample_figures *kernel,
				const struct sample_figures *engine)
{
	if (kernel->count < 2 || engine->count < 2)
		return printable_text("one measured repeat: the spread is unknown");
	if (kernel->min <= engine->max && engine->min <= kernel->max)
		return printable_text("the spreads overlap: the difference may be noise");
	return NULL;
}

static int build_comparison(const struct result *result, struct headline *headline)
{
	struct sample_figures kernel, engine;
	double ratio = result_ratio(result);

	if (!(ratio > 0))
		return 0;
	if (sample_figures(&result->sides[SIDE_KERNEL], SAMPLE_DURATION, &kernel) < 0 ||
	    sample_figures(&result->sides[SIDE_ENGINE], SAMPLE_DURATION, &engine) < 0)
		return -ENOMEM;
	if (ratio > 0.995 && ratio < 1.005)
		headline->speed = printable_text("as fast as the kernel");
	else
		headline->speed = printable_text("%s %s", FACTOR(ratio > 1 ? ratio : 1 / ratio),
						 ratio > 1 ? "faster" : "slower");
	headline->caution = comparison_caution(&kernel, &engine);
	return headline->speed ? 0 : -ENOMEM;
}

int headline_build(const struct result *result, struct headline *headline)
{
	*headline = (struct headline){0};
	switch (result->verdict) {
	case VERDICT_EQUAL:
		headline->word = "IDENTICAL";
		headline->tone = TONE_GOOD;
		headline->detail = equal_detail(result);
		break;
	case VERDICT_DIFFERENT:
		headline->word = "DIFFERENT";
		headline->tone = TONE_BAD;
		headline->detail = different_detail(result);
		break;
	case VERDICT_INCOMPLETE:
		headline->word = "INCOMPLETE";
		headline->tone = TONE_WARN;
		headline->detail = incomplete_reason(result);
		break;
	}
	if (!headline->detail)
		return -ENOMEM;
	return build_comparison(result, headline);
}

void headline_release(struct headline *headline)
{
	free(headline->detail);
	free(headline->speed);
	free(headline->caution);
	*headline = (struct headline){0};
}

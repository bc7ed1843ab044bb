/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/result.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const send_sink_names[] = {
	[SINK_PIPE] = "pipe",
	[SINK_NULL] = "null",
	NULL,
};

enum {
	BUCKETS_PER_OCTAVE = 8,
	OCTAVE_SHIFT = 3, /* log2 of it */
};

/*
 * Bucket of a latency: the first 8 hold 0 to 7 ns, then each power of two is divided into 8. The
 * last bucket also holds what is longer than its limit, over an hour.
 */
static unsigned int bucket_of(uint64_t ns)
{
	unsigned int log2, bucket;

	if (ns < BUCKETS_PER_OCTAVE)
		return ns;
	log2 = 63 - __builtin_clzll(ns);
	bucket = (log2 - OCTAVE_SHIFT + 1) * BUCKETS_PER_OCTAVE +
		 (ns >> (log2 - OCTAVE_SHIFT)) % BUCKETS_PER_OCTAVE;
	return bucket < LATENCY_BUCKETS ? bucket : LATENCY_BUCKETS - 1;
}

uint64_t latency_bucket_limit_ns(unsigned int bucket)
{
	unsigned int octave = bucket / BUCKETS_PER_OCTAVE;

	if (octave == 0)
		return bucket + 1;
	return (uint64_t)(BUCKETS_PER_OCTAVE + bucket % BUCKETS_PER_OCTAVE + 1) << (octave - 1);
}

void latency_add(struct latency *latency, uint64_t ns)
{
	latency->count++;
	latency->total_ns += ns;
	if (ns > latency->max_ns)
		latency->max_ns = ns;
	latency->buckets[bucket_of(ns)]++;
}

uint64_t latency_percentile_ns(const struct latency *latency, unsigned int per_mille)
{
	uint64_t wanted = (latency->count * per_mille + 999) / 1000, seen = 0;

	if (!latency->count)
		return 0;
	for (unsigned int i = 0; i < LATENCY_BUCKETS; i++) {
		uint64_t limit = latency_bucket_limit_ns(i);

		seen += latency->buckets[i];
		if (seen && seen >= wanted && i < LATENCY_BUCKETS - 1)
			return limit < latency->max_ns ? limit : latency->max_ns;
	}
	return latency->max_ns;
}

static bool is_measured(const struct run_sample *sample)
{
	return sample->repeat && !sample->repeated_for_commit;
}

/* Of the samples that count, those whose uint64_t at @offset is at most @limit. */
static size_t count_up_to(const struct side_result *side, size_t offset, uint64_t limit)
{
	size_t count = 0;

	for (size_t i = 0; i < side->sample_count; i++) {
		uint64_t value;

		memcpy(&value, (const char *)&side->samples[i] + offset, sizeof(value));
		count += is_measured(&side->samples[i]) && value <= limit;
	}
	return count;
}

/* The value of @rank in ascending order, from 0, by bisection: that needs no memory to fail. */
static uint64_t value_at_rank(const struct side_result *side, size_t offset, size_t rank)
{
	uint64_t low = 0, high = UINT64_MAX;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;

		if (count_up_to(side, offset, middle) > rank)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* Of the uint64_t at @offset in the samples that count; 0 when there are none. */
static uint64_t median_at(const struct side_result *side, size_t offset)
{
	size_t count = count_up_to(side, offset, UINT64_MAX);
	uint64_t median;

	if (!count)
		return 0;
	median = value_at_rank(side, offset, (count - 1) / 2);
	return count % 2 ? median : median + (value_at_rank(side, offset, count / 2) - median) / 2;
}

uint64_t result_median_ns(const struct result *result, enum side side)
{
	return median_at(&result->sides[side], offsetof(struct run_sample, duration_ns));
}

void result_median_usage(const struct result *result, enum side index, struct run_usage *usage)
{
	const struct side_result *side = &result->sides[index];

	*usage =
		(struct run_usage){.known = true, .has_device_bytes = true, .has_peak_bytes = true};
#define USAGE(member) usage->member = median_at(side, offsetof(struct run_sample, usage.member))
	USAGE(user_ns);
	USAGE(system_ns);
	USAGE(minor_faults);
	USAGE(major_faults);
	USAGE(device_bytes);
	USAGE(peak_bytes);
#undef USAGE
	for (size_t i = 0; i < side->sample_count; i++) {
		const struct run_usage *one = &side->samples[i].usage;

		if (!is_measured(&side->samples[i]))
			continue;
		usage->known &= one->known;
		usage->has_device_bytes &= one->has_device_bytes;
		usage->has_peak_bytes &= one->has_peak_bytes;
	}
}

double result_ratio(const struct result *result)
{
	uint64_t kernel = result_median_ns(result, SIDE_KERNEL);
	uint64_t engine = result_median_ns(result, SIDE_ENGINE);

	return kernel && engine ? (double)kernel / engine : 0;
}

char *generation_text(const struct generation *generation)
{
	const char *separator = " but ";
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	if (!file)
		return NULL;
	fputs(generation_name(generation->id), file);
	for (unsigned int row = 0; row < BEHAVIOUR_COUNT; row++) {
		if (!(generation->turned >> row & 1))
			continue;
		fprintf(file, "%s%s %s", separator,
			generation_behaves(generation, row) ? "with" : "without",
			behaviours[row].id);
		separator = ", ";
	}
	if (fclose(file)) {
		free(text);
		return NULL;
	}
	return text;
}

uint64_t generation_difference(const struct generation *left, const struct generation *right)
{
	uint64_t rows = 0;

	for (unsigned int row = 0; row < BEHAVIOUR_COUNT; row++) {
		if (generation_behaves(left, row) != generation_behaves(right, row))
			rows |= UINT64_C(1) << row;
	}
	return rows;
}

void attribution_release(struct attribution *attribution)
{
	for (size_t i = 0; i < attribution->decision_count; i++)
		free(attribution->decisions[i]);
	free(attribution->decisions);
	*attribution = (struct attribution){0};
}

void loss_result_release(struct loss_result *losses)
{
	for (size_t i = 0; i < CLONE_LOSS_FILES; i++)
		free(losses->paths[i]);
	memset(losses, 0, sizeof(*losses));
}

void result_release(struct result *result)
{
	struct divergence *divergence = &result->divergence;

	free(result->environment.filesystem);
	free(result->environment.device);
	free(result->environment.mount_options);
	free(result->snapshot.path);
	free(result->parent.path);
	for (size_t i = 0; i < result->clone_source_count; i++)
		free(result->clone_sources[i].path);
	free(result->clone_sources);
	for (unsigned int side = 0; side < SIDE_COUNT; side++) {
		free(result->sides[side].samples);
		free(result->sides[side].trace);
		trace_details_free(result->sides[side].details);
		free(result->sides[side].folded_stacks);
	}
	loss_result_release(&result->losses);
	for (size_t i = 0; i < RESULT_CONTEXT_MAX; i++) {
		free(divergence->kernel_context[i]);
		free(divergence->engine_context[i]);
	}
	free(divergence->attributes);
	attribution_release(&result->attribution);
	free(result->missing);
	json_decref(result->source);
	memset(result, 0, sizeof(*result));
}

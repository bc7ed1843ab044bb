/* SPDX-License-Identifier: GPL-2.0 */
/* Sections that say what was compared, where, and what could not be had. */
#include "reports/format.h"
#include "reports/sections.h"
#include "reports/summary.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void subvolume_fact(struct table *table, const char *name, const struct snapshot_fact *fact)
{
	table_fact(table, name, "%s (id %llu, transid %llu)", fact->path,
		   (unsigned long long)fact->id, (unsigned long long)fact->ctransid);
}

static void filesystem_fact(const struct environment *environment, struct table *table)
{
	const char *device = environment->device;

	if (device && *device && strcmp(device, environment->filesystem))
		table_fact(table, "Filesystem", "%s on %s", environment->filesystem, device);
	else
		table_fact(table, "Filesystem", "%s", environment->filesystem);
}

/* Pairs run again because a commit came in between. */
static size_t discarded_pairs(const struct result *result)
{
	const struct side_result *side = &result->sides[SIDE_ENGINE];
	size_t pairs = 0;

	for (size_t i = 0; i < side->sample_count; i++)
		pairs += side->samples[i].repeated_for_commit;
	return pairs;
}

static void method_fact(const struct result *result, struct table *table)
{
	const char *caches = result->cold ? "cold" : "warm";
	size_t discarded = discarded_pairs(result);

	table_fact(table, "Method", "%s tier, %s caches, %u repeat%s after a warm-up",
		   trace_tier_name(result->tier), caches, result->repeat,
		   result->repeat == 1 ? "" : "s");
	if (discarded)
		table_fact(table, "Run again",
			   "%s pair%s of sends, because a commit came in between", COUNT(discarded),
			   discarded == 1 ? "" : "s");
}

/* The two streams in numbers, where the headline does not say them. */
static void stream_facts(const struct result *result, struct table *table)
{
	static const char *const names[SIDE_COUNT] = {"Kernel's stream", "Engine's stream"};

	if (result->verdict == VERDICT_EQUAL)
		return;
	for (int side = 0; side < SIDE_COUNT; side++) {
		const struct run_sample *sample = sample_last(&result->sides[side]);

		if (sample)
			table_fact(table, names[side], "%s commands, %s", COUNT(sample->commands),
				   BYTES(sample->bytes));
	}
}

static void send_fact(const struct result *result, struct table *table)
{
	char *generation =
		generation_text(&(struct generation){result->generation, result->turned});

	if (!generation)
		table->error = -ENOMEM;
	else
		table_fact(table, "Send", "%s%s%s, protocol %u, engine as kernel %s",
			   result->parent.path ? "incremental" : "full",
			   result->no_data ? ", without file data" : "",
			   result->compressed_data ? ", compressed data as it is" : "",
			   result->protocol, generation);
	free(generation);
}

void build_sent(const struct result *result, struct table *table)
{
	const struct run_sample *sample = sample_last(&result->sides[SIDE_ENGINE]);

	table_init_facts(table);
	if (result->snapshot.path)
		subvolume_fact(table, "Snapshot", &result->snapshot);
	if (result->parent.path)
		subvolume_fact(table, "Parent", &result->parent);
	for (size_t i = 0; i < result->clone_source_count; i++)
		subvolume_fact(table, "Clone source", &result->clone_sources[i]);
	send_fact(result, table);
	if (result->environment.filesystem)
		filesystem_fact(&result->environment, table);
	if (sample && sample->generation)
		table_fact(table, "Transaction", "%llu", (unsigned long long)sample->generation);
	if (result->kernel_recorded)
		table_fact(table, "Kernel's send", "not run: its stream was read from a file");
	stream_facts(result, table);
	method_fact(result, table);
}

static void uuid_fact(struct table *table, const char *name, const struct snapshot_fact *fact)
{
	if (fact->path)
		table_fact(table, name, "%s", UUID(fact->uuid));
}

static void volume_facts(const struct volume_info *volume, struct table *table)
{
	if (*volume->label)
		table_fact(table, "Label", "%s", volume->label);
	table_fact(table, "Filesystem UUID", "%s", UUID(volume->fsid));
	table_fact(table, "Size", "%s", BYTES(volume->total_bytes));
	table_fact(table, "Sector, node", "%s, %s", BLOCK_SIZE(volume->sectorsize),
		   BLOCK_SIZE(volume->nodesize));
	table_fact(table, "Checksum", "%s", volume->csum_name);
	if (volume->devices_missing)
		table_fact(table, "Degraded", "%u of %u devices missing", volume->devices_missing,
			   volume->devices);
}

void build_environment(const struct result *result, struct table *table)
{
	const struct environment *environment = &result->environment;

	table_init_facts(table);
	table_fact(table, "Made", "%s by sendprof %s", environment->created, environment->sendprof);
	table_fact(table, "Kernel", "%s", environment->kernel);
	table_fact(table, "Machine", "%s, %u CPU%s, %s of memory", environment->machine,
		   environment->cpus, environment->cpus == 1 ? "" : "s",
		   BYTES(environment->memory_bytes));
	table_fact(table, "Processor", "%s", *environment->cpu ? environment->cpu : "unknown");
	if (environment->device)
		table_fact(table, "Device", "%s", environment->device);
	if (environment->mount_options)
		table_fact(table, "Mount options", "%s", environment->mount_options);
	/* Without a checksum name the volume was never opened. */
	if (environment->volume.csum_name)
		volume_facts(&environment->volume, table);
	uuid_fact(table, "Snapshot UUID", &result->snapshot);
	uuid_fact(table, "Parent UUID", &result->parent);
	for (size_t i = 0; i < result->clone_source_count; i++)
		uuid_fact(table, "Clone source UUID", &result->clone_sources[i]);
}

void build_notices(const struct result *result, struct table *table)
{
	const struct notice_log *notices = &result->sides[SIDE_ENGINE].notices;

	table_init_facts(table);
	for (size_t i = 0; i < notices->text_count; i++)
		table_fact(table, generation_name(result->generation), "%s", notices->texts[i]);
	if (notices->total > notices->text_count)
		table_fact(table, generation_name(result->generation), "and %llu more",
			   (unsigned long long)(notices->total - notices->text_count));
}

void build_missing(const struct result *result, struct table *table)
{
	table_init_facts(table);
	for (size_t i = 0; i < result->missing_count; i++)
		table_fact(table, result->missing[i].metric, "%s", result->missing[i].reason);
}

void build_divergence(const struct result *result, struct table *table)
{
	const struct divergence *divergence = &result->divergence;

	table_init_facts(table);
	if (!divergence->found)
		return;
	table_fact(table, "Where", "command %s, offset %s (%s)", COUNT(divergence->command_index),
		   OFFSET(divergence->byte_offset), COUNT(divergence->byte_offset));
	if (divergence->attributes && *divergence->attributes)
		table_fact(table, "Attributes", "%s", divergence->attributes);
	table_fact(table, "Aligned",
		   "%s identical, %s changed, %s only in the kernel's, %s only in the engine's",
		   COUNT(divergence->identical), COUNT(divergence->changed),
		   COUNT(divergence->only_kernel), COUNT(divergence->only_engine));
}

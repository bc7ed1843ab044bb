/* SPDX-License-Identifier: GPL-2.0 */
/* The object with all programs: opened, cut down to what this kernel has, loaded. */
#include "profiler/tracer_private.h"

#include "bpf/send_programs.skel.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/*
 * Type information of each module is held open by its own descriptor while programs are looked for,
 * and running out of them looks as if the function did not exist.
 */
enum { DESCRIPTORS = 4096, RING_BYTES = 4 << 20, RING_BYTES_MIN = 4096 };

static int be_quiet(enum libbpf_print_level level, const char *format, va_list arguments)
{
	(void)level;
	(void)format;
	(void)arguments;
	return 0;
}

static void raise_limits(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= DESCRIPTORS)
		return;
	limit.rlim_cur = DESCRIPTORS;
	if (limit.rlim_max < DESCRIPTORS)
		limit.rlim_max = DESCRIPTORS;
	/* Without it fewer programs may be found, which is told then. */
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

/* A ring's size is a power of two, in whole pages. */
static uint32_t ring_size(const struct tracer_options *options)
{
	size_t wanted = options->ring_bytes ? options->ring_bytes : RING_BYTES;
	uint32_t size = RING_BYTES_MIN;

	if (!options->records)
		return size;
	while (size < wanted && size < 1U << 30)
		size <<= 1;
	return size;
}

/* By our own reading of the symbols: libbpf's would read them all once more. */
static void set_up(const struct tracer *tracer, enum trace_tier tier,
		   struct trace_settings *settings)
{
	const struct kernel_symbol *lookup, *store;

	settings->process = tracer->options.process;
	settings->records = tracer->options.records;
	/* In the tier above commands tell of it. */
	settings->commands_unseen = tier == TIER_TRACEPOINT;
	/* Where they are hidden, each function would be everywhere. */
	if (!kernel_symbols_have_addresses(tracer->symbols))
		return;
	/* Only there it is of use, and putting the symbols in order takes its time. */
	if (tier == TIER_TRACEPOINT &&
	    !kernel_symbols_find(tracer->symbols, "btrfs_lru_cache_lookup", &lookup) &&
	    !kernel_symbols_find(tracer->symbols, "btrfs_lru_cache_store", &store)) {
		settings->lookup_begin = lookup->address;
		settings->store_begin = store->address;
		settings->lookup_end = kernel_symbols_end(tracer->symbols, settings->lookup_begin);
		settings->store_end = kernel_symbols_end(tracer->symbols, settings->store_begin);
	}
	settings->pages_variable = kernel_symbols_variable(tracer->symbols, "vmemmap_base");
	settings->memory_variable = kernel_symbols_variable(tracer->symbols, "page_offset_base");
}

static int open_object(struct tracer *tracer, enum trace_tier tier, struct failure *failure)
{
	int ret;

	tracer->skeleton = send_programs__open();
	if (!tracer->skeleton)
		return failure_set(failure, -errno, "cannot open the programs for tracing: %s",
				   strerror(errno));
	set_up(tracer, tier, &tracer->skeleton->rodata->settings);
	ret = bpf_map__set_max_entries(tracer->skeleton->maps.records, ring_size(&tracer->options));
	if (!ret)
		ret = tracer_list_programs(tracer, tracer->skeleton->obj, tier);
	return ret ? failure_set(failure, ret, "cannot prepare the programs for tracing: %s",
				 strerror(-ret))
		   : 0;
}

static bool loads(struct tracer *tracer, const char *name)
{
	const struct tracer_program *program = tracer_find_program(tracer, name);

	return program && program->wanted;
}

/* What a program does depends on which others there will be. */
static void share_work(struct tracer *tracer, struct trace_settings *settings)
{
	settings->commands_timed = loads(tracer, "command_exit");
	settings->commands_begun = loads(tracer, "command_begun");
	settings->names_begun = loads(tracer, "name_lookup_enter");
	settings->searches_timed = tracer->ways[METRIC_SEARCH_TIMES] >= 0;
	settings->candidates_seen =
		loads(tracer, "candidate") || loads(tracer, "candidate_before_6_2");
	settings->parts_measured = tracer->ways[METRIC_TIME_SPLIT] == MEASURED_WAY;
	settings->output_accounted = !loads(tracer, "output_exit");
}

static int open_and_want(struct tracer *tracer, enum trace_tier tier, struct failure *failure)
{
	int ret = open_object(tracer, tier, failure);

	if (ret)
		return ret;
	if (tracer_want_programs(tracer, tier)) {
		share_work(tracer, &tracer->skeleton->rodata->settings);
		return 0;
	}
	return failure_set(failure, -EOPNOTSUPP, "%s", tracer_base_obstacle(tracer, tier));
}

/* Load what is wanted; of that @only one program, unless it is NULL. */
static int load(struct tracer *tracer, const char *only)
{
	for (size_t i = 0; i < tracer->program_count; i++) {
		const struct tracer_program *program = &tracer->programs[i];

		bpf_program__set_autoload(program->program,
					  program->wanted &&
						  (!only || !strcmp(only, program->name)));
	}
	return send_programs__load(tracer->skeleton);
}

/*
 * One program that the kernel refuses fails the whole object: each one is tried alone to find out
 * which. An object cannot be loaded twice, so it is opened for each.
 */
static int find_refused(struct tracer *tracer, enum trace_tier tier, struct failure *failure)
{
	const char *names[TRACER_PROGRAMS_MAX];
	size_t count = 0;

	for (size_t i = 0; i < tracer->program_count && count < TRACER_PROGRAMS_MAX; i++) {
		if (tracer->programs[i].wanted)
			names[count++] = tracer->programs[i].name;
	}
	for (size_t i = 0; i < count; i++) {
		int ret;

		tracer_unload(tracer);
		ret = open_and_want(tracer, tier, failure);
		if (ret)
			return ret;
		ret = load(tracer, names[i]);
		if (ret && tracer_in_base(names[i]))
			return failure_set(failure, -EOPNOTSUPP,
					   "the kernel refuses its programs: %s", strerror(-ret));
		if (ret)
			tracer->refused[tracer->refused_count++] = names[i];
	}
	return 0;
}

static int load_without_refused(struct tracer *tracer, enum trace_tier tier,
				struct failure *failure)
{
	int ret = find_refused(tracer, tier, failure);

	if (ret)
		return ret;
	tracer_unload(tracer);
	ret = open_and_want(tracer, tier, failure);
	if (ret)
		return ret;
	ret = load(tracer, NULL);
	return ret ? failure_set(failure, -EOPNOTSUPP, "the kernel does not load its programs: %s",
				 strerror(-ret))
		   : 0;
}

int tracer_load(struct tracer *tracer, enum trace_tier tier, struct failure *failure)
{
	int ret;

	libbpf_set_print(be_quiet);
	raise_limits();
	tracer->refused_count = 0;
	ret = open_and_want(tracer, tier, failure);
	if (!ret && load(tracer, NULL))
		ret = load_without_refused(tracer, tier, failure);
	if (!ret && !tracer_attach(tracer, tier))
		ret = failure_set(failure, -EOPNOTSUPP, "%s", tracer_base_obstacle(tracer, tier));
	if (ret)
		tracer_unload(tracer);
	return ret;
}

void tracer_unload(struct tracer *tracer)
{
	for (size_t i = 0; i < tracer->program_count; i++)
		bpf_link__destroy(tracer->programs[i].link);
	tracer_detach_samples(tracer);
	free(tracer->programs);
	tracer->programs = NULL;
	tracer->program_count = 0;
	send_programs__destroy(tracer->skeleton);
	tracer->skeleton = NULL;
}

const struct send_state *tracer_states(const struct tracer *tracer)
{
	return tracer->skeleton->bss->sends;
}

int tracer_ended_map(const struct tracer *tracer)
{
	return bpf_map__fd(tracer->skeleton->maps.ended);
}

int tracer_records_map(const struct tracer *tracer)
{
	return bpf_map__fd(tracer->skeleton->maps.records);
}

bool tracer_measures_parts(const struct tracer *tracer)
{
	return tracer->skeleton->rodata->settings.parts_measured;
}

uint64_t tracer_unseen_counter(const struct tracer *tracer)
{
	return tracer->skeleton->bss->sends_unseen;
}

/* 0 where the kernel, before 5.12, does not tell. */
static uint64_t missed_runs(const struct tracer_program *program)
{
	struct bpf_prog_info info = {0};
	uint32_t size = sizeof(info);

	if (!program->wanted ||
	    bpf_obj_get_info_by_fd(bpf_program__fd(program->program), &info, &size))
		return 0;
	return info.recursion_misses;
}

uint64_t tracer_missed(const struct tracer *tracer, char *names, size_t size)
{
	uint64_t sum = 0;

	if (size)
		*names = '\0';
	for (size_t i = 0; tracer && i < tracer->program_count; i++) {
		uint64_t missed = missed_runs(&tracer->programs[i]);
		size_t used = size ? strlen(names) : 0;

		if (missed && size)
			snprintf(names + used, size - used, "%s%s", sum ? ", " : "",
				 tracer->programs[i].name);
		sum += missed;
	}
	return sum;
}

int tracer_samples_map(const struct tracer *tracer)
{
	return bpf_map__fd(tracer->skeleton->maps.samples);
}

int tracer_stacks_map(const struct tracer *tracer)
{
	return bpf_map__fd(tracer->skeleton->maps.stacks);
}

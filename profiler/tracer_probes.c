/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The table of probes against the running kernel: which targets there are, which programs are
 * loaded for that, and which of them could be attached.
 */
#include "profiler/tracer_private.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What a trampoline of an older kernel says to more arguments than it can pass on. */
#define KERNEL_ENOTSUPP 524

const struct tracer_probe tracer_probes[] = {
#define TRACE_PROBE(metric, tier, way, part, program, kind, target) \
	{METRIC_##metric, TIER_##tier, way, part, #program, PROBE_##kind, target},
#include "profiler/tracer_probes.def"
};
const size_t tracer_probe_count = sizeof(tracer_probes) / sizeof(tracer_probes[0]);

/* What a way needs of the kernel's types. */
static const struct {
	unsigned int metric;
	unsigned int way;
	const char *type;
	const char *member;
} needs[] = {
#define TRACE_NEED(metric, way, type, member) {METRIC_##metric, way, type, member},
#include "profiler/tracer_probes.def"
};

static const struct {
	unsigned int metric;
	unsigned int way;
} costly[] = {
#define TRACE_COSTLY(metric, way) {METRIC_##metric, way},
#include "profiler/tracer_probes.def"
};

/* Why a tier cannot have a metric, whatever the kernel. */
static const struct {
	unsigned int metric;
	enum trace_tier tier;
	const char *reason;
} unseen[] = {
#define TRACE_UNSEEN(metric, tier, reason) {METRIC_##metric, TIER_##tier, reason},
#include "profiler/tracer_probes.def"
};

static const char *const kind_names[] = {
	[PROBE_FENTRY] = "fentry",     [PROBE_FEXIT] = "fexit",	   [PROBE_KPROBE] = "kprobe",
	[PROBE_TP_BTF] = "tracepoint", [PROBE_SAMPLE] = "samples",
};

static const char *error_text(int error)
{
	return error == -KERNEL_ENOTSUPP ? "more arguments than this kernel's trampolines take"
					 : strerror(-error);
}

struct tracer_program *tracer_find_program(struct tracer *tracer, const char *name)
{
	for (size_t i = 0; i < tracer->program_count; i++) {
		if (!strcmp(tracer->programs[i].name, name))
			return &tracer->programs[i];
	}
	return NULL;
}

/* As the options have it, for tests: NULL for a target that is hidden, another for a renamed one.
 */
static const char *real_target(const struct tracer *tracer, const char *target)
{
	for (const char *const *hidden = tracer->options.hidden; hidden && *hidden; hidden++) {
		size_t length = strcspn(*hidden, "=");

		if (strlen(target) == length && !strncmp(*hidden, target, length))
			return (*hidden)[length] ? *hidden + length + 1 : NULL;
	}
	return target;
}

static bool is_refused(const struct tracer *tracer, const char *program)
{
	for (size_t i = 0; i < tracer->refused_count; i++) {
		if (!strcmp(tracer->refused[i], program))
			return true;
	}
	return false;
}

bool tracer_in_base(const char *program)
{
	for (size_t i = 0; i < tracer_probe_count; i++) {
		if (tracer_probes[i].metric == METRIC_BASE &&
		    !strcmp(tracer_probes[i].program, program))
			return true;
	}
	return false;
}

static void set_obstacle(struct tracer_program *program, const struct tracer_probe *probe,
			 const char *what)
{
	snprintf(program->obstacle, sizeof(program->obstacle), "%s of %s: %s",
		 kind_names[probe->kind], probe->target, what);
}

/* The type information of the kernel and its modules is searched by libbpf, for both at once. */
static void find_by_type(struct tracer_program *program, const struct tracer_probe *probe)
{
	int ret = bpf_program__set_attach_target(program->program, 0, program->symbol);

	program->has_target = !ret;
	if (ret == -ESRCH || ret == -ENOENT)
		set_obstacle(program, probe, "this kernel's type information does not have it");
	else if (ret)
		set_obstacle(program, probe, error_text(ret));
}

static void find_symbol(const struct tracer *tracer, struct tracer_program *program,
			const struct tracer_probe *probe)
{
	const struct kernel_symbol *symbol;
	int ret = -ENOENT;

	if (tracer->symbols)
		ret = kernel_symbols_find(tracer->symbols, program->symbol, &symbol);
	program->has_target = !ret;
	if (!ret)
		snprintf(program->symbol, sizeof(program->symbol), "%s", symbol->name);
	else if (ret == -ENOTUNIQ)
		set_obstacle(program, probe, "several functions have this name");
	else
		set_obstacle(program, probe, "this kernel does not have it as a symbol");
}

static void find_target(const struct tracer *tracer, struct tracer_program *program,
			const struct tracer_probe *probe)
{
	const char *target = real_target(tracer, probe->target);

	if (!target) {
		set_obstacle(program, probe, "this kernel does not have it");
		return;
	}
	if (is_refused(tracer, program->name)) {
		set_obstacle(program, probe, "this kernel refuses the program");
		return;
	}
	snprintf(program->symbol, sizeof(program->symbol), "%s", target);
	switch (probe->kind) {
	case PROBE_FENTRY:
	case PROBE_FEXIT:
	case PROBE_TP_BTF:
		find_by_type(program, probe);
		break;
	case PROBE_KPROBE:
		find_symbol(tracer, program, probe);
		break;
	case PROBE_ABSENT:
		break;
	case PROBE_SAMPLE:
		program->has_target = true;
		break;
	}
}

int tracer_list_programs(struct tracer *tracer, struct bpf_object *object, enum trace_tier tier)
{
	struct bpf_program *program;

	tracer->programs = calloc(tracer_probe_count, sizeof(*tracer->programs));
	if (!tracer->programs)
		return -ENOMEM;
	bpf_object__for_each_program(program, object) bpf_program__set_autoload(program, false);
	for (size_t i = 0; i < tracer_probe_count; i++) {
		const struct tracer_probe *probe = &tracer_probes[i];
		struct tracer_program *known = tracer_find_program(tracer, probe->program);

		if (known || probe->tier > tier || probe->kind == PROBE_ABSENT)
			continue;
		known = &tracer->programs[tracer->program_count++];
		known->name = probe->program;
		known->program = bpf_object__find_program_by_name(object, probe->program);
	}
	return 0;
}

/* ---- ways ---- */

static bool in_way(const struct tracer_probe *probe, unsigned int metric, unsigned int way)
{
	return probe->metric == metric && probe->way == way;
}

static bool is_absent(const struct tracer *tracer, const char *symbol)
{
	const struct kernel_symbol *found;

	return tracer->symbols && kernel_symbols_find(tracer->symbols, symbol, &found) == -ENOENT;
}

static bool type_has(struct tracer *tracer, const char *type, const char *member)
{
	char both[64];

	snprintf(both, sizeof(both), "%s.%s", type, member);
	if (!real_target(tracer, both))
		return false;
	if (!tracer->types && kernel_types_open("", &tracer->types))
		return false;
	return kernel_types_member(tracer->types, type, member) == ANSWER_YES;
}

/* The members that a way's programs read, as far as not every kernel has them. */
static bool has_needs(struct tracer *tracer, unsigned int metric, unsigned int way,
		      const char **obstacle)
{
	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
		if (needs[i].metric != metric || needs[i].way != way ||
		    type_has(tracer, needs[i].type, needs[i].member))
			continue;
		snprintf(tracer->need_obstacle, sizeof(tracer->need_obstacle),
			 "struct %s has no %s in this kernel", needs[i].type, needs[i].member);
		*obstacle = tracer->need_obstacle;
		return false;
	}
	return true;
}

/*
 * Whether every part of a way has a program that passes @test; else why not in @obstacle, which
 * stays as it is when the way is for another kernel.
 */
static bool way_complete(struct tracer *tracer, unsigned int metric, unsigned int way,
			 bool (*test)(struct tracer *tracer, struct tracer_program *program,
				      const struct tracer_probe *probe),
			 const char **obstacle)
{
	unsigned int part = 0;
	bool any = false, done = true;

	if (!has_needs(tracer, metric, way, obstacle))
		return false;
	for (size_t i = 0; i < tracer_probe_count; i++) {
		const struct tracer_probe *probe = &tracer_probes[i];
		struct tracer_program *program;

		if (!in_way(probe, metric, way))
			continue;
		if (!done && probe->part != part)
			return false;
		if (done && any && probe->part == part)
			continue;
		if (probe->kind == PROBE_ABSENT) {
			if (!is_absent(tracer, probe->target))
				return false;
			continue;
		}
		program = tracer_find_program(tracer, probe->program);
		any = true;
		part = probe->part;
		done = program && test(tracer, program, probe);
		if (!done && program && program->obstacle[0])
			*obstacle = program->obstacle;
	}
	return any && done;
}

/* The number of ways for @metric that @tier allows; they are numbered from 0. */
static unsigned int count_ways(unsigned int metric)
{
	unsigned int count = 0;

	for (size_t i = 0; i < tracer_probe_count; i++) {
		if (tracer_probes[i].metric == metric && tracer_probes[i].way >= count)
			count = tracer_probes[i].way + 1;
	}
	return count;
}

static enum trace_tier tier_of_way(unsigned int metric, unsigned int way)
{
	for (size_t i = 0; i < tracer_probe_count; i++) {
		if (in_way(&tracer_probes[i], metric, way))
			return tracer_probes[i].tier;
	}
	return TIER_COUNT;
}

static bool has_way_in(unsigned int metric, enum trace_tier tier)
{
	for (size_t i = 0; i < tracer_probe_count; i++) {
		if (tracer_probes[i].metric == metric && tracer_probes[i].tier == tier)
			return true;
	}
	return false;
}

/*
 * The base is that of the tier itself. Metrics that a tier has no way of its own for are had as in
 * a lower one; else never, for a lower tier's programs may rely on its base.
 */
static bool tier_allows(unsigned int metric, unsigned int way, enum trace_tier tier)
{
	enum trace_tier needed = tier_of_way(metric, way);

	return needed == tier ||
	       (metric != METRIC_BASE && needed < tier && !has_way_in(metric, tier));
}

/* Who asks for nothing particular is served in the cheapest way. */
static bool costs_too_much(const struct tracer *tracer, unsigned int metric, unsigned int way)
{
	bool any_cost = tracer->options.groups || tracer->options.records;

	for (size_t i = 0; !any_cost && i < sizeof(costly) / sizeof(costly[0]); i++) {
		if (costly[i].metric == metric && costly[i].way == way)
			return true;
	}
	return false;
}

static bool has_target(struct tracer *tracer, struct tracer_program *program,
		       const struct tracer_probe *probe)
{
	if (!program->looked)
		find_target(tracer, program, probe);
	program->looked = true;
	return program->has_target;
}

static void want_way(struct tracer *tracer, unsigned int metric, unsigned int way)
{
	for (size_t i = 0; i < tracer_probe_count; i++) {
		struct tracer_program *program;

		if (!in_way(&tracer_probes[i], metric, way) ||
		    tracer_probes[i].kind == PROBE_ABSENT)
			continue;
		program = tracer_find_program(tracer, tracer_probes[i].program);
		if (has_target(tracer, program, &tracer_probes[i]))
			program->wanted = true;
	}
}

static bool is_wanted(const struct tracer *tracer, unsigned int metric)
{
	return metric == METRIC_BASE || tracer->wanted >> metric & 1;
}

/* Alternatives within a way are all taken: which of them attaches is seen when it is tried. */
static bool want_metric(struct tracer *tracer, unsigned int metric, enum trace_tier tier)
{
	const char *obstacle;

	for (unsigned int way = 0; way < count_ways(metric); way++) {
		/* Targets can be looked for only now, those of what is passed over as well. */
		if (!tier_allows(metric, way, tier) ||
		    !way_complete(tracer, metric, way, has_target, &obstacle) ||
		    costs_too_much(tracer, metric, way))
			continue;
		want_way(tracer, metric, way);
		tracer->ways[metric] = way;
		return true;
	}
	tracer->ways[metric] = -1;
	return false;
}

bool tracer_want_programs(struct tracer *tracer, enum trace_tier tier)
{
	if (!want_metric(tracer, METRIC_BASE, tier))
		return false;
	for (unsigned int metric = 0; metric < METRIC_COUNT; metric++) {
		tracer->ways[metric] = -1;
		if (is_wanted(tracer, metric))
			want_metric(tracer, metric, tier);
	}
	return true;
}

static struct bpf_link *attach_link(const struct tracer_program *program,
				    const struct tracer_probe *probe)
{
	return probe->kind == PROBE_KPROBE
		       ? bpf_program__attach_kprobe(program->program, false, program->symbol)
		       : bpf_program__attach(program->program);
}

static bool attach(struct tracer *tracer, struct tracer_program *program,
		   const struct tracer_probe *probe)
{
	if (program->link)
		return true;
	if (!program->wanted)
		return false;
	if (probe->kind == PROBE_SAMPLE) {
		int ret = tracer_attach_samples(tracer, program->program);

		if (ret)
			set_obstacle(program, probe, error_text(ret));
		return !ret;
	}
	program->link = attach_link(program, probe);
	if (!program->link)
		set_obstacle(program, probe, error_text(-errno));
	return program->link;
}

/* Programs of a way that was given up serve nothing, unless they serve another one. */
static void detach_unused(struct tracer *tracer, const uint64_t *used)
{
	for (size_t i = 0; i < tracer->program_count; i++) {
		if (used[i / 64] >> (i % 64) & 1)
			continue;
		bpf_link__destroy(tracer->programs[i].link);
		tracer->programs[i].link = NULL;
	}
}

static void mark_used(struct tracer *tracer, unsigned int metric, unsigned int way, uint64_t *used)
{
	for (size_t i = 0; i < tracer_probe_count; i++) {
		struct tracer_program *program;

		if (!in_way(&tracer_probes[i], metric, way) ||
		    tracer_probes[i].kind == PROBE_ABSENT)
			continue;
		program = tracer_find_program(tracer, tracer_probes[i].program);
		if (program->link)
			used[(program - tracer->programs) / 64] |=
				1ULL << ((program - tracer->programs) % 64);
	}
}

static void note_missing(struct tracer *tracer, unsigned int metric, const char *reason)
{
	if (metric < METRIC_COUNT)
		snprintf(tracer->missing[metric], sizeof(tracer->missing[metric]), "%s", reason);
}

static const char *reason_unseen(unsigned int metric, enum trace_tier tier)
{
	for (size_t i = 0; i < sizeof(unseen) / sizeof(unseen[0]); i++) {
		if (unseen[i].metric == metric && unseen[i].tier == tier)
			return unseen[i].reason;
	}
	return "this tier of tracing does not see it";
}

static bool is_seen_in(unsigned int metric, enum trace_tier tier)
{
	for (unsigned int way = 0; way < count_ways(metric); way++) {
		if (tier_allows(metric, way, tier))
			return true;
	}
	return false;
}

static void note_unasked(struct tracer *tracer, unsigned int metric)
{
	tracer->unasked |= 1ULL << metric;
	note_missing(tracer, metric, "not asked for");
}

/* Attach what @metric needs, in the first way that works. */
static bool attach_metric(struct tracer *tracer, unsigned int metric, enum trace_tier tier,
			  uint64_t *used)
{
	const char *reason = NULL;
	bool unasked = false;

	if (!is_wanted(tracer, metric)) {
		if (is_seen_in(metric, tier))
			note_unasked(tracer, metric);
		else
			note_missing(tracer, metric, reason_unseen(metric, tier));
		return false;
	}
	for (unsigned int way = 0; way < count_ways(metric); way++) {
		if (!tier_allows(metric, way, tier) ||
		    !way_complete(tracer, metric, way, has_target, &reason))
			continue;
		if (costs_too_much(tracer, metric, way)) {
			unasked = true;
			continue;
		}
		unasked = false;
		/* The first complete one is loaded, no other. */
		if (!way_complete(tracer, metric, way, attach, &reason))
			break;
		mark_used(tracer, metric, way, used);
		return true;
	}
	if (unasked)
		note_unasked(tracer, metric);
	else
		note_missing(tracer, metric, reason ? reason : reason_unseen(metric, tier));
	return false;
}

bool tracer_attach(struct tracer *tracer, enum trace_tier tier)
{
	uint64_t used[TRACER_PROGRAMS_MAX / 64] = {0};
	bool base;

	_Static_assert(sizeof(tracer_probes) / sizeof(tracer_probes[0]) <= TRACER_PROGRAMS_MAX,
		       "room for each program");
	tracer->metrics = 0;
	tracer->unasked = 0;
	/* The base comes last: no send is seen before everything that watches it is there. */
	for (unsigned int metric = 0; metric < METRIC_COUNT; metric++) {
		if (attach_metric(tracer, metric, tier, used))
			tracer->metrics |= 1ULL << metric;
	}
	/* The same samples are of use to others, which do without names. */
	if (tracer->metrics >> METRIC_STACKS & 1 &&
	    !kernel_symbols_have_addresses(tracer->symbols)) {
		tracer->metrics &= ~(1ULL << METRIC_STACKS);
		note_missing(tracer, METRIC_STACKS,
			     "the kernel hides the addresses of its functions "
			     "(kernel.kptr_restrict)");
	}
	base = attach_metric(tracer, METRIC_BASE, tier, used);
	detach_unused(tracer, used);
	return base;
}

const char *tracer_base_obstacle(struct tracer *tracer, enum trace_tier tier)
{
	for (size_t i = 0; i < tracer_probe_count; i++) {
		const struct tracer_probe *probe = &tracer_probes[i];
		const struct tracer_program *program = tracer_find_program(tracer, probe->program);

		if (probe->metric == METRIC_BASE && probe->tier == tier && !program->link)
			return program->obstacle;
	}
	return "there are no programs for it";
}

/* SPDX-License-Identifier: GPL-2.0 */
/* The inside of the tracer, for its own files. */
#ifndef PROFILER_TRACER_PRIVATE_H
#define PROFILER_TRACER_PRIVATE_H

#include "bpf/send_state.h"
#include "profiler/kernel_symbols.h"
#include "profiler/kernel_types.h"
#include "profiler/tracer.h"

struct bpf_link;
struct bpf_map;
struct bpf_object;
struct bpf_program;
struct ring_buffer;
struct send_programs;

enum probe_kind {
	PROBE_FENTRY,
	PROBE_FEXIT,
	PROBE_KPROBE,
	PROBE_TP_BTF,
	PROBE_ABSENT, /* no program */
	PROBE_SAMPLE,
};

/* In the table of probes: no metric but what each tier stands on. */
#define METRIC_BASE METRIC_COUNT

/* A row of tracer_probes.def. */
struct tracer_probe {
	unsigned int metric; /* enum trace_metric or METRIC_BASE */
	enum trace_tier tier;
	unsigned int way;
	unsigned int part;
	const char *program;
	enum probe_kind kind;
	const char *target;
};
extern const struct tracer_probe tracer_probes[];
extern const size_t tracer_probe_count;

/* What became of a program; several rows may name it. */
struct tracer_program {
	const char *name;
	struct bpf_program *program;
	struct bpf_link *link;
	bool looked;	 /* for its target */
	bool has_target; /* in this kernel; then it is loaded, if wanted */
	bool wanted;
	char symbol[128];   /* the target as the kernel calls it */
	char obstacle[192]; /* why it is not attached, one line */
};

enum { TRACER_PROGRAMS_MAX = 192 };

/* Of METRIC_TIME_SPLIT: its programs split the time on CPU, no samples. */
enum { MEASURED_WAY = 0 };

struct tracer {
	struct tracer_options options;
	enum trace_tier tier;
	char tier_reason[256];
	struct kernel_symbols *symbols; /* NULL: not readable */
	struct kernel_types *types;	/* NULL: not needed so far */
	struct send_programs *skeleton;
	struct tracer_program *programs;
	size_t program_count;
	const char *refused[TRACER_PROGRAMS_MAX]; /* programs that this kernel does not load */
	size_t refused_count;
	uint64_t wanted;	    /* 1 << enum trace_metric */
	uint64_t unasked;	    /* as that: not wanted, though the tier might see them */
	int ways[METRIC_COUNT + 1]; /* whose programs are loaded; negative: none */
	uint64_t metrics;	    /* those that are measured */
	char missing[METRIC_COUNT][224];
	char need_obstacle[128];	/* the last one */
	struct bpf_link **sample_links; /* one a processor */
	size_t sample_link_count;
	struct sampled_send *sampled; /* samples that were taken out of the kernel, by send */
	size_t sampled_count;
	uint64_t samples_taken_ns; /* the last time, by tracer_poll() */
	struct ring_buffer *ring;
	event_fn consume; /* during tracer_poll() */
	void *consume_context;
};

/* tracer_load.c */

/*
 * Load and attach what the table has for @tier and those below it. 0; -EOPNOTSUPP when the tier
 * cannot be had, with the reason in @failure; another negative errno with @failure set.
 */
int tracer_load(struct tracer *tracer, enum trace_tier tier, struct failure *failure);
/* Detach and unload; nothing when nothing was loaded. */
void tracer_unload(struct tracer *tracer);
/* The states of sends under way, STATE_SLOTS of them; the tracer is loaded. */
const struct send_state *tracer_states(const struct tracer *tracer);
/* File descriptors of the maps; the tracer is loaded. */
int tracer_ended_map(const struct tracer *tracer);
int tracer_records_map(const struct tracer *tracer);
/* Whether the time on CPU is split by programs; otherwise it is by samples. */
bool tracer_measures_parts(const struct tracer *tracer);
uint64_t tracer_unseen_counter(const struct tracer *tracer);
int tracer_samples_map(const struct tracer *tracer);
int tracer_stacks_map(const struct tracer *tracer);

/* tracer_probes.c */

/* List the programs of @object that @tier may use; none is loaded unless wanted. 0 or -ENOMEM. */
int tracer_list_programs(struct tracer *tracer, struct bpf_object *object, enum trace_tier tier);
struct tracer_program *tracer_find_program(struct tracer *tracer, const char *name);
/*
 * Find the targets in the running kernel, for each metric that is wanted until a way is complete,
 * and mark its programs. What is not there gets its obstacle. False when that is the base.
 */
bool tracer_want_programs(struct tracer *tracer, enum trace_tier tier);
/* Attach; fills metrics and missing. False when not even the base could be attached. */
bool tracer_attach(struct tracer *tracer, enum trace_tier tier);

/* Whether the base of a tier has this program. */
bool tracer_in_base(const char *program);
/* After that: what keeps a tier's base from being attached. */
const char *tracer_base_obstacle(struct tracer *tracer, enum trace_tier tier);

/* tracer_samples.c */

/* Let @program take samples, as often as the options say. 0 or a negative errno. */
int tracer_attach_samples(struct tracer *tracer, struct bpf_program *program);
void tracer_detach_samples(struct tracer *tracer);
/*
 * Take what was sampled out of the kernel, where there is room for a minute or so: to be called
 * more often. 0 or -ENOMEM.
 */
int tracer_take_samples(struct tracer *tracer);
/* Split the time on CPU of @sends by what was taken. */
void tracer_split_by_samples(const struct tracer *tracer, struct traced_send *sends, size_t count);
/* Forget what was sampled of sends that are not @under_way. 0 or -ENOMEM. */
int tracer_forget_samples(struct tracer *tracer, const struct ended_key *under_way, size_t count);
/* Forget what was taken of one send. */
void tracer_forget_samples_of(struct tracer *tracer, const struct ended_key *send);

/* tracer_tier.c */

/* Take the best tier that works, by @tracer->options. 0 or a negative errno with @failure set. */
int tracer_choose_tier(struct tracer *tracer, struct failure *failure);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/* Samples of the senders' stacks: taken by each processor's clock, told apart by what they are in.
 */
#include "profiler/folded.h"
#include "profiler/tracer_private.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Where samples only tell how the time is split: no divisor of what else happens each second. */
enum { SPLIT_HERTZ = 49 };

static const struct {
	enum trace_part part;
	const char *function;
} part_functions[] = {
#define TRACE_PART(part, function) {PART_##part, function},
#include "profiler/tracer_parts.def"
#undef TRACE_PART
};

/* What was sampled of a send. In the kernel there is no room for the samples of a long one. */
struct sampled_send {
	struct ended_key send;
	uint64_t parts[PART_OTHER + 1]; /* samples, those without their stack left out */
	struct folded *stacks;
};

static bool is_one_of(const struct ended_key *send, const struct ended_key *sends, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (sends[i].began_ns == send->began_ns && sends[i].thread == send->thread)
			return true;
	}
	return false;
}

/* Those among @sends, or those that are not. */
static void forget(struct tracer *tracer, const struct ended_key *sends, size_t count, bool among)
{
	size_t kept = 0;

	for (size_t i = 0; i < tracer->sampled_count; i++) {
		struct sampled_send *sampled = &tracer->sampled[i];

		if (is_one_of(&sampled->send, sends, count) == among)
			folded_free(sampled->stacks);
		else
			tracer->sampled[kept++] = *sampled;
	}
	tracer->sampled_count = kept;
}

/* ---- taking them ---- */

static int open_clock(unsigned int hertz, int processor)
{
	struct perf_event_attr attributes = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attributes),
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.freq = 1,
		.sample_freq = hertz,
	};

	return syscall(SYS_perf_event_open, &attributes, -1, processor, -1, PERF_FLAG_FD_CLOEXEC);
}

static int attach_processor(struct tracer *tracer, struct bpf_program *program, int processor)
{
	unsigned int hertz = tracer->options.stack_hertz;
	int fd = open_clock(hertz ? hertz : SPLIT_HERTZ, processor);
	struct bpf_link *link;

	/* Not online. */
	if (fd < 0 && errno == ENODEV)
		return 0;
	if (fd < 0)
		return -errno;
	link = bpf_program__attach_perf_event(program, fd);
	if (!link) {
		int ret = -errno;

		close(fd);
		return ret;
	}
	tracer->sample_links[tracer->sample_link_count++] = link;
	return 0;
}

int tracer_attach_samples(struct tracer *tracer, struct bpf_program *program)
{
	int processors = libbpf_num_possible_cpus();
	int ret = 0;

	if (tracer->sample_link_count)
		return 0;
	if (processors < 0)
		return processors;
	tracer->sample_links = calloc(processors, sizeof(*tracer->sample_links));
	if (!tracer->sample_links)
		return -ENOMEM;
	for (int i = 0; i < processors && !ret; i++)
		ret = attach_processor(tracer, program, i);
	if (ret)
		tracer_detach_samples(tracer);
	return ret;
}

void tracer_detach_samples(struct tracer *tracer)
{
	forget(tracer, NULL, 0, false);
	free(tracer->sampled);
	tracer->sampled = NULL;
	for (size_t i = 0; i < tracer->sample_link_count; i++)
		bpf_link__destroy(tracer->sample_links[i]);
	free(tracer->sample_links);
	tracer->sample_links = NULL;
	tracer->sample_link_count = 0;
}

/* ---- what they are in ---- */

/* NAME, or what the compiler made of it: NAME.constprop.0 */
static bool is_function(const char *symbol, const char *name)
{
	size_t length = strlen(name);

	return !strncmp(symbol, name, length) && (!symbol[length] || symbol[length] == '.');
}

static bool find_part(const char *symbol, enum trace_part *part)
{
	for (size_t i = 0; i < sizeof(part_functions) / sizeof(part_functions[0]); i++) {
		if (!is_function(symbol, part_functions[i].function))
			continue;
		*part = part_functions[i].part;
		return true;
	}
	return false;
}

static const char *symbol_at(const struct tracer *tracer, uint64_t address)
{
	const struct kernel_symbol *symbol =
		tracer->symbols ? kernel_symbols_at(tracer->symbols, address) : NULL;

	return symbol ? symbol->name : "[unknown]";
}

/* Innermost first; the rest is 0. False when it was lost. */
static bool read_stack(const struct tracer *tracer, int32_t id, uint64_t *stack)
{
	memset(stack, 0, STATE_STACK_DEPTH * sizeof(*stack));
	return id >= 0 && !bpf_map_lookup_elem(tracer_stacks_map(tracer), &id, stack);
}

static enum trace_part part_of_stack(const struct tracer *tracer, const uint64_t *stack)
{
	enum trace_part part = PART_OTHER;

	for (unsigned int i = 0; i < STATE_STACK_DEPTH && stack[i]; i++) {
		if (find_part(symbol_at(tracer, stack[i]), &part))
			break;
	}
	return part;
}

/* ---- taking them over ---- */

static struct sampled_send *find_sampled(const struct tracer *tracer, uint64_t began_ns,
					 uint64_t thread)
{
	for (size_t i = 0; i < tracer->sampled_count; i++) {
		struct sampled_send *sampled = &tracer->sampled[i];

		if (sampled->send.began_ns == began_ns && sampled->send.thread == thread)
			return sampled;
	}
	return NULL;
}

static struct sampled_send *find_or_add(struct tracer *tracer, const struct sample_key *key)
{
	struct sampled_send *sampled = find_sampled(tracer, key->began_ns, key->thread), *more;

	if (sampled)
		return sampled;
	more = reallocarray(tracer->sampled, tracer->sampled_count + 1, sizeof(*more));
	if (!more)
		return NULL;
	tracer->sampled = more;
	sampled = &more[tracer->sampled_count];
	*sampled =
		(struct sampled_send){.send = {key->began_ns, key->thread}, .stacks = folded_new()};
	if (!sampled->stacks)
		return NULL;
	tracer->sampled_count++;
	return sampled;
}

static int add_folded(const struct tracer *tracer, const uint64_t *stack, uint64_t samples,
		      struct folded *stacks)
{
	unsigned int depth = 0;
	char *line = NULL;
	size_t size;
	FILE *out = open_memstream(&line, &size);
	int ret;

	if (!out)
		return -ENOMEM;
	while (depth < STATE_STACK_DEPTH && stack[depth])
		depth++;
	if (!depth)
		fputs("[lost]", out);
	while (depth-- > 0)
		fprintf(out, "%s%s", symbol_at(tracer, stack[depth]), depth ? ";" : "");
	fprintf(out, " %" PRIu64 "\n", samples);
	ret = fclose(out) ? -ENOMEM : folded_add(stacks, line);
	free(line);
	return ret;
}

static int take_sample(struct tracer *tracer, const struct sample_key *key, uint64_t samples)
{
	uint64_t stack[STATE_STACK_DEPTH];
	struct sampled_send *sampled = find_or_add(tracer, key);

	if (!sampled)
		return -ENOMEM;
	if (read_stack(tracer, key->stack, stack))
		sampled->parts[part_of_stack(tracer, stack)] += samples;
	return tracer->metrics >> METRIC_STACKS & 1
		       ? add_folded(tracer, stack, samples, sampled->stacks)
		       : 0;
}

/*
 * Those that were not met since the last time: one that is taken just now may lose its stack by
 * that. What is met again and again stays.
 */
static void forget_stacks(const struct tracer *tracer, const bool *met)
{
	int map = tracer_stacks_map(tracer);
	uint32_t id, next;
	bool more = !bpf_map_get_next_key(map, NULL, &id);

	while (more) {
		more = !bpf_map_get_next_key(map, &id, &next);
		if (id < STATE_STACKS && !met[id])
			bpf_map_delete_elem(map, &id);
		id = next;
	}
}

int tracer_take_samples(struct tracer *tracer)
{
	bool met[STATE_STACKS] = {false};
	struct sample_key key;
	uint64_t samples;
	int map, ret = 0;

	if (!tracer->sample_link_count)
		return 0;
	map = tracer_samples_map(tracer);
	/* No more than there is room for: others come meanwhile. */
	for (unsigned int i = 0; i < STATE_SAMPLES && !ret; i++) {
		if (bpf_map_get_next_key(map, NULL, &key) ||
		    bpf_map_lookup_and_delete_elem(map, &key, &samples))
			break;
		if (key.stack >= 0 && key.stack < STATE_STACKS)
			met[key.stack] = true;
		ret = take_sample(tracer, &key, samples);
	}
	forget_stacks(tracer, met);
	return ret;
}

/* ---- shares ---- */

/* All time on CPU is in PART_OTHER; what the samples do not give to another part stays there. */
static void split_by_shares(struct trace_figures *figures, const uint64_t *samples)
{
	uint64_t on_cpu = figures->parts_ns[PART_OTHER], total = 0;

	for (unsigned int part = 0; part <= PART_OTHER; part++)
		total += samples[part];
	if (!total)
		return;
	figures->parts_sampled = true;
	for (unsigned int part = 0; part < PART_OTHER; part++) {
		uint64_t share = (double)on_cpu * samples[part] / total;

		figures->parts_ns[part] = share;
		figures->parts_ns[PART_OTHER] -= share;
	}
}

void tracer_split_by_samples(const struct tracer *tracer, struct traced_send *sends, size_t count)
{
	/* Nobody can tell what the samples are in. */
	if (!kernel_symbols_have_addresses(tracer->symbols))
		return;
	for (size_t i = 0; i < count; i++) {
		struct trace_figures *figures = &sends[i].figures;
		const struct sampled_send *sampled =
			find_sampled(tracer, figures->began_ns, figures->thread);

		if (sampled)
			split_by_shares(figures, sampled->parts);
	}
}

/* ---- folded ---- */

int tracer_folded_stacks(struct tracer *tracer, const struct traced_send *send, FILE *out,
			 struct failure *failure)
{
	int ret = tracer_take_samples(tracer);

	for (size_t i = 0; i < tracer->sampled_count && !ret; i++) {
		const struct sampled_send *sampled = &tracer->sampled[i];

		if (!send || (sampled->send.began_ns == send->figures.began_ns &&
			      sampled->send.thread == send->figures.thread))
			ret = folded_write(sampled->stacks, out);
	}
	return ret ? failure_set(failure, ret, "cannot write the stacks: %s", strerror(-ret)) : 0;
}

/* ---- forgetting ---- */

int tracer_forget_samples(struct tracer *tracer, const struct ended_key *under_way, size_t count)
{
	int ret = tracer_take_samples(tracer);

	forget(tracer, under_way, count, false);
	return ret;
}

void tracer_forget_samples_of(struct tracer *tracer, const struct ended_key *send)
{
	forget(tracer, send, 1, true);
}

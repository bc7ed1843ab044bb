/* SPDX-License-Identifier: GPL-2.0 */
/* Samples of the senders' stacks: taken by each processor's clock, told apart by what they are in.
 */
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
enum { SPLIT_HERTZ = 97 };

static const struct {
	enum trace_part part;
	const char *function;
} part_functions[] = {
#define TRACE_PART(part, function) {PART_##part, function},
#include "profiler/tracer_parts.def"
#undef TRACE_PART
};

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

/* Innermost first; the rest is 0. */
static void read_stack(const struct tracer *tracer, int32_t id, uint64_t *stack)
{
	memset(stack, 0, STATE_STACK_DEPTH * sizeof(*stack));
	if (id >= 0)
		bpf_map_lookup_elem(tracer_stacks_map(tracer), &id, stack);
}

static enum trace_part part_of_stack(const struct tracer *tracer, int32_t id)
{
	uint64_t stack[STATE_STACK_DEPTH];
	enum trace_part part = PART_OTHER;

	read_stack(tracer, id, stack);
	for (unsigned int i = 0; i < STATE_STACK_DEPTH && stack[i]; i++) {
		if (find_part(symbol_at(tracer, stack[i]), &part))
			break;
	}
	return part;
}

/* ---- shares ---- */

static size_t find_send(const struct sample_key *key, const struct traced_send *sends, size_t count)
{
	size_t i = 0;

	while (i < count && (sends[i].figures.thread != key->thread ||
			     sends[i].figures.began_ns != key->began_ns))
		i++;
	return i;
}

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

int tracer_split_by_samples(const struct tracer *tracer, struct traced_send *sends, size_t count)
{
	uint64_t(*shares)[PART_OTHER + 1];
	struct sample_key key, *previous = NULL;
	uint64_t samples;
	int map = tracer_samples_map(tracer);

	/* Nobody can tell what the samples are in. */
	if (!kernel_symbols_have_addresses(tracer->symbols))
		return 0;
	shares = calloc(count + 1, sizeof(*shares));
	if (!shares)
		return -ENOMEM;
	while (!bpf_map_get_next_key(map, previous, &key)) {
		size_t send = find_send(&key, sends, count);

		if (send < count && !bpf_map_lookup_elem(map, &key, &samples))
			shares[send][part_of_stack(tracer, key.stack)] += samples;
		previous = &key;
	}
	for (size_t i = 0; i < count; i++)
		split_by_shares(&sends[i].figures, shares[i]);
	free(shares);
	return 0;
}

/* ---- folded ---- */

static void print_folded(const struct tracer *tracer, const struct sample_key *key,
			 uint64_t samples, FILE *out)
{
	uint64_t stack[STATE_STACK_DEPTH];
	unsigned int depth = 0;

	read_stack(tracer, key->stack, stack);
	while (depth < STATE_STACK_DEPTH && stack[depth])
		depth++;
	if (!depth)
		fputs("[lost]", out);
	while (depth-- > 0)
		fprintf(out, "%s%s", symbol_at(tracer, stack[depth]), depth ? ";" : "");
	fprintf(out, " %" PRIu64 "\n", samples);
}

static bool is_sample_of(const struct sample_key *key, const struct traced_send *send)
{
	return !send ||
	       (key->thread == send->figures.thread && key->began_ns == send->figures.began_ns);
}

int tracer_folded_stacks(struct tracer *tracer, const struct traced_send *send, FILE *out,
			 struct failure *failure)
{
	struct sample_key key, *previous = NULL;
	uint64_t samples;
	int map;

	if (!(tracer->metrics >> METRIC_STACKS & 1))
		return 0;
	map = tracer_samples_map(tracer);
	while (!bpf_map_get_next_key(map, previous, &key)) {
		if (is_sample_of(&key, send) && !bpf_map_lookup_elem(map, &key, &samples))
			print_folded(tracer, &key, samples, out);
		previous = &key;
	}
	if (ferror(out))
		return failure_set(failure, -EIO, "cannot write the stacks");
	return 0;
}

/* ---- forgetting ---- */

static bool is_one_of(const struct sample_key *key, const struct ended_key *sends, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (sends[i].began_ns == key->began_ns && sends[i].thread == key->thread)
			return true;
	}
	return false;
}

/*
 * Those that no sample refers to. One that is taken just now may lose its stack by that; but stacks
 * that stay for ever lose all that would come to their places.
 */
static void forget_stacks(const struct tracer *tracer, const bool *needed)
{
	int map = tracer_stacks_map(tracer);
	uint32_t id, next;
	bool more = !bpf_map_get_next_key(map, NULL, &id);

	while (more) {
		more = !bpf_map_get_next_key(map, &id, &next);
		if (id < STATE_STACKS && !needed[id])
			bpf_map_delete_elem(map, &id);
		id = next;
	}
}

/* What @forgotten() says of. */
static void forget_samples(const struct tracer *tracer,
			   bool (*forgotten)(const struct sample_key *key,
					     const struct ended_key *sends, size_t count),
			   const struct ended_key *sends, size_t count)
{
	bool needed[STATE_STACKS] = {false};
	struct sample_key key, previous;
	bool any = false;
	int map;

	if (!tracer->sample_link_count)
		return;
	map = tracer_samples_map(tracer);
	while (!bpf_map_get_next_key(map, any ? &previous : NULL, &key)) {
		if (forgotten(&key, sends, count)) {
			bpf_map_delete_elem(map, &key);
			continue;
		}
		if (key.stack >= 0 && key.stack < STATE_STACKS)
			needed[key.stack] = true;
		previous = key;
		any = true;
	}
	forget_stacks(tracer, needed);
}

static bool is_over(const struct sample_key *key, const struct ended_key *under_way, size_t count)
{
	return !is_one_of(key, under_way, count);
}

void tracer_forget_samples(const struct tracer *tracer, const struct ended_key *under_way,
			   size_t count)
{
	forget_samples(tracer, is_over, under_way, count);
}

void tracer_forget_samples_of(const struct tracer *tracer, const struct ended_key *send)
{
	forget_samples(tracer, is_one_of, send, 1);
}

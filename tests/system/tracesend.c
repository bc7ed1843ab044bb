/* SPDX-License-Identifier: GPL-2.0 */
/*
 * tracesend [OPTIONS] -- COMMAND: run COMMAND with the tracer at work, and print what it found out,
 * "NAME VALUE..." a line, for tests to compare.
 *
 *	--tier pipe|tracepoint|function	this one or none; without: the best
 *	--all				also what costs more
 *	--only METRIC			by its key; may be repeated
 *	--hide TARGET[=OTHER]		as if the kernel did not have it, or so; may be repeated
 *	--records FILE			write single events there, a line each
 *	--ring BYTES			for them
 *	--own				only the sends of COMMAND's own process
 *	--hertz N			samples of the stack a second
 *	--stacks FILE			write them there, folded
 */
#include "profiler/tracer.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { HIDDEN_MAX = 16, POLL_MS = 20 };

static void print_histogram(const char *name, const struct trace_histogram *histogram)
{
	printf("%s %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", name, histogram->count, histogram->sum,
	       histogram->max);
}

/* How many values there were of how many bits. */
static void print_bits(const char *name, const struct trace_histogram *histogram)
{
	printf("%s", name);
	for (unsigned int i = 0; i < TRACE_HISTOGRAM_BUCKETS; i++) {
		if (histogram->buckets[i])
			printf(" %u:%" PRIu64, i, histogram->buckets[i]);
	}
	putchar('\n');
}

static void print_caches(const struct cache_counters *caches)
{
	static const char *const names[CACHE_COUNT] = {"name", "backref", "dir_created",
						       "dir_utimes"};

	for (unsigned int i = 0; i < CACHE_COUNT; i++)
		printf("cache_%s %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64
		       " %" PRIu64 "\n",
		       names[i], caches[i].lookups, caches[i].hits, caches[i].stores,
		       caches[i].evictions, caches[i].clears, caches[i].max_entries);
}

static void print_send(const struct traced_send *send)
{
	const struct trace_figures *figures = &send->figures;
	const struct backref_counters *backrefs = &figures->backrefs;

	printf("send %u %s root %" PRIu64 " parent %" PRIu64 " result %" PRId64 "\n",
	       figures->thread, send->command, send->root_id, send->parent_id, figures->result);
	printf("duration_ns %" PRIu64 "\n", figures->ended_ns - figures->began_ns);
	for (unsigned int i = 0; i < STREAM_C_COUNT; i++) {
		const struct trace_command_figures *command = &figures->commands[i];

		if (!command->count)
			continue;
		printf("command %s %" PRIu64 " %" PRIu64 "\n", stream_commands[i].name,
		       command->count, command->bytes);
		printf("times %s %" PRIu64 " %" PRIu64 "\n", stream_commands[i].name,
		       command->work_ns, command->output_ns);
	}
	printf("output_bytes %" PRIu64 "\n", figures->output_bytes);
	print_caches(figures->caches);
	printf("searches %" PRIu64 "\n", backrefs->searches);
	printf("results %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", backrefs->results[0],
	       backrefs->results[1], backrefs->results[2], backrefs->results[3]);
	printf("candidates %" PRIu64 "\n", backrefs->candidates);
	printf("preliminary_references %" PRIu64 "\n", backrefs->preliminary_references);
	printf("leaves_resolved %" PRIu64 "\n", backrefs->leaves_resolved);
	printf("roots_found %" PRIu64 "\n", backrefs->roots_found);
	printf("early_stops %" PRIu64 "\n", backrefs->early_stops);
	print_histogram("histogram_references", &figures->references);
	print_bits("bits_references", &figures->references);
	print_histogram("histogram_candidates", &figures->candidates);
	print_histogram("histogram_search_ns", &figures->search_ns);
	print_histogram("histogram_path_ns", &figures->path_ns);
	for (unsigned int i = 0; i < PART_COUNT; i++)
		printf("part %s: %" PRIu64 "\n", trace_part_name(i), figures->parts_ns[i]);
	printf("parts_sampled %d\n", figures->parts_sampled);
	printf("disk_reads %" PRIu64 " %" PRIu64 "\n", figures->disk_reads,
	       figures->disk_read_bytes);
	printf("restarts %" PRIu64 "\n", figures->restarts);
	printf("inodes %" PRIu64 "\n", figures->inodes);
	printf("records %" PRIu64 " dropped %" PRIu64 "\n", figures->records, figures->dropped);
	printf("samples_lost %" PRIu64 "\nreturns_unseen %" PRIu64 "\n", figures->samples_lost,
	       figures->returns_unseen);
	printf("path %s\n", send->path);
}

/* Work on a command begins where the one before it ended, and ends where its output begins. */
static bool is_timely(const struct event *event)
{
	static uint64_t ended_ns;
	static uint32_t sender;
	bool follows = event->command.began_ns == ended_ns || event->sender != sender ||
		       event->command.kind <= STREAM_C_SNAPSHOT;

	sender = event->sender;
	ended_ns = event->time_ns;
	return follows && event->command.began_ns <= event->command.output_ns &&
	       event->command.output_ns <= event->time_ns;
}

/* The path as "sendprof stream dump" has it, and how long it was before it was cut. */
static void print_command(FILE *file, const struct event *event)
{
	const char *path = event_path(event);

	fprintf(file, " command %s %u %" PRIu64 " %" PRIu64,
		stream_commands[event->command.kind].name, event->command.length,
		event->time_ns - event->command.output_ns, event->command.offset);
	if (!path)
		fputs(" none", file);
	else
		fprintf(file, " %u path=", event->command.path_length);
	for (uint32_t i = 0; path && i + 1 < event->command.path_size; i++) {
		unsigned char byte = path[i];

		fprintf(file, byte > ' ' && byte < 0x7f ? "%c" : "\\%03o", byte);
	}
	if (!is_timely(event))
		fputs(" untimely", file);
}

static void print_event(void *context, const struct event *event)
{
	FILE *file = context;

	fprintf(file, "%u %" PRIu64, event->type, event->ino);
	switch (event->type) {
	case EVENT_COMMAND:
		print_command(file, event);
		break;
	case EVENT_CACHE:
		fprintf(file, " cache %u %u", event->cache.cache, event->cache.operation);
		break;
	case EVENT_BACKREF_WALK:
		fprintf(file, " backref %" PRIu64 " %" PRIu64 " %" PRIu64 " %u %" PRIu64,
			event->backref.bytenr, event->backref.references, event->backref.candidates,
			event->backref.result, event->time_ns - event->backref.began_ns);
		break;
	case EVENT_PATH_RESOLVED:
		fprintf(file, " path %" PRIu64, event->time_ns - event->path.began_ns);
		break;
	case EVENT_BLOCKED:
		fprintf(file, " blocked %u %" PRIu64, event->blocked.reason,
			event->time_ns - event->blocked.began_ns);
		break;
	}
	fputc('\n', file);
}

/* The command waits for the end of what is written into *@go. */
static pid_t start(char **command, int *go)
{
	int ends[2];
	pid_t pid;
	char c;

	if (pipe2(ends, O_CLOEXEC))
		exit(5);
	pid = fork();
	if (!pid) {
		close(ends[1]);
		if (read(ends[0], &c, 1))
			_exit(126);
		execvp(command[0], command);
		_exit(127);
	}
	close(ends[0]);
	*go = ends[1];
	return pid;
}

static int watch(struct tracer *tracer, pid_t pid, FILE *records)
{
	int status;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (tracer)
			tracer_poll(tracer, POLL_MS, print_event, records);
		else
			usleep(POLL_MS * 1000);
	}
	while (tracer && tracer_poll(tracer, 0, print_event, records) > 0)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int print_all(struct tracer *tracer, struct failure *failure)
{
	struct traced_send *sends;
	char programs[256];
	size_t count;
	uint64_t missed;
	int ret = tracer_sends(tracer, &sends, &count, failure);

	if (ret)
		return ret;
	printf("tier %s\n", trace_tier_name(tracer_tier(tracer)));
	printf("reason %s\n", tracer_tier_reason(tracer));
	printf("unseen %" PRIu64 "\n", tracer_unseen(tracer));
	missed = tracer_missed(tracer, programs, sizeof(programs));
	printf("runs_missed %" PRIu64 " %s\n", missed, programs);
	for (unsigned int i = 0; i < METRIC_COUNT; i++) {
		const char *missing = tracer_missing(tracer, i);

		if (missing)
			printf("missing %s: %s\n", trace_metric_key(i), missing);
	}
	for (size_t i = 0; i < count; i++)
		print_send(&sends[i]);
	free(sends);
	return 0;
}

static uint64_t metric_bit(const char *key)
{
	for (unsigned int i = 0; i < METRIC_COUNT; i++) {
		if (!strcmp(key, trace_metric_key(i)))
			return 1ULL << i;
	}
	return 0;
}

static _Noreturn void usage(void)
{
	fprintf(stderr, "usage: tracesend [--tier T] [--all] [--only METRIC]... [--hide TARGET]... "
			"[--records FILE] [--ring BYTES] -- COMMAND\n");
	exit(2);
}

int main(int argc, char **argv)
{
	const char *hidden[HIDDEN_MAX + 1] = {NULL};
	struct tracer_options options = {.tier = TIER_FUNCTION, .hidden = hidden};
	struct failure failure = {0};
	size_t hidden_count = 0;
	FILE *records = NULL, *stacks = NULL;
	struct tracer *tracer;
	bool own = false;
	int status, i, go;
	pid_t pid;

	for (i = 1; i < argc && strcmp(argv[i], "--"); i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : NULL;

		if (!strcmp(argv[i], "--all"))
			options.groups = (1ULL << METRIC_COUNT) - 1;
		else if (!strcmp(argv[i], "--own"))
			own = true;
		else if (!value)
			usage();
		else if (!strcmp(argv[i], "--tier") && trace_tier_find(value, &options.tier))
			options.forced = true;
		else if (!strcmp(argv[i], "--only") && metric_bit(value))
			options.groups |= metric_bit(value);
		else if (!strcmp(argv[i], "--hide") && hidden_count < HIDDEN_MAX)
			hidden[hidden_count++] = value;
		else if (!strcmp(argv[i], "--records"))
			records = fopen(value, "w");
		else if (!strcmp(argv[i], "--ring"))
			options.ring_bytes = strtoul(value, NULL, 0);
		else if (!strcmp(argv[i], "--hertz"))
			options.stack_hertz = strtoul(value, NULL, 0);
		else if (!strcmp(argv[i], "--stacks"))
			stacks = fopen(value, "w");
		else if (strcmp(argv[i], "--tier"))
			usage();
		i += strcmp(argv[i], "--all") && strcmp(argv[i], "--own");
	}
	if (i + 1 >= argc)
		usage();
	options.records = records != NULL;
	pid = start(argv + i + 1, &go);
	options.process = own ? pid : 0;
	if (tracer_open(&options, &tracer, &failure)) {
		fprintf(stderr, "tracesend: %s\n", failure.text);
		return 3;
	}
	close(go);
	status = watch(tracer, pid, records);
	if (tracer && (print_all(tracer, &failure) ||
		       (stacks && tracer_folded_stacks(tracer, NULL, stacks, &failure)))) {
		fprintf(stderr, "tracesend: %s\n", failure.text);
		status = 5;
	}
	tracer_close(tracer);
	if (records)
		fclose(records);
	if (stacks)
		fclose(stacks);
	return status;
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * random-send: for each seed a filesystem made by random operations, then many sends of its
 * snapshots, by the kernel and by the engine: every stream must be equal, byte for byte.
 *
 * A seed makes the same choices in every run. Work that the filesystem does beside them still moves
 * a leaf now and then: in about one run of ten some clone then names another source, just as good.
 * So a difference is kept (--keep) rather than sought again.
 */
#include "tests/system/random/seed.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	JOBS_MAX = 64,
	SEED_SECONDS_MAX = 300, /* then a seed counts as hanging */
};

static const char usage[] =
	"usage: random-send --seed N --count M [--ops K] [--keep DIR] [--jobs J] [--kernel-only]\n"
	"                   [--dump DIR] [--verbose]\n"
	"  --seed N       first seed (1)\n"
	"  --count M      number of seeds (1)\n"
	"  --ops K        operations in each round (by profile)\n"
	"  --keep DIR     of a seed that differs, keep the image and both streams there\n"
	"  --jobs J       seeds at a time (1)\n"
	"  --kernel-only  no engine: count what the kernel's streams contain\n"
	"  --dump DIR     send nothing: write image and list of sends there, for another kernel\n"
	"  --verbose      a line for each seed, and the counts at the end\n"
	"exit status: 0 all equal, 1 a difference or a crash, 2 usage, 3 environment\n";

struct job {
	pid_t pid; /* 0: idle */
	struct seed_result *result;
};

struct campaign {
	const struct options *options;
	struct job jobs[JOBS_MAX];
	struct coverage total;
	uint64_t started;
	uint64_t failed;
	int status;
};

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
	interrupted = number;
}

static int parse_number(const char *text, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 10);
	return errno || *end || end == text ? -EINVAL : 0;
}

static int parse_options(int argc, char **argv, struct options *options)
{
	static const struct option table[] = {
		{"seed", required_argument, NULL, 's'},
		{"count", required_argument, NULL, 'c'},
		{"ops", required_argument, NULL, 'o'},
		{"keep", required_argument, NULL, 'k'},
		{"jobs", required_argument, NULL, 'j'},
		{"kernel-only", no_argument, NULL, 'K'},
		{"dump", required_argument, NULL, 'd'},
		{"verbose", no_argument, NULL, 'v'},
		{NULL, 0, NULL, 0},
	};
	uint64_t operations = 0, jobs = 1;
	int option, ret = 0;

	*options = (struct options){.first_seed = 1, .count = 1};
	while (!ret && (option = getopt_long(argc, argv, "", table, NULL)) != -1) {
		if (option == 's')
			ret = parse_number(optarg, &options->first_seed);
		else if (option == 'c')
			ret = parse_number(optarg, &options->count);
		else if (option == 'o')
			ret = parse_number(optarg, &operations);
		else if (option == 'j')
			ret = parse_number(optarg, &jobs);
		else if (option == 'k')
			options->keep = optarg;
		else if (option == 'd')
			options->dump = optarg;
		else if (option == 'K')
			options->kernel_only = true;
		else if (option == 'v')
			options->verbose = true;
		else
			ret = -EINVAL;
	}
	if (ret || optind != argc || !jobs || jobs > JOBS_MAX || operations > 100000)
		return -EINVAL;
	options->operations = operations;
	options->jobs = jobs;
	return 0;
}

/* Each seed in a process of its own: a crash of the engine is a result, not the end. */
static int start_seed(struct campaign *campaign, struct job *job)
{
	memset(job->result, 0, sizeof(*job->result));
	job->result->seed = campaign->options->first_seed + campaign->started;
	job->pid = fork();
	if (job->pid < 0)
		return -errno;
	campaign->started++;
	if (job->pid)
		return 0;
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	alarm(SEED_SECONDS_MAX);
	exit(seed_run(campaign->options, job->result));
}

static void finish_seed(struct campaign *campaign, struct job *job, int status)
{
	job->pid = 0;
	coverage_merge(&campaign->total, &job->result->coverage);
	if (WIFEXITED(status) && WEXITSTATUS(status) == STATUS_EQUAL)
		return;
	campaign->failed++;
	if (WIFEXITED(status) && WEXITSTATUS(status) == STATUS_ENVIRONMENT) {
		campaign->status = STATUS_ENVIRONMENT;
		return;
	}
	if (!WIFEXITED(status))
		printf("seed %" PRIu64 ": CRASHED: signal %d (%s) in: %s\n", job->result->seed,
		       WTERMSIG(status), strsignal(WTERMSIG(status)), job->result->stage);
	else if (WEXITSTATUS(status) != STATUS_DIFFERENT)
		printf("seed %" PRIu64 ": CRASHED: exit status %d in: %s\n", job->result->seed,
		       WEXITSTATUS(status), job->result->stage);
	fflush(stdout);
	if (campaign->status == STATUS_EQUAL)
		campaign->status = STATUS_DIFFERENT;
}

static struct job *find_job(struct campaign *campaign, pid_t pid)
{
	for (unsigned int i = 0; i < campaign->options->jobs; i++)
		if (campaign->jobs[i].pid == pid)
			return &campaign->jobs[i];
	return NULL;
}

static void run_campaign(struct campaign *campaign)
{
	const struct options *options = campaign->options;
	unsigned int running = 0;

	while (!interrupted && (running || campaign->started < options->count)) {
		struct job *job = find_job(campaign, 0);
		int status;
		pid_t pid;

		if (job && campaign->started < options->count &&
		    campaign->status <= STATUS_DIFFERENT) {
			if (start_seed(campaign, job)) {
				perror("random-send: fork");
				campaign->status = STATUS_ENVIRONMENT;
				job->pid = 0;
			} else {
				running++;
			}
			continue;
		}
		if (!running)
			break;
		pid = wait(&status);
		job = pid > 0 ? find_job(campaign, pid) : NULL;
		if (!job)
			continue;
		running--;
		finish_seed(campaign, job, status);
		if (isatty(STDERR_FILENO))
			fprintf(stderr, "\r%" PRIu64 " of %" PRIu64 " seeds, %" PRIu64 " failed ",
				campaign->total.seeds, options->count, campaign->failed);
	}
	for (unsigned int i = 0; i < options->jobs; i++)
		if (campaign->jobs[i].pid) {
			kill(campaign->jobs[i].pid, SIGTERM);
			waitpid(campaign->jobs[i].pid, NULL, 0);
		}
	if (isatty(STDERR_FILENO))
		fputc('\n', stderr);
}

/* Make a folder that was given, and its path one that holds in every working directory. */
static int make_folder(const char **folder)
{
	if (!*folder)
		return 0;
	if (mkdir(*folder, 0755) && errno != EEXIST)
		return -errno;
	*folder = realpath(*folder, NULL);
	return *folder ? 0 : -errno;
}

static int prepare(struct campaign *campaign)
{
	struct sigaction action = {.sa_handler = on_signal}; /* no SA_RESTART: wait() must return */
	struct seed_result *results;
	size_t size = campaign->options->jobs * sizeof(*results);

	results = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (results == MAP_FAILED)
		return -errno;
	for (unsigned int i = 0; i < campaign->options->jobs; i++)
		campaign->jobs[i].result = &results[i];
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	return 0;
}

int main(int argc, char **argv)
{
	static struct campaign campaign;
	struct options options;

	if (parse_options(argc, argv, &options)) {
		fputs(usage, stderr);
		return STATUS_USAGE;
	}
	campaign.options = &options;
	if (make_folder(&options.dump) || make_folder(&options.keep) || prepare(&campaign)) {
		perror("random-send");
		return STATUS_ENVIRONMENT;
	}
	run_campaign(&campaign);
	if (options.kernel_only || options.verbose)
		coverage_print(&campaign.total, stdout);
	printf("random-send: %" PRIu64 " seeds from %" PRIu64 ", %" PRIu64 " sends, %" PRIu64
	       " bytes: %s (%" PRIu64 " failed)\n",
	       campaign.total.seeds, options.first_seed, campaign.total.sends, campaign.total.bytes,
	       interrupted			     ? "interrupted"
	       : campaign.failed		     ? "NOT EQUAL"
	       : options.kernel_only || options.dump ? "done"
						     : "all equal",
	       campaign.failed);
	/* The totals that every test suite ends with; here a test is a seed. */
	printf("%" PRIu64 " passed, %" PRIu64 " failed, 0 skipped\n",
	       campaign.started - campaign.failed, campaign.failed);
	/* Of make_folder(). */
	free((char *)options.dump);
	free((char *)options.keep);
	return interrupted ? 128 + interrupted : campaign.status;
}

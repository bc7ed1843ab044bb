/* SPDX-License-Identifier: GPL-2.0 */
#include "tests/system/random/seed.h"

#include "engine/sendengine.h"
#include "tests/system/random/compare.h"
#include "tests/system/random/sends.h"
#include "tests/system/random/world.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	BUILD_TRIES = 3,
};

struct seed {
	const struct options *options;
	struct seed_result *result;
	struct plan plan;
	struct image image;
	struct world world;
	struct send_list list;
	struct volume *volume;
	struct stream kernel;
	struct stream engine;
	struct accounting accounting;
	FILE *out;
};

static int seed_error(struct seed *seed, const char *what, const char *why)
{
	fprintf(seed->out, "seed %" PRIu64 ": %s: %s\n", seed->plan.seed, what, why);
	return STATUS_ENVIRONMENT;
}

static void path_in(const struct seed *seed, const char *folder, const char *suffix,
		    char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/seed-%" PRIu64 "%s", folder, seed->plan.seed, suffix);
}

static void keep_path(const struct seed *seed, const char *suffix, char path[PATH_MAX])
{
	path_in(seed, seed->options->keep, suffix, path);
}

static void keep_stream(struct seed *seed, const char *suffix, const struct stream *stream)
{
	char path[PATH_MAX];
	FILE *file;

	keep_path(seed, suffix, path);
	file = fopen(path, "we");
	if (!file || fwrite(stream->data, 1, stream->length, file) != stream->length)
		fprintf(seed->out, "  %s: %s\n", path, strerror(errno));
	if (file)
		fclose(file);
}

static void report_difference(struct seed *seed, unsigned int number)
{
	const struct send_plan *send = &seed->list.sends[number];
	char text[1024];

	send_describe(send, text, sizeof(text));
	fprintf(seed->out, "seed %" PRIu64 ": DIFFERENT in send %u of %u: %s\n", seed->plan.seed,
		number + 1, seed->list.count, text);
	plan_describe(&seed->plan, text, sizeof(text));
	fprintf(seed->out, "  %s\n", text);
	streams_report(&seed->kernel, &seed->engine, volume_failure(seed->volume)->text, seed->out);
	if (!seed->options->keep)
		return;
	keep_stream(seed, ".kernel", &seed->kernel);
	keep_stream(seed, ".engine", &seed->engine);
	fprintf(seed->out, "  kept: %s/seed-%" PRIu64 ".{img,kernel,engine}\n", seed->options->keep,
		seed->plan.seed);
}

static void count_send(struct coverage *coverage, const struct send_plan *send, int code)
{
	coverage->sends++;
	coverage->special[SPECIAL_NO_DATA_SEND] += send->no_file_data;
	coverage->special[SPECIAL_KERNEL_FAILED] += code != 0;
	if (!send->parent) {
		coverage->special[SPECIAL_FULL_SEND]++;
		return;
	}
	coverage->special[SPECIAL_INCREMENTAL_SEND]++;
	coverage->special[SPECIAL_BACKWARD_SEND] += send->parent->id > send->snapshot->id;
	coverage->special[SPECIAL_UNRELATED_SEND] += send->parent->line != send->snapshot->line;
}

/* The same send by the faithful finder, shown as the kernel's, and by the indexed one. */
static int compare_finders(struct seed *seed, unsigned int number)
{
	const struct send_plan *send = &seed->list.sends[number];

	send_by_both_finders(send, number, seed->volume, &seed->kernel, &seed->engine);
	if (streams_equal(&seed->kernel, &seed->engine))
		return STATUS_EQUAL;
	fprintf(seed->out, "seed %" PRIu64 ": the indexed finder, here as the engine:\n",
		seed->plan.seed);
	report_difference(seed, number);
	return STATUS_DIFFERENT;
}

/* What the engine's last send tells of what it wrote. */
static int check_account(struct seed *seed, unsigned int number)
{
	if (seed->engine.code ||
	    !accounting_check(&seed->accounting, seed->engine.data, seed->engine.length, seed->out))
		return STATUS_EQUAL;
	fprintf(seed->out, "seed %" PRIu64 ": wrong account of send %u: %s\n", seed->plan.seed,
		number + 1, seed->result->stage);
	return STATUS_DIFFERENT;
}

/* The old generation has no kernel here to be compared with: it may fail, but not write rubbish. */
static int run_generation(struct seed *seed, unsigned int number)
{
	struct send_plan send = seed->list.sends[number];
	struct coverage *coverage = &seed->result->coverage;
	struct failure failure = {0};

	send.protocol = 1;
	send.compressed_data = false;
	send_by_engine(&send, seed->volume, GENERATION_2012, &seed->engine, &seed->accounting);
	coverage->special[SPECIAL_2012_FAILED] += seed->engine.code != 0;
	coverage->special[SPECIAL_2012_NOTICES] += seed->engine.notices;
	if (stream_check(&seed->engine, &failure) == 0)
		return check_account(seed, number);
	seed_error(seed, "DIFFERENT: generation 2012 writes what is no stream", failure.text);
	return STATUS_DIFFERENT;
}

/* Both senders on one send. */
static int run_send(struct seed *seed, unsigned int number)
{
	const struct send_plan *send = &seed->list.sends[number];
	struct coverage *coverage = &seed->result->coverage;
	struct failure failure = {0};
	int status;

	send_describe(send, seed->result->stage, sizeof(seed->result->stage));
	send_by_kernel(send, seed->world.mount_fd, &seed->kernel);
	count_send(coverage, send, seed->kernel.code);
	if (!seed->kernel.code &&
	    coverage_add_stream(coverage, seed->kernel.data, seed->kernel.length, &failure))
		return seed_error(seed, seed->result->stage, failure.text);
	if (seed->options->kernel_only)
		return STATUS_EQUAL;
	send_by_engine(send, seed->volume, GENERATION_6_18, &seed->engine, &seed->accounting);
	if (!streams_equal(&seed->kernel, &seed->engine)) {
		report_difference(seed, number);
		return STATUS_DIFFERENT;
	}
	if (!seed->engine.code)
		coverage_add_losses(coverage, seed->accounting.losses.bytes);
	status = check_account(seed, number);
	if (status == STATUS_EQUAL)
		status = compare_finders(seed, number);
	return status == STATUS_EQUAL ? run_generation(seed, number) : status;
}

/*
 * The senders read one committed state: the image is mounted read-only, so that nothing, no cleaner
 * and no commit, can change it between them.
 */
static int run_sends(struct seed *seed)
{
	static const struct volume_options options = {.still = true};
	struct failure failure = {0};
	int status = STATUS_EQUAL;

	if (sends_plan(&seed->world, &seed->list))
		return seed_error(seed, "plan", "no memory");
	if (image_mount(&seed->image, seed->plan.mount_options, true))
		return seed_error(seed, "read-only", seed->image.error);
	seed->world.mount_fd = image_open_root(&seed->image);
	if (seed->world.mount_fd < 0)
		return seed_error(seed, "top directory", strerror(-seed->world.mount_fd));
	if (!seed->options->kernel_only &&
	    volume_open(seed->image.path, &options, &seed->volume, &failure)) {
		seed_error(seed, "DIFFERENT: the engine cannot open the image", failure.text);
		return STATUS_DIFFERENT;
	}
	for (unsigned int i = 0; i < seed->list.count && status == STATUS_EQUAL; i++)
		status = run_send(seed, i);
	return status;
}

static int build_once(struct seed *seed)
{
	strcpy(seed->result->stage, "building the filesystem");
	memset(&seed->result->coverage, 0, sizeof(seed->result->coverage));
	if (image_create(&seed->image, &seed->plan))
		return seed_error(seed, "image", seed->image.error);
	if (world_build(&seed->world, &seed->plan, &seed->image, &seed->result->coverage))
		return seed_error(seed, "build", seed->world.error);
	return STATUS_EQUAL;
}

/*
 * Again if it fails: about once in two thousand seeds the kernel notices, as it writes a
 * transaction, that it has given out space twice, and gives the filesystem up.
 */
static int build(struct seed *seed)
{
	int status = build_once(seed);

	for (int try = 1; try < BUILD_TRIES && status != STATUS_EQUAL; try++) {
		world_release(&seed->world);
		image_release(&seed->image);
		status = build_once(seed);
	}
	return status;
}

/* What another kernel needs to do the sends of this seed. */
static int dump(struct seed *seed)
{
	char path[PATH_MAX];
	int code;

	path_in(seed, seed->options->dump, ".img", path);
	if (image_save(&seed->image, path))
		return seed_error(seed, "dump", seed->image.error);
	if (sends_plan(&seed->world, &seed->list))
		return seed_error(seed, "plan", "no memory");
	path_in(seed, seed->options->dump, ".sends", path);
	code = sends_write(&seed->list, path);
	return code ? seed_error(seed, path, strerror(-code)) : STATUS_EQUAL;
}

/* With --keep the image is there before the engine runs: it may crash. */
static int build_and_send(struct seed *seed)
{
	char path[PATH_MAX];
	int status = build(seed);

	if (status != STATUS_EQUAL)
		return status;
	if (seed->options->dump)
		return dump(seed);
	if (!seed->options->keep)
		return run_sends(seed);
	keep_path(seed, ".img", path);
	if (image_save(&seed->image, path))
		return seed_error(seed, "keep", seed->image.error);
	status = run_sends(seed);
	if (status == STATUS_EQUAL)
		unlink(path);
	return status;
}

static void print_line(struct seed *seed, const struct timespec *began)
{
	const struct coverage *coverage = &seed->result->coverage;
	struct timespec now;
	char text[512];

	clock_gettime(CLOCK_MONOTONIC, &now);
	plan_describe(&seed->plan, text, sizeof(text));
	fprintf(seed->out,
		"seed %" PRIu64 ": %" PRIu64 " sends, %" PRIu64 " bytes, digest %016" PRIx64
		", %.2f s; %s\n",
		seed->plan.seed, coverage->sends, coverage->bytes, coverage->digest,
		now.tv_sec - began->tv_sec + (now.tv_nsec - began->tv_nsec) / 1e9, text);
}

static void seed_release(struct seed *seed)
{
	volume_close(seed->volume);
	world_release(&seed->world);
	image_release(&seed->image);
	sends_release(&seed->list);
	stream_release(&seed->kernel);
	stream_release(&seed->engine);
}

int seed_run(const struct options *options, struct seed_result *result)
{
	struct seed seed = {.options = options, .result = result, .image = {.fd = -1, .mount = -1}};
	struct timespec began;
	char *text = NULL;
	size_t length;
	int status;

	clock_gettime(CLOCK_MONOTONIC, &began);
	seed.world.mount_fd = -1;
	seed.out = open_memstream(&text, &length);
	if (!seed.out)
		return STATUS_ENVIRONMENT;
	plan_make(&seed.plan, result->seed, options->operations);
	status = build_and_send(&seed);
	result->coverage.seeds = 1;
	result->coverage.seeds_different = status == STATUS_DIFFERENT;
	if (options->verbose)
		print_line(&seed, &began);
	seed_release(&seed);
	fclose(seed.out);
	fwrite(text, 1, length, stdout);
	fflush(stdout);
	free(text);
	return status;
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * replay: the engine's streams beside those that another kernel made of the same image.
 *
 *	replay [--generation NAME] [--keep] CASE...
 *
 * A case is a path: CASE.img is the image, CASE.sends lists the sends, CASE.K.kernel is the stream
 * of the K-th, or CASE.K.failed is there instead because the kernel's send failed. A line of the
 * list is
 *
 *	K PATH ID PARENT-ID PROTOCOL FLAGS CLONE-SOURCE-ID...
 *
 * PATH and ID are the snapshot's, PARENT-ID is 0 for a full send; FLAGS has "n" for no file data,
 * "z" for compressed data, or is "-". tests/guest/oracle does such a list with a kernel.
 *
 * Prints a line for each case and for the first sends that differ; the engine's stream of each that
 * does is written to CASE.K.engine. What was equal is removed unless --keep is given. Exit status:
 *0 all equal, 1 a difference, 2 usage, 3 a file cannot be read or a stream is missing.
 */
#include "engine/sendengine.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	CLONES_MAX = 256,
	LINE_MAX_BYTES = 8192,
	STREAM_FIRST_CAPACITY = 1 << 20,
	REPORTED_MAX = 5, /* sends of a case that differ */
};

enum status { EQUAL, DIFFERENT, USAGE, ENVIRONMENT };

struct options {
	struct generation generation;
	bool keep;
};

struct bytes {
	uint8_t *data;
	size_t length, capacity;
};

struct send_line {
	char line[LINE_MAX_BYTES];
	unsigned int number;
	struct send_request request;
	uint64_t clones[CLONES_MAX];
};

struct totals {
	unsigned int sends, different, failed;
	uint64_t bytes;
};

static int append(void *context, const void *data, size_t length)
{
	struct bytes *bytes = context;

	if (length > bytes->capacity - bytes->length) {
		size_t capacity = bytes->capacity ? bytes->capacity : STREAM_FIRST_CAPACITY;
		uint8_t *grown;

		while (capacity - bytes->length < length)
			capacity *= 2;
		grown = realloc(bytes->data, capacity);
		if (!grown)
			return -ENOMEM;
		bytes->data = grown;
		bytes->capacity = capacity;
	}
	memcpy(bytes->data + bytes->length, data, length);
	bytes->length += length;
	return 0;
}

static void path_of(const char *name, const char *suffix, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s.%s", name, suffix);
}

static void path_of_send(const char *name, unsigned int number, const char *kind,
			 char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s.%u.%s", name, number, kind);
}

/* The file as a whole; false without it. */
static bool read_file(const char *path, struct bytes *bytes)
{
	FILE *file = fopen(path, "re");
	uint8_t chunk[1 << 16];
	size_t length;
	bool good = file;

	bytes->length = 0;
	while (good && (length = fread(chunk, 1, sizeof(chunk), file)) > 0)
		good = !append(bytes, chunk, length);
	if (file) {
		good = good && !ferror(file);
		fclose(file);
	}
	return good;
}

static bool write_file(const char *path, const struct bytes *bytes)
{
	FILE *file = fopen(path, "we");
	bool good = file && fwrite(bytes->data, 1, bytes->length, file) == bytes->length;

	if (file && fclose(file))
		good = false;
	return good;
}

/* False if the line is not one of a list. */
static bool parse_line(struct send_line *send)
{
	char words[LINE_MAX_BYTES], *save, *word, *flags = NULL;
	unsigned int field = 0;

	strcpy(words, send->line);
	send->request = (struct send_request){.clone_ids = send->clones};
	for (word = strtok_r(words, " \n", &save); word; word = strtok_r(NULL, " \n", &save)) {
		switch (field++) {
		case 0:
			send->number = strtoul(word, NULL, 10);
			break;
		case 1: /* the path, for who sends from a mount */
			break;
		case 2:
			send->request.root_id = strtoull(word, NULL, 10);
			break;
		case 3:
			send->request.parent_id = strtoull(word, NULL, 10);
			break;
		case 4:
			send->request.protocol = strtoul(word, NULL, 10);
			break;
		case 5:
			flags = word;
			break;
		default:
			if (send->request.clone_count == CLONES_MAX)
				return false;
			send->clones[send->request.clone_count++] = strtoull(word, NULL, 10);
		}
	}
	if (!flags)
		return false;
	send->request.flags = (strchr(flags, 'n') ? SEND_NO_FILE_DATA : 0) |
			      (strchr(flags, 'z') ? SEND_COMPRESSED : 0);
	return true;
}

static size_t first_difference(const struct bytes *a, const struct bytes *b)
{
	size_t shorter = a->length < b->length ? a->length : b->length, at = 0;

	while (at < shorter && a->data[at] == b->data[at])
		at++;
	return at;
}

static enum status keep_stream(const char *name, unsigned int number, const struct bytes *engine)
{
	char path[PATH_MAX];

	path_of_send(name, number, "engine", path);
	return write_file(path, engine) ? DIFFERENT : ENVIRONMENT;
}

static void report(const char *name, const struct send_line *send, const struct bytes *kernel,
		   const struct bytes *engine, const char *kernel_failure,
		   const char *engine_failure)
{
	printf("%s: DIFFERENT: %.*s\n", name, (int)strcspn(send->line, "\n"), send->line);
	if (!kernel_failure && !engine_failure)
		printf("  at byte %zu, of %zu by the kernel and %zu by the engine\n",
		       first_difference(kernel, engine), kernel->length, engine->length);
	else
		printf("  kernel: %s; engine: %s\n", kernel_failure ? kernel_failure : "ok",
		       engine_failure ? engine_failure : "ok");
}

static enum status replay_send(const struct options *options, const char *name,
			       struct volume *volume, struct send_line *send, struct totals *totals)
{
	static struct bytes kernel, engine;
	struct send_summary summary;
	char path[PATH_MAX];
	bool failed = false;
	int code;

	path_of_send(name, send->number, "kernel", path);
	if (!read_file(path, &kernel)) {
		path_of_send(name, send->number, "failed", path);
		if (!read_file(path, &kernel) || append(&kernel, "", 1)) {
			fprintf(stderr, "replay: %s: no stream of send %u\n", name, send->number);
			return ENVIRONMENT;
		}
		failed = true;
	}
	engine.length = 0;
	send->request.generation = options->generation;
	send->request.sink = append;
	send->request.sink_context = &engine;
	code = send_run(volume, &send->request, &summary);
	totals->sends++;
	totals->failed += failed;
	totals->bytes += failed ? 0 : kernel.length;
	if (failed == (code != 0) &&
	    (failed || (kernel.length == engine.length &&
			!memcmp(kernel.data, engine.data, kernel.length)))) {
		if (!options->keep)
			unlink(path);
		return EQUAL;
	}
	if (totals->different++ < REPORTED_MAX)
		report(name, send, &kernel, &engine, failed ? (char *)kernel.data : NULL,
		       code ? volume_failure(volume)->text : NULL);
	return keep_stream(name, send->number, &engine);
}

static enum status replay_list(const struct options *options, const char *name,
			       struct volume *volume, FILE *list)
{
	static struct send_line send;
	struct totals totals = {0};
	enum status worst = EQUAL;

	while (fgets(send.line, sizeof(send.line), list)) {
		enum status status;

		if (!parse_line(&send)) {
			fprintf(stderr, "replay: %s.sends: not a send: %s", name, send.line);
			return ENVIRONMENT;
		}
		status = replay_send(options, name, volume, &send, &totals);
		worst = status > worst ? status : worst;
	}
	printf("%s: %u sends, %" PRIu64 " bytes, %u different, %u failed by the kernel\n", name,
	       totals.sends, totals.bytes, totals.different, totals.failed);
	return totals.sends ? worst : ENVIRONMENT;
}

static enum status replay_case(const struct options *options, const char *name)
{
	static const struct volume_options defaults;
	struct failure failure = {0};
	struct volume *volume = NULL;
	char image[PATH_MAX], path[PATH_MAX];
	enum status status = ENVIRONMENT;
	FILE *list;

	path_of(name, "sends", path);
	list = fopen(path, "re");
	path_of(name, "img", image);
	if (!list)
		fprintf(stderr, "replay: %s: %s\n", path, strerror(errno));
	else if (volume_open(image, &defaults, &volume, &failure))
		fprintf(stderr, "replay: %s: %s\n", image, failure.text);
	else
		status = replay_list(options, name, volume, list);
	if (list)
		fclose(list);
	volume_close(volume);
	if (status == EQUAL && !options->keep) {
		unlink(image);
		unlink(path);
	}
	return status;
}

int main(int argc, char **argv)
{
	static const struct option table[] = {
		{"generation", required_argument, NULL, 'g'},
		{"keep", no_argument, NULL, 'k'},
		{NULL, 0, NULL, 0},
	};
	struct options options = {.generation.id = GENERATION_6_18};
	enum status worst = EQUAL;
	int option;

	while ((option = getopt_long(argc, argv, "", table, NULL)) != -1) {
		if (option == 'k') {
			options.keep = true;
		} else if (option != 'g' || !generation_find(optarg, &options.generation.id)) {
			fprintf(stderr, "usage: replay [--generation NAME] [--keep] CASE...\n");
			return USAGE;
		}
	}
	for (int i = optind; i < argc; i++) {
		enum status status = replay_case(&options, argv[i]);

		worst = status > worst ? status : worst;
		fflush(stdout);
	}
	return optind < argc ? worst : USAGE;
}

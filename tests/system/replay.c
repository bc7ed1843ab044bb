/* SPDX-License-Identifier: GPL-2.0 */
/*
 * replay: the engine's streams beside those that another kernel made of the same image.
 *
 *	replay [--generation NAME] [--keep] CASE...
 *
 * A case is a path: CASE.img is the image and CASE.sends lists the sends. tests/guest/oracle does
 * them with a kernel: CASE.K.kernel is then the stream of the K-th. CASE.K.failed is there too if
 *the kernel's send failed, and says how. In place of both CASE.K.untried says why it could not be
 *tried, and CASE.unmounted why none could. A line of the list is
 *
 *	K ID PARENT-ID PROTOCOL FLAGS CLONE-SOURCE-ID[,ID...] PATH
 *
 * ID and PATH are the snapshot's, and the path goes to the end of the line. PARENT-ID is 0 for a
 *full send; FLAGS has "n" for no file data, "z" for compressed data, or is "-"; without clone
 *sources there is a "-".
 *
 * Prints a line for each case and for the first sends that differ; the engine's stream of each that
 * does is written to CASE.K.engine. What was equal is removed unless --keep is given. Exit status:
 * 0 all equal, 1 a difference, 2 usage, 3 a file cannot be read or a stream is missing.
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
	bool good = file && (!bytes->length ||
			     fwrite(bytes->data, 1, bytes->length, file) == bytes->length);

	if (file && fclose(file))
		good = false;
	return good;
}

/* False if @text is not a list of sources. */
static bool parse_clones(char *text, struct send_line *send)
{
	char *save;

	if (!strcmp(text, "-"))
		return true;
	for (char *word = strtok_r(text, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
		if (send->request.clone_count == CLONES_MAX)
			return false;
		send->clones[send->request.clone_count++] = strtoull(word, NULL, 10);
	}
	return true;
}

/* False if the line is not one of a list. The path is for who sends from a mount. */
static bool parse_line(struct send_line *send)
{
	char flags[8], sources[LINE_MAX_BYTES];

	send->request = (struct send_request){.clone_ids = send->clones};
	if (sscanf(send->line, "%u %" SCNu64 " %" SCNu64 " %" SCNu32 " %7s %s %*[^\n]",
		   &send->number, &send->request.root_id, &send->request.parent_id,
		   &send->request.protocol, flags, sources) != 6)
		return false;
	send->request.flags = (strchr(flags, 'n') ? SEND_NO_FILE_DATA : 0) |
			      (strchr(flags, 'z') ? SEND_COMPRESSED : 0);
	return parse_clones(sources, send);
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

/* What the kernel made of a send; a borrowed @failure is the text of one that it failed. */
struct oracle {
	struct bytes stream;
	struct bytes text;
	const char *failure;
};

/* The text of a file, NULL without it; valid until @bytes is read again. */
static const char *read_text(const char *path, struct bytes *bytes)
{
	if (!read_file(path, bytes) || append(bytes, "", 1))
		return NULL;
	bytes->data[strcspn((char *)bytes->data, "\n")] = '\0';
	return (char *)bytes->data;
}

static enum status read_oracle(const char *name, const struct send_line *send,
			       struct oracle *oracle)
{
	char path[PATH_MAX];
	const char *why;

	path_of_send(name, send->number, "failed", path);
	oracle->failure = read_text(path, &oracle->text);
	path_of_send(name, send->number, "kernel", path);
	if (read_file(path, &oracle->stream))
		return EQUAL;
	path_of_send(name, send->number, "untried", path);
	why = read_text(path, &oracle->text);
	fprintf(stderr, "replay: %s: no stream of send %u%s%s\n", name, send->number,
		why ? ": " : "", why ? why : "");
	return ENVIRONMENT;
}

static void remove_stream(const char *name, unsigned int number)
{
	static const char *const kinds[] = {"kernel", "failed"};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		char path[PATH_MAX];

		path_of_send(name, number, kinds[i], path);
		unlink(path);
	}
}

static bool is_equal(const struct oracle *kernel, const struct bytes *engine, bool engine_failed)
{
	size_t same = first_difference(&kernel->stream, engine);

	if (engine_failed != (kernel->failure != NULL))
		return false;
	/* One that fails may have said a little more before it noticed. */
	if (engine_failed)
		return same == kernel->stream.length || same == engine->length;
	return same == kernel->stream.length && same == engine->length;
}

static void report(const char *name, const struct send_line *send, const struct oracle *kernel,
		   const struct bytes *engine, const char *engine_failure)
{
	printf("%s: DIFFERENT: %.*s\n", name, (int)strcspn(send->line, "\n"), send->line);
	printf("  at byte %zu, of %zu by the kernel and %zu by the engine\n",
	       first_difference(&kernel->stream, engine), kernel->stream.length, engine->length);
	if (kernel->failure || engine_failure)
		printf("  kernel: %s; engine: %s\n", kernel->failure ? kernel->failure : "ok",
		       engine_failure ? engine_failure : "ok");
}

static enum status replay_send(const struct options *options, const char *name,
			       struct volume *volume, struct send_line *send, struct totals *totals)
{
	static struct bytes engine;
	static struct oracle kernel;
	struct send_summary summary;
	enum status status = read_oracle(name, send, &kernel);
	int code;

	if (status != EQUAL)
		return status;
	engine.length = 0;
	send->request.generation = options->generation;
	send->request.sink = append;
	send->request.sink_context = &engine;
	code = send_run(volume, &send->request, &summary);
	totals->sends++;
	totals->failed += kernel.failure != NULL;
	totals->bytes += kernel.failure ? 0 : kernel.stream.length;
	if (is_equal(&kernel, &engine, code != 0)) {
		if (!options->keep)
			remove_stream(name, send->number);
		return EQUAL;
	}
	if (totals->different++ < REPORTED_MAX)
		report(name, send, &kernel, &engine, code ? volume_failure(volume)->text : NULL);
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

static enum status replay_image(const struct options *options, const char *name)
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

static enum status replay_case(const struct options *options, const char *name)
{
	static struct bytes text;
	char path[PATH_MAX];
	const char *why;

	path_of(name, "unmounted", path);
	why = read_text(path, &text);
	if (!why)
		return replay_image(options, name);
	fprintf(stderr, "replay: %s: the kernel did not mount it: %s\n", name, why);
	return ENVIRONMENT;
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

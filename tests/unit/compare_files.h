/* SPDX-License-Identifier: GPL-2.0 */
/* Results made up for the tests of comparisons, as files. */
#ifndef TESTS_UNIT_COMPARE_FILES_H
#define TESTS_UNIT_COMPARE_FILES_H

#include "profiler/comparison.h"
#include "profiler/gate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { COMPARE_FILES_MAX = 4 };

/* Files that are removed when the test is over. */
static char compare_paths[COMPARE_FILES_MAX][64];
static size_t compare_path_count;

static inline char *compare_file(const char *text, size_t length)
{
	char *path = compare_paths[compare_path_count];
	int fd;

	assert_true(compare_path_count < COMPARE_FILES_MAX);
	compare_path_count++;
	strcpy(path, "/tmp/sendprof-compare.XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, length), length);
	close(fd);
	return path;
}

static inline void compare_files_remove(void)
{
	while (compare_path_count)
		unlink(compare_paths[--compare_path_count]);
}

static inline char *compare_json_file(json_t *json)
{
	char *text = json_dumps(json, 0);
	char *path;

	assert_non_null(text);
	path = compare_file(text, strlen(text));
	free(text);
	json_decref(json);
	return path;
}

/* @milliseconds of each measured repeat end with 0; before them comes a warm-up of ten times that.
 */
static inline json_t *compare_samples(const double *milliseconds)
{
	json_t *samples = json_array();

	for (size_t i = 0; !i || milliseconds[i - 1] > 0; i++) {
		double ms = i ? milliseconds[i - 1] : 10 * milliseconds[0];

		json_array_append_new(
			samples, json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b}", "repeat",
					   (json_int_t)i, "duration_ns", (json_int_t)(ms * 1e6),
					   "first_byte_ns", (json_int_t)(ms * 1e3), "cpu_ns",
					   (json_int_t)(ms * 5e5), "bytes", (json_int_t)4096,
					   "commands", (json_int_t)12, "generation", (json_int_t)7,
					   "repeated_for_commit", 0));
	}
	return samples;
}

static inline json_t *compare_side(const double *milliseconds, bool caches)
{
	json_t *side = json_pack("{s:o, s:{}, s:n}", "samples", compare_samples(milliseconds),
				 "kinds", "error");

	if (caches)
		json_object_set_new(
			side, "caches",
			json_pack("{s:{s:i, s:i}}", "backref", "lookups", 1000, "hits", 900));
	return side;
}

static inline json_t *compare_result(const double *kernel, const double *engine)
{
	return json_pack("{s:i, s:s, s:{s:s, s:i}, s:{s:o, s:o}, s:n}", "schema_version", 1,
			 "verdict", "equal", "environment", "kernel", "6.18", "cpus", 2, "sides",
			 "kernel", compare_side(kernel, false), "engine",
			 compare_side(engine, true), "divergence");
}

/* A bench of one workload each; ended by NULL: name, then result. References are taken. */
static inline json_t *compare_bench(const char *name, ...)
{
	json_t *array = json_array();
	va_list arguments;

	va_start(arguments, name);
	for (; name; name = va_arg(arguments, const char *))
		json_array_append_new(array, json_pack("{s:s, s:{s:i, s:s}, s:o}", "name", name,
						       "parameters", "refs", 10, "mode", "x",
						       "result", va_arg(arguments, json_t *)));
	va_end(arguments);
	return json_pack("{s:i, s:s, s:o}", "schema_version", 1, "kind", "bench", "workloads",
			 array);
}

/* Compare @count files by @conditions, ended by NULL, beside that on the streams. */
static inline int compare_files(struct comparison *comparison, char *const *paths, size_t count,
				const char *const *conditions, bool missing_fails,
				struct failure *failure)
{
	struct gate *gates = calloc(16, sizeof(*gates));
	size_t gate_count = 0;

	assert_non_null(gates);
	assert_int_equal(gate_parse(&gates[gate_count++], GATE_STREAMS_TEXT, failure), 0);
	for (; *conditions; conditions++)
		if (gate_parse(&gates[gate_count++], *conditions, failure) < 0)
			fail_msg("%s", failure->text);
	return comparison_build(comparison, paths, count, gates, gate_count, missing_fails,
				failure);
}

#endif

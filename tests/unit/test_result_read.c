/* SPDX-License-Identifier: GPL-2.0 */
/* Results read back from JSON: nothing that is shown is lost, and nothing in a file can do harm. */
#include "reports/report.h"
#include "tests/unit/html_check.h"
#include "tests/unit/sample_result.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static struct result sample, again; /* too large for a stack */

static char *rendered(const struct result *result, int (*render)(const struct result *, FILE *))
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_int_equal(render(result, out), 0);
	fclose(out);
	return text;
}

static int as_text(const struct result *result, FILE *out)
{
	return report_text(result, out, true, 100);
}

static int as_html(const struct result *result, FILE *out)
{
	return report_html(result, NULL, out);
}

static void expect_same(int (*render)(const struct result *, FILE *))
{
	char *before = rendered(&sample, render), *after = rendered(&again, render);

	assert_string_equal(before, after);
	free(before);
	free(after);
}

static void test_round_trip(void **state)
{
	(void)state;
	for (int i = 0; i < SAMPLE_MAKERS; i++) {
		struct failure failure = {0};
		json_t *json, *written_again;

		sample_makers[i](&sample);
		json = result_to_json(&sample);
		assert_non_null(json);
		if (result_from_json(json, &again, &failure))
			fail_msg("sample %d: %s", i, failure.text);
		written_again = result_to_json(&again);
		assert_true(json_equal(json, written_again));
		assert_int_equal(again.attribution.decision_count,
				 sample.attribution.decision_count);
		expect_same(as_text);
		expect_same(report_markdown);
		expect_same(as_html);
		json_decref(json);
		json_decref(written_again);
		/* Texts are the result's own by now. */
		free(rendered(&again, as_html));
		result_release(&again);
	}
}

/* The message of a document that is refused; "" when it is taken. */
static const char *refusal(const char *text, int code)
{
	static struct failure failure;
	json_t *json = json_loads(text, JSON_DECODE_ANY, NULL);

	assert_non_null(json);
	assert_int_equal(result_from_json(json, &again, &failure), code);
	result_release(&again);
	json_decref(json);
	return failure.code ? failure.text : "";
}

#define LEAST                                                                       \
	"\"schema_version\":1,\"verdict\":\"equal\",\"tier\":\"pipe\",\"request\":" \
	"{\"generation\":\"6.6\",\"cache\":\"warm\"}"
#define WITH_SIDE(content) "{" LEAST ",\"sides\":{\"kernel\":{" content "}}}"

static void test_refusals(void **state)
{
	static const struct {
		const char *text, *message;
		int code;
	} cases[] = {
		{"{" LEAST "}", "", 0},
		{"{" LEAST ",\"new\":[1]}", "", 0},
		{"[]", "the document: have an array expect an object", -EPROTO},
		{"{}", "no result this version can read: have schema_version 0 expect 1", -EPROTO},
		{"{\"schema_version\":2}",
		 "no result this version can read: have schema_version 2 expect 1", -EOPNOTSUPP},
		{"{\"schema_version\":\"1\"}", "schema_version: have a text expect a number",
		 -EPROTO},
		{"{\"schema_version\":1,\"verdict\":\"fine\"}",
		 "the document: have fine expect verdict", -EPROTO},
		{WITH_SIDE("\"samples\":[{\"bytes\":1},{\"bytes\":[]}]"),
		 "sides.kernel.samples[1].bytes: have an array expect a number", -EPROTO},
		{WITH_SIDE("\"samples\":[{\"bytes\":1},2]"),
		 "sides.kernel.samples[1]: have a whole number expect an object", -EPROTO},
		{WITH_SIDE("\"progress\":[7]"),
		 "sides.kernel.progress[0]: have a whole number expect an array", -EPROTO},
		{"{" LEAST ",\"missing\":[\"x\"]}", "missing[0]: have a text expect an object",
		 -EPROTO},
		{"{" LEAST ",\"environment\":{\"cpus\":4294967297}}",
		 "environment: have cpus expect a number of 32 bits", -EPROTO},
		{WITH_SIDE("\"kinds\":{\"WRITE\":{\"latency\":{\"buckets\":[[7,1],[3000,1]]}}}"),
		 "sides.kernel.kinds.WRITE.latency.buckets[1][0]: have another number expect the "
		 "limit of a bucket",
		 -EPROTO},
		{WITH_SIDE("\"trace\":{\"references\":{\"buckets\":[[3,1]]}}"),
		 "sides.kernel.trace.references.buckets[0][0]: have another number expect a power of "
		 "two, or 0",
		 -EPROTO},
		{WITH_SIDE("\"trace\":{\"tier\":\"magic\"}"),
		 "sides.kernel.trace: have magic expect a tier", -EPROTO},
		{WITH_SIDE("\"folded_stacks\":1.5"),
		 "sides.kernel.folded_stacks: have a fraction expect a text", -EPROTO},
		{"{\"schema_version\":1,\"verdict\":\"equal\",\"tier\":\"pipe\",\"request\":"
		 "{\"generation\":\"5.0\",\"cache\":\"warm\"}}",
		 "request: have 5.0 expect a generation", -EPROTO},
		{"{" LEAST ",\"environment\":{\"volume\":{\"fsid\":\"0102-zz\"}}}",
		 "environment.volume: have 0102-zz expect a UUID", -EPROTO},
		{"{" LEAST
		 ",\"sides\":{\"kernel\":{\"details\":{\"commands\":[{\"kind\":\"READ\"}]}}}}",
		 "sides.kernel.details.commands[0]: have READ expect a command", -EPROTO},
		{"{" LEAST ",\"sides\":{\"kernel\":{\"details\":{\"commands\":[{}]}}}}",
		 "sides.kernel.details.commands[0]: have no kind expect a command", -EPROTO},
		{"{" LEAST ",\"divergence\":{\"kernel_context\":[null]}}",
		 "divergence: have contexts of different lengths expect equal ones", -EPROTO},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(refusal(cases[i].text, cases[i].code), cases[i].message);
}

/* More than a result has room for. */
static void test_too_many(void **state)
{
	static const struct {
		const char *before, *element, *after;
		unsigned int room;
	} cases[] = {
		{"\"progress\":[", "[1,2,3]", "]", RESULT_PROGRESS_POINTS},
		{"\"details\":{\"slots\":[", "{\"ino\":1}", "]}", TRACE_SLOTS},
		{"\"details\":{\"extents\":[", "{\"bytenr\":1}", "]}", TRACE_COSTS},
		{"\"details\":{\"inodes\":[", "{}", "]}", TRACE_COSTS},
		{"\"details\":{\"commands\":[", "{\"kind\":\"WRITE\"}", "]}", TRACE_COSTS},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (unsigned int more = 0; more < 2; more++) {
			char *text;
			size_t size;
			FILE *out = open_memstream(&text, &size);

			fprintf(out, "{" LEAST ",\"sides\":{\"kernel\":{%s%s", cases[i].before,
				cases[i].element);
			for (unsigned int at = 1; at < cases[i].room + more; at++)
				fprintf(out, ",%s", cases[i].element);
			fprintf(out, "%s}}}", cases[i].after);
			fclose(out);
			refusal(text, more ? -EPROTO : 0);
			free(text);
		}
	}
}

static unsigned int taken, refused;

/* Whatever is in the document now: it is refused or it can be shown. */
static void try_document(json_t *top)
{
	struct failure failure = {0};
	int ret = result_from_json(top, &again, &failure);

	if (ret == 0) {
		char *page = rendered(&again, as_html);

		html_check(page);
		free(page);
		free(rendered(&again, as_text));
		taken++;
	} else {
		assert_int_equal(ret, -EPROTO);
		assert_true(*failure.text);
		refused++;
	}
	result_release(&again);
}

static json_t *odd_value(unsigned int which)
{
	switch (which) {
	case 0:
		return json_null();
	case 1:
		return json_integer(-1);
	case 2:
		return json_string("<b>\033&");
	case 3:
		return json_pack("[i]", 7);
	default:
		return json_pack("{s:i}", "x", 7);
	}
}

enum { ODD_VALUES = 5 };

/* Every value below @json, one at a time, becomes something else; of arrays the first two. */
static void spoil_each(json_t *top, json_t *json)
{
	const char *key;
	json_t *value;
	void *next;

	json_object_foreach_safe(json, next, key, value)
	{
		if (!strcmp(key, "schema_version"))
			continue;
		json_incref(value);
		for (unsigned int i = 0; i < ODD_VALUES; i++) {
			json_object_set_new(json, key, odd_value(i));
			try_document(top);
		}
		json_object_set_new(json, key, value);
		spoil_each(top, value);
	}
	for (size_t at = 0; json_is_array(json) && at < json_array_size(json) && at < 2; at++) {
		value = json_incref(json_array_get(json, at));
		for (unsigned int i = 0; i < ODD_VALUES; i++) {
			json_array_set_new(json, at, odd_value(i));
			try_document(top);
		}
		json_array_set_new(json, at, value);
		spoil_each(top, value);
	}
}

static void test_spoilt_documents(void **state)
{
	json_t *json;

	(void)state;
	sample_traced(&sample);
	/* Short, since each value is tried: two kinds of commands will do. */
	for (int side = 0; side < SIDE_COUNT; side++) {
		memset(&sample.sides[side].kinds[STREAM_C_UTIMES], 0, sizeof(struct kind_stats));
		memset(&sample.sides[side].kinds[STREAM_C_SET_XATTR], 0, sizeof(struct kind_stats));
		memset(&sample.sides[side].kinds[STREAM_C_SNAPSHOT], 0, sizeof(struct kind_stats));
	}
	json = result_to_json(&sample);
	assert_non_null(json);
	spoil_each(json, json);
	assert_true(taken > 500);
	assert_true(refused > 500);
	json_decref(json);

	sample_unexplained(&sample);
	json = result_to_json(&sample);
	spoil_each(json, json_object_get(json, "attribution"));
	spoil_each(json, json_object_get(json, "divergence"));
	spoil_each(json, json_object_get(json, "clone_loss"));
	json_decref(json);
}

static void test_files(void **state)
{
	char path[] = "/tmp/sendprof-result.XXXXXX";
	struct failure failure = {0};
	int fd = mkstemp(path);
	json_t *json;

	(void)state;
	assert_true(fd >= 0);
	sample_equal(&sample);
	json = result_to_json(&sample);
	assert_int_equal(json_dumpfd(json, fd, 0), 0);
	json_decref(json);
	assert_int_equal(result_load(path, &again, &failure), 0);
	assert_string_equal(again.snapshot.path, "/mnt/child");
	result_release(&again);

	assert_int_equal(ftruncate(fd, 100), 0);
	assert_int_equal(result_load(path, &again, &failure), -EPROTO);
	assert_non_null(strstr(failure.text, path));
	assert_non_null(strstr(failure.text, ": no JSON: "));
	result_release(&again);
	close(fd);
	unlink(path);

	failure = (struct failure){0};
	assert_int_equal(result_load(path, &again, &failure), -ENOENT);
	result_release(&again);
	failure = (struct failure){0};
	assert_int_equal(result_load("/", &again, &failure), -EIO);
	result_release(&again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip), cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_too_many),   cmocka_unit_test(test_spoilt_documents),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests_name("result_read", tests, NULL, NULL);
}

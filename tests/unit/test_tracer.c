/* SPDX-License-Identifier: GPL-2.0 */
/* What can be told of tracing without a kernel that allows it: agreement of counters, symbols. */
#include "profiler/kernel_symbols.h"
#include "profiler/trace_agreement.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct generation kernel_6_1 = {.id = GENERATION_6_1};
static const struct generation kernel_6_12 = {.id = GENERATION_6_12};

/* Two sides that count the same, the engine as @generation. */
static struct result *agreeing(enum generation_id generation)
{
	struct result *result = calloc(1, sizeof(*result));

	assert_non_null(result);
	result->generation = generation;
	for (unsigned int side = 0; side < SIDE_COUNT; side++) {
		struct side_result *sender = &result->sides[side];

		for (unsigned int i = 0; i < CACHE_COUNT; i++)
			sender->caches[i] = (struct cache_counters){
				.lookups = 100 + i, .hits = 50, .stores = 40, .evictions = 30};
		sender->backrefs = (struct backref_counters){.searches = 7, .candidates = 9};
	}
	result->sides[SIDE_KERNEL].trace = calloc(1, sizeof(struct trace_figures));
	assert_non_null(result->sides[SIDE_KERNEL].trace);
	result->sides[SIDE_KERNEL].trace->metrics = (1ULL << METRIC_COUNT) - 1;
	return result;
}

static void free_result(struct result *result)
{
	result_release(result);
	free(result);
}

static void equal_counters_agree(void **state)
{
	struct result *result = agreeing(GENERATION_6_12);

	(void)state;
	trace_agreement_check(result, &kernel_6_12);
	assert_int_equal(result->agreement.compared, 34);
	assert_int_equal(result->agreement.count, 0);
	free_result(result);
}

static void each_difference_is_named(void **state)
{
	struct result *result = agreeing(GENERATION_6_12);
	const struct trace_disagreement *found = result->agreement.found;

	(void)state;
	result->sides[SIDE_KERNEL].caches[CACHE_BACKREF].hits = 51;
	result->sides[SIDE_ENGINE].backrefs.candidates = 8;
	trace_agreement_check(result, &kernel_6_12);
	assert_int_equal(result->agreement.count, 2);
	assert_string_equal(found[0].what, "leaf-to-roots cache, hits");
	assert_int_equal(found[0].kernel, 51);
	assert_int_equal(found[0].engine, 50);
	assert_string_equal(found[1].what, "clone sources, candidates evaluated");
	free_result(result);
}

/* A kernel before 6.4 has a name cache of another kind, which the engine has, too, and no other. */
static void unknown_metrics_are_not_compared(void **state)
{
	struct result *result = agreeing(GENERATION_6_1);
	struct side_result *kernel = &result->sides[SIDE_KERNEL];

	(void)state;
	kernel->trace->metrics = 1ULL << METRIC_CACHE_NAME | 1ULL << METRIC_CLONE_SEARCHES;
	kernel->caches[CACHE_BACKREF].evictions = 1;
	kernel->backrefs.candidates = 0;
	trace_agreement_check(result, &kernel_6_1);
	assert_int_equal(result->agreement.compared, 11);
	assert_int_equal(result->agreement.count, 0);
	kernel->caches[CACHE_NAME].evictions++;
	trace_agreement_check(result, &kernel_6_1);
	assert_int_equal(result->agreement.count, 1);
	free_result(result);
}

/* Whether leaves are cached tells the kinds of name caches apart: none is compared with the other.
 */
static void name_caches_of_two_kinds_are_not_compared(void **state)
{
	struct result *result = agreeing(GENERATION_6_12);

	(void)state;
	result->sides[SIDE_KERNEL].trace->metrics = 1ULL << METRIC_CACHE_NAME;
	result->sides[SIDE_KERNEL].caches[CACHE_NAME].hits++;
	trace_agreement_check(result, &kernel_6_12);
	assert_int_equal(result->agreement.compared, 0);
	assert_int_equal(result->agreement.count, 0);
	free_result(result);
}

static void another_generation_is_not_compared(void **state)
{
	struct result *result = agreeing(GENERATION_6_6);

	(void)state;
	trace_agreement_check(result, &kernel_6_12);
	assert_int_equal(result->agreement.compared, 0);
	result->generation = GENERATION_6_12;
	result->turned = 1;
	trace_agreement_check(result, &kernel_6_12);
	assert_int_equal(result->agreement.compared, 0);
	free_result(result);
}

/* As in /proc/kallsyms; a file of the test's own takes its place. */
static struct kernel_symbols *symbols_from(const char *text)
{
	char path[] = "/tmp/sendprof-symbols.XXXXXX";
	struct kernel_symbols *symbols;
	int fd = mkstemp(path);
	FILE *file = fdopen(fd, "w");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
	symbols = kernel_symbols_read(path);
	remove(path);
	return symbols;
}

static const char table[] = "ffffffff81000200 T send_cmd\t[btrfs]\n"
			    "ffffffff81000100 t find_extent_clone.constprop.0\n"
			    "ffffffff81000180 t find_extent_clone.constprop.0.cold\n"
			    "ffffffff81000300 t search_key_again.part.0\n"
			    "ffffffff81000400 t twice\n"
			    "ffffffff81000500 t twice\n"
			    "ffffffff82000000 D vmemmap_base\n"
			    "not a line of it\n";

static void symbols_are_found(void **state)
{
	struct kernel_symbols *symbols = symbols_from(table);
	const struct kernel_symbol *symbol;

	(void)state;
	assert_non_null(symbols);
	assert_int_equal(kernel_symbols_find(symbols, "send_cmd", &symbol), 0);
	assert_string_equal(symbol->name, "send_cmd");
	assert_int_equal(kernel_symbols_find(symbols, "find_extent_clone", &symbol), 0);
	assert_string_equal(symbol->name, "find_extent_clone.constprop.0");
	assert_int_equal(kernel_symbols_find(symbols, "search_key_again", &symbol), -ENOENT);
	assert_int_equal(kernel_symbols_find(symbols, "twice", &symbol), -ENOTUNIQ);
	assert_int_equal(kernel_symbols_find(symbols, "send", &symbol), -ENOENT);
	assert_true(kernel_symbols_variable(symbols, "vmemmap_base") == 0xffffffff82000000);
	assert_true(kernel_symbols_variable(symbols, "page_offset_base") == 0);
	kernel_symbols_free(symbols);
}

static void addresses_are_found(void **state)
{
	struct kernel_symbols *symbols = symbols_from(table);

	(void)state;
	assert_non_null(symbols);
	assert_null(kernel_symbols_at(symbols, 0xffffffff810000ff));
	assert_string_equal(kernel_symbols_at(symbols, 0xffffffff81000100)->name,
			    "find_extent_clone.constprop.0");
	assert_string_equal(kernel_symbols_at(symbols, 0xffffffff810002ff)->name, "send_cmd");
	assert_null(kernel_symbols_at(symbols, 0xffffffffc0001000));
	assert_true(kernel_symbols_end(symbols, 0xffffffff81000210) == 0xffffffff81000300);
	assert_true(kernel_symbols_end(symbols, 0xffffffff82000000) == UINT64_MAX);
	kernel_symbols_free(symbols);
}

static void hidden_addresses_are_noticed(void **state)
{
	static const char hidden[] = "0000000000000000 T send_cmd\t[btrfs]\n"
				     "0000000000000000 D vmemmap_base\n";
	struct kernel_symbols *symbols = symbols_from(table);

	(void)state;
	assert_non_null(symbols);
	assert_true(kernel_symbols_have_addresses(symbols));
	kernel_symbols_free(symbols);
	symbols = symbols_from(hidden);
	assert_non_null(symbols);
	assert_false(kernel_symbols_have_addresses(symbols));
	assert_false(kernel_symbols_have_addresses(NULL));
	assert_null(kernel_symbols_at(symbols, 0xffffffff81000100));
	kernel_symbols_free(symbols);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_counters_agree),
		cmocka_unit_test(each_difference_is_named),
		cmocka_unit_test(unknown_metrics_are_not_compared),
		cmocka_unit_test(name_caches_of_two_kinds_are_not_compared),
		cmocka_unit_test(another_generation_is_not_compared),
		cmocka_unit_test(symbols_are_found),
		cmocka_unit_test(addresses_are_found),
		cmocka_unit_test(hidden_addresses_are_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0 */
/* The syntax of conditions. */
#include "profiler/gate.h"
#include "profiler/options.h"

#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char gate_syntax[] =
	"A condition is [WORKLOAD:]KEY, then one of\n"
	"  >10%     the new value is more than 10% above that of the base\n"
	"  <10%     it is more than 10% below\n"
	"  >+5ms    it is above that of the base by more than 5 ms\n"
	"  <-5ms    it is below by more than 5 ms\n"
	"  >2s      it is above 2 s, whatever the base has\n"
	"  <20      it is below 20\n"
	"  !=       it is not that of the base\n"
	"WORKLOAD and KEY are names or patterns as in a shell: 'many-*:*.latency.*.p99>20%'.\n"
	"Times take ns, us, ms, s or min, sizes B, KiB, MiB or GiB; counts, factors and\n"
	"shares (0 to 1) are plain numbers.\n";

static const struct {
	const char *name;
	enum compare_unit unit;
	double factor;
} units[] = {
	{"ns", UNIT_TIME, 1},	     {"us", UNIT_TIME, 1e3},	  {"µs", UNIT_TIME, 1e3},
	{"ms", UNIT_TIME, 1e6},	     {"s", UNIT_TIME, 1e9},	  {"min", UNIT_TIME, 60e9},
	{"B", UNIT_BYTES, 1},	     {"KiB", UNIT_BYTES, 1024.0}, {"MiB", UNIT_BYTES, 0x1p20},
	{"GiB", UNIT_BYTES, 0x1p30},
};

static int refuse(struct failure *failure, const char *text, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int refuse(struct failure *failure, const char *text, const char *format, ...)
{
	char why[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(why, sizeof(why), format, arguments);
	va_end(arguments);
	return failure_set(failure, -EINVAL, "'%s': %s", text, why);
}

/* Digits and at most one point: neither the locale nor "inf" and "0x" of strtod() are wanted. */
static bool parse_decimal(const char **text, double *number)
{
	const char *at = *text;
	double scale = 1;
	bool point = false, digits = false;

	*number = 0;
	for (; isdigit((unsigned char)*at) || (*at == '.' && !point); at++) {
		if (*at == '.') {
			point = true;
			continue;
		}
		*number = *number * 10 + (*at - '0');
		scale *= point ? 10 : 1;
		digits = true;
	}
	*number /= scale;
	*text = at;
	return digits && isfinite(*number);
}

/* The limit behind the operator: a sign makes it a difference, a per cent sign a share of the base.
 */
static int parse_limit(struct gate *gate, const char *limit, enum compare_unit *unit,
		       struct failure *failure)
{
	char sign = gate->op == GATE_ABOVE ? '+' : '-';
	const char *at = limit;

	gate->limit_kind = LIMIT_VALUE;
	*unit = UNIT_KINDS;
	if (*at == '+' || *at == '-') {
		if (*at != sign)
			return refuse(failure, gate->text, "have '%c' expect '%c' behind '%c'", *at,
				      sign, gate->op == GATE_ABOVE ? '>' : '<');
		gate->limit_kind = LIMIT_DIFFERENCE;
		at++;
	}
	if (!parse_decimal(&at, &gate->limit))
		return refuse(failure, gate->text, "have '%s' expect a limit like 10%%, +5ms or 20",
			      limit);
	if (!strcmp(at, "%")) {
		gate->limit_kind = LIMIT_PERCENT;
		gate->limit /= 100;
		return 0;
	}
	if (!*at)
		return 0;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(units[i].name, at) != 0)
			continue;
		*unit = units[i].unit;
		gate->limit *= units[i].factor;
		return 0;
	}
	return refuse(failure, gate->text,
		      "have the unit '%s' expect %%, ns, us, ms, s, min, B, KiB, MiB or GiB", at);
}

/* Whether @unit, UNIT_KINDS for none, is one that limits of @key have. */
static bool unit_fits(const struct compare_key *key, enum compare_unit unit)
{
	bool dimension = key->unit == UNIT_TIME || key->unit == UNIT_BYTES;

	return dimension ? unit == key->unit : unit == UNIT_KINDS;
}

/* A limit of 0 needs no unit: it is the same in all. */
static int check_key(const struct gate *gate, const struct compare_key *key, const char *name,
		     enum compare_unit unit, struct failure *failure)
{
	if (gate->op == GATE_NOT || gate->limit_kind == LIMIT_PERCENT || unit_fits(key, unit) ||
	    (unit == UNIT_KINDS && gate->limit == 0))
		return 0;
	return refuse(failure, gate->text, "%s is %s, the limit is not", name,
		      compare_unit_names[key->unit]);
}

/* The names of keys, one for each command where they are of commands. */
struct key_names {
	char **items;
	size_t count;
	bool failed;
};

static void add_name(struct key_names *names, const struct compare_key *key, enum side side,
		     unsigned int kind)
{
	char **items = reallocarray(names->items, names->count + 1, sizeof(*items));
	char *name = compare_key_name(key, side, kind);

	if (items)
		names->items = items;
	if (items && name)
		items[names->count++] = name;
	else
		free(name);
	names->failed |= !items || !name;
}

static void names_release(struct key_names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->items[i]);
	free(names->items);
}

/* Compare the pattern with every key there can be. */
static int check_row(const struct gate *gate, const struct compare_key *key, enum compare_unit unit,
		     struct key_names *names, bool *any, struct failure *failure)
{
	enum side first, end;
	int ret = 0;

	compare_scope_sides(key->scope, &first, &end);
	for (enum side side = first; side < end; side++) {
		unsigned int kinds = key->scope == SCOPE_COMMANDS ? STREAM_C_COUNT : 1;

		for (unsigned int kind = kinds > 1; ret == 0 && kind < kinds; kind++) {
			if (kind && !stream_commands[kind].name)
				continue;
			add_name(names, key, side, kind);
			if (names->failed)
				return failure_set(failure, -ENOMEM, "out of memory");
			if (fnmatch(gate->keys, names->items[names->count - 1], 0) != 0)
				continue;
			*any = true;
			ret = check_key(gate, key, names->items[names->count - 1], unit, failure);
		}
	}
	return ret;
}

static int check_keys(const struct gate *gate, enum compare_unit unit, struct failure *failure)
{
	struct key_names names = {0};
	bool any = false;
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < compare_key_count; i++)
		ret = check_row(gate, &compare_keys[i], unit, &names, &any, failure);
	if (ret == 0 && !any) {
		const char *closest =
			closest_name(gate->keys, (const char *const *)names.items, names.count);

		if (closest)
			refuse(failure, gate->text, "no key '%s', did you mean '%s'?", gate->keys,
			       closest);
		else
			refuse(failure, gate->text, "no key '%s' (--fail-on list shows them)",
			       gate->keys);
		ret = -EINVAL;
	}
	names_release(&names);
	return ret;
}

static int parse_names(struct gate *gate, size_t length, struct failure *failure)
{
	const char *colon = memchr(gate->text, ':', length);
	size_t workloads = colon ? (size_t)(colon - gate->text) : 0;
	const char *keys = colon ? colon + 1 : gate->text;

	if (colon && !workloads)
		return refuse(failure, gate->text, "have nothing expect a workload before ':'");
	length -= (size_t)(keys - gate->text);
	if (!length)
		return refuse(failure, gate->text, "have no key");
	gate->workloads = colon ? strndup(gate->text, workloads) : strdup("*");
	gate->keys = strndup(keys, length);
	if (!gate->workloads || !gate->keys)
		return failure_set(failure, -ENOMEM, "out of memory");
	return 0;
}

/* Where the operator begins: a '!' may also be in a pattern. */
static size_t find_operator(const char *text)
{
	size_t length = strlen(text);

	if (length >= 2 && !strcmp(text + length - 2, "!="))
		return length - 2;
	return strcspn(text, "<>");
}

int gate_parse(struct gate *gate, const char *text, struct failure *failure)
{
	size_t length = find_operator(text);
	enum compare_unit unit = UNIT_KINDS;
	int ret;

	*gate = (struct gate){.text = text};
	ret = parse_names(gate, length, failure);
	if (ret < 0)
		return ret;
	if (!text[length]) {
		gate->op = GATE_STREAMS;
		if (!strcmp(gate->keys, GATE_STREAMS_TEXT))
			return 0;
		return refuse(failure, text, "have no '>', '<' or '!=' behind the key");
	}
	gate->op = text[length] == '>' ? GATE_ABOVE : text[length] == '<' ? GATE_BELOW : GATE_NOT;
	if (gate->op != GATE_NOT)
		ret = parse_limit(gate, text + length + 1, &unit, failure);
	return ret < 0 ? ret : check_keys(gate, unit, failure);
}

void gate_release(struct gate *gate)
{
	free(gate->workloads);
	free(gate->keys);
	*gate = (struct gate){0};
}

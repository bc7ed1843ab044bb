/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/stream_form.h"
#include "profiler/kernel_generation.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *const stream_form_generations[] = {"auto", "2012", "6.1", "6.6", "6.12", "6.18", NULL};

const char *const stream_form_finders[] = {
	"auto",
	[1 + SEND_FINDER_FAITHFUL] = "faithful",
	[1 + SEND_FINDER_INDEXED] = "indexed",
	NULL,
};

static int no_such_row(const char *name, const char *closest, struct failure *failure)
{
	if (closest)
		return failure_set(failure, -EINVAL,
				   "--turn: no row '%s' in 'sendprof generations', did you mean "
				   "'%s'?",
				   name, closest);
	return failure_set(failure, -EINVAL, "--turn: no row '%s' in 'sendprof generations'", name);
}

/* A row named twice is turned twice. */
static int turn_rows(const struct option_list *names, uint64_t *turned, struct failure *failure)
{
	const char *known[BEHAVIOUR_COUNT];
	unsigned int row;

	for (row = 0; row < BEHAVIOUR_COUNT; row++)
		known[row] = behaviours[row].id;
	for (size_t i = 0; i < names->count; i++) {
		const char *name = names->items[i];

		for (row = 0; row < BEHAVIOUR_COUNT && strcmp(known[row], name) != 0; row++)
			;
		if (row == BEHAVIOUR_COUNT)
			return no_such_row(name, closest_name(name, known, BEHAVIOUR_COUNT),
					   failure);
		*turned ^= UINT64_C(1) << row;
	}
	return 0;
}

/* A number of bytes, or of K, M or G of them. */
static int parse_memory(const char *text, size_t *bytes, struct failure *failure)
{
	static const char units[] = "KMG";
	unsigned long long number;
	const char *unit;
	long powers;
	char *end;

	*bytes = 0;
	if (!text)
		return 0;
	errno = 0;
	number = strtoull(text, &end, 10);
	unit = *end ? strchr(units, *end) : NULL;
	if (errno || end == text || *text == '-' || (*end && (!unit || end[1])))
		return failure_set(failure, -EINVAL,
				   "--memory: have '%s' expect a size such as 64M", text);
	for (powers = unit ? unit - units + 1 : 0; powers && number <= SIZE_MAX / 1024; powers--)
		number *= 1024;
	if (number < SEND_MEMORY_MIN || number > SIZE_MAX / 1024)
		return failure_set(failure, -EINVAL, "--memory: have '%s' expect at least %dM",
				   text, SEND_MEMORY_MIN >> 20);
	*bytes = (size_t)number;
	return 0;
}

int stream_form_parse_references(const char *text, uint64_t *references, struct failure *failure)
{
	char *end;

	*references = 0;
	if (!text)
		return 0;
	if (strcmp(text, "unlimited") == 0) {
		*references = UINT64_MAX;
		return 0;
	}
	errno = 0;
	*references = strtoull(text, &end, 10);
	if (errno || *text < '0' || *text > '9' || *end || !*references)
		return failure_set(failure, -EINVAL,
				   "--max-refs: have '%s' expect a number from 1, or unlimited",
				   text);
	return 0;
}

/* 0 is the highest protocol that the generation knows. */
static int resolve_protocol(const struct stream_form_options *options, struct stream_form *form,
			    struct failure *failure)
{
	bool only_one = !generation_behaves(&form->generation, BEHAVIOUR_PROTOCOL_2);
	uint64_t asked = options->protocol;

	if (asked > 1 && only_one && !options->protocol_is_found)
		return failure_set(failure, -EINVAL,
				   "--proto %u: kernels of generation %s know protocol 1 only",
				   (unsigned int)asked, generation_name(form->generation.id));
	form->protocol = asked ? (unsigned int)asked : only_one ? 1 : SEND_PROTOCOL_RELEASE;
	return 0;
}

int stream_form_resolve(const struct stream_form_options *options, struct stream_form *form,
			struct failure *failure)
{
	struct kernel_generation running;

	form->generation.turned = 0;
	if (options->generation == 0) {
		kernel_generation_running(&running);
		form->generation = running.generation;
	} else {
		generation_find(stream_form_generations[options->generation], &form->generation.id);
	}
	if (turn_rows(&options->turned, &form->generation.turned, failure) ||
	    resolve_protocol(options, form, failure))
		return failure->code;
	form->flags = (options->no_data ? SEND_NO_FILE_DATA : 0) |
		      (options->compressed_data ? SEND_COMPRESSED : 0);
	if (options->compressed_data && form->protocol < 2)
		return failure_set(failure, -EINVAL,
				   "--compressed-data needs --proto 2: protocol %u has no command "
				   "for it",
				   form->protocol);
	form->finder_is_default = options->finder == 0;
	form->finder =
		options->finder ? (enum send_finder)(options->finder - 1) : SEND_FINDER_INDEXED;
	return parse_memory(options->memory, &form->memory_bytes, failure);
}

void stream_form_release(struct stream_form_options *options)
{
	option_list_release(&options->turned);
}

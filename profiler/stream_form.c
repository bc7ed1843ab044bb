/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/stream_form.h"
#include "profiler/kernel_generation.h"

#include <errno.h>
#include <string.h>

const char *const stream_form_generations[] = {"auto", "6.1", "6.6", "6.12", "6.18", NULL};

const char *const stream_form_finders[] = {
	[SEND_FINDER_FAITHFUL] = "faithful",
	[SEND_FINDER_INDEXED] = "indexed",
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

int stream_form_resolve(const struct stream_form_options *options, struct stream_form *form,
			struct failure *failure)
{
	struct kernel_generation running;

	form->protocol =
		options->protocol ? (unsigned int)options->protocol : SEND_PROTOCOL_RELEASE;
	form->flags = (options->no_data ? SEND_NO_FILE_DATA : 0) |
		      (options->compressed_data ? SEND_COMPRESSED : 0);
	if (options->compressed_data && form->protocol < 2)
		return failure_set(failure, -EINVAL,
				   "--compressed-data needs --proto 2: protocol %u has no command "
				   "for it",
				   form->protocol);
	form->finder = options->finder;
	form->generation.turned = 0;
	if (options->generation == 0) {
		kernel_generation_running(&running);
		form->generation = running.generation;
	} else {
		generation_find(stream_form_generations[options->generation], &form->generation.id);
	}
	return turn_rows(&options->turned, &form->generation.turned, failure);
}

void stream_form_release(struct stream_form_options *options)
{
	option_list_release(&options->turned);
}

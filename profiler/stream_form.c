/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/stream_form.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

const char *const stream_form_generations[] = {"auto", "6.1", "6.6", "6.12", "6.18", NULL};

enum generation_id generation_of_release(const char *release)
{
	unsigned int major = 0, minor = 0, i;
	enum generation_id newest = 0;

	if (sscanf(release, "%u.%u", &major, &minor) != 2)
		return GENERATION_COUNT - 1;
	for (i = 0; i < GENERATION_COUNT; i++) {
		unsigned int since_major = 0, since_minor = 0;

		sscanf(generation_name((enum generation_id)i), "%u.%u", &since_major, &since_minor);
		if (major > since_major || (major == since_major && minor >= since_minor))
			newest = (enum generation_id)i;
	}
	return newest;
}

static enum generation_id running_generation(void)
{
	struct utsname name;

	return uname(&name) ? GENERATION_COUNT - 1 : generation_of_release(name.release);
}

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
	form->protocol =
		options->protocol ? (unsigned int)options->protocol : SEND_PROTOCOL_RELEASE;
	form->flags = (options->no_data ? SEND_NO_FILE_DATA : 0) |
		      (options->compressed_data ? SEND_COMPRESSED : 0);
	if (options->compressed_data && form->protocol < 2)
		return failure_set(failure, -EINVAL,
				   "--compressed-data needs --proto 2: protocol %u has no command "
				   "for it",
				   form->protocol);
	form->generation.turned = 0;
	if (turn_rows(&options->turned, &form->generation.turned, failure))
		return failure->code;
	if (options->generation == 0)
		form->generation.id = running_generation();
	else
		generation_find(stream_form_generations[options->generation], &form->generation.id);
	return 0;
}

void stream_form_release(struct stream_form_options *options)
{
	option_list_release(&options->turned);
}

/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/trace_slow.h"

#include <stdlib.h>
#include <string.h>

static int longest_first(const void *left, const void *right)
{
	const struct trace_slow_command *a = left, *b = right;
	uint64_t a_ns = trace_slow_time(a), b_ns = trace_slow_time(b);

	if (a_ns != b_ns)
		return a_ns < b_ns ? 1 : -1;
	return (a->at_ns > b->at_ns) - (a->at_ns < b->at_ns);
}

static void find_fastest(struct trace_slow *slow)
{
	slow->fastest = 0;
	for (size_t i = 1; i < slow->count; i++)
		if (longest_first(&slow->commands[slow->fastest], &slow->commands[i]) < 0)
			slow->fastest = i;
}

void trace_slow_add(struct trace_slow *slow, const struct trace_slow_command *command,
		    const char *path)
{
	size_t place = slow->count < TRACE_COSTS ? slow->count : slow->fastest;

	if (slow->count < TRACE_COSTS)
		slow->count++;
	else if (longest_first(command, &slow->commands[place]) >= 0)
		return;
	slow->commands[place] = *command;
	slow->have_paths[place] = path != NULL;
	if (path)
		memcpy(slow->paths[place], path, strlen(path) + 1);
	find_fastest(slow);
}

size_t trace_slow_top(const struct trace_slow *slow, struct trace_slow_command *top)
{
	for (size_t i = 0; i < slow->count; i++) {
		top[i] = slow->commands[i];
		top[i].path = slow->have_paths[i] ? strdup(slow->paths[i]) : NULL;
	}
	qsort(top, slow->count, sizeof(*top), longest_first);
	return slow->count;
}

/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/folded.h"
#include "engine/core/hash_table.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct stack {
	uint64_t count;
	UT_hash_handle hh;
	char text[];
};

struct folded {
	struct stack *stacks;
};

struct folded *folded_new(void)
{
	return calloc(1, sizeof(struct folded));
}

void folded_free(struct folded *folded)
{
	struct stack *stack, *next;

	if (!folded)
		return;
	HASH_ITER(hh, folded->stacks, stack, next)
	{
		HASH_DEL(folded->stacks, stack);
		free(stack);
	}
	free(folded);
}

static int add_stack(struct folded *folded, const char *text, size_t length, uint64_t count)
{
	struct stack *stack;

	HASH_FIND(hh, folded->stacks, text, length, stack);
	if (stack) {
		stack->count += count;
		return 0;
	}
	stack = calloc(1, sizeof(*stack) + length + 1);
	if (!stack)
		return -ENOMEM;
	memcpy(stack->text, text, length);
	stack->count = count;
	HASH_ADD(hh, folded->stacks, text, length, stack);
	if (hash_has_added(stack))
		return 0;
	free(stack);
	return -ENOMEM;
}

int folded_add(struct folded *folded, const char *lines)
{
	int ret = 0;

	while (*lines && !ret) {
		size_t length = strcspn(lines, "\n");
		const char *blank = memrchr(lines, ' ', length);
		char *end;
		uint64_t count = blank ? strtoull(blank + 1, &end, 10) : 0;

		if (count && end == lines + length && blank > lines)
			ret = add_stack(folded, lines, blank - lines, count);
		lines += length + (lines[length] == '\n');
	}
	return ret;
}

static int by_text(const struct stack *left, const struct stack *right)
{
	return strcmp(left->text, right->text);
}

int folded_write(struct folded *folded, FILE *out)
{
	HASH_SORT(folded->stacks, by_text);
	for (const struct stack *stack = folded->stacks; stack; stack = stack->hh.next)
		fprintf(out, "%s %" PRIu64 "\n", stack->text, stack->count);
	return fflush(out) || ferror(out) ? (errno ? -errno : -EIO) : 0;
}

/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/divergence.h"
#include "profiler/stream_diff.h"
#include "profiler/stream_text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	CONTEXT_BEFORE = 5, /* the differ shows twice as many and one after it */
	DATA_BYTES = 32,
};
_Static_assert(CONTEXT_BEFORE + 2 * CONTEXT_BEFORE + 1 <= RESULT_CONTEXT_MAX,
	       "the differ's rows fit into the result");

static int open_stored(const struct stream_store *store, struct stream_file *file,
		       struct failure *failure)
{
	int ret = stream_store_read(store, "a stored stream", file);

	return ret ? failure_set(failure, ret, "cannot open a stored stream: %s",
				 file->failure.text)
		   : 0;
}

struct stream_pair {
	struct stream_file kernel;
	struct stream_file engine;
};

static int open_pair(struct stream_pair *pair, const struct stream_store *kernel,
		     const struct stream_store *engine, struct failure *failure)
{
	int ret = open_stored(kernel, &pair->kernel, failure);

	if (ret)
		return ret;
	ret = open_stored(engine, &pair->engine, failure);
	if (ret)
		stream_file_close(&pair->kernel);
	return ret;
}

static void close_pair(struct stream_pair *pair)
{
	stream_file_close(&pair->kernel);
	stream_file_close(&pair->engine);
}

static char *attribute_names(uint64_t attributes)
{
	char name[STREAM_TEXT_NAME_SIZE], *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	if (!file)
		return NULL;
	for (unsigned int id = 0; id < STREAM_A_COUNT; id++) {
		if (attributes >> id & 1)
			fprintf(file, "%s%s", ftell(file) ? ", " : "",
				stream_text_attribute_name(id, name));
	}
	if (fclose(file)) {
		free(text);
		return NULL;
	}
	return text;
}

static int take_rows(struct stream_diff *diff, struct divergence *divergence)
{
	const struct stream_diff_row *first = &diff->rows[diff->first_row];

	divergence->context_first_different = diff->first_row;
	for (size_t i = 0; i < diff->row_count && i < RESULT_CONTEXT_MAX; i++) {
		struct stream_diff_row *row = &diff->rows[i];

		divergence->kernel_context[i] = row->left_text;
		divergence->engine_context[i] = row->right_text;
		row->left_text = NULL;
		row->right_text = NULL;
		divergence->context_count = i + 1;
	}
	if (first->state != STREAM_DIFF_CHANGED)
		return 0;
	divergence->attributes = attribute_names(first->attributes);
	return divergence->attributes ? 0 : -ENOMEM;
}

static char *line_with_checksum(const struct stream_item *item)
{
	char *line = stream_text_line(item, DATA_BYTES), *longer;

	if (!line)
		return NULL;
	if (asprintf(&longer, "%s checksum=0x%08" PRIx32, line, item->command.crc_stored) < 0)
		longer = NULL;
	free(line);
	return longer;
}

/*
 * Commands that are equal in all they say but not in their bytes differ in the checksum. Find the
 * one that holds byte @offset of both streams.
 */
static int find_checksum(struct stream_file *kernel, struct stream_file *engine, uint64_t offset,
			 struct divergence *divergence)
{
	struct stream_item left, right;
	uint64_t index = 0;

	while (!stream_file_next(kernel, &left) && !stream_file_next(engine, &right)) {
		if (left.at.type != STREAM_ITEM_COMMAND)
			continue;
		divergence->command_index = index++;
		if (left.at.offset + left.at.length <= offset)
			continue;
		divergence->kernel_context[0] = line_with_checksum(&left);
		divergence->engine_context[0] = line_with_checksum(&right);
		divergence->attributes = strdup("checksum");
		divergence->context_count = 1;
		return divergence->kernel_context[0] && divergence->engine_context[0] &&
				       divergence->attributes
			       ? 0
			       : -ENOMEM;
	}
	return 0;
}

static int compare_commands(struct stream_file *kernel, struct stream_file *engine,
			    struct divergence *divergence)
{
	const struct stream_diff_options options = {
		.context = CONTEXT_BEFORE,
		.data_bytes = DATA_BYTES,
	};
	struct stream_diff diff;
	int ret = stream_diff_run(kernel, engine, &options, &diff);

	if (!ret) {
		divergence->identical = diff.total.identical;
		divergence->changed = diff.total.changed;
		divergence->only_kernel = diff.total.only_left;
		divergence->only_engine = diff.total.only_right;
	}
	if (!ret && diff.different && diff.row_count) {
		divergence->command_index = diff.first_command;
		ret = take_rows(&diff, divergence);
	}
	stream_diff_release(&diff);
	return ret;
}

int divergence_find(const struct stream_store *kernel, const struct stream_store *engine,
		    uint64_t offset, struct divergence *divergence, struct failure *failure)
{
	struct stream_pair pair;
	int ret;

	divergence->found = true;
	divergence->byte_offset = offset;
	ret = open_pair(&pair, kernel, engine, failure);
	if (ret)
		return ret;
	ret = compare_commands(&pair.kernel, &pair.engine, divergence);
	close_pair(&pair);
	if (!ret && !divergence->context_count) {
		ret = open_pair(&pair, kernel, engine, failure);
		if (ret)
			return ret;
		ret = find_checksum(&pair.kernel, &pair.engine, offset, divergence);
		close_pair(&pair);
	}
	return ret ? failure_set(failure, ret, "cannot compare two stored streams: %s",
				 strerror(-ret))
		   : 0;
}

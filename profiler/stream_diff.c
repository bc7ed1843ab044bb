/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The differ, in four steps: skip the identical beginning in lock step; hash what follows; align by
 * hash and pair what is left over; walk both sides once for counts and for the rows to be shown.
 */
#include "profiler/stream_diff.h"

#include "profiler/stream_align.h"
#include "profiler/stream_text.h"

#include <errno.h>
#include <stdlib.h>
#include <xxhash.h>

/* What a command is recognised by, from strict to loose. */
enum key {
	KEY_CONTENT, /* kind and all attributes */
	KEY_PLACE,   /* kind, path, and offset in the file or name of the extended attribute */
	KEY_PATH,    /* kind and path */
	KEY_COUNT,
};

/* One side from the first divergence on. */
struct sequence {
	struct stream_file *file;
	struct stream_position *at;
	uint64_t *keys[KEY_COUNT];
	uint32_t count;
	uint32_t capacity;
	/* The last positions before the divergence, a ring of "context" entries. */
	struct stream_position *before;
};

struct differ {
	const struct stream_diff_options *options;
	struct stream_diff *diff;
	struct sequence left;
	struct sequence right;
	uint32_t *partner;     /* of each left command */
	uint64_t before_count; /* items in the identical beginning, headers too */
};

static bool is_ignored(const struct differ *differ, unsigned int attribute)
{
	return differ->options->ignored >> attribute & 1;
}

static bool same_attribute(const struct stream_attribute *a, const struct stream_attribute *b)
{
	return a->id == b->id && a->length == b->length && !memcmp(a->data, b->data, a->length);
}

/* The next attribute from @i on that counts. */
static unsigned int skip_ignored(const struct differ *differ, const struct stream_command *command,
				 unsigned int i)
{
	while (i < command->attribute_count && is_ignored(differ, command->attributes[i].id))
		i++;
	return i;
}

static bool same_command(const struct differ *differ, const struct stream_command *a,
			 const struct stream_command *b)
{
	unsigned int i = skip_ignored(differ, a, 0), j = skip_ignored(differ, b, 0);

	if (a->kind != b->kind)
		return false;
	while (i < a->attribute_count && j < b->attribute_count) {
		if (!same_attribute(&a->attributes[i], &b->attributes[j]))
			return false;
		i = skip_ignored(differ, a, i + 1);
		j = skip_ignored(differ, b, j + 1);
	}
	return i == a->attribute_count && j == b->attribute_count;
}

/*
 * By attributes, not by bytes: in one protocol that is the same, and between two the same command
 * is encoded in different ways. A header is its protocol.
 */
static bool same_item(const struct differ *differ, const struct stream_item *a,
		      const struct stream_item *b)
{
	if (a->at.type != b->at.type)
		return false;
	if (a->at.type == STREAM_ITEM_HEADER)
		return is_ignored(differ, 0) || a->at.protocol == b->at.protocol;
	return same_command(differ, &a->command, &b->command);
}

static uint64_t hash_attribute(uint64_t seed, const struct stream_attribute *attribute)
{
	if (!attribute)
		return seed;
	seed = XXH3_64bits_withSeed(&attribute->id, sizeof(attribute->id), seed);
	return XXH3_64bits_withSeed(attribute->data, attribute->length, seed);
}

/* Equal for what same_item() calls the same. */
static uint64_t hash_content(const struct differ *differ, const struct stream_item *item)
{
	const struct stream_command *command = &item->command;
	uint64_t hash = item->at.kind;

	if (item->at.type == STREAM_ITEM_HEADER)
		return is_ignored(differ, 0) ? 0 : item->at.protocol;
	for (unsigned int i = skip_ignored(differ, command, 0); i < command->attribute_count;
	     i = skip_ignored(differ, command, i + 1))
		hash = hash_attribute(hash, &command->attributes[i]);
	return hash;
}

static int grow(struct sequence *sequence)
{
	uint32_t capacity = sequence->capacity ? sequence->capacity * 2 : 1024;
	struct stream_position *at;

	/* Indexes are 32 bits wide; so many commands are 100 GiB at least. */
	if (capacity <= sequence->capacity)
		return -EFBIG;
	at = reallocarray(sequence->at, capacity, sizeof(*at));
	if (!at)
		return -ENOMEM;
	sequence->at = at;
	for (unsigned int key = 0; key < KEY_COUNT; key++) {
		uint64_t *keys = reallocarray(sequence->keys[key], capacity, sizeof(*keys));

		if (!keys)
			return -ENOMEM;
		sequence->keys[key] = keys;
	}
	sequence->capacity = capacity;
	return 0;
}

static int append(const struct differ *differ, struct sequence *sequence,
		  const struct stream_item *item)
{
	const struct stream_command *command = &item->command;
	uint32_t i = sequence->count;
	uint64_t place = item->at.kind;
	int ret;

	if (sequence->count == sequence->capacity) {
		ret = grow(sequence);
		if (ret)
			return ret;
	}
	if (item->at.type == STREAM_ITEM_COMMAND)
		place = hash_attribute(place, stream_command_find(command, STREAM_A_PATH));
	sequence->at[i] = item->at;
	sequence->keys[KEY_CONTENT][i] = hash_content(differ, item);
	sequence->keys[KEY_PATH][i] = place;
	if (item->at.type == STREAM_ITEM_COMMAND) {
		place = hash_attribute(place, stream_command_find(command, STREAM_A_FILE_OFFSET));
		place = hash_attribute(place, stream_command_find(command, STREAM_A_XATTR_NAME));
	}
	sequence->keys[KEY_PLACE][i] = place;
	sequence->count++;
	return 0;
}

/* The rest of one side. A damaged file ends where the damage is; its failure says so. */
static int append_rest(const struct differ *differ, struct sequence *sequence)
{
	struct stream_item item;
	int ret = 0;

	while (!ret && !stream_file_next(sequence->file, &item)) {
		stream_file_judge(sequence->file, &item);
		ret = append(differ, sequence, &item);
	}
	return ret;
}

static void count(struct differ *differ, unsigned int kind, enum stream_diff_state state)
{
	struct stream_diff_counts *counts[] = {&differ->diff->kinds[kind], &differ->diff->total};

	for (size_t i = 0; i < 2; i++) {
		switch (state) {
		case STREAM_DIFF_SAME:
			if (kind || i == 0)
				counts[i]->identical++;
			break;
		case STREAM_DIFF_CHANGED:
			counts[i]->changed++;
			break;
		case STREAM_DIFF_ONLY_LEFT:
			counts[i]->only_left++;
			break;
		case STREAM_DIFF_ONLY_RIGHT:
			counts[i]->only_right++;
			break;
		}
	}
	differ->diff->different |= state != STREAM_DIFF_SAME;
}

static void remember(struct differ *differ, const struct stream_item *left,
		     const struct stream_item *right)
{
	if (differ->options->context) {
		size_t slot = differ->before_count % differ->options->context;

		differ->left.before[slot] = left->at;
		differ->right.before[slot] = right->at;
	}
	differ->before_count++;
}

/* Read both sides as long as they agree, then all that is left. */
static int load(struct differ *differ)
{
	struct sequence *left = &differ->left, *right = &differ->right;
	struct stream_item left_item, right_item;
	int left_end, right_end, ret = 0;

	for (;;) {
		left_end = stream_file_next(left->file, &left_item);
		right_end = stream_file_next(right->file, &right_item);
		if (!left_end)
			stream_file_judge(left->file, &left_item);
		if (!right_end)
			stream_file_judge(right->file, &right_item);
		if (left_end || right_end || !same_item(differ, &left_item, &right_item))
			break;
		count(differ, left_item.at.kind, STREAM_DIFF_SAME);
		remember(differ, &left_item, &right_item);
	}
	differ->diff->first_command = differ->diff->total.identical;
	if (!left_end)
		ret = append(differ, left, &left_item);
	if (!ret && !right_end)
		ret = append(differ, right, &right_item);
	if (!ret && !left_end)
		ret = append_rest(differ, left);
	if (!ret && !right_end)
		ret = append_rest(differ, right);
	return ret;
}

/* Align by @key what lies between the pairs found so far. */
static int align_gaps(struct differ *differ, struct aligner *aligner, enum key key)
{
	const struct sequence *left = &differ->left, *right = &differ->right;
	struct align_range gap = {0};
	int ret = 0;

	for (uint32_t i = 0; i <= left->count && !ret; i++) {
		uint32_t partner = i < left->count ? differ->partner[i] : right->count;

		if (partner == ALIGN_NONE)
			continue;
		gap.left_end = i;
		gap.right_end = partner;
		ret = align_range(aligner, left->keys[key], right->keys[key], gap, differ->partner);
		gap.left_begin = i + 1;
		gap.right_begin = partner + 1;
	}
	return ret;
}

static int align(struct differ *differ)
{
	struct aligner *aligner = aligner_new();
	int ret = aligner ? 0 : -ENOMEM;

	differ->partner = reallocarray(NULL, differ->left.count + 1, sizeof(*differ->partner));
	if (!differ->partner)
		ret = -ENOMEM;
	for (uint32_t i = 0; !ret && i < differ->left.count; i++)
		differ->partner[i] = ALIGN_NONE;
	for (unsigned int key = 0; !ret && key < KEY_COUNT; key++)
		ret = align_gaps(differ, aligner, key);
	aligner_free(aligner);
	return ret;
}

/* The attributes in which two commands of one kind differ. */
static uint64_t changed_attributes(const struct differ *differ, const struct stream_command *left,
				   const struct stream_command *right)
{
	uint64_t changed = 0;

	for (unsigned int id = 1; id < STREAM_A_COUNT; id++) {
		const struct stream_attribute *a = stream_command_find(left, id);
		const struct stream_attribute *b = stream_command_find(right, id);

		if ((!a && !b) || is_ignored(differ, id))
			continue;
		if (!a || !b || !same_attribute(a, b))
			changed |= UINT64_C(1) << id;
	}
	return changed;
}

/* The number of bytes that the data of two commands begin with alike. */
static uint32_t data_difference(const struct stream_command *left,
				const struct stream_command *right)
{
	const struct stream_attribute *a = stream_command_find(left, STREAM_A_DATA);
	const struct stream_attribute *b = stream_command_find(right, STREAM_A_DATA);
	uint32_t i = 0;

	while (a && b && i < a->length && i < b->length && a->data[i] == b->data[i])
		i++;
	return i;
}

/* The row's positions are set; read them again for their texts and for what changed. */
static int fill_row(struct differ *differ, struct stream_diff_row *row, bool with_texts)
{
	bool has_left = row->state != STREAM_DIFF_ONLY_RIGHT;
	bool has_right = row->state != STREAM_DIFF_ONLY_LEFT;
	size_t data_bytes = differ->options->data_bytes;
	struct stream_item left, right;
	int ret = 0;

	if (has_left)
		ret = stream_file_read_at(differ->left.file, &row->left, &left);
	if (!ret && has_right)
		ret = stream_file_read_at(differ->right.file, &row->right, &right);
	if (ret)
		return ret;
	if (row->state == STREAM_DIFF_CHANGED && row->left.type == STREAM_ITEM_COMMAND) {
		row->attributes = changed_attributes(differ, &left.command, &right.command);
		row->data_difference = data_difference(&left.command, &right.command);
	}
	if (!with_texts)
		return 0;
	row->left_text = has_left ? stream_text_line(&left, data_bytes) : NULL;
	row->right_text = has_right ? stream_text_line(&right, data_bytes) : NULL;
	if ((has_left && !row->left_text) || (has_right && !row->right_text))
		ret = -ENOMEM;
	return ret;
}

/* The identical commands right before the divergence. */
static int show_before(struct differ *differ)
{
	struct stream_diff *diff = differ->diff;
	size_t context = differ->options->context;
	uint64_t first = differ->before_count > context ? differ->before_count - context : 0;
	int ret = 0;

	for (uint64_t i = first; i < differ->before_count && !ret; i++) {
		struct stream_diff_row *row = &diff->rows[diff->row_count++];

		row->state = STREAM_DIFF_SAME;
		row->left = differ->left.before[i % context];
		row->right = differ->right.before[i % context];
		ret = fill_row(differ, row, true);
	}
	diff->first_row = diff->row_count;
	return ret;
}

/* One step of the walk: NULL where a side has no part in it. */
static int step(struct differ *differ, enum stream_diff_state state,
		const struct stream_position *left, const struct stream_position *right)
{
	struct stream_diff *diff = differ->diff;
	bool shown = diff->row_count < diff->first_row + 2 * differ->options->context + 1;
	struct stream_diff_row spare = {0};
	struct stream_diff_row *row = shown ? &diff->rows[diff->row_count++] : &spare;
	int ret = 0;

	count(differ, left ? left->kind : right->kind, state);
	row->state = state;
	if (left)
		row->left = *left;
	if (right)
		row->right = *right;
	if (shown || state == STREAM_DIFF_CHANGED)
		ret = fill_row(differ, row, shown);
	for (unsigned int id = 0; row->attributes && id < STREAM_A_COUNT; id++)
		diff->attributes[id] += row->attributes >> id & 1;
	return ret;
}

static int walk(struct differ *differ)
{
	const struct sequence *left = &differ->left, *right = &differ->right;
	uint32_t i = 0, j = 0;
	int ret = 0;

	while (!ret && (i < left->count || j < right->count)) {
		uint32_t partner = i < left->count ? differ->partner[i] : right->count;

		if (partner == ALIGN_NONE) {
			ret = step(differ, STREAM_DIFF_ONLY_LEFT, &left->at[i++], NULL);
		} else if (j < partner) {
			ret = step(differ, STREAM_DIFF_ONLY_RIGHT, NULL, &right->at[j++]);
		} else {
			bool same = left->keys[KEY_CONTENT][i] == right->keys[KEY_CONTENT][j];

			ret = step(differ, same ? STREAM_DIFF_SAME : STREAM_DIFF_CHANGED,
				   &left->at[i++], &right->at[j++]);
		}
	}
	return ret;
}

static int differ_init(struct differ *differ)
{
	size_t context = differ->options->context;

	/* calloc(0) may be NULL: ask for one entry more than needed. */
	differ->left.before = calloc(context + 1, sizeof(*differ->left.before));
	differ->right.before = calloc(context + 1, sizeof(*differ->right.before));
	differ->diff->rows = calloc(3 * context + 1, sizeof(*differ->diff->rows));
	return differ->left.before && differ->right.before && differ->diff->rows ? 0 : -ENOMEM;
}

static void sequence_release(struct sequence *sequence)
{
	for (unsigned int key = 0; key < KEY_COUNT; key++)
		free(sequence->keys[key]);
	free(sequence->at);
	free(sequence->before);
}

int stream_diff_run(struct stream_file *left, struct stream_file *right,
		    const struct stream_diff_options *options, struct stream_diff *diff)
{
	struct differ differ = {
		.options = options,
		.diff = diff,
		.left.file = left,
		.right.file = right,
	};
	int ret;

	*diff = (struct stream_diff){0};
	ret = differ_init(&differ);
	if (!ret)
		ret = load(&differ);
	if (!ret && (differ.left.count || differ.right.count)) {
		diff->left_offset = differ.left.count ? differ.left.at[0].offset : left->offset;
		diff->right_offset = differ.right.count ? differ.right.at[0].offset : right->offset;
		ret = align(&differ);
		if (!ret)
			ret = show_before(&differ);
		if (!ret)
			ret = walk(&differ);
	}
	sequence_release(&differ.left);
	sequence_release(&differ.right);
	free(differ.partner);
	return ret;
}

void stream_diff_release(struct stream_diff *diff)
{
	for (size_t i = 0; i < diff->row_count; i++) {
		free(diff->rows[i].left_text);
		free(diff->rows[i].right_text);
	}
	free(diff->rows);
	*diff = (struct stream_diff){0};
}

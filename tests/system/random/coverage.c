/* SPDX-License-Identifier: GPL-2.0 */
#include "tests/system/random/coverage.h"

#include "engine/core/le.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <xxhash.h>

static const char *const operation_names[OPERATION_COUNT] = {
#define OPERATION(name, ...) [OPERATION_##name] = #name,
#include "tests/system/random/operations.def"
#undef OPERATION
};

static const char *const special_names[SPECIAL_COUNT] = {
	[SPECIAL_FULL_SEND] = "full send",
	[SPECIAL_INCREMENTAL_SEND] = "incremental send",
	[SPECIAL_BACKWARD_SEND] = "incremental, parent is newer",
	[SPECIAL_UNRELATED_SEND] = "incremental, parent unrelated",
	[SPECIAL_NO_DATA_SEND] = "send without file data",
	[SPECIAL_KERNEL_FAILED] = "send that the kernel failed",
	[SPECIAL_RENAME_TO_ORPHAN] = "RENAME to an orphan name",
	[SPECIAL_RENAME_FROM_ORPHAN] = "RENAME of an orphan name",
	[SPECIAL_RENAME_BELOW_ORPHAN] = "RENAME below an orphan",
	[SPECIAL_UNLINK_ORPHAN] = "UNLINK of or below an orphan",
	[SPECIAL_RMDIR_ORPHAN] = "RMDIR of or below an orphan",
	[SPECIAL_LINK_TO_ORPHAN] = "LINK to an orphan name",
	[SPECIAL_WRITE_ZEROS] = "WRITE of zeros",
	[SPECIAL_CLONE_SAME_FILE] = "CLONE inside a file",
	[SPECIAL_CLONE_SAME_ROOT] = "CLONE from the snapshot itself",
	[SPECIAL_CLONE_OTHER_ROOT] = "CLONE from another snapshot",
	[SPECIAL_CLONE_UNALIGNED] = "CLONE of unaligned length",
	[SPECIAL_CAPABILITY] = "SET_XATTR of a capability",
	[SPECIAL_2012_FAILED] = "send that fails as of 2012",
	[SPECIAL_2012_NOTICES] = "what a receiver gets wrong as of 2012",
};

/* Length of a name o<number>-<number>-<number> at the start of @text, 0 if there is none. */
static size_t orphan_length(const uint8_t *text, size_t length)
{
	size_t at = 1;

	if (!length || text[0] != 'o')
		return 0;
	for (int field = 0; field < 3; field++) {
		size_t first = at;

		while (at < length && text[at] >= '0' && text[at] <= '9')
			at++;
		if (at == first || (field < 2 && (at == length || text[at++] != '-')))
			return 0;
	}
	return at;
}

enum orphan_path {
	ORPHAN_NOT,
	ORPHAN_ITSELF,
	ORPHAN_ABOVE, /* the path leads through one */
};

static enum orphan_path path_kind(const struct stream_attribute *path)
{
	size_t orphan = path ? orphan_length(path->data, path->length) : 0;

	if (!orphan)
		return ORPHAN_NOT;
	if (orphan == path->length)
		return ORPHAN_ITSELF;
	return path->data[orphan] == '/' ? ORPHAN_ABOVE : ORPHAN_NOT;
}

static bool same_attribute(const struct stream_attribute *a, const struct stream_attribute *b)
{
	return a && b && a->length == b->length && !memcmp(a->data, b->data, a->length);
}

static void count_clone(struct coverage *coverage, const struct stream_command *command,
			const uint8_t uuid[16])
{
	const struct stream_attribute *root = stream_command_find(command, STREAM_A_CLONE_UUID);
	const struct stream_attribute *length = stream_command_find(command, STREAM_A_CLONE_LEN);

	if (root && memcmp(root->data, uuid, 16))
		coverage->special[SPECIAL_CLONE_OTHER_ROOT]++;
	else if (same_attribute(stream_command_find(command, STREAM_A_PATH),
				stream_command_find(command, STREAM_A_CLONE_PATH)))
		coverage->special[SPECIAL_CLONE_SAME_FILE]++;
	else
		coverage->special[SPECIAL_CLONE_SAME_ROOT]++;
	coverage->special[SPECIAL_CLONE_UNALIGNED] += length && get_le64(length->data) % 4096;
}

static bool all_zeros(const struct stream_attribute *data)
{
	return data && data->length && !data->data[0] &&
	       !memcmp(data->data, data->data + 1, data->length - 1);
}

static void count_special(struct coverage *coverage, const struct stream_command *command,
			  uint8_t uuid[16])
{
	const struct stream_attribute *found = NULL;
	enum orphan_path from = path_kind(stream_command_find(command, STREAM_A_PATH));

	switch (command->kind) {
	case STREAM_C_SUBVOL:
	case STREAM_C_SNAPSHOT:
		found = stream_command_find(command, STREAM_A_UUID);
		if (found)
			memcpy(uuid, found->data, 16);
		break;
	case STREAM_C_RENAME:
		found = stream_command_find(command, STREAM_A_PATH_TO);
		coverage->special[SPECIAL_RENAME_TO_ORPHAN] += path_kind(found) == ORPHAN_ITSELF;
		coverage->special[SPECIAL_RENAME_FROM_ORPHAN] += from == ORPHAN_ITSELF;
		coverage->special[SPECIAL_RENAME_BELOW_ORPHAN] += from == ORPHAN_ABOVE;
		break;
	case STREAM_C_UNLINK:
		coverage->special[SPECIAL_UNLINK_ORPHAN] += from != ORPHAN_NOT;
		break;
	case STREAM_C_RMDIR:
		coverage->special[SPECIAL_RMDIR_ORPHAN] += from != ORPHAN_NOT;
		break;
	case STREAM_C_LINK:
		found = stream_command_find(command, STREAM_A_PATH_LINK);
		coverage->special[SPECIAL_LINK_TO_ORPHAN] += path_kind(found) != ORPHAN_NOT;
		break;
	case STREAM_C_WRITE:
		found = stream_command_find(command, STREAM_A_DATA);
		coverage->special[SPECIAL_WRITE_ZEROS] += all_zeros(found);
		break;
	case STREAM_C_CLONE:
		count_clone(coverage, command, uuid);
		break;
	case STREAM_C_SET_XATTR:
		found = stream_command_find(command, STREAM_A_XATTR_NAME);
		coverage->special[SPECIAL_CAPABILITY] +=
			found && found->length == strlen("security.capability") &&
			!memcmp(found->data, "security.capability", found->length);
		break;
	default:
		break;
	}
}

/* A path without the generations in its orphan names, which are transids. */
static uint64_t path_digest(const struct stream_attribute *path, uint64_t digest)
{
	uint32_t length;

	for (uint32_t at = 0; at < path->length; at += length + 1) {
		const uint8_t *name = path->data + at, *end = memchr(name, '/', path->length - at);
		uint32_t hashed;

		length = end ? end - name : path->length - at;
		hashed = length;
		if (length && orphan_length(name, length) == length)
			hashed = (const uint8_t *)memchr(name, '-', length) - name;
		digest = XXH64(name, hashed, digest);
	}
	return digest;
}

static void add_digest(struct coverage *coverage, const struct stream_command *command)
{
	uint64_t digest = XXH64(&command->kind, sizeof(command->kind), coverage->digest);

	for (unsigned int i = 0; i < command->attribute_count; i++) {
		const struct stream_attribute *attribute = &command->attributes[i];
		enum stream_attribute_type type = stream_attributes[attribute->id].type;

		if (type == STREAM_TYPE_UUID || type == STREAM_TYPE_TIMESPEC ||
		    attribute->id == STREAM_A_CTRANSID || attribute->id == STREAM_A_CLONE_CTRANSID)
			continue;
		if (type == STREAM_TYPE_PATH)
			digest = path_digest(attribute, digest + attribute->id);
		else
			digest = XXH64(attribute->data, attribute->length, digest + attribute->id);
	}
	coverage->digest = digest;
}

int coverage_add_stream(struct coverage *coverage, const void *data, size_t length,
			struct failure *failure)
{
	const uint8_t *bytes = data;
	size_t offset = STREAM_HEADER_SIZE;
	uint8_t uuid[16] = {0};
	struct stream_command command;
	unsigned int protocol;
	int ret = stream_parse_header(data, length, &protocol, failure);

	for (; !ret && offset < length; offset += command.length) {
		ret = stream_parse_command(bytes + offset, length - offset, offset, protocol,
					   &command, failure);
		if (!ret && command.crc_stored != command.crc_computed)
			ret = failure_set(failure, -EPROTO, "command at %zu: wrong crc", offset);
		if (ret)
			break;
		coverage->commands[command.kind]++;
		count_special(coverage, &command, uuid);
		add_digest(coverage, &command);
	}
	coverage->bytes += length;
	return ret;
}

void coverage_add_losses(struct coverage *coverage, const uint64_t bytes[CLONE_LOSS_COUNT])
{
	for (int i = 0; i < CLONE_LOSS_COUNT; i++)
		coverage->losses[i] += bytes[i];
}

void coverage_merge(struct coverage *to, const struct coverage *from)
{
	to->seeds += from->seeds;
	to->seeds_different += from->seeds_different;
	to->sends += from->sends;
	to->bytes += from->bytes;
	for (int i = 0; i < STREAM_C_COUNT; i++)
		to->commands[i] += from->commands[i];
	for (int i = 0; i < SPECIAL_COUNT; i++)
		to->special[i] += from->special[i];
	coverage_add_losses(to, from->losses);
	for (int i = 0; i < OPERATION_COUNT; i++) {
		to->operations_tried[i] += from->operations_tried[i];
		to->operations_done[i] += from->operations_done[i];
	}
	/* A sum: jobs end in any order. */
	to->digest += from->digest;
}

void coverage_print(const struct coverage *coverage, FILE *out)
{
	fprintf(out, "%-32s %10s\n", "commands of the kernel", "count");
	for (int i = 0; i < STREAM_C_COUNT; i++)
		if (stream_commands[i].name &&
		    (stream_commands[i].since == 1 || coverage->commands[i]))
			fprintf(out, "  %-30s %10" PRIu64 "\n", stream_commands[i].name,
				coverage->commands[i]);
	fprintf(out, "%-32s %10s\n", "cases", "count");
	for (int i = 0; i < SPECIAL_COUNT; i++)
		fprintf(out, "  %-30s %10" PRIu64 "\n", special_names[i], coverage->special[i]);
	fprintf(out, "%-32s %10s\n", "data written, by reason", "bytes");
	for (int i = 0; i < CLONE_LOSS_COUNT; i++)
		fprintf(out, "  %-30s %10" PRIu64 "\n", clone_losses[i].name, coverage->losses[i]);
	fprintf(out, "%-32s %10s %10s\n", "operations", "done", "tried");
	for (int i = 0; i < OPERATION_COUNT; i++)
		fprintf(out, "  %-30s %10" PRIu64 " %10" PRIu64 "\n", operation_names[i],
			coverage->operations_done[i], coverage->operations_tried[i]);
	fprintf(out, "digest of all streams %016" PRIx64 "\n", coverage->digest);
}

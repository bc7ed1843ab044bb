/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/kernel_types.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct kernel_types {
	struct btf *base; /* of the kernel */
	struct btf *btf;  /* of btrfs: a module's, or the base */
	char **symbols;	  /* of btrfs and all others, without what follows a '.'; sorted */
	size_t symbol_count;
};

/* A structure of send.c, and a function that other files call: without them there is no btrfs. */
static const char own_structure[] = "send_ctx";
static const char own_function[] = "btrfs_ioctl_send";

static struct btf *parse(const char *root, const char *name, struct btf *base)
{
	char path[PATH_MAX];
	struct btf *btf;

	snprintf(path, sizeof(path), "%s/sys/kernel/btf/%s", root, name);
	btf = btf__parse_split(path, base);
	return libbpf_get_error(btf) ? NULL : btf;
}

static const struct btf_type *find_structure(const struct kernel_types *types, const char *name)
{
	int id = btf__find_by_name_kind(types->btf, name, BTF_KIND_STRUCT);

	return id < 0 ? NULL : btf__type_by_id(types->btf, (unsigned int)id);
}

static bool read_types(struct kernel_types *types, const char *root)
{
	libbpf_set_print(NULL); /* what cannot be read is no error here */
	types->base = parse(root, "vmlinux", NULL);
	if (!types->base)
		return false;
	types->btf = parse(root, "btrfs", types->base);
	if (!types->btf)
		types->btf = types->base;
	return find_structure(types, own_structure) != NULL;
}

static void drop_types(struct kernel_types *types)
{
	if (types->btf != types->base)
		btf__free(types->btf);
	btf__free(types->base);
	types->btf = types->base = NULL;
}

static int compare_symbols(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool has_symbol(const struct kernel_types *types, const char *name)
{
	return bsearch(&name, types->symbols, types->symbol_count, sizeof(*types->symbols),
		       compare_symbols);
}

/* 0 or -ENOMEM. */
static int add_symbol(struct kernel_types *types, const char *name)
{
	size_t count = types->symbol_count;

	if ((count & (count - 1)) == 0) { /* full: it doubles at powers of two */
		char **larger =
			reallocarray(types->symbols, count ? 2 * count : 1, sizeof(*larger));

		if (!larger)
			return -ENOMEM;
		types->symbols = larger;
	}
	types->symbols[count] = strdup(name);
	if (!types->symbols[count])
		return -ENOMEM;
	types->symbol_count++;
	return 0;
}

/* Lines of "address type name", behind which a module may stand. */
static bool read_symbols(struct kernel_types *types, const char *root)
{
	char path[PATH_MAX], *line = NULL;
	size_t size = 0;
	FILE *file;
	int ret = 0;

	snprintf(path, sizeof(path), "%s/proc/kallsyms", root);
	file = fopen(path, "re");
	if (!file)
		return false;
	while (ret == 0 && getline(&line, &size, file) >= 0) {
		char *name = strchr(line, ' ');

		name = name ? strchr(name + 1, ' ') : NULL;
		if (!name)
			continue;
		name++;
		name[strcspn(name, ".\t\n")] = '\0';
		ret = add_symbol(types, name);
	}
	free(line);
	fclose(file);
	if (ret || types->symbol_count == 0)
		return false;
	qsort(types->symbols, types->symbol_count, sizeof(*types->symbols), compare_symbols);
	return has_symbol(types, own_function);
}

int kernel_types_open(const char *root, struct kernel_types **out)
{
	struct kernel_types *types = calloc(1, sizeof(*types));

	if (!types)
		return -ENOMEM;
	if (!read_types(types, root)) {
		drop_types(types);
		if (!read_symbols(types, root)) {
			kernel_types_close(types);
			return -ENOENT;
		}
	}
	*out = types;
	return 0;
}

void kernel_types_close(struct kernel_types *types)
{
	if (!types)
		return;
	drop_types(types);
	for (size_t i = 0; i < types->symbol_count; i++)
		free(types->symbols[i]);
	free(types->symbols);
	free(types);
}

enum answer kernel_types_member(const struct kernel_types *types, const char *structure,
				const char *member)
{
	const struct btf_type *type;

	if (!types->btf)
		return ANSWER_UNKNOWN;
	type = find_structure(types, structure);
	for (unsigned int i = 0; type && i < btf_vlen(type); i++) {
		const char *name = btf__name_by_offset(types->btf, btf_members(type)[i].name_off);

		if (name && strcmp(name, member) == 0)
			return ANSWER_YES;
	}
	return ANSWER_NO;
}

enum answer kernel_types_function(const struct kernel_types *types, const char *name)
{
	if (!types->btf)
		return has_symbol(types, name) ? ANSWER_YES : ANSWER_NO;
	return btf__find_by_name_kind(types->btf, name, BTF_KIND_FUNC) < 0 ? ANSWER_UNKNOWN
									   : ANSWER_YES;
}

const char *kernel_types_kind(const struct kernel_types *types)
{
	return types->btf ? "type information" : "symbols";
}

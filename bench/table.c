/* SPDX-License-Identifier: GPL-2.0 */
#include "bench/groups.h"

#include <string.h>

/* In the order of --list. */
const struct workload *const workloads[] = {
	&workload_many_refs,
	&workload_reflink_forest,
	&workload_shared_snapshots,
	&workload_relocation,
	&workload_relocation_live,
	&workload_small_files,
	&workload_bulk,
	&workload_rename_storm,
	&workload_deep_dirs,
	&workload_wide_dirs,
	&workload_unlink_storm,
	&workload_sparse,
	&workload_compressed,
	&workload_xattr_heavy,
	&workload_random,
	NULL,
};

const char *const workload_size_names[] = {"tiny", "small", "medium", "large", NULL};

const struct workload *workload_find(const char *name)
{
	for (size_t i = 0; workloads[i]; i++) {
		if (!strcmp(workloads[i]->name, name))
			return workloads[i];
	}
	return NULL;
}

size_t workload_parameter_count(const struct workload *workload)
{
	size_t count = 0;

	while (count < WORKLOAD_PARAMETERS_MAX && workload->parameters[count].name)
		count++;
	return count;
}

/* SPDX-License-Identifier: GPL-2.0 */
/* One workload on an empty filesystem, held against its claims. */
#include "bench/count.h"
#include "bench/files.h"
#include "bench/workloads.h"

#include <err.h>
#include <sys/stat.h>
#include <unistd.h>

static void expect(const char *what, uint64_t have, uint64_t claimed, bool at_least)
{
	if (have == claimed || (at_least && have > claimed))
		return;
	errx(1, "%s: have %ju expect %s%ju", what, (uintmax_t)have, at_least ? "at least " : "",
	     (uintmax_t)claimed);
}

static uint64_t clone_sources(void)
{
	char name[NAME_SIZE];
	uint64_t count = 0;

	while (!access(name_of(name, "clone-%ju", (uintmax_t)count), F_OK))
		count++;
	return count;
}

static void verify(const struct workload_claims *claims)
{
	struct filesystem_counts counts;

	count_filesystem(".", "child", &counts);
	expect("files", counts.files, claims->files, false);
	expect("folders", counts.folders, claims->folders, false);
	expect("depth", counts.depth, claims->depth, false);
	expect("extended attributes", counts.attributes, claims->attributes, false);
	expect("parents", !access("parent", F_OK), claims->incremental, false);
	expect("clone sources", clone_sources(), claims->clone_sources, false);
	expect("data extents", counts.extents, claims->extents, claims->at_least);
	expect("references to data", counts.references, claims->references, claims->at_least);
	if (claims->unshared)
		expect("references in the extent tree", counts.tree_references, counts.references,
		       false);
}

void workload_build(const struct workload *workload, const uint64_t *values, const char *path)
{
	struct workload_claims claims = {0};

	if (chdir(path))
		err(1, "%s", path);
	umask(022);
	random_seed(0);
	workload->claim(values, &claims);
	workload->build(values);
	commit(".");
	verify(&claims);
}

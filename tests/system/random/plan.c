/* SPDX-License-Identifier: GPL-2.0 */
#include "tests/system/random/plan.h"

#include "tests/system/random/prng.h"

#include <stdio.h>
#include <string.h>

enum {
	PLAN_STREAM = 1, /* of the random numbers */
};

static const struct {
	const char *name;
	unsigned int operations;
	unsigned int names;
} profiles[PROFILE_COUNT] = {
	[PROFILE_MIXED] = {"mixed", 130, 10},	 [PROFILE_RENAMES] = {"renames", 180, 7},
	[PROFILE_EXTENTS] = {"extents", 130, 8}, [PROFILE_CLONES] = {"clones", 130, 8},
	[PROFILE_LINKS] = {"links", 150, 9},
};

/* An option that is listed more than once is chosen more often. */
static const unsigned int nodesizes[] = {4096, 4096, 4096, 4096, 16384, 16384, 16384, 16384, 65536};
static const char *const checksums[] = {"crc32c", "crc32c", "xxhash", "sha256", "blake2"};
static const char *const mounts[] = {
	"",
	"",
	"",
	"",
	"",
	"compress-force=zstd:1",
	"compress-force=zlib:1",
	"compress-force=lzo",
	"nodatacow",
	"max_inline=0",
};

#define CHOOSE(prng, table) ((table)[prng_below((prng), sizeof(table) / sizeof((table)[0]))])

void plan_make(struct plan *plan, uint64_t seed, unsigned int operations)
{
	struct prng prng;

	prng_seed(&prng, seed, PLAN_STREAM);
	memset(plan, 0, sizeof(*plan));
	plan->seed = seed;
	plan->profile = prng_below(&prng, PROFILE_COUNT);
	plan->wide = prng_percent(&prng, 8);
	plan->many_snapshots = !plan->wide && prng_percent(&prng, 6);
	plan->rounds = prng_between(&prng, 2, 4);
	plan->operations = profiles[plan->profile].operations;
	plan->names = profiles[plan->profile].names;
	plan->second_tree = prng_percent(&prng, 40);
	if (plan->wide) {
		plan->rounds = 2;
		plan->operations *= 3;
		plan->names = 60;
	}
	if (plan->many_snapshots) {
		plan->rounds = prng_between(&prng, 18, 22);
		plan->first_operations = plan->operations * 3;
		plan->operations = prng_between(&prng, 3, 12);
		plan->second_tree = false;
		if (prng_percent(&prng, 60))
			plan->profile = PROFILE_CLONES;
	}
	if (operations)
		plan->operations = operations;

	plan->nodesize = CHOOSE(&prng, nodesizes);
	plan->checksum = CHOOSE(&prng, checksums);
	plan->no_holes = prng_percent(&prng, 60);
	plan->skinny_metadata = prng_percent(&prng, 85);
	plan->single_metadata = prng_percent(&prng, 20);
	plan->free_space_tree = prng_percent(&prng, 85);
	plan->mount_options = CHOOSE(&prng, mounts);
}

void plan_mkfs_arguments(const struct plan *plan, const char *device, char nodesize_text[16],
			 const char *arguments[PLAN_MKFS_ARGUMENTS_MAX])
{
	unsigned int count = 0;

	snprintf(nodesize_text, 16, "%u", plan->nodesize);
	arguments[count++] = "mkfs.btrfs";
	arguments[count++] = "-q";
	arguments[count++] = "-f";
	arguments[count++] = "-K";
	arguments[count++] = "-n";
	arguments[count++] = nodesize_text;
	arguments[count++] = "--csum";
	arguments[count++] = plan->checksum;
	arguments[count++] = "-m";
	arguments[count++] = plan->single_metadata ? "single" : "dup";
	arguments[count++] = "-O";
	arguments[count++] = plan->no_holes ? "no-holes" : "^no-holes";
	arguments[count++] = "-O";
	arguments[count++] = plan->skinny_metadata ? "skinny-metadata" : "^skinny-metadata";
	arguments[count++] = "-R";
	arguments[count++] = plan->free_space_tree ? "free-space-tree" : "^free-space-tree";
	arguments[count++] = device;
	arguments[count] = NULL;
}

void plan_describe(const struct plan *plan, char *text, size_t size)
{
	const char *arguments[PLAN_MKFS_ARGUMENTS_MAX];
	char nodesize_text[16];
	size_t used;

	plan_mkfs_arguments(plan, "IMAGE", nodesize_text, arguments);
	used = snprintf(text, size, "%s%s%s, %u rounds of %u operations%s;",
			profiles[plan->profile].name, plan->wide ? ", wide" : "",
			plan->many_snapshots ? ", many snapshots" : "", plan->rounds,
			plan->operations, plan->second_tree ? ", two trees" : "");
	for (unsigned int i = 0; arguments[i] && used < size; i++)
		used += snprintf(text + used, size - used, " %s", arguments[i]);
	if (used < size)
		snprintf(text + used, size - used, "; mount -o %s%s%s", "noatime",
			 plan->mount_options[0] ? "," : "", plan->mount_options);
}

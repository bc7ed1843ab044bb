/* SPDX-License-Identifier: GPL-2.0 */
/* A bit of everything, by seed. */
#include "bench/files.h"
#include "bench/groups.h"

#include <unistd.h>

enum { MIX_SEED, MIX_FILES, MIX_CHANGES };
enum { MIX_FOLDERS = 16 };
#define MIX_SIZE_MAX (256 * KIB)

/* One kind after the other, so that how many there are of each does not depend on the seed. */
enum mix_kind { MIX_OVERWRITE, MIX_REFLINK, MIX_MOVE, MIX_PUNCH, MIX_ATTRIBUTE, MIX_KINDS };

/* Every name stands for a file at any time: a move is to a name of its own and back again. */
static void change_one(uint64_t number, uint64_t files)
{
	char name[NAME_SIZE], other[NAME_SIZE];
	uint64_t victim = random_below(files);
	int fd;

	name_of(name, "child/folder-%02ju/file-%06ju", victim % MIX_FOLDERS, victim);
	switch ((enum mix_kind)(number % MIX_KINDS)) {
	case MIX_OVERWRITE:
		fd = open_file(name, 0);
		write_noise(fd, 1 + random_below(64 * KIB), random_below(MIX_SIZE_MAX));
		close(fd);
		break;
	case MIX_REFLINK:
		reflink(name, 0, 0, name_of(other, "child/copy-%06ju", number), 0);
		break;
	case MIX_MOVE:
		/* Two files change places. */
		name_of(other, "child/folder-%02ju/file-%06ju", (victim + 1) % files % MIX_FOLDERS,
			(victim + 1) % files);
		move(name, "child/swap");
		move(other, name);
		move("child/swap", other);
		break;
	case MIX_PUNCH:
		punch(name, random_below(16) * 16 * KIB, 16 * KIB);
		break;
	case MIX_ATTRIBUTE:
		set_attribute(name, name_of(other, "user.change-%06ju", number), &number,
			      sizeof(number));
		break;
	case MIX_KINDS:
		break;
	}
}

static void mix_build(const uint64_t *v)
{
	char name[NAME_SIZE];

	random_seed(v[MIX_SEED]);
	make_subvolume("child");
	for (unsigned int i = 0; i < MIX_FOLDERS; i++)
		make_directory(name_of(name, "child/folder-%02u", i));
	for (uint64_t i = 0; i < v[MIX_FILES]; i++)
		make_noise_file(name_of(name, "child/folder-%02ju/file-%06ju", i % MIX_FOLDERS, i),
				1 + random_below(MIX_SIZE_MAX));
	/* Half of the changes are before the parent: it has shared extents, too. */
	for (uint64_t i = 0; i < v[MIX_CHANGES]; i++) {
		if (i == v[MIX_CHANGES] / 2)
			make_snapshot("child", "parent");
		change_one(i, v[MIX_FILES]);
	}
	make_read_only("child");
}

/* How many of the changes are of a kind. */
static uint64_t count_of(uint64_t changes, enum mix_kind kind)
{
	return (changes + MIX_KINDS - 1 - kind) / MIX_KINDS;
}

static void mix_claim(const uint64_t *v, struct workload_claims *claims)
{
	claims->incremental = true;
	claims->bytes = v[MIX_FILES] * MIX_SIZE_MAX / 2 + v[MIX_CHANGES] * 64 * KIB;
	claims->files = v[MIX_FILES] + count_of(v[MIX_CHANGES], MIX_REFLINK);
	claims->folders = MIX_FOLDERS;
	claims->depth = 2;
	claims->attributes = count_of(v[MIX_CHANGES], MIX_ATTRIBUTE);
	/* What is inline, overwritten or punched depends on the seed. */
	claims->at_least = true;
}

const struct workload workload_random = {
	.name = "random",
	.stresses = "a bit of everything, by seed",
	.parameters =
		{
			{"seed",
			 "other files and other changes",
			 {1, 1, 1, 1},
			 0,
			 UINT64_MAX / 2,
			 NULL},
			{"files",
			 "files of up to 256 KiB",
			 {60, 1000, 5000, 20000},
			 2,
			 1000000,
			 NULL},
			{"changes",
			 "overwrites, reflinks, moves, holes, attributes: half of them "
			 "before the parent",
			 {100, 2000, 10000, 40000},
			 1,
			 10000000,
			 NULL},
		},
	.build = mix_build,
	.claim = mix_claim,
};

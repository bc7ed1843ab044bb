/* SPDX-License-Identifier: GPL-2.0 */
/* The choice of operations, and of the names they work on. */
#include "tests/system/random/operations.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
	int (*run)(struct world *world);
	unsigned int weights[PROFILE_COUNT];
} operations[OPERATION_COUNT] = {
#define OPERATION(name, ...) [OPERATION_##name] = {operation_##name, {__VA_ARGS__}},
#include "tests/system/random/operations.def"
#undef OPERATION
};

void operation_run(struct world *world)
{
	enum profile profile = world->plan->profile;
	unsigned int id, total = 0;
	uint64_t choice;

	for (id = 0; id < OPERATION_COUNT; id++)
		total += operations[id].weights[profile];
	choice = prng_below(&world->prng, total);
	for (id = 0; choice >= operations[id].weights[profile]; id++)
		choice -= operations[id].weights[profile];
	world->coverage->operations_tried[id]++;
	if (!operations[id].run(world))
		world->coverage->operations_done[id]++;
}

/*
 * Names that hash alike: directory items, name items of extended references (whose hash starts from
 * the directory's number, but a CRC keeps collisions of equal length) and, behind "user.",
 * attributes land in one item.
 */
static const char *const odd_names[] = {
	"aiyifwg",   "dlpjrry",	     "idqaxgv",
	"tlcjyzi",   "uidffrr",	     "vjcgjqx",
	"o",	     "o257-",	     "A",
	"-",	     "..a",	     " ",
	"new\nline", "\xff\xfe\x80", "tab\t\"quote\"\\",
};

/* Names that are prefixes of one another: a, b, ..., then aa, ab, ... */
static void plain_name(struct world *world, char name[NAME_MAX + 1])
{
	unsigned int number = prng_below(&world->prng, world->plan->names);

	if (number < 6)
		snprintf(name, NAME_MAX + 1, "%c", 'a' + number);
	else
		snprintf(name, NAME_MAX + 1, "%c%c", 'a' + (number - 6) % 6,
			 'a' + (number - 6) / 6);
}

void pick_name(struct world *world, char name[NAME_MAX + 1])
{
	unsigned int kind = prng_below(&world->prng, 100);

	if (kind < 92) {
		plain_name(world, name);
	} else if (kind < 98) {
		size_t count = sizeof(odd_names) / sizeof(odd_names[0]);

		strcpy(name, odd_names[prng_below(&world->prng, count)]);
	} else {
		/* The longest there are, told apart by their last byte. */
		memset(name, 'n', NAME_MAX);
		name[NAME_MAX - 1] = '0' + prng_below(&world->prng, 3);
		name[NAME_MAX] = '\0';
	}
}

bool place_at(const struct world *world, int directory, const char *name, struct place *place)
{
	size_t length, name_length = strlen(name);

	place->directory = directory;
	memcpy(place->name, name, name_length + 1);
	if (!tree_path(&world->current->tree, directory, place->path))
		return false;
	length = strlen(place->path);
	if (length + 1 + name_length >= PATH_MAX)
		return false;
	place->path[length] = '/';
	memcpy(place->path + length + 1, name, name_length + 1);
	place->node = tree_child(&world->current->tree, directory, place->name);
	return true;
}

bool place_pick(struct world *world, struct place *place)
{
	int directory = tree_pick_directory(&world->current->tree, &world->prng);
	char name[NAME_MAX + 1];

	pick_name(world, name);
	return place_at(world, directory, name, place);
}

bool place_fresh(struct world *world, int directory, struct place *place)
{
	char name[32];

	snprintf(name, sizeof(name), "t%u", world->made++);
	return place_at(world, directory, name, place);
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * reshape TOP STATE: rearrange the directories with the inode numbers 257, 258, ... below TOP into
 * the tree that STATE draws, whatever tree they are in now. STATE has a word PARENT:NAME for each
 * of them, separated by commas: PARENT 0 is TOP itself, N the N-th directory, "-" removes the
 * directory with its remaining contents. "0:a,1:b,-" is a/b with the third one gone.
 */
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_DIRECTORIES 8
#define FIRST_INO	257

struct place {
	int parent; /* index from 1, 0 the top, -1 removed */
	char name[NAME_MAX + 1];
};

static struct place places[MAX_DIRECTORIES + 1];
static int count;

static void parse_state(char *state)
{
	for (char *word = strtok(state, ","); word; word = strtok(NULL, ",")) {
		struct place *place = &places[++count];

		if (count > MAX_DIRECTORIES)
			errx(2, "more than %d directories", MAX_DIRECTORIES);
		place->parent = -1;
		if (strcmp(word, "-") != 0 &&
		    sscanf(word, "%d:%255s", &place->parent, place->name) != 2)
			errx(2, "%s: have no PARENT:NAME", word);
	}
	for (int i = 1; i <= count; i++) {
		if (places[i].parent > count)
			errx(2, "directory %d: no parent %d", i, places[i].parent);
	}
}

/* The path of the directory with inode number @ino below @path, which it replaces if found. */
static bool find_inode(char *path, ino_t ino)
{
	size_t length = strlen(path);
	DIR *dir = opendir(path);
	struct dirent *entry;
	bool found = false;

	if (!dir)
		err(1, "%s", path);
	while (!found && (entry = readdir(dir)) != NULL) {
		if (entry->d_type != DT_DIR || strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		if (length + strlen(entry->d_name) + 2 > PATH_MAX)
			errx(1, "%s: path too long", path);
		path[length] = '/';
		strcpy(path + length + 1, entry->d_name);
		found = entry->d_ino == ino || find_inode(path, ino);
		if (!found)
			path[length] = '\0';
	}
	closedir(dir);
	return found;
}

static void temporary_path(int index, char *path)
{
	snprintf(path, PATH_MAX, "moving-%d", index);
}

/* All directories side by side, so that no later move depends on the tree that was. */
static void flatten(void)
{
	char path[PATH_MAX], flat[PATH_MAX];

	for (int i = 1; i <= count; i++) {
		strcpy(path, ".");
		if (!find_inode(path, (ino_t)(FIRST_INO + i - 1)))
			errx(1, "no directory with inode number %d", FIRST_INO + i - 1);
		temporary_path(i, flat);
		if (rename(path, flat) < 0)
			err(1, "%s to %s", path, flat);
	}
}

static void remove_directory(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	if (!dir)
		err(1, "%s", path);
	while ((entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
		    unlinkat(dirfd(dir), entry->d_name, 0) < 0)
			err(1, "%s/%s", path, entry->d_name);
	}
	closedir(dir);
	if (rmdir(path) < 0)
		err(1, "%s", path);
}

static void final_path(int index, char *path, int depth)
{
	size_t length;

	if (index == 0) {
		strcpy(path, ".");
		return;
	}
	if (depth > count || places[index].parent < 0)
		errx(2, "directory %d has no way to the top", index);
	final_path(places[index].parent, path, depth + 1);
	length = strlen(path);
	snprintf(path + length, PATH_MAX - length, "/%s", places[index].name);
}

/* Parents first: a directory is placed once the one it goes into stands where it belongs. */
static void place_all(void)
{
	bool placed[MAX_DIRECTORIES + 1] = {true};
	char flat[PATH_MAX], path[PATH_MAX];

	for (int round = 0; round < count; round++) {
		for (int i = 1; i <= count; i++) {
			if (placed[i] || places[i].parent < 0 || !placed[places[i].parent])
				continue;
			temporary_path(i, flat);
			final_path(i, path, 0);
			if (rename(flat, path) < 0)
				err(1, "%s to %s", flat, path);
			placed[i] = true;
		}
	}
	for (int i = 1; i <= count; i++) {
		temporary_path(i, flat);
		if (places[i].parent < 0)
			remove_directory(flat);
		else if (!placed[i])
			errx(2, "directory %d has no way to the top", i);
	}
}

int main(int argc, char **argv)
{
	if (argc != 3)
		errx(2, "usage: reshape TOP STATE");
	if (chdir(argv[1]) < 0)
		err(1, "%s", argv[1]);
	parse_state(argv[2]);
	flatten();
	place_all();
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * hold unlink FILE... | hold tmpfile DIRECTORY COUNT: keep inodes without names alive. Opens and
 * unlinks each file, or opens files that never had a name, prints "ready" and waits to be killed.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void hold_unlinked(int count, char **files)
{
	for (int i = 0; i < count; i++) {
		if (open(files[i], O_RDONLY) < 0 || unlink(files[i]) < 0)
			err(1, "%s", files[i]);
	}
}

static void hold_unnamed(const char *directory, int count)
{
	for (int i = 0; i < count; i++) {
		int fd = open(directory, O_TMPFILE | O_RDWR, 0644);

		if (fd < 0 || dprintf(fd, "file %d without a name\n", i) < 0)
			err(1, "%s", directory);
	}
}

int main(int argc, char **argv)
{
	if (argc >= 3 && strcmp(argv[1], "unlink") == 0)
		hold_unlinked(argc - 2, argv + 2);
	else if (argc == 4 && strcmp(argv[1], "tmpfile") == 0)
		hold_unnamed(argv[2], atoi(argv[3]));
	else
		errx(2, "usage: hold unlink FILE... | hold tmpfile DIRECTORY COUNT");
	puts("ready");
	fflush(stdout);
	pause();
	return 0;
}

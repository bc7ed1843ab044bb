/* SPDX-License-Identifier: GPL-2.0 */
/*
 * treecmp LEFT RIGHT: compare two directory trees as far as a send stream carries them: names,
 * types, modes, owners, device numbers, contents, link targets, access and modification times,
 * extended attributes, which names are links to one inode. Change times are not compared: a
 * receiver cannot set them. Exit status 0 equal, 1 different (each difference is printed), 2
 * trouble.
 */
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define CHUNK		    (256 * 1024)
#define MAX_REPORTS	    20
#define SUBVOLUME_TOP_INO   256 /* a nested subvolume */
#define EMPTY_SUBVOLUME_INO 2	/* what a snapshot holds in its place */

static unsigned int differences;
static char chunks[2][CHUNK];

__attribute__((format(printf, 2, 3))) static void report(const char *path, const char *format, ...)
{
	va_list arguments;

	if (++differences > MAX_REPORTS)
		return;
	va_start(arguments, format);
	printf("%s: ", path[0] ? path : "(top)");
	vprintf(format, arguments);
	putchar('\n');
	va_end(arguments);
}

/* ---- hard links: the first inode pair seen for a left inode must hold for all its names ---- */

struct inode_pair {
	ino_t left;
	ino_t right;
};

static void *pairs_by_left, *pairs_by_right;

static int compare_left(const void *a, const void *b)
{
	const struct inode_pair *x = a, *y = b;

	return x->left < y->left ? -1 : x->left > y->left;
}

static int compare_right(const void *a, const void *b)
{
	const struct inode_pair *x = a, *y = b;

	return x->right < y->right ? -1 : x->right > y->right;
}

static void check_links(const char *path, const struct stat *left, const struct stat *right)
{
	struct inode_pair *pair = malloc(sizeof(*pair)), **by_left, **by_right;

	if (!pair)
		err(2, "inode table");
	*pair = (struct inode_pair){left->st_ino, right->st_ino};
	by_left = tsearch(pair, &pairs_by_left, compare_left);
	by_right = tsearch(pair, &pairs_by_right, compare_right);
	if (!by_left || !by_right)
		err(2, "inode table");
	if ((*by_left)->right != right->st_ino || (*by_right)->left != left->st_ino)
		report(path, "linked to other names than on the left");
	if (left->st_nlink != right->st_nlink)
		report(path, "%ju and %ju links", (uintmax_t)left->st_nlink,
		       (uintmax_t)right->st_nlink);
	if (*by_left != pair && *by_right != pair)
		free(pair);
}

/* ---- one inode ---- */

static void check_time(const char *path, const char *what, const struct timespec *left,
		       const struct timespec *right)
{
	if (left->tv_sec != right->tv_sec || left->tv_nsec != right->tv_nsec)
		report(path, "%s %jd.%09ld and %jd.%09ld", what, (intmax_t)left->tv_sec,
		       left->tv_nsec, (intmax_t)right->tv_sec, right->tv_nsec);
}

static void check_stat(const char *path, const struct stat *left, const struct stat *right)
{
	if (left->st_mode != right->st_mode)
		report(path, "mode %06o and %06o", left->st_mode, right->st_mode);
	if (left->st_uid != right->st_uid || left->st_gid != right->st_gid)
		report(path, "owner %u:%u and %u:%u", left->st_uid, left->st_gid, right->st_uid,
		       right->st_gid);
	if (left->st_rdev != right->st_rdev)
		report(path, "device %jx and %jx", (uintmax_t)left->st_rdev,
		       (uintmax_t)right->st_rdev);
	if (!S_ISDIR(left->st_mode) && left->st_size != right->st_size)
		report(path, "size %jd and %jd", (intmax_t)left->st_size, (intmax_t)right->st_size);
	check_time(path, "mtime", &left->st_mtim, &right->st_mtim);
	check_time(path, "atime", &left->st_atim, &right->st_atim);
}

static ssize_t read_chunk(int fd, char *buffer, off_t offset)
{
	ssize_t total = 0;

	while (total < CHUNK) {
		ssize_t length = pread(fd, buffer + total, (size_t)(CHUNK - total), offset + total);

		if (length < 0)
			err(2, "read");
		if (length == 0)
			break;
		total += length;
	}
	return total;
}

/* The start of the next range with data on either side at or after @offset, or @size. */
static off_t next_data(int left, int right, off_t offset, off_t size)
{
	off_t on_left = lseek(left, offset, SEEK_DATA);
	off_t on_right = lseek(right, offset, SEEK_DATA);

	if (on_left < 0)
		on_left = size;
	if (on_right < 0)
		on_right = size;
	return on_left < on_right ? on_left : on_right;
}

static void check_contents(const char *path, int left_dir, int right_dir, const char *name,
			   off_t size)
{
	int left = openat(left_dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	int right = openat(right_dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	off_t offset;

	if (left < 0 || right < 0)
		err(2, "%s", path);
	for (offset = next_data(left, right, 0, size); offset < size;
	     offset = next_data(left, right, offset + CHUNK, size)) {
		ssize_t length = read_chunk(left, chunks[0], offset);

		if (read_chunk(right, chunks[1], offset) != length ||
		    memcmp(chunks[0], chunks[1], (size_t)length) != 0) {
			report(path, "contents differ between %jd and %jd", (intmax_t)offset,
			       (intmax_t)(offset + CHUNK));
			break;
		}
	}
	close(left);
	close(right);
}

static void check_target(const char *path, int left_dir, int right_dir, const char *name)
{
	ssize_t left = readlinkat(left_dir, name, chunks[0], CHUNK);
	ssize_t right = readlinkat(right_dir, name, chunks[1], CHUNK);

	if (left < 0 || right < 0)
		err(2, "%s", path);
	if (left != right || memcmp(chunks[0], chunks[1], (size_t)left) != 0)
		report(path, "link target %.*s and %.*s", (int)left, chunks[0], (int)right,
		       chunks[1]);
}

/* ---- extended attributes ---- */

/* Attributes are reached through the parent's descriptor, so that no path grows too long. */
static void attribute_path(char *path, size_t size, int dir, const char *name)
{
	if ((size_t)snprintf(path, size, "/proc/self/fd/%d/%s", dir, name) >= size)
		errx(2, "%s: name too long", name);
}

static void check_attribute(const char *path, const char *left, const char *right, const char *name)
{
	ssize_t left_length = lgetxattr(left, name, chunks[0], CHUNK);
	ssize_t right_length = lgetxattr(right, name, chunks[1], CHUNK);

	if (left_length < 0)
		err(2, "%s: attribute %s", path, name);
	if (right_length < 0)
		report(path, "attribute %s missing on the right", name);
	else if (left_length != right_length ||
		 memcmp(chunks[0], chunks[1], (size_t)left_length) != 0)
		report(path, "value of attribute %s", name);
}

static void check_attributes(const char *path, int left_dir, int right_dir, const char *name)
{
	static char names[XATTR_LIST_MAX];
	char left[320], right[320];
	ssize_t left_length, right_length;
	const char *attribute;

	attribute_path(left, sizeof(left), left_dir, name);
	attribute_path(right, sizeof(right), right_dir, name);
	right_length = llistxattr(right, names, sizeof(names));
	left_length = llistxattr(left, names, sizeof(names));
	if (left_length < 0 || right_length < 0)
		err(2, "%s: attributes", path);
	/* Equal lengths of the name lists and every left name on the right: the same names. */
	if (left_length != right_length)
		report(path, "attribute names");
	for (attribute = names; attribute < names + left_length; attribute += strlen(attribute) + 1)
		check_attribute(path, left, right, attribute);
}

/* ---- directories ---- */

struct listing {
	char **names;
	size_t count;
};

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Nested subvolumes are no part of the tree that is sent. */
static bool is_listed(int dir, const char *name)
{
	struct stat status;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	if (fstatat(dir, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		err(2, "%s", name);
	return status.st_ino != EMPTY_SUBVOLUME_INO && status.st_ino != SUBVOLUME_TOP_INO;
}

static void read_listing(int dir, struct listing *listing)
{
	DIR *stream = fdopendir(dup(dir));
	struct dirent *entry;
	size_t room = 0;

	*listing = (struct listing){0};
	if (!stream)
		err(2, "directory");
	while ((entry = readdir(stream)) != NULL) {
		if (!is_listed(dir, entry->d_name))
			continue;
		if (listing->count == room) {
			room = room ? 2 * room : 64;
			listing->names = reallocarray(listing->names, room, sizeof(char *));
		}
		if (!listing->names || !(listing->names[listing->count] = strdup(entry->d_name)))
			err(2, "directory listing");
		listing->count++;
	}
	closedir(stream);
	if (listing->count > 0)
		qsort(listing->names, listing->count, sizeof(char *), compare_names);
}

static void free_listing(struct listing *listing)
{
	for (size_t i = 0; i < listing->count; i++)
		free(listing->names[i]);
	free(listing->names);
}

static void check_directory(const char *path, int left_dir, int right_dir, const char *name);

static void check_entry(const char *parent, int left_dir, int right_dir, const char *name)
{
	struct stat left, right;
	char *path;

	if (asprintf(&path, "%s%s%s", parent, parent[0] ? "/" : "", name) < 0)
		err(2, "path");
	if (fstatat(left_dir, name, &left, AT_SYMLINK_NOFOLLOW) < 0 ||
	    fstatat(right_dir, name, &right, AT_SYMLINK_NOFOLLOW) < 0)
		err(2, "%s", path);
	check_stat(path, &left, &right);
	if (((left.st_mode ^ right.st_mode) & S_IFMT) == 0) {
		check_attributes(path, left_dir, right_dir, name);
		if (S_ISREG(left.st_mode) && left.st_size == right.st_size)
			check_contents(path, left_dir, right_dir, name, left.st_size);
		if (S_ISLNK(left.st_mode))
			check_target(path, left_dir, right_dir, name);
		if (S_ISDIR(left.st_mode))
			check_directory(path, left_dir, right_dir, name);
		else
			check_links(path, &left, &right);
	}
	free(path);
}

static int open_directory(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		err(2, "%s", name);
	return fd;
}

static void check_directory(const char *path, int left_dir, int right_dir, const char *name)
{
	int left = open_directory(left_dir, name), right = open_directory(right_dir, name);
	struct listing on_left, on_right;
	size_t i = 0, j = 0;

	read_listing(left, &on_left);
	read_listing(right, &on_right);
	while (i < on_left.count || j < on_right.count) {
		int order = i == on_left.count	  ? 1
			    : j == on_right.count ? -1
						  : strcmp(on_left.names[i], on_right.names[j]);

		if (order < 0)
			report(path, "only on the left: %s", on_left.names[i++]);
		else if (order > 0)
			report(path, "only on the right: %s", on_right.names[j++]);
		else
			check_entry(path, left, right, on_left.names[i++]), j++;
	}
	free_listing(&on_left);
	free_listing(&on_right);
	close(left);
	close(right);
}

int main(int argc, char **argv)
{
	struct stat left, right;
	int left_dir, right_dir;

	if (argc != 3)
		errx(2, "usage: treecmp LEFT RIGHT");
	left_dir = open_directory(AT_FDCWD, argv[1]);
	right_dir = open_directory(AT_FDCWD, argv[2]);
	if (fstat(left_dir, &left) < 0 || fstat(right_dir, &right) < 0)
		err(2, "top directories");
	check_stat("", &left, &right);
	check_attributes("", left_dir, right_dir, ".");
	check_directory("", left_dir, right_dir, ".");
	if (differences > MAX_REPORTS)
		printf("... %u differences in all\n", differences);
	return differences != 0;
}

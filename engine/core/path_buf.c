/* SPDX-License-Identifier: GPL-2.0 */
#include "engine/core/path_buf.h"

#include <errno.h>

/* The length with @length more bytes and a slash between; false when PATH_MAX does not hold it. */
static bool fits(const struct path_buf *path, size_t length)
{
	return path->length + (path->length > 0) + length < sizeof(path->text);
}

int path_append(struct path_buf *path, const char *name, size_t length)
{
	if (!fits(path, length))
		return -ENAMETOOLONG;
	if (path->length > 0)
		path->text[path->length++] = '/';
	memcpy(path->text + path->length, name, length);
	path->length += length;
	return 0;
}

int path_prepend(struct path_buf *path, const char *name, size_t length)
{
	size_t slash = path->length > 0;

	if (!fits(path, length))
		return -ENAMETOOLONG;
	memmove(path->text + length + slash, path->text, path->length);
	memcpy(path->text, name, length);
	if (slash)
		path->text[length] = '/';
	path->length += length + slash;
	return 0;
}

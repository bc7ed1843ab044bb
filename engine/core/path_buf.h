/* SPDX-License-Identifier: GPL-2.0 */
/* A path inside a subvolume being built from its components, at most PATH_MAX with its NUL. */
#ifndef ENGINE_CORE_PATH_BUF_H
#define ENGINE_CORE_PATH_BUF_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct path_buf {
	size_t length;
	char text[PATH_MAX]; /* not NUL terminated */
};

static inline void path_reset(struct path_buf *path)
{
	path->length = 0;
}

/* Add a component (or several) behind what is there. 0 or -ENAMETOOLONG. */
int path_append(struct path_buf *path, const char *name, size_t length);

/* Add a component in front of what is there. 0 or -ENAMETOOLONG. */
int path_prepend(struct path_buf *path, const char *name, size_t length);

static inline void path_copy(struct path_buf *to, const struct path_buf *from)
{
	to->length = from->length;
	memcpy(to->text, from->text, from->length);
}

static inline bool path_equals(const struct path_buf *path, const char *name, size_t length)
{
	return path->length == length && memcmp(path->text, name, length) == 0;
}

#endif

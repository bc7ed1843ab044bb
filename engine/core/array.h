/* SPDX-License-Identifier: GPL-2.0 */
/* Growing a plain array, with the size arithmetic checked. */
#ifndef ENGINE_CORE_ARRAY_H
#define ENGINE_CORE_ARRAY_H

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

/*
 * Make room for one more element of @size bytes behind @count in *@items; *@capacity counts
 * elements. 0 or -ENOMEM, which leaves the array as it was.
 */
static inline int array_reserve(void **items, size_t *capacity, size_t count, size_t size)
{
	size_t more;
	void *grown;

	if (count < *capacity)
		return 0;
	more = *capacity ? *capacity * 2 : 16;
	grown = reallocarray(*items, more, size);
	if (!grown)
		return -ENOMEM;
	*items = grown;
	*capacity = more;
	return 0;
}

#endif

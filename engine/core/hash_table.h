/* SPDX-License-Identifier: GPL-2.0 */
/* uthash that gives way when there is no memory; by itself it would end the process. */
#ifndef ENGINE_CORE_HASH_TABLE_H
#define ENGINE_CORE_HASH_TABLE_H

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

/* After a HASH_ADD: is @element in the table? If not, there was no memory. */
#define hash_has_added(element) ((element)->hh.tbl != NULL)

#endif

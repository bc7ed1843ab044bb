/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs between kernel generations, as a table: a row is one behaviour, a column one
 * generation. Code asks generation_behaves(), never "is the version at least".
 */
#ifndef ENGINE_SEND_GENERATION_H
#define ENGINE_SEND_GENERATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum generation_id {
	GENERATION_6_18,
	GENERATION_COUNT,
};

const char *generation_name(enum generation_id id);

#endif

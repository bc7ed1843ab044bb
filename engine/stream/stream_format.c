/* SPDX-License-Identifier: GPL-2.0 */
/* The tables of the send stream format, expanded from the two definition files. */
#include "engine/stream/stream_format.h"

#include <assert.h>

const struct stream_attribute_format stream_attributes[STREAM_A_COUNT] = {
#define ATTRIBUTE(name, number, type, since) [number] = {#name, STREAM_TYPE_##type, since},
#include "engine/stream/attributes.def"
#undef ATTRIBUTE
};

#define A(name)	  STREAM_A_##name
#define OPT(name) (STREAM_A_##name | STREAM_ATTRIBUTE_OPTIONAL)

const struct stream_command_format stream_commands[STREAM_C_COUNT] = {
#define COMMAND(name, number, since, ...) [number] = {#name, since, {__VA_ARGS__}},
#include "engine/stream/commands.def"
#undef COMMAND
};

/* The decoder keeps the attributes of a command in an array of fixed size. */
#define COMMAND(name, number, since, ...)                                       \
	static_assert(sizeof((uint16_t[]){__VA_ARGS__}) <=                      \
			      STREAM_COMMAND_ATTRIBUTES_MAX * sizeof(uint16_t), \
		      #name " has more attributes than a row of stream_commands holds");
#include "engine/stream/commands.def"
#undef COMMAND

#undef A
#undef OPT

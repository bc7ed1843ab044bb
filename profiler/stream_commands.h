/* SPDX-License-Identifier: GPL-2.0 */
/* The subcommands of `sendprof stream`. */
#ifndef PROFILER_STREAM_COMMANDS_H
#define PROFILER_STREAM_COMMANDS_H

#include "profiler/options.h"

extern const struct command command_stream_dump;
extern const struct command command_stream_stat;
extern const struct command command_stream_diff;
extern const struct command command_stream_check;

#endif

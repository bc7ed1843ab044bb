/* SPDX-License-Identifier: GPL-2.0 */
/* The commands of sendprof, each exported by its own cmd_NAME.c and listed once, in main.c. */
#ifndef PROFILER_COMMANDS_H
#define PROFILER_COMMANDS_H

#include "profiler/options.h"

extern const struct command command_bench;
extern const struct command command_compare;
extern const struct command command_doctor;
extern const struct command command_generations;
extern const struct command command_guest;
extern const struct command command_report;
extern const struct command command_report_merge; /* of the group that report is, too */
extern const struct command command_run;
extern const struct command command_send;
extern const struct command command_stream;
extern const struct command command_trace;

#endif

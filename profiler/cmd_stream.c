/* SPDX-License-Identifier: GPL-2.0 */
/* sendprof stream: look into recorded send streams. */
#include "profiler/commands.h"
#include "profiler/stream_commands.h"

static const struct command *const subcommands[] = {
	&command_stream_dump,
	&command_stream_stat,
	&command_stream_diff,
	&command_stream_check,
	NULL,
};

const struct command command_stream = {
	.name = "stream",
	.summary = "look into send streams: dump, count, compare, check",
	.operands = "COMMAND [ARGUMENT]...\nhelp COMMAND",
	.description = "Works on recorded send streams of protocol 1, 2 and 3. FILE may be '-' for "
		       "standard input and may hold several streams one after another.",
	.examples = "btrfs send /mnt/snap | sendprof stream dump - | less\n"
		    "sendprof stream stat snap.stream\n"
		    "sendprof stream diff kernel.stream engine.stream",
	.subcommands = subcommands,
};

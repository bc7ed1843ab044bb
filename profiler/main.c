/* SPDX-License-Identifier: GPL-2.0 */
/* sendprof: the table of its commands, and what all of them have in common. */
#include "profiler/commands.h"

#include <errno.h>
#include <string.h>

/* In the order of --help. */
static const struct command *const commands[] = {
	&command_doctor, &command_generations, &command_run,  &command_bench,
	&command_report, &command_compare,     &command_send, &command_stream,
	&command_trace,	 &command_guest,       NULL,
};

static const struct command command_sendprof = {
	.name = "",
	.operands = "COMMAND [ARGUMENT]...\nhelp COMMAND\n--version",
	.description = "Checks and measures btrfs send: runs the kernel's send and a send in user "
		       "space over the same snapshots, compares their streams command by command "
		       "and reports how long each command takes.",
	.examples = "sendprof doctor\n"
		    "sendprof run --snap /mnt/snap2 --parent /mnt/snap1\n"
		    "sendprof stream dump snap2.stream | less",
	.subcommands = commands,
};

/* What a command printed must have arrived; a full disk is not success. */
static int finish_output(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	fprintf(stderr, "sendprof: cannot write standard output: %s\n", strerror(errno));
	return STATUS_ENVIRONMENT;
}

int main(int argc, char **argv)
{
	if (argc == 2 && (!strcmp(argv[1], "--version") || !strcmp(argv[1], "version"))) {
		printf("sendprof %s\n", SENDPROF_VERSION);
		return finish_output(STATUS_OK);
	}
	return finish_output(command_dispatch(&command_sendprof, argc, argv));
}

/* SPDX-License-Identifier: GPL-2.0 */
/* sendprof: the table of its commands, and what all of them have in common. */
#include "profiler/commands.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

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
	bool failed_before = ferror(stdout);

	if (fflush(stdout))
		fprintf(stderr, "sendprof: cannot write standard output: %s\n", strerror(errno));
	else if (failed_before)
		fprintf(stderr, "sendprof: cannot write standard output\n");
	else
		return status;
	return STATUS_ENVIRONMENT;
}

/*
 * A standard stream that is closed would be the next file that is opened, and what is said on it
 * would go into that. Opened the wrong way round it stays an error to use it.
 */
static bool claim_standard_streams(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	if (!claim_standard_streams())
		return STATUS_ENVIRONMENT;
	if (argc == 2 && (!strcmp(argv[1], "--version") || !strcmp(argv[1], "version"))) {
		printf("sendprof %s\n", SENDPROF_VERSION);
		return finish_output(STATUS_OK);
	}
	return finish_output(command_dispatch(&command_sendprof, argc, argv));
}

/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/interrupt.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t stop_signal;

static void remember(int number)
{
	stop_signal = number;
}

void interrupt_install(void)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction action = {.sa_handler = remember, .sa_flags = SA_RESETHAND}, before;

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &action, &before);
	/*
	 * Not SIGINT: a shell without job control ignores it for what it puts into the background,
	 * and it would not stop us any more.
	 */
	if (before.sa_handler == SIG_IGN)
		signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
}

int interrupt_signal(void)
{
	return stop_signal;
}

int interrupt_status(void)
{
	return 128 + stop_signal;
}

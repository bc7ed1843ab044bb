/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/outcome.h"
#include "profiler/interrupt.h"
#include "profiler/status.h"

#include <errno.h>
#include <stdio.h>

int outcome_status(int code)
{
	switch (code) {
	case -EUCLEAN:
	case -EPROTO:
	case -ENODATA:
	case -EBADMSG:
		return STATUS_CORRUPT;
	case -ENOMEM:
	case -EFAULT:
		return STATUS_INTERNAL;
	default:
		return STATUS_ENVIRONMENT;
	}
}

int outcome_fail(const struct failure *failure)
{
	if (interrupt_signal())
		return interrupt_status();
	fflush(stdout);
	fprintf(stderr, "sendprof: %s\n", failure->text);
	return outcome_status(failure->code);
}

/* SPDX-License-Identifier: GPL-2.0 */
/* The host's side of the link to a guest: what the command prints is passed on as it comes. */
#ifndef PROFILER_GUEST_LINK_H
#define PROFILER_GUEST_LINK_H

#include "engine/core/failure.h"

#include <stdbool.h>
#include <stdint.h>

enum guest_end {
	GUEST_END_STATUS,      /* the command ended, with @status */
	GUEST_END_FAILURE,     /* there was no command, the failure says why */
	GUEST_END_LOST,	       /* the machine ended before the command */
	GUEST_END_TIMEOUT,     /* the guest was asked to say on its console what it is doing */
	GUEST_END_INTERRUPTED, /* by a signal */
};

struct guest_outcome {
	enum guest_end end;
	uint32_t status;
	bool ready;	/* the command was started */
	double ready_s; /* after how long */
	double ended_s;
};

/* Attend to the socket @link until something ends. @failure is set for GUEST_END_FAILURE only. */
void guest_link_attend(int link, uint64_t timeout_s, struct guest_outcome *outcome,
		       struct failure *failure);

#endif

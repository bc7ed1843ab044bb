/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What host and guest agree on. The host puts a job into the initramfs; guest/init.c, the guest's
 * first process, does it and reports over a virtio serial port, in frames.
 *
 * A job is a sequence of strings, each ended by a NUL, the first byte of each its kind.
 *
 * All that the command prints goes through the one port, in order, so that with the frame of its
 * end everything before has arrived, and the host need not wait for the guest to power off.
 */
#ifndef PROFILER_GUEST_PROTOCOL_H
#define PROFILER_GUEST_PROTOCOL_H

#include <stdint.h>

/* In the initramfs. */
#define GUEST_FOLDER "/sendprof-guest"
#define GUEST_INIT   GUEST_FOLDER "/init"
#define GUEST_JOB    GUEST_FOLDER "/job"
#define GUEST_PORT   "sendprof" /* name of the virtio serial port */

/* How a line on the console begins that says why there was no command. */
#define GUEST_SAYS "sendprof guest: "

enum guest_job_kind {
	GUEST_JOB_MODULE = 'm',	     /* path of a kernel module, to be loaded in this order */
	GUEST_JOB_SHARE = 's',	     /* folder mounted from the host; the tags are share0, share1 */
	GUEST_JOB_DIRECTORY = 'd',   /* working directory of the command */
	GUEST_JOB_ENVIRONMENT = 'e', /* NAME=value */
	GUEST_JOB_ARGUMENT = 'a',    /* of the command, its name first */
};

/* From the guest. The host has the byte order of the guest, so it is plain memory. */
struct guest_frame {
	uint32_t kind;	 /* enum guest_frame_kind */
	uint32_t length; /* bytes that follow, at most GUEST_FRAME_MAX */
};

enum {
	GUEST_FRAME_MAX = 32 * 1024 - sizeof(struct guest_frame),
};

enum guest_frame_kind {
	GUEST_FRAME_READY = 'R',   /* the command is started now; no bytes */
	GUEST_FRAME_OUTPUT = 'O',  /* written by the command on stdout */
	GUEST_FRAME_ERRORS = 'E',  /* and on stderr */
	GUEST_FRAME_STATUS = 'X',  /* uint32_t: exit status, as a shell sees it; the last frame */
	GUEST_FRAME_FAILURE = 'F', /* why there was no command; the last frame */
};

/* From the host, single bytes. */
enum guest_request_kind {
	GUEST_REQUEST_DUMP = 'D', /* write the stacks of what runs and what waits to the console */
};

#endif

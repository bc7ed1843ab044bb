/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a run says while it runs, on stderr: one line rewritten on a terminal, and notes. A run may
 * be one of several tasks; then the line says which, and how much time is left for all.
 */
#ifndef PROFILER_PROGRESS_H
#define PROFILER_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	bool quiet;
	bool on_terminal;
	bool shown; /* a line is on the screen, the cursor at its end */
	char label[48];
	uint64_t begin_ns;
	uint64_t shown_ns;
	char task[64];	    /* empty: there are no tasks */
	uint64_t tasks_ns;  /* when the first began */
	double done, share; /* parts of all work: the tasks that are done, the current one */
	double share_done;  /* part of the current one */
};

void progress_init(struct progress *progress, bool quiet);

/*
 * A task begins. @done is the part of all work that the tasks before it were, @share that of this
 * one, by whatever the caller goes by.
 */
void progress_begin_task(struct progress *progress, const char *task, double done, double share);
/* What is left for all tasks at @now_ns, as far as their shares tell; 0 when that is not known. */
uint64_t progress_left_ns(const struct progress *progress, uint64_t now_ns);

/* A send by @sender begins; @repeat 0 is the warm-up before @repeats measured ones. */
void progress_begin(struct progress *progress, const char *sender, unsigned int repeat,
		    unsigned int repeats);
/* Another step that takes a while. */
void progress_begin_step(struct progress *progress, const char *label);
/* @bytes of its stream came so far; shown a few times a second. @now_ns: CLOCK_MONOTONIC. */
void progress_update(struct progress *progress, uint64_t bytes, uint64_t now_ns);
/* Remove the line, before anything else is printed. */
void progress_clear(struct progress *progress);

/* A line that stays, for what is worth knowing and no error. */
void progress_note(struct progress *progress, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif

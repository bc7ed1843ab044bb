/* SPDX-License-Identifier: GPL-2.0 */
/* What a result says in a line or a number: the verdict, the figures of the samples. */
#ifndef REPORTS_SUMMARY_H
#define REPORTS_SUMMARY_H

#include "profiler/result.h"
#include "reports/table.h"

/* "IDENTICAL", "1,234 commands, 56.7 MiB, byte for byte" */
struct headline {
	enum tone tone;
	const char *word;
	char *detail;  /* printable; owned */
	char *speed;   /* of the engine: "3.21× faster"; owned, NULL when durations are missing */
	char *caution; /* what to know about that; owned, may be NULL */
};

/* 0 or -ENOMEM. End with headline_release(), also after an error. */
int headline_build(const struct result *result, struct headline *headline);
void headline_release(struct headline *headline);

extern const char *const side_names[SIDE_COUNT];
extern const enum tone side_tones[SIDE_COUNT];

/* A measured sample counts in the figures: no warm-up, and no commit came in between. */
bool sample_is_measured(const struct run_sample *sample);
/* The last measured sample, else the last one, else NULL. */
const struct run_sample *sample_last(const struct side_result *side);

struct sample_figures {
	size_t count;
	uint64_t median, min, max; /* 0 when count is 0 */
};
enum sample_field {
	SAMPLE_DURATION,
	SAMPLE_FIRST_BYTE,
	SAMPLE_CPU,
};
uint64_t sample_value(const struct run_sample *sample, enum sample_field field);
/* 0 or -ENOMEM. */
int sample_figures(const struct side_result *side, enum sample_field field,
		   struct sample_figures *figures);

/*
 * The command kinds that occur on either side, those that took the most time first. @kinds has
 * room for STREAM_C_COUNT; returns how many.
 */
size_t kinds_by_time(const struct result *result, unsigned int *kinds);
const char *kind_name(unsigned int kind);
/*
 * The side whose commands by kind stand for both, since they are the same or the other side has
 * none; SIDE_COUNT when both have to be shown.
 */
enum side kinds_shown_once(const struct result *result);

#endif

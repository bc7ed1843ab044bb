/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The model of `sendprof compare`: what several results say of the same keys, what changed from the
 * base to the new one, and which gates that passes. Filled by comparison.c and gate.c, read by the
 * renderers in reports/.
 */
#ifndef PROFILER_COMPARISON_H
#define PROFILER_COMPARISON_H

#include "profiler/result.h"

enum {
	COMPARISON_SCHEMA_VERSION = 1,
	COMPARISON_CONFIDENCE = 95, /* per cent, of all intervals */
	COMPARISON_SAMPLES_MIN = 3, /* with fewer on a side there is no interval */
	COMPARISON_SAMPLES_FEW = 5, /* with fewer it is a rough one */
	COMPARISON_NOTES_MAX = 8,
};

enum compare_scope { SCOPE_ALL, SCOPE_KERNEL, SCOPE_ENGINE, SCOPE_SIDES, SCOPE_COMMANDS };
enum compare_form { FORM_SAMPLES, FORM_LAST, FORM_RATIO, FORM_FIGURE, FORM_SHARE, FORM_QUANTILE };
/* Times are in nanoseconds; a share is 0 to 1. */
enum compare_unit { UNIT_TIME, UNIT_BYTES, UNIT_COUNT, UNIT_FACTOR, UNIT_SHARE, UNIT_KINDS };
enum compare_better { BETTER_LOWER, BETTER_HIGHER, BETTER_EQUAL };

/* A row of compare_keys.def. */
struct compare_key {
	enum compare_scope scope;
	const char *name;
	enum compare_form form;
	enum compare_unit unit;
	enum compare_better better;
	const char *path, *more;
	const char *sentence;
};

extern const struct compare_key compare_keys[];
extern const size_t compare_key_count;

/* What one result says of a key. */
struct observation {
	bool present;
	double value; /* of several samples their median */
	/* FORM_SAMPLES, and the engine's as divisors for FORM_RATIO; owned. */
	double *samples, *divisors;
	size_t sample_count, divisor_count;
	bool bounded;	  /* FORM_QUANTILE: there are values enough for these: */
	double low, high; /* where it lies, with 95% confidence */
};

enum judgement {
	JUDGED_NOTHING, /* one of the two results does not have it */
	JUDGED_SAME,
	JUDGED_NOISE,  /* the interval of the change holds 0 */
	JUDGED_UNSURE, /* too few samples to tell a change from noise */
	JUDGED_BETTER,
	JUDGED_WORSE,
	JUDGED_CHANGED, /* neither, but to be looked at */
	JUDGEMENTS,
};

struct metric {
	const struct compare_key *key;
	enum side side;		  /* SIDE_COUNT: of both or none */
	unsigned int kind;	  /* of command; 0: of none */
	char *name;		  /* owned: "kernel.duration" */
	struct observation *seen; /* one a file, in their order; owned */
	enum judgement judgement;
	bool has_interval;
	double low, high; /* of the new value minus that of the base */
};

enum workload_state {
	WORKLOAD_ABSENT,
	WORKLOAD_EQUAL,
	WORKLOAD_DIFFERENT,
	WORKLOAD_INCOMPLETE,
	WORKLOAD_STATES,
};

struct compared_workload {
	char *label; /* "many-refs refs=100", or "run" for the one of a run; owned */
	char *name;  /* of that the first word; owned */
	enum workload_state *states; /* one a file; owned */
	char *detail; /* how the new streams differ, or why it is incomplete; owned, may be NULL */
	struct metric *metrics; /* those that any of the files has */
	size_t metric_count;
};

/* What a file says of where it comes from; strings are owned and "" where it says nothing. */
struct compared_file {
	const char *path; /* the caller's */
	char *created, *kernel, *cpu, *cpus, *sendprof, *cache;
};

enum gate_operator { GATE_STREAMS, GATE_ABOVE, GATE_BELOW, GATE_NOT };
enum gate_limit { LIMIT_PERCENT, LIMIT_DIFFERENCE, LIMIT_VALUE };

/* A condition of --fail-on, taken apart. */
struct gate {
	const char *text;	/* the caller's */
	char *workloads, *keys; /* patterns as in a shell; owned */
	enum gate_operator op;
	enum gate_limit limit_kind;
	double limit; /* as a fraction for LIMIT_PERCENT, else in the unit of the key */
};

enum gate_result {
	GATE_PASSED,
	GATE_FAILED,
	GATE_MISSING, /* what it is about is not there, or has too few samples */
	GATE_RESULTS,
};

/*
 * What a gate says of a workload. A plain key has to be in both results and comparable; of a
 * pattern those that are count, and there has to be one.
 */
struct gate_outcome {
	const struct gate *gate;
	const struct compared_workload *workload;
	enum gate_result result;
	const struct metric *metric; /* the one furthest over the limit, else the first; or NULL */
	size_t checked, over;	     /* metrics */
	size_t noise;		     /* over the limit, but by a change that is noise */
	char *reason; /* a sentence for each that fails or is missing; owned, "" for none */
};

struct comparison {
	struct compared_file *files; /* base, history, new */
	size_t file_count;
	struct compared_workload *workloads;
	size_t workload_count;
	struct gate *gates; /* that on the streams is the first */
	size_t gate_count;
	struct gate_outcome *outcomes; /* by workload, each of all gates */
	size_t outcome_count;
	bool missing_fails;
	size_t passed, failed, skipped;	   /* outcomes */
	char *notes[COMPARISON_NOTES_MAX]; /* what to know about the whole; owned */
	size_t note_count;
};

/* Base and new of @metric. */
const struct observation *comparison_base(const struct metric *metric);
const struct observation *comparison_new(const struct comparison *comparison,
					 const struct metric *metric);
/* GATE_MISSING fails unless it was asked to be skipped. */
bool comparison_fails(const struct comparison *comparison, const struct gate_outcome *outcome);

/* "kernel.latency.WRITE.p99"; the caller frees it, NULL when there is no memory. */
char *compare_key_name(const struct compare_key *key, enum side side, unsigned int kind);
/* The sides that @scope has: *@first up to, not including, *@end. */
void compare_scope_sides(enum compare_scope scope, enum side *first, enum side *end);

/* "worse", "within noise" */
extern const char *const judgement_names[JUDGEMENTS];
extern const char *const gate_result_names[GATE_RESULTS];
extern const char *const workload_state_names[WORKLOAD_STATES];
extern const char *const compare_unit_names[UNIT_KINDS];

/*
 * Read the @count results at @paths, base first and new last, and judge by @gates, of which the
 * comparison becomes the owner, also when it fails. 0, -EPROTO for a result that is none, -ENOMEM
 * or why a file could not be read. End with comparison_release() in any case.
 */
int comparison_build(struct comparison *comparison, char *const *paths, size_t count,
		     struct gate *gates, size_t gate_count, bool missing_fails,
		     struct failure *failure);
void comparison_release(struct comparison *comparison);

/* docs/comparing.md documents the schema. The caller owns the reference; NULL: no memory. */
json_t *comparison_to_json(const struct comparison *comparison);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What one or several benches say, oldest first, for who shows it: figures of each workload file by
 * file, and the sweeps of the last. A run's result is a bench of one workload.
 */
#ifndef PROFILER_BENCH_HISTORY_H
#define PROFILER_BENCH_HISTORY_H

#include "profiler/bench_fit.h"
#include "profiler/comparison.h"

/* What is drawn over the parameter of a sweep. */
enum bench_figure {
	BENCH_TIME,	  /* nanoseconds, median */
	BENCH_WALKS,	  /* extents whose back references were walked */
	BENCH_REFERENCES, /* that these walks collected */
	BENCH_HIT_RATE,	  /* of the leaf-to-roots cache, 0 to 1 */
	BENCH_STREAM,	  /* bytes */
	BENCH_FIGURES,
};

/* What a file says of a workload. Times are in nanoseconds. */
struct bench_seen {
	bool present;
	enum verdict verdict;
	uint64_t median[SIDE_COUNT], least[SIDE_COUNT], most[SIDE_COUNT]; /* 0: not measured */
	size_t samples;							  /* pairs that count */
	uint64_t stream_bytes;
	struct run_usage usage[SIDE_COUNT];	   /* medians */
	double figures[BENCH_FIGURES][SIDE_COUNT]; /* NaN: not known */
};

struct bench_course {
	char *label;		 /* "bulk files=2 mib=1 sink=null"; owned */
	struct bench_seen *seen; /* one a file; owned */
};

/* A sweep. Points are by rising values, as many for each side; a y that is not known is NaN. */
struct bench_curve {
	char *label;	 /* "many-refs kib=4 spread=files": what does not differ; owned */
	char *parameter; /* owned */
	size_t point_count;
	struct bench_point *points[BENCH_FIGURES][SIDE_COUNT]; /* owned */
	bool fitted[SIDE_COUNT];			       /* the times */
	struct bench_fit fit[SIDE_COUNT];
};

/* Whether there is anything of it to show. */
bool bench_curve_has(const struct bench_curve *curve, enum bench_figure figure, enum side side);

struct bench_history {
	struct compared_file *files;
	size_t file_count;
	struct bench_course *workloads; /* of the last file, in its order */
	size_t workload_count;
	size_t gone; /* workloads that only earlier files have */
	struct bench_curve *curves;
	size_t curve_count;
};

/* What one result says. */
void bench_see(const struct result *result, struct bench_seen *seen);

/* What the last file says. */
const struct bench_seen *bench_newest(const struct bench_history *history, size_t workload);

/*
 * Read the @count files, the newest last. 0, -EPROTO for what is no result, -ENOMEM or why a file
 * could not be read. End with bench_history_release() in any case.
 */
int bench_history_load(struct bench_history *history, char *const *paths, size_t count,
		       struct failure *failure);
void bench_history_release(struct bench_history *history);

/*
 * Whether @path is a bench, and not a run's result. False for what cannot be read, and for what can
 * be read only once.
 */
bool bench_history_is_bench(const char *path);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/* The workloads by the files that have them; the table is made of them. */
#ifndef BENCH_GROUPS_H
#define BENCH_GROUPS_H

#include "bench/workloads.h"

/* shared.c */
extern const struct workload workload_many_refs;
extern const struct workload workload_reflink_forest;
extern const struct workload workload_shared_snapshots;
extern const struct workload workload_relocation;
extern const struct workload workload_relocation_live;
/* names.c */
extern const struct workload workload_small_files;
extern const struct workload workload_rename_storm;
extern const struct workload workload_deep_dirs;
extern const struct workload workload_wide_dirs;
extern const struct workload workload_unlink_storm;
/* data.c */
extern const struct workload workload_bulk;
extern const struct workload workload_sparse;
extern const struct workload workload_compressed;
extern const struct workload workload_xattr_heavy;
/* mix.c */
extern const struct workload workload_random;

#endif

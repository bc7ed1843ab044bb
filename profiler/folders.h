/* SPDX-License-Identifier: GPL-2.0 */
/* Folders as a whole. */
#ifndef PROFILER_FOLDERS_H
#define PROFILER_FOLDERS_H

/* Where temporary files go: $TMPDIR, else /tmp. */
const char *folder_temporary(void);

/* Make @path and what is missing above it. 0 or a negative errno. */
int folders_make(const char *path);

/* Remove @path with everything in it; links are removed, not followed. 0 or a negative errno. */
int folder_remove(const char *path);

/* The path of the only entry of the folder @path, freed by the caller; NULL if there is not one. */
char *folder_only_child(const char *path);

#endif

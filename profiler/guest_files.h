/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The files of the host that a guest gets, at the same paths: programs with what they need to run,
 * and the links and folders on the way to them.
 */
#ifndef PROFILER_GUEST_FILES_H
#define PROFILER_GUEST_FILES_H

#include "engine/core/failure.h"
#include "profiler/words.h"

/* Empty when zeroed. */
struct guest_files {
	struct words paths;    /* without the leading slash, folders before what is in them */
	struct words programs; /* in machine code, whose libraries are not looked up yet */
};

/* The absolute path of the program @name, a path or looked for in PATH, freed by the caller. */
char *guest_find_program(const char *name);
/*
 * Whether the program @name is there, which something outside of the guest is done with: 0, or
 * -ENOENT with @failure, which names the @package of Debian and Ubuntu that has it.
 */
int guest_need_program(const char *name, const char *package, struct failure *failure);

/* All return 0 or a negative errno with @failure. */

/* Add the absolute @path, which must exist. A folder comes without what is in it. */
int guest_files_add(struct guest_files *files, const char *path, struct failure *failure);

/*
 * Add the program @name, as guest_find_program() finds it, and for a script what interprets it;
 * -ENOENT if there is none.
 */
int guest_files_add_program(struct guest_files *files, const char *name, struct failure *failure);

/* Add the programs and files that every guest has, as far as the host has them. */
int guest_files_add_tools(struct guest_files *files, struct failure *failure);

/* Add the shared libraries of all programs so far. */
int guest_files_add_libraries(struct guest_files *files, struct failure *failure);

void guest_files_release(struct guest_files *files);

#endif

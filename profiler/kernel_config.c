/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/kernel_config.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <zlib.h>

/* zlib reads files that are not compressed too. */
static gzFile open_config(void)
{
	struct utsname name;
	char path[128];
	gzFile file = gzopen("/proc/config.gz", "re");

	if (file || uname(&name))
		return file;
	snprintf(path, sizeof(path), "/boot/config-%s", name.release);
	return gzopen(path, "re");
}

enum answer kernel_config(const char *name)
{
	size_t length = strlen(name);
	enum answer answer = ANSWER_NO;
	gzFile file = open_config();
	char line[256];

	if (!file)
		return ANSWER_UNKNOWN;
	while (answer == ANSWER_NO && gzgets(file, line, sizeof(line))) {
		if (!strncmp(line, name, length) && line[length] == '=' &&
		    (line[length + 1] == 'y' || line[length + 1] == 'm'))
			answer = ANSWER_YES;
	}
	gzclose(file);
	return answer;
}

/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/environment.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

/* The line is called so on x86 and s390; where there is none the name stays empty. */
static void find_cpu_name(char *name, size_t size)
{
	char line[256];
	FILE *file = fopen("/proc/cpuinfo", "re");

	if (!file)
		return;
	while (fgets(line, sizeof(line), file)) {
		const char *colon = strchr(line, ':');

		if (!colon || strncmp(line, "model name", strlen("model name")))
			continue;
		colon++;
		colon += strspn(colon, " \t");
		snprintf(name, size, "%.*s", (int)strcspn(colon, "\n"), colon);
		break;
	}
	fclose(file);
}

void environment_collect(struct environment *environment)
{
	struct utsname name;
	struct tm utc;
	time_t now = time(NULL);

	if (!uname(&name)) {
		snprintf(environment->kernel, sizeof(environment->kernel), "%s", name.release);
		snprintf(environment->machine, sizeof(environment->machine), "%s", name.machine);
	}
	find_cpu_name(environment->cpu, sizeof(environment->cpu));
	environment->cpus = sysconf(_SC_NPROCESSORS_ONLN);
	environment->memory_bytes =
		(uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
	snprintf(environment->sendprof, sizeof(environment->sendprof), "%s", SENDPROF_VERSION);
	if (gmtime_r(&now, &utc))
		strftime(environment->created, sizeof(environment->created), "%Y-%m-%dT%H:%M:%SZ",
			 &utc);
}

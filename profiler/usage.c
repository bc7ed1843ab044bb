/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/usage.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* "name: number" of a file that has such lines; -ENODATA when it is not among them. */
static int read_number(FILE *file, const char *name, uint64_t *number)
{
	size_t length = strlen(name);
	char line[256];

	rewind(file);
	while (fgets(line, sizeof(line), file)) {
		if (!strncmp(line, name, length) && line[length] == ':')
			return sscanf(line + length + 1, "%" SCNu64, number) == 1 ? 0 : -EPROTO;
	}
	return -ENODATA;
}

/* proc_pid_io(5); kernels may lack these counters. */
static bool read_device_bytes(const char *path, uint64_t *bytes)
{
	FILE *file = fopen(path, "re");
	bool found = file && !read_number(file, "read_bytes", bytes);

	if (file)
		fclose(file);
	return found;
}

/* proc_pid_clear_refs(5): 5 sets the peak back to what is in memory now. */
static bool reset_peak(void)
{
	int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, "5", 1) == 1;

	if (fd >= 0)
		close(fd);
	return done;
}

static bool read_peak(uint64_t *bytes)
{
	FILE *file = fopen("/proc/self/status", "re");
	uint64_t kib = 0;
	bool found = file && !read_number(file, "VmHWM", &kib);

	if (file)
		fclose(file);
	*bytes = kib * 1024;
	return found;
}

static void read_all(struct usage_meter *meter)
{
	getrusage(RUSAGE_SELF, &meter->process);
	getrusage(RUSAGE_THREAD, &meter->thread);
	meter->has_read = read_device_bytes("/proc/self/io", &meter->process_read) &&
			  read_device_bytes("/proc/thread-self/io", &meter->thread_read);
}

void usage_begin(struct usage_meter *meter)
{
	meter->has_peak = reset_peak();
	read_all(meter);
}

/* What the process did more than this thread of it; counters that are not quite in step give 0. */
static uint64_t others(int64_t process_before, int64_t process_after, int64_t thread_before,
		       int64_t thread_after)
{
	int64_t more = (process_after - process_before) - (thread_after - thread_before);

	return more > 0 ? (uint64_t)more : 0;
}

static int64_t nanoseconds(const struct timeval *time)
{
	return (int64_t)time->tv_sec * 1000000000 + (int64_t)time->tv_usec * 1000;
}

void usage_end(const struct usage_meter *meter, struct run_usage *usage)
{
	const struct rusage *process = &meter->process, *thread = &meter->thread;
	struct usage_meter now;

	read_all(&now);
	*usage = (struct run_usage){
		.known = true,
		.user_ns =
			others(nanoseconds(&process->ru_utime), nanoseconds(&now.process.ru_utime),
			       nanoseconds(&thread->ru_utime), nanoseconds(&now.thread.ru_utime)),
		.system_ns =
			others(nanoseconds(&process->ru_stime), nanoseconds(&now.process.ru_stime),
			       nanoseconds(&thread->ru_stime), nanoseconds(&now.thread.ru_stime)),
		.minor_faults = others(process->ru_minflt, now.process.ru_minflt, thread->ru_minflt,
				       now.thread.ru_minflt),
		.major_faults = others(process->ru_majflt, now.process.ru_majflt, thread->ru_majflt,
				       now.thread.ru_majflt),
		.has_device_bytes = meter->has_read && now.has_read,
	};
	if (usage->has_device_bytes)
		usage->device_bytes =
			others((int64_t)meter->process_read, (int64_t)now.process_read,
			       (int64_t)meter->thread_read, (int64_t)now.thread_read);
	usage->has_peak_bytes = meter->has_peak && read_peak(&usage->peak_bytes);
}

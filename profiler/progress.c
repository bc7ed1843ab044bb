/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/progress.h"
#include "profiler/sender.h"
#include "reports/format.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

enum { UPDATE_NS = 150000000 };

void progress_init(struct progress *progress, bool quiet)
{
	*progress = (struct progress){.quiet = quiet, .on_terminal = isatty(STDERR_FILENO)};
}

void progress_begin(struct progress *progress, const char *sender, unsigned int repeat,
		    unsigned int repeats)
{
	if (repeat)
		snprintf(progress->label, sizeof(progress->label), "%s %u/%u", sender, repeat,
			 repeats);
	else
		snprintf(progress->label, sizeof(progress->label), "%s warm-up", sender);
	progress->begin_ns = monotonic_ns();
	progress->shown_ns = 0;
	progress_update(progress, 0, progress->begin_ns);
}

void progress_begin_step(struct progress *progress, const char *label)
{
	snprintf(progress->label, sizeof(progress->label), "%s", label);
	progress->begin_ns = monotonic_ns();
	progress->shown_ns = 0;
	progress_update(progress, 0, progress->begin_ns);
}

void progress_update(struct progress *progress, uint64_t bytes, uint64_t now_ns)
{
	uint64_t elapsed_ns = now_ns - progress->begin_ns;

	if (progress->quiet || !progress->on_terminal ||
	    (progress->shown_ns && now_ns - progress->shown_ns < UPDATE_NS))
		return;
	progress->shown = true;
	progress->shown_ns = now_ns;
	fprintf(stderr, "\r\033[K%s  %s", progress->label, BYTES(bytes));
	if (elapsed_ns && bytes)
		fprintf(stderr, "  %s/s", BYTES(bytes * 1e9 / elapsed_ns));
	fflush(stderr);
}

void progress_clear(struct progress *progress)
{
	if (progress->shown)
		fputs("\r\033[K", stderr);
	progress->shown = false;
}

void progress_note(struct progress *progress, const char *format, ...)
{
	va_list arguments;

	if (progress->quiet)
		return;
	progress_clear(progress);
	fputs("sendprof: note: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

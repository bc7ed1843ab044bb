/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/progress.h"
#include "profiler/sender.h"
#include "profiler/terminal.h"
#include "reports/format.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { UPDATE_NS = 150000000 };

void progress_init(struct progress *progress, bool quiet)
{
	*progress = (struct progress){.quiet = quiet, .on_terminal = isatty(STDERR_FILENO)};
}

void progress_begin_task(struct progress *progress, const char *task, double done, double share)
{
	snprintf(progress->task, sizeof(progress->task), "%s", task);
	if (!progress->tasks_ns)
		progress->tasks_ns = monotonic_ns();
	progress->done = done;
	progress->share = share;
	progress->share_done = 0;
}

uint64_t progress_left_ns(const struct progress *progress, uint64_t now_ns)
{
	double part = progress->done + progress->share * progress->share_done;

	if (!progress->tasks_ns || !(part > 0))
		return 0;
	return (uint64_t)((double)(now_ns - progress->tasks_ns) / part * (1 - part));
}

void progress_begin(struct progress *progress, const char *sender, unsigned int repeat,
		    unsigned int repeats)
{
	if (repeat)
		snprintf(progress->label, sizeof(progress->label), "%s %u/%u", sender, repeat,
			 repeats);
	else
		snprintf(progress->label, sizeof(progress->label), "%s warm-up", sender);
	progress->share_done = (double)repeat / (repeats + 1.0);
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

/* As much of @line as the terminal has room for: a longer one could not be taken back. */
static void put_line(const char *line)
{
	unsigned int columns, rows;
	size_t length = strlen(line);

	if (terminal_size(stderr, &columns, &rows) && columns)
		length = format_fit(line, columns - 1);
	fprintf(stderr, "\r\033[K%.*s", (int)length, line);
	fflush(stderr);
}

void progress_update(struct progress *progress, uint64_t bytes, uint64_t now_ns)
{
	uint64_t elapsed_ns = now_ns - progress->begin_ns;
	uint64_t left_ns = progress_left_ns(progress, now_ns);
	char line[256];
	int used;

	if (progress->quiet || !progress->on_terminal ||
	    (progress->shown_ns && now_ns - progress->shown_ns < UPDATE_NS))
		return;
	progress->shown = true;
	progress->shown_ns = now_ns;
	used = snprintf(line, sizeof(line), "%s%s%s", progress->task, *progress->task ? "  " : "",
			progress->label);
	if (bytes)
		used += snprintf(line + used, sizeof(line) - (size_t)used, "  %s", BYTES(bytes));
	if (elapsed_ns && bytes)
		used += snprintf(line + used, sizeof(line) - (size_t)used, "  %s",
				 RATE(bytes, elapsed_ns));
	if (left_ns)
		snprintf(line + used, sizeof(line) - (size_t)used, "  about %s left",
			 DURATION(left_ns));
	put_line(line);
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

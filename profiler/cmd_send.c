/* SPDX-License-Identifier: GPL-2.0 */
/* sendprof send: the engine's stream of a snapshot, for `btrfs receive` or a file. */
#include "profiler/commands.h"
#include "profiler/explain.h"
#include "profiler/interrupt.h"
#include "profiler/loss_stats.h"
#include "profiler/notice_log.h"
#include "profiler/outcome.h"
#include "profiler/send_source.h"
#include "profiler/stream_form.h"
#include "profiler/stream_output.h"
#include "reports/format.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

struct send_options {
	struct send_names names;
	struct stream_form_options form;
	const char *file;
	bool one_stream;
	bool no_parent;
	const char *why;
	struct why_filter why_filter;
	bool stats;
	const char *max_refs;
	uint64_t max_references;
};

static const struct option_row rows[] = {
	OPTION_ROW_STRING('p', "parent", "PARENT", struct send_options, names.parent,
			  "send only the difference to this snapshot; it is also a clone source"),
	OPTION_ROW_LIST(
		'c', "clone-src", "SRC", struct send_options, names.clone_sources,
		"clone from this snapshot, which the receiver has; may be repeated; without "
		"-p the best of them becomes the parent"),
	OPTION_ROW_FLAG(0, "no-parent", struct send_options, no_parent,
			"with -c: no parent, the whole snapshot is sent"),
	OPTION_ROW_FLAG('e', "one-stream", struct send_options, one_stream,
			"several snapshots: one stream header, one end command"),
	OPTION_ROW_LIST('i', "image", "FILE|DEVICE", struct send_options, names.images,
			"read this image or device; snapshots are paths from its top level, or "
			"subvolume ids; repeated for each device of a filesystem"),
	STREAM_FORM_ROWS(struct send_options, form),
	OPTION_ROW_STRING(0, "max-refs", "N|unlimited", struct send_options, max_refs,
			  "clone extents with up to N references, or as many as fit in a quarter "
			  "of --memory, where kernels write those with more than 1024: a smaller "
			  "stream, but not the kernel's"),
	OPTION_ROW_STRING('f', "file", "FILE", struct send_options, file,
			  "write the stream to FILE, removed again if the send fails"),
	OPTION_ROW_FLAG(0, "stats", struct send_options, stats,
			"print counts of commands, bytes and cache hits on stderr, and what was "
			"written although shared"),
	OPTION_ROW_STRING(0, "why", "INODE[:OFFSET]", struct send_options, why,
			  "print the engine's decisions on this inode, or on this byte of it, on "
			  "stderr"),
	OPTION_ROW_END,
};

static void print_cache(const char *name, const struct cache_counters *cache)
{

	fprintf(stderr, "  %-12s %14s  %5.1f %%\n", name, COUNT(cache->lookups),
		cache->lookups ? 100.0 * cache->hits / cache->lookups : 0.0);
}

static void print_stats(const struct send_summary *summary, const struct volume *volume)
{
	static const char *const cache_names[CACHE_COUNT] = {
		[CACHE_NAME] = "names",
		[CACHE_BACKREF] = "backrefs",
		[CACHE_DIR_CREATED] = "dirs created",
		[CACHE_DIR_UTIMES] = "dir utimes",
	};
	struct volume_counters counters;
	struct volume_info info;

	volume_get_counters(volume, &counters);
	volume_get_info(volume, &info);
	fprintf(stderr, "stream       %s commands, %s\n", COUNT(summary->commands),
		BYTES(summary->bytes));
	fprintf(stderr, "clones       %s found in %s searches\n",
		COUNT(summary->backrefs.results[BACKREF_CLONE]), COUNT(summary->backrefs.searches));
	fprintf(stderr, "tree blocks  %s read, %s from cache\n", COUNT(counters.blocks_read),
		COUNT(counters.block_cache_hits));
	fprintf(stderr, "device       %s read\n", BYTES(counters.bytes_read));
	fprintf(stderr, "memory       %s in caches at most\n", BYTES(summary->peak_bytes));
	if (info.devices_missing)
		fprintf(stderr, "degraded     %u of %u devices missing\n", info.devices_missing,
			info.devices);
	if (counters.refreshes)
		fprintf(stderr, "restarts     %s: blocks had moved, roots were read again\n",
			COUNT(counters.refreshes));
	if (counters.bad_copies)
		fprintf(stderr, "bad copies   %s, another copy was good\n",
			COUNT(counters.bad_copies));
	fprintf(stderr, "cache               lookups     hits\n");
	for (size_t i = 0; i < CACHE_COUNT; i++)
		print_cache(cache_names[i], &summary->caches[i]);
}

/* Send into an open output. The sink's own message is the better one: it names the file. */
static int send_into(const struct send_options *options, const struct stream_form *form,
		     struct send_source *source, struct stream_output *output,
		     struct failure *failure)
{
	struct notice_log notices = {0};
	struct send_summary summary;
	struct send_request request = explain_send_request(source, form);
	struct why why = {.filter = options->why_filter,
			  .print = why_print_line,
			  .sink = stream_output_write,
			  .sink_context = output};
	int ret;

	request.max_references = options->max_references;
	request.sink = stream_output_write;
	request.sink_parts = stream_output_write_parts;
	/* What is told here is the kernel's way. */
	if (options->stats && form->finder_is_default && !options->max_references)
		request.finder = SEND_FINDER_FAITHFUL;
	request.sink_context = output;
	request.notify = notice_log_add;
	request.notify_context = &notices;
	if (options->why)
		why_attach(&why, &request);
	ret = send_run(source->volume, &request, &summary);
	notice_log_print(&notices, &form->generation);
	if (!ret && options->why)
		why_finish(&why);
	if (!ret)
		ret = stream_output_finish(output);
	if (output->failure.code)
		return failure_set(failure, output->failure.code, "%s", output->failure.text);
	if (ret)
		return failure_set(failure, ret, "%s", volume_failure(source->volume)->text);
	if (options->stats) {
		print_stats(&summary, source->volume);
		/* The indexed finder does not know who has what is written. */
		if (request.finder == SEND_FINDER_FAITHFUL)
			loss_stats_print(stderr, &summary.losses, source->volume,
					 source->snapshot.id);
	}
	return 0;
}

/* Each snapshot that was sent can be cloned from in the next one, if its parent is chosen for it.
 */
static int add_clone_source(struct send_names *names, const char *snapshot)
{
	if (names->parent || !names->clone_sources.count || !names->choose_parent)
		return 0;
	return option_list_add(&names->clone_sources, snapshot);
}

/* The parts of one stream that stand before its first and behind its last snapshot. */
static unsigned int omitted(const struct send_options *options, size_t index, size_t count)
{
	if (!options->one_stream)
		return 0;
	return (index > 0 ? SEND_OMIT_STREAM_HEADER : 0) |
	       (index + 1 < count ? SEND_OMIT_END_CMD : 0);
}

static int send_snapshots(struct send_options *options, const struct stream_form *form,
			  char **snapshots, size_t count, struct failure *failure)
{
	struct stream_output output;
	bool is_open = false;
	int ret = 0;

	for (size_t i = 0; !ret && i < count; i++) {
		struct stream_form one = *form;
		struct send_source source;

		one.flags |= omitted(options, i, count);
		options->names.snapshot = snapshots[i];
		ret = send_source_open(&options->names, &source, failure);
		if (ret)
			break;
		if (!is_open)
			ret = stream_output_open(options->file, &output, failure);
		is_open = is_open || !ret;
		if (!ret)
			ret = send_into(options, &one, &source, &output, failure);
		send_source_close(&source);
		if (!ret && add_clone_source(&options->names, snapshots[i]))
			ret = failure_set(failure, -ENOMEM, "out of memory");
	}
	if (!ret && stream_output_finish(&output))
		ret = failure_set(failure, output.failure.code, "%s", output.failure.text);
	if (is_open && stream_output_close(&output, !ret))
		ret = failure_set(failure, output.failure.code, "%s", output.failure.text);
	return ret;
}

static int send_main(int argc, char **argv)
{
	struct send_options options = {.form = STREAM_FORM_DEFAULTS};
	struct stream_form form;
	struct failure failure = {0};
	int first, status;

	status = options_parse(&command_send, argc, argv, &options, &first);
	if (status != OPTIONS_PROCEED)
		return status;
	options.names.choose_parent = !options.no_parent;
	if (stream_form_resolve(&options.form, &form, &failure) ||
	    stream_form_parse_references(options.max_refs, &options.max_references, &failure)) {
		status = usage_error(&command_send, "%s", failure.text);
	} else if (options.why && !why_parse(options.why, &options.why_filter)) {
		status = usage_error(&command_send, WHY_EXPECTED, options.why);
	} else if (!options.file && isatty(STDOUT_FILENO)) {
		status = usage_error(&command_send,
				     "refusing to write a stream to a terminal: use -f FILE or "
				     "redirect the output");
	} else {
		interrupt_install();
		status = STATUS_OK;
		if (send_snapshots(&options, &form, argv + first, (size_t)(argc - first), &failure))
			status = outcome_fail(&failure);
	}
	option_list_release(&options.names.clone_sources);
	option_list_release(&options.names.images);
	stream_form_release(&options.form);
	return status;
}

const struct command command_send = {
	.name = "send",
	.summary = "write the send stream of a snapshot, made in user space",
	.operands = "SNAPSHOT...",
	.operands_min = 1,
	.operands_max = SIZE_MAX,
	.description =
		"Reads the filesystem of SNAPSHOT and writes the stream that the kernel's send would "
		"write, to be applied by btrfs receive. SNAPSHOT is a path on a mounted "
		"filesystem, which is synced first and whose devices are then read; with --image it "
		"is a path or a subvolume id inside an image file or a device, which need not be "
		"mounted. Of a filesystem on several devices those may be missing that its profiles "
		"can do without.\n\n"
		"Several snapshots are sent one after another, each as a stream of its own, or with -e "
		"all as one. With -p they all have that parent; with -c alone each gets the parent that "
		"btrfs send would choose, and can be cloned from in those after it.\n\n"
		"Protocol 3, which only kernels for development send, adds fs-verity. The stream is "
		"theirs, with their error: after the first file with verity, every further inode is "
		"sent a command to enable it, and a receiver fails or makes files read-only.\n\n"
		"With --generation 2012 the stream is that of the first send, mistakes included: what a "
		"receiver gets wrong or refuses, such as a path that does not exist yet, is told on "
		"stderr, and where that kernel's send failed this one does.",
	.options = rows,
	.examples = "sendprof send /mnt/snap1 | btrfs receive /backup\n"
		    "sendprof send -p /mnt/snap1 /mnt/snap2 -f snap2.stream\n"
		    "sendprof send --image disk.img --stats -p snaps/1 snaps/2 > 2.stream\n"
		    "sendprof send --image /dev/sdb --image /dev/sdc snaps/1 > 1.stream\n"
		    "sendprof send --image disk.img --why 258:1048576 snaps/2 > /dev/null",
	.run = send_main,
};

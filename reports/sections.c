/* SPDX-License-Identifier: GPL-2.0 */
/* The list of sections. */
#include "reports/sections.h"

const struct section sections[] = {
	{"sent", "What was sent", NULL, NULL, IN_ALL, EXTRA_NONE, build_sent},
	/* On a page what differs comes first; in a terminal it ends near the prompt. */
	{"divergence", "First divergence",
	 "The commands around the first one that differs, the kernel's beside the engine's.", NULL,
	 IN_PAGES, EXTRA_CONTEXT, build_divergence},
	{"explanation", "What explains it",
	 "The engine sent again as other generations and with single rows of the generations table "
	 "turned, until its stream was the kernel's.",
	 NULL, IN_PAGES, EXTRA_NONE, build_explanation},
	{"durations", "Duration",
	 "From the start of a send to its return, in the thread that sends; medians over the "
	 "measured repeats, the warm-up not counted.",
	 NULL, IN_ALL, EXTRA_NONE, build_durations},
	{"samples", "Every sample", NULL, NULL, IN_PAGES, EXTRA_SAMPLES, build_samples},
	{"progress", "Progress",
	 "How far the stream had come, by the time since the send began; the last repeat.",
	 "progress", IN_PAGES, EXTRA_NONE, build_progress},
	{"latency", "Latency by command",
	 "From the end of the previous command to the end of this one, as the reader of the pipe "
	 "saw it, over all measured repeats. A command that arrived in the same read as the one "
	 "before it is batched: it has no latency of its own and is not timed.",
	 "latency", IN_ALL, EXTRA_NONE, build_latency},
	{"mix", "Command mix", "What one stream is made of.", "mix", IN_PAGES, EXTRA_NONE,
	 build_mix},
	{"caches", "Caches",
	 "The kernel's four send caches, rebuilt in the engine at the kernel's sizes; the last "
	 "repeat.",
	 NULL, IN_ALL, EXTRA_NONE, build_caches},
	{"backrefs", "Search for clone sources",
	 "For every extent to send: who else refers to it, and can the receiver clone it from "
	 "there? The last repeat.",
	 NULL, IN_ALL, EXTRA_NONE, build_backrefs},
	{"clone-loss", "Data written although shared", NULL, NULL, IN_ALL, EXTRA_NONE,
	 build_losses},
	{"clone-loss-files", "Files with the most data written although shared", NULL, NULL,
	 IN_PAGES, EXTRA_NONE, build_loss_files},
	{"clone-loss-files", "Files with the most data written although shared", NULL, NULL,
	 IN_TEXT, EXTRA_NONE, build_few_loss_files},
	{"reads", "What the engine read", NULL, NULL, IN_PAGES, EXTRA_NONE, build_reads},
	{"environment", "Environment", NULL, NULL, IN_PAGES, EXTRA_NONE, build_environment},
	{"divergence", "First divergence", NULL, NULL, IN_TEXT, EXTRA_CONTEXT, build_divergence},
	{"explanation", "What explains it", NULL, NULL, IN_TEXT, EXTRA_NONE, build_explanation},
	{"missing", "Not measured", NULL, NULL, IN_ALL, EXTRA_NONE, build_missing},
};

const size_t section_count = sizeof(sections) / sizeof(sections[0]);

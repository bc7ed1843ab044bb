/* SPDX-License-Identifier: GPL-2.0 */
/* The list of sections. */
#include "reports/sections.h"
#include "reports/resources.h"

/* In a terminal, of what is listed by cost. */
enum { COSTS_IN_TEXT = 5 };

const struct section sections[] = {
	{"sent", "What was sent", NULL, NULL, IN_ALL, EXTRA_NONE, 0, build_sent},
	/* On a page what differs comes first; in a terminal it ends near the prompt. */
	{"divergence", "First divergence",
	 "The commands around the first one that differs, the kernel's beside the engine's.", NULL,
	 IN_PAGES, EXTRA_CONTEXT, 0, build_divergence},
	{"explanation", "What explains it",
	 "The engine sent again as other generations and with single rows of the generations table "
	 "turned, until its stream was the kernel's.",
	 NULL, IN_PAGES, EXTRA_NONE, 0, build_explanation},
	{"durations", "Duration",
	 "From the start of a send to its return, in the thread that sends; medians over the "
	 "measured repeats, the warm-up not counted.",
	 NULL, IN_ALL, EXTRA_NONE, 0, build_durations},
	{"resources", "Resources", RESOURCES_MEANING, NULL, IN_ALL, EXTRA_NONE, 0, build_resources},
	{"samples", "Every sample", NULL, NULL, IN_PAGES, EXTRA_SAMPLES, 0, build_samples},
	{"parts", "Where the kernel's time went",
	 "The kernel's send while it was traced, divided into what its thread did on the "
	 "processor and what it waited for. The parts add up to its duration.",
	 NULL, IN_ALL | IN_TRACE, EXTRA_PARTS, 0, build_parts},
	{"flame", "Kernel's stack",
	 "Samples of the sending thread's stack in the kernel, callers below what they call. Names "
	 "and figures show when the pointer rests on a box.",
	 NULL, IN_PAGES, EXTRA_FLAME, 0, build_flame},
	{"progress", "Progress",
	 "How far the stream had come, by the time since the send began; the last repeat.",
	 "progress", IN_PAGES, EXTRA_NONE, 0, build_progress},
	{"timeline", "Timeline",
	 "What single events tell of how a send went on: the kernel's while it was traced, the "
	 "engine's in the warm-up.",
	 NULL, IN_HTML, EXTRA_TIMELINE, 0, build_timeline},
	{"latency", "Latency by command",
	 "From the end of the previous command to the end of this one, as the reader of the pipe "
	 "saw it, over all measured repeats. A command that arrived in the same read as the one "
	 "before it is batched: it has no latency of its own and is not timed.",
	 "latency", IN_ALL, EXTRA_NONE, 0, build_latency},
	{"command-work", "Kernel's work and output by command",
	 "As seen inside the kernel, for every command: work is the time from the end of the "
	 "command before to the begin of its output, output the checksum and the write.",
	 NULL, IN_PAGES | IN_TRACE, EXTRA_NONE, 0, build_command_work},
	{"mix", "Command mix", "What one stream is made of.", "mix", IN_PAGES, EXTRA_NONE, 0,
	 build_mix},
	{"caches", "Caches",
	 "The kernel's four send caches, rebuilt in the engine at the kernel's sizes. Counts that "
	 "the two do not share are marked.",
	 NULL, IN_ALL | IN_TRACE, EXTRA_NONE, 0, build_caches},
	{"backrefs", "Search for clone sources",
	 "For every extent to send: who else refers to it, and can the receiver clone it from "
	 "there?",
	 NULL, IN_ALL | IN_TRACE, EXTRA_NONE, 0, build_backrefs},
	{"references", "References of an extent",
	 "How many references the extents have that a clone source was looked for.", NULL,
	 IN_ALL | IN_TRACE, EXTRA_NONE, 0, build_references},
	{"candidates", "Candidates of a search",
	 "How many references were evaluated as clone source in one search.", NULL, IN_PAGES,
	 EXTRA_NONE, 0, build_candidates},
	{"search-times", "Duration of a search",
	 "How long single searches took; each row begins at twice the time of the one above.", NULL,
	 IN_PAGES, EXTRA_NONE, 0, build_search_times},
	{"extents", "Most costly extents",
	 "Extents by the time that was spent on looking for their clone sources; the share is that "
	 "of all searches.",
	 NULL, IN_ALL | IN_TRACE, EXTRA_NONE, COSTS_IN_TEXT, build_extents},
	{"inodes", "Most costly inodes",
	 "Inodes by the time from the begin to the end of the work on them; the share is that of "
	 "the send.",
	 NULL, IN_PAGES, EXTRA_NONE, 0, build_inodes},
	{"inodes", "Most costly inodes", NULL, NULL, IN_TEXT | IN_TRACE, EXTRA_NONE, COSTS_IN_TEXT,
	 build_inodes_in_text},
	{"slow-commands", "Slowest commands",
	 "Single commands by the time from the end of the command before to their own end: work on "
	 "them until their output begins, and the output. The offset is that in the stream, as "
	 "'sendprof stream dump' shows it.",
	 NULL, IN_PAGES, EXTRA_NONE, 0, build_slow_commands},
	{"slow-commands", "Slowest commands", NULL, NULL, IN_TEXT | IN_TRACE, EXTRA_NONE,
	 COSTS_IN_TEXT, build_slow_commands_in_text},
	{"agreement", "Kernel against engine",
	 "Two senders that do the same in the same state count the same; where they do not, one of "
	 "them does not do what it should.",
	 NULL, IN_ALL, EXTRA_NONE, 0, build_agreement},
	{"clone-loss", "Data written although shared", NULL, NULL, IN_ALL, EXTRA_NONE, 0,
	 build_losses},
	{"clone-loss-files", "Files with the most data written although shared", NULL, NULL,
	 IN_PAGES, EXTRA_NONE, 0, build_loss_files},
	{"clone-loss-files", "Files with the most data written although shared", NULL, NULL,
	 IN_TEXT, EXTRA_NONE, 0, build_few_loss_files},
	{"beyond", "Beyond the kernel's limit of references",
	 "What the stream would be if the engine cloned more extents than kernels look at.", NULL,
	 IN_ALL, EXTRA_NONE, 0, build_beyond},
	{"reads", "What the engine read", NULL, NULL, IN_PAGES, EXTRA_NONE, 0, build_reads},
	{"notices", "What receivers get wrong",
	 "Kernels of the generation that the engine sent as make this mistake; the last repeat.",
	 NULL, IN_ALL, EXTRA_NONE, 0, build_notices},
	{"environment", "Environment", NULL, NULL, IN_PAGES, EXTRA_NONE, 0, build_environment},
	{"divergence", "First divergence", NULL, NULL, IN_TEXT, EXTRA_CONTEXT, 0, build_divergence},
	{"explanation", "What explains it", NULL, NULL, IN_TEXT, EXTRA_NONE, 0, build_explanation},
	{"tracing", "How the kernel was watched", NULL, NULL, IN_ALL | IN_TRACE, EXTRA_NONE, 0,
	 build_tracing},
	{"missing", "Not measured", NULL, NULL, IN_ALL | IN_TRACE, EXTRA_NONE, 0, build_missing},
};

const size_t section_count = sizeof(sections) / sizeof(sections[0]);

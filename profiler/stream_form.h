/* SPDX-License-Identifier: GPL-2.0 */
/* What kind of stream is asked for: protocol, what is left out, which kernel's ways. */
#ifndef PROFILER_STREAM_FORM_H
#define PROFILER_STREAM_FORM_H

#include "engine/sendengine.h"
#include "profiler/options.h"

struct stream_form {
	unsigned int protocol;
	unsigned int flags; /* SEND_* */
	struct generation generation;
	enum send_finder finder;
	/* It was not asked for: who wants counters that compare with the kernel's takes another. */
	bool finder_is_default;
	size_t memory_bytes; /* 0: the default */
};

/* The options behind it, a part of a command's options. */
struct stream_form_options {
	uint64_t protocol; /* 0: the highest of release kernels */
	/* It is a recorded stream's: a generation that does not know it differs from that. */
	bool protocol_is_found;
	bool no_data;
	bool compressed_data;
	unsigned int generation; /* an index of stream_form_generations */
	struct option_list turned;
	unsigned int finder; /* an index of stream_form_finders */
	const char *memory;  /* a size */
};

/* "auto", then the generations by name. */
extern const char *const stream_form_generations[];

/* "auto", then the finders in the order of enum send_finder. */
extern const char *const stream_form_finders[];
enum { STREAM_FORM_FINDERS = SEND_FINDER_INDEXED + 1 };

#define STREAM_FORM_DEFAULTS  \
	{                     \
		.protocol = 1 \
	}

#define STREAM_FORM_ROWS(type, member)                                                    \
	OPTION_ROW_U64(0, "proto", "N", type, member.protocol, 0, SEND_PROTOCOL_MAX,      \
		       "protocol of the stream; 0 is the highest of release kernels, 2"), \
		STREAM_CONTENT_ROWS(type, member), STREAM_ENGINE_ROWS(type, member)

/* How the engine works, with the same stream as its result. */
#define STREAM_ENGINE_ROWS(type, member)                                                           \
	OPTION_ROW_CHOICE(0, "finder", "NAME", type, member.finder, stream_form_finders,           \
			  "how the engine looks for clone sources: faithful, for each extent "     \
			  "anew, as the kernel; indexed, from what it found before; auto: "        \
			  "indexed, but faithful where counters are reported"),                    \
		OPTION_ROW_STRING(0, "memory", "SIZE", type, member.memory,                        \
				  "what the engine may keep in memory, in bytes or with K, M, G; " \
				  "256M if not given, at least 16M")

/* All but the protocol. */
#define STREAM_CONTENT_ROWS(type, member)                                                          \
	OPTION_ROW_FLAG(0, "no-data", type, member.no_data,                                        \
			"say which extents changed, without their data"),                          \
		OPTION_ROW_FLAG(0, "compressed-data", type, member.compressed_data,                \
				"send compressed extents as they are (from protocol 2 on)"),       \
		OPTION_ROW_CHOICE(                                                                 \
			0, "generation", "NAME", type, member.generation, stream_form_generations, \
			"the kernels whose send the engine does as; auto: the running one"),       \
		OPTION_ROW_LIST(0, "turn", "ROW", type, member.turned,                             \
				"do the opposite of what the generation does in this row of "      \
				"'sendprof generations'; may be repeated")

/*
 * Read @text, "unlimited" or a number that is not 0, as the references that an extent may have and
 * still be cloned; NULL gives 0, the kernel's limit. 0, or -EINVAL with @failure set.
 */
int stream_form_parse_references(const char *text, uint64_t *references, struct failure *failure);

/* Make a form of the options. 0, or -EINVAL with @failure set. */
int stream_form_resolve(const struct stream_form_options *options, struct stream_form *form,
			struct failure *failure);
void stream_form_release(struct stream_form_options *options);

#endif

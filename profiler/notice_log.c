/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/notice_log.h"

#include <inttypes.h>
#include <stdio.h>

void notice_log_add(void *context, const struct send_notice *notice)
{
	struct notice_log *log = context;

	log->counts[notice->id]++;
	log->total++;
	if (log->text_count < NOTICE_LOG_TEXTS)
		send_notice_text(notice, log->texts[log->text_count++], NOTICE_TEXT_SIZE);
}

void notice_log_print(const struct notice_log *log, const struct generation *generation)
{
	const char *name = generation_name(generation->id);

	for (size_t i = 0; i < log->text_count; i++)
		fprintf(stderr, "generation %s: %s\n", name, log->texts[i]);
	if (log->total > log->text_count)
		fprintf(stderr, "generation %s: and %" PRIu64 " more that receivers get wrong\n",
			name, log->total - log->text_count);
}

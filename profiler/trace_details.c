/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/trace_details.h"

#include <stdlib.h>

void trace_details_free(struct trace_details *details)
{
	if (!details)
		return;
	for (size_t i = 0; i < details->inode_count; i++)
		free(details->inodes[i].path);
	for (size_t i = 0; i < details->command_count; i++)
		free(details->commands[i].path);
	free(details);
}

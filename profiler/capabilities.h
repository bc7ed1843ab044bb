/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PROFILER_CAPABILITIES_H
#define PROFILER_CAPABILITIES_H

#include <stdbool.h>

/* Whether this process may use @capability, one of CAP_* of linux/capability.h, now. */
bool capability_effective(unsigned int capability);

#endif

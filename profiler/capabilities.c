/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/capabilities.h"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

/* CAP_PERFMON and CAP_BPF came with Linux 5.8, with headers that are older it has no name. */
bool capability_effective(unsigned int capability)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, data) || capability / 32 >= _LINUX_CAPABILITY_U32S_3)
		return false;
	return data[capability / 32].effective >> (capability % 32) & 1;
}

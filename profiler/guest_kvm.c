/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/guest_kvm.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__x86_64__)

enum {
	MEMORY_SIZE = 4096,
	MEMORY_AT = 0x1000,
	/* Some 10 ms of a processor. One that is interpreted is a thousand times slower. */
	ROUNDS = 16 << 20,
	PROCESSOR_US_MAX = 250 * 1000,
	SECONDS_MAX = 10,
};

struct machine {
	int kvm, vm, processor;
	uint8_t *memory;
	struct kvm_run *run;
	size_t run_size;
};

/* In real mode: mov $ROUNDS, %ecx; 1: dec %ecx; jnz 1b; hlt */
static const uint8_t program[] = {
	0x66,
	0xb9,
	ROUNDS & 0xff,
	ROUNDS >> 8 & 0xff,
	ROUNDS >> 16 & 0xff,
	ROUNDS >> 24,
	0x66,
	0x49,
	0x75,
	0xfc,
	0xf4,
};

static int make_machine(struct machine *machine)
{
	struct kvm_userspace_memory_region region = {
		.guest_phys_addr = MEMORY_AT,
		.memory_size = MEMORY_SIZE,
	};
	int size;

	machine->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (machine->kvm < 0)
		return -errno;
	machine->vm = ioctl(machine->kvm, KVM_CREATE_VM, 0);
	if (machine->vm < 0)
		return -errno;
	machine->memory =
		mmap(NULL, MEMORY_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (machine->memory == MAP_FAILED)
		return -errno;
	memcpy(machine->memory, program, sizeof(program));
	region.userspace_addr = (uintptr_t)machine->memory;
	if (ioctl(machine->vm, KVM_SET_USER_MEMORY_REGION, &region))
		return -errno;
	machine->processor = ioctl(machine->vm, KVM_CREATE_VCPU, 0);
	size = ioctl(machine->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (machine->processor < 0 || size < (int)sizeof(*machine->run))
		return -EIO;
	machine->run_size = size;
	machine->run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, machine->processor, 0);
	return machine->run == MAP_FAILED ? -errno : 0;
}

static int run_program(struct machine *machine)
{
	struct kvm_regs registers = {.rip = MEMORY_AT, .rflags = 2};
	struct kvm_sregs segments;

	if (ioctl(machine->processor, KVM_GET_SREGS, &segments))
		return -errno;
	segments.cs.base = 0;
	segments.cs.selector = 0;
	if (ioctl(machine->processor, KVM_SET_SREGS, &segments) ||
	    ioctl(machine->processor, KVM_SET_REGS, &registers) ||
	    ioctl(machine->processor, KVM_RUN, 0))
		return -errno;
	return machine->run->exit_reason == KVM_EXIT_HLT ? 0 : -EOPNOTSUPP;
}

/* In a process of its own, which a timer ends and whose end undoes everything. */
static int try_in_child(void)
{
	const struct itimerval limit = {.it_value.tv_usec = PROCESSOR_US_MAX};
	struct machine machine = {0};
	int ret;

	/* Time of the processor: others may use it too. */
	setitimer(ITIMER_PROF, &limit, NULL);
	alarm(SECONDS_MAX);
	ret = make_machine(&machine);
	return ret ? ret : run_program(&machine);
}

int guest_try_kvm(char *why, size_t size)
{
	int status, ret;
	pid_t pid;

	if (access("/dev/kvm", R_OK | W_OK)) {
		ret = -errno;
		snprintf(why, size, "/dev/kvm: %s", strerror(errno));
		return ret;
	}
	pid = fork();
	if (pid == 0)
		_exit(-try_in_child());
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (pid > 0 && WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	if (pid > 0 && WIFSIGNALED(status))
		snprintf(why, size, "/dev/kvm is there, but slower than emulation");
	else
		snprintf(why, size, "/dev/kvm is there, but does not work: %s",
			 pid > 0 ? strerror(WEXITSTATUS(status)) : "it cannot be tried");
	return -EOPNOTSUPP;
}

#else

int guest_try_kvm(char *why, size_t size)
{
	snprintf(why, size, "this machine is of another kind than the guest");
	return -EOPNOTSUPP;
}

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/* GUEST_INIT_FILE is the program's path, from the Makefile, which makes it before this object. */
#include "profiler/guest_assets.h"

__asm__(".pushsection .rodata\n"
	".globl guest_init, guest_init_end\n"
	".type guest_init, %object\n"
	".type guest_init_end, %object\n"
	".balign 16\n"
	"guest_init:\n"
	".incbin \"" GUEST_INIT_FILE "\"\n"
	"guest_init_end:\n"
	".byte 0\n"
	".popsection\n");

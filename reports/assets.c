/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The assembler reads the files, each ending in a NUL. The paths are from the top of the tree,
 * where make runs; the Makefile names the files as what this object is made from.
 */
#include "reports/assets.h"

#define ASSET(name, path)                          \
	__asm__(".pushsection .rodata\n"           \
		".globl asset_" #name "\n"         \
		".type asset_" #name ", %object\n" \
		"asset_" #name ":\n"               \
		".incbin \"" path "\"\n"           \
		".byte 0\n"                        \
		".popsection\n")

ASSET(latency_gp, "reports/latency.gp");
ASSET(progress_gp, "reports/progress.gp");
ASSET(mix_gp, "reports/mix.gp");
ASSET(sweep_gp, "reports/sweep.gp");
ASSET(page_css, "reports/page.css");

/* SPDX-License-Identifier: GPL-2.0 */
#include "reports/palette.h"

/* Text colours keep a contrast of 4.5:1 or more on page and panel, in both schemes. */
const struct colour_pair palette[COLOUR_ROLES] = {
	[COLOUR_PAGE] = {"page", 0xfcfcfb, 0x14181d},
	[COLOUR_PANEL] = {"panel", 0xf2f4f5, 0x1d232a},
	[COLOUR_INK] = {"ink", 0x1b2127, 0xe3e8ed},
	[COLOUR_MUTED] = {"muted", 0x5a6570, 0x9aa6b2},
	[COLOUR_RULE] = {"rule", 0xdbe0e4, 0x323b45},
	[COLOUR_KERNEL] = {"kernel", 0xb8480f, 0xf59a63},
	[COLOUR_ENGINE] = {"engine", 0x1b62a8, 0x72b4f5},
	[COLOUR_BOTH] = {"both", 0x5f7285, 0x8fa3b8},
	[COLOUR_GOOD] = {"good", 0x1a7537, 0x56c778},
	[COLOUR_WARN] = {"warn", 0x8a5a00, 0xe0b04a},
	[COLOUR_BAD] = {"bad", 0xb92432, 0xff8480},
};

void palette_css(FILE *out, const char *selector)
{
	fprintf(out, "%s{", selector);
	for (size_t i = 0; i < COLOUR_ROLES; i++)
		fprintf(out, "--%s:#%06x;", palette[i].name, palette[i].light);
	fprintf(out, "}\n@media (prefers-color-scheme:dark){%s{", selector);
	for (size_t i = 0; i < COLOUR_ROLES; i++)
		fprintf(out, "--%s:#%06x;", palette[i].name, palette[i].dark);
	fputs("}}\n", out);
}

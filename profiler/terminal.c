/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

bool colour_wanted(FILE *file)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	return !(no_color && *no_color) && term && strcmp(term, "dumb") && isatty(fileno(file));
}

const char *colour_if(bool wanted, enum colour colour)
{
	static const char *const sequences[] = {
		[COLOUR_NONE] = "\033[0m",  [COLOUR_BOLD] = "\033[1m", [COLOUR_DIM] = "\033[2m",
		[COLOUR_GOOD] = "\033[32m", [COLOUR_BAD] = "\033[31m", [COLOUR_NOTE] = "\033[33m",
	};

	return wanted ? sequences[colour] : "";
}

const char *colour(FILE *file, enum colour colour)
{
	return colour_if(colour_wanted(file), colour);
}

bool terminal_size(FILE *file, unsigned int *columns, unsigned int *rows)
{
	struct winsize size;

	if (ioctl(fileno(file), TIOCGWINSZ, &size) || !size.ws_col)
		return false;
	*columns = size.ws_col;
	*rows = size.ws_row;
	return true;
}

unsigned int terminal_width(void)
{
	unsigned int columns, rows;

	return terminal_size(stdout, &columns, &rows) ? columns : 100;
}

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

const char *human_size(uint64_t bytes, char text[HUMAN_TEXT_SIZE])
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double value = bytes;
	size_t unit = 0;

	if (bytes < 1024) {
		snprintf(text, HUMAN_TEXT_SIZE, "%u B", (unsigned int)bytes);
		return text;
	}
	/* 1023.95 would be printed as "1024.0" of the unit below. */
	for (value /= 1024; value >= 1023.95; value /= 1024)
		unit++;
	snprintf(text, HUMAN_TEXT_SIZE, "%.1f %s", value, units[unit]);
	return text;
}

const char *human_count(uint64_t count, char text[HUMAN_TEXT_SIZE])
{
	char digits[HUMAN_TEXT_SIZE];
	size_t length = snprintf(digits, sizeof(digits), "%ju", (uintmax_t)count);
	char *at = text;

	for (size_t i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			*at++ = ',';
		*at++ = digits[i];
	}
	*at = '\0';
	return text;
}

unsigned int terminal_width(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_col)
		return 100;
	return size.ws_col;
}

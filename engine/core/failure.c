/* SPDX-License-Identifier: GPL-2.0 */
#include "engine/core/failure.h"

#include <stdarg.h>
#include <stdio.h>

int failure_set(struct failure *failure, int code, const char *format, ...)
{
	va_list arguments;

	if (failure->code)
		return code;
	failure->code = code;
	va_start(arguments, format);
	vsnprintf(failure->text, sizeof(failure->text), format, arguments);
	va_end(arguments);
	return code;
}

void failure_clear(struct failure *failure)
{
	failure->code = 0;
	failure->text[0] = '\0';
}

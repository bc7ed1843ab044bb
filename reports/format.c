/* SPDX-License-Identifier: GPL-2.0 */
/* Figures: counts, sizes, durations, rates. */
#include "reports/format.h"

#include <math.h>
#include <stdbool.h>

struct unit {
	const char *name;
	double size;
};

static const struct unit byte_units[] = {
	{"B", 1},
	{"KiB", 1024.0},
	{"MiB", 1024.0 * 1024},
	{"GiB", 1024.0 * 1024 * 1024},
	{"TiB", 1024.0 * 1024 * 1024 * 1024},
	{"PiB", 1024.0 * 1024 * 1024 * 1024 * 1024},
	{"EiB", 1024.0 * 1024 * 1024 * 1024 * 1024 * 1024},
	{NULL, 0},
};

static const struct unit time_units[] = {
	{"ns", 1}, {"µs", 1e3}, {"ms", 1e6}, {"s", 1e9}, {NULL, 0},
};

/*
 * Three significant digits of a positive @value, by whole numbers so that no locale can change the
 * point. From 1000 on there are no decimals.
 */
static void put_significant(char *out, size_t size, double value)
{
	static const unsigned int powers[] = {1, 10, 100, 1000};
	unsigned int decimals = value < 0.9995 ? 3 : value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
	unsigned long long scaled = (unsigned long long)(value * powers[decimals] + 0.5);

	if (decimals == 0)
		snprintf(out, size, "%llu", scaled);
	else
		snprintf(out, size, "%llu.%0*llu", scaled / powers[decimals], (int)decimals,
			 scaled % powers[decimals]);
}

/*
 * The smallest unit in which @value rounds to less than 1000, so that no figure has four digits;
 * in the base unit it is whole, and every value below the next unit.
 */
static const char *format_in_units(char out[FORMAT_SIZE], double value, const struct unit *unit)
{
	char number[FORMAT_SIZE - 8];
	bool base = true;

	while (unit[1].name && value / unit->size >= (base ? unit[1].size : 999.5)) {
		unit++;
		base = false;
	}
	if (base)
		snprintf(number, sizeof(number), "%.0f", value);
	else
		put_significant(number, sizeof(number), value / unit->size);
	snprintf(out, FORMAT_SIZE, "%s %s", number, unit->name);
	return out;
}

const char *format_count(char out[FORMAT_SIZE], uint64_t value)
{
	char digits[24];
	int length = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)value);
	char *put = out;

	for (int i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			*put++ = ',';
		*put++ = digits[i];
	}
	*put = '\0';
	return out;
}

const char *format_bytes(char out[FORMAT_SIZE], uint64_t bytes)
{
	return format_in_units(out, (double)bytes, byte_units);
}

const char *format_block_size(char out[FORMAT_SIZE], uint64_t bytes)
{
	unsigned int unit = 0;

	while (bytes && bytes % 1024 == 0 && byte_units[unit + 1].name) {
		bytes /= 1024;
		unit++;
	}
	snprintf(out, FORMAT_SIZE, "%llu %s", (unsigned long long)bytes, byte_units[unit].name);
	return out;
}

const char *format_duration(char out[FORMAT_SIZE], uint64_t ns)
{
	uint64_t seconds = ns / 1000000000;

	if (seconds < 600)
		return format_in_units(out, (double)ns, time_units);
	if (seconds < 3600)
		snprintf(out, FORMAT_SIZE, "%llu min %02llu s", (unsigned long long)seconds / 60,
			 (unsigned long long)seconds % 60);
	else
		snprintf(out, FORMAT_SIZE, "%llu h %02llu min", (unsigned long long)seconds / 3600,
			 (unsigned long long)seconds / 60 % 60);
	return out;
}

const char *format_offset(char out[FORMAT_SIZE], uint64_t offset)
{
	snprintf(out, FORMAT_SIZE, "0x%llx", (unsigned long long)offset);
	return out;
}

const char *format_rate(char out[FORMAT_SIZE], uint64_t bytes, uint64_t ns)
{
	char amount[FORMAT_SIZE];

	if (!ns) {
		snprintf(out, FORMAT_SIZE, FORMAT_NONE);
		return out;
	}
	format_in_units(amount, (double)bytes * 1e9 / (double)ns, byte_units);
	snprintf(out, FORMAT_SIZE, "%.36s/s", amount);
	return out;
}

const char *format_percent(char out[FORMAT_SIZE], uint64_t part, uint64_t whole)
{
	char number[24];
	double percent;

	if (!whole) {
		snprintf(out, FORMAT_SIZE, FORMAT_NONE);
		return out;
	}
	percent = 100.0 * (double)part / (double)whole;
	if (part == 0 || part == whole)
		snprintf(out, FORMAT_SIZE, part ? "100%%" : "0%%");
	else if (percent < 0.1)
		snprintf(out, FORMAT_SIZE, "<0.1%%");
	else if (percent > 99.9 && part < whole)
		snprintf(out, FORMAT_SIZE, ">99.9%%");
	else {
		unsigned long long tenths = (unsigned long long)(percent * 10 + 0.5);

		snprintf(number, sizeof(number), "%llu.%llu", tenths / 10, tenths % 10);
		snprintf(out, FORMAT_SIZE, "%s%%", number);
	}
	return out;
}

const char *format_hundredths(char out[FORMAT_SIZE], double number)
{
	long value = lround(fabs(number) * 100);

	snprintf(out, FORMAT_SIZE, "%s%ld.%02ld", number < 0 && value ? "-" : "", value / 100,
		 value % 100);
	return out;
}

const char *format_factor(char out[FORMAT_SIZE], double factor)
{
	char number[24];

	put_significant(number, sizeof(number), factor);
	snprintf(out, FORMAT_SIZE, "%s×", number);
	return out;
}

const char *format_uuid(char out[FORMAT_SIZE], const uint8_t uuid[16])
{
	char *put = out;

	for (int i = 0; i < 16; i++)
		put += sprintf(put, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
			       uuid[i]);
	return out;
}

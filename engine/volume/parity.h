/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Rebuilding a column of a RAID5 or RAID6 row from the others. With n columns D0 .. Dn-1,
 *
 *	P = D0 + D1 + ... + Dn-1
 *	Q = D0 + 2 D1 + 4 D2 + ... + 2^(n-1) Dn-1
 *
 * in the field of 256 elements over x^8 + x^4 + x^3 + x^2 + 1, where adding is exclusive or. What
 * is wanted is a sum of the columns that are read, each times a coefficient.
 */
#ifndef ENGINE_VOLUME_PARITY_H
#define ENGINE_VOLUME_PARITY_H

#include <stddef.h>
#include <stdint.h>

/* The powers of 2 repeat after so many. */
enum { PARITY_COLUMNS_MAX = 255 };

/* Columns have the numbers 0 to @columns - 1, P is @columns, Q is @columns + 1. */
struct parity_rebuild {
	unsigned int columns;
	unsigned int wanted;
	/* Not read either: another column, P, or Q, which is the one that RAID5 has not. */
	unsigned int omitted;
};

/* What to multiply @column with; it is neither the wanted nor the omitted one. */
uint8_t parity_coefficient(const struct parity_rebuild *rebuild, unsigned int column);

/* Add @coefficient times @source to @target, both @length bytes. */
void parity_add(uint8_t coefficient, const uint8_t *source, size_t length, uint8_t *target);

#endif

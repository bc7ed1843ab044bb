/* SPDX-License-Identifier: GPL-2.0 */
#include "engine/volume/parity.h"

#include <isa-l/erasure_code.h>

/* 2 to the power of @exponent, by squaring. */
static uint8_t power_of_2(unsigned int exponent)
{
	uint8_t power = 1, square = 2;

	for (; exponent; exponent >>= 1) {
		if (exponent & 1)
			power = gf_mul(power, square);
		square = gf_mul(square, square);
	}
	return power;
}

/* From Q alone: what the other columns put into it is taken out, then Q divided by 2^wanted. */
static uint8_t coefficient_without_p(const struct parity_rebuild *rebuild, unsigned int column)
{
	uint8_t inverse = gf_inv(power_of_2(rebuild->wanted));

	return column > rebuild->columns ? inverse : gf_mul(power_of_2(column), inverse);
}

/*
 * Two columns are unknown, x wanted and y omitted. With the known ones taken out of the parities
 *
 *	P' = Dx + Dy and Q' = 2^x Dx + 2^y Dy, so Dx = (2^y P' + Q') / (2^x + 2^y)
 */
static uint8_t coefficient_without_column(const struct parity_rebuild *rebuild, unsigned int column)
{
	uint8_t other = power_of_2(rebuild->omitted);
	uint8_t inverse = gf_inv(power_of_2(rebuild->wanted) ^ other);

	if (column == rebuild->columns)
		return gf_mul(other, inverse);
	if (column > rebuild->columns)
		return inverse;
	return gf_mul(other ^ power_of_2(column), inverse);
}

uint8_t parity_coefficient(const struct parity_rebuild *rebuild, unsigned int column)
{
	if (rebuild->omitted > rebuild->columns)
		return 1; /* from P: every column counts once */
	if (rebuild->omitted == rebuild->columns)
		return coefficient_without_p(rebuild, column);
	return coefficient_without_column(rebuild, column);
}

void parity_add(uint8_t coefficient, const uint8_t *source, size_t length, uint8_t *target)
{
	uint8_t table[32]; /* products of the coefficient, as the library wants them */

	ec_init_tables(1, 1, &coefficient, table);
	ec_encode_data_update((int)length, 1, 1, 0, table, (unsigned char *)source, &target);
}

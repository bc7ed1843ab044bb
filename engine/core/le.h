/* SPDX-License-Identifier: GPL-2.0 */
/* Little-endian integers as they lie on disk: byte arrays, so alignment and order cannot be
 * forgotten. */
#ifndef ENGINE_CORE_LE_H
#define ENGINE_CORE_LE_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

typedef struct {
	uint8_t bytes[2];
} le16;
typedef struct {
	uint8_t bytes[4];
} le32;
typedef struct {
	uint8_t bytes[8];
} le64;

#define DEFINE_LE(bits)                                                \
	static inline uint##bits##_t get_le##bits(const void *p)       \
	{                                                              \
		uint##bits##_t value;                                  \
		memcpy(&value, p, sizeof(value));                      \
		return le##bits##toh(value);                           \
	}                                                              \
	static inline void put_le##bits(void *p, uint##bits##_t value) \
	{                                                              \
		value = htole##bits(value);                            \
		memcpy(p, &value, sizeof(value));                      \
	}                                                              \
	static inline uint##bits##_t from_le##bits(le##bits value)     \
	{                                                              \
		return get_le##bits(value.bytes);                      \
	}

DEFINE_LE(16)
DEFINE_LE(32)
DEFINE_LE(64)

#endif

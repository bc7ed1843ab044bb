/* SPDX-License-Identifier: GPL-2.0 */
/* One image file or block device, read only, at byte offsets. */
#ifndef ENGINE_VOLUME_DEVICE_H
#define ENGINE_VOLUME_DEVICE_H

#include "engine/core/failure.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct device;

/* @live: the device is mounted; read it with O_DIRECT, since its page cache may be stale. */
int device_open(const char *path, bool live, struct device **out, struct failure *failure);
/* Accepts NULL. */
void device_close(struct device *device);
uint64_t device_size(const struct device *device);
const char *device_path(const struct device *device);

/*
 * Read exactly @length bytes at @offset (any alignment; O_DIRECT is bounced inside). -EIO for a
 * read error, -ENODATA for a range beyond the end: a short file never loops.
 */
int device_read(struct device *device, uint64_t offset, void *buffer, size_t length,
		struct failure *failure);

/*
 * The same for a page aligned buffer, offset and length, without touching what is read ahead here:
 * another thread may call it. No message.
 */
int device_read_at(const struct device *device, uint64_t offset, void *buffer, size_t length);

/*
 * A descriptor, which stays the device's, to read what lies at @offset of the device; there it is
 * at *@place. -1 if reading it there would not go through the page cache.
 */
int device_file(const struct device *device, uint64_t offset, uint64_t *place);

/* Drop what was read ahead: the next read of a live device sees what is on it now. */
void device_forget(struct device *device);

#endif

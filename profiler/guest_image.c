/* SPDX-License-Identifier: GPL-2.0 */
/* What a file is that is said to be a kernel: a bzImage, or the vmlinux that one is made of. */
#include "profiler/guest_kernel.h"

#include <ctype.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Documentation/arch/x86/boot.rst of the kernel: "real-mode kernel header". */
enum {
	SETUP_SECTORS_AT = 0x1f1, /* u8, 0 means 4 */
	SIZE_AT = 0x1f4,	  /* u32 in units of 16 bytes: what follows the setup sectors */
	MAGIC_AT = 0x202,
	PROTOCOL_AT = 0x206,		 /* u16 */
	PROTOCOL_WITH_LOADFLAGS = 0x20c, /* since Linux 3.8 */
	RELEASE_AT = 0x20e,		 /* u16: where the release is, minus RELEASE_BASE */
	LOADFLAGS_AT = 0x236,		 /* u16 */
	LOADFLAG_64_BIT = 1,
	HEADER_END = 0x238,
	SECTOR = 512,
	RELEASE_BASE = 0x200,
	RELEASE_MAX = 128,
};

/* How the text begins that every kernel has in itself. */
static const char banner[] = "Linux version ";

enum { BANNER_LENGTH = sizeof(banner) - 1, CHUNK = 1 << 20 };

static unsigned int u16_at(const uint8_t *bytes)
{
	return bytes[0] | bytes[1] << 8;
}

static char *refuse(struct failure *failure, const char *image, const char *why)
{
	failure_set(failure, -EINVAL, "kernel %s: %s", image, why);
	return NULL;
}

static char *release_of_bzimage(int fd, const uint8_t *header, const char *image,
				struct failure *failure)
{
	uint64_t setup = ((header[SETUP_SECTORS_AT] ? header[SETUP_SECTORS_AT] : 4) + 1) * SECTOR;
	uint64_t rest =
		(u16_at(header + SIZE_AT) | (uint64_t)u16_at(header + SIZE_AT + 2) << 16) * 16;
	char text[RELEASE_MAX] = "";
	struct stat file;

	if (fstat(fd, &file) || (uint64_t)file.st_size < setup + rest) {
		failure_set(failure, -EINVAL, "kernel %s: has %jd bytes of a bzImage of %ju", image,
			    (intmax_t)file.st_size, (uintmax_t)(setup + rest));
		return NULL;
	}
	if (u16_at(header + PROTOCOL_AT) >= PROTOCOL_WITH_LOADFLAGS &&
	    !(u16_at(header + LOADFLAGS_AT) & LOADFLAG_64_BIT))
		return refuse(failure, image, "is for 32 bits, and a guest has 64");
	if (pread(fd, text, sizeof(text) - 1, RELEASE_BASE + u16_at(header + RELEASE_AT)) <= 0 ||
	    !isdigit((unsigned char)text[0]))
		return refuse(failure, image, "does not say its release");
	return strndup(text, strcspn(text, " "));
}

/* The release in the banner, of which text of a format may be another beginning; NULL: no memory
 * or no banner. */
static char *find_release(int fd)
{
	char *chunk = malloc(CHUNK), *release = NULL;
	ssize_t length;

	for (off_t at = 0; chunk && !release; at += CHUNK - BANNER_LENGTH - RELEASE_MAX) {
		const char *end, *found = chunk;

		length = pread(fd, chunk, CHUNK, at);
		if (length <= BANNER_LENGTH + RELEASE_MAX)
			break;
		end = chunk + length - RELEASE_MAX;
		while (!release && (found = memmem(found, end - found, banner, BANNER_LENGTH))) {
			found += BANNER_LENGTH;
			if (isdigit((unsigned char)*found))
				release = strndup(found, strcspn(found, " "));
		}
	}
	free(chunk);
	return release;
}

static char *release_of_vmlinux(int fd, const char *image, struct failure *failure)
{
	char *release;

	if (!guest_kernel_has_entry(image))
		return refuse(failure, image,
			      "is no kernel, or one without an entry for virtual machines "
			      "(CONFIG_PVH): expect the bzImage");
	release = find_release(fd);
	return release ? release : refuse(failure, image, "does not say its release");
}

char *guest_image_release(const char *image, struct failure *failure)
{
	int fd = open(image, O_RDONLY | O_CLOEXEC);
	uint8_t header[HEADER_END] = {0};
	char *release;

	if (fd < 0 || pread(fd, header, sizeof(header), 0) < 0) {
		failure_set(failure, -errno, "kernel %s: %s", image, strerror(errno));
		release = NULL;
	} else if (!memcmp(header + MAGIC_AT, "HdrS", 4)) {
		release = release_of_bzimage(fd, header, image, failure);
	} else if (!memcmp(header, ELFMAG, SELFMAG)) {
		release = release_of_vmlinux(fd, image, failure);
	} else {
		release = refuse(failure, image, "is neither a bzImage nor a vmlinux");
	}
	if (fd >= 0)
		close(fd);
	if (!release && !failure->code)
		failure_set(failure, -ENOMEM, "out of memory");
	return release;
}

/* SPDX-License-Identifier: GPL-2.0 */
/* The vmlinux in a bzImage. */
#include "profiler/child.h"
#include "profiler/guest_kernel.h"

#include <elf.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * Documentation/arch/x86/boot.rst of the kernel: the header, and "payload_offset". The note is
 * XEN_ELFNOTE_PHYS32_ENTRY of xen/include/public/elfnote.h, the entry that QEMU boots a vmlinux by.
 */
enum {
	SETUP_SECTORS_AT = 0x1f1, /* u8, 0 means 4 */
	PROTOCOL_AT = 0x206,	  /* u16 */
	PROTOCOL_WITH_PAYLOAD = 0x208,
	PAYLOAD_AT = 0x248, /* u32 offset from the end of the setup sectors, u32 length */
	HEADER_END = 0x250,
	SECTOR = 512,
	PAYLOAD_MAX = 256 << 20,
	NOTES_MAX = 64 << 10,
	NOTE_ENTRY = 18,
};

/* How a payload begins, and what unpacks it to standard output. */
static const struct {
	const char *magic;
	size_t length;
	const char *program;
} formats[] = {
	{"\xfd"
	 "7zXZ",
	 5, "xz"},
	{"\x28\xb5\x2f\xfd", 4, "zstd"},
	{"\x1f\x8b", 2, "gzip"},
	{"\x02\x21\x4c\x18", 4, "lz4"},
};

static uint32_t u32_at(const uint8_t *bytes)
{
	return bytes[0] | bytes[1] << 8 | bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

/* Copy the compressed kernel to the new file @path; the program that unpacks it, or NULL. */
static const char *take_payload(int bzimage, const char *path)
{
	uint8_t header[HEADER_END], magic[8];
	uint32_t length;
	off_t at;
	const char *program = NULL;
	int fd;

	if (pread(bzimage, header, sizeof(header), 0) != sizeof(header) ||
	    (header[PROTOCOL_AT] | header[PROTOCOL_AT + 1] << 8) < PROTOCOL_WITH_PAYLOAD)
		return NULL;
	at = ((header[SETUP_SECTORS_AT] ? header[SETUP_SECTORS_AT] : 4) + 1) * (off_t)SECTOR +
	     u32_at(header + PAYLOAD_AT);
	length = u32_at(header + PAYLOAD_AT + 4);
	if (length > PAYLOAD_MAX || pread(bzimage, magic, sizeof(magic), at) != sizeof(magic))
		return NULL;
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (!memcmp(magic, formats[i].magic, formats[i].length))
			program = formats[i].program;
	}
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	while (fd >= 0 && length) {
		ssize_t copied = sendfile(fd, bzimage, &at, length);

		if (copied <= 0)
			break;
		length -= copied;
	}
	if (fd < 0 || close(fd) || length)
		return NULL;
	return program;
}

static bool has_entry(const uint8_t *notes, size_t length)
{
	size_t at = 0;

	while (at + sizeof(Elf64_Nhdr) <= length) {
		const Elf64_Nhdr *note = (const void *)(notes + at);
		size_t name = at + sizeof(*note);

		if (note->n_namesz > length - name)
			return false;
		if (note->n_type == NOTE_ENTRY && note->n_namesz == 4 &&
		    !memcmp(notes + name, "Xen", 4))
			return true;
		at = name + ((note->n_namesz + 3ul) & ~3ul) + ((note->n_descsz + 3ul) & ~3ul);
	}
	return false;
}

static bool segment_has_entry(int fd, const Elf64_Phdr *segment)
{
	static uint8_t notes[NOTES_MAX] __attribute__((aligned(4)));
	ssize_t length = 0;

	if (segment->p_type == PT_NOTE && segment->p_filesz <= sizeof(notes))
		length = pread(fd, notes, segment->p_filesz, segment->p_offset);
	return length > 0 && has_entry(notes, length);
}

bool guest_kernel_has_entry(const char *vmlinux)
{
	int fd = open(vmlinux, O_RDONLY | O_CLOEXEC);
	Elf64_Ehdr header;
	Elf64_Phdr segment;
	struct stat file;
	bool whole = true, entry = false;

	if (fd < 0)
		return false;
	if (fstat(fd, &file) || pread(fd, &header, sizeof(header), 0) != sizeof(header) ||
	    memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
		header.e_phnum = 0;
	for (unsigned int i = 0; i < header.e_phnum && whole; i++) {
		whole = pread(fd, &segment, sizeof(segment),
			      header.e_phoff + i * sizeof(segment)) == sizeof(segment) &&
			segment.p_offset <= (uint64_t)file.st_size &&
			segment.p_filesz <= file.st_size - segment.p_offset;
		entry |= whole && segment_has_entry(fd, &segment);
	}
	close(fd);
	return whole && entry;
}

bool guest_kernel_unpack(const char *bzimage, const char *vmlinux)
{
	char *payload = NULL, said[CHILD_SAID_SIZE];
	struct failure failure = {0};
	const char *program = NULL;
	int fd = open(bzimage, O_RDONLY | O_CLOEXEC);
	bool unpacked = false;

	if (asprintf(&payload, "%s.payload", vmlinux) < 0)
		payload = NULL;
	if (fd >= 0 && payload)
		program = take_payload(fd, payload);
	if (program) {
		char *arguments[] = {(char *)program, "-dc", NULL};
		const struct child child = {
			.arguments = arguments, .input = payload, .output = vmlinux};

		/* The length behind the data makes the status that of a failure. */
		unpacked =
			child_run(&child, said, &failure) >= 0 && guest_kernel_has_entry(vmlinux);
	}
	if (payload)
		unlink(payload);
	if (!unpacked)
		unlink(vmlinux);
	if (fd >= 0)
		close(fd);
	free(payload);
	return unpacked;
}

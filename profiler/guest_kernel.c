/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/guest_kernel.h"
#include "profiler/folders.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Documentation/arch/x86/boot.rst of the kernel: "real-mode kernel header". */
enum {
	HEADER_MAGIC_AT = 0x202,
	HEADER_VERSION_AT = 0x20e, /* u16: where the release is, minus VERSION_BASE */
	VERSION_BASE = 0x200,
	HEADER_END = 0x210,
	RELEASE_MAX = 128,
};

/* The release that the bzImage names, freed by the caller; NULL if it is a vmlinux. */
static int read_release(const char *image, char **release, struct failure *failure)
{
	uint8_t header[HEADER_END] = {0};
	char text[RELEASE_MAX] = "";
	int fd = open(image, O_RDONLY | O_CLOEXEC), ret = 0;

	if (fd < 0)
		return failure_set(failure, -errno, "kernel %s: %s", image, strerror(errno));
	if (pread(fd, header, sizeof(header), 0) < 0)
		ret = failure_set(failure, -errno, "kernel %s: %s", image, strerror(errno));
	else if (!memcmp(header + HEADER_MAGIC_AT, "HdrS", 4) &&
		 pread(fd, text, sizeof(text) - 1,
		       VERSION_BASE + header[HEADER_VERSION_AT] +
			       (header[HEADER_VERSION_AT + 1] << 8)) > 0)
		*release = strndup(text, strcspn(text, " "));
	else if (memcmp(header, ELFMAG, SELFMAG) != 0)
		ret = failure_set(failure, -EINVAL, "kernel %s: is neither a bzImage nor a vmlinux",
				  image);
	close(fd);
	return ret;
}

static bool has_dependencies(const char *folder)
{
	char *path = NULL;
	bool has = asprintf(&path, "%s/modules.dep", folder) >= 0 && !access(path, R_OK);

	free(path);
	return has;
}

/* The folder with modules.dep at or below @folder, freed by the caller. */
static char *find_modules(const char *folder, const char *release)
{
	static const char *const places[] = {"/lib/modules", "/usr/lib/modules", ""};
	char *path, *child;

	if (has_dependencies(folder))
		return strdup(folder);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (asprintf(&path, "%s%s", folder, places[i]) < 0)
			return NULL;
		child = NULL;
		if (!release)
			child = folder_only_child(path);
		else if (asprintf(&child, "%s/%s", path, release) < 0)
			child = NULL;
		free(path);
		if (child && has_dependencies(child))
			return child;
		free(child);
	}
	return NULL;
}

static int check_release(const struct guest_kernel *kernel, const char *release,
			 struct failure *failure)
{
	char *folder = realpath(kernel->modules, NULL);
	const char *name = folder ? strrchr(folder, '/') + 1 : "";
	int ret = 0;

	/* A folder of another name is believed: only those of two releases are told apart. */
	if (release && name[0] >= '0' && name[0] <= '9' && strcmp(name, release) != 0)
		ret = failure_set(failure, -EINVAL, "modules %s: have those of %s expect %s",
				  kernel->modules, name, release);
	free(folder);
	return ret;
}

int guest_kernel_given(const char *image, const char *modules, struct guest_kernel *kernel,
		       struct failure *failure)
{
	char *release = NULL;
	int ret = read_release(image, &release, failure);

	if (!ret) {
		kernel->image = strdup(image);
		kernel->modules = modules ? find_modules(modules, release) : NULL;
	}
	if (!ret && modules && !kernel->modules)
		ret = failure_set(failure, -ENOENT,
				  "modules %s: no modules.dep%s%s there, nor in lib/modules of it",
				  modules, release ? " of " : "", release ? release : "");
	else if (!ret && modules)
		ret = check_release(kernel, release, failure);
	free(release);
	return ret;
}

void guest_kernel_release(struct guest_kernel *kernel)
{
	free(kernel->image);
	free(kernel->modules);
	*kernel = (struct guest_kernel){0};
}

/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel of a guest, and which of its modules are loaded. No guest is booted. */
#include "profiler/guest_files.h"
#include "profiler/guest_kernel.h"
#include "profiler/guest_modules.h"
#include "tests/unit/test_folder.h"

#include <elf.h>
#include <errno.h>

/* ---- modules ---- */

static const char dependencies[] =
	"kernel/fs/btrfs/btrfs.ko.xz: kernel/lib/raid6.ko kernel/lib/xor.ko "
	"kernel/lib/crc.ko.zst\n"
	"kernel/lib/raid6.ko:\n"
	"kernel/lib/xor.ko: kernel/lib/raid6.ko\n"
	"kernel/lib/crc.ko.zst:\n"
	"kernel/fs/9p/9p.ko: kernel/net/9p/9pnet.ko\n"
	"kernel/net/9p/9pnet.ko:\n"
	"kernel/net/9p/9pnet_virtio.ko: kernel/net/9p/9pnet.ko\n"
	"kernel/drivers/with-dash.ko:\n"
	"kernel/drivers/loopback.ko:\n";
static const char builtin[] = "kernel/drivers/virtio/virtio_pci.ko\n"
			      "kernel/drivers/char/virtio_console.ko\n";

/* The place of @name among @paths; fails the test if it is not there. */
static size_t place_of(const struct words *paths, const char *name)
{
	for (size_t i = 0; i < paths->count; i++) {
		if (!strcmp(paths->items[i], in_folder(name)))
			return i;
	}
	fail_msg("%s is missing", name);
	return 0;
}

/* One whose modules, and what is known of them, are in the folder. */
static const struct guest_kernel in_place = {.modules = folder, .tables = folder};

static void modules_come_after_what_they_need(void **state)
{
	static const char *const names[] = {"with_dash"};
	const struct option_list wanted = {(const char **)names, 1};
	struct words paths = {0};
	struct failure failure = {0};

	(void)state;
	write_text("modules.dep", dependencies);
	write_text("modules.builtin", builtin);
	assert_int_equal(guest_modules_find(&in_place, &wanted, &paths, &failure), 0);
	assert_int_equal(paths.count, 8); /* not loopback: it only begins like loop */
	assert_true(place_of(&paths, "kernel/lib/crc.ko.zst") <
		    place_of(&paths, "kernel/fs/btrfs/btrfs.ko.xz"));
	assert_true(place_of(&paths, "kernel/lib/xor.ko") <
		    place_of(&paths, "kernel/fs/btrfs/btrfs.ko.xz"));
	assert_true(place_of(&paths, "kernel/lib/raid6.ko") <
		    place_of(&paths, "kernel/fs/btrfs/btrfs.ko.xz"));
	assert_true(place_of(&paths, "kernel/net/9p/9pnet.ko") <
		    place_of(&paths, "kernel/net/9p/9pnet_virtio.ko"));
	assert_true(place_of(&paths, "kernel/net/9p/9pnet.ko") <
		    place_of(&paths, "kernel/fs/9p/9p.ko"));
	place_of(&paths, "kernel/drivers/with-dash.ko");
	words_release(&paths);
}

static void modules_that_are_missing_are_named(void **state)
{
	static const struct option_list nothing;
	struct words paths = {0};
	struct failure failure = {0};

	(void)state;
	write_text("modules.dep", dependencies);
	assert_int_equal(guest_modules_find(&in_place, &nothing, &paths, &failure), -ENOENT);
	assert_non_null(strstr(failure.text, "modules.builtin: No such file"));
	write_text("modules.builtin", "");
	failure_clear(&failure);
	assert_int_equal(guest_modules_find(&in_place, &nothing, &paths, &failure), -ENOENT);
	assert_non_null(strstr(failure.text,
			       "has no virtio_pci (CONFIG_VIRTIO_PCI), virtio_console "
			       "(CONFIG_VIRTIO_CONSOLE), neither as a module nor built in"));
	write_text("modules.order", "kernel/drivers/char/virtio_console.ko\n");
	failure_clear(&failure);
	assert_int_equal(guest_modules_find(&in_place, &nothing, &paths, &failure), -ENOENT);
	assert_non_null(strstr(failure.text, "but modules.order has: depmod did not run"));
	words_release(&paths);
}

static void modules_say_what_they_are_for(void **state)
{
	static const char module[] = "\177ELF\0license=GPL\0vermagic=6.9.0-test SMP mod_unload \0";
	struct failure failure = {0};

	(void)state;
	write_file("btrfs.ko", module, sizeof(module), 0644);
	assert_int_equal(guest_module_check(in_folder("btrfs.ko"), "it", "6.9.0-test", &failure),
			 0);
	assert_int_equal(guest_module_check(in_folder("btrfs.ko"), "it", "6.9.0", &failure),
			 -EINVAL);
	assert_string_equal(failure.text, "it: have a module of 6.9.0-test expect 6.9.0");
	failure_clear(&failure);
	write_text("cut.ko", "vermagic=");
	assert_int_equal(guest_module_check(in_folder("cut.ko"), "it", "6.9.0", &failure), -EINVAL);
	assert_string_equal(failure.text, "it: is no kernel module");
}

/* ---- kernels ---- */

enum { SETUP = 0xa00, IMAGE = SETUP + 0x100, LOADFLAGS_AT = 0x236 };

/* The file "bzImage", with what of a bzImage is looked at; @flags 1 is for 64 bits. */
static void write_bzimage(const char *release, uint8_t flags, size_t length)
{
	char image[IMAGE] = "";

	memcpy(image + 0x202, "HdrS", 4);
	image[0x1f4] = (IMAGE - SETUP) / 16;
	image[0x206] = 0x0c; /* protocol 2.12; there is no payload to be found */
	image[0x207] = 2;
	image[0x20e] = 0x10;
	image[0x20f] = 0x01;
	image[LOADFLAGS_AT] = flags;
	snprintf(image + 0x310, 128, "%s (somebody@somewhere) #1", release);
	write_file("bzImage", image, length, 0644);
}

/* guest_kernel_given() of the file "bzImage" and the folder @modules, with its own for links. */
static int give_kernel(const char *modules, struct guest_kernel *kernel, struct failure *failure)
{
	guest_kernel_release(kernel);
	failure_clear(failure);
	return guest_kernel_given(in_folder("bzImage"), modules, in_folder("scratch"), kernel,
				  failure);
}

static void modules_must_be_of_the_kernel(void **state)
{
	struct guest_kernel kernel = {0};
	struct failure failure = {0};

	(void)state;
	write_bzimage("6.9.0-test", 1, IMAGE);
	assert_int_equal(folders_make(in_folder("lib/modules/6.9.0-test")), 0);
	write_text("lib/modules/6.9.0-test/modules.dep", "");
	assert_int_equal(folders_make(in_folder("lib/modules/6.8.0")), 0);
	write_text("lib/modules/6.8.0/modules.dep", "");
	assert_int_equal(folders_make(in_folder("old/usr/lib/modules/6.8.0")), 0);
	write_text("old/usr/lib/modules/6.8.0/modules.order", "");

	/* The folder itself, what it is in, and what that is in. */
	assert_int_equal(give_kernel(in_folder("lib/modules/6.9.0-test"), &kernel, &failure), 0);
	assert_string_equal(kernel.modules, in_folder("lib/modules/6.9.0-test"));
	assert_int_equal(give_kernel(in_folder("lib/modules"), &kernel, &failure), 0);
	assert_string_equal(kernel.modules, in_folder("lib/modules/6.9.0-test"));
	assert_int_equal(give_kernel(folder, &kernel, &failure), 0);
	assert_string_equal(kernel.modules, in_folder("lib/modules/6.9.0-test"));
	assert_string_equal(kernel.tables, kernel.modules);
	assert_string_equal(kernel.release, "6.9.0-test");

	assert_int_equal(give_kernel(in_folder("lib/modules/6.8.0"), &kernel, &failure), -EINVAL);
	assert_non_null(strstr(failure.text, "have those of 6.8.0 expect 6.9.0-test"));
	assert_int_equal(give_kernel(in_folder("old"), &kernel, &failure), -EINVAL);
	assert_non_null(strstr(failure.text, "have those of 6.8.0 expect 6.9.0-test"));
	assert_int_equal(give_kernel(in_folder("old/usr"), &kernel, &failure), -EINVAL);
	assert_int_equal(give_kernel(in_folder("nowhere"), &kernel, &failure), -ENOENT);
	assert_non_null(strstr(failure.text, "nowhere: No such file"));
	assert_int_equal(folders_make(in_folder("empty")), 0);
	assert_int_equal(give_kernel(in_folder("empty"), &kernel, &failure), -ENOENT);
	assert_non_null(strstr(failure.text, "no modules of 6.9.0-test there"));

	assert_int_equal(give_kernel(NULL, &kernel, &failure), 0);
	assert_null(kernel.modules);
	guest_kernel_release(&kernel);
}

/* The folder of the modules may be one that nobody may write. */
static void missing_dependencies_are_made_elsewhere(void **state)
{
	struct guest_kernel kernel = {0};
	struct failure failure = {0};
	struct stat status;

	(void)state;
	write_bzimage("6.9.0-test", 1, IMAGE);
	assert_int_equal(folders_make(in_folder("lib/modules/6.9.0-test/kernel/fs")), 0);
	write_text("lib/modules/6.9.0-test/modules.order", "kernel/fs/some.ko\n");
	write_text("lib/modules/6.9.0-test/modules.alias", "of another time\n");
	if (guest_need_program("depmod", "kmod", &failure))
		skip();
	assert_int_equal(give_kernel(folder, &kernel, &failure), 0);
	assert_string_equal(kernel.modules, in_folder("lib/modules/6.9.0-test"));
	assert_string_equal(kernel.tables, in_folder("scratch/depmod/lib/modules/6.9.0-test"));
	assert_int_equal(
		access(in_folder("scratch/depmod/lib/modules/6.9.0-test/modules.dep"), R_OK), 0);
	assert_int_equal(access(in_folder("scratch/depmod/lib/modules/6.9.0-test/kernel/fs"), R_OK),
			 0);
	assert_int_equal(access(in_folder("lib/modules/6.9.0-test/modules.dep"), F_OK), -1);
	assert_int_equal(stat(in_folder("lib/modules/6.9.0-test/modules.alias"), &status), 0);
	assert_int_equal(status.st_size, strlen("of another time\n"));
	guest_kernel_release(&kernel);
}

static void expect_no_kernel(const char *name, const char *why)
{
	struct failure failure = {0};

	assert_null(guest_image_release(in_folder(name), &failure));
	assert_int_equal(failure.code, -EINVAL);
	assert_non_null(strstr(failure.text, why));
}

static void an_image_must_be_whole_and_bootable(void **state)
{
	(void)state;
	write_bzimage("6.9.0-test", 0, IMAGE);
	expect_no_kernel("bzImage", "is for 32 bits");
	write_bzimage("6.9.0-test", 1, IMAGE - 1);
	expect_no_kernel("bzImage", "has 2815 bytes of a bzImage of 2816");
	write_bzimage("", 1, IMAGE);
	expect_no_kernel("bzImage", "does not say its release");
	write_text("vmlinux", ELFMAG "and nothing else");
	expect_no_kernel("vmlinux", "without an entry for virtual machines (CONFIG_PVH)");
}

static void what_is_no_kernel_is_refused(void **state)
{
	(void)state;
	write_text("short", "x");
	expect_no_kernel("short", "is neither a bzImage nor a vmlinux");
	assert_false(guest_kernel_unpack(in_folder("short"), in_folder("vmlinux")));
	write_bzimage("6.9.0-test", 1, IMAGE);
	assert_false(guest_kernel_unpack(in_folder("bzImage"), in_folder("vmlinux")));
	assert_int_equal(access(in_folder("vmlinux"), F_OK), -1);
}

/* The file "bzImage" with the ELF file "elf" packed, of which @cut bytes are missing. */
static void pack_kernel(size_t cut)
{
	struct {
		Elf64_Ehdr header;
		Elf64_Phdr segments[2];
		Elf64_Nhdr note;
		char name[4];
		uint32_t entry;
		char load[0x404]; /* to the very end */
	} elf = {
		.header = {.e_ident = ELFMAG, .e_phoff = sizeof(Elf64_Ehdr), .e_phnum = 2},
		.note = {.n_namesz = 4, .n_descsz = 4, .n_type = 18},
		.name = "Xen",
	};
	uint8_t image[0x2000] = "";
	char command[600];
	ssize_t length;
	int fd;

	elf.segments[0] = (Elf64_Phdr){.p_type = PT_NOTE, .p_filesz = sizeof(Elf64_Nhdr) + 8};
	elf.segments[0].p_offset = (char *)&elf.note - (char *)&elf;
	elf.segments[1] = (Elf64_Phdr){.p_type = PT_LOAD, .p_filesz = sizeof(elf.load)};
	elf.segments[1].p_offset = elf.load - (char *)&elf;
	snprintf(elf.load, sizeof(elf.load), "Linux version %%s, Linux version 6.9.0-test (by us)");
	write_file("elf", &elf, sizeof(elf) - cut, 0644);
	snprintf(command, sizeof(command), "gzip -kf '%s'", in_folder("elf"));
	assert_int_equal(system(command), 0);

	image[0x1f1] = 1;
	image[0x206] = 8;
	image[0x207] = 2;
	fd = open(in_folder("elf.gz"), O_RDONLY);
	length = read(fd, image + 0x400, sizeof(image) - 0x400);
	close(fd);
	assert_true(length > 0);
	image[0x24c] = length & 0xff;
	image[0x24d] = length >> 8;
	write_file("bzImage", image, 0x400 + length, 0644);
}

static void a_kernel_is_unpacked_whole_or_not_at_all(void **state)
{
	(void)state;
	pack_kernel(0);
	assert_true(guest_kernel_unpack(in_folder("bzImage"), in_folder("vmlinux")));
	assert_int_equal(access(in_folder("vmlinux"), F_OK), 0);
	unlink(in_folder("vmlinux"));
	/* As after a full disk: the entry is there, a part of what is to be loaded is not. */
	pack_kernel(1);
	assert_false(guest_kernel_unpack(in_folder("bzImage"), in_folder("vmlinux")));
	assert_int_equal(access(in_folder("vmlinux"), F_OK), -1);
}

static void a_vmlinux_says_its_release(void **state)
{
	struct failure failure = {0};
	char *release;

	(void)state;
	pack_kernel(0);
	release = guest_image_release(in_folder("elf"), &failure);
	assert_non_null(release);
	assert_string_equal(release, "6.9.0-test");
	free(release);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(modules_come_after_what_they_need),
		IN_FOLDER(modules_that_are_missing_are_named),
		IN_FOLDER(modules_say_what_they_are_for),
		IN_FOLDER(modules_must_be_of_the_kernel),
		IN_FOLDER(missing_dependencies_are_made_elsewhere),
		IN_FOLDER(an_image_must_be_whole_and_bootable),
		IN_FOLDER(a_vmlinux_says_its_release),
		IN_FOLDER(what_is_no_kernel_is_refused),
		IN_FOLDER(a_kernel_is_unpacked_whole_or_not_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which generation a kernel is taken for: releases of all kinds, and kernels that show by types or
 * symbols what they are. Each kernel is a folder with the files that it would have.
 */
#include "profiler/kernel_generation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <bpf/btf.h>

static char root[64]; /* of the kernel in a test */

static int make_root(void **state)
{
	char path[128];

	(void)state;
	strcpy(root, "/tmp/sendprof-unit.XXXXXX");
	if (!mkdtemp(root))
		return -1;
	for (const char *const *name =
		     (const char *const[]){"proc", "sys", "sys/kernel", "sys/kernel/btf", NULL};
	     *name; name++) {
		snprintf(path, sizeof(path), "%s/%s", root, *name);
		if (mkdir(path, 0755))
			return -1;
	}
	return 0;
}

static int remove_root(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", root);
	return system(command);
}

static void write_file(const char *name, const void *data, size_t size)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static void write_text(const char *name, const char *text)
{
	write_file(name, text, strlen(text));
}

static struct kernel_generation find(const char *release, const char *version)
{
	struct kernel_generation found;

	kernel_generation_find(&(struct kernel_identity){root, release, version}, &found);
	return found;
}

static void expect_text(const struct kernel_generation *found, const char *generation,
			const char *unexpected)
{
	char *text = kernel_generation_text(found), expected[512];

	assert_non_null(text);
	snprintf(expected, sizeof(expected), "%s; %u of %d rows seen in its type information%s",
		 generation, found->seen, BEHAVIOUR_COUNT, unexpected);
	assert_string_equal(text, expected);
	free(text);
}

/* ---- releases ---- */

static void test_releases(void **state)
{
	static const struct {
		const char *release, *version;
		unsigned int major, minor, sublevel;
		bool has_sublevel;
		enum generation_id id;
	} cases[] = {
		{"6.18.44", "#1 SMP", 6, 18, 44, true, GENERATION_6_18},
		{"6.18.0", "#1 SMP", 6, 18, 0, true, GENERATION_6_18},
		{"6.19.0-rc3+", "#1 SMP", 6, 19, 0, true, GENERATION_6_18},
		{"7.1", "#1 SMP", 7, 1, 0, false, GENERATION_6_18},
		{"6.14.3-arch1-1", "#1 SMP", 6, 14, 3, true, GENERATION_6_12},
		{"6.6.17", "#1 SMP", 6, 6, 17, true, GENERATION_6_6},
		{"5.10.0", "#1 SMP", 5, 10, 0, true, GENERATION_6_1},
		{"6.1.0-56-amd64", "#1 SMP PREEMPT_DYNAMIC Debian 6.1.192-2 (2026-11-16)", 6, 1,
		 192, true, GENERATION_6_1},
		{"6.12.117+deb12-amd64", "#1 SMP PREEMPT_DYNAMIC Debian 6.12.117-1~deb12u1", 6, 12,
		 117, true, GENERATION_6_12},
		/* Of another kernel than the one that runs: no sign of its fixes. */
		{"6.12.8", "#1 Debian 6.1.192-2", 6, 12, 8, true, GENERATION_6_12},
		{"6.12.0-55.el10", "#1 SMP", 6, 12, 0, false, GENERATION_6_12},
		{"6.11.4-301.fc41", "#1 SMP", 6, 11, 4, true, GENERATION_6_6},
	};
	struct kernel_generation found;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		found = find(cases[i].release, cases[i].version);
		assert_int_equal(found.release.major, cases[i].major);
		assert_int_equal(found.release.minor, cases[i].minor);
		assert_int_equal(found.release.sublevel, cases[i].sublevel);
		assert_int_equal(found.release.has_sublevel, cases[i].has_sublevel);
		assert_int_equal(found.generation.id, cases[i].id);
		assert_null(found.seen_in);
	}
	/* No version at all: the newest. */
	assert_int_equal(find("custom", "#1").generation.id, GENERATION_6_18);
	write_text("proc/version_signature", "Ubuntu 6.8.0-45.45-generic 6.8.12\n");
	found = find("6.8.0-45-generic", "#45-Ubuntu SMP");
	assert_int_equal(found.release.sublevel, 12);
	assert_true(found.release.has_sublevel);
}

static uint64_t bit(enum behaviour_id row)
{
	return UINT64_C(1) << row;
}

/* The columns are those of late stable releases: before their fixes the rows are turned. */
static void test_fixes_of_stable_releases(void **state)
{
	const uint64_t unaligned = bit(BEHAVIOUR_CLONE_UNALIGNED_EOF);
	const uint64_t truncate = bit(BEHAVIOUR_TRUNCATE_BEFORE_EOF_CLONE);
	const uint64_t inlines = bit(BEHAVIOUR_HOLE_CHECK_SEES_INLINE);
	const uint64_t punched = bit(BEHAVIOUR_HOLE_PUNCHED);
	const uint64_t path = bit(BEHAVIOUR_CURRENT_PATH_CACHED);
	const struct {
		const char *release;
		uint64_t turned;
	} cases[] = {
		{"6.1.106", unaligned | truncate | inlines | punched},
		{"6.1.107", truncate | inlines | punched},
		{"6.1.113", inlines | punched},
		{"6.1.149", inlines},
		{"6.1.167", 0},
		{"6.6.17", 0},
		{"6.6.57", unaligned | truncate},
		{"6.10.6", 0},
		{"6.10.7", unaligned},
		{"6.11.0", unaligned},
		{"6.11.3", unaligned | truncate},
		{"6.12.43", path | inlines | punched},
		{"6.12.44", inlines},
		{"6.12.67", 0},
		{"6.12.0-55.el10", 0},
	};
	struct kernel_generation found;
	char *text;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		found = find(cases[i].release, "#1");
		assert_int_equal(found.generation.turned, cases[i].turned);
	}
	found = find("6.12.44", "#1");
	assert_int_equal(found.rows[BEHAVIOUR_HOLE_PUNCHED].basis, ROW_BY_RELEASE);
	assert_string_equal(found.rows[BEHAVIOUR_HOLE_PUNCHED].sign, "6.12.44");
	assert_int_equal(found.rows[BEHAVIOUR_CLONE_LARGEST].basis, ROW_BY_GENERATION);
	text = kernel_generation_text(&found);
	assert_string_equal(text, "6.12 but without HOLE_CHECK_SEES_INLINE; by its release alone: "
				  "it shows no btrfs");
	free(text);
}

/* ---- types ---- */

static void add_structure(struct btf *btf, const char *name, const char *const *members)
{
	int number = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	unsigned int offset = 0;

	assert_true(btf__add_struct(btf, name, 64) > 0);
	for (; *members; members++, offset += 32)
		assert_int_equal(btf__add_field(btf, *members, number, offset, 0), 0);
}

static void write_btf(const char *name, struct btf *btf)
{
	unsigned int size;
	const void *data = btf__raw_data(btf, &size);

	assert_non_null(data);
	write_file(name, data, size);
}

#define MEMBERS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* Types as those of 6.12 are, with these members of send_ctx and btrfs_fs_info. */
static struct btf *types_of_6_12(const char *path_member, const char *node_member)
{
	struct btf *btf = btf__new_empty();
	int number;

	assert_non_null(btf);
	add_structure(btf, "send_ctx",
		      MEMBERS("cur_ino", path_member, "backref_cache", "dir_utimes_cache"));
	add_structure(btf, "clone_root", MEMBERS("root", "num_bytes"));
	add_structure(btf, "backref_ctx", MEMBERS("bytenr", "backref_owner"));
	add_structure(btf, "btrfs_backref_walk_ctx", MEMBERS("bytenr", "check_extent_item"));
	add_structure(btf, "btrfs_fs_info", MEMBERS("nodesize", node_member));
	number = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	assert_true(btf__add_func(btf, "cache_dir_utimes", BTF_FUNC_STATIC,
				  btf__add_func_proto(btf, number)) > 0);
	return btf;
}

static void test_types_confirm(void **state)
{
	struct btf *btf = types_of_6_12("cur_inode_path", "sectorsize_bits");
	struct kernel_generation found;

	(void)state;
	write_btf("sys/kernel/btf/vmlinux", btf);
	btf__free(btf);
	found = find("6.12.117", "#1");
	assert_string_equal(found.seen_in, "type information");
	assert_int_equal(found.generation.id, GENERATION_6_12);
	assert_int_equal(found.generation.turned, 0);
	assert_int_equal(found.unexpected, 0);
	assert_int_equal(found.rows[BEHAVIOUR_CURRENT_PATH_CACHED].basis, ROW_SEEN);
	assert_true(found.rows[BEHAVIOUR_CURRENT_PATH_CACHED].is_there);
	assert_string_equal(found.rows[BEHAVIOUR_CURRENT_PATH_CACHED].sign,
			    "send_ctx.cur_inode_path");
	assert_int_equal(found.rows[BEHAVIOUR_OWN_REF_NOT_NEEDED].basis, ROW_SEEN);
	assert_false(found.rows[BEHAVIOUR_OWN_REF_NOT_NEEDED].is_there);
	/* A function that is missing among the types may be inlined. */
	assert_int_equal(found.rows[BEHAVIOUR_CHECK_DIRS_ONCE].basis, ROW_BY_GENERATION);
	/* Needed, and missing. */
	assert_int_equal(found.rows[BEHAVIOUR_LEAF_CACHE_BY_NODE].basis, ROW_SEEN);
	assert_int_equal(found.rows[BEHAVIOUR_HOLE_PUNCHED].basis, ROW_BY_RELEASE);
	assert_int_equal(found.seen, 7);
	expect_text(&found, "6.12", "");

	/* There, which is no proof that leaves are told apart by it. */
	btf = types_of_6_12("cur_inode_path", "nodesize_bits");
	write_btf("sys/kernel/btf/vmlinux", btf);
	btf__free(btf);
	found = find("6.12.117", "#1");
	assert_int_equal(found.generation.turned, 0);
	assert_int_equal(found.rows[BEHAVIOUR_LEAF_CACHE_BY_NODE].basis, ROW_BY_GENERATION);
}

/* A fix that was taken out again, and one that a kernel took without its release saying so. */
static void test_types_contradict(void **state)
{
	struct btf *btf = types_of_6_12("cur_inode_other", "sectorsize_bits");
	struct kernel_generation found;

	(void)state;
	write_btf("sys/kernel/btf/vmlinux", btf);
	found = find("6.12.117", "#1");
	assert_int_equal(found.generation.turned, bit(BEHAVIOUR_CURRENT_PATH_CACHED));
	assert_int_equal(found.unexpected, 1);
	assert_false(found.rows[BEHAVIOUR_CURRENT_PATH_CACHED].behaves);
	expect_text(&found, "6.12 but without CURRENT_PATH_CACHED",
		    "; unlike its release says: without CURRENT_PATH_CACHED");
	btf__free(btf);

	btf = types_of_6_12("cur_inode_path", "sectorsize_bits");
	write_btf("sys/kernel/btf/vmlinux", btf);
	btf__free(btf);
	found = find("6.6.17", "#1");
	assert_int_equal(found.generation.id, GENERATION_6_6);
	assert_int_equal(found.generation.turned, bit(BEHAVIOUR_CURRENT_PATH_CACHED));
	assert_true(found.rows[BEHAVIOUR_CURRENT_PATH_CACHED].behaves);
	assert_int_equal(found.unexpected, 1);
	/* 6.14 lies between, and a 0 says nothing: what is seen contradicts nobody. */
	btf = types_of_6_12("cur_inode_other", "sectorsize_bits");
	write_btf("sys/kernel/btf/vmlinux", btf);
	btf__free(btf);
	found = find("6.14.3", "#1");
	assert_int_equal(found.generation.id, GENERATION_6_12);
	assert_int_equal(found.generation.turned, bit(BEHAVIOUR_CURRENT_PATH_CACHED));
	assert_int_equal(found.unexpected, 0);
	found = find("6.12.0-55.el10", "#1");
	assert_int_equal(found.generation.turned, bit(BEHAVIOUR_CURRENT_PATH_CACHED));
	assert_int_equal(found.unexpected, 0);
}

/* Btrfs as a module has types of its own, which build on the kernel's. */
static void test_types_of_a_module(void **state)
{
	struct btf *base = btf__new_empty(), *btf;
	struct kernel_generation found;

	(void)state;
	add_structure(base, "task_struct", MEMBERS("pid"));
	write_btf("sys/kernel/btf/vmlinux", base);
	/* Not loaded: nothing is known of it, and not that its members are missing. */
	found = find("6.12.117", "#1");
	assert_null(found.seen_in);
	assert_int_equal(found.generation.turned, 0);

	btf = btf__new_empty_split(base);
	assert_non_null(btf);
	add_structure(btf, "send_ctx", MEMBERS("cur_ino", "name_cache_size"));
	add_structure(btf, "clone_root", MEMBERS("ino", "found_refs"));
	add_structure(btf, "backref_ctx", MEMBERS("found_itself"));
	write_btf("sys/kernel/btf/btrfs", btf);
	btf__free(btf);
	btf__free(base);
	found = find("6.1.192", "#1");
	assert_int_equal(found.generation.id, GENERATION_6_1);
	assert_int_equal(found.generation.turned, 0);
	assert_int_equal(found.seen, 7);
	assert_int_equal(found.unexpected, 0);
	/* In 6.1 there is no such structure. */
	assert_string_equal(found.rows[BEHAVIOUR_LIMIT_ON_TREE_BLOCKS].sign,
			    "btrfs_backref_walk_ctx.check_extent_item");
}

static void test_types_that_are_none(void **state)
{
	struct kernel_generation found;

	(void)state;
	write_text("sys/kernel/btf/vmlinux", "no type information");
	found = find("6.12.117", "#1");
	assert_null(found.seen_in);
	write_text("sys/kernel/btf/vmlinux", "");
	assert_null(find("6.12.117", "#1").seen_in);
}

/* ---- symbols ---- */

static void test_symbols(void **state)
{
	struct kernel_generation found;

	(void)state;
	write_text("proc/kallsyms", "0000000000000000 T _stext\n"
				    "0000000000000000 t store_backref_cache.llvm.17\t[btrfs]\n"
				    "0000000000000000 t skip_self_data_ref\t[btrfs]\n"
				    "broken\n"
				    "0000000000000000 T btrfs_ioctl_send\t[btrfs]\n");
	found = find("6.12.117", "#1");
	assert_string_equal(found.seen_in, "symbols");
	assert_int_equal(found.generation.turned, 0);
	assert_int_equal(found.seen, 2);
	assert_int_equal(found.rows[BEHAVIOUR_LEAF_ROOTS_CACHED].basis, ROW_SEEN);
	assert_string_equal(found.rows[BEHAVIOUR_LEAF_ROOTS_CACHED].sign, "store_backref_cache()");
	/* May be inlined. */
	assert_int_equal(found.rows[BEHAVIOUR_DIR_UTIMES_DELAYED].basis, ROW_BY_GENERATION);

	/* A callback cannot be inlined: where it is missing there is none. */
	write_text("proc/kallsyms", "0000000000000000 T btrfs_ioctl_send\t[btrfs]\n");
	found = find("6.12.117", "#1");
	assert_int_equal(found.generation.turned,
			 bit(BEHAVIOUR_LEAF_ROOTS_CACHED) | bit(BEHAVIOUR_OWN_REF_NOT_NEEDED));
	assert_int_equal(found.unexpected, 2);

	/* Btrfs is not loaded. */
	write_text("proc/kallsyms", "0000000000000000 T _stext\n");
	found = find("6.12.117", "#1");
	assert_null(found.seen_in);
	assert_int_equal(found.generation.turned, 0);
	write_text("proc/kallsyms", "");
	assert_null(find("6.12.117", "#1").seen_in);
}

#define IN_ROOT(test) cmocka_unit_test_setup_teardown(test, make_root, remove_root)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ROOT(test_releases),		 IN_ROOT(test_fixes_of_stable_releases),
		IN_ROOT(test_types_confirm),	 IN_ROOT(test_types_contradict),
		IN_ROOT(test_types_of_a_module), IN_ROOT(test_types_that_are_none),
		IN_ROOT(test_symbols),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

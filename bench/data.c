/* SPDX-License-Identifier: GPL-2.0 */
/* Workloads of file data and what hangs on files: reading and writing is what takes the time. */
#include "bench/files.h"
#include "bench/groups.h"

#include <err.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* ---- bulk ---- */

enum { BULK_FILES, BULK_MIB };

static void bulk_build(const uint64_t *v)
{
	char name[NAME_SIZE];

	make_subvolume("child");
	for (uint64_t i = 0; i < v[BULK_FILES]; i++) {
		int fd = open_file(name_of(name, "child/bulk-%05ju", i), O_CREAT | O_DIRECT);

		for (uint64_t offset = 0; offset < v[BULK_MIB] * MIB; offset += MIB)
			write_extent(fd, MIB, offset);
		close(fd);
	}
	make_read_only("child");
}

static void bulk_claim(const uint64_t *v, struct workload_claims *claims)
{
	claims->bytes = v[BULK_FILES] * v[BULK_MIB] * MIB;
	claims->files = v[BULK_FILES];
	claims->depth = 1;
	claims->extents = v[BULK_FILES] * v[BULK_MIB];
	claims->references = claims->extents;
	claims->unshared = true;
}

const struct workload workload_bulk = {
	.name = "bulk",
	.stresses = "large files, nothing shared: moving data",
	.parameters =
		{
			{"files", "files", {2, 4, 16, 64}, 1, 100000, NULL},
			{"mib",
			 "MiB in each, an extent for each of them",
			 {1, 16, 64, 256},
			 1,
			 65536,
			 NULL},
		},
	.build = bulk_build,
	.claim = bulk_claim,
};

/* ---- sparse ---- */

enum { SPARSE_FILES, SPARSE_PIECES };
#define SPARSE_PIECE  (16 * KIB)
#define SPARSE_STRIDE (128 * KIB)

static void sparse_build(const uint64_t *v)
{
	char name[NAME_SIZE];

	make_subvolume("child");
	for (uint64_t i = 0; i < v[SPARSE_FILES]; i++) {
		int fd = open_file(name_of(name, "child/sparse-%05ju", i), O_CREAT | O_DIRECT);

		for (uint64_t piece = 0; piece < v[SPARSE_PIECES]; piece++)
			write_extent(fd, SPARSE_PIECE, piece * SPARSE_STRIDE);
		if (ftruncate(fd, (off_t)(v[SPARSE_PIECES] * SPARSE_STRIDE)))
			err(1, "truncate %s", name);
		close(fd);
	}
	make_snapshot("child", "parent");
	for (uint64_t i = 0; i < v[SPARSE_FILES]; i++) {
		name_of(name, "child/sparse-%05ju", i);
		/* Every other piece becomes a hole. */
		for (uint64_t piece = 0; piece < v[SPARSE_PIECES]; piece += 2)
			punch(name, piece * SPARSE_STRIDE, SPARSE_PIECE);
	}
	make_read_only("child");
}

static void sparse_claim(const uint64_t *v, struct workload_claims *claims)
{
	claims->incremental = true;
	claims->bytes = v[SPARSE_FILES] * v[SPARSE_PIECES] * SPARSE_PIECE;
	claims->files = v[SPARSE_FILES];
	claims->depth = 1;
	claims->extents = v[SPARSE_FILES] * v[SPARSE_PIECES];
	claims->references = v[SPARSE_FILES] * (v[SPARSE_PIECES] + v[SPARSE_PIECES] / 2);
}

const struct workload workload_sparse = {
	.name = "sparse",
	.stresses = "files that are mostly holes, and new holes punched",
	.parameters =
		{
			{"files", "files", {4, 20, 100, 200}, 1, 100000, NULL},
			{"pieces",
			 "pieces of 16 KiB in each, one in 128 KiB; half are punched",
			 {6, 64, 256, 512},
			 1,
			 1000000,
			 NULL},
		},
	.build = sparse_build,
	.claim = sparse_claim,
};

/* ---- compressed ---- */

enum { COMPRESSED_FILES, COMPRESSED_KIB, COMPRESSED_KIND };
/* A compressed extent has no more of a file than this. */
#define COMPRESSED_EXTENT (128 * KIB)

static const char *const compressions[] = {"zstd", "zlib", "lzo", NULL};

static void compressed_build(const uint64_t *v)
{
	const char *kind = compressions[v[COMPRESSED_KIND]];
	char name[NAME_SIZE];

	make_subvolume("child");
	/* What is created in the folder inherits it. */
	set_attribute("child", "btrfs.compression", kind, strlen(kind));
	for (uint64_t i = 0; i < v[COMPRESSED_FILES]; i++)
		make_text_file(name_of(name, "child/log-%05ju", i), v[COMPRESSED_KIB] * KIB);
	make_read_only("child");
}

static void compressed_claim(const uint64_t *v, struct workload_claims *claims)
{
	uint64_t length = v[COMPRESSED_KIB] * KIB;

	claims->bytes = v[COMPRESSED_FILES] * length;
	claims->files = v[COMPRESSED_FILES];
	claims->depth = 1;
	claims->extents =
		v[COMPRESSED_FILES] * ((length + COMPRESSED_EXTENT - 1) / COMPRESSED_EXTENT);
	claims->references = claims->extents;
	/* Writing back begins where it likes. */
	claims->at_least = true;
	claims->unshared = true;
}

const struct workload workload_compressed = {
	.name = "compressed",
	.stresses = "compressed extents: decompression",
	.parameters =
		{
			{"files", "files of text", {3, 40, 200, 1000}, 1, 100000, NULL},
			{"kib", "KiB in each", {300, 1024, 4096, 8192}, 16, 1048576, NULL},
			{"method", "compression", {0, 0, 0, 0}, 0, 2, compressions},
		},
	.build = compressed_build,
	.claim = compressed_claim,
};

/* ---- xattr-heavy ---- */

enum { XATTR_FILES, XATTR_COUNT, XATTR_BYTES };
enum { XATTR_BYTES_MAX = 2048 };

static void xattr_heavy_build(const uint64_t *v)
{
	char name[NAME_SIZE], key[NAME_SIZE], value[XATTR_BYTES_MAX];

	make_subvolume("child");
	for (uint64_t i = 0; i < v[XATTR_FILES]; i++) {
		make_noise_file(name_of(name, "child/item-%06ju", i), 0);
		memset(value, 'a' + (int)(i % 26), sizeof(value));
		for (uint64_t j = 0; j < v[XATTR_COUNT]; j++)
			set_attribute(name, name_of(key, "user.note-%04ju", j), value,
				      v[XATTR_BYTES]);
	}
	make_snapshot("child", "parent");
	memset(value, 'z', sizeof(value));
	for (uint64_t i = 0; i < v[XATTR_FILES]; i++) {
		name_of(name, "child/item-%06ju", i);
		for (uint64_t j = i % 2; j < v[XATTR_COUNT]; j += 2)
			set_attribute(name, name_of(key, "user.note-%04ju", j), value,
				      v[XATTR_BYTES]);
		set_attribute(name, "user.added", value, 1);
	}
	make_read_only("child");
}

static void xattr_heavy_claim(const uint64_t *v, struct workload_claims *claims)
{
	claims->incremental = true;
	claims->bytes = 2 * v[XATTR_FILES] * (v[XATTR_COUNT] * (v[XATTR_BYTES] + 64) + 512);
	claims->files = v[XATTR_FILES];
	claims->depth = 1;
	claims->attributes = v[XATTR_FILES] * (v[XATTR_COUNT] + 1);
}

const struct workload workload_xattr_heavy = {
	.name = "xattr-heavy",
	.stresses = "many extended attributes, half of them changed",
	.parameters =
		{
			{"files", "files", {50, 1000, 10000, 100000}, 1, 10000000, NULL},
			{"attributes", "attributes of each", {6, 20, 50, 50}, 0, 1000, NULL},
			{"bytes",
			 "size of a value",
			 {100, 100, 200, 200},
			 0,
			 XATTR_BYTES_MAX,
			 NULL},
		},
	.build = xattr_heavy_build,
	.claim = xattr_heavy_claim,
};

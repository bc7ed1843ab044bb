/* SPDX-License-Identifier: GPL-2.0 */
/*
 * fuzz-send IMAGE SNAPSHOT PARENT ROUNDS SEED: send from an image whose tree blocks are changed at
 * random, one at a time, under right checksums. Each send has to end, with a stream or with a
 * message that says why not; a crash or a hang ends the test, naming the round. IMAGE (crc32c,
 * single metadata) is changed in place and restored.
 */
#include "engine/sendengine.h"
#include "engine/tree/btree.h"
#include "engine/volume/csum.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	MAX_STREAM = 64 << 20, /* a changed size may ask for zeros without end */
	SECONDS_FOR_A_SEND = 60,
};

struct fuzz {
	const char *path;
	int fd;
	uint32_t nodesize;
	uint64_t snapshot, parent;
	uint64_t *blocks; /* offsets in the image */
	size_t count, capacity;
	uint64_t random;
	uint64_t sent, refused;
};

static void die(const char *what)
{
	perror(what);
	exit(3);
}

static uint32_t next_random(struct fuzz *fuzz, uint32_t limit)
{
	fuzz->random = fuzz->random * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(fuzz->random >> 33) % limit;
}

static void add_block(struct fuzz *fuzz, uint64_t offset)
{
	if (fuzz->count == fuzz->capacity) {
		fuzz->capacity = fuzz->capacity ? fuzz->capacity * 2 : 64;
		fuzz->blocks = reallocarray(fuzz->blocks, fuzz->capacity, sizeof(*fuzz->blocks));
		if (!fuzz->blocks)
			die("fuzz-send");
	}
	fuzz->blocks[fuzz->count++] = offset;
}

/* The block at @bytenr lies where its header says so; with single metadata that is one place. */
static void find_block(struct fuzz *fuzz, uint64_t bytenr, const uint8_t *fsid)
{
	struct stat status;
	off_t offset = 0;

	if (fstat(fuzz->fd, &status))
		die(fuzz->path);
	while ((offset = lseek(fuzz->fd, offset, SEEK_DATA)) >= 0 && offset < status.st_size) {
		off_t end = lseek(fuzz->fd, offset, SEEK_HOLE);

		for (offset -= offset % 4096; offset < end; offset += 4096) {
			struct btrfs_header header;

			if (pread(fuzz->fd, &header, sizeof(header), offset) != sizeof(header))
				continue;
			if (from_le64(header.bytenr) != bytenr ||
			    memcmp(header.fsid, fsid, sizeof(header.fsid)) || offset == 65536)
				continue;
			add_block(fuzz, (uint64_t)offset);
			return;
		}
		offset = end;
	}
	fprintf(stderr, "fuzz-send: block %llu is not in the image\n", (unsigned long long)bytenr);
	exit(3);
}

static void list_tree(struct fuzz *fuzz, struct volume *volume, const struct tree_block_id *id)
{
	struct tree_block *block;
	uint32_t slot;

	if (tree_block_get(volume, id, &block)) {
		fprintf(stderr, "fuzz-send: %s\n", volume_failure(volume)->text);
		exit(3);
	}
	find_block(fuzz, id->bytenr, volume->fsid);
	for (slot = 0; block->level && slot < block->nritems; slot++) {
		struct tree_block_id child = tree_block_child(block, slot);

		list_tree(fuzz, volume, &child);
	}
	tree_block_put(block);
}

static void list_blocks(struct fuzz *fuzz)
{
	const uint64_t trees[] = {BTRFS_ROOT_TREE_OBJECTID, BTRFS_EXTENT_TREE_OBJECTID,
				  BTRFS_CSUM_TREE_OBJECTID, fuzz->snapshot, fuzz->parent};
	struct failure failure = {0};
	struct volume *volume;
	size_t i;

	if (volume_open(fuzz->path, NULL, &volume, &failure)) {
		fprintf(stderr, "fuzz-send: %s\n", failure.text);
		exit(3);
	}
	fuzz->nodesize = volume->nodesize;
	for (i = 0; i < sizeof(trees) / sizeof(trees[0]); i++) {
		struct tree_block_id id = {.level = -1};
		struct root *root;

		if (root_get(volume, trees[i], &root))
			die("fuzz-send: a tree is missing");
		id.bytenr = root->bytenr;
		list_tree(fuzz, volume, &id);
	}
	volume_close(volume);
}

static int count_bytes(void *context, const void *data, size_t length)
{
	uint64_t *bytes = context;

	(void)data;
	*bytes += length;
	return *bytes > MAX_STREAM ? -EFBIG : 0;
}

static void make_text(void *context, const struct send_notice *notice)
{
	char text[256];

	(void)context;
	send_notice_text(notice, text, sizeof(text));
}

/* 0, or the error, which has to have a message. */
static int send_as(struct fuzz *fuzz, enum generation_id generation, enum send_finder finder,
		   uint64_t parent)
{
	uint64_t bytes = 0;
	struct send_request request = {.root_id = fuzz->snapshot,
				       .parent_id = parent,
				       .clone_ids = &fuzz->parent,
				       .clone_count = 1,
				       .protocol = 1,
				       .generation = {.id = generation},
				       .finder = finder,
				       .sink = count_bytes,
				       .sink_context = &bytes,
				       .notify = make_text};
	struct send_summary summary;
	struct failure failure = {0};
	struct volume *volume;
	int ret = volume_open(fuzz->path, NULL, &volume, &failure);

	if (ret == 0) {
		alarm(SECONDS_FOR_A_SEND);
		ret = send_run(volume, &request, &summary);
		alarm(0);
		failure = *volume_failure(volume);
		volume_close(volume);
	}
	if (ret && (failure.code != ret || failure.text[0] == '\0')) {
		fprintf(stderr, "fuzz-send: status %d without a message of its own (%d '%s')\n",
			ret, failure.code, failure.text);
		exit(1);
	}
	return ret;
}

/* By both finders, each of which may find damage that the other does not come across. */
static int send_once(struct fuzz *fuzz, uint64_t parent)
{
	int faithful = send_as(fuzz, GENERATION_6_18, SEND_FINDER_FAITHFUL, parent);
	int indexed = send_as(fuzz, GENERATION_6_18, SEND_FINDER_INDEXED, parent);

	return faithful ? faithful : indexed;
}

/* Up to four bytes, half of them in the items' data, which begins at the end of a leaf. */
static void change(struct fuzz *fuzz, uint8_t *block)
{
	uint32_t changes = 1 + next_random(fuzz, 4);

	while (changes--) {
		uint32_t at = BTRFS_CSUM_SIZE + next_random(fuzz, fuzz->nodesize - BTRFS_CSUM_SIZE);

		switch (next_random(fuzz, 3)) {
		case 0:
			block[at] = (uint8_t)next_random(fuzz, 256);
			break;
		case 1:
			block[at]++;
			break;
		default:
			block[at] ^= (uint8_t)(1u << next_random(fuzz, 8));
			break;
		}
	}
}

static void set_checksum(const struct fuzz *fuzz, uint8_t *block)
{
	csum_algorithm_find(BTRFS_CSUM_TYPE_CRC32)
		->compute(block + BTRFS_CSUM_SIZE, fuzz->nodesize - BTRFS_CSUM_SIZE, block);
}

static void write_block(const struct fuzz *fuzz, const uint8_t *block, uint64_t offset)
{
	if (pwrite(fuzz->fd, block, fuzz->nodesize, (off_t)offset) != (ssize_t)fuzz->nodesize)
		die(fuzz->path);
}

static void run_round(struct fuzz *fuzz)
{
	uint64_t offset = fuzz->blocks[next_random(fuzz, (uint32_t)fuzz->count)];
	uint8_t *good = malloc(fuzz->nodesize), *bad = malloc(fuzz->nodesize);
	int ret;

	if (!good || !bad)
		die("fuzz-send");
	if (pread(fuzz->fd, good, fuzz->nodesize, (off_t)offset) != (ssize_t)fuzz->nodesize)
		die(fuzz->path);
	memcpy(bad, good, fuzz->nodesize);
	change(fuzz, bad);
	set_checksum(fuzz, bad);
	write_block(fuzz, bad, offset);
	ret = send_once(fuzz, 0);
	ret = send_once(fuzz, fuzz->parent) ? 1 : ret;
	/* It may fail on what is undamaged, too, but not otherwise than with a message. */
	send_as(fuzz, GENERATION_2012, SEND_FINDER_FAITHFUL, fuzz->parent);
	write_block(fuzz, good, offset);
	*(ret ? &fuzz->refused : &fuzz->sent) += 1;
	free(good);
	free(bad);
}

int main(int argc, char **argv)
{
	struct fuzz fuzz = {0};
	unsigned long rounds, round;

	if (argc != 6) {
		fprintf(stderr, "usage: fuzz-send IMAGE SNAPSHOT PARENT ROUNDS SEED\n");
		return 2;
	}
	fuzz.path = argv[1];
	fuzz.fd = open(argv[1], O_RDWR | O_CLOEXEC);
	if (fuzz.fd < 0)
		die(argv[1]);
	fuzz.snapshot = strtoull(argv[2], NULL, 10);
	fuzz.parent = strtoull(argv[3], NULL, 10);
	rounds = strtoul(argv[4], NULL, 10);
	fuzz.random = strtoull(argv[5], NULL, 10);
	list_blocks(&fuzz);
	if (send_once(&fuzz, 0) || send_once(&fuzz, fuzz.parent))
		die("fuzz-send: the image as it is cannot be sent");
	for (round = 0; round < rounds; round++) {
		/* The last line tells where a crash or a hang came. */
		if (isatty(STDERR_FILENO) || round % 500 == 0)
			fprintf(stderr, "\rround %lu", round);
		run_round(&fuzz);
	}
	fprintf(stderr, "\r");
	printf("%zu blocks, %lu rounds: %llu sent, %llu refused\n", fuzz.count, rounds,
	       (unsigned long long)fuzz.sent, (unsigned long long)fuzz.refused);
	free(fuzz.blocks);
	close(fuzz.fd);
	/* With right checksums damage is found by the checker alone: some has to be. */
	return fuzz.refused > rounds / 10 && fuzz.sent > 0 ? 0 : 1;
}

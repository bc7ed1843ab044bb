/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Short words for making files. Each ends the program with a message when the filesystem refuses,
 * so that a workload reads as a list of what it makes. Lengths and offsets are bytes.
 */
#ifndef BENCH_FILES_H
#define BENCH_FILES_H

#include <stddef.h>
#include <stdint.h>

#define KIB	  1024ull
#define MIB	  (1024 * KIB)
#define NAME_SIZE 256

/* The same seed gives the same contents and the same random_below() after it. */
void random_seed(uint64_t seed);
uint64_t random_below(uint64_t limit);

/* Format a name into the buffer and return it. */
__attribute__((format(printf, 2, 3))) const char *name_of(char name[NAME_SIZE], const char *format,
							  ...);

void make_directory(const char *path);
void move(const char *from, const char *to);
void delete_file(const char *path);
void delete_folder(const char *path);
void set_attribute(const char *path, const char *name, const void *value, size_t length);

/* Open for reading and writing; the caller closes. */
int open_file(const char *path, int flags);
/* One extent, of at most 1 MiB and whole blocks, into a file that was opened with O_DIRECT. */
void write_extent(int fd, uint64_t length, uint64_t offset);
/* Incompressible bytes. */
void write_noise(int fd, uint64_t length, uint64_t offset);
/* Lines as in a log, which compress to about a third. */
void write_lines(int fd, uint64_t length, uint64_t offset);
void make_noise_file(const char *path, uint64_t length);
void make_text_file(const char *path, uint64_t length);
/* Overwrite @count blocks of 16 KiB within the first @length bytes, in scattered places. */
void overwrite_blocks(const char *path, uint64_t length, unsigned int count);

/* Share @length bytes (0: up to the end) of @from with @to, which is created if need be. */
void reflink(const char *from, uint64_t from_offset, uint64_t length, const char *to,
	     uint64_t to_offset);
/* fallocate() of the file, created if need be, with FALLOC_FL_* in @mode. */
void allocate(const char *path, int mode, uint64_t offset, uint64_t length);
void punch(const char *path, uint64_t offset, uint64_t length);

void make_subvolume(const char *path);
/* A read-only snapshot of @subvolume. */
void make_snapshot(const char *subvolume, const char *path);
void make_read_only(const char *subvolume);
/* Rewrite all data and metadata of the filesystem. */
void balance(const char *path);
void commit(const char *path);

#endif

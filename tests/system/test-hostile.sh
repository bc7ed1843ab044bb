#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Sends from images with damaged tree blocks under right checksums: each ends, with a stream or with a
# message. Needs root to make the snapshots. Output is TAP; the last line is
# "N passed, N failed, N skipped".
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOOLS=${TOOLS:-$here/../../build/tests/system}
ROUNDS=${ROUNDS:-1500}

if ((EUID != 0)); then
	echo "ok 1 - hostile # SKIP needs root for loop devices"
	echo "0 passed, 0 failed, 1 skipped"
	exit 0
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/sendprof-hostile.XXXXXX")
cleanup() {
	cd /
	umount "$work/mnt" 2>/dev/null || true
	rm -rf --one-file-system "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

truncate -s 256M "$work/image"
mkfs.btrfs -q -n 4096 -m single "$work/image" >/dev/null
mkdir "$work/mnt"
mount -o loop,noatime "$work/image" "$work/mnt"
top=$work/mnt/v
btrfs -q subvolume create "$top"
mkdir -p "$top"/a/b/c "$top"/d/e
for i in {1..40}; do
	head -c $((i * 700)) /dev/urandom >"$top/a/f$i"
	cp --reflink "$top/a/f$i" "$top/d/r$i"
	ln "$top/a/f$i" "$top/a/b/l$i"
	echo "$i" >"$top/a/b/c/s$i"
	setfattr -n user.x -v "$i" "$top/a/b/c/s$i"
done
mkfifo "$top/fifo"
ln -s target "$top/link"
btrfs property set "$top/d" compression zstd
head -c 300000 < <(yes text) >"$top/d/packed"
btrfs -q subvolume snapshot -r "$top" "$work/mnt/s1"
mv "$top/a/b" "$top/d/e/b2"
mv "$top/d" "$top/a/d2"
rm "$top"/a/f1* "$top"/a/d2/r2*
for i in {30..40}; do xfs_io -c "pwrite -q 4096 5000" -c "fpunch 0 4096" "$top/a/f$i"; done
truncate -s 100000 "$top/a/f39"
btrfs -q subvolume snapshot -r "$top" "$work/mnt/s2"
s1=$(btrfs inspect-internal rootid "$work/mnt/s1")
s2=$(btrfs inspect-internal rootid "$work/mnt/s2")
umount "$work/mnt"

if "$TOOLS/fuzz-send" "$work/image" "$s2" "$s1" "$ROUNDS" 1 >"$work/log" 2>&1; then
	echo "ok 1 - damaged-tree-blocks-end-with-a-message"
	sed 's/.*\r//; s/^/# /' "$work/log"
	echo "1 passed, 0 failed, 0 skipped"
else
	echo "not ok 1 - damaged-tree-blocks-end-with-a-message"
	tr '\r' '\n' <"$work/log" | sed 's/^/# /' | tail -40
	echo "0 passed, 1 failed, 0 skipped"
	exit 1
fi

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Sends from images with damaged tree blocks under right checksums: each ends, with a stream or with a
# message. Needs root to make the snapshots. ROUNDS in the environment changes how many.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/system/system-lib.sh

needs_root 'damaged tree blocks'
work_in_scratch hostile
cd "$scratch" || exit 1

# Prints the ids of the two snapshots that are left on the image.
make_image()
(
	set -e
	truncate -s 256M image
	mkfs.btrfs -q -n 4096 -m single image >/dev/null
	mkdir mnt
	mount -o loop,noatime image mnt
	top=mnt/v
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
	btrfs -q subvolume snapshot -r "$top" "mnt/s1"
	mv "$top/a/b" "$top/d/e/b2"
	mv "$top/d" "$top/a/d2"
	rm "$top"/a/f1* "$top"/a/d2/r2*
	for i in {30..40}; do xfs_io -c "pwrite -q 4096 5000" -c "fpunch 0 4096" "$top/a/f$i"; done
	truncate -s 100000 "$top/a/f39"
	btrfs -q subvolume snapshot -r "$top" "mnt/s2"
	btrfs inspect-internal rootid mnt/s1
	btrfs inspect-internal rootid mnt/s2
	umount mnt
)

# The progress that fuzz-send shows is for terminals.
damage()
{
	set -o pipefail
	"$tools/fuzz-send" image "$2" "$1" "${ROUNDS:-1500}" 1 2>&1 | tr '\r' '\n' | tail -n 40
}

# Not in a condition, where set -e means nothing.
ids=$(make_image)
made=$?
[ "$made" = 0 ] || exit 1
# shellcheck disable=SC2086 # two numbers
check 'damaged tree blocks end with a stream or a message' damage $ids
finish

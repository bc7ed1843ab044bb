#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The engine on a mounted filesystem whose blocks move while it reads: a balance runs all the time.
# What it sends may differ from the kernel's stream of another moment, but it has to be whole, and
# what is received from it has to equal the snapshots. Needs root.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/system/system-lib.sh

rounds=2
balance=''

release()
{
	touch "$scratch/enough"
	# A balance may begin after one was cancelled; as long as one runs nothing can be unmounted.
	while [ -n "$balance" ] && kill -0 "$balance" 2>/dev/null; do
		btrfs balance cancel "$scratch/from" >/dev/null 2>&1
		sleep 0.1
	done
}

needs_root 'sends while blocks move'
work_in_scratch live

make_filesystem() # NAME MKFS-OPTION...
{
	local name=$1

	shift
	truncate -s 2G "$scratch/$name.img" && mkfs.btrfs -q "$@" "$scratch/$name.img" >/dev/null &&
		mkdir "$scratch/$name" && mount -o loop,noatime "$scratch/$name.img" "$scratch/$name"
}

build_snapshots()
(
	set -e
	cd "$scratch/from"
	btrfs -q subvolume create v
	for i in {1..40}; do
		dd if=/dev/urandom of="v/f$i" bs=64K count=$((i % 13 + 1)) status=none
		cp --reflink "v/f$i" "v/r$i"
	done
	mkdir v/d
	for i in {1..2000}; do echo "$i" >"v/d/s$i"; done
	# Data without checksums: nothing but its place tells that it has moved.
	touch v/nocow
	chattr +C v/nocow
	dd if=/dev/urandom of=v/nocow bs=64K count=64 status=none
	btrfs -q subvolume snapshot -r v s1
	for i in {1..40..2}; do
		dd if=/dev/urandom of="v/f$i" bs=64K count=1 conv=notrunc status=none
	done
	mv v/d v/e
	rm v/e/s1*
	btrfs -q subvolume snapshot -r v s2
	sync -f .
)

# Slow enough that several transactions are committed while the engine writes.
slowly()
{
	local n

	for ((n = 0; n < 12; n++)); do
		head -c 1M
		sleep 0.2
	done
	cat
}

# send FILE ARGUMENT...: slowly, with the engine's own account in the file's name and ".stats"
send()
{
	local file=$1

	shift
	set -o pipefail
	"$sendprof" send --stats "$@" 2>"$file.stats" | slowly >"$file" || { cat "$file.stats"; return 1; }
	"$sendprof" stream check "$file"
}

# send_and_receive NAME SNAPSHOT SNAPSHOT [OPTION...]: the two as the engine is to know them
send_and_receive()
{
	local full=$scratch/full.$1 incremental=$scratch/incremental.$1 to=$scratch/to/$1 s1=$2 s2=$3

	shift 3
	mkdir "$to" && send "$full" "$@" "$s1" && send "$incremental" "$@" -p "$s1" "$s2" &&
		btrfs -q receive -f "$full" "$to" && btrfs -q receive -f "$incremental" "$to" &&
		"$tools/treecmp" "$scratch/from/s1" "$to/s1" && "$tools/treecmp" "$scratch/from/s2" "$to/s2" &&
		rm "$full" "$incremental"
}

{ make_filesystem from -n 4096 && make_filesystem to; } || exit 1
# Not in a condition, where set -e means nothing.
build_snapshots
made=$?
[ "$made" = 0 ] || exit 1
until [ -e "$scratch/enough" ]; do btrfs balance start --full-balance "$scratch/from"; done >/dev/null 2>&1 &
balance=$!
for ((round = 1; round <= rounds; round++)); do
	check "what is sent while blocks move is received as it was, round $round" \
		send_and_receive "$round" "$scratch/from/s1" "$scratch/from/s2"
	check "from the file behind the loop device too, round $round" \
		send_and_receive "file$round" s1 s2 --image "$scratch/from.img"
done
echo "# $(cat "$scratch"/*.stats | grep -c '^restarts') of $((4 * rounds)) sends met moved blocks"
finish

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The engine on a mounted filesystem whose blocks move while it reads: a balance runs all the time.
# What it sends may differ from the kernel's stream of another moment, but it has to be whole, and
# what is received from it has to equal the snapshots. Needs root. Output is TAP; the last line is
# "N passed, N failed, N skipped".
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
SENDPROF=${SENDPROF:-$here/../../build/sendprof}
TOOLS=${TOOLS:-$here/../../build/tests/system}
rounds=3
passed=0 failed=0 number=0
balance=

if ((EUID != 0)); then
	echo "ok 1 - live # SKIP needs root for loop devices"
	echo "0 passed, 0 failed, 1 skipped"
	exit 0
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/sendprof-live.XXXXXX")
cleanup() {
	[ -z "$balance" ] || { kill "$balance" && wait "$balance"; } 2>/dev/null || true
	btrfs balance cancel "$work/from" >/dev/null 2>&1 || true
	umount "$work/from" "$work/to" 2>/dev/null || true
	rm -rf --one-file-system "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

check() { # NAME COMMAND...
	local name=$1
	shift
	number=$((number + 1))
	if "$@" >"$work/log" 2>&1; then
		echo "ok $number - $name"
		passed=$((passed + 1))
	else
		echo "not ok $number - $name"
		sed 's/^/# /' "$work/log" | head -20
		failed=$((failed + 1))
	fi
}

make_filesystem() { # NAME MKFS-OPTION...
	local name=$1
	shift
	truncate -s 2G "$work/$name.img"
	mkfs.btrfs -q "$@" "$work/$name.img" >/dev/null
	mkdir "$work/$name"
	mount -o loop,noatime "$work/$name.img" "$work/$name"
}

build_snapshots() {
	local top=$work/from i
	btrfs -q subvolume create "$top/v"
	for i in {1..40}; do
		dd if=/dev/urandom of="$top/v/f$i" bs=64K count=$((i % 13 + 1)) status=none
		cp --reflink "$top/v/f$i" "$top/v/r$i"
	done
	mkdir "$top/v/d"
	for i in {1..2000}; do echo "$i" >"$top/v/d/s$i"; done
	# Data without checksums: nothing but its place tells that it has moved.
	touch "$top/v/nocow"
	chattr +C "$top/v/nocow"
	dd if=/dev/urandom of="$top/v/nocow" bs=64K count=64 status=none
	btrfs -q subvolume snapshot -r "$top/v" "$top/s1"
	for i in {1..40..2}; do
		dd if=/dev/urandom of="$top/v/f$i" bs=64K count=1 conv=notrunc status=none
	done
	mv "$top/v/d" "$top/v/e"
	rm "$top"/v/e/s1*
	btrfs -q subvolume snapshot -r "$top/v" "$top/s2"
	sync
}

# Slow enough that several transactions are committed while the engine writes.
slowly() {
	local n
	for ((n = 0; n < 12; n++)); do
		head -c 1M
		sleep 0.2
	done
	cat
}

send_and_receive() { # ROUND
	local to=$work/to/$1
	mkdir "$to"
	"$SENDPROF" send --stats "$work/from/s1" | slowly >"$work/full"
	"$SENDPROF" send --stats -p "$work/from/s1" "$work/from/s2" | slowly >"$work/incremental"
	"$SENDPROF" stream check "$work/full"
	"$SENDPROF" stream check "$work/incremental"
	btrfs -q receive -f "$work/full" "$to"
	btrfs -q receive -f "$work/incremental" "$to"
	"$TOOLS/treecmp" "$work/from/s1" "$to/s1"
	"$TOOLS/treecmp" "$work/from/s2" "$to/s2"
	cat "$work/log" >>"$work/all"
}

make_filesystem from -n 4096
make_filesystem to
build_snapshots
while true; do btrfs balance start --full-balance "$work/from"; done >/dev/null 2>&1 &
balance=$!
for ((round = 1; round <= rounds; round++)); do
	check "send-while-balancing-$round" send_and_receive "$round"
done
echo "# $(grep -c '^restarts' "$work/all" || true) of $((2 * rounds)) sends met moved blocks"
echo "$passed passed, $failed failed, 0 skipped"
((failed == 0))

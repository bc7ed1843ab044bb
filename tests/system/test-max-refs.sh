#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Guards --max-refs: an extent with more references than kernels look at is cloned, the stream is
# received as the snapshot is, "run" tells its size, and with the kernel's own limit it is the kernel's.
# Needs root, loop devices, a kernel with btrfs and python3.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/system/system-lib.sh

needs_root '--max-refs'
work_in_scratch max-refs
mnt=$scratch/mnt

# 2,000 files of one extent of 8K, and 1,024 of another: the kernel's limit.
build_filesystem()
(
	set -e
	mkdir "$mnt"
	truncate -s 1G "$scratch/fs.img"
	mkfs.btrfs -q "$scratch/fs.img"
	mount -o loop,noatime "$scratch/fs.img" "$mnt"
	btrfs -q subvolume create "$mnt/live"
	cd "$mnt/live"
	"$tools/fsop" write many 0 8K 1
	"$tools/fsop" write enough 0 8K 2
	"$tools/fsmake" reflinks . m 1 2000 many
	"$tools/fsmake" reflinks . e 1 1024 enough
	btrfs -q subvolume snapshot -r . "$mnt/snap"
	sync -f .
)
build_filesystem >"$scratch/log" 2>&1
made=$?
[ "$made" = 0 ] || { fail 'a filesystem is made' "$(cat "$scratch/log")"; finish; }

run_it()
{
	"$sendprof" "$@"
}

# What "stream stat" counts: COMMAND FILE
count_of()
{
	"$sendprof" stream stat --json "$2" | python3 -c "
import json, sys
print(json.load(sys.stdin)['kinds'].get('$1', {}).get('count', 0))"
}

has_counts() # FILE WRITES CLONES
{
	local have

	have=$(count_of WRITE "$1")/$(count_of CLONE "$1")
	[ "$have" = "$2/$3" ] || { echo "writes/clones: have $have expect $2/$3"; return 1; }
}

received_is_the_snapshot()
{
	mkdir "$mnt/to" && btrfs -q receive -f "$1" "$mnt/to" && "$tools/treecmp" "$mnt/snap" "$mnt/to/snap"
}

for limit in unlimited 2000 1999 1024; do
	expect 0 "a send with --max-refs $limit" '' send --max-refs "$limit" -f "$scratch/$limit" "$mnt/snap"
done
expect 0 'a send as the kernel does' '' send -f "$scratch/kernel" "$mnt/snap"
check 'any number of references: cloned' has_counts "$scratch/unlimited" 2 3022
check 'as many references as the limit: cloned' cmp "$scratch/unlimited" "$scratch/2000"
check 'one more than the limit: written' has_counts "$scratch/1999" 2001 1023
check "with the kernel's limit the stream is as without one" cmp "$scratch/kernel" "$scratch/1024"
expect 0 'with counters' '' send --max-refs unlimited --stats -f "$scratch/stats" "$mnt/snap"
check 'with counters: the same stream' cmp "$scratch/unlimited" "$scratch/stats"
expect 0 'with little memory' '' send --max-refs unlimited --memory 16M -f "$scratch/16M" "$mnt/snap"
check 'with little memory: the same stream' cmp "$scratch/unlimited" "$scratch/16M"
for refused in '--finder faithful' '--why 257' '--generation 2012'; do
	# shellcheck disable=SC2086
	expect 3 "$refused is refused" 'needs the indexed finder' \
		send --max-refs unlimited $refused -f "$scratch/none" "$mnt/snap"
done
check 'what is received is the snapshot' received_is_the_snapshot "$scratch/unlimited"

expect 0 'run: the streams that are compared are as ever' 'extents with any number of references' \
	run --snap "$mnt/snap" --out "$scratch/report" --repeat 1 --tier pipe --max-refs unlimited
check 'run: the size is that of the stream' python3 - "$scratch" <<-'END'
	import json, os, sys
	result = json.load(open(sys.argv[1] + "/report/result.json"))
	beyond = result["beyond_limit"]
	size = os.path.getsize(sys.argv[1] + "/unlimited")
	if (result["verdict"], beyond["max_references"], beyond["bytes"], beyond["cloned_extents"]) != (
	        "equal", 0, size, 3022):
	    sys.exit("have %s %s, expect %d bytes" % (result["verdict"], beyond, size))
END
for bad in 0 -1 many 12x ''; do
	expect 2 "--max-refs '$bad' is refused" 'max-refs: have' send --max-refs "$bad" "$mnt/snap"
done
finish

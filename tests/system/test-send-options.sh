#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# `sendprof send` takes btrfs send's options in btrfs send's meaning: its output is compared, byte for
# byte, with that of the real command. Needs root.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/system/system-lib.sh

needs_root "btrfs send's options"
work_in_scratch options

make_snapshots()
(
	set -e
	cd "$scratch"
	truncate -s 512M image
	mkfs.btrfs -q -n 4096 image >/dev/null
	mkdir mnt
	mount -o loop,noatime,compress-force=zstd image mnt
	cd mnt
	btrfs -q subvolume create v
	head -c 300000 /dev/urandom >v/a
	head -c 300000 < <(yes text) >v/packed
	echo small >v/inline
	btrfs -q subvolume snapshot -r v s1
	cp --reflink v/a v/b
	mv v/inline v/moved
	chattr +A v/packed
	btrfs -q subvolume snapshot -r v s2
	cp --reflink v/a v/c
	xfs_io -c "fpunch 65536 65536" -c "truncate 400000" v/a
	btrfs -q subvolume snapshot -r v s3
	btrfs -q subvolume create other
	echo other >other/file
	btrfs -q subvolume snapshot -r other o1
	sync -f .
)

same() # ARGUMENT...: of both commands
{
	rm -f "$scratch/theirs" "$scratch/ours"
	btrfs -q send -f "$scratch/theirs" "$@" && "$sendprof" send -f "$scratch/ours" "$@" &&
		cmp "$scratch/theirs" "$scratch/ours"
}

refused() # STATUS TEXT ARGUMENT...
{
	local expect=$1 text=$2 status

	shift 2
	rm -f "$scratch/ours"
	"$sendprof" send -f "$scratch/ours" "$@" 2>"$scratch/error"
	status=$?
	cat "$scratch/error"
	[ "$status" = "$expect" ] && grep -qF -- "$text" "$scratch/error" && [ ! -e "$scratch/ours" ]
}

both_fail() # ARGUMENT...
{
	rm -f "$scratch/theirs"
	! btrfs -q send -f "$scratch/theirs" "$@" && refused 3 'none of the clone sources' "$@"
}

# Not in a condition, where set -e means nothing.
make_snapshots
made=$?
[ "$made" = 0 ] || exit 1
cd "$scratch/mnt" || exit 1
for proto in 1 2 0; do
	check "full-protocol-$proto" same --proto $proto s3
	check "parent-protocol-$proto" same --proto $proto -p s1 s3
	check "no-data-protocol-$proto" same --proto $proto --no-data -p s1 s3
done
# Nobody here sends protocol 3; without a file that has verity its commands are those of protocol 2.
protocol_3() {
	"$sendprof" send -f "$scratch/third" --proto 3 -p s1 s3
	btrfs -q send -f "$scratch/second" --proto 2 -p s1 s3
	"$sendprof" stream check "$scratch/third" | grep -q 'protocol 3$'
	"$sendprof" stream diff -i protocol "$scratch/second" "$scratch/third"
	! "$sendprof" stream diff "$scratch/second" "$scratch/third"
}
check protocol-3 protocol_3
check compressed-full same --proto 2 --compressed-data s3
check compressed-parent same --proto 2 --compressed-data -p s2 s3
check compressed-clone-source same --proto 2 --compressed-data -p s1 -c s2 s3
check parent-and-clone-sources same -p s2 -c s1 -c o1 s3
check clone-source-chooses-parent same -c s1 s2
check clone-sources-choose-the-nearest same -c s1 -c s2 s3
check clone-source-newer-than-snapshot same -c s3 s1
check unrelated-clone-source-besides same -c o1 -c s2 s3
check unrelated-clone-source-alone both_fail -c o1 s3
check several-streams same s1 s2 s3
check several-streams-with-parent same -p s1 s2 s3
check several-streams-with-clone-source same -c s1 s2 s3
check one-stream same -e s1 s2 s3
check one-stream-with-parent same -e -p s1 s2 s3
check one-stream-with-clone-source same -e -c s1 s2 s3
check one-stream-of-one-snapshot same -e s1
# However the engine works, the stream is the same.
one_stream_with() { # OPTION...
	rm -f "$scratch/plain" "$scratch/ours"
	"$sendprof" send -f "$scratch/plain" -p s2 -c s1 s3 &&
		"$sendprof" send -f "$scratch/ours" "$@" -p s2 -c s1 s3 && cmp "$scratch/plain" "$scratch/ours"
}
for finder in auto faithful indexed; do
	check "finder-$finder" one_stream_with --finder "$finder"
done
check least-memory one_stream_with --memory 16M
check memory-in-bytes one_stream_with --memory 33554432
check memory-in-gigabytes one_stream_with --memory 1G --stats
for size in 15M 0 -1 16X 16MM M 99999999999999999999 20000000000G; do
	check "memory-$size" refused 2 "--memory: have '$size'" --memory "$size" s1
done
highest_of_2012()
{
	"$sendprof" send --generation 2012 --proto 0 s1 >"$scratch/highest" &&
		"$sendprof" stream dump "$scratch/highest" | grep -q '^ *0 .*STREAM *protocol=1$'
}
check protocol-2-of-2012 refused 2 "know protocol 1 only" --generation 2012 --proto 2 s1
check protocol-highest-of-2012 highest_of_2012
check compressed-needs-protocol-2 refused 2 "needs --proto 2" --compressed-data s1
check protocol-too-high refused 2 "--proto" --proto 4 s1
check unknown-generation refused 2 "--generation" --generation 5.4 s1

# A pipe gets data of a filesystem that nobody writes to out of the page cache, without a copy.
same_in_pipe() # ARGUMENT...: of both commands
{
	rm -f "$scratch/theirs"
	btrfs -q send -f "$scratch/theirs" "$@" && "$sendprof" send "$@" | {
		sleep 0.1 # what was written lies in the pipe
		cmp - "$scratch/theirs"
	}
}
check pipe same_in_pipe s3
mount -o remount,ro . || exit 1
for proto in 1 2; do
	check "read-only-pipe-protocol-$proto" same_in_pipe --proto $proto s3
	check "read-only-pipe-parent-protocol-$proto" same_in_pipe --proto $proto -p s1 s3
done
check read-only-pipe-compressed same_in_pipe --proto 2 --compressed-data s3
finish

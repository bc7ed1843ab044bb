#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What the engine reads of a file is what the kernel reads: all kinds of extents, compressed and not,
# all checksums and node sizes; damaged data; a filesystem that is balanced meanwhile. Needs root,
# loop devices, btrfs-progs and xfs_io.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh

readfile=${TOOLS:-build/tests/system}/readfile
work=$(mktemp -d "${TMPDIR:-/tmp}/sendprof-file-data-XXXXXX") || exit 1
image=$work/image
mnt=$work/mnt
balancer=''

# The balancer ends when the balance does that it is waiting for, which may not have begun yet.
stop_balancer()
{
	[ -n "$balancer" ] || return 0
	kill "$balancer"
	while kill -0 "$balancer"; do
		btrfs balance cancel "$mnt"
		sleep 0.1
	done >/dev/null 2>&1
	wait "$balancer"
	balancer=''
}

clean_up()
{
	stop_balancer
	mountpoint -q "$mnt" && umount "$mnt"
	rm -rf --one-file-system "$work"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

mkdir "$mnt"
text=$work/text
noise=$work/noise
seq 1 200000 >"$text"
# The same on each run, and nothing can compress it.
gzip -n -1 <"$text" >"$noise"

# bytes FILE SKIP COUNT
bytes()
{
	tail -c "+$(($2 + 1))" "$1" | head -c "$3"
}

# patch FILE OFFSET SOURCE LENGTH: overwrite a part, and have it written: an extent of its own.
patch()
{
	xfs_io -c "pwrite -q -i $3 $2 $4" -c fsync "$1"
}

# File sizes around everything that has a limit: inline, sector, compressed extent.
plain_files()
{
	local size

	for size in 0 1 100 2000 2048 2049 4095 4096 4097 65536 131071 131072 131073 400000; do
		bytes "$text" 10 "$size" >"text-$size"
		bytes "$noise" 10 "$size" >"noise-$size"
	done
	{ bytes "$noise" 0 70000; bytes "$text" 0 900000; bytes "$noise" 0 300000; } >mixed
	ln -s "$(bytes "$text" 0 300 | tr '\n' x)" symlink
}

# Files that got their extents one by one.
odd_files()
{
	local i

	truncate -s 5000001 sparse
	patch sparse 1000000 "$text" 70000
	patch sparse 3000001 "$noise" 10000
	xfs_io -f -c 'falloc 0 1m' -c "pwrite -q -i $text 262144 100000" -c 'falloc -k 1m 1m' prealloc
	cp mixed punched
	sync punched
	xfs_io -c 'fpunch 100000 300000' -c 'fpunch 700001 5' -c 'fpunch 1200000 4096' punched
	cp mixed bookends
	sync bookends
	for i in 0 1 2 3 4 5 6 7 8 9; do
		patch bookends $((i * 110000 + 4099)) "$noise" $((i * 3001 + 1))
	done
	cp --reflink=always mixed cloned
	xfs_io -c 'reflink -q bookends 131072 262144 196608' -c 'reflink -q mixed 0 1048576 4096' cloned
	for i in 5 3 9 1 7 2 8 4 6 0; do
		patch shuffled-end $((i * 8192)) "$text" 8000
	done
	cp mixed shrunk
	sync shrunk
	truncate -s 300001 shrunk
	truncate -s 600000 shrunk
	touch without-checksums
	chattr +C without-checksums
	cat mixed >without-checksums
	patch without-checksums 500000 "$noise" 5000
}

# new_filesystem MOUNT-OPTIONS MKFS-OPTION...: made, mounted, empty.
new_filesystem()
{
	local options=$1

	shift
	! mountpoint -q "$mnt" || umount "$mnt" || return
	rm -f "$image"
	truncate -s 512M "$image" && mkfs.btrfs -q -K "$@" "$image" >"$work/log" 2>&1 &&
		mount -o "loop,noatime,$options" "$image" "$mnt"
}

# Fill it, and list the files of a snapshot: inode number and path.
populate()
{
	(cd "$mnt" && : >shuffled-end && plain_files && odd_files) &&
		btrfs subvolume snapshot -r "$mnt" "$mnt/snap" >/dev/null && btrfs filesystem sync "$mnt" &&
		find "$mnt/snap" -type f -printf '%i %p\n' -o -type l -printf '%i %p\n' >"$work/list"
}

same()
{
	"$readfile" -n 40 -s 7 -c "$@" <"$work/list" >/dev/null
}

# as_mounted MOUNT-OPTIONS MKFS-OPTION...
as_mounted()
{
	local name="mount $1, mkfs ${*:2}: files are as mounted"

	if ! new_filesystem "$@" || ! populate; then
		fail "$name" "$(cat "$work/log")"
		return
	fi
	check "$name" same "$image" snap
}

as_mounted compress=no --csum crc32c -n 16384 -O no-holes
as_mounted compress=no --csum sha256 -n 4096 -O ^no-holes -d dup
as_mounted compress-force=zlib --csum xxhash -n 4096
as_mounted compress-force=zlib:9 --csum crc32c -n 65536 -O ^no-holes
as_mounted compress-force=lzo --csum blake2 -n 65536
as_mounted compress-force=lzo --csum crc32c -n 4096 --mixed
as_mounted compress-force=zstd --csum crc32c -n 16384
as_mounted compress-force=zstd:15 --csum sha256 -n 16384 -d dup

check 'a mounted device: files are as mounted' same -l "$(findmnt -no SOURCE "$mnt")" snap

# ---- a device that changes while it is read ----

balance_for_ever()
{
	trap 'exit 0' TERM
	while :; do
		btrfs balance start --full-balance "$mnt" >/dev/null 2>&1 || sleep 0.1
	done
}

# Read for a while; something must have moved in it.
read_while_balanced()
{
	local device=$1 began=$SECONDS commits=0 round=0 n

	while [ $((SECONDS - began)) -lt 8 ] || [ "$round" -lt 2 ]; do
		round=$((round + 1))
		"$readfile" -l -v -n 3 -s "$round" -c "$device" snap <"$work/list" >/dev/null 2>"$work/log" ||
			{ cat "$work/log"; return 1; }
		n=$(sed -n 's/.* commits //p' "$work/log")
		commits=$((commits + n))
	done
	[ "$commits" -gt 0 ] || { echo "have no commit in $round rounds, expect some"; return 1; }
}

# Some more files without checksums: nothing but looking again tells that they moved.
under_balance()
{
	local i

	new_filesystem compress=no -d single -m single && mkdir "$mnt/more" && chattr +C "$mnt/more" &&
		for i in 1 2 3 4 5 6 7 8; do
			cp "$noise" "$mnt/more/$i"
		done && populate
}
name='files are as mounted while the filesystem is balanced'
if under_balance; then
	balance_for_ever &
	balancer=$!
	check "$name" read_while_balanced "$(findmnt -no SOURCE "$mnt")"
	stop_balancer
else
	fail "$name" "$(cat "$work/log")"
fi

# A file with a mark at 400,000 that stands nowhere else.
mark=this-is-a-mark-that-stands-nowhere-else
marked_file()
{
	cat "$noise" >"$mnt/$1"
	printf %s "$mark" >"$work/mark"
	xfs_io -c "pwrite -q -i $work/mark 400000 ${#mark}" "$mnt/$1"
	btrfs filesystem sync "$mnt"
}

# Where the copies of the mark are in the image.
mark_places()
{
	grep -obUaF -- "$mark" "$image" | cut -d : -f 1
}

# Two files in one leaf, further from each other than anybody reads ahead; the second one's mark says
# where it lies. The first is read without checksums, the second with them or not.
far_files()
{
	new_filesystem compress=no -d single -m single && touch "$mnt/first" "$mnt/second" && chattr +C "$mnt/first" &&
		{ [ "$1" = with ] || chattr +C "$mnt/second"; } &&
		cat "$noise" >"$mnt/first" && xfs_io -f -c 'pwrite -q 0 4m' "$mnt/gap" &&
		btrfs filesystem sync "$mnt" && marked_file second &&
		btrfs subvolume snapshot -r "$mnt" "$mnt/snap" >/dev/null && btrfs filesystem sync "$mnt"
}

# Move the second file, and write over the place where it was.
move_second()
{
	local old_place i

	old_place=$(mark_places)
	btrfs balance start -d "$mnt" >/dev/null
	for i in 1 2 3; do
		while cat "$noise" "$noise" "$noise" "$noise"; do :; done >"$mnt/fill-$i"
		btrfs filesystem sync "$mnt"
	done 2>/dev/null
	! mark_places | grep -qx "$old_place" || { echo "the place $old_place is not used again"; return 1; }
}

# A reader knows from the first file's leaf where the second one is; then that is not true any more.
moved_under_a_reader()
{
	local file to from answer status=1

	rm -f "$work/ask" "$work/answer"
	mkfifo "$work/ask" "$work/answer"
	"$readfile" -l -c "$(findmnt -no SOURCE "$mnt")" snap <"$work/ask" >"$work/answer" 2>&1 &
	exec {to}>"$work/ask" {from}<"$work/answer"
	for file in first second; do
		[ "$file" = first ] || move_second || break
		printf '%s %s\n' "$(stat -c %i "$mnt/snap/$file")" "$mnt/snap/$file" >&"$to"
		read -r answer <&"$from"
		[ "$answer" = "same $mnt/snap/$file" ] || { echo "$answer"; break; }
		[ "$file" = first ] || status=0
	done
	exec {to}>&- {from}<&-
	wait
	return "$status"
}

for checksums in with without; do
	name="a file $checksums checksums that moved since it was looked up is as mounted"
	if far_files "$checksums"; then
		check "$name" moved_under_a_reader
	else
		fail "$name" "$(cat "$work/log")"
	fi
done

# ---- damage ----

# Damage copy N (from 1) of the mark.
damage()
{
	local at

	at=$(mark_places | sed -n "$1p")
	[ -n "$at" ] || { echo "no copy $1 of the mark"; return 1; }
	printf X | dd of="$image" bs=1 seek="$at" conv=notrunc status=none
}

# Reading fails, says where, and nothing of what is damaged comes out.
refused()
{
	local ino=$1 status

	"$readfile" "$image" / "$ino" >"$work/out" 2>"$work/log"
	status=$?
	[ "$status" = 3 ] || { echo "exit status: have $status expect 3"; return 1; }
	grep -E "data at [0-9]+ \(subvolume 5 inode $ino offset 397312\): crc32c checksum [0-9a-f]{8}, expect [0-9a-f]{8}, no good copy of $2\$" "$work/log" ||
		{ cat "$work/log"; return 1; }
	cmp -n "$(stat -c %s "$work/out")" "$work/out" "$work/sound"
}

# good INO BAD-COPIES
good()
{
	"$readfile" -v "$image" / "$1" >"$work/out" 2>"$work/log" || { cat "$work/log"; return 1; }
	cmp "$work/out" "$work/sound" && grep " bad $2 " "$work/log"
}

# prepare PROFILE: a filesystem with a marked file, unmounted; its inode number.
prepare()
{
	new_filesystem compress=no -d "$1" && marked_file file && cp "$mnt/file" "$work/sound" &&
		stat -c %i "$mnt/file" && umount "$mnt"
}

if ino=$(prepare single); then
	check 'sound data is read' good "$ino" 0
	check 'damaged data of the only copy is refused' eval 'damage 1 && refused "$ino" 1'
else
	fail 'damaged data of the only copy is refused'
fi
if ino=$(prepare dup); then
	check 'the other copy serves for a damaged one' eval 'damage 1 && good "$ino" 1'
	check 'both copies damaged are refused' eval 'damage 1 && refused "$ino" 2'
else
	fail 'the other copy serves for a damaged one'
fi
finish

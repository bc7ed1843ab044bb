#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Filesystems on several devices, in every profile, held against the kernel's own streams: mounted, from
# the images, with devices missing and with bad bytes on them. Needs root. Output is TAP; the last line
# is "N passed, N failed, N skipped".
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../tap.sh"
SENDPROF=${SENDPROF:-$here/../../build/sendprof}
TOOLS=${TOOLS:-$here/../../build/tests/system}

if [ "$(id -u)" != 0 ]; then
	skip "volumes" "needs root for loop devices"
	finish
fi
# Mounts in a namespace of their own: one that somebody else makes meanwhile would keep them alive.
if [ -z "${SENDPROF_VOLUMES_NAMESPACE-}" ] && command -v unshare >/dev/null; then
	SENDPROF_VOLUMES_NAMESPACE=1 exec unshare --mount --propagation private "$0" "$@"
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/sendprof-volumes.XXXXXX") || exit 1
mnt=$work/mnt
mkdir "$mnt" || exit 1

# shellcheck source=tests/system/array-lib.sh
. "$here/array-lib.sh"

clean_up() {
	cd /
	take_down
	rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# ---- one array after another ----

# An array that is mounted and has its snapshots: the engine on the mount, then on the images. SPARE
# devices may be missing, whichever they are.
check_array() { # SPARE
	local spare=$1 bad

	bad_copies=0
	check "$array: mounted" equal "$mnt/" "$everything"
	unmount_array
	check "$array: all devices" equal_without
	for ((bad = 1; bad <= spare; bad++)); do
		check "$array: without any $bad of ${#images[@]} devices" all_sets_equal "$bad"
	done
	if [ $((spare + 1)) -lt ${#images[@]} ]; then
		check "$array: without more devices than that" some_set_refused $((spare + 1))
	fi
}

check_damage() { # SPARE
	local spare=$1 kind bad

	for kind in metadata data; do
		# With three copies two bad ones are like one.
		for bad in 1 2; do
			[ "$bad" -gt "$spare" ] ||
				check "$array: bad $kind on any $bad devices" survives "$kind" "$bad"
		done
		[ "$spare" != 0 ] || check "$array: bad $kind" succumbs "$kind"
	done
}

prepare() { # NAME DEVICES MKFS-OPTION...
	if new_array "$@" && build_snapshots && record >>"$work/log" 2>&1; then
		return
	fi
	fail "$1: made and mounted" "$(cat "$work/log")"
	return 1
}

profile() { # NAME DEVICES SPARE MKFS-OPTION...
	local name=$1 devices=$2 spare=$3

	shift 3
	prepare "$name" "$devices" "$@" || return
	check_array "$spare"
	check_damage "$spare"
}

profile single 2 0 -d single -m single
profile raid0 3 0 -d raid0 -m raid0
profile raid1 2 1 -d raid1 -m raid1
profile raid1-on-3 3 1 -d raid1 -m raid1
profile raid1c3 3 2 -d raid1c3 -m raid1c3
profile raid1c4 4 3 -d raid1c4 -m raid1c4
profile raid10 4 1 -d raid10 -m raid10
profile raid10-on-2 2 1 -d raid10 -m raid10
profile raid5-on-2 2 1 -d raid5 -m raid5
profile raid5 3 1 -d raid5 -m raid5
profile raid6-on-3 3 2 -d raid6 -m raid6
profile raid6 5 2 -d raid6 -m raid6
profile mixed-groups 2 1 --mixed -d raid1 -m raid1
profile mixed-groups-raid5 3 1 --mixed -d raid5 -m raid5
profile data-raid6-metadata-raid1c3 4 2 -d raid6 -m raid1c3 -n 4096
profile sha256-raid5 4 1 -d raid5 -m raid5 --csum sha256 -n 65536

# Both copies are on one device: the first of them is bad everywhere.
prepare dup 1 -d dup -m dup && {
	check_array 0
	copies_damaged() {
		"$TOOLS/damage" copies "${images[1]}" >/dev/null || return
		image_arguments
		bad_copies=0
		equal '' "$checksummed" "${image_arguments[@]}" && [ "$bad_copies" -gt 100 ]
	}
	check "dup: the first copy is bad" copies_damaged
}

# Data is lost, metadata is not: what can be read is, and the first file that cannot is named.
prepare raid0-data-raid1-metadata 2 -d raid0 -m raid1 && {
	check_array 0
	names_the_file() {
		image_arguments 2
		engine '' one "${image_arguments[@]}" && return 1
		cat "$work/complaints"
		grep -q 'data at .* (subvolume .* inode .* offset .*RAID0 without device 2, which is missing' \
			"$work/complaints"
	}
	check "raid0-data-raid1-metadata: without a device, the file is named" names_the_file
	without_data() {
		image_arguments 2
		"$SENDPROF" send --no-data "${image_arguments[@]}" one -f "$work/engine.no-data"
	}
	check "raid0-data-raid1-metadata: without a device, without data" without_data
}

# ---- a filesystem that changes its shape ----

reshape() { # NAME SPARE COMMAND...
	local name=$1 spare=$2

	shift 2
	array=$name
	if ! "$@" >"$work/log" 2>&1 || ! record >>"$work/log" 2>&1; then
		fail "$name: done" "$(cat "$work/log")"
		return 1
	fi
	bad_copies=0
	check "$name: mounted" equal "$mnt/" "$everything"
	check "$name: all devices" equal_without
	[ "$spare" = 0 ] || check "$name: without any device" all_sets_equal "$spare"
	mount -o remount,rw "$mnt"
}
convert() { # PROFILE
	btrfs balance start -f -dconvert="$1" -mconvert="$1" -sconvert="$1" "$mnt"
}
# One block group of each kind at most: old and new profiles side by side.
convert_a_part() {
	btrfs balance start -f -dconvert=raid1,limit=1 -mconvert=raid1,limit=1 "$mnt"
}
grow_and_convert() { # PROFILE
	add_device && btrfs device add -f -K "${loops[-1]}" "$mnt" && convert "$1"
}
remove_second() {
	btrfs device remove "${loops[2]}" "$mnt" || return
	losetup -d "${loops[2]}"
	rm "${images[2]}"
	images=([1]="${images[1]}" [2]="${images[3]}" [3]="${images[4]}")
	loops=([1]="${loops[1]}" [2]="${loops[3]}" [3]="${loops[4]}")
}
replace_first() {
	local old=${loops[1]}

	truncate -s 1100M "$work/replacement" && images[1]=$work/replacement &&
		loops[1]=$(losetup --show -f "$work/replacement") &&
		btrfs replace start -B -f -K "$old" "${loops[1]}" "$mnt" && losetup -d "$old"
}
size=1G
prepare reshaped 2 -d single -m single && mount -o remount,rw "$mnt" && {
	reshape partly-converted 0 convert_a_part
	reshape converted-to-raid1 1 convert raid1
	reshape converted-to-raid0 0 convert raid0
	reshape grown-to-raid5 1 grow_and_convert raid5
	reshape grown-to-raid6 2 grow_and_convert raid6
	reshape converted-to-raid1c3 2 convert raid1c3
	reshape device-removed 2 remove_second
	reshape device-replaced 2 replace_first
	unmount_array
	check "reshaped: unmounted" equal_without
}

# ---- blocks that move while they are read ----

# Slow enough that several transactions are committed while the engine writes.
slowly() {
	local n

	for ((n = 0; n < 12; n++)); do
		head -c 1M
		sleep 0.2
	done
	cat
}
sent_while_moving() {
	rm -f "$work/engine.one" "$work/engine.two"
	{
		"$SENDPROF" send --stats "$mnt/one" | slowly >"$work/engine.one" &&
			"$SENDPROF" send --stats -p "$mnt/one" "$mnt/two" | slowly >"$work/engine.two"
	} 2>"$work/complaints"
	cat "$work/complaints"
	grep '^restarts' "$work/complaints" >>"$work/restarts"
	"$SENDPROF" stream check "$work/engine.one" &&
		"$SENDPROF" stream check "$work/engine.two" || return
	mkdir "$work/to/received" && btrfs -q receive -f "$work/engine.one" "$work/to/received" &&
		btrfs -q receive -f "$work/engine.two" "$work/to/received" &&
		"$TOOLS/treecmp" "$mnt/one" "$work/to/received/one" &&
		"$TOOLS/treecmp" "$mnt/two" "$work/to/received/two"
}
receiver() {
	truncate -s 1G "$work/to.img" && mkfs.btrfs -q -f "$work/to.img" >/dev/null 2>&1 &&
		mkdir -p "$work/to" && mount -o loop "$work/to.img" "$work/to"
}
moving() { # NAME DEVICES MISSING|- MKFS-OPTION...
	local name=$1 missing=$3 balance

	new_array "$1" "$2" "${@:4}" && build_snapshots && receiver || return
	if [ "$missing" != - ]; then
		unmount_array
		losetup -d "${loops[missing]}"
		unset "loops[$missing]"
		mount_array degraded || return
	fi
	while true; do
		btrfs balance start --full-balance "$mnt"
	done >/dev/null 2>&1 &
	balance=$!
	sleep 0.3
	check "$name: sent while it moves" sent_while_moving
	kill "$balance"
	wait "$balance" 2>/dev/null
	btrfs balance cancel "$mnt" >/dev/null 2>&1
	umount "$work/to"
}
small_files=4000
for row in 'moving-raid1 2 - raid1' 'moving-raid5 3 - raid5' 'moving-raid10 4 - raid10' \
	'moving-raid1-degraded 3 2 raid1' 'moving-raid5-degraded 3 1 raid5' \
	'moving-raid6-degraded 4 2 raid6'; do
	read -r name devices missing profile <<<"$row"
	moving "$name" "$devices" "$missing" -n 4096 -d "$profile" -m "$profile" ||
		fail "$name: made"
done
echo "# $(wc -l <"$work/restarts") of 12 sends met moved blocks"
size=256M
small_files=400

# ---- other filesystem ids ----

change_metadata_uuid() {
	unmount_array
	btrfstune -m "${loops[1]}" >"$work/log" 2>&1
}
new_array metadata-uuid 3 -d raid1 -m raid1 && build_snapshots && if change_metadata_uuid; then
	mount_array '' && random_file "$mnt/live/new" 3 && record && check_array 1 && check_damage 1
else
	skip "metadata-uuid" "btrfstune -m: $(head -n 1 "$work/log")"
fi

# seeded NAME DEVICES-OF-SEED MKFS-OPTION...: the seed's snapshots, a device more, snapshots of then.
seeded() {
	local name=$1 seeds=$2 last

	new_array "$@" && build_snapshots && record && unmount_array || return
	mkdir -p "$work/seed"
	mv "$work"/kernel.* "$work/seed/"
	btrfstune -S 1 "${loops[1]}" >"$work/log" 2>&1 || return
	add_device || return
	last=$((seeds + 1))
	mount_array '' "${loops[@]:1:seeds}" && btrfs device add -f -K "${loops[last]}" "$mnt" &&
		mount -o remount,rw "$mnt" || return
	# The seed's tree blocks stay where they are, in a tree that is written on.
	btrfs -q subvolume snapshot "$mnt/two" "$mnt/writable" &&
		random_file "$mnt/writable/e" 20 && rm "$mnt/writable/b" || return
	btrfs property set -ts "$mnt/writable" ro true
	record && "$TOOLS/ksend" -p "$mnt/two" -c "$mnt/two" -f "$work/kernel.writable" "$mnt/writable"
}
writable_equals() { # PREFIX ARGUMENT...
	local prefix=$1

	shift
	"$SENDPROF" send "$@" -p "${prefix}two" "${prefix}writable" -f "$work/engine.writable" &&
		cmp "$work/kernel.writable" "$work/engine.writable"
}
first_only() {
	equal '' "$everything" --image "${images[1]}"
}
if seeded seed 1 >>"$work/log" 2>&1; then
	bad_copies=0
	check "seed: mounted" equal "$mnt/" "$everything"
	check "seed: mounted, what was written since" writable_equals "$mnt/"
	unmount_array
	check "seed: both devices" equal_without
	check "seed: both devices, what was written since" \
		writable_equals '' --image "${images[1]}" --image "${images[2]}"
	check "seed: without the seed" refused_without 1
	mv "$work"/seed/kernel.* "$work/"
	check "seed: alone" first_only
else
	fail "seed: made" "$(cat "$work/log")"
fi
if seeded seed-on-two 2 -d raid1 -m raid1 >>"$work/log" 2>&1; then
	bad_copies=0
	check "seed-on-two: mounted" equal "$mnt/" "$everything"
	unmount_array
	check "seed-on-two: all devices" equal_without
	check "seed-on-two: without one of the seed" equal_without 2
	check "seed-on-two: without the seed" refused_without 1 2
else
	fail "seed-on-two: made" "$(cat "$work/log")"
fi

# ---- devices that were away ----

# away NAME NUMBER DEVICES MKFS-OPTION...: the device is not there while the others are written to; the
# kernel's streams are of then.
away() {
	local name=$1 number=$2 loop

	shift 2
	new_array "$name" "$@" && build_snapshots && unmount_array || return
	loop=${loops[number]}
	unset "loops[$number]"
	mount_array degraded || return
	# In place, without checksums: nothing but its age tells that the other copy is old.
	dd if=/dev/urandom of="$mnt/bare/file" bs=64K count=20 seek=10 conv=notrunc status=none
	btrfs -q subvolume delete -c "$mnt/plain" >/dev/null &&
		btrfs -q subvolume snapshot -r "$mnt/bare" "$mnt/plain" >/dev/null && record || return
	bad_copies=0
	check "$name: mounted without it" equal "$mnt/" "$everything"
	umount "$mnt"
	btrfs device scan --forget "${loops[@]}"
	loops[number]=$loop
	check "$name: it is back" equal_without_count
	check "$name: without it" equal_without "$number"
}
# New block groups may be on fewer devices: no copy of theirs is on the one that was away.
equal_without_count() {
	image_arguments
	equal '' "$everything" "${image_arguments[@]}"
}
for row in 'raid1 1 2' 'raid1 2 2' 'raid5 1 3' 'raid5 3 3' 'raid6 2 4' 'raid10 1 4' 'raid1c3 1 3'; do
	read -r name number devices <<<"$row"
	away "$name-$number-was-away" "$number" "$devices" -d "$name" -m "$name" ||
		fail "$name-$number-was-away: made" "$(cat "$work/log")"
done

# ---- what does not belong together, and run ----

prepare refusals 2 -d raid1 -m raid1 && {
	refuses() { # PATTERN ARGUMENT...
		local pattern=$1 status

		shift
		engine '' one "$@"
		status=$?
		cat "$work/complaints"
		[ "$status" = 3 ] && grep -q "$pattern" "$work/complaints"
	}
	run_in() {
		(cd "$work" && "$SENDPROF" run --repeat 1 --out report "$@")
	}
	identical() {
		run_in "$@" | grep '^IDENTICAL ' && grep -q "\"device\": \"$reads\"" "$work/report/result.json"
	}
	reads="${loops[1]}, ${loops[2]}"
	check "run: mounted" identical --snap "$mnt/two" --parent "$mnt/one"
	check "run: mounted, cold caches" identical --snap "$mnt/two" --cache cold
	unmount_array
	reads="${images[2]}, ${images[1]}"
	check "run: a recorded stream" identical --image "${images[2]}" --image "${images[1]}" \
		--snap one --kernel-stream "$work/kernel.one"
	check "a device given twice" refuses "device 1 is already given" \
		--image "${images[1]}" --image "${images[2]}" --image "${images[1]}"
	check "a device that is not there" refuses "No such file" \
		--image "${images[1]}" --image "$work/nothing"
	truncate -s 256M "$work/other" && mkfs.btrfs -q -f "$work/other" >/dev/null 2>&1
	check "a device of another filesystem" refuses "not of the filesystem of" \
		--image "${images[1]}" --image "$work/other"
}

finish

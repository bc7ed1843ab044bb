# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2154 # of test-volumes.sh
#
# For test-volumes.sh: filesystems on several devices, made on loop devices below $work and mounted at
# $mnt, with two snapshots and the kernel's streams of them; what the engine makes of them, with devices
# missing and with bad bytes on them.

# The array that is worked on: its image files and their loop devices, by number from 1.
array=
size=256M
small_files=400
images=()
loops=()

take_down() {
	! mountpoint -q "$work/to" || umount "$work/to"
	! mountpoint -q "$mnt" || umount "$mnt" || umount -l "$mnt"
	if [ ${#loops[@]} != 0 ]; then
		btrfs device scan --forget "${loops[@]}" 2>/dev/null
		losetup -d "${loops[@]}"
	fi
	rm -f "${images[@]}" "$work"/kernel.* "$work"/engine.*
	images=()
	loops=()
}
# ---- arrays ----

add_device() {
	local number=$((${#images[@]} + 1)) loop

	truncate -s "$size" "$work/$array.$number" || return
	images[number]=$work/$array.$number
	loop=$(losetup --show -f "${images[number]}") || return
	loops[number]=$loop
}

# All devices are named, so that no scan of others' is needed.
mount_array() { # [OPTIONS [LOOP...]]
	local options=noatime${1:+,$1} loop

	shift
	[ $# != 0 ] || set -- "${loops[@]}"
	for loop; do
		options+=,device=$loop
	done
	mount -o "$options" "$1" "$mnt"
}

# new_array NAME DEVICES MKFS-OPTION...: made and mounted, the one before is taken down.
new_array() {
	local count=$2

	take_down
	array=$1
	shift 2
	while [ ${#images[@]} -lt "$count" ]; do
		add_device || return
	done
	mkfs.btrfs -q -f -K "$@" "${loops[@]}" >"$work/log" 2>&1 && mount_array ''
}

unmount_array() {
	umount "$mnt" && btrfs device scan --forget "${loops[@]}"
}

random_file() { # NAME BLOCKS-OF-64K
	dd if=/dev/urandom of="$1" bs=64K count="$2" status=none
}

# Snapshots "one" and "two" of a live subvolume, and "plain", whose data has no checksums.
build_snapshots() {
	local live=$mnt/live name

	btrfs -q subvolume create "$live" && mkdir "$live/dir" || return
	"$TOOLS/fsmake" files "$live/dir" small 0 "$small_files" || return
	for name in a b c; do
		random_file "$live/$name" 50
		cp --reflink=always "$live/$name" "$live/$name-shared"
	done
	: >"$live/packed" && chattr +c "$live/packed"
	yes 'much the same again' | head -c 3M >"$live/packed"
	truncate -s 3M "$live/sparse"
	random_file "$live/tail" 1
	cat "$live/tail" >>"$live/sparse"
	setfattr -n user.long -v "$(head -c 3000 /dev/zero | tr '\0' x)" "$live/a"
	btrfs -q subvolume snapshot -r "$live" "$mnt/one" || return
	dd if=/dev/urandom of="$live/a" bs=64K count=9 seek=7 conv=notrunc status=none
	random_file "$live/d" 33
	mv "$live/dir" "$live/moved"
	rm "$live"/moved/small*1*
	cp --reflink=always "$live/b" "$live/b-again"
	btrfs -q subvolume snapshot -r "$live" "$mnt/two" || return
	btrfs -q subvolume create "$mnt/bare" && : >"$mnt/bare/file" && chattr +C "$mnt/bare/file" || return
	random_file "$mnt/bare/file" 40
	btrfs -q subvolume snapshot -r "$mnt/bare" "$mnt/plain"
} >/dev/null

# The kernel's streams; what is read after them is this state.
record() {
	sync -f "$mnt" && mount -o remount,ro "$mnt" &&
		"$TOOLS/ksend" -f "$work/kernel.one" "$mnt/one" &&
		"$TOOLS/ksend" -p "$mnt/one" -c "$mnt/one" -f "$work/kernel.two" "$mnt/two" &&
		"$TOOLS/ksend" -f "$work/kernel.plain" "$mnt/plain"
}

# ---- what the engine makes of them ----

# engine PREFIX NAME ARGUMENT...: its stream to engine.NAME, what it says to complaints.
engine() {
	local prefix=$1 name=$2

	shift 2
	rm -f "$work/engine.$name"
	[ "$name" != two ] || set -- "$@" -p "${prefix}one"
	"$SENDPROF" send --stats "$@" -f "$work/engine.$name" "$prefix$name" 2>"$work/complaints"
}

# equal PREFIX NAMES ARGUMENT...: the streams of NAMES are the kernel's. Adds up the bad copies.
bad_copies=0
equal() {
	local prefix=$1 names=$2 name count

	shift 2
	for name in $names; do
		if ! engine "$prefix" "$name" "$@"; then
			echo "$name: $(cat "$work/complaints")"
			return 1
		fi
		cmp "$work/kernel.$name" "$work/engine.$name" || return
		count=$(sed -n 's/^bad copies *\([0-9,]*\), .*/\1/p' "$work/complaints" | tr -d ,)
		bad_copies=$((bad_copies + ${count:-0}))
	done
}
everything='one two plain'
checksummed='one two'

# --image of all devices but those of the numbers given, the last one first.
image_arguments() { # NUMBER...
	local number

	image_arguments=()
	for ((number = ${#images[@]}; number > 0; number--)); do
		case " $* " in
		*" $number "*) ;;
		*) image_arguments+=(--image "${images[number]}") ;;
		esac
	done
}

equal_without() { # NUMBER...
	image_arguments "$@"
	equal '' "$everything" "${image_arguments[@]}" || return
	[ "$bad_copies" = 0 ] || { echo "bad copies: $bad_copies"; return 1; }
	[ $# = 0 ] || grep -q "^degraded  *$# of ${#images[@]} devices missing" "$work/complaints"
}

# Status 3, and a message that names a missing device.
refused_without() { # NUMBER...
	local name status

	image_arguments "$@"
	for name in $everything; do
		engine '' "$name" "${image_arguments[@]}" && continue
		status=$?
		[ -e "$work/engine.$name" ] && echo "a stream was left" && return 1
		grep -E 'without devices? [0-9, ]+, which (is|are) missing' "$work/complaints" &&
			[ "$status" = 3 ] && return
		cat "$work/complaints"
		return 1
	done
	echo "nothing was refused"
	return 1
}

# Sets of COUNT numbers up to LAST, one a line.
sets_of() { # COUNT LAST [FIRST [NUMBER...]]
	local count=$1 last=$2 first=${3:-1} number

	shift $(($# > 2 ? 3 : 2))
	if [ "$count" = 0 ]; then
		echo "$*"
		return
	fi
	for ((number = first; number <= last; number++)); do
		sets_of $((count - 1)) "$last" $((number + 1)) "$@" "$number"
	done
}

# Without any COUNT devices the streams are the kernel's.
all_sets_equal() { # COUNT
	local set

	while read -r set; do
		# shellcheck disable=SC2086 # numbers
		equal_without $set || { echo "without $set"; return 1; }
	done < <(sets_of "$1" ${#images[@]})
}

# Without some set of COUNT devices something is refused, and nothing is wrong without the others.
some_set_refused() { # COUNT
	local set refused=0

	while read -r set; do
		# shellcheck disable=SC2086
		if refused_without $set >"$work/refusal"; then
			refused=$((refused + 1))
		elif ! grep -q 'nothing was refused' "$work/refusal" || ! equal_without $set; then
			echo "without $set: $(cat "$work/refusal")"
			return 1
		fi
	done < <(sets_of "$1" ${#images[@]})
	[ "$refused" != 0 ]
}

# ---- damage ----

# Bad bytes on each set of COUNT devices in turn: the other devices make up for them.
survives() { # metadata|data COUNT
	local kind=$1 set number

	bad_copies=0
	while read -r set; do
		for number in $set; do
			"$TOOLS/damage" "$kind" "${images[number]}" >/dev/null || return
		done
		image_arguments
		equal '' "$checksummed" "${image_arguments[@]}" || { echo "bad: $set"; return 1; }
		for number in $set; do
			"$TOOLS/damage" "$kind" "${images[number]}" >/dev/null || return
		done
	done < <(sets_of "$2" ${#images[@]})
	echo "no bad copy was counted"
	[ "$bad_copies" != 0 ]
}

# Damage with nothing to make up for it is corruption, which is named.
succumbs() { # metadata|data
	local number status

	for number in "${!images[@]}"; do
		"$TOOLS/damage" "$1" "${images[number]}" >/dev/null || return
	done
	image_arguments
	engine '' one "${image_arguments[@]}"
	status=$?
	for number in "${!images[@]}"; do
		"$TOOLS/damage" "$1" "${images[number]}" >/dev/null || return
	done
	cat "$work/complaints"
	[ "$status" = 4 ] && grep -q 'checksum' "$work/complaints"
}

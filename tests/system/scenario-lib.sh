# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# What a scenario is written with. A scenario builds snapshots on a fresh btrfs, then declares sends;
# the first send seals the filesystem (committed and read-only), because a stream is reproducible on
# one committed state only. Each send runs the kernel's ioctl and the engine and compares the bytes; what
# is checked beside that is the stream of protocol 1.
#
# Set by the caller (run-scenarios --worker): TOOLS, SENDPROF, SCRATCH (this scenario's folder),
# RECEIVE (a mounted btrfs shared by all scenarios), KERNEL_ONLY, RECORD (a folder, or empty).

image=$SCRATCH/fs.img
mnt=$SCRATCH/mnt
engine_input=$image
engine_reads=image
finder=
# What a send is done in: a protocol, with "z" for compressed data.
FORMS=(1 2 2z)
form=1
kernel_protocol=$(cat /sys/fs/btrfs/features/send_stream_version 2>/dev/null || echo 1)
mount_options=noatime
current=
sealed=
writable=
problems=0
kernel_may_fail=
kernel_failures=0
engine_seconds=600
holders=()

# Of each send, by its number from 0: the snapshot, its parent or "-", and whether it carries data.
sent_snapshot=()
sent_parent=()
sent_data=()
received=0

note() {
	printf '%s\n' "$*"
}

# A finding: the scenario goes on, and fails at its end.
problem() {
	note "$*"
	problems=$((problems + 1))
}

skip() {
	note "$*" >"$SCRATCH/skip"
	exit 77
}

fsop() {
	"$TOOLS/fsop" "$@"
}

fsmake() {
	"$TOOLS/fsmake" "$@"
}

# ---- building ----

building() {
	if [[ $sealed ]]; then
		note "scenario error: ${FUNCNAME[1]} after the first send"
		exit 1
	fi
}

# filesystem [--mount OPTIONS] [MKFS-OPTION...]: the image, made and mounted.
filesystem() {
	building
	if [[ ${1-} == --mount ]]; then
		mount_options=noatime,$2
		shift 2
	fi
	truncate -s 1G "$image"
	if ! mkfs.btrfs -q -K "$@" "$image" >"$SCRATCH/mkfs.log" 2>&1; then
		skip "mkfs.btrfs $*: $(head -n 1 "$SCRATCH/mkfs.log")"
	fi
	mkdir -p "$mnt"
	mount -o "loop,$mount_options" "$image" "$mnt" 2>"$SCRATCH/mount.log" ||
		skip "mount -o $mount_options: $(head -n 1 "$SCRATCH/mount.log")"
}

# Make a subvolume and work in it.
subvolume() {
	building
	btrfs subvolume create "$mnt/$1" >/dev/null
	enter "$1"
}

enter() {
	current=$1
	cd "$mnt/$1" || exit
}

# snapshot NAME [SOURCE]: read-only, of the subvolume that is worked in unless SOURCE is given.
snapshot() {
	building
	btrfs subvolume snapshot -r "$mnt/${2:-$current}" "$mnt/$1" >/dev/null
}

# writable NAME SOURCE: a writable snapshot, to work in.
writable() {
	building
	btrfs subvolume snapshot "$mnt/$2" "$mnt/$1" >/dev/null
	enter "$1"
}

read_only() {
	building
	btrfs property set -ts "$mnt/$1" ro true
}

# Delete subvolumes and wait until their references are gone from the extent tree.
delete_subvolume() {
	local name
	building
	for name in "$@"; do
		btrfs subvolume delete -c "$mnt/$name" >/dev/null
	done
	btrfs subvolume sync "$mnt" >/dev/null
}

# The filesystem has to be gone, not only its mount point: mounting would find it as it is.
unmount() {
	local uuid tries
	cd /
	uuid=$(findmnt -nro UUID "$mnt")
	umount "$mnt"
	for ((tries = 0; tries < 200; tries++)); do
		[[ -e /sys/fs/btrfs/$uuid ]] || return 0
		sleep 0.05
	done
	skip "the filesystem stays mounted, in another mount namespace"
}

# Inode numbers are handed out again from the highest one used only after a mount.
remount() {
	building
	unmount
	mount -o "loop,$mount_options" "$image" "$mnt"
	cd "$mnt/$current" || exit
}

# patch_attribute OLD NEW: rename an extended attribute on disk, to a name no system call accepts.
patch_attribute() {
	building
	unmount
	"$TOOLS/patchxattr" "$image" "$1" "$2"
	mount -o "loop,$mount_options" "$image" "$mnt"
	cd "$mnt/$current" || exit
}

# craft WHAT NUMBER NUMBER: alter the image into what no kernel of today makes, see craft.c.
craft() {
	building
	unmount
	"$TOOLS/craft" "$image" "$@"
	mount -o "loop,$mount_options" "$image" "$mnt"
	cd "$mnt/$current" || exit
}

# hold unlink FILE... | hold tmpfile DIRECTORY COUNT: inodes without names, kept to the end.
hold() {
	building
	local ready=$SCRATCH/hold.${#holders[@]}
	"$TOOLS/hold" "$@" >"$ready" &
	holders+=($!)
	until [[ -s $ready ]]; do
		kill -0 "${holders[-1]}"
		sleep 0.02
	done
}

# With inodes held open the filesystem cannot become read-only: the engine gets a frozen copy of it.
seal() {
	[[ $sealed ]] && return
	sealed=yes
	cd /
	[[ $writable ]] && return
	if ((${#holders[@]} == 0)); then
		sync -f "$mnt"
		mount -o remount,ro "$mnt"
	else
		sync -f "$mnt"
		fsfreeze -f "$mnt"
		engine_input=$SCRATCH/frozen.img
		cp --sparse=always "$image" "$engine_input"
		fsfreeze -u "$mnt"
	fi
}

# Leave the filesystem as it is at the first send, with what is not committed.
stay_writable() {
	writable=yes
}

# What the engine reads in the sends that follow: image, ids (the image, subvolumes named by their
# ids), device (the loop device), mounted.
engine_from() {
	engine_reads=$1
}

# ---- sending ----

subvolume_id() {
	btrfs inspect-internal rootid "$mnt/$1"
}

# run_engine FILE SNAPSHOT PARENT|- data|nodata SOURCE...: with FILE "-" to standard output, where what
# a failed send wrote stays. Slowed down by sanitizers and a busy machine a send may take minutes; one
# that hangs says nothing itself.
run_engine() {
	local output=$1 snapshot=$2 parent=$3 data=$4 source status=0
	shift 4
	local arguments=() prefix=
	if [[ $engine_reads == ids ]]; then
		snapshot=$(subvolume_id "$snapshot")
		[[ $parent == - ]] || parent=$(subvolume_id "$parent")
	fi
	case $engine_reads in
	image | ids) arguments+=(--image "$engine_input") ;;
	device) arguments+=(--image "$(findmnt -nro SOURCE "$mnt")") ;;
	mounted) prefix=$mnt/ ;;
	esac
	if [[ $parent == - ]]; then
		arguments+=(--no-parent)
	else
		arguments+=(-p "$prefix$parent")
	fi
	for source in "$@"; do
		[[ $engine_reads == ids ]] && source=$(subvolume_id "$source")
		arguments+=(-c "$prefix$source")
	done
	[[ $data == data ]] || arguments+=(--no-data)
	[[ $form == 1 ]] || arguments+=(--proto "${form%z}")
	[[ $form != *z ]] || arguments+=(--compressed-data)
	[[ $output == - ]] || arguments+=(-f "$output")
	[[ ! $finder ]] || arguments+=(--finder "$finder")
	timeout "$engine_seconds" "$SENDPROF" send "${arguments[@]}" "$prefix$snapshot" || status=$?
	((status != 124)) || note "sendprof send did not end within $engine_seconds s" >&2
	return "$status"
}

# The running kernel's stream; the parent is listed as clone source, as btrfs-progs does.
run_kernel() {
	local output=$1 snapshot=$2 parent=$3 data=$4 source
	shift 4
	local arguments=()
	[[ $parent == - ]] || arguments+=(-p "$mnt/$parent" -c "$mnt/$parent")
	for source in "$@"; do
		arguments+=(-c "$mnt/$source")
	done
	[[ $data == data ]] || arguments+=(--no-data)
	[[ $form == 1 ]] || arguments+=(--proto "${form%z}")
	[[ $form != *z ]] || arguments+=(--compressed)
	"$TOOLS/ksend" "${arguments[@]}" -f "$output" "$mnt/$snapshot"
}

show_difference() {
	cmp "$1" "$2" || true
	"$SENDPROF" stream diff "$1" "$2" 2>&1 | head -n 60 || true
}

allow_kernel_failure() {
	kernel_may_fail=yes
}

# For a scenario about a send that fails: with a kernel that manages it there is nothing to see.
need_kernel_failure() {
	((kernel_failures > 0 || problems > 0)) || skip "this kernel can send it"
}

# The kernel's send stopped with an error (a few trees defeat it): the engine's must stop too, and with
# nothing written that the kernel did not write. A crash or a hang is another end, of a status that
# sendprof does not have. Uses what send_one knows.
kernel_failed() {
	local engine_status=0
	if ((kernel_status != 1)); then
		problem "$what: the kernel was not asked: $(cat "$kernel.errors")"
	elif [[ ! $kernel_may_fail ]]; then
		problem "$what: the kernel failed: $(cat "$kernel.errors")"
	elif [[ ! $KERNEL_ONLY ]]; then
		run_engine - "$snapshot" "$parent" "$data" "$@" >"$engine" 2>"$engine.errors" || engine_status=$?
		if ((engine_status == 0)); then
			problem "$what: the kernel failed, the engine did not: $(cat "$kernel.errors")"
		elif ((engine_status > 5)); then
			problem "$what: the engine ended with status $engine_status: $(head -n 20 "$engine.errors")"
		elif ! cmp -s -n "$(stat -c %s "$engine")" "$kernel" "$engine"; then
			problem "$what: kernel and engine wrote different commands before they failed"
			show_difference "$kernel" "$engine"
		fi
	fi
	kernel_failures=$((kernel_failures + 1))
}

# record_send NUMBER data|nodata SNAPSHOT PARENT|- SOURCE...: with --record, write the send down in all
# forms, and with the first one keep the image, as replay.c wants a case. What is not committed is in
# no image.
record_send() {
	local number=$((${#FORMS[@]} * $1)) data=$2 snapshot=$3 parent=$4 flags form id ids=() source
	[[ $RECORD && ! $writable ]] || return 0
	shift 4
	if ((number == 0)); then
		cp --sparse=always "$engine_input" "$RECORD/$SCENARIO.img"
		rm -f "$RECORD/$SCENARIO.sends"
	fi
	[[ $parent == - ]] || ids+=("$(subvolume_id "$parent")")
	for source in "$@"; do
		ids+=("$(subvolume_id "$source")")
	done
	[[ $parent == - ]] && parent=0 || parent=${ids[0]}
	id=$(subvolume_id "$snapshot")
	for form in "${FORMS[@]}"; do
		flags=${form#[0-9]}
		[[ $data == data ]] || flags=n$flags
		printf '%d %d %d %d %s %s %s\n' $((number++)) "$id" "$parent" "${form%z}" "${flags:--}" \
			"$(IFS=,; echo "${ids[*]:--}")" "$snapshot"
	done >>"$RECORD/$SCENARIO.sends"
}

# compare_forms SNAPSHOT PARENT|- data|nodata SOURCE...: what was equal in protocol 1, in the forms beside it
# that the running kernel has. Scenarios with hundreds of sends are about names, which are the same in all
# forms: only their first sends are compared. Uses what send_one knows.
compare_forms() {
	local form
	((number < 10)) || return 0
	for form in "${FORMS[@]:1}"; do
		((${form%z} <= kernel_protocol)) || continue
		if ! run_kernel "$kernel.$form" "$@" 2>"$kernel.errors"; then
			problem "$what: the kernel failed in form $form: $(cat "$kernel.errors")"
		elif ! run_engine "$engine.$form" "$@" 2>"$engine.errors"; then
			problem "$what: the engine failed in form $form: $(head -n 20 "$engine.errors")"
		elif ! cmp -s "$kernel.$form" "$engine.$form"; then
			problem "$what: kernel (left) and engine (right) differ in form $form"
			show_difference "$kernel.$form" "$engine.$form"
		else
			rm "$kernel.$form" "$engine.$form"
		fi
	done
}

# send_one data|nodata SNAPSHOT PARENT|- SOURCE...
send_one() {
	local data=$1 snapshot=$2 parent=$3 number=${#sent_snapshot[@]}
	shift 3
	local kernel=$SCRATCH/kernel.$number engine=$SCRATCH/engine.$number
	local kernel_status=0 engine_status=0
	local what="send $number ($snapshot, parent $parent, sources ${*:-none}, $data, $engine_reads)"
	seal
	sent_snapshot+=("$snapshot")
	sent_parent+=("$parent")
	sent_data+=("$data")
	record_send "$number" "$data" "$snapshot" "$parent" "$@"
	run_kernel "$kernel" "$snapshot" "$parent" "$data" "$@" 2>"$kernel.errors" || kernel_status=$?
	if ((kernel_status != 0)); then
		kernel_failed "$@"
		return
	fi
	[[ $KERNEL_ONLY ]] && return
	run_engine "$engine" "$snapshot" "$parent" "$data" "$@" 2>"$engine.errors" || engine_status=$?
	if ((engine_status != 0)); then
		problem "$what: the engine failed with status $engine_status: $(head -n 20 "$engine.errors")"
	elif ! cmp -s "$kernel" "$engine"; then
		problem "$what: kernel (left) and engine (right) differ"
		show_difference "$kernel" "$engine"
	fi
	if ! finder=faithful run_engine - "$snapshot" "$parent" "$data" "$@" 2>"$engine.errors" |
		cmp -s "$kernel" -; then
		problem "$what: the faithful finder's stream is another"
	fi
	compare_forms "$snapshot" "$parent" "$data" "$@"
}

send_full() {
	send_one data "$1" -
}

# send_incr SNAPSHOT PARENT
send_incr() {
	send_one data "$1" "$2"
}

# send_clone SNAPSHOT PARENT|- SOURCE...
send_clone() {
	send_one data "$@"
}

# send_nodata SNAPSHOT [PARENT|- [SOURCE...]]
send_nodata() {
	local snapshot=$1 parent=${2:--}
	shift $(($# > 1 ? 2 : 1))
	send_one nodata "$snapshot" "$parent" "$@"
}

# ---- what the kernel's last stream must hold, so that a scenario cannot stop testing its subject ----

# The last stream, one command a line, without the name of the snapshot in its paths.
dump_last() {
	local number=$((${#sent_snapshot[@]} - 1))
	local dump=$SCRATCH/dump.$number
	if [[ ! -e $dump ]]; then
		btrfs receive --dump -f "$SCRATCH/kernel.$number" >"$dump.raw"
		sed -e "s,\(^[a-z_]* *\|=\)\./${sent_snapshot[number]}/\{0\,1\},\1./,g" "$dump.raw" >"$dump"
	fi
	printf '%s' "$dump"
}

count_matches() {
	grep -aEc -e "$1" "$(dump_last)" || true
}

# expect KIND [MINIMUM]
expect() {
	expect_match "^$1 " "${2:-1}"
}

expect_none() {
	expect_no_match "^$1 "
}

# expect_match REGEX [MINIMUM]: lines look like "rename  ./old  dest=./new".
expect_match() {
	local count
	count=$(count_matches "$1")
	((count >= ${2:-1})) ||
		problem "send $((${#sent_snapshot[@]} - 1)): the kernel's stream has $count of '$1', want at least ${2:-1}"
}

expect_no_match() {
	local count
	count=$(count_matches "$1")
	((count == 0)) ||
		problem "send $((${#sent_snapshot[@]} - 1)): the kernel's stream has $count of '$1', want none"
}

expect_count() {
	local count
	count=$(count_matches "$1")
	((count == $2)) ||
		problem "send $((${#sent_snapshot[@]} - 1)): the kernel's stream has $count of '$1', want $2"
}

# expect_order REGEX...: a line for each, in this order, others between them.
expect_order() {
	local pattern line=0 next
	for pattern in "$@"; do
		next=$(tail -n +$((line + 1)) "$(dump_last)" | grep -anEm 1 -e "$pattern" | cut -d : -f 1 || true)
		if [[ ! $next ]]; then
			problem "send $((${#sent_snapshot[@]} - 1)): no '$pattern' behind line $line of the kernel's stream"
			return
		fi
		line=$((line + next))
	done
}

# ---- receiving ----

# Temporary names come and go in the top directory; its times are sent again only if it changed.
# shellcheck disable=SC2034 # for the scenarios
TOP_TIME='^\(top\): mtime '

# receive_check [--except REGEX]: receive every stream so far that carries data, in order, and compare
# the trees. It is the engine's stream that is received. Differences that match REGEX are those that
# the kernel's own stream is known to leave behind.
receive_check() {
	local number stream target snapshot except='^$'
	[[ ${1-} == --except ]] && except=$2
	for ((number = received; number < ${#sent_snapshot[@]}; number++)); do
		[[ ${sent_data[number]} == data ]] || continue
		snapshot=${sent_snapshot[number]}
		stream=$SCRATCH/engine.$number
		[[ $KERNEL_ONLY ]] && stream=$SCRATCH/kernel.$number
		target=$RECEIVE/$SCENARIO/$number
		mkdir -p "$target"
		if ! btrfs receive -q -f "$stream" "$target" >"$SCRATCH/receive.log" 2>&1; then
			problem "receive of send $number ($snapshot): $(tail -n 3 "$SCRATCH/receive.log")"
			continue
		fi
		if "$TOOLS/treecmp" "$mnt/$snapshot" "$target/${snapshot##*/}" >"$SCRATCH/trees.log" 2>&1; then
			continue
		fi
		if grep -avE -e "$except" "$SCRATCH/trees.log" >"$SCRATCH/trees.rest"; then
			problem "send $number ($snapshot): received tree (right) differs"
			cat "$SCRATCH/trees.rest"
		fi
	done
	received=$number
	touch "$SCRATCH/received"
}

# ---- the end ----

release() {
	local pid
	cd /
	for pid in "${holders[@]}"; do
		kill "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	holders=()
	fsfreeze -u "$mnt" 2>/dev/null || true
	if mountpoint -q "$mnt"; then
		umount "$mnt" || { sleep 1 && umount -l "$mnt"; }
	fi
}

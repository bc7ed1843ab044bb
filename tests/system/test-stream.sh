#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# sendprof stream on streams of the running kernel's send, with `btrfs receive --dump` as the outside
# oracle. Makes a small btrfs on a loop device, which needs root.
#
#	SENDPROF	the command to test (build/sendprof)
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh

sendprof=$(realpath -- "${SENDPROF:-build/sendprof}") || exit 1
scratch=$(mktemp -d) || exit 1
mnt=$scratch/mnt
clean_up()
{
	umount -- "$mnt" 2>/dev/null
	rm -rf -- "$scratch"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# Two snapshots with something of every kind of command.
build_snapshots()
{
	truncate -s 256M "$scratch/image" && mkfs.btrfs -q "$scratch/image" && mkdir "$mnt" || return 1
	mount -o loop,noatime,compress=zstd "$scratch/image" "$mnt" || return 1
	(
		set -e
		cd "$mnt"
		btrfs subvolume create s
		cd s
		mkdir -p 'a dir/b' e
		head -c 300000 /dev/urandom >'a dir/rnd'
		yes hello | head -c 500000 >'a dir/b/compressed'
		echo x >$'we\nird\\\xe9 = 1'
		truncate -s 1M sparse
		head -c 4096 /dev/urandom | dd of=sparse bs=4k seek=100 conv=notrunc status=none
		ln -s /some/where link
		mkfifo fifo
		mknod node c 259 70000
		cp --reflink=always 'a dir/rnd' e/clone
		setfattr -n user.foo -v bar e/clone
		ln e/clone e/hard
		chown 1000:1000 fifo
		btrfs subvolume snapshot -r . ../s1
		mv 'a dir/rnd' e/moved
		rm link
		fallocate -p -o 8192 -l 65536 e/clone
		echo more >>e/hard
		rm -r 'a dir/b'
		setfattr -x user.foo e/clone
		chattr +A e/moved
		chmod 600 sparse
		dd if=/dev/urandom of=e/moved bs=4k count=3 seek=20 conv=notrunc status=none
		btrfs subvolume snapshot -r . ../s2
	) >/dev/null
}

send_all()
{
	(
		set -e
		cd "$mnt"
		btrfs send -q s1 >"$scratch/full"
		btrfs send -q s2 >"$scratch/full2"
		btrfs send -q --proto 2 s1 >"$scratch/v2"
		btrfs send -q --proto 2 --compressed-data s1 >"$scratch/v2z"
		btrfs send -q -p s1 s2 >"$scratch/incremental"
		btrfs send -q -p s1 --proto 2 --compressed-data s2 >"$scratch/incremental-v2z"
		btrfs send -q -p s1 --no-data s2 >"$scratch/no-data"
		btrfs send -q s1 s2 >"$scratch/two"
		btrfs send -q -e s1 s2 >"$scratch/two-e"
	)
}
streams='full full2 v2 v2z incremental incremental-v2z no-data two two-e'

stream()
{
	"$sendprof" stream "$@"
}

expect()
{
	[ "$1" = "$2" ] || { echo "have $1 expect $2"; return 1; }
}

# Command names in order. receive's dump shows no END, and of a file with two streams only the first:
# that one is compared with the dumps of its two parts.
same_as_receive()
{
	local part parts=$1

	[ "$1" != "$scratch/two" ] || parts="$scratch/full $scratch/full2"
	for part in $parts; do
		btrfs receive --dump -f "$part"
	done | awk '{ print $1 }' >"$scratch/receive"
	stream dump "$1" | awk '$1 != "#" && $3 != "STREAM" && $3 != "END" { print tolower($3) }' \
		>"$scratch/ours"
	[ -s "$scratch/receive" ] && diff "$scratch/receive" "$scratch/ours"
}

# Every line has the offset at which the one before it ended.
offsets_add_up()
{
	stream dump --json "$1" >"$scratch/json" || return 1
	sed -n 's/.*"offset":\([0-9]*\),"command":"[A-Z_]*","length":\([0-9]*\),.*/\1 \2/p' "$scratch/json" |
		awk -v size="$(stat -c %s "$1")" '
			NR == 1 { end = 17 }
			$1 != end && $1 != end + 17 { print "gap before " $1; bad = 1 }
			{ end = $1 + $2 }
			END { if (end != size) { print "have " end " expect " size; bad = 1 }; exit bad }'
}

statistics_add_up()
{
	local size commands
	size=$(stat -c %s "$1")
	commands=$(stream dump "$1" | awk '$1 != "#" && $3 != "STREAM"' | wc -l)
	stream stat "$1" | tr -d , | awk -v size="$size" -v commands="$commands" '
		/^(command|$)/ { if (total) exit; next }
		/^total/ { total = 1; if ($2 != commands || $3 != size) { print; bad = 1 }; exit }
		!/^stream header/ { count += $2; bytes += $3 }
		/^stream header/ { bytes += $4 }
		END {
			if (count != commands) { print "commands: have " count " expect " commands; bad = 1 }
			if (bytes != size) { print "bytes: have " bytes " expect " size; bad = 1 }
			exit bad || !total
		}'
}

# "offset end" of each command and header of the good stream, for the damage tests.
list_items()
{
	stream dump "$1" | awk -v size="$(stat -c %s "$1")" '
		$1 ~ /^[0-9]+$/ { if (NR > 2) print last, $1; last = $1 }
		END { print last, size }' >"$scratch/items"
}

# damaged FILE OFFSET: every subcommand ends with status 4 and one line that names the offset.
damaged()
{
	local command line want="sendprof: $1: offset $2: "

	for command in check dump stat "diff $scratch/full"; do
		# shellcheck disable=SC2086
		stream $command "$1" >"$scratch/out" 2>"$scratch/err"
		expect $? 4 || { echo "$command"; cat "$scratch/err"; return 1; }
		line=$(cat "$scratch/err")
		[ "$(wc -l <"$scratch/err")" = 1 ] && [ "${line#"$want"}" != "$line" ] ||
			{ echo "$command: have $line expect $want"; return 1; }
	done
}

# Places to damage: the first bytes, and from there on ever further apart, in all of the file.
places()
{
	local at=$1 step=1 size
	size=$(stat -c %s "$scratch/full")
	while [ "$at" -lt "$size" ]; do
		echo "$at"
		at=$((at + step))
		step=$((step * 5 / 4 + 1))
	done
	echo $((size - 1)) $((size - 5)) $((size - 10)) $((size - 11))
}

cuts_are_found()
{
	local cut at lines

	for cut in $(places 0); do
		head -c "$cut" "$scratch/full" >"$scratch/cut"
		# The item that the cut is in, or its own place when it lies between two.
		at=$(awk -v cut="$cut" '$1 <= cut && cut < $2 { print $1 }' "$scratch/items")
		damaged "$scratch/cut" "$at" || { echo "cut at $cut"; return 1; }
		lines=$(awk -v cut="$cut" '$2 <= cut' "$scratch/items" | wc -l)
		expect "$(stream dump "$scratch/cut" 2>/dev/null | grep -c -v '^#')" "$lines" ||
			{ echo "cut at $cut: commands shown"; return 1; }
	done
}

# flip PLACE: the full stream with another byte there
flip()
{
	local byte

	cp "$scratch/full" "$scratch/flipped"
	byte=$(od -An -tu1 -j "$1" -N 1 "$scratch/full")
	printf "\\x$(printf %x $((byte ^ 255)))" |
		dd of="$scratch/flipped" bs=1 seek="$1" conv=notrunc status=none
}

flips_are_found()
{
	local place at

	for place in $(places 0); do
		flip "$place"
		at=$(awk -v place="$place" '$1 <= place && place < $2 { print $1 }' "$scratch/items")
		damaged "$scratch/flipped" "$at" || { echo "flipped byte $place"; return 1; }
	done
}

# A wrong checksum is marked in the dump, and what follows is still shown.
bad_checksum_is_marked()
{
	flip 23
	expect "$(stream dump "$scratch/flipped" 2>/dev/null | grep -c ' BAD ')" 1 &&
		expect "$(stream dump "$scratch/flipped" 2>/dev/null | wc -l)" \
			"$(stream dump "$scratch/full" | wc -l)"
}

junk_after_end()
{
	{ cat "$scratch/full"; echo junk; } >"$scratch/junk"
	damaged "$scratch/junk" "$(stat -c %s "$scratch/full")"
}

from_pipe()
{
	stream "$@" "$scratch/full" >"$scratch/out" && [ -s "$scratch/out" ] &&
		stream "$@" - <"$scratch/full" | cmp - "$scratch/out" &&
		cat "$scratch/full" | stream "$@" - | cmp - "$scratch/out"
}

# valid_json [--json-lines] COMMAND...
valid_json()
{
	local form=()

	[ "$1" != --json-lines ] || { form=("$1") && shift; }
	stream "$@" >"$scratch/json"
	[ -s "$scratch/json" ] && python3 -m json.tool "${form[@]}" "$scratch/json" >/dev/null
}

json_verdict()
{
	expect "$(stream diff --json "$2" "$3" |
		python3 -c 'import json, sys; print(json.dumps(json.load(sys.stdin)["equal"]))')" "$1"
}

# The kinds of which something differs, from what is known about how the streams were made.
differ_only_in()
{
	local kinds
	kinds=$(stream diff "$scratch/$1" "$scratch/$2" |
		awk '/^command/ { table = 1; next } /^total/ { exit } table { print $1 }')
	expect "$(xargs <<<"$kinds")" "$3"
}

ignored_do_not_count()
{
	expect "$(stream diff -i otime -i protocol "$scratch/incremental" "$scratch/incremental-v2z" |
		awk '/^command/ { table = 1; next } /^total/ { exit } table { print $1 }' | xargs)" \
		'WRITE FALLOCATE FILEATTR'
}

first_divergence()
{
	local at have
	at=$(cmp "$scratch/full" "$scratch/full2" | sed 's/.* byte \([0-9]*\),.*/\1/')
	# cmp counts from 1; the divergence is the start of the command that byte is in.
	at=$(awk -v at=$((at - 1)) '$1 <= at && at < $2 { print $1 }' "$scratch/items")
	have=$(stream diff "$scratch/full" "$scratch/full2" | sed -n '1s/.* at offset \([0-9]*\) of .*/\1/p')
	[ -n "$at" ] && expect "$have" "$at"
}

# Lines before the first marked one, and from it on.
context_of()
{
	stream diff --context "$1" --ignore uuid --ignore path --ignore ctransid "$scratch/full" "$scratch/full2" |
		awk '/^command/ { exit }
			/^[<>] / { marked++ }
			/^ / && !marked { before++ }
			END { print marked ? before + 0 : "no mark" }'
}

context_is_as_asked()
{
	expect "$(context_of 0)" 0 && expect "$(context_of 2)" 2
}

no_colour_in_a_pipe()
{
	stream dump "$scratch/full" >"$scratch/out" && ! grep -q $'\e' "$scratch/out"
}

# with_terminal VARIABLE=VALUE...: whether the dump has colours on a terminal.
coloured()
{
	env TERM=xterm "$@" script -qec "'$sendprof' stream dump '$scratch/full'" /dev/null </dev/null |
		grep -q $'\e'
}

not_coloured()
{
	! coloured "$@"
}

full_disk()
{
	stream dump "$scratch/full" >/dev/full 2>"$scratch/err"
	expect $? 3 && grep -q '^sendprof: cannot write standard output: No space left' "$scratch/err"
}

[ -x "$sendprof" ] || { fail 'stream' "no $sendprof"; finish; }
[ "$(id -u)" = 0 ] || { skip 'stream' 'needs root to make snapshots'; finish; }
check 'two snapshots are built' build_snapshots
check 'the kernel sends them' send_all
[ "$tap_failed" = 0 ] || finish

for name in $streams; do
	file=$scratch/$name
	check "dump of $name has the commands of btrfs receive --dump" same_as_receive "$file"
	check "offsets of $name add up" offsets_add_up "$file"
	check "statistics of $name add up to its size" statistics_add_up "$file"
	check "check finds $name good" stream check "$file"
	check "diff finds $name equal to itself" stream diff "$file" "$file"
done
check 'dump reads standard input' from_pipe dump
check 'stat reads standard input' from_pipe stat
check 'check reads standard input' stream check - <"$scratch/full"
check 'diff reads a pipe' eval 'cat "$scratch/full" | stream diff - "$scratch/full"'

check_status 1 'diff of two snapshots says different' stream diff "$scratch/full" "$scratch/full2"
check_status 1 'diff --quiet says it by status' stream diff -q "$scratch/full" "$scratch/full2"
check_status 1 'streams of two protocols differ' stream diff "$scratch/full" "$scratch/v2"
check 'compressed data differs in the writes only' differ_only_in v2 v2z 'WRITE ENCODED_WRITE'
check 'two protocols differ in what the later one adds' differ_only_in full v2 'STREAM WRITE UTIMES'
check 'an ignored attribute does not count' ignored_do_not_count
check 'a stream without data differs in data only' \
	differ_only_in incremental no-data 'WRITE UPDATE_EXTENT'
list_items "$scratch/full"
check 'diff finds the first byte that cmp finds' first_divergence
check 'diff shows as much context as asked' context_is_as_asked

check 'every cut is found, at its offset' cuts_are_found
check 'every flipped byte is found, at its offset' flips_are_found
check 'a wrong checksum is marked and reading goes on' bad_checksum_is_marked
check 'what follows END has to be a stream' junk_after_end

for name in snap parent clone-src image; do
	check_status 2 "diff --$name is nothing without --explain" \
		"$sendprof" stream diff "--$name" x "$scratch/full" "$scratch/full"
done

if command -v python3 >/dev/null; then
	check 'dump --json is JSON' valid_json --json-lines dump --json "$scratch/v2z"
	check 'stat --json is JSON' valid_json stat --json "$scratch/v2z"
	check 'diff --json is JSON' valid_json diff --json "$scratch/full" "$scratch/full2"
	check 'diff --json says equal' json_verdict true "$scratch/full" "$scratch/full"
	check 'diff --json says different' json_verdict false "$scratch/full" "$scratch/v2"
else
	skip 'JSON' 'needs python3'
fi

check 'no colour in a pipe' no_colour_in_a_pipe
if command -v script >/dev/null; then
	check 'colour on a terminal' coloured NO_COLOR=
	check 'no colour with NO_COLOR' not_coloured NO_COLOR=1
	check 'no colour on a dumb terminal' not_coloured TERM=dumb
else
	skip 'colour on a terminal' 'script is not installed'
fi

check_status 2 'no operand is a usage error' stream dump
check_status 2 'two operands are a usage error' stream dump a b
check_status 2 'an unknown option is a usage error' stream stat --wrong "$scratch/full"
check_status 2 'an unknown attribute is a usage error' stream diff -i wrong "$scratch/full" "$scratch/full"
check_status 2 'standard input on both sides is a usage error' stream diff - -
check_status 2 'an unknown subcommand is a usage error' stream dmup "$scratch/full"
check_status 3 'a missing file is the environment' stream dump "$scratch/missing"
check_status 3 'a folder is the environment' stream check "$scratch"
check_status 4 'an empty file is corrupt' stream check /dev/null
check_status 0 'help is no error' stream diff --help
check 'a full disk is the environment' full_disk
finish
